"""Plain text as it was meant: paragraphs, lists, and links for web addresses and phone numbers. Pure.

Stored text is data: nothing in it is markup, and whatever is not recognised stays text.
"""

import re
from dataclasses import dataclass
from itertools import groupby

_NUMBERED = re.compile(r"\s{0,8}(\d{1,3})(?:[、．)）]|\.(?!\d))\s{0,8}(?=\S)")
_BULLETED = re.compile(r"\s{0,8}[-*•·●]\s{1,8}(?=\S)")
_LINK = re.compile(
    r"(?P<web>https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{1,500})"
    r"|(?<![\d-])(?P<phone>400-\d{3}-\d{4}|400\d{7}|0\d{2,3}-\d{7,8}|1\d{2} ?\d{4} ?\d{4})(?![\d-])"
)
_AFTER_A_LINK = ".,;:!?'"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, and where it leads if it is a link."""

    text: str
    href: str | None = None


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph ('text', one line), or a list: 'numbered', counting from first, or 'bulleted'."""

    kind: str
    lines: tuple[Line, ...]
    first: int = 1


def blocks(text: str) -> list[Block]:
    """The text as blocks, in order; every line that is no list item is a paragraph."""
    told = [_item(line) for line in text.splitlines() if line.strip()]
    found: list[Block] = []
    for kind, group in groupby(told, key=lambda one: one[0]):
        items = list(group)
        if kind == "text":
            found += [Block(kind, (pieces(line),)) for _, _, line in items]
        else:
            found.append(Block(kind, tuple(pieces(line) for _, _, line in items), items[0][1]))
    return found


def pieces(line: str) -> Line:
    """The line with its links; a link ends before closing punctuation."""
    found: list[Piece] = []
    end = 0
    for match in _LINK.finditer(line):
        shown = _without_closing(match["web"]) if match["web"] else match["phone"]
        if match.start() > end:
            found.append(Piece(line[end : match.start()]))
        found.append(Piece(shown, shown if match["web"] else f"tel:{re.sub('[^0-9]', '', shown)}"))
        end = match.start() + len(shown)
    if end < len(line):
        found.append(Piece(line[end:]))
    return tuple(found)


def _item(line: str) -> tuple[str, int, str]:
    """The kind of the line, its number, and what it says."""
    if numbered := _NUMBERED.match(line):
        return "numbered", int(numbered[1]), line[numbered.end() :].rstrip()
    if bulleted := _BULLETED.match(line):
        return "bulleted", 1, line[bulleted.end() :].rstrip()
    return "text", 1, line.strip()


def _without_closing(address: str) -> str:
    """The address without the sentence's own punctuation, and without a bracket that it did not open."""
    while address and (address[-1] in _AFTER_A_LINK or _unopened(address)):
        address = address[:-1]
    return address


def _unopened(address: str) -> bool:
    return address[-1] == ")" and address.count(")") > address.count("(")
