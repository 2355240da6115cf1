"""The project's Markdown as the tests read it: headings, links, code, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))))

_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code and the language written behind its fence."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as rows of cells, each cell its Markdown source; the first row is the header."""

    heading: str
    rows: tuple[tuple[str, ...], ...]


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    return tuple(_PARSER.parse(page.read_text(encoding="utf-8")))


def _inline(page: Path) -> Iterator[Token]:
    for token in tokens(page):
        yield from token.children or ()


def headings(page: Path) -> list[Heading]:
    found = tokens(page)
    return [
        Heading(int(token.tag[1]), _plain(found[at + 1]))
        for at, token in enumerate(found)
        if token.type == "heading_open"
    ]


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as code hosts make them."""
    seen: dict[str, int] = {}
    names = set()
    for heading in headings(page):
        slug = re.sub(r"[^\w\- ]", "", heading.text.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names


def links(page: Path) -> list[str]:
    return [str(token.attrs["href"]) for token in _inline(page) if token.type == "link_open"]


def pictures(page: Path) -> dict[str, str]:
    """The alternative text of each picture by its address."""
    return {str(token.attrs["src"]): token.content for token in _inline(page) if token.type == "image"}


def code_spans(page: Path) -> list[str]:
    return [token.content for token in _inline(page) if token.type == "code_inline"]


def blocks(page: Path, language: str | None = None) -> list[Block]:
    found = [Block(token.info.strip(), token.content) for token in tokens(page) if token.type == "fence"]
    return [block for block in found if language in (None, block.language)]


def code(page: Path) -> list[str]:
    """Every piece of code: inline code, and each line of the blocks, with continued lines joined."""
    lines = [line for block in blocks(page) for line in block.text.replace("\\\n", " ").splitlines()]
    return [*code_spans(page), *lines]


def tables(page: Path) -> list[Table]:
    """The tables with the heading each stands under."""
    found: list[Table] = []
    heading = ""
    rows: list[tuple[str, ...]] = []
    cells: list[str] = []
    for at, token in enumerate(tokens(page)):
        match token.type:
            case "heading_open":
                heading = _plain(tokens(page)[at + 1])
            case "tr_open":
                cells = []
            case "th_open" | "td_open":
                cells.append(tokens(page)[at + 1].content)
            case "tr_close":
                rows.append(tuple(cells))
            case "table_close":
                found.append(Table(heading, tuple(rows)))
                rows = []
    return found


def table(page: Path, heading: str) -> list[dict[str, str]]:
    """The rows of the tables under a heading, each cell by the name of its column."""
    chosen = [one for one in tables(page) if one.heading == heading]
    return [dict(zip(one.rows[0], row, strict=True)) for one in chosen for row in one.rows[1:]]


def codes(cell: str) -> list[str]:
    """The pieces of inline code in a cell's source."""
    return re.findall(r"`([^`]+)`", cell)
