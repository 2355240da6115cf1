"""Questions that customers asked, each kept with what the bot decided and with what came of it.

Whatever is stored here has gone through mask_personal first, whoever calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledgebase.learning.masking import mask_personal
from storage.database import Row, Transaction

LONGEST = 500


class Decided(StrEnum):
    """What the bot did with a question. NOTED: it was asked while a person was awaited anyway."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it was looked up; the fields are those of the table asked_question.

    entry_id is the first match, None if nothing matched or several entries answered. solved is the customer's
    word, corrected_entry_id an agent's.
    """

    message_id: str
    conversation_id: str
    channel: str
    text: str
    decision: Decided
    entry_id: str | None
    entry_version: int | None
    confidence: float
    asked_at: int
    reply_id: str | None = None
    chosen_entry_id: str | None = None
    solved: bool | None = None
    corrected_entry_id: str | None = None
    ticket_id: str | None = None
    act_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """By the word of a customer or an agent: whether this entry answers the utterance."""

    utterance: str
    entry_id: str
    right: bool


def keep(tx: Transaction, question: AskedQuestion) -> None:
    """Keep a question with what was decided about it; a second time changes nothing."""
    tx.change(
        """
        INSERT INTO asked_question (message_id, conversation_id, channel, text, decision, entry_id, entry_version,
            confidence, reply_id, asked_at)
        VALUES (:message_id, :conversation_id, :channel, :text, :decision, :entry_id, :entry_version,
            :confidence, :reply_id, :asked_at)
        ON CONFLICT (message_id) DO NOTHING
        """,
        {
            "message_id": question.message_id,
            "conversation_id": question.conversation_id,
            "channel": question.channel,
            "text": mask_personal(" ".join(question.text.split()))[:LONGEST],
            "decision": question.decision.value,
            "entry_id": question.entry_id,
            "entry_version": question.entry_version,
            "confidence": question.confidence,
            "reply_id": question.reply_id,
            "asked_at": question.asked_at,
        },
    )


def choose(tx: Transaction, reply_id: str, entry_id: str, answer_id: str | None) -> None:
    """The customer, asked back with the message reply_id, picked this entry and got the message answer_id."""
    tx.change(
        """
        UPDATE asked_question SET chosen_entry_id = :entry_id, reply_id = :answer_id, solved = NULL
        WHERE reply_id = :reply_id
        """,
        {"entry_id": entry_id, "answer_id": answer_id, "reply_id": reply_id},
    )


def settle(tx: Transaction, reply_id: str, solved: bool) -> None:
    """The customer's word on whether our message reply_id solved the question; the last word counts."""
    tx.change(
        "UPDATE asked_question SET solved = :solved WHERE reply_id = :reply_id",
        {"solved": int(solved), "reply_id": reply_id},
    )


def correct(tx: Transaction, message_id: str, entry_id: str | None, agent_id: str) -> bool:
    """An agent's word on which entry answers the question, None to take it back; False if it is not kept."""
    changed = tx.change(
        "UPDATE asked_question SET corrected_entry_id = :entry_id, corrected_by = :agent_id"
        " WHERE message_id = :message_id",
        {"entry_id": entry_id, "agent_id": agent_id, "message_id": message_id},
    )
    return changed == 1


def answered_under(tx: Transaction, conversation_id: str, ticket_id: str, since: int) -> None:
    """An agent has answered, under this ticket, what was asked since then and not solved by an answer of ours."""
    tx.change(
        """
        UPDATE asked_question SET ticket_id = :ticket_id
        WHERE conversation_id = :conversation_id AND asked_at >= :since AND ticket_id IS NULL
            AND (solved = 0 OR (solved IS NULL AND chosen_entry_id IS NULL AND decision <> :answer))
        """,
        {
            "ticket_id": ticket_id,
            "conversation_id": conversation_id,
            "since": since,
            "answer": Decided.ANSWER.value,
        },
    )


def of_message(tx: Transaction, message_id: str) -> AskedQuestion | None:
    """The question that this message of a customer asked, or None."""
    rows = tx.execute(
        """
        SELECT message_id, conversation_id, channel, text, decision, entry_id, entry_version, confidence, asked_at,
            reply_id, chosen_entry_id, solved, corrected_entry_id, ticket_id, act_id
        FROM asked_question WHERE message_id = :message_id
        """,
        {"message_id": message_id},
    )
    return _question(rows[0]) if rows else None


def recent(tx: Transaction, limit: int) -> list[AskedQuestion]:
    """The newest questions of all customers, newest first."""
    rows = tx.execute(
        """
        SELECT message_id, conversation_id, channel, text, decision, entry_id, entry_version, confidence, asked_at,
            reply_id, chosen_entry_id, solved, corrected_entry_id, ticket_id, act_id
        FROM asked_question ORDER BY asked_at DESC, message_id DESC LIMIT :limit
        """,
        {"limit": limit},
    )
    return [_question(row) for row in rows]


def since(tx: Transaction, moment: int, limit: int) -> list[AskedQuestion]:
    """The questions asked after this moment, newest first; at most limit of them, the newest."""
    rows = tx.execute(
        """
        SELECT message_id, conversation_id, channel, text, decision, entry_id, entry_version, confidence, asked_at,
            reply_id, chosen_entry_id, solved, corrected_entry_id, ticket_id, act_id
        FROM asked_question WHERE asked_at > :moment ORDER BY asked_at DESC, message_id DESC LIMIT :limit
        """,
        {"moment": moment, "limit": limit},
    )
    return [_question(row) for row in rows]


def outcomes(tx: Transaction, limit: int) -> list[Outcome]:
    """What customers and agents said of the newest questions, newest first; at most limit questions are read."""
    rows = tx.execute(
        """
        SELECT message_id, conversation_id, channel, text, decision, entry_id, entry_version, confidence, asked_at,
            reply_id, chosen_entry_id, solved, corrected_entry_id, ticket_id, act_id
        FROM asked_question
        WHERE solved IS NOT NULL OR chosen_entry_id IS NOT NULL OR corrected_entry_id IS NOT NULL
        ORDER BY asked_at DESC, message_id DESC LIMIT :limit
        """,
        {"limit": limit},
    )
    return [outcome for row in rows for outcome in outcomes_of(_question(row))]


def outcomes_of(question: AskedQuestion) -> Sequence[Outcome]:
    """What is known of one question: the entry that answers it, and one that was given and does not."""
    given = given_entry(question)
    right = question.corrected_entry_id or (given if _confirmed(question) else None)
    wrong = question.entry_id if right else given if question.solved is False else None
    told = [Outcome(question.text, right, True)] if right else []
    return [*told, Outcome(question.text, wrong, False)] if wrong and wrong != right else told


def given_entry(question: AskedQuestion) -> str | None:
    """The one entry with which the customer was answered at last, or None."""
    return question.chosen_entry_id or (question.entry_id if question.decision is Decided.ANSWER else None)


def _confirmed(question: AskedQuestion) -> bool:
    """Whether the customer took what we gave for the answer: said so, or picked it and did not complain."""
    return question.solved is True or (question.chosen_entry_id is not None and question.solved is None)


def forget(tx: Transaction, conversation_id: str) -> int:
    """Delete all questions of a conversation; returns how many there were."""
    return tx.change(
        "DELETE FROM asked_question WHERE conversation_id = :conversation_id",
        {"conversation_id": conversation_id},
    )


def _question(row: Row) -> AskedQuestion:
    told = row["solved"]
    return AskedQuestion(
        **{**row, "decision": Decided(row["decision"]), "solved": None if told is None else bool(told)}
    )
