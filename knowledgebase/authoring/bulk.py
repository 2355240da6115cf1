"""One edit of many entries: what it would do, and doing it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledgebase.authoring import batches, catalogue
from knowledgebase.authoring.batches import BatchKind
from knowledgebase.authoring.entries import is_same
from knowledgebase.authoring.lifecycle import Action, after
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.authoring.validation import problems
from knowledgebase.errors import ActionNotAllowed, EntryConflict
from knowledgebase.model import Entry, Visibility
from storage.database import Transaction


class BulkAct(StrEnum):
    """What can be done to many entries. What customers get changes only by a publication."""

    CATEGORY = "category"
    VISIBILITY = "visibility"
    VALIDITY = "validity"
    SUBMIT = "submit"
    PUBLISH = "publish"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Wish:
    """The act, and the values that it gives to each entry."""

    act: BulkAct
    category: str = ""
    visibility: Visibility = Visibility.PUBLIC
    valid_from: int | None = None
    valid_until: int | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a wish does to each of the entries: it changes them, finds them as wished, or cannot be done to them."""

    changed: Sequence[Head]
    already: Sequence[Head]
    refused: Sequence[Head]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done at once, and the versions that wait for a publication, by entry."""

    batch_id: str | None
    changed: int
    publish: dict[str, int]
    archive: dict[str, int]


def foresee(heads: Iterable[Head], wish: Wish) -> Foreseen:
    """What the wish would do."""
    changed: list[Head] = []
    already: list[Head] = []
    refused: list[Head] = []
    for head in heads:
        fresh = _wished(head.entry, wish)
        if fresh is None or problems(fresh):
            refused.append(head)
        else:
            (already if fresh == head.entry else changed).append(head)
    return Foreseen(changed, already, refused)


def carry_out(tx: Transaction, seen: Sequence[tuple[str, int]], wish: Wish, change: Change) -> Done:
    """Do what was foreseen for these entries, each at the version that was seen; all of them or none.

    Raises EntryConflict, naming the first one that has been changed meanwhile.
    """
    heads = catalogue.heads_of(tx, [entry_id for entry_id, _ in seen])
    moved = next((head for head, (_, version) in zip(heads, seen, strict=False) if head.entry.version != version), None)
    if moved is not None:
        raise EntryConflict(moved.entry)
    found = foresee(heads, wish).changed
    if wish.act is BulkAct.PUBLISH:
        return Done(None, 0, {head.entry.id: head.entry.version for head in found}, {})
    waiting = [head for head in found if wish.act is BulkAct.ARCHIVE and head.published_version is not None]
    at_once = [head for head in found if head not in waiting]
    batch_id = batches.begin(tx, BatchKind(wish.act.value), change) if at_once else None
    for head in at_once:
        fresh = _wished(head.entry, wish)
        if batch_id is not None and fresh is not None:
            batches.write(tx, batch_id, head, fresh, change)
    return Done(batch_id, len(at_once), {}, {head.entry.id: head.entry.version for head in waiting})


_ACTIONS = {BulkAct.SUBMIT: Action.SUBMIT, BulkAct.PUBLISH: Action.PUBLISH, BulkAct.ARCHIVE: Action.ARCHIVE}


def _wished(entry: Entry, wish: Wish) -> Entry | None:
    """The entry as wished, equal to what it is if nothing has to be done; None if that cannot be."""
    action = _ACTIONS.get(wish.act, Action.EDIT)
    wished = _with_values(entry, wish)
    if action is Action.EDIT and is_same(wished, entry):
        return entry
    try:
        status = after(entry.status, action)
    except ActionNotAllowed:
        return None
    return replace(wished, status=status)


def _with_values(entry: Entry, wish: Wish) -> Entry:
    match wish.act:
        case BulkAct.CATEGORY:
            return replace(entry, category=wish.category)
        case BulkAct.VISIBILITY:
            return replace(entry, visibility=wish.visibility)
        case BulkAct.VALIDITY:
            return replace(entry, valid_from=wish.valid_from, valid_until=wish.valid_until)
    return entry
