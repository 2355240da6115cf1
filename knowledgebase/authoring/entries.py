"""Entries in the database: the working copy of each, and the version of it that customers get.

Whatever changes an entry, its status too, makes a new version of it. Whoever changes one names the version that
was seen: if the entry has moved on, EntryConflict says how it stands now, and nothing is overwritten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from knowledgebase.authoring import rows
from knowledgebase.authoring.lifecycle import Action, after
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.authoring.validation import Finding, Problem, problems
from knowledgebase.errors import ActionNotAllowed, EntryConflict, EntryInvalid, EntryNotFound
from knowledgebase.model import Entry, EntryStatus
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What saving did, in numbers of entries."""

    created: int
    changed: int
    unchanged: int


# --- What there is ----------------------------------------------------------------------------------------------


def published(tx: Transaction) -> list[Entry]:
    """The published version of each entry, by category and id: what the matcher knows.

    Customers may read only those of them for which Entry.is_for_customers holds.
    """
    return rows.load_published(tx)


def every_entry(tx: Transaction) -> list[Entry]:
    """The working copies of all entries of every status, by category and id: what an export holds."""
    return [head.entry for head in rows.load_heads(tx)]


def is_untouched(tx: Transaction) -> bool:
    """Whether no entry has ever been saved here."""
    return not tx.execute("SELECT entry_id FROM entry_version LIMIT 1")


def get_head(tx: Transaction, entry_id: str) -> Head:
    """The entry as it stands, with what is published of it. Raises EntryNotFound."""
    head = rows.load_head(tx, entry_id)
    if head is None:
        raise EntryNotFound(f"no entry {entry_id}")
    return head


def get_entry(tx: Transaction, entry_id: str, version: int | None = None) -> Entry:
    """The working copy of an entry, or the entry as it was at a version. Raises EntryNotFound."""
    if version is None:
        return get_head(tx, entry_id).entry
    entry = rows.load_version(tx, entry_id, version)
    if entry is None:
        raise EntryNotFound(f"no entry {entry_id} at version {version}")
    return entry


def published_entry(tx: Transaction, entry_id: str) -> Entry | None:
    """The published version of an entry; None if there is none."""
    head = rows.load_head(tx, entry_id)
    if head is None or head.published_version is None:
        return None
    return rows.load_version(tx, entry_id, head.published_version)


# --- One entry --------------------------------------------------------------------------------------------------


def create(tx: Transaction, entry: Entry, change: Change) -> Entry:
    """Keep a new entry as a draft. Raises EntryInvalid; EntryConflict if there is one of this id."""
    _check(tx, [entry], {})
    draft = replace(entry, status=EntryStatus.DRAFT, version=1)
    if not rows.insert(tx, draft, None, change):
        raise EntryConflict(get_entry(tx, entry.id), entry)
    return draft


def edit(tx: Transaction, entry: Entry, seen: int, change: Change, action: Action = Action.EDIT) -> Entry:
    """Keep this text as the next version, a draft beside what is published; an equal text changes nothing.

    seen: the version on which it is based. Raises EntryNotFound, EntryInvalid, ActionNotAllowed, EntryConflict.
    """
    _check(tx, [entry], {})
    head = get_head(tx, entry.id)
    if head.entry.version != seen:
        raise EntryConflict(head.entry, entry)
    if is_same(entry, head.entry):
        return head.entry
    return _next(tx, head, entry, action, head.published_version, change)


def move(tx: Transaction, entry_id: str, seen: int, action: Action, change: Change) -> Entry:
    """Submit, send back or restore an entry. Raises EntryNotFound, ActionNotAllowed, EntryConflict."""
    head = _seen_head(tx, entry_id, seen)
    return _next(tx, head, head.entry, action, head.published_version, change)


def discard(tx: Transaction, entry_id: str, seen: int, change: Change) -> Entry:
    """Make the working copy equal to what is published again. Raises as move() does."""
    head = _seen_head(tx, entry_id, seen)
    if head.published_version is None:
        raise ActionNotAllowed(f"nothing of entry {entry_id} is published")
    former = get_entry(tx, entry_id, head.published_version)
    return _next(tx, head, former, Action.DISCARD, head.published_version, change)


def publish(tx: Transaction, entry_id: str, version: int, replay_id: str | None, by: str, now: int) -> Entry:
    """Give customers this version, which has to be the newest one; the publication is a version of its own.

    Raises EntryNotFound, ActionNotAllowed, EntryConflict.
    """
    head = _seen_head(tx, entry_id, version)
    change = Change(by, now, replay_id=replay_id)
    entry = _next(tx, head, head.entry, Action.PUBLISH, version + 1, change)
    tx.notify("entries")
    return entry


def archive(tx: Transaction, entry_id: str, version: int, replay_id: str | None, by: str, now: int) -> Entry:
    """Take an entry from customers and the matcher. Raises as publish() does."""
    head = _seen_head(tx, entry_id, version)
    entry = _next(tx, head, head.entry, Action.ARCHIVE, None, Change(by, now, replay_id=replay_id))
    if head.published_version is not None:
        tx.notify("entries")
    return entry


def _seen_head(tx: Transaction, entry_id: str, seen: int) -> Head:
    head = get_head(tx, entry_id)
    if head.entry.version != seen:
        raise EntryConflict(head.entry)
    return head


def _next(
    tx: Transaction, head: Head, text: Entry, action: Action, published_version: int | None, change: Change
) -> Entry:
    """The next version, with this text, as it stands after the action."""
    seen = head.entry.version
    entry = replace(text, status=after(head.entry.status, action), version=seen + 1)
    if not rows.update(tx, entry, seen, published_version, change):
        raise EntryConflict(get_entry(tx, entry.id), text)
    return entry


def is_same(one: Entry, other: Entry) -> bool:
    """Whether two versions say the same, wherever they stand."""
    return replace(one, status=other.status, version=other.version) == other


# --- Many entries -----------------------------------------------------------------------------------------------


def save(
    tx: Transaction, entries: Sequence[Entry], changed_by: str, now: int, replay_id: str | None = None
) -> SaveReport:
    """Create what is new and give what differs its next version; the versions of the arguments are ignored.

    The status of each argument is kept: what is published goes to customers at once, a draft or a review stands
    beside what they get, what is archived is taken from them. Raises EntryInvalid for an entry that breaks
    validation.problems, an id that comes twice, or a related entry that does not exist.
    """
    standing = {head.entry.id: head for head in rows.load_heads(tx)}
    _check(tx, entries, standing)
    change = Change(changed_by, now, replay_id=replay_id)
    created = [entry for entry in entries if entry.id not in standing]
    changed = [entry for entry in entries if entry.id in standing and differs(entry, standing[entry.id].entry)]
    told = [_save_one(tx, entry, standing.get(entry.id), change) for entry in (*created, *changed)]
    if any(told):
        tx.notify("entries")
    return SaveReport(len(created), len(changed), len(entries) - len(created) - len(changed))


def differs(entry: Entry, standing: Entry) -> bool:
    """Whether saving this entry would change the one that stands."""
    return replace(entry, version=standing.version) != standing


def _save_one(tx: Transaction, entry: Entry, head: Head | None, change: Change) -> bool:
    """Keep one entry as it is; whether that changes what customers get."""
    seen = head.entry.version if head else 0
    fresh = replace(entry, version=seen + 1)
    before = head.published_version if head else None
    public = {EntryStatus.PUBLISHED: fresh.version, EntryStatus.ARCHIVED: None}.get(entry.status, before)
    kept = rows.update(tx, fresh, seen, public, change) if head else rows.insert(tx, fresh, public, change)
    if not kept:
        raise EntryConflict(get_entry(tx, entry.id), entry)
    return public != before


def _check(tx: Transaction, entries: Sequence[Entry], standing: Mapping[str, Head]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if found := problems(entry):
            raise EntryInvalid(f"entry {entry.id!r}: {found[0]}")
        if entry.id in seen:
            raise EntryInvalid(f"entry {entry.id!r}: {Finding(Problem.DUPLICATE_ID)}")
        seen.add(entry.id)
    for entry in entries:
        unknown = _unknown(tx, (one for one in entry.related if one not in seen and one not in standing))
        if unknown is not None:
            raise EntryInvalid(f"entry {entry.id!r}: {Finding(Problem.UNKNOWN_ENTRY, 'related')} {unknown}")


def _unknown(tx: Transaction, ids: Iterable[str]) -> str | None:
    """The first of these ids, at most as many as an entry has related ones, that no entry has."""
    return next((one for one in ids if rows.load_head(tx, one) is None), None)


# --- What customers said ----------------------------------------------------------------------------------------


def feedback(tx: Transaction, message_id: str, entry_id: str, entry_version: int, solved: bool, now: int) -> None:
    """Keep the contact's word on whether this answer solved the question; the last word counts."""
    tx.change(
        "INSERT INTO answer_feedback (message_id, entry_id, entry_version, solved, at)"
        " VALUES (:message_id, :entry_id, :entry_version, :solved, :now)"
        " ON CONFLICT (message_id, entry_id) DO UPDATE SET"
        " entry_version = excluded.entry_version, solved = excluded.solved, at = excluded.at",
        {
            "message_id": message_id,
            "entry_id": entry_id,
            "entry_version": entry_version,
            "solved": int(solved),
            "now": now,
        },
    )
