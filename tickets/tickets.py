"""Tickets as rows: one by number, the queue with all it shows, the timeline of one."""

import json
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from storage.database import Row, Transaction, first
from tickets import events, parts
from tickets.errors import NotFound
from tickets.model import (
    Alert,
    AlertKind,
    Author,
    Message,
    MessageKind,
    Metric,
    Note,
    Priority,
    Reason,
    Status,
    Ticket,
    TicketEvent,
)

LONGEST_TIMELINE = 500


@dataclass(frozen=True, slots=True)
class NextDue:
    """The promise of a ticket that comes next: the answer that its contact waits for, else its resolution.

    soon_at: when its first warning is planned, None without warnings. paused_at, pause_reason: since when it stands
    still, and why.
    """

    metric: Metric
    due_at: int
    soon_at: int | None
    paused_at: int | None
    pause_reason: str | None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A ticket as the queue shows it. due_at is that of the answer, None while the contact waits for nothing."""

    number: str
    subject: str
    status: Status
    priority: Priority
    reason: Reason
    channel: str
    contact_id: str
    contact_name: str | None
    assignee_id: str | None
    assignee_name: str | None
    last_number: int
    last_text: str | None
    last_author: Author | None
    last_kind: MessageKind | None
    last_at: int | None
    waiting_since: int | None
    due_at: int | None
    next: NextDue | None
    open_alerts: int
    open_breaches: int
    version: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that happened in a ticket's conversation, each list oldest first."""

    messages: list[Message]
    events: list[TicketEvent]
    notes: list[Note]
    alerts: list[Alert]


def by_number(tx: Transaction, number: str) -> Ticket:
    """The ticket. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
                candidates_json, version, created_at, updated_at, resolved_at, category, team_id, policy_id,
                policy_version, policy_at, first_answered_at, merged_into_id
            FROM ticket WHERE number = :number
            """,
            {"number": number},
        )
    )
    if row is None:
        raise NotFound(f"no ticket {number}")
    return ticket_from(row)


def numbers_since(tx: Transaction, since: int, limit: int = 10_000) -> dict[str, str]:
    """For each conversation that got a ticket since then, the number of the newest one."""
    rows = tx.execute(
        "SELECT conversation_id, number FROM ticket WHERE created_at >= :since ORDER BY created_at DESC, id DESC"
        " LIMIT :limit",
        {"since": since, "limit": limit},
    )
    return {row["conversation_id"]: row["number"] for row in reversed(rows)}


def live_of_conversation(tx: Transaction, conversation_id: str) -> Ticket | None:
    """The ticket of this conversation that is neither resolved nor closed, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
                candidates_json, version, created_at, updated_at, resolved_at, category, team_id, policy_id,
                policy_version, policy_at, first_answered_at, merged_into_id
            FROM ticket
            WHERE conversation_id = :conversation_id AND status IN ('new', 'open', 'pending', 'on_hold')
            """,
            {"conversation_id": conversation_id},
        )
    )
    return None if row is None else ticket_from(row)


def newest_of_conversation(tx: Transaction, conversation_id: str) -> Ticket | None:
    """The ticket of this conversation that was opened last, in whatever status, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
                candidates_json, version, created_at, updated_at, resolved_at, category, team_id, policy_id,
                policy_version, policy_at, first_answered_at, merged_into_id
            FROM ticket WHERE conversation_id = :conversation_id ORDER BY created_at DESC, id DESC LIMIT 1
            """,
            {"conversation_id": conversation_id},
        )
    )
    return None if row is None else ticket_from(row)


def resolved_since(tx: Transaction, conversation_id: str, since: int) -> Ticket | None:
    """The newest ticket of this conversation that was resolved since then and is not closed, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
                candidates_json, version, created_at, updated_at, resolved_at, category, team_id, policy_id,
                policy_version, policy_at, first_answered_at, merged_into_id
            FROM ticket
            WHERE conversation_id = :conversation_id AND status = 'resolved' AND resolved_at >= :since
            ORDER BY resolved_at DESC, id DESC LIMIT 1
            """,
            {"conversation_id": conversation_id, "since": since},
        )
    )
    return None if row is None else ticket_from(row)


def next_number(tx: Transaction, now: int, time_zone: str) -> str:
    """The next ticket number, yymm-NNNN, in the month that it is now in this time zone."""
    month = datetime.fromtimestamp(now / 1000, ZoneInfo(time_zone)).strftime("%y%m")
    rows = tx.execute(
        """
        INSERT INTO ticket_counter (month, last) VALUES (:month, 1)
        ON CONFLICT (month) DO UPDATE SET last = ticket_counter.last + 1 RETURNING last
        """,
        {"month": month},
    )
    return f"{month}-{rows[0]['last']:04d}"


def insert(tx: Transaction, ticket: Ticket) -> None:
    """Keep a new ticket."""
    tx.change(
        """
        INSERT INTO ticket (id, number, conversation_id, contact_id, subject, status, priority, reason,
            assignee_id, candidates_json, version, created_at, updated_at, resolved_at, category, team_id)
        VALUES (:id, :number, :conversation_id, :contact_id, :subject, :status, :priority, :reason,
            :assignee_id, :candidates_json, :version, :created_at, :updated_at, :resolved_at, :category, :team_id)
        """,
        {
            "id": ticket.id,
            "number": ticket.number,
            "conversation_id": ticket.conversation_id,
            "contact_id": ticket.contact_id,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "reason": ticket.reason,
            "assignee_id": ticket.assignee_id,
            "candidates_json": json.dumps(ticket.candidates, ensure_ascii=False),
            "version": ticket.version,
            "created_at": ticket.created_at,
            "updated_at": ticket.updated_at,
            "resolved_at": ticket.resolved_at,
            "category": ticket.category,
            "team_id": ticket.team_id,
        },
    )


def keep_policy(tx: Transaction, ticket: Ticket) -> None:
    """Keep under which policy the ticket is promised."""
    tx.change(
        """
        UPDATE ticket SET policy_id = :policy_id, policy_version = :policy_version, policy_at = :policy_at
        WHERE id = :id
        """,
        {
            "policy_id": ticket.policy_id,
            "policy_version": ticket.policy_version,
            "policy_at": ticket.policy_at,
            "id": ticket.id,
        },
    )


def keep_first_answer(tx: Transaction, ticket_id: str, now: int) -> None:
    """Keep that the contact has got a real answer, if this is the first."""
    tx.change(
        "UPDATE ticket SET first_answered_at = :now WHERE id = :id AND first_answered_at IS NULL",
        {"now": now, "id": ticket_id},
    )


def replace_version(tx: Transaction, seen_version: int, ticket: Ticket) -> bool:
    """Write the ticket over the version that was seen; False, and nothing done, if there is another by now."""
    changed = tx.change(
        """
        UPDATE ticket
        SET status = :status, priority = :priority, reason = :reason, assignee_id = :assignee_id,
            candidates_json = :candidates_json, version = :version, updated_at = :updated_at,
            resolved_at = :resolved_at, category = :category, team_id = :team_id,
            merged_into_id = :merged_into_id
        WHERE id = :id AND version = :seen_version
        """,
        {
            "status": ticket.status,
            "priority": ticket.priority,
            "reason": ticket.reason,
            "assignee_id": ticket.assignee_id,
            "candidates_json": json.dumps(ticket.candidates, ensure_ascii=False),
            "version": ticket.version,
            "updated_at": ticket.updated_at,
            "resolved_at": ticket.resolved_at,
            "category": ticket.category,
            "team_id": ticket.team_id,
            "merged_into_id": ticket.merged_into_id,
            "id": ticket.id,
            "seen_version": seen_version,
        },
    )
    return changed == 1


_QUEUE = """
    SELECT t.number, t.subject, t.status, t.priority, t.reason, v.channel, c.id AS contact_id, c.name AS contact_name,
        t.assignee_id, a.name AS assignee_name, v.last_number, m.text AS last_text, m.author AS last_author,
        m.kind AS last_kind, m.created_at AS last_at, k.started_at AS waiting_since, k.due_at,
        COALESCE(k.metric, r.metric) AS next_metric, COALESCE(k.due_at, r.due_at) AS next_due_at,
        COALESCE(k.plan_json, r.plan_json) AS next_plan_json,
        CASE WHEN k.id IS NULL THEN r.paused_at ELSE k.paused_at END AS next_paused_at,
        (SELECT p.reason FROM pause p
            WHERE p.clock_id = COALESCE(k.id, r.id) AND p.ended_at IS NULL) AS next_pause_reason,
        (SELECT COUNT(*) FROM clock o CROSS JOIN alert x
            WHERE o.ticket_id = t.id AND x.clock_id = o.id AND x.acknowledged_at IS NULL AND x.settled_at IS NULL
        ) AS open_alerts,
        (SELECT COUNT(*) FROM clock o CROSS JOIN alert x
            WHERE o.ticket_id = t.id AND x.clock_id = o.id AND x.acknowledged_at IS NULL AND x.settled_at IS NULL
                AND x.level > 0
        ) AS open_breaches,
        t.version, t.created_at, t.updated_at
    FROM ticket t
    JOIN conversation v ON v.id = t.conversation_id
    JOIN contact c ON c.id = t.contact_id
    LEFT JOIN agent a ON a.id = t.assignee_id
    LEFT JOIN message m ON m.conversation_id = v.id AND m.number = v.last_number
    LEFT JOIN clock k ON k.conversation_id = v.id AND k.stopped_at IS NULL AND k.metric <> 'resolution'
    LEFT JOIN clock r ON r.ticket_id = t.id AND r.stopped_at IS NULL AND r.metric = 'resolution'
"""
_LIVE = " WHERE t.status IN ('new', 'open', 'pending', 'on_hold')"
_BY_DUE = " ORDER BY CASE WHEN k.due_at IS NULL THEN 1 ELSE 0 END, k.due_at, t.created_at, t.id LIMIT :limit"

_VIEWS = {
    "waiting": _QUEUE + _LIVE + " AND k.id IS NOT NULL" + _BY_DUE,
    "mine": _QUEUE + _LIVE + " AND t.assignee_id = :agent_id" + _BY_DUE,
    "unassigned": _QUEUE + _LIVE + " AND t.assignee_id IS NULL" + _BY_DUE,
    "all_live": _QUEUE + _LIVE + _BY_DUE,
    "done": _QUEUE + " WHERE t.status IN ('resolved', 'closed') ORDER BY t.updated_at DESC, t.id LIMIT :limit",
}
VIEWS = tuple(_VIEWS)


def queue(tx: Transaction, view: str, agent_id: str | None, limit: int) -> list[QueueRow]:
    """The tickets of a view (one of VIEWS), first due first; done ones last changed first. Raises NotFound."""
    if view not in _VIEWS:
        raise NotFound(f"no queue view {view}")
    params: dict[str, object] = {"limit": limit}
    if view == "mine":
        params["agent_id"] = agent_id
    return [_queue_row(row) for row in tx.execute(_VIEWS[view], params)]


def counts(tx: Transaction, agent_id: str | None) -> dict[str, int]:
    """How many tickets each view has, 'done' for those not yet closed, and 'alerts', the open ones."""
    row = tx.execute(
        """
        SELECT COUNT(*) AS all_live,
            COALESCE(SUM(CASE WHEN k.id IS NOT NULL THEN 1 ELSE 0 END), 0) AS waiting,
            COALESCE(SUM(CASE WHEN t.assignee_id = :agent_id THEN 1 ELSE 0 END), 0) AS mine,
            COALESCE(SUM(CASE WHEN t.assignee_id IS NULL THEN 1 ELSE 0 END), 0) AS unassigned,
            (SELECT COUNT(*) FROM ticket WHERE status IN ('resolved', 'closed')) AS done,
            (SELECT COUNT(*) FROM alert WHERE acknowledged_at IS NULL AND settled_at IS NULL) AS alerts
        FROM ticket t
        LEFT JOIN clock k ON k.conversation_id = t.conversation_id AND k.stopped_at IS NULL
            AND k.metric <> 'resolution'
        WHERE t.status IN ('new', 'open', 'pending', 'on_hold')
        """,
        {"agent_id": agent_id},
    )[0]
    return {name: int(value) for name, value in row.items()}


def timeline(tx: Transaction, ticket: Ticket) -> Timeline:
    """The newest messages of the ticket's conversation and its notes, with those merged into it; its own events and
    alerts."""
    return Timeline(
        messages=parts.latest(tx, ticket.conversation_id, LONGEST_TIMELINE),
        events=events.of_ticket(tx, ticket.id),
        notes=_notes(tx, ticket.id),
        alerts=_alerts(tx, ticket.id),
    )


def _notes(tx: Transaction, ticket_id: str) -> list[Note]:
    """The notes of the ticket and of all that were merged into it."""
    rows = tx.execute(
        """
        WITH RECURSIVE part (id) AS (
            SELECT :ticket_id UNION SELECT t.id FROM ticket t JOIN part ON t.merged_into_id = part.id
        )
        SELECT id, ticket_id, agent_id, text, created_at FROM note WHERE ticket_id IN (SELECT id FROM part) ORDER BY id
        """,
        {"ticket_id": ticket_id},
    )
    return [Note(**row) for row in rows]


def _alerts(tx: Transaction, ticket_id: str) -> list[Alert]:
    rows = tx.execute(
        """
        SELECT a.id, a.clock_id, a.level, a.kind, a.planned_at, a.raised_at, a.late, a.told_at, a.delivered_at,
            a.acknowledged_at, a.acknowledged_by, a.settled_at
        FROM clock k JOIN alert a ON a.clock_id = k.id WHERE k.ticket_id = :ticket_id ORDER BY a.id
        """,
        {"ticket_id": ticket_id},
    )
    return [alert_from(row) for row in rows]


def alert_from(row: Row) -> Alert:
    """An alert from a row with exactly the alert's columns."""
    return Alert(**{**row, "kind": AlertKind(row["kind"]), "late": bool(row["late"])})


def _next_due(row: Row) -> NextDue:
    plan = json.loads(row.pop("plan_json"))
    return NextDue(**{**row, "metric": Metric(row["metric"]), "soon_at": plan[0] if len(plan) > 1 else None})


def ticket_from(row: Row) -> Ticket:
    """A ticket from a row with exactly the ticket's columns."""
    candidates = json.loads(row.pop("candidates_json"))
    return Ticket(
        **{
            **row,
            "status": Status(row["status"]),
            "priority": Priority(row["priority"]),
            "reason": Reason(row["reason"]),
            "candidates": candidates,
        }
    )


def _queue_row(row: Row) -> QueueRow:
    names = ("metric", "due_at", "plan_json", "paused_at", "pause_reason")
    coming = {name: row.pop(f"next_{name}") for name in names}
    return QueueRow(
        **{
            **row,
            "next": _next_due(coming) if coming["metric"] is not None else None,
            "status": Status(row["status"]),
            "priority": Priority(row["priority"]),
            "reason": Reason(row["reason"]),
            "last_author": None if row["last_author"] is None else Author(row["last_author"]),
            "last_kind": None if row["last_kind"] is None else MessageKind(row["last_kind"]),
        }
    )
