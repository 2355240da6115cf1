"""Acts on many entries at once, each kept as one, so that it can be undone as one."""

from dataclasses import dataclass, replace
from enum import StrEnum

from knowledgebase.authoring import rows
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.errors import BatchNotFound, EntryConflict
from knowledgebase.model import Entry, EntryStatus
from storage.database import Row, Transaction, first, new_id


class BatchKind(StrEnum):
    """What was done to the entries of a batch."""

    CATEGORY = "category"
    VISIBILITY = "visibility"
    VALIDITY = "validity"
    SUBMIT = "submit"
    ARCHIVE = "archive"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Batch:
    """One act; entries counts those that it touched."""

    id: str
    kind: BatchKind
    agent_id: str
    at: int
    undone_at: int | None
    entries: int


@dataclass(frozen=True, slots=True)
class Undone:
    """How many entries went back, and how many stayed because they have been changed since."""

    back: int
    stayed: int


def begin(tx: Transaction, kind: BatchKind, change: Change) -> str:
    """A new batch; returns its id."""
    batch_id = new_id()
    tx.change(
        "INSERT INTO entry_batch (id, kind, agent_id, at, undone_at) VALUES (:id, :kind, :by, :at, NULL)",
        {"id": batch_id, "kind": kind.value, "by": change.by, "at": change.at},
    )
    return batch_id


def write(tx: Transaction, batch_id: str, head: Head | None, entry: Entry, change: Change) -> Entry:
    """Keep the next version of an entry, or a new entry, as part of a batch; what customers get stays as it is.

    The status of the argument is kept. Raises EntryConflict if the entry does not stand as head says.
    """
    seen = head.entry.version if head else 0
    fresh = replace(entry, version=seen + 1)
    published = head.published_version if head else None
    kept = rows.update(tx, fresh, seen, published, change) if head else rows.insert(tx, fresh, None, change)
    if not kept:
        raise EntryConflict(entry)
    tx.change(
        "INSERT INTO entry_batch_row (batch_id, entry_id, before_version, before_published, after_version)"
        " VALUES (:batch, :entry, :before, :published, :after)",
        {
            "batch": batch_id,
            "entry": entry.id,
            "before": head.entry.version if head else None,
            "published": published,
            "after": fresh.version,
        },
    )
    return fresh


def get(tx: Transaction, batch_id: str) -> Batch:
    """The batch. Raises BatchNotFound."""
    row = first(
        tx.execute(
            "SELECT id, kind, agent_id, at, undone_at,"
            " (SELECT COUNT(*) FROM entry_batch_row r WHERE r.batch_id = b.id) AS entries"
            " FROM entry_batch b WHERE id = :id",
            {"id": batch_id},
        )
    )
    if row is None:
        raise BatchNotFound(f"no batch {batch_id}")
    return _batch(row)


def newest(tx: Transaction, limit: int = 10) -> list[Batch]:
    """The newest batches, the newest first."""
    found = tx.execute(
        "SELECT id, kind, agent_id, at, undone_at,"
        " (SELECT COUNT(*) FROM entry_batch_row r WHERE r.batch_id = b.id) AS entries"
        " FROM entry_batch b ORDER BY at DESC, id DESC LIMIT :limit",
        {"limit": limit},
    )
    return [_batch(row) for row in found]


def undo(tx: Transaction, batch_id: str, change: Change) -> Undone:
    """Let each entry of a batch stand as before it, unless it has been changed since; a second time does nothing.

    What the batch made is archived. Raises BatchNotFound.
    """
    batch = get(tx, batch_id)
    marked = tx.change(
        "UPDATE entry_batch SET undone_at = :at WHERE id = :id AND undone_at IS NULL", {"at": change.at, "id": batch_id}
    )
    touched = tx.execute(
        "SELECT entry_id, before_version, after_version FROM entry_batch_row WHERE batch_id = :id ORDER BY entry_id",
        {"id": batch_id},
    )
    back = sum(_undo_one(tx, row, change) for row in touched) if marked else 0
    return Undone(back, batch.entries - back)


def _undo_one(tx: Transaction, row: Row, change: Change) -> bool:
    head = rows.load_head(tx, row["entry_id"])
    if head is None or head.entry.version != row["after_version"]:
        return False
    before = row["before_version"]
    former = None if before is None else rows.load_version(tx, row["entry_id"], before)
    text = replace(head.entry, status=EntryStatus.ARCHIVED) if former is None else former
    fresh = replace(text, version=head.entry.version + 1)
    return rows.update(tx, fresh, head.entry.version, head.published_version, change)


def _batch(row: Row) -> Batch:
    return Batch(row["id"], BatchKind(row["kind"]), row["agent_id"], row["at"], row["undone_at"], row["entries"])
