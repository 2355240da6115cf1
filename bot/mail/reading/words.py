"""Encoded words (RFC 2047) and raw bytes in the value of a header made text. Pure.

Clients cut a text into words anywhere, also in the middle of a character or of a group of base64. So the bytes of
neighbouring words of one charset are joined before they are decoded.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from bot.mail.reading.charsets import Decoded, codecs_of, decode
from bot.mail.reading.cleaning import one_line
from bot.mail.reading.transfer import decode_base64

_WORD = re.compile(
    rb"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?]*)(?:\?=|\??\Z)|=\?([^?\s=]{1,60})\?([qQ])\?([^\s]{0,120}?)\?="
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Either an encoded word, or bytes between words (charset is '')."""

    charset: str
    encoding: str
    data: bytes


def decode_words(raw: bytes, hint: str | None = None) -> Decoded:
    """The text of a header's value, on one line; hint is the charset of raw bytes in it."""
    if b"=?" not in raw:
        found = decode(raw, None, hint)
        return Decoded(one_line(found.text), found.codec, found.doubtful)
    decoded = [_decode_run(list(run), hint) for _, run in groupby(_pieces(raw), key=_family)]
    text = "".join(each.text for each in decoded)
    codec = next((each.codec for each in decoded if not each.text.isascii()), "ascii")
    return Decoded(one_line(text), codec, any(each.doubtful for each in decoded))


def charset_of(raw: bytes) -> str | None:
    """The charset that the first encoded word names, if there is one."""
    found = _WORD.search(raw)
    return (found[1] or found[4]).decode("latin-1") if found else None


def _family(piece: _Piece) -> tuple[str, ...]:
    return (piece.charset and "word", *codecs_of(piece.charset)) if piece.charset else ()


def _pieces(raw: bytes) -> Iterator[_Piece]:
    """The words, and what stands between them unless it is only the space that parts two words."""
    at = 0
    for match in _WORD.finditer(raw):
        between = raw[at : match.start()]
        if between and (at == 0 or not between.isspace()):
            yield _Piece("", "", between)
        charset, encoding, data = match.group(1, 2, 3) if match[1] else match.group(4, 5, 6)
        yield _Piece(charset.decode("latin-1"), encoding.decode("ascii").upper(), data)
        at = match.end()
    if at < len(raw):
        yield _Piece("", "", raw[at:])


def _decode_run(run: list[_Piece], hint: str | None) -> Decoded:
    if not run[0].charset:
        return decode(b"".join(piece.data for piece in run), None, hint)
    groups = [list(group) for _, group in groupby(run, key=lambda piece: piece.encoding)]
    return decode(b"".join(map(_bytes_of, groups)), run[0].charset, hint)


def _bytes_of(group: list[_Piece]) -> bytes:
    """The bytes of words of one encoding; a group of base64 that the end of a word cuts goes on in the next."""
    if group[0].encoding == "B":
        return decode_base64(b"".join(piece.data for piece in group))
    return b"".join(binascii.a2b_qp(piece.data.replace(b" ", b"_"), header=True) for piece in group)
