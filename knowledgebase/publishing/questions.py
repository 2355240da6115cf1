"""Labelled questions in the database: utterances of which somebody has said what is right."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from knowledgebase.errors import LabelConflict
from knowledgebase.judging.replay import Replayed, Source
from knowledgebase.judging.trials import Question
from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion
from storage.database import Row, Transaction, first, new_id


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled question; expected is empty where nothing answers it. version is its compare-and-set token."""

    id: str
    utterance: str
    expected: tuple[str, ...]
    version: int
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Added:
    """What bringing in labelled questions did, in numbers."""

    added: int
    changed: int


def labelled(tx: Transaction) -> list[Replayed]:
    """Every labelled question, ready to be replayed, oldest first."""
    rows = tx.execute("SELECT utterance, expected_json FROM labelled_question ORDER BY id")
    return [
        Replayed(row["utterance"], Source.LABELLED, expected=frozenset(json.loads(row["expected_json"])))
        for row in rows
    ]


def real(tx: Transaction, limit: int) -> list[Replayed]:
    """The newest questions of customers, newest first, with what they or an agent said is right."""
    return [_replayed(question) for question in asked.recent(tx, limit)]


def real_confidences(tx: Transaction, limit: int) -> list[float]:
    """How sure the first match was of each of the newest questions of customers."""
    return [question.confidence for question in asked.recent(tx, limit)]


def count(tx: Transaction) -> int:
    """How many labelled questions there are."""
    rows = tx.execute("SELECT count(*) AS questions FROM labelled_question")
    return int(rows[0]["questions"])


def page(tx: Transaction, containing: str = "", after: str = "", limit: int = 100) -> list[Labelled]:
    """Labelled questions that hold this text, newest first, those older than the id after."""
    rows = tx.execute(
        "SELECT id, utterance, expected_json, version, changed_by, changed_at FROM labelled_question"
        " WHERE (:after = '' OR id < :after) AND (:text = '' OR utterance LIKE :like ESCAPE '!')"
        " ORDER BY id DESC LIMIT :limit",
        {"after": after, "text": containing, "like": f"%{_literal(containing)}%", "limit": limit},
    )
    return [_labelled(row) for row in rows]


def bring_in(tx: Transaction, found: Iterable[Question], by: str, now: int) -> Added:
    """Add these questions; of one that is there the label is replaced."""
    added = changed = 0
    for question in {each.utterance: each for each in found}.values():
        values = {
            "id": new_id(),
            "utterance": question.utterance,
            "expected": json.dumps(sorted(question.expected), ensure_ascii=False),
            "by": by,
            "now": now,
        }
        if tx.change(
            "INSERT INTO labelled_question (id, utterance, expected_json, version, changed_by, changed_at)"
            " VALUES (:id, :utterance, :expected, 1, :by, :now) ON CONFLICT (utterance) DO NOTHING",
            values,
        ):
            added += 1
            continue
        changed += tx.change(
            "UPDATE labelled_question SET expected_json = :expected, version = version + 1, changed_by = :by,"
            " changed_at = :now WHERE utterance = :utterance AND expected_json <> :expected",
            values,
        )
    return Added(added, changed)


def relabel(tx: Transaction, question_id: str, seen: int, expected: Iterable[str], by: str, now: int) -> None:
    """Say anew what is right for a question. Raises LabelConflict if somebody else has since, or it is gone."""
    values = {
        "id": question_id,
        "seen": seen,
        "expected": json.dumps(sorted(set(expected)), ensure_ascii=False),
        "by": by,
        "now": now,
    }
    if not tx.change(
        "UPDATE labelled_question SET expected_json = :expected, version = version + 1, changed_by = :by,"
        " changed_at = :now WHERE id = :id AND version = :seen",
        values,
    ):
        raise LabelConflict(f"labelled question {question_id} is not at version {seen} any more")


def remove(tx: Transaction, question_id: str, seen: int) -> None:
    """Forget a labelled question. Raises LabelConflict as relabel() does."""
    if not tx.change(
        "DELETE FROM labelled_question WHERE id = :id AND version = :seen", {"id": question_id, "seen": seen}
    ):
        raise LabelConflict(f"labelled question {question_id} is not at version {seen} any more")


def unknown_entries(tx: Transaction, ids: Iterable[str]) -> list[str]:
    """Those of these few ids that no entry has."""
    return [
        one
        for one in dict.fromkeys(ids)
        if first(tx.execute("SELECT id FROM entry WHERE id = :id", {"id": one})) is None
    ]


def _replayed(question: AskedQuestion) -> Replayed:
    right = frozenset(told.entry_id for told in asked.outcomes_of(question) if told.right)
    return Replayed(question.text, Source.REAL, question.channel, right or None, question.conversation_id)


def _literal(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _labelled(row: Row) -> Labelled:
    return Labelled(
        row["id"],
        row["utterance"],
        tuple(json.loads(row["expected_json"])),
        row["version"],
        row["changed_by"],
        row["changed_at"],
    )
