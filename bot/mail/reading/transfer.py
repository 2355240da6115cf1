"""Transfer encodings undone, damaged ones as far as they go (RFC 2045; uuencode as in POSIX). Pure."""

import binascii
import re
from dataclasses import dataclass

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_SPACES_AFTER_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,300})\r?$", re.MULTILINE)
_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_WORD = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Uuencoded:
    """A file that stands uuencoded in a text, from start to end of it."""

    name: bytes
    content: bytes
    start: int
    end: int


def decoded(data: bytes, encoding: str) -> bytes:
    """data without its transfer encoding, named as its header names it; an unknown one is none."""
    match encoding_of(encoding):
        case "base64":
            return _believed(data)
        case "quoted-printable":
            return decode_quoted_printable(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return next((file.content for file in uuencoded(data)), data)
        case _:
            return data


def encoding_of(header: str) -> str:
    """The word that a Content-Transfer-Encoding holds, whatever else stands there; '' for none."""
    found = _WORD.search(header.lower().replace("base 64", "base64"))
    return found[0] if found else ""


def decode_base64(data: bytes) -> bytes:
    """What base64 holds: strange bytes are passed over, padding may stand anywhere or be missing."""
    runs = data.translate(None, _NOT_BASE64).split(b"=")
    return b"".join(_run(run) for run in runs if run)


def _run(run: bytes) -> bytes:
    over = len(run) % 4
    if over == 1:
        run, over = run[:-1], 0
    return binascii.a2b_base64(run + b"=" * (-over % 4))


def _believed(data: bytes) -> bytes:
    """What base64 holds, or data itself if that is plain text under a wrong name."""
    strange = len(data.translate(None, b" \t\r\n")) - len(data.translate(None, _NOT_BASE64))
    return data if strange * 10 > len(data) or b" " in data.strip()[:60] else decode_base64(data)


def decode_quoted_printable(data: bytes) -> bytes:
    """What quoted-printable holds; what is no escape stays as it stands."""
    return binascii.a2b_qp(_SPACES_AFTER_SOFT_BREAK.sub(b"=", data))


def uuencoded(data: bytes) -> list[Uuencoded]:
    """The files that stand uuencoded in data, in their order."""
    files: list[Uuencoded] = []
    at = 0
    while begin := _BEGIN.search(data, at):
        end = _END.search(data, begin.end())
        stop = end.start() if end else len(data)
        content = _uu_lines(data[begin.end() : stop])
        at = end.end() if end else len(data)
        if content is not None:
            files.append(Uuencoded(begin[1].rstrip(), content, begin.start(), at))
    return files


def _uu_lines(block: bytes) -> bytes | None:
    """What the lines hold; None if hardly any of them is uuencoded."""
    rows = [row.rstrip(b"\r") for row in block.split(b"\n")]
    rows = [row for row in rows if row.strip()]
    found = [content for row in rows if (content := _uu_line(row)) is not None]
    return b"".join(found) if len(found) * 2 > len(rows) else None


def _uu_line(row: bytes) -> bytes | None:
    """One line, also one that lost spaces at its end or has some too many."""
    length = (row[0] - 32) & 63
    wanted = 1 + (length + 2) // 3 * 4
    try:
        return binascii.a2b_uu(row[:wanted].ljust(wanted))
    except binascii.Error:
        return None
