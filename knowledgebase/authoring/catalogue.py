"""Entries as an editor looks through them: filtered, sorted, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledgebase.authoring.rows import Head, head_from, load_head
from storage.database import Transaction, first

PAGE = 50


class Sort(StrEnum):
    """What comes first: what changed last, the questions by category, by their text, what is asked most."""

    UPDATED = "updated"
    CATEGORY = "category"
    QUESTION = "question"
    ASKED = "asked"


class Only(StrEnum):
    """Entries that want looking at: written on since they were published; whose validity ends before long or has
    ended; never found by a customer's question.
    """

    CHANGED = "changed"
    EXPIRING = "expiring"
    NEVER_ASKED = "never_asked"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to show; what is empty excludes nothing. text is looked for as it is, in every text of an entry.

    expires_before, epoch milliseconds, is what Only.EXPIRING compares with. asked_since bounds the questions of
    customers that are counted.
    """

    text: str = ""
    category: str | None = None
    status: str = ""
    visibility: str = ""
    only: str = ""
    sort: Sort = Sort.UPDATED
    expires_before: int = 0
    asked_since: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a list, and how many questions of customers found it first."""

    head: Head
    asked: int


@dataclass(frozen=True, slots=True)
class Category:
    """A category and how many entries it holds."""

    name: str
    count: int


def count(tx: Transaction, wanted: Filter) -> int:
    """How many entries there are of this kind."""
    row = first(
        tx.execute(
            "SELECT COUNT(*) AS found FROM entry e"
            " WHERE (:text = '' OR id LIKE :pattern ESCAPE '!' OR question LIKE :pattern ESCAPE '!'"
            "  OR similar_json LIKE :pattern ESCAPE '!' OR answer LIKE :pattern ESCAPE '!'"
            "  OR category LIKE :pattern ESCAPE '!' OR internal_note LIKE :pattern ESCAPE '!'"
            "  OR channel_answers_json LIKE :pattern ESCAPE '!')"
            " AND (:any_category = 1 OR category = :category)"
            " AND ((:status = '' AND status <> 'archived') OR status = :status)"
            " AND (:visibility = '' OR visibility = :visibility)"
            " AND (:only <> 'changed' OR (published_version IS NOT NULL AND status IN ('draft', 'review')))"
            " AND (:only <> 'expiring' OR (valid_until IS NOT NULL AND valid_until < :expires_before))"
            " AND (:only <> 'never_asked' OR NOT EXISTS"
            "  (SELECT 1 FROM asked_question a WHERE a.entry_id = e.id))",
            _values(wanted),
        )
    )
    found: int = row["found"] if row else 0
    return found


def list_entries(tx: Transaction, wanted: Filter, offset: int = 0, limit: int = PAGE) -> list[Listed]:
    """A page of the entries of this kind, in the order that the filter asks for."""
    rows = tx.execute(
        "SELECT id, category, question, similar_json, answer, status, version, internal_note, visibility,"
        " valid_from, valid_until, channel_answers_json, related_json, published_version, updated_at,"
        " (SELECT COUNT(*) FROM asked_question a WHERE a.entry_id = e.id AND a.asked_at >= :asked_since) AS asked"
        " FROM entry e"
        " WHERE (:text = '' OR id LIKE :pattern ESCAPE '!' OR question LIKE :pattern ESCAPE '!'"
        "  OR similar_json LIKE :pattern ESCAPE '!' OR answer LIKE :pattern ESCAPE '!'"
        "  OR category LIKE :pattern ESCAPE '!' OR internal_note LIKE :pattern ESCAPE '!'"
        "  OR channel_answers_json LIKE :pattern ESCAPE '!')"
        " AND (:any_category = 1 OR category = :category)"
        " AND ((:status = '' AND status <> 'archived') OR status = :status)"
        " AND (:visibility = '' OR visibility = :visibility)"
        " AND (:only <> 'changed' OR (published_version IS NOT NULL AND status IN ('draft', 'review')))"
        " AND (:only <> 'expiring' OR (valid_until IS NOT NULL AND valid_until < :expires_before))"
        " AND (:only <> 'never_asked' OR NOT EXISTS (SELECT 1 FROM asked_question a WHERE a.entry_id = e.id))"
        " ORDER BY CASE WHEN :sort = 'updated' THEN -updated_at END,"
        "  CASE WHEN :sort = 'asked' THEN"
        "   -(SELECT COUNT(*) FROM asked_question a WHERE a.entry_id = e.id AND a.asked_at >= :asked_since) END,"
        "  CASE WHEN :sort = 'question' THEN question END, category, id"
        " LIMIT :limit OFFSET :offset",
        {**_values(wanted), "limit": limit, "offset": offset},
    )
    return [Listed(head_from(row), row["asked"]) for row in rows]


def heads_of(tx: Transaction, ids: Sequence[str]) -> list[Head]:
    """The entries of these ids that there are, in this order; meant for the few that a page names."""
    found = (load_head(tx, entry_id) for entry_id in ids)
    return [head for head in found if head is not None]


def categories(tx: Transaction) -> list[Category]:
    """Every category in use, the fullest first."""
    rows = tx.execute(
        "SELECT category, COUNT(*) AS held FROM entry WHERE status <> 'archived'"
        " GROUP BY category ORDER BY held DESC, category"
    )
    return [Category(row["category"], row["held"]) for row in rows]


def _values(wanted: Filter) -> dict[str, object]:
    escaped = wanted.text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return {
        "text": wanted.text,
        "pattern": f"%{escaped}%",
        "any_category": int(wanted.category is None),
        "category": wanted.category or "",
        "status": wanted.status,
        "visibility": wanted.visibility,
        "only": wanted.only,
        "sort": wanted.sort.value,
        "expires_before": wanted.expires_before,
        "asked_since": wanted.asked_since,
    }
