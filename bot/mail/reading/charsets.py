"""Bytes made text, whatever their label says of them. Pure.

A label names the smallest superset that mail programs mean by it. Valid UTF-8 with a sequence of three bytes beats
every label: GBK and Big5 hardly ever look like that, while 「图片」 in GBK is valid UTF-8 of two bytes each.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot.mail.reading.escapes import decode_hz, decode_iso_2022_cn

GB18030 = "gb18030"
BIG5 = "big5hkscs"
LATIN = "cp1252"
_MOST_LABEL = 40
_SAMPLE = 4_096
_MOST_EUROS = 2_000
_LEVEL_ONE = {GB18030: ("gb2312", 0xA1, 0xD7), BIG5: ("big5", 0xA1, 0xC6)}

_NAMES = {
    (GB18030,): "gb2312 gb231280 gb23121980 csgb2312 csiso58gb231280 isoir58 chinese gb gbk xgbk csgbk cp936 ms936 936"
    " windows936 cngb euccn xeuccn eucgb2312cn gb18030 xgb18030 gb180302000 gb180302005 gb180302022",
    (BIG5, "cp950"): "big5 bigfive xbig5 xxbig5 cnbig5 csbig5 big5tw big5eten big5hkscs big5hkscs2004 cp950 ms950"
    " windows950 950",
    ("utf-8",): "utf8 utf8mb4 xutf8 unicode11utf8 cp65001 65001",
    (LATIN, "latin-1"): "iso88591 latin1 l1 cp819 ibm819 iso885911987 cp1252 windows1252 xansi ansi xcp1252",
    ("cp932", "shift_jis_2004"): "shiftjis sjis xsjis mskanji csshiftjis windows31j cswindows31j cp932 ms932",
    ("euc_jp", "euc_jis_2004"): "eucjp xeucjp ujis cseucpkdfmtjapanese",
    ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"): "iso2022jp csiso2022jp iso2022jpms cp50220 cp50221 jis",
    ("cp949",): "euckr cseuckr ksc5601 ksc56011987 ksc56011989 csksc56011987 isoir149 korean cp949 windows949 uhc",
    ("cp874",): "tis620 iso885911 cp874 windows874 dos874",
    ("cp1254",): "iso88599 latin5 cp1254 windows1254",
    ("iso8859_8",): "iso88598 iso88598i iso88598e",
    ("mac_roman",): "macintosh xmacroman mac",
    ("utf-7",): "utf7 unicode11utf7 xunicode20utf7",
    ("hz",): "hz hzgb2312",
    ("iso-2022-cn",): "iso2022cn csiso2022cn iso2022cnext",
    (): "ascii usascii ansix341968 ansix341986 iso646us iso646irv1991 csascii 7bit 8bit binary unknown xunknown"
    " unknown8bit xuserdefined default none null",
}
_CODECS = {name: codec_names for codec_names, names in _NAMES.items() for name in names.split()}
_REFUSED = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"})
_SHIFTED = frozenset({"utf-7", "hz", "iso-2022-cn", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
_OWN: dict[str, Callable[[bytes], str]] = {"hz": decode_hz, "iso-2022-cn": decode_iso_2022_cn}
_ESCAPED = [
    (re.compile(rb"\x1b\$\)[AG]|\x1b\$\*H"), "iso-2022-cn"),
    (re.compile(rb"\x1b\$\)C"), "iso-2022-kr"),
    (re.compile(rb"\x1b(?:\$[@B]|\([IJ])"), "iso-2022-jp"),
]
_BOMS = [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
_THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{2}")
_LONG_RUN = re.compile(rb"[\x80-\xff]{4}")
_EASTERN = re.compile(r"[\u0800-\uffff\U00010000-\U0010ffff]+")
_BAD = "�"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the codec that made it, and whether that was a guess."""

    text: str
    codec: str
    doubtful: bool = False


def _euro(error: UnicodeError) -> tuple[str, int]:
    """Windows writes € in GBK as the single byte 80, which is in no standard."""
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == 0x80:
        return "€", error.start + 1
    raise error


codecs.register_error("euro", _euro)


def decode(data: bytes, label: str | None = None, hint: str | None = None) -> Decoded:
    """The text of data. label is what its sender says of it, hint the charset of what stands near it."""
    named = codecs_of(label)
    if data.isascii() and b"\x1b" not in data and not _SHIFTED.intersection(named):
        return Decoded(data.decode("ascii"), named[0] if named else "ascii")
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(codec, "replace"), codec)
    chosen = _sure(data, named or _escaped(data)) or _sure(data, codecs_of(hint)) or _near(data, named)
    return chosen or _guessed(data)


@lru_cache(maxsize=256)
def codecs_of(label: str | None) -> tuple[str, ...]:
    """The codecs that a label may stand for, best first; none for one that says nothing."""
    if not label or len(label) > _MOST_LABEL:
        return ()
    squeezed = re.sub(r"[^a-z0-9]", "", label.lower().partition("*")[0])
    if squeezed in _CODECS:
        return _CODECS[squeezed]
    try:
        found = codecs.lookup(label.strip(" \t\"'"))
    except (LookupError, ValueError, UnicodeError):
        return ()
    is_text = getattr(found, "_is_text_encoding", True)
    return (found.name,) if is_text and found.name.replace("_", "-") not in _REFUSED else ()


def _sure(data: bytes, named: tuple[str, ...]) -> Decoded | None:
    if not _SHIFTED.intersection(named) and _is_utf8(data, named):
        return Decoded(data.decode("utf-8"), "utf-8")
    return next(_strict(data, named), None)


def _is_utf8(data: bytes, named: tuple[str, ...]) -> bool:
    """Whether this is UTF-8 whatever is named. In Western text two bytes tell as much as three in Chinese."""
    western = not named or named[0] in (LATIN, "utf-8")
    if (_HIGH_RUN if western else _THREE_BYTES).search(data) is None or _try(data, "utf-8") is None:
        return False
    return bool(named or _THREE_BYTES.search(data)) or not _is_short_gbk(data)


def _is_short_gbk(data: bytes) -> bool:
    """Whether a few bytes that would be UTF-8 too, of two bytes each, are everyday characters of GBK: 「图片」."""
    text = _try(data, GB18030) if _LONG_RUN.search(data) else None
    return text is not None and _usual(text, GB18030) > 0.9


def _strict(data: bytes, names: tuple[str, ...]) -> Iterator[Decoded]:
    for codec in names:
        text = _try(data, codec)
        if text is not None:
            yield Decoded(text, codec)


def _try(data: bytes, codec: str) -> str | None:
    errors = "euro" if codec == GB18030 and data.count(b"\x80") <= _MOST_EUROS else "strict"
    try:
        return _run(data, codec, errors)
    except (UnicodeError, LookupError, ValueError):
        return None


def _run(data: bytes, codec: str, errors: str) -> str:
    own = _OWN.get(codec)
    if own is None:
        return data.decode(codec, errors)
    if not data.isascii():
        raise UnicodeError("eight bits in a charset of seven")
    return own(data)


def _near(data: bytes, named: tuple[str, ...]) -> Decoded | None:
    """What is in one charset but for some damage: cut in the middle of a character, or a byte lost."""
    for codec in ("utf-8", *(name for name in named[:1] if name not in _SHIFTED)):
        text = _lenient(data, codec)
        bad = text.count(_BAD)
        if 0 < bad * 5 <= _wide(text) - bad or (bad == 1 and text.endswith(_BAD) and _wide(text) > 1):
            return Decoded(text, codec, doubtful=True)
    return None


def _lenient(data: bytes, codec: str) -> str:
    if codec in _OWN:
        return _OWN[codec](data)
    return data.decode(codec, "replace")


def _wide(text: str) -> int:
    """How many characters of text take two columns or more to write in the charsets of the East, roughly."""
    return len(text) - len(_EASTERN.sub("", text))


def _guessed(data: bytes) -> Decoded:
    """GB 18030 or Big5, whichever makes the more usual characters of it; a few single high bytes are Western."""
    western = _HIGH_RUN.search(data) is None and b"\x1b" not in data
    found = [] if western and not _mostly_high(data) else list(_strict(data, (GB18030, BIG5)))
    if found:
        best = max(found, key=lambda decoded: _usual(decoded.text, decoded.codec))
        return Decoded(best.text, best.codec, doubtful=True)
    if western or not _mostly_high(data):
        return Decoded(_lenient(data, LATIN), LATIN, doubtful=True)
    tries = [Decoded(_lenient(data, codec), codec, doubtful=True) for codec in ("utf-8", GB18030)]
    return min(tries, key=lambda decoded: decoded.text.count(_BAD))


def _usual(text: str, codec: str) -> float:
    """The share of the characters that are punctuation or in the first, frequent level of the charset."""
    standard, low, high = _LEVEL_ONE[codec]
    wide = [char for char in text[:_SAMPLE] if char > "\x7f"]
    known = "".join(wide).encode(standard, "ignore")
    return sum(low <= lead <= high for lead in known[::2]) / max(len(wide), 1)


def _mostly_high(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    return sum(byte > 0x7F for byte in sample) * 4 > len(sample)


def _escaped(data: bytes) -> tuple[str, ...]:
    """The codecs that the escape sequences in data speak of."""
    if b"\x1b" not in data:
        return ()
    return next((codecs_of(label) for pattern, label in _ESCAPED if pattern.search(data)), ())
