"""The versions of an entry: who made each, when and why, and the way back to one."""

from dataclasses import dataclass

from knowledgebase.authoring import entries
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.authoring.rows import Change, entry_from
from knowledgebase.model import Entry
from storage.database import Row, Transaction

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Version:
    """An entry as it was, and how it came to be so; replay_id names the replay after which it was published."""

    entry: Entry
    by: str
    at: int
    note: str
    replay_id: str | None


def history(tx: Transaction, entry_id: str, limit: int = MOST_SHOWN) -> list[Version]:
    """The newest versions of an entry, the newest first; none for an entry that there is not."""
    rows = tx.execute(
        "SELECT entry_id AS id, category, question, similar_json, answer, status, version, internal_note, visibility,"
        " valid_from, valid_until, channel_answers_json, related_json, changed_by, changed_at, change_note, replay_id"
        " FROM entry_version WHERE entry_id = :id ORDER BY version DESC LIMIT :limit",
        {"id": entry_id, "limit": limit},
    )
    return [_version(row) for row in rows]


def get_version(tx: Transaction, entry_id: str, version: int) -> Version | None:
    """One version with how it came to be, or None."""
    rows = tx.execute(
        "SELECT entry_id AS id, category, question, similar_json, answer, status, version, internal_note, visibility,"
        " valid_from, valid_until, channel_answers_json, related_json, changed_by, changed_at, change_note, replay_id"
        " FROM entry_version WHERE entry_id = :id AND version = :version",
        {"id": entry_id, "version": version},
    )
    return _version(rows[0]) if rows else None


def roll_back(tx: Transaction, entry_id: str, version: int, seen: int, change: Change) -> Entry:
    """Make a new draft of what the entry said at this version; what customers get stays until it is published.

    seen: the version that the entry has now. Raises EntryNotFound, EntryInvalid, ActionNotAllowed, EntryConflict.
    """
    former = entries.get_entry(tx, entry_id, version)
    return entries.edit(tx, former, seen, change, Action.ROLL_BACK)


def _version(row: Row) -> Version:
    return Version(entry_from(row), row["changed_by"], row["changed_at"], row["change_note"], row["replay_id"])
