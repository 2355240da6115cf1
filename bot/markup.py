"""An answer made ready to be shown, and as the blocks that every page renders (docs/protocol.md, "Blocks"). Pure.

The blocks are plain JSON: the widget makes nodes of them, templates/parts/answer.html makes HTML of them, and a
message keeps them, so that it stays what the customer read. Nothing in them is markup any more.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from knowledgebase.authoring.inlines import picture_size, with_addresses
from knowledgebase.authoring.markup import parse, plain
from knowledgebase.authoring.placeholders import Placeholder
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
    changed,
    filled,
    rewritten,
)

_HAN = re.compile(r"[㐀-鿿]")
Values = Mapping[Placeholder, str]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every answer of ours.

    base: our own address, without a trailing slash. image_hosts: from where else pictures may come. values: of
    the placeholders that never change. neutral: what stands for one without a value, by the answer's language.
    """

    base: str = ""
    image_hosts: frozenset[str] = frozenset()
    values: Values = field(default_factory=dict)
    neutral: Mapping[str, Values] = field(default_factory=dict)

    @property
    def image_sources(self) -> str:
        """What a Content-Security-Policy lists under img-src so that every picture of an answer is shown."""
        return " ".join(["'self'", *(f"https://{host}" for host in sorted(self.image_hosts))])


def prepare(
    answer: str, letterhead: Letterhead, values: Values | None = None, write: Callable[[str], str] | None = None
) -> Document:
    """The answer as it is shown: values in its placeholders, no picture from a place that is not ours or allowed.

    values are those of this moment. write puts the words into another script.
    """
    told = {**letterhead.neutral.get(_language(answer), {}), **letterhead.values, **(values or {})}
    document = filled(parse(answer), {name: with_addresses(value) for name, value in told.items()})
    shown = changed(document, lambda one: (_allowed(one, letterhead.image_hosts),))
    return rewritten(shown, write) if write else shown


def as_text(answer: str, letterhead: Letterhead, values: Values | None = None) -> str:
    """The answer as plain text, for mail, short messages and an agent's reply."""
    return plain(prepare(answer, letterhead, values), letterhead.base)


def is_plain(document: Document) -> bool:
    """Whether its text alone shows it as it is meant."""
    return all(
        isinstance(block, Paragraph) and all(isinstance(one, Text | Break) for one in block.inlines)
        for block in document
    )


def as_blocks(document: Document) -> list[dict[str, Any]]:
    """The document as JSON."""
    return [_block(block) for block in document]


def _language(answer: str) -> str:
    return "zh" if _HAN.search(answer) else "en"


def _allowed(one: Inline, hosts: frozenset[str]) -> Inline:
    """A picture that may not be shown becomes a link to it."""
    if not isinstance(one, Image) or picture_size(one.source) or urlsplit(one.source).netloc.lower() in hosts:
        return one
    return Link((Text(one.alt),), one.source)


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(inlines, apart):
            return {"kind": "paragraph", "apart": apart, "inlines": _inlines(inlines)}
        case Listing():
            return {"kind": "list", "apart": block.apart, **_listing(block)}
        case Table(head, rows, apart):
            told = [[_inlines(cell) for cell in row] for row in rows]
            return {"kind": "table", "apart": apart, "head": [_inlines(cell) for cell in head], "rows": told}


def _listing(listing: Listing) -> dict[str, Any]:
    return {"ordered": listing.ordered, "first": listing.first, "items": [_item(item) for item in listing.items]}


def _item(item: Item) -> dict[str, Any]:
    told = {"inlines": _inlines(item.inlines)}
    return {**told, "nested": _listing(item.nested)} if item.nested else told


def _inlines(inlines: Inlines) -> list[dict[str, Any]]:
    return [_inline(one) for one in inlines if not isinstance(one, Slot)]


def _inline(one: Inline) -> dict[str, Any]:
    match one:
        case Bold(inlines):
            return {"kind": "bold", "inlines": _inlines(inlines)}
        case Link(inlines, href):
            return {"kind": "link", "href": href, "inlines": _inlines(inlines)}
        case Image(source, alt):
            size = picture_size(source)
            told = {"kind": "image", "source": source, "alt": alt}
            return {**told, "width": size[0], "height": size[1]} if size else told
        case Break() | Slot():
            return {"kind": "break"}
        case Text(text):
            return {"kind": "text", "text": text}
