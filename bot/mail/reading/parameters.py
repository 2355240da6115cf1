"""Content-Type and Content-Disposition: the value and its parameters, split and encoded ones made whole. Pure.

Names of files come in four ways, sometimes mixed: RFC 2231, encoded words inside quotes, raw bytes, and percent signs
without a word about them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from bot.mail.reading.charsets import decode
from bot.mail.reading.cleaning import one_line
from bot.mail.reading.words import decode_words

_PARAMETER = re.compile(
    rb"(?<![^\s=;\"])([^\s=;\"]++)\s*+=\s*(?:\"((?:[\x80-\xff][\x40-\xff]|\\[\"\\]|[^\"])*+)\"?|([^;]*+))", re.DOTALL
)
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_DECLARED = re.compile(rb"\"?([A-Za-z0-9_.:-]{0,40})'([A-Za-z0-9-]*)'(.*?)\"?\Z", re.DOTALL)
_PERCENT = re.compile(rb"(?:%[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2})")
_NO_TOKEN = re.compile(r"[^a-z0-9!#$&^_.+/-]")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a header, lower-case, with its parameters; their names are lower-case."""

    value: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_value(raw: bytes | None, hint: str | None = None) -> Value:
    """The value and the parameters of a header; hint is the charset of raw bytes in it."""
    if not raw:
        return Value()
    head, _, rest = raw.partition(b";")
    value = head.decode("latin-1").strip().strip('"').lower()
    if "=" in value and not rest:
        value, rest = "", raw
    plain, split = _sorted_out(rest)
    found = {name: one_line(_plain(data, hint)) for name, data in plain.items()}
    found.update({name: one_line(_joined(sections, hint)) for name, sections in split.items()})
    return Value(_NO_TOKEN.sub("", value.partition("(")[0]), found)


_Sections = dict[int, tuple[bytes, bool]]


def _sorted_out(rest: bytes) -> tuple[dict[str, bytes], dict[str, _Sections]]:
    """Plain parameters, and those that come in sections: number to bytes and whether they are percent-encoded."""
    plain: dict[str, bytes] = {}
    split: dict[str, _Sections] = {}
    for match, _ in zip(_PARAMETER.finditer(rest), range(_MOST), strict=False):
        name = match[1].decode("latin-1").lower()
        data = _unescaped(match[2]) if match[2] is not None else match[3].strip()
        section = _SECTION.fullmatch(name)
        if section is None:
            plain.setdefault(name, data)
        else:
            encoded = section[2] is None or section[3] is not None
            split.setdefault(section[1], {}).setdefault(int(section[2] or 0), (data, encoded))
    return plain, split


def _unescaped(quoted: bytes) -> bytes:
    """What stands in quotes; a backslash that is no escape, as in a path of Windows, stays."""
    return re.sub(rb"([\x80-\xff][\x40-\xff])|\\([\"\\])", lambda match: match[1] or match[2], quoted)


def _joined(sections: _Sections, hint: str | None) -> str:
    """The sections in the order of their numbers, as far as none is missing; bytes first, then characters."""
    in_order = [sections[number] for number in range(len(sections)) if number in sections] or list(sections.values())
    first, first_encoded = in_order[0]
    declared = _DECLARED.fullmatch(first) if first_encoded else None
    if declared is not None:
        in_order[0] = (declared[3], True)
    if declared is None and not any(encoded and b"%" in data for data, encoded in in_order):
        return _plain(b"".join(data for data, _ in in_order), hint)
    data = b"".join(unquote_to_bytes(data) if encoded else data for data, encoded in in_order)
    charset = declared[1].decode("ascii") if declared is not None else None
    return decode(data, charset, hint).text


def _plain(data: bytes, hint: str | None) -> str:
    declared = _DECLARED.fullmatch(data) if b"''" in data and b"%" in data else None
    if declared is not None:
        return decode(unquote_to_bytes(declared[3]), declared[1].decode("ascii"), hint).text
    if data.isascii() and _PERCENT.search(data):
        return decode(unquote_to_bytes(data), "utf-8", hint).text
    return decode_words(data, hint).text
