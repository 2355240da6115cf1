"""Answers of entries that agents inserted, changed and sent: whether the entry shall change as well."""

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from storage.database import Row, Transaction, first

# Of a text that shares less with the inserted answer nothing was used.
LEAST_USED = 45.0


class Use(StrEnum):
    """What an agent did with an inserted answer."""

    SENT = "sent"
    EDITED = "edited"
    DROPPED = "dropped"


class Verdict(StrEnum):
    """What the agent said when asked: changed in a draft, noted for the editors, or no."""

    DRAFTED = "drafted"
    NOTED = "noted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class EditedAnswer:
    """A message with an entry's answer that the agent had changed; verdict is None until the agent has said."""

    message_id: str
    conversation_id: str
    entry_id: str
    entry_version: int
    agent_id: str
    verdict: Verdict | None
    sent_at: int


def use_of(answer: str, sent: str) -> Use:
    """What of this answer stands in the text that was sent; spaces and line breaks do not count."""
    told, text = "".join(answer.split()), "".join(sent.split())
    if told and told in text:
        return Use.SENT
    return Use.EDITED if fuzz.partial_ratio(told, text) >= LEAST_USED and told else Use.DROPPED


def keep(tx: Transaction, edited: EditedAnswer) -> None:
    """Remember to ask the agent; a message is kept once."""
    tx.change(
        "INSERT INTO edited_answer (message_id, conversation_id, entry_id, entry_version, agent_id, sent_at)"
        " VALUES (:message_id, :conversation_id, :entry_id, :entry_version, :agent_id, :sent_at)"
        " ON CONFLICT (message_id) DO NOTHING",
        {
            "message_id": edited.message_id,
            "conversation_id": edited.conversation_id,
            "entry_id": edited.entry_id,
            "entry_version": edited.entry_version,
            "agent_id": edited.agent_id,
            "sent_at": edited.sent_at,
        },
    )


def get_edit(tx: Transaction, message_id: str) -> EditedAnswer | None:
    """The edited answer in this message, or None."""
    row = first(
        tx.execute(
            "SELECT message_id, conversation_id, entry_id, entry_version, agent_id, verdict, sent_at"
            " FROM edited_answer WHERE message_id = :message_id",
            {"message_id": message_id},
        )
    )
    return None if row is None else _edited(row)


def unanswered(tx: Transaction, conversation_id: str, agent_id: str) -> list[EditedAnswer]:
    """The edited answers of a conversation about which this agent has not said anything yet."""
    rows = tx.execute(
        "SELECT message_id, conversation_id, entry_id, entry_version, agent_id, verdict, sent_at"
        " FROM edited_answer WHERE conversation_id = :conversation_id AND agent_id = :agent_id AND verdict IS NULL"
        " ORDER BY sent_at, message_id",
        {"conversation_id": conversation_id, "agent_id": agent_id},
    )
    return [_edited(row) for row in rows]


def noted(tx: Transaction, limit: int) -> list[EditedAnswer]:
    """What agents noted for the editors and no editor has dealt with, newest first."""
    rows = tx.execute(
        "SELECT message_id, conversation_id, entry_id, entry_version, agent_id, verdict, sent_at"
        " FROM edited_answer WHERE verdict = 'noted' AND act_id IS NULL ORDER BY sent_at DESC, message_id LIMIT :limit",
        {"limit": limit},
    )
    return [_edited(row) for row in rows]


def decide(tx: Transaction, message_id: str, agent_id: str, verdict: Verdict) -> bool:
    """Keep what the agent said; False if the message is not this agent's or it was said before."""
    changed = tx.change(
        "UPDATE edited_answer SET verdict = :verdict"
        " WHERE message_id = :message_id AND agent_id = :agent_id AND verdict IS NULL",
        {"verdict": verdict.value, "message_id": message_id, "agent_id": agent_id},
    )
    return changed == 1


def deal(tx: Transaction, message_id: str, act_id: str) -> bool:
    """An editor has dealt with a note; False if somebody has before."""
    changed = tx.change(
        "UPDATE edited_answer SET act_id = :act_id WHERE message_id = :message_id AND act_id IS NULL",
        {"act_id": act_id, "message_id": message_id},
    )
    return changed == 1


def forget(tx: Transaction, conversation_id: str) -> int:
    """Delete what is kept of a conversation's edited answers; returns how many there were."""
    return tx.change(
        "DELETE FROM edited_answer WHERE conversation_id = :conversation_id",
        {"conversation_id": conversation_id},
    )


def _edited(row: Row) -> EditedAnswer:
    return EditedAnswer(**{**row, "verdict": Verdict(row["verdict"]) if row["verdict"] else None})
