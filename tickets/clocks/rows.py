"""Clocks and their pauses as rows."""

import json
from collections.abc import Sequence
from typing import Any

from storage.database import Row, Transaction, first
from tickets.business_time import Pause
from tickets.model import Clock, Metric, StopReason


def running_reply(tx: Transaction, conversation_id: str) -> Clock | None:
    """The clock of a contact who waits for an answer in this conversation, or None."""
    return _one(
        tx.execute(
            """
            SELECT id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
                policy_version, calendar_id, calendar_version, started_at, budget_ms, due_at, paused_at, plan_json,
                next_alert_at, next_level, promised_at, stopped_at, stop_reason
            FROM clock
            WHERE conversation_id = :conversation_id AND stopped_at IS NULL AND metric <> 'resolution'
            """,
            {"conversation_id": conversation_id},
        )
    )


def last_stopped_reply(tx: Transaction, conversation_id: str) -> Clock | None:
    """The reply clock of this conversation that was stopped last, whatever the wall's clock showed, or None."""
    return _one(
        tx.execute(
            """
            SELECT id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
                policy_version, calendar_id, calendar_version, started_at, budget_ms, due_at, paused_at, plan_json,
                next_alert_at, next_level, promised_at, stopped_at, stop_reason
            FROM clock
            WHERE conversation_id = :conversation_id AND metric <> 'resolution' AND stopped_at IS NOT NULL
            ORDER BY stop_number DESC LIMIT 1
            """,
            {"conversation_id": conversation_id},
        )
    )


def of_ticket(tx: Transaction, ticket_id: str) -> list[Clock]:
    """Every clock of a ticket, running or stopped, oldest first."""
    rows = tx.execute(
        """
        SELECT id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
            policy_version, calendar_id, calendar_version, started_at, budget_ms, due_at, paused_at, plan_json,
            next_alert_at, next_level, promised_at, stopped_at, stop_reason
        FROM clock WHERE ticket_id = :ticket_id ORDER BY started_at, id
        """,
        {"ticket_id": ticket_id},
    )
    return [clock_from(row) for row in rows]


def running_of_ticket(tx: Transaction, ticket_id: str) -> list[Clock]:
    """The clocks of a ticket that run or stand still, oldest first."""
    return [clock for clock in of_ticket(tx, ticket_id) if clock.stopped_at is None]


def insert(tx: Transaction, clock: Clock) -> bool:
    """Keep a new clock; False, and nothing done, if its conversation or ticket has one of its sort that runs."""
    added = tx.change(
        """
        INSERT INTO clock (id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
            policy_version, calendar_id, calendar_version, started_at, budget_ms, due_at, paused_at, plan_json,
            next_alert_at, next_level, promised_at, stopped_at, stop_reason)
        VALUES (:id, :conversation_id, :ticket_id, :metric, :first_message_number, :needs_person, :policy_id,
            :policy_version, :calendar_id, :calendar_version, :started_at, :budget_ms, :due_at, :paused_at, :plan_json,
            :next_alert_at, :next_level, :promised_at, :stopped_at, :stop_reason)
        ON CONFLICT DO NOTHING
        """,
        _params(clock),
    )
    return added == 1


def save(tx: Transaction, clock: Clock) -> None:
    """Write a clock over what was kept of it."""
    tx.change(
        """
        UPDATE clock
        SET conversation_id = :conversation_id, ticket_id = :ticket_id, metric = :metric,
            first_message_number = :first_message_number, needs_person = :needs_person, policy_id = :policy_id,
            policy_version = :policy_version, calendar_id = :calendar_id, calendar_version = :calendar_version,
            started_at = :started_at, budget_ms = :budget_ms, due_at = :due_at, paused_at = :paused_at,
            plan_json = :plan_json, next_alert_at = :next_alert_at, next_level = :next_level,
            promised_at = :promised_at, stopped_at = :stopped_at, stop_reason = :stop_reason
        WHERE id = :id
        """,
        _params(clock),
    )


def number_stop(tx: Transaction, clock: Clock) -> None:
    """This clock was stopped after all others of its conversation that were."""
    tx.change(
        """
        UPDATE clock SET stop_number = (
            SELECT COALESCE(MAX(b.stop_number), 0) + 1 FROM clock b WHERE b.conversation_id = :conversation_id
        )
        WHERE id = :id
        """,
        {"conversation_id": clock.conversation_id, "id": clock.id},
    )


def pauses(tx: Transaction, clock_id: str) -> list[Pause]:
    """What did not count on this clock, oldest first; the last may still last."""
    rows = tx.execute(
        "SELECT started_at, ended_at, reason FROM pause WHERE clock_id = :clock_id ORDER BY number",
        {"clock_id": clock_id},
    )
    return [Pause(row["started_at"], row["ended_at"], row["reason"]) for row in rows]


def standing(tx: Transaction, ticket_id: str) -> dict[str, str]:
    """Why each of a ticket's clocks that stand still does so, by its id."""
    rows = tx.execute(
        """
        SELECT p.clock_id, p.reason FROM clock k JOIN pause p ON p.clock_id = k.id
        WHERE k.ticket_id = :ticket_id AND p.ended_at IS NULL
        """,
        {"ticket_id": ticket_id},
    )
    return {row["clock_id"]: row["reason"] for row in rows}


def add_pause(tx: Transaction, clock_id: str, pause: Pause) -> None:
    """One more time that does not count."""
    tx.change(
        """
        INSERT INTO pause (clock_id, number, started_at, ended_at, reason)
        SELECT :clock_id, COUNT(*) + 1, :started_at, :ended_at, :reason FROM pause WHERE clock_id = :clock_id
        """,
        {"clock_id": clock_id, "started_at": pause.start, "ended_at": pause.end, "reason": pause.reason},
    )


def end_pause(tx: Transaction, clock_id: str, now: int) -> None:
    """The pause that lasts is over; no pause ends before it began."""
    tx.change(
        """
        UPDATE pause SET ended_at = CASE WHEN started_at > :now THEN started_at ELSE :now END
        WHERE clock_id = :clock_id AND ended_at IS NULL
        """,
        {"clock_id": clock_id, "now": now},
    )


def clock_from(row: Row) -> Clock:
    """A clock from a row with exactly the clock's columns."""
    plan = tuple(json.loads(row.pop("plan_json")))
    ended = row["stop_reason"]
    return Clock(
        **{
            **row,
            "metric": Metric(row["metric"]),
            "needs_person": bool(row["needs_person"]),
            "plan": plan,
            "stop_reason": None if ended is None else StopReason(ended),
        }
    )


def _one(rows: Sequence[Row]) -> Clock | None:
    row = first(list(rows))
    return None if row is None else clock_from(row)


def _params(clock: Clock) -> dict[str, Any]:
    return {
        "id": clock.id,
        "conversation_id": clock.conversation_id,
        "ticket_id": clock.ticket_id,
        "metric": clock.metric,
        "first_message_number": clock.first_message_number,
        "needs_person": int(clock.needs_person),
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "calendar_id": clock.calendar_id,
        "calendar_version": clock.calendar_version,
        "started_at": clock.started_at,
        "budget_ms": clock.budget_ms,
        "due_at": clock.due_at,
        "paused_at": clock.paused_at,
        "plan_json": json.dumps(clock.plan),
        "next_alert_at": clock.next_alert_at,
        "next_level": clock.next_level,
        "promised_at": clock.promised_at,
        "stopped_at": clock.stopped_at,
        "stop_reason": clock.stop_reason,
    }
