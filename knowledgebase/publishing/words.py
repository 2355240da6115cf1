"""The word lists in the database: each version that somebody made, and which of them is in force."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from knowledgebase.errors import WordListConflict, WordListInvalid
from knowledgebase.wording.word_lists import Changes, Lists, Whole, WordList, problems
from storage.database import Row, Transaction, first


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a word list, who made it and when; publication_id says by what it went into force, if it did."""

    number: int
    changes: Changes
    by: str
    at: int
    publication_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A word list as it stands: the newest version, and the one in force. Version 0 is the list as shipped."""

    newest: int
    published: int
    changes: Changes
    changes_in_force: Changes


def in_force(tx: Transaction) -> Lists:
    """The changes in force of every list."""
    return at(tx, published_versions(tx))


def at(tx: Transaction, versions: Mapping[WordList, int]) -> Lists:
    """The lists at these versions, the others as shipped."""
    return {which: _changes(tx, which, versions.get(which, 0)) for which in WordList}


def published_versions(tx: Transaction) -> dict[WordList, int]:
    """The version in force of each list that is not as shipped."""
    rows = tx.execute("SELECT list, published_version FROM word_list WHERE published_version > 0 ORDER BY list")
    return {WordList(row["list"]): row["published_version"] for row in rows}


def standing(tx: Transaction, which: WordList) -> Standing:
    """The list as it stands."""
    row = first(
        tx.execute("SELECT version, published_version FROM word_list WHERE list = :list", {"list": which.value})
    )
    newest, published = (row["version"], row["published_version"]) if row else (0, 0)
    return Standing(newest, published, _changes(tx, which, newest), _changes(tx, which, published))


def history(tx: Transaction, which: WordList, limit: int = 50) -> list[Version]:
    """The newest versions of a list, newest first."""
    rows = tx.execute(
        "SELECT version, added_json, removed_json, changed_by, changed_at, publication_id FROM word_list_version"
        " WHERE list = :list ORDER BY version DESC LIMIT :limit",
        {"list": which.value, "limit": limit},
    )
    return [
        Version(row["version"], _from(row), row["changed_by"], row["changed_at"], row["publication_id"]) for row in rows
    ]


def save(
    tx: Transaction,
    which: WordList,
    changes: Changes,
    seen: int,
    by: str,
    now: int,
    whole: Whole = lambda line: None,
) -> int:
    """Keep the next version of a list, not yet in force; returns its number. Equal lines change nothing.

    whole gives the published question that a line is, letter for letter, or None. Raises WordListConflict when the
    list has moved on since seen, WordListInvalid with every problem.
    """
    stands = standing(tx, which)
    if stands.newest != seen:
        raise WordListConflict(f"{which} stands at version {stands.newest}, not {seen}")
    if changes == stands.changes:
        return seen
    lists = {**{other: standing(tx, other).changes for other in WordList}, which: changes}
    if found := problems(which, lists, whole):
        raise WordListInvalid(found)
    values = {
        "list": which.value,
        "version": seen + 1,
        "added": json.dumps(changes.added, ensure_ascii=False),
        "removed": json.dumps(changes.removed, ensure_ascii=False),
        "by": by,
        "now": now,
    }
    tx.change(
        "INSERT INTO word_list (list, version, published_version) VALUES (:list, :version, 0)"
        " ON CONFLICT (list) DO UPDATE SET version = excluded.version",
        values,
    )
    tx.change(
        "INSERT INTO word_list_version (list, version, added_json, removed_json, changed_by, changed_at)"
        " VALUES (:list, :version, :added, :removed, :by, :now)",
        values,
    )
    return seen + 1


def publish(tx: Transaction, which: WordList, version: int, publication_id: str) -> bool:
    """Put the newest version of a list in force; False, and nothing is done, if the list has moved on from it."""
    values = {"list": which.value, "version": version, "publication": publication_id}
    changed = tx.change(
        "UPDATE word_list SET published_version = :version WHERE list = :list AND version = :version", values
    )
    if changed:
        tx.change(
            "UPDATE word_list_version SET publication_id = :publication WHERE list = :list AND version = :version",
            values,
        )
    return bool(changed)


def _changes(tx: Transaction, which: WordList, version: int) -> Changes:
    row = first(
        tx.execute(
            "SELECT added_json, removed_json FROM word_list_version WHERE list = :list AND version = :version",
            {"list": which.value, "version": version},
        )
    )
    return _from(row) if row else Changes()


def _from(row: Row) -> Changes:
    return Changes(tuple(json.loads(row["added_json"])), tuple(json.loads(row["removed_json"])))
