r"""The restricted Markdown of answers: text in, a small tree and the author's problems out. Pure.

An answer may hold paragraphs and line breaks, **bold**, ordered and unordered lists with one level below them,
[links](https://www.example.com), ![images](https://www.example.com/a.png), simple tables, and the fixed
placeholders. Everything else is text, shown as it was typed; plain text is therefore an answer, and looks the same.
A backslash before one of ``\ * [ ] { } ! |`` takes its meaning away.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from knowledgebase.authoring.inlines import Problem, Remark, read_inlines
from knowledgebase.authoring.tree import (
    Block,
    Bold,
    Break,
    Document,
    Image,
    Inline,
    Inlines,
    Item,
    Link,
    Listing,
    Paragraph,
    Slot,
    Table,
    Text,
)

MOST_COLUMNS = 12
NESTED_BY = 2

_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_ITEM = re.compile(
    r"(?P<indent>[ \t]{0,40}+)(?:(?P<number>[0-9]{1,3})(?:[、．)）]|\.(?![0-9]))[ \t]{0,8}+|[-*•·●][ \t]{1,8}+)(?=\S)"
)
_CELL_END = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-{1,100}:?")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has been read, and what its author should know."""

    document: Document
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """How a line begins that is an item: how far in, its number if it has one, and what follows."""

    indent: int
    number: int | None
    text: str


def parse(text: str) -> Document:
    """The answer as a tree. Any text can be read; nothing raises."""
    return read(text).document


def read(text: str) -> Answer:
    """The answer as a tree, with its problems in the order in which they stand."""
    lines = [line.rstrip() for line in _LINE_END.sub("\n", text).split("\n")]
    remarks: list[Remark] = []
    blocks: list[Block] = []
    at, apart = 0, False
    while at < len(lines):
        if lines[at].strip():
            block, at = _block(lines, at, remarks)
            blocks.append(replace(block, apart=apart))
            apart = False
        else:
            at, apart = at + 1, bool(blocks)
    return Answer(tuple(blocks), tuple(sorted(remarks, key=lambda one: one.line)))


def plain(document: Document, base: str | None = None) -> str:
    """The answer as plain text, for mail, short messages, previews and matching.

    base is the server's address: links then show where they lead, and paths become whole addresses. Without it
    only the words are left.
    """
    return "".join(("\n\n" if block.apart else "\n" if place else "") + "\n".join(_plain_lines(block, base))
                   for place, block in enumerate(document))  # fmt: skip


def plain_inlines(inlines: Inlines, base: str | None = None) -> str:
    """The words of one run; a placeholder without a value is nothing."""
    return "".join(_plain(one, base) for one in inlines)


def _block(lines: list[str], at: int, remarks: list[Remark]) -> tuple[Block, int]:
    """The block that begins in this line, and where the next one may begin."""
    if _begins_table(lines, at):
        return _table(lines, at, remarks)
    if _mark(lines[at]):
        return _listing(lines, at, remarks)
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _mark(lines[end]) and not _begins_table(lines, end):
        end += 1
    text = "\n".join(line.lstrip(" \t") for line in lines[at:end])
    return Paragraph(read_inlines(text, at + 1, remarks)), end


def _mark(line: str) -> _Mark | None:
    found = _ITEM.match(line)
    if found is None:
        return None
    indent = len(found["indent"].expandtabs(4))
    return _Mark(indent, int(found["number"]) if found["number"] else None, line[found.end() :])


def _listing(lines: list[str], at: int, remarks: list[Remark]) -> tuple[Listing, int]:
    """The list that begins in this line. A blank line, another kind of mark or a leap in the numbers ends it."""
    first = _mark(lines[at])
    assert first is not None
    items: list[Item] = []
    while at < len(lines) and (mark := _mark(lines[at])) and _goes_on(first, mark, len(items)):
        text, end = _with_continuation(lines, at, mark)
        nested, after = _nested(lines, end, first.indent, remarks)
        items.append(Item(read_inlines(text, at + 1, remarks), nested))
        at = after
    return Listing(first.number is not None, first.number or 1, tuple(items)), at


def _goes_on(first: _Mark, mark: _Mark, count: int) -> bool:
    if mark.number is None or first.number is None:
        return mark.number is first.number
    return mark.number == first.number + count or first.number == mark.number == 1


def _nested(lines: list[str], at: int, outer: int, remarks: list[Remark]) -> tuple[Listing | None, int]:
    """The list below an item; one that goes deeper still is told of, and its items stand in this one."""
    items: list[Item] = []
    first: _Mark | None = None
    while at < len(lines) and (mark := _mark(lines[at])) and mark.indent >= outer + NESTED_BY:
        first = first or mark
        if mark.indent >= first.indent + NESTED_BY:
            remarks.append(Remark(Problem.TOO_DEEP, at + 1, lines[at].strip()))
        text, end = _with_continuation(lines, at, mark)
        items.append(Item(read_inlines(text, at + 1, remarks)))
        at = end
    return (Listing(first.number is not None, first.number or 1, tuple(items)) if first else None), at


def _with_continuation(lines: list[str], at: int, mark: _Mark) -> tuple[str, int]:
    """What an item says, with the lines after it that are set in further than its mark."""
    said, end = [mark.text], at + 1
    while end < len(lines) and _indent(lines[end]) >= mark.indent + NESTED_BY and not _mark(lines[end]):
        said.append(lines[end].lstrip(" \t"))
        end += 1
    return "\n".join(said), end


def _indent(line: str) -> int:
    stripped = line.lstrip(" \t")
    return len(line[: len(line) - len(stripped)].expandtabs(4)) if stripped else 0


def _begins_table(lines: list[str], at: int) -> bool:
    """A line of cells with a line of dashes under it, of as many."""
    if at + 1 >= len(lines) or "|" not in lines[at] or "-" not in lines[at + 1] or "|" not in lines[at + 1]:
        return False
    head, rule = _cells(lines[at]), _cells(lines[at + 1])
    return 1 < len(head) == len(rule) <= MOST_COLUMNS and all(_RULE.fullmatch(cell) for cell in rule)


def _table(lines: list[str], at: int, remarks: list[Remark]) -> tuple[Table, int]:
    head = _row(lines[at], at + 1, MOST_COLUMNS, remarks)
    at += 2
    rows = []
    while at < len(lines) and "|" in lines[at]:
        rows.append(_row(lines[at], at + 1, len(head), remarks))
        at += 1
    return Table(head, tuple(row + ((),) * (len(head) - len(row)) for row in rows)), at


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|")
    if bare.endswith("|") and not bare.endswith("\\|"):
        bare = bare[:-1]
    return [cell.strip() for cell in _CELL_END.split(bare)]


def _row(line: str, number: int, columns: int, remarks: list[Remark]) -> tuple[Inlines, ...]:
    """The cells of a line; what is more than the head has stays in the last one."""
    cells = _cells(line)
    if len(cells) > columns:
        cells = [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
    return tuple(read_inlines(cell, number, remarks) for cell in cells)


def _plain_lines(block: Block, base: str | None) -> Iterator[str]:
    match block:
        case Paragraph(inlines):
            yield plain_inlines(inlines, base)
        case Listing():
            yield from _plain_items(block, base, "")
        case Table(head, rows):
            for row in (head, *rows):
                yield " | ".join(plain_inlines(cell, base) for cell in row)


def _plain_items(listing: Listing, base: str | None, indent: str) -> Iterator[str]:
    for place, item in enumerate(listing.items):
        mark = f"{listing.first + place}. " if listing.ordered else "- "
        further = "\n" + indent + " " * NESTED_BY
        yield indent + mark + plain_inlines(item.inlines, base).replace("\n", further)
        if item.nested:
            yield from _plain_items(item.nested, base, indent + " " * NESTED_BY)


def _plain(one: Inline, base: str | None) -> str:
    match one:
        case Text(text):
            return text
        case Break():
            return "\n"
        case Bold(inlines):
            return plain_inlines(inlines, base)
        case Link(inlines, href):
            return _with_address(plain_inlines(inlines, base), href, base)
        case Image(source, alt):
            return _with_address(alt, source, base)
        case Slot():
            return ""


def _with_address(words: str, href: str, base: str | None) -> str:
    if base is None:
        return words
    shown = href.removeprefix("mailto:").removeprefix("tel:")
    if words == shown or (href.startswith("tel:") and re.sub("[^0-9+]", "", words) == shown):
        return words
    return f"{words}（{base + shown if shown.startswith('/') else shown}）"
