"""What an answer is made of once its Markdown has been read: a small tree that every channel renders. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from knowledgebase.authoring.placeholders import Placeholder


@dataclass(frozen=True, slots=True)
class Text:
    """Words, as they are; never markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """The line ends here."""


@dataclass(frozen=True, slots=True)
class Bold:
    """Words that stand out."""

    inlines: "Inlines"


@dataclass(frozen=True, slots=True)
class Link:
    """href is http, https, mailto, tel, or a path of our own that begins with one slash."""

    inlines: "Inlines"
    href: str


@dataclass(frozen=True, slots=True)
class Image:
    """source is https, or the path of a picture kept here; alt is never empty."""

    source: str
    alt: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder that has no value yet."""

    placeholder: Placeholder


Inline: TypeAlias = Text | Break | Bold | Link | Image | Slot
Inlines: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together. apart: a blank line stands before it, as with every block."""

    inlines: Inlines
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One point of a list, with at most one list below it."""

    inlines: Inlines
    nested: "Listing | None" = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; if ordered, it counts from first."""

    ordered: bool
    first: int
    items: tuple[Item, ...]
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Each row has as many cells as the head."""

    head: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    apart: bool = False


Block: TypeAlias = Paragraph | Listing | Table
Document: TypeAlias = tuple[Block, ...]
Change: TypeAlias = Callable[[Inline], Inlines]


def changed(document: Document, change: Change) -> Document:
    """The document with every inline replaced by what change makes of it, from the inside out."""
    return tuple(_changed_block(block, change) for block in document)


def filled(document: Document, values: Mapping[Placeholder, Inlines]) -> Document:
    """The document with these values in its placeholders; one without a value is left out."""
    return changed(document, lambda one: values.get(one.placeholder, ()) if isinstance(one, Slot) else (one,))


def rewritten(document: Document, write: Callable[[str], str]) -> Document:
    """The document in other words, such as another script; addresses stay."""

    def change(one: Inline) -> Inlines:
        match one:
            case Text(text):
                return (Text(write(text)),)
            case Image(alt=alt):
                return (replace(one, alt=write(alt)),)
        return (one,)

    return changed(document, change)


def _changed_block(block: Block, change: Change) -> Block:
    match block:
        case Paragraph(inlines):
            return replace(block, inlines=_changed(inlines, change))
        case Listing():
            return _changed_list(block, change)
        case Table(head, rows):
            return replace(block, head=_cells(head, change), rows=tuple(_cells(row, change) for row in rows))


def _changed_list(listing: Listing, change: Change) -> Listing:
    items = tuple(
        Item(_changed(item.inlines, change), _changed_list(item.nested, change) if item.nested else None)
        for item in listing.items
    )
    return replace(listing, items=items)


def _cells(cells: tuple[Inlines, ...], change: Change) -> tuple[Inlines, ...]:
    return tuple(_changed(cell, change) for cell in cells)


def _changed(inlines: Inlines, change: Change) -> Inlines:
    made: list[Inline] = []
    for one in inlines:
        match one:
            case Bold(inside) | Link(inside):
                made += change(replace(one, inlines=_changed(inside, change)))
            case _:
                made += change(one)
    return tuple(made)
