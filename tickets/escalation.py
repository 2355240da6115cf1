"""Broken promises: the sweep that raises alerts, exactly one per clock and level, and their acknowledgement.

An alert is an obligation. It stays open until somebody acknowledges it or the contact is really answered; it
may come late after a downtime, and then says so, but it is never skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage import outbox
from storage.database import Row, Transaction, new_id
from tickets import agents, clocks, conversations, desk, events, sla, tickets
from tickets.alerts import EVERYONE, TRANSPORTS, Addressing
from tickets.model import SYSTEM, Actor, Agent, Alert, Reason, ReplyClock, Role, Ticket, TicketEvent
from tickets.policies import Level, ReplyPolicy


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An obligation that nobody has acknowledged, with what a person needs to see of its ticket."""

    alert: Alert
    ticket_number: str
    subject: str
    assignee_id: str | None
    waiting_since: int
    due_at: int


def sweep(tx: Transaction, now: int, policy: ReplyPolicy, limit: int = 100) -> list[Alert]:
    """Raise what is due, at most limit clocks and one alert for each; returns the alerts raised."""
    due = _due_clocks(tx, now, limit)
    if not due:
        return []
    staff = agents.active_agents(tx)
    raised = [_raise(tx, clock, staff, policy, now) for clock in due]
    return [alert for alert in raised if alert is not None]


def acknowledge(tx: Transaction, number: str, agent: Agent, now: int) -> int:
    """The agent takes notice of the ticket's open alerts and the chain stops; returns how many there were.

    With no open alert nothing happens: a promise that is not yet broken cannot be silenced. Raises NotFound.
    """
    ticket = tickets.by_number(tx, number)
    rows = tx.execute(
        """
        UPDATE alert SET acknowledged_at = :now, acknowledged_by = :agent_id
        WHERE ticket_id = :ticket_id AND acknowledged_at IS NULL AND settled_at IS NULL
        RETURNING level, clock_id
        """,
        {"now": now, "agent_id": agent.id, "ticket_id": ticket.id},
    )
    if not rows:
        return 0
    tx.change(
        """
        UPDATE reply_clock SET next_alert_at = NULL
        WHERE conversation_id = :conversation_id AND stopped_at IS NULL
        """,
        {"conversation_id": ticket.conversation_id},
    )
    outbox.withdraw(tx, clocks.alert_key(rows[0]["clock_id"]), now)
    detail = {"levels": sorted(row["level"] for row in rows)}
    _record(tx, ticket, "acknowledge", Actor("agent", agent.id), now, detail)
    return len(rows)


def open_alerts(tx: Transaction) -> list[OpenAlert]:
    """Every alert that is neither acknowledged nor settled, oldest first."""
    rows = tx.execute(
        """
        SELECT a.id, a.clock_id, a.ticket_id, a.level, a.planned_at, a.raised_at, a.late, a.acknowledged_at,
            a.acknowledged_by, a.settled_at, t.number, t.subject, t.assignee_id, k.started_at, k.due_at
        FROM alert a JOIN ticket t ON t.id = a.ticket_id JOIN reply_clock k ON k.id = a.clock_id
        WHERE a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ORDER BY a.raised_at, a.id
        """
    )
    return [_open_alert(row) for row in rows]


def next_due(tx: Transaction) -> int | None:
    """When the sweep next has something to do, or None."""
    rows = tx.execute(
        """
        SELECT MIN(next_alert_at) AS at
        FROM reply_clock WHERE next_alert_at IS NOT NULL AND stopped_at IS NULL
        """
    )
    at: int | None = rows[0]["at"]
    return at


def _due_clocks(tx: Transaction, now: int, limit: int) -> list[ReplyClock]:
    rows = tx.execute(
        """
        SELECT id, conversation_id, first_message_number, needs_person, started_at, due_at, next_alert_at,
            next_level, stopped_at, stop_reason
        FROM reply_clock
        WHERE next_alert_at IS NOT NULL AND next_alert_at <= :now AND stopped_at IS NULL
        ORDER BY next_alert_at, id LIMIT :limit
        """,
        {"now": now, "limit": limit},
    )
    return [clocks.clock_from(row) for row in rows]


def _raise(tx: Transaction, clock: ReplyClock, staff: Sequence[Agent], policy: ReplyPolicy, now: int) -> Alert | None:
    """Raise the clock's next level, unless another sweep or an answer was faster."""
    if clock.next_alert_at is None or not _claim(tx, clock, policy, now):
        return None
    ticket = _ticket_of(tx, clock, policy, now)
    late = sla.is_late(clock.next_alert_at, now, policy)
    alert = Alert(new_id(), clock.id, ticket.id, clock.next_level, clock.next_alert_at, now, late, None, None, None)
    if not _insert(tx, alert):
        return None
    level = sla.level_at(alert.level, policy)
    detail = {"alert_id": alert.id, "level": alert.level, "level_name": level.name, "late": late}
    _record(tx, ticket, "alert", SYSTEM, now, detail)
    _enqueue(tx, alert, level, ticket, clock, staff, now)
    return alert


def _claim(tx: Transaction, clock: ReplyClock, policy: ReplyPolicy, now: int) -> bool:
    """Move the clock to its next level if it still stands where it was read."""
    claimed = tx.change(
        """
        UPDATE reply_clock SET next_level = next_level + 1, next_alert_at = :next_alert_at
        WHERE id = :id AND stopped_at IS NULL AND next_level = :level AND next_alert_at = :planned_at
        """,
        {
            "next_alert_at": sla.next_alert_at(clock.next_level, now, policy),
            "id": clock.id,
            "level": clock.next_level,
            "planned_at": clock.next_alert_at,
        },
    )
    return claimed == 1


def _ticket_of(tx: Transaction, clock: ReplyClock, policy: ReplyPolicy, now: int) -> Ticket:
    """The live ticket of the clock's conversation; opened now if the wait never became one."""
    if live := tickets.live_of_conversation(tx, clock.conversation_id):
        return live
    conversation = conversations.get_conversation(tx, clock.conversation_id)
    asked = conversations.history(tx, conversation.id, after=clock.first_message_number - 1, limit=1)
    subject = asked[0].text if asked else ""
    return desk.open_ticket(tx, conversation, Reason.UNANSWERED, subject, [], policy, now, SYSTEM)


def _insert(tx: Transaction, alert: Alert) -> bool:
    inserted = tx.change(
        """
        INSERT INTO alert (id, clock_id, ticket_id, level, planned_at, raised_at, late, acknowledged_at,
            acknowledged_by, settled_at)
        VALUES (:id, :clock_id, :ticket_id, :level, :planned_at, :raised_at, :late, NULL, NULL, NULL)
        ON CONFLICT (clock_id, level) DO NOTHING
        """,
        {
            "id": alert.id,
            "clock_id": alert.clock_id,
            "ticket_id": alert.ticket_id,
            "level": alert.level,
            "planned_at": alert.planned_at,
            "raised_at": alert.raised_at,
            "late": int(alert.late),
        },
    )
    return inserted == 1


def _record(tx: Transaction, ticket: Ticket, action: str, actor: Actor, now: int, detail: dict[str, Any]) -> None:
    events.record(tx, ticket.id, [TicketEvent(actor, action, ticket.status, ticket.status, now, detail)])
    tx.notify("queue", ticket.number)
    tx.notify("conversation", ticket.conversation_id)


def _enqueue(
    tx: Transaction,
    alert: Alert,
    level: Level,
    ticket: Ticket,
    clock: ReplyClock,
    staff: Sequence[Agent],
    now: int,
) -> None:
    """One outbox row for each transport and recipient; facts only, never what the contact wrote."""
    facts = {
        "alert_id": alert.id,
        "ticket_number": ticket.number,
        "level": alert.level,
        "level_name": level.name,
        "waiting_since": clock.started_at,
        "due_at": clock.due_at,
        "planned_at": alert.planned_at,
        "raised_at": alert.raised_at,
        "late": alert.late,
    }
    people = recipients(level, ticket.assignee_id, staff)
    for name in level.transports:
        transport = TRANSPORTS[name]
        for recipient in people if transport.addressing is not Addressing.EVERYONE else [EVERYONE]:
            key = f"{clocks.alert_key(clock.id)}{alert.level}:{name}:{recipient}"
            outbox.enqueue(tx, f"alert.{name}", key, {**facts, "recipient": recipient}, now)


def recipients(level: Level, assignee_id: str | None, staff: Sequence[Agent]) -> list[str]:
    """The mail addresses of the people a level names, each once, in the order named.

    'assignee' means everybody active who serves customers and has an address when nobody, or nobody who can be
    reached, is assigned.
    """
    addresses = [address for name in level.recipients for address in _addresses(name, assignee_id, staff)]
    return list({address.casefold(): address for address in addresses}.values())


def _addresses(name: str, assignee_id: str | None, staff: Sequence[Agent]) -> list[str]:
    if name == "assignee":
        own = [agent.email for agent in staff if agent.id == assignee_id and agent.email]
        return own or [agent.email for agent in staff if agent.email and agent.role is not Role.READER]
    if name.startswith("role:"):
        role = name.removeprefix("role:")
        return [agent.email for agent in staff if agent.role == role and agent.email]
    return [name]


def _open_alert(row: Row) -> OpenAlert:
    of_ticket = ("number", "subject", "assignee_id", "started_at", "due_at")
    number, subject, assignee_id, started_at, due_at = (row.pop(column) for column in of_ticket)
    return OpenAlert(tickets.alert_from(row), number, subject, assignee_id, started_at, due_at)
