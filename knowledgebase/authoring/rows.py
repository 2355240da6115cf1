"""The rows of an entry: its working copy in entry, and each of its versions in entry_version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from knowledgebase.model import Entry, EntryStatus, Visibility
from storage.database import Row, Transaction, first


@dataclass(frozen=True, slots=True)
class Change:
    """Who makes a version, when and why; replay_id names the replay after which it is published."""

    by: str
    at: int
    note: str = ""
    replay_id: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """An entry as it stands: its working copy, and the version that customers get, if they get one."""

    entry: Entry
    published_version: int | None
    updated_at: int

    @property
    def has_unpublished_changes(self) -> bool:
        """Whether customers get another version than the working copy."""
        return self.published_version is not None and self.entry.status in (EntryStatus.DRAFT, EntryStatus.REVIEW)


def load_heads(tx: Transaction) -> list[Head]:
    """All entries as they stand, by category and id."""
    rows = tx.execute(
        "SELECT id, category, question, similar_json, answer, status, version, internal_note, visibility,"
        " valid_from, valid_until, channel_answers_json, related_json, published_version, updated_at"
        " FROM entry ORDER BY category, id"
    )
    return [head_from(row) for row in rows]


def load_head(tx: Transaction, entry_id: str) -> Head | None:
    """One entry as it stands, or None."""
    row = first(
        tx.execute(
            "SELECT id, category, question, similar_json, answer, status, version, internal_note, visibility,"
            " valid_from, valid_until, channel_answers_json, related_json, published_version, updated_at"
            " FROM entry WHERE id = :id",
            {"id": entry_id},
        )
    )
    return None if row is None else head_from(row)


def load_published(tx: Transaction) -> list[Entry]:
    """The published version of each entry that has one, by category and id."""
    rows = tx.execute(
        "SELECT v.entry_id AS id, v.category, v.question, v.similar_json, v.answer, v.status, v.version,"
        " v.internal_note, v.visibility, v.valid_from, v.valid_until, v.channel_answers_json, v.related_json"
        " FROM entry e JOIN entry_version v ON v.entry_id = e.id AND v.version = e.published_version"
        " WHERE e.published_version IS NOT NULL ORDER BY v.category, v.entry_id"
    )
    return [entry_from(row) for row in rows]


def load_version(tx: Transaction, entry_id: str, version: int) -> Entry | None:
    """An entry as it was at a version, or None."""
    row = first(
        tx.execute(
            "SELECT entry_id AS id, category, question, similar_json, answer, status, version, internal_note,"
            " visibility, valid_from, valid_until, channel_answers_json, related_json"
            " FROM entry_version WHERE entry_id = :id AND version = :version",
            {"id": entry_id, "version": version},
        )
    )
    return None if row is None else entry_from(row)


def insert(tx: Transaction, entry: Entry, published_version: int | None, change: Change) -> bool:
    """Keep a new entry with its first version; False, and nothing is kept, if there is one of this id."""
    values = _values(entry, published_version, change)
    made = tx.change(
        "INSERT INTO entry (id, category, question, similar_json, answer, status, version, internal_note, visibility,"
        " valid_from, valid_until, channel_answers_json, related_json, published_version, updated_at)"
        " VALUES (:id, :category, :question, :similar, :answer, :status, :version, :internal_note, :visibility,"
        " :valid_from, :valid_until, :channel_answers, :related, :published_version, :at) ON CONFLICT (id) DO NOTHING",
        values,
    )
    if made:
        _keep_version(tx, values)
    return bool(made)


def update(tx: Transaction, entry: Entry, expected: int, published_version: int | None, change: Change) -> bool:
    """Keep the next version of an entry; False, and nothing is kept, if it does not stand at the expected one."""
    values = _values(entry, published_version, change)
    changed = tx.change(
        "UPDATE entry SET category = :category, question = :question, similar_json = :similar, answer = :answer,"
        " status = :status, version = :version, internal_note = :internal_note, visibility = :visibility,"
        " valid_from = :valid_from, valid_until = :valid_until, channel_answers_json = :channel_answers,"
        " related_json = :related, published_version = :published_version, updated_at = :at"
        " WHERE id = :id AND version = :expected",
        {**values, "expected": expected},
    )
    if changed:
        _keep_version(tx, values)
    return bool(changed)


def _keep_version(tx: Transaction, values: Mapping[str, object]) -> None:
    tx.change(
        "INSERT INTO entry_version (entry_id, version, category, question, similar_json, answer, status,"
        " internal_note, visibility, valid_from, valid_until, channel_answers_json, related_json,"
        " changed_by, changed_at, change_note, replay_id)"
        " VALUES (:id, :version, :category, :question, :similar, :answer, :status,"
        " :internal_note, :visibility, :valid_from, :valid_until, :channel_answers, :related,"
        " :by, :at, :note, :replay_id)",
        values,
    )


def _values(entry: Entry, published_version: int | None, change: Change) -> dict[str, object]:
    return {
        "id": entry.id,
        "category": entry.category,
        "question": entry.question,
        "similar": json.dumps(entry.similar, ensure_ascii=False),
        "answer": entry.answer,
        "status": entry.status.value,
        "version": entry.version,
        "internal_note": entry.internal_note,
        "visibility": entry.visibility.value,
        "valid_from": entry.valid_from,
        "valid_until": entry.valid_until,
        "channel_answers": json.dumps(entry.channel_answers, ensure_ascii=False),
        "related": json.dumps(entry.related),
        "published_version": published_version,
        "by": change.by,
        "at": change.at,
        "note": change.note,
        "replay_id": change.replay_id,
    }


def head_from(row: Row) -> Head:
    """The head that a row of entry, with all its columns, holds."""
    return Head(entry_from(row), row["published_version"], row["updated_at"])


def entry_from(row: Row) -> Entry:
    """The entry that a row of entry or entry_version holds."""
    return Entry(
        id=row["id"],
        question=row["question"],
        answer=row["answer"],
        category=row["category"],
        similar=tuple(json.loads(row["similar_json"])),
        status=EntryStatus(row["status"]),
        version=row["version"],
        internal_note=row["internal_note"],
        visibility=Visibility(row["visibility"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        channel_answers=tuple((channel, text) for channel, text in json.loads(row["channel_answers_json"])),
        related=tuple(json.loads(row["related_json"])),
    )
