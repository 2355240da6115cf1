"""The headers of a mail or of a part, as bytes, until it is known how to decode them. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_HEADER = 256 * 1024
_MOST_FIELDS = 2_000
_MOST_VALUE = 32 * 1024
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_ALL_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]*[ \t]*:")
_USUAL = re.compile(
    rb"(?:received|return-path|delivered-to|from|to|cc|subject|date|message-id|mime-version|sender|reply-to|x-[\w-]+"
    rb"|content-[\w-]+|dkim-signature|arc-[\w-]+|authentication-results|envelope-to|in-reply-to|references)[ \t]*:",
    re.IGNORECASE,
)
_GOES_ON = re.compile(rb"[ \t]+[^\s]|[A-Za-z][A-Za-z0-9_-]*:[ \t]")
_MOST_JUNK = 20


@dataclass(frozen=True, slots=True)
class Fields:
    """Headers in their order: lower-case names with unfolded bytes."""

    items: tuple[tuple[str, bytes], ...] = ()

    def first(self, name: str) -> bytes | None:
        """The topmost value of this lower-case name."""
        return next((value for each, value in self.items if each == name), None)

    def all(self, name: str) -> list[bytes]:
        """Every value of this lower-case name, topmost first."""
        return [value for each, value in self.items if each == name]


@dataclass(frozen=True, slots=True)
class Head:
    """A block of headers, where its body begins, and whether it was longer than may be read."""

    fields: Fields
    body: int
    too_long: bool = False


def read_fields(raw: bytes, start: int, end: int) -> Head:
    """The headers that begin at start; without any the body begins there."""
    limit = min(end, start + MOST_HEADER)
    found: list[tuple[str, list[bytes]]] = []
    at = start
    for at, line, after in _lines(raw, start, limit):
        text = line.rstrip()
        if len(found) > _MOST_FIELDS:
            return Head(_fields(found), at, too_long=True)
        if not text and not (line.strip(b"\r") and found and _GOES_ON.match(raw, after, limit)):
            return Head(_fields(found), after)
        if line[:1] in b" \t" and found:
            found[-1][1].append(text.strip())
        elif match := _FIELD.match(line):
            found.append((match[1].decode("ascii").lower(), [text[match.end() :].strip()]))
        elif not _take_junk(raw, after, limit, text, found):
            return Head(_fields(found), at)
    return Head(_fields(found), limit, too_long=limit < end)


def _lines(raw: bytes, start: int, limit: int) -> Iterator[tuple[int, bytes, int]]:
    """Each line with where it begins and where the next one does."""
    while start < limit:
        stop = raw.find(b"\n", start, limit)
        after = limit if stop < 0 else stop + 1
        yield start, raw[start : after if stop < 0 else stop], after
        start = after


def _take_junk(raw: bytes, after: int, limit: int, text: bytes, found: list[tuple[str, list[bytes]]]) -> bool:
    """Whether a line that is no header stands between headers; the rest of an encoded word goes on the one before."""
    if not (found and _ALL_FIELD.match(raw, after, limit)):
        return False
    if text.startswith(b"=?"):
        found[-1][1].append(text)
    return True


def _fields(found: list[tuple[str, list[bytes]]]) -> Fields:
    return Fields(tuple((name, b" ".join(rows).strip()[:_MOST_VALUE]) for name, rows in found))


def skip_preface(raw: bytes) -> int:
    """Where the headers begin: after a byte order mark, blank lines, an mbox line, or junk before the first header."""
    begin = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    limit = min(len(raw), begin + MOST_HEADER)
    junk = 0
    for at, line, _after in _lines(raw, begin, limit):
        is_mbox = line.startswith((b"From ", b">From "))
        if not line.strip() or is_mbox:
            continue
        if (_USUAL if junk else _FIELD).match(line):
            return at
        junk += 1
        if junk > _MOST_JUNK:
            break
    return begin
