"""A conversation together with all that were merged into it, over however many steps."""

from collections.abc import Sequence

from storage.database import Transaction
from tickets import conversations
from tickets.conversations import message_from
from tickets.model import Conversation, Message

MOST_MERGES = 1_000


def current(tx: Transaction, conversation_id: str) -> Conversation:
    """The conversation in which this one goes on since it was merged; itself if it was not. Raises NotFound."""
    way = tx.execute(
        """
        WITH RECURSIVE way (id, next_id, step) AS (
            SELECT id, merged_into_id, 0 FROM conversation WHERE id = :id
            UNION ALL
            SELECT v.id, v.merged_into_id, way.step + 1
            FROM conversation v JOIN way ON v.id = way.next_id WHERE way.step < :most
        )
        SELECT id FROM way ORDER BY step DESC LIMIT 1
        """,
        {"id": conversation_id, "most": MOST_MERGES},
    )
    return conversations.get_conversation(tx, way[0]["id"] if way else conversation_id)


def ids(tx: Transaction, conversation_id: str) -> list[str]:
    """The ids of the conversation and of all that were merged into it, itself first."""
    rows = tx.execute(
        """
        WITH RECURSIVE part (id) AS (
            SELECT :id UNION SELECT v.id FROM conversation v JOIN part ON v.merged_into_id = part.id
        )
        SELECT id FROM part ORDER BY CASE WHEN id = :id THEN 0 ELSE 1 END, id
        """,
        {"id": conversation_id},
    )
    return [row["id"] for row in rows]


def merge(tx: Transaction, conversation_id: str, into_id: str, now: int) -> None:
    """What is written to this conversation goes on in the other from now on; nothing in it is left to the bot."""
    tx.change(
        """
        UPDATE conversation
        SET merged_into_id = :into_id, owner = 'bot', owner_agent_id = NULL, version = version + 1, updated_at = :now
        WHERE id = :id
        """,
        {"into_id": into_id, "now": now, "id": conversation_id},
    )
    tx.change(
        "UPDATE message SET decided_at = :now WHERE conversation_id = :id AND decided_at IS NULL",
        {"now": now, "id": conversation_id},
    )
    tx.notify("conversation", conversation_id)
    tx.notify("conversation", into_id)


def latest(tx: Transaction, conversation_id: str, limit: int) -> list[Message]:
    """The newest messages of the conversation and of all that were merged into it, at most limit, oldest first."""
    if len(ids(tx, conversation_id)) == 1:
        return conversations.latest(tx, conversation_id, limit)
    rows = tx.execute(
        """
        WITH RECURSIVE part (id) AS (
            SELECT :id UNION SELECT v.id FROM conversation v JOIN part ON v.merged_into_id = part.id
        )
        SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
            trace_json, created_at
        FROM message WHERE conversation_id IN (SELECT id FROM part)
        ORDER BY created_at DESC, number DESC, id DESC LIMIT :limit
        """,
        {"id": conversation_id, "limit": limit},
    )
    return [message_from(row) for row in reversed(rows)]


def of_contact(tx: Transaction, conversation_id: str) -> list[Message]:
    """What the contact wrote in the conversation and in all that were merged into it, oldest first."""
    rows = tx.execute(
        """
        WITH RECURSIVE part (id) AS (
            SELECT :id UNION SELECT v.id FROM conversation v JOIN part ON v.merged_into_id = part.id
        )
        SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
            trace_json, created_at
        FROM message WHERE conversation_id IN (SELECT id FROM part) AND author = 'contact'
        ORDER BY created_at, number, id
        """,
        {"id": conversation_id},
    )
    return [message_from(row) for row in rows]


def move_out(tx: Transaction, numbered: Sequence[tuple[int, Message]], conversation_id: str) -> None:
    """Let these messages be part of another conversation, under these numbers; the mails that they were go along."""
    tx.change_all(
        "UPDATE message SET conversation_id = :conversation_id, number = :number WHERE id = :id",
        [{"conversation_id": conversation_id, "number": number, "id": one.id} for number, one in numbered],
    )
    tx.change_all(
        "UPDATE mail SET conversation_id = :conversation_id WHERE said_id = :id AND said_id IS NOT NULL",
        [{"conversation_id": conversation_id, "id": one.id} for _, one in numbered],
    )
    for left in {one.conversation_id for _, one in numbered}:
        tx.notify("conversation", left)


def settle(tx: Transaction, conversation_id: str, last_number: int, now: int) -> None:
    """A conversation that was filled with this many messages: nothing in it is left to the bot."""
    tx.change(
        "UPDATE conversation SET last_number = :last_number, updated_at = :now WHERE id = :id",
        {"last_number": last_number, "now": now, "id": conversation_id},
    )
    tx.change(
        "UPDATE message SET decided_at = :now WHERE conversation_id = :id AND decided_at IS NULL",
        {"now": now, "id": conversation_id},
    )
    tx.notify("conversation", conversation_id)
