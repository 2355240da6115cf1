"""What readers of the help centre say about its articles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from storage.database import Transaction


class Reason(StrEnum):
    """Why an article did not help."""

    OUTDATED = "outdated"
    UNCLEAR = "unclear"
    INCOMPLETE = "incomplete"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Word:
    """One reader's word on one version of an entry; reason only where it did not help."""

    entry_id: str
    entry_version: int
    reader_hash: str
    helped: bool
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class ArticleCount:
    """How many readers an entry's article helped, how many not, and how many of those said why."""

    entry_id: str
    helped: int
    not_helped: int
    reasons: Mapping[Reason, int] = field(default_factory=dict)


def keep(tx: Transaction, word: Word, now: int) -> None:
    """Keep a reader's word; the last one on an entry counts, and a reason given before stays with the same word."""
    tx.change(
        "INSERT INTO article_feedback (entry_id, reader_hash, entry_version, helped, reason, at)"
        " VALUES (:entry_id, :reader_hash, :entry_version, :helped, :reason, :now)"
        " ON CONFLICT (entry_id, reader_hash) DO UPDATE SET entry_version = excluded.entry_version,"
        " reason = CASE WHEN excluded.helped = article_feedback.helped"
        " THEN COALESCE(excluded.reason, article_feedback.reason) ELSE excluded.reason END,"
        " helped = excluded.helped, at = excluded.at",
        {
            "entry_id": word.entry_id,
            "reader_hash": word.reader_hash,
            "entry_version": word.entry_version,
            "helped": int(word.helped),
            "reason": word.reason,
            "now": now,
        },
    )


def counts(tx: Transaction, since: int = 0) -> list[ArticleCount]:
    """The words given since then, by entry; the article that helped least comes first."""
    rows = tx.execute(
        "SELECT entry_id, helped, reason, COUNT(*) AS readers FROM article_feedback WHERE at >= :since"
        " GROUP BY entry_id, helped, reason",
        {"since": since},
    )
    found: dict[str, ArticleCount] = {}
    for row in rows:
        found[row["entry_id"]] = _added(found.get(row["entry_id"]) or ArticleCount(row["entry_id"], 0, 0), row)
    return sorted(found.values(), key=lambda one: (-one.not_helped, one.helped, one.entry_id))


def _added(count: ArticleCount, row: Mapping[str, object]) -> ArticleCount:
    readers = int(str(row["readers"]))
    if row["helped"]:
        return ArticleCount(count.entry_id, count.helped + readers, count.not_helped, count.reasons)
    why = {Reason(str(row["reason"])): readers} if row["reason"] else {}
    return ArticleCount(count.entry_id, count.helped, count.not_helped + readers, {**count.reasons, **why})
