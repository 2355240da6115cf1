"""The reply clock: one running wait per conversation, from the earliest unanswered message to a real answer."""

from storage import outbox
from storage.database import Row, Transaction, first, new_id
from tickets import sla
from tickets.model import LIVE, Conversation, Owner, ReplyClock
from tickets.policies import ReplyPolicy


def start_or_keep(
    tx: Transaction, conversation: Conversation, message_number: int, now: int, policy: ReplyPolicy
) -> ReplyClock:
    """The running clock of this conversation, begun now if none runs; a running one keeps start and due time.

    While an agent owns the conversation, only a person's answer will do, so the new clock needs one.
    """
    started = first(
        tx.execute(
            """
            INSERT INTO reply_clock (id, conversation_id, first_message_number, needs_person, started_at,
                due_at, next_alert_at, next_level, stopped_at, stop_reason)
            VALUES (:id, :conversation_id, :number, :needs_person, :now, :due_at, :next_alert_at, 1, NULL, NULL)
            ON CONFLICT (conversation_id) WHERE stopped_at IS NULL DO NOTHING
            RETURNING id, conversation_id, first_message_number, needs_person, started_at, due_at,
                next_alert_at, next_level, stopped_at, stop_reason
            """,
            {
                "id": new_id(),
                "conversation_id": conversation.id,
                "number": message_number,
                "needs_person": int(conversation.owner is Owner.AGENT),
                "now": now,
                "due_at": sla.due_at(now, policy),
                "next_alert_at": sla.first_alert_at(now, policy),
            },
        )
    )
    if started is not None:
        _notify_queue(tx, conversation.id)
        return clock_from(started)
    kept = running(tx, conversation.id)
    assert kept is not None, "a clock that could not be started is running"
    return kept


def running(tx: Transaction, conversation_id: str) -> ReplyClock | None:
    """The clock of a contact who waits, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, conversation_id, first_message_number, needs_person, started_at, due_at, next_alert_at,
                next_level, stopped_at, stop_reason
            FROM reply_clock WHERE conversation_id = :conversation_id AND stopped_at IS NULL
            """,
            {"conversation_id": conversation_id},
        )
    )
    return None if row is None else clock_from(row)


def require_person(tx: Transaction, conversation_id: str) -> None:
    """From now on only a person's answer stops the running clock; its start and due time stay."""
    changed = tx.change(
        """
        UPDATE reply_clock SET needs_person = 1
        WHERE conversation_id = :conversation_id AND stopped_at IS NULL AND needs_person = 0
        """,
        {"conversation_id": conversation_id},
    )
    if changed:
        _notify_queue(tx, conversation_id)


def stop(tx: Transaction, conversation_id: str, reason: str, now: int, by_person: bool) -> bool:
    """End the wait and settle its open alerts; True if a clock was stopped.

    by_person False, the bot's answer, does not stop a clock that needs a person, nor one while the contact has
    said more that the bot has not yet decided about (conversations.mark_decided).
    """
    stopped = first(
        tx.execute(
            """
            UPDATE reply_clock SET stopped_at = :now, stop_reason = :reason, next_alert_at = NULL
            WHERE conversation_id = :conversation_id AND stopped_at IS NULL
                AND (:by_person = 1 OR (needs_person = 0 AND NOT EXISTS (
                    SELECT 1 FROM message
                    WHERE message.conversation_id = reply_clock.conversation_id AND message.decided_at IS NULL
                )))
            RETURNING id
            """,
            {"now": now, "reason": reason, "conversation_id": conversation_id, "by_person": int(by_person)},
        )
    )
    if stopped is None:
        return False
    tx.change(
        """
        UPDATE alert SET settled_at = :now
        WHERE clock_id = :clock_id AND settled_at IS NULL AND acknowledged_at IS NULL
        """,
        {"now": now, "clock_id": stopped["id"]},
    )
    outbox.withdraw(tx, alert_key(stopped["id"]), now)
    _notify_queue(tx, conversation_id)
    return True


def alert_key(clock_id: str) -> str:
    """How the outbox keys of every alert of this clock begin."""
    return f"alert:{clock_id}:"


def resume(tx: Transaction, conversation_id: str, reason: str, now: int) -> bool:
    """Let the last clock run again if it was stopped for this reason and none runs; True if so.

    For a wait that was ended without an answer: its promise stands again. If the promise is already broken,
    the chain goes on at once.
    """
    changed = tx.change(
        """
        UPDATE reply_clock
        SET stopped_at = NULL, stop_reason = NULL,
            next_alert_at = CASE WHEN due_at > :now THEN due_at ELSE :now END
        WHERE stop_reason = :reason
            AND id = (SELECT MAX(id) FROM reply_clock WHERE conversation_id = :conversation_id)
        """,
        {"now": now, "reason": reason, "conversation_id": conversation_id},
    )
    return changed == 1


def _notify_queue(tx: Transaction, conversation_id: str) -> None:
    """Clocks belong to conversations; the queue listens for tickets."""
    rows = tx.execute(
        "SELECT number, status FROM ticket WHERE conversation_id = :conversation_id",
        {"conversation_id": conversation_id},
    )
    for row in rows:
        if row["status"] in LIVE:
            tx.notify("queue", row["number"])


def clock_from(row: Row) -> ReplyClock:
    """A clock from a row with exactly the clock's columns."""
    return ReplyClock(**{**row, "needs_person": bool(row["needs_person"])})
