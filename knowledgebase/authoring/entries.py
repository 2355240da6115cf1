"""Entries in the database: each as it stands, and each version it ever had."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledgebase.authoring.validation import Finding, Problem, problems
from knowledgebase.errors import EntryInvalid, EntryNotFound
from knowledgebase.model import Entry, EntryStatus
from storage.database import Row, Transaction, first


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What saving did, in numbers of entries."""

    created: int
    changed: int
    unchanged: int


def published(tx: Transaction) -> list[Entry]:
    """The entries that customers may see, by category and id."""
    rows = tx.execute(
        "SELECT id, category, question, similar_json, answer, status, version FROM entry"
        " WHERE status = :status ORDER BY category, id",
        {"status": EntryStatus.PUBLISHED.value},
    )
    return [_entry(row) for row in rows]


def every_entry(tx: Transaction) -> list[Entry]:
    """All entries of every status, by category and id: what an export holds."""
    rows = tx.execute(
        "SELECT id, category, question, similar_json, answer, status, version FROM entry ORDER BY category, id"
    )
    return [_entry(row) for row in rows]


def is_untouched(tx: Transaction) -> bool:
    """Whether no entry has ever been saved here."""
    return not tx.execute("SELECT entry_id FROM entry_version LIMIT 1")


def get_entry(tx: Transaction, entry_id: str, version: int | None = None) -> Entry:
    """The entry as it stands, or as it was at a version. Raises EntryNotFound."""
    row = _current(tx, entry_id) if version is None else _former(tx, entry_id, version)
    if row is None:
        raise EntryNotFound(f"no entry {entry_id}" + ("" if version is None else f" at version {version}"))
    return _entry(row)


def save(tx: Transaction, entries: Sequence[Entry], changed_by: str, now: int) -> SaveReport:
    """Create what is new and give what differs its next version; the versions of the arguments are ignored.

    Raises EntryInvalid for an entry that breaks validation.problems, or an id that comes twice.
    """
    _check(entries)
    standing = {entry.id: entry for entry in every_entry(tx)}
    created = [replace(entry, version=1) for entry in entries if entry.id not in standing]
    changed = [
        replace(entry, version=standing[entry.id].version + 1)
        for entry in entries
        if entry.id in standing and replace(entry, version=standing[entry.id].version) != standing[entry.id]
    ]
    for entry in (*created, *changed):
        _write(tx, entry, changed_by, now)
    if created or changed:
        tx.notify("entries")
    return SaveReport(len(created), len(changed), len(entries) - len(created) - len(changed))


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


def _check(entries: Sequence[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if found := problems(entry):
            raise EntryInvalid(f"entry {entry.id!r}: {found[0]}")
        if entry.id in seen:
            raise EntryInvalid(f"entry {entry.id!r}: {Finding(Problem.DUPLICATE_ID)}")
        seen.add(entry.id)


def _current(tx: Transaction, entry_id: str) -> Row | None:
    return first(
        tx.execute(
            "SELECT id, category, question, similar_json, answer, status, version FROM entry WHERE id = :id",
            {"id": entry_id},
        )
    )


def _former(tx: Transaction, entry_id: str, version: int) -> Row | None:
    return first(
        tx.execute(
            "SELECT entry_id AS id, category, question, similar_json, answer, status, version"
            " FROM entry_version WHERE entry_id = :id AND version = :version",
            {"id": entry_id, "version": version},
        )
    )


def _write(tx: Transaction, entry: Entry, changed_by: str, now: int) -> None:
    values = {
        "id": entry.id,
        "category": entry.category,
        "question": entry.question,
        "similar": json.dumps(entry.similar, ensure_ascii=False),
        "answer": entry.answer,
        "status": entry.status.value,
        "version": entry.version,
        "changed_by": changed_by,
        "now": now,
    }
    tx.change(
        "INSERT INTO entry (id, category, question, similar_json, answer, status, version, updated_at)"
        " VALUES (:id, :category, :question, :similar, :answer, :status, :version, :now)"
        " ON CONFLICT (id) DO UPDATE SET category = excluded.category, question = excluded.question,"
        " similar_json = excluded.similar_json, answer = excluded.answer, status = excluded.status,"
        " version = excluded.version, updated_at = excluded.updated_at",
        values,
    )
    tx.change(
        "INSERT INTO entry_version"
        " (entry_id, version, category, question, similar_json, answer, status, changed_by, changed_at)"
        " VALUES (:id, :version, :category, :question, :similar, :answer, :status, :changed_by, :now)",
        values,
    )


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        question=row["question"],
        answer=row["answer"],
        category=row["category"],
        similar=tuple(json.loads(row["similar_json"])),
        status=EntryStatus(row["status"]),
        version=row["version"],
    )
