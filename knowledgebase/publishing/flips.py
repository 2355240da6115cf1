"""The rows of a replay: what becomes of each question, and the flips with who accepted them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledgebase.judging.replay import Flip, FlipKind, Mark, Outcome, Replayed, Source
from knowledgebase.publishing.model import expected_as_text, expected_from, outcome_as_text, outcome_from
from storage.database import Row, Transaction

Key = tuple[str, str, tuple[str, str | None], tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody's word that a flip is wanted."""

    by: str
    at: int


@dataclass(frozen=True, slots=True)
class KeptFlip:
    """A flip of a publication, with its number there, and who accepted it, if anybody has."""

    number: int
    flip: Flip
    accepted: Accepted | None


def key(flip: Flip) -> Key:
    """What makes two flips the same to whoever accepts them."""
    return flip.question.utterance, flip.question.channel, flip.before.same_thing, flip.after.same_thing


def keep(
    tx: Transaction,
    publication_id: str,
    flips: Sequence[tuple[Flip, Accepted | None]],
    outcomes: Iterable[tuple[Replayed, Outcome]],
) -> None:
    """Put the result of a replay in the place of that of the one before."""
    forget_outcomes(tx, publication_id)
    tx.change("DELETE FROM flip WHERE publication_id = :id", {"id": publication_id})
    for number, (flip, accepted) in enumerate(flips, 1):
        _keep_flip(tx, publication_id, number, flip, accepted)
    for number, (question, outcome) in enumerate(outcomes, 1):
        _keep_outcome(tx, publication_id, number, question, outcome)


def of(tx: Transaction, publication_id: str, kind: FlipKind | None = None, limit: int = 10_000) -> list[KeptFlip]:
    """The flips of a publication, those first that nobody has accepted, those for the worse before others."""
    rows = tx.execute(
        "SELECT number, kind, source, channel, utterance, conversation_id, expected_json, before_json, after_json,"
        " mark, accepted_by, accepted_at FROM flip"
        " WHERE publication_id = :id AND (:kind = '' OR kind = :kind)"
        " ORDER BY CASE WHEN accepted_at IS NULL THEN 0 ELSE 1 END,"
        " CASE mark WHEN 'worse' THEN 0 WHEN 'neither' THEN 1 WHEN 'better' THEN 3 ELSE 2 END, number LIMIT :limit",
        {"id": publication_id, "kind": kind.value if kind else "", "limit": limit},
    )
    return [_flip_from(row) for row in rows]


def unaccepted(tx: Transaction, publication_id: str) -> dict[FlipKind, int]:
    """How many flips of each kind nobody has accepted yet."""
    rows = tx.execute(
        "SELECT kind, count(*) AS flips FROM flip WHERE publication_id = :id AND accepted_at IS NULL"
        " GROUP BY kind ORDER BY kind",
        {"id": publication_id},
    )
    return {FlipKind(row["kind"]): row["flips"] for row in rows}


def accept(tx: Transaction, publication_id: str, number: int | None, kind: FlipKind | None, word: Accepted) -> int:
    """Keep somebody's word on one flip, on all of a kind, or on all; returns how many it was new for."""
    return tx.change(
        "UPDATE flip SET accepted_by = :by, accepted_at = :at WHERE publication_id = :id AND accepted_at IS NULL"
        " AND (:number = 0 OR number = :number) AND (:kind = '' OR kind = :kind)",
        {
            "id": publication_id,
            "number": number or 0,
            "kind": kind.value if kind else "",
            "by": word.by,
            "at": word.at,
        },
    )


def outcomes(tx: Transaction, publication_id: str) -> list[tuple[Replayed, Outcome]]:
    """What became of each question, in order; empty once it has been forgotten."""
    rows = tx.execute(
        "SELECT source, channel, utterance, conversation_id, expected_json, outcome_json FROM replay_outcome"
        " WHERE publication_id = :id ORDER BY number",
        {"id": publication_id},
    )
    return [(_question_from(row), outcome_from(row["outcome_json"])) for row in rows]


def replace_outcome(tx: Transaction, publication_id: str, question: Replayed, outcome: Outcome) -> None:
    """Let this be what became of one question."""
    tx.change(
        "UPDATE replay_outcome SET outcome_json = :outcome"
        " WHERE publication_id = :id AND utterance = :utterance AND channel = :channel",
        {
            "id": publication_id,
            "utterance": question.utterance,
            "channel": question.channel,
            "outcome": outcome_as_text(outcome),
        },
    )


def forget_outcomes(tx: Transaction, publication_id: str) -> None:
    """Forget what became of the questions of a publication."""
    tx.change("DELETE FROM replay_outcome WHERE publication_id = :id", {"id": publication_id})


def forget_words(tx: Transaction, conversation_id: str) -> None:
    """Forget whatever was replayed in the words of this conversation."""
    tx.change("DELETE FROM flip WHERE conversation_id = :id", {"id": conversation_id})
    tx.change("DELETE FROM replay_outcome WHERE conversation_id = :id", {"id": conversation_id})


def _keep_flip(tx: Transaction, publication_id: str, number: int, flip: Flip, accepted: Accepted | None) -> None:
    tx.change(
        "INSERT INTO flip (publication_id, number, kind, source, channel, utterance, conversation_id, expected_json,"
        " before_json, after_json, mark, accepted_by, accepted_at)"
        " VALUES (:id, :number, :kind, :source, :channel, :utterance, :conversation, :expected,"
        " :before, :after, :mark, :by, :at)",
        {
            **_question_values(publication_id, number, flip.question),
            "kind": flip.kind.value,
            "before": outcome_as_text(flip.before),
            "after": outcome_as_text(flip.after),
            "mark": flip.mark.value if flip.mark else None,
            "by": accepted.by if accepted else None,
            "at": accepted.at if accepted else None,
        },
    )


def _keep_outcome(tx: Transaction, publication_id: str, number: int, question: Replayed, outcome: Outcome) -> None:
    tx.change(
        "INSERT INTO replay_outcome"
        " (publication_id, number, source, channel, utterance, conversation_id, expected_json, outcome_json)"
        " VALUES (:id, :number, :source, :channel, :utterance, :conversation, :expected, :outcome)",
        {**_question_values(publication_id, number, question), "outcome": outcome_as_text(outcome)},
    )


def _question_values(publication_id: str, number: int, question: Replayed) -> dict[str, object]:
    return {
        "id": publication_id,
        "number": number,
        "source": question.source.value,
        "channel": question.channel,
        "utterance": question.utterance,
        "conversation": question.conversation_id,
        "expected": expected_as_text(question),
    }


def _flip_from(row: Row) -> KeptFlip:
    flip = Flip(
        FlipKind(row["kind"]),
        _question_from(row),
        outcome_from(row["before_json"]),
        outcome_from(row["after_json"]),
        Mark(row["mark"]) if row["mark"] else None,
    )
    return KeptFlip(
        row["number"], flip, Accepted(row["accepted_by"], row["accepted_at"]) if row["accepted_by"] else None
    )


def _question_from(row: Row) -> Replayed:
    return Replayed(
        row["utterance"],
        Source(row["source"]),
        row["channel"],
        expected_from(row["expected_json"]),
        row["conversation_id"],
    )
