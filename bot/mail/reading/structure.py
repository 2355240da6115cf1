"""A mail cut into its parts (RFC 2046), by positions in the raw bytes. Pure.

A message inside a message is one part. What is broken is read as far as it goes: a boundary that is not closed ends
with what holds it, one that is not named is looked for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.mail.reading.fields import Fields, read_fields
from bot.mail.reading.parameters import Value, read_value

MOST_DEPTH = 30
MOST_PARTS = 1_000
_ANY_BOUNDARY = re.compile(rb"\n--([^\s]{1,70}?)[ \t\r]*\n(?=[A-Za-z-]{1,40}:)")
_LOOK_FOR = 64 * 1024


@dataclass(slots=True)
class Budget:
    """What reading one mail may cost, and the first limit that was passed."""

    spent: Callable[[], bool]
    parts: int = 0
    error: str | None = None

    def refuse(self, reason: str) -> None:
        """Note that something was left out; the first reason stays."""
        self.error = self.error or reason

    def takes_part(self) -> bool:
        """Whether one more part may be read."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            self.refuse(f"more than {MOST_PARTS} parts")
        elif self.spent():
            self.refuse("the time for reading is over")
        return self.error is None or self.parts == 1


@dataclass(frozen=True, slots=True)
class Entity:
    """A mail or a part of it; its body lies from start to end of the raw mail, transfer encoding and all.

    content_type is never empty. children are there if this is a multipart in which parts were found.
    """

    fields: Fields
    content_type: str
    parameters: Value
    disposition: Value
    start: int
    end: int
    children: tuple["Entity", ...] = field(default=())

    @property
    def encoding(self) -> str:
        """The transfer encoding as its header names it."""
        return (self.fields.first("content-transfer-encoding") or b"").decode("latin-1")

    def file_name(self, hint: str | None = None) -> str:
        """What the sender calls this file, '' if nothing; hint is the charset of raw bytes in it."""
        disposition, kind = (
            known if raw is None or raw.isascii() else read_value(raw, hint)
            for known, raw in (
                (self.disposition, self.fields.first("content-disposition")),
                (self.parameters, self.fields.first("content-type")),
            )
        )
        names = (disposition.parameters.get("filename", ""), kind.parameters.get("name", ""))
        given = [name for name in names if name]
        return next((name for name in given if "�" not in name), given[0] if given else "")


def read_entity(raw: bytes, start: int, end: int, budget: Budget, depth: int = 0, default: str = "") -> Entity:
    """What lies from start to end, at this depth; default is the type of what names none."""
    head = read_fields(raw, start, end)
    if head.too_long:
        budget.refuse("a header block longer than 256 KB or 2,000 headers")
    kind = read_value(head.fields.first("content-type"))
    disposition = read_value(head.fields.first("content-disposition"))
    content_type = _content_type(kind.value) or default or "text/plain"
    entity = Entity(head.fields, content_type, kind, disposition, head.body, end)
    if not content_type.startswith("multipart/"):
        return entity
    children = _children(raw, entity, budget, depth)
    return Entity(head.fields, content_type, kind, disposition, head.body, end, children)


def charset_within(entity: Entity) -> str | None:
    """The charset that the first text in it declares."""
    if entity.content_type.startswith("text/"):
        return entity.parameters.parameters.get("charset")
    return next((found for child in entity.children if (found := charset_within(child))), None)


def _content_type(value: str) -> str:
    match value:
        case "":
            return ""
        case "text":
            return "text/plain"
        case "multipart":
            return "multipart/mixed"
        case _:
            return value if "/" in value else "application/octet-stream"


def _children(raw: bytes, entity: Entity, budget: Budget, depth: int) -> tuple[Entity, ...]:
    if depth >= MOST_DEPTH:
        budget.refuse(f"parts within parts more than {MOST_DEPTH} deep")
        return ()
    default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
    found: list[Entity] = []
    for start, end in _spans(raw, entity):
        if not budget.takes_part():
            break
        found.append(read_entity(raw, start, end, budget, depth + 1, default))
    return _adopted(entity, found)


def _adopted(entity: Entity, children: list[Entity]) -> tuple[Entity, ...]:
    """The children; one that shares the boundary of what holds it has those after it for its own."""
    boundary = entity.parameters.parameters.get("boundary")
    for at, child in enumerate(children):
        is_hollow = child.content_type.startswith("multipart/") and not child.children
        if is_hollow and child.parameters.parameters.get("boundary") == boundary and children[at + 1 :]:
            return (*children[:at], replace(child, children=_adopted(child, children[at + 1 :])))
    return tuple(children)


def _spans(raw: bytes, entity: Entity) -> list[tuple[int, int]]:
    """Where the parts of a multipart lie."""
    given = entity.parameters.parameters.get("boundary", "").encode("latin-1", "replace").rstrip()
    spans = _between(raw, entity, given) if given else []
    if spans:
        return spans
    limit = min(entity.end, entity.start + _LOOK_FOR)
    guess = _ANY_BOUNDARY.search(raw, max(entity.start - 1, 0), limit)
    return _between(raw, entity, guess[1]) if guess else []


def _between(raw: bytes, entity: Entity, boundary: bytes) -> list[tuple[int, int]]:
    delimiter = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t\r]*(?=\n|\Z)")
    spans: list[tuple[int, int]] = []
    begin: int | None = None
    for match in delimiter.finditer(raw, max(entity.start - 1, 0), entity.end):
        if begin is not None:
            spans.append((begin, max(begin, _without_return(raw, match.start()))))
        begin = None if match[1] else min(match.end() + 1, entity.end)
        if len(spans) > MOST_PARTS:
            return spans
    if begin is not None and begin < entity.end:
        spans.append((begin, entity.end))
    return spans


def _without_return(raw: bytes, at: int) -> int:
    return at - 1 if raw[at - 1 : at] == b"\r" else at
