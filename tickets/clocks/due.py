"""What is due next and what is overdue, over all metrics, as people look through it. Reads only.

A page is found by its edge (due time and id), not by counting rows, so the last of many pages costs what the first
does. Everybody's clocks are read in the order of an index that holds all that the filters ask for; those of one agent
or team start from their live tickets.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction
from tickets.model import Metric, Priority, Status

PAGE = 50
EVER = 1 << 62
HOUR_MS = 3_600_000


class Span(StrEnum):
    """Which clocks: OPEN all that run, the others those that run out in a time, PAUSED those that stand still."""

    OPEN = "open"
    OVERDUE = "overdue"
    HOUR = "hour"
    FOUR_HOURS = "four_hours"
    TODAY = "today"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clocks to show; what is empty excludes nothing. Of assignee_id and team_id at most one counts."""

    span: Span = Span.OPEN
    metric: str = ""
    policy_id: str = ""
    assignee_id: str = ""
    team_id: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a page begins: after the clock with this time (its due time; when it was paused) and id."""

    at: int
    id: str


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments by which clocks are told apart: now, and the end of the desk's local day."""

    now: int
    today_ends: int


@dataclass(frozen=True, slots=True)
class DueRow:
    """A clock that runs or stands still, with what a person needs to see of its ticket.

    soon_at: when its first warning is planned, None without warnings. alert_level: the highest of its open alerts.
    open_alerts and alerted_at: how many of its ticket are open, and when the newest was raised.
    """

    clock_id: str
    number: str
    subject: str
    status: Status
    priority: Priority
    channel: str
    value_class: str | None
    assignee_id: str | None
    team_id: str | None
    metric: Metric
    policy_id: str | None
    started_at: int
    due_at: int
    paused_at: int | None
    pause_reason: str | None
    soon_at: int | None
    alert_level: int | None
    open_alerts: int
    alerted_at: int | None

    @property
    def edge(self) -> Edge:
        """Where the page after this row begins."""
        return Edge(self.due_at if self.paused_at is None else self.paused_at, self.clock_id)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many clocks each span has under one filter."""

    open: int
    overdue: int
    hour: int
    four_hours: int
    today: int
    paused: int

    def of(self, span: Span) -> int:
        """The number of a span."""
        found: int = getattr(self, span.value)
        return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many contacts wait for an answer, and since when the first of them does."""

    contacts: int
    since: int | None


_ROW = """
    SELECT k.id AS clock_id, t.number, t.subject, t.status, t.priority, v.channel, c.value_class, t.assignee_id,
        t.team_id, k.metric, k.policy_id, k.started_at, k.due_at, k.paused_at, k.plan_json,
        (SELECT p.reason FROM pause p WHERE p.clock_id = k.id AND p.ended_at IS NULL) AS pause_reason,
        (SELECT MAX(a.level) FROM alert a
            WHERE a.clock_id = k.id AND a.acknowledged_at IS NULL AND a.settled_at IS NULL) AS alert_level,
        (SELECT COUNT(*) FROM clock o CROSS JOIN alert a
            WHERE o.ticket_id = t.id AND a.clock_id = o.id AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ) AS open_alerts,
        (SELECT MAX(a.raised_at) FROM clock o CROSS JOIN alert a
            WHERE o.ticket_id = t.id AND a.clock_id = o.id AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ) AS alerted_at
"""
_BESIDE = " JOIN conversation v ON v.id = t.conversation_id JOIN contact c ON c.id = t.contact_id"
_ALL = " FROM clock k JOIN ticket t ON t.id = k.ticket_id"
# From few tickets to their clocks, never the other way round: a CROSS JOIN keeps that order.
_OF_TICKETS = " FROM ticket t CROSS JOIN clock k"
_OF_AGENT = (
    " WHERE t.assignee_id = :assignee_id AND t.status IN ('new', 'open', 'pending', 'on_hold') AND k.ticket_id = t.id"
)
_OF_TEAM = " WHERE t.team_id = :team_id AND t.status IN ('new', 'open', 'pending', 'on_hold') AND k.ticket_id = t.id"
_OF_ALL = " WHERE k.stopped_at IS NULL"
_FITS = (
    " AND k.stopped_at IS NULL AND (:metric = '' OR k.metric = :metric)"
    " AND (:policy_id = '' OR k.policy_id = :policy_id)"
)
_DUE = " AND k.paused_at IS NULL AND k.due_at >= :since AND k.due_at < :until AND (k.due_at, k.id) > (:at, :id)"
_PAUSED = " AND k.paused_at IS NOT NULL AND (k.paused_at, k.id) > (:at, :id)"
_BY_DUE = " ORDER BY k.due_at, k.id LIMIT :limit"
_BY_PAUSE = " ORDER BY k.paused_at, k.id LIMIT :limit"
_COUNTED = """
    SELECT COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NULL THEN 1 END) AS open,
        COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NULL AND k.due_at <= :now THEN 1 END) AS overdue,
        COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NULL AND k.due_at > :now AND k.due_at <= :hour
            THEN 1 END) AS hour,
        COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NULL AND k.due_at > :now AND k.due_at <= :four_hours
            THEN 1 END) AS four_hours,
        COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NULL AND k.due_at > :now AND k.due_at < :today_ends
            THEN 1 END) AS today,
        COUNT(CASE WHEN k.ticket_id IS NOT NULL AND k.paused_at IS NOT NULL THEN 1 END) AS paused
"""

DUE = {
    "all": _ROW + _ALL + _BESIDE + _OF_ALL + _FITS + _DUE + _BY_DUE,
    "agent": _ROW + _OF_TICKETS + _BESIDE + _OF_AGENT + _FITS + _DUE + _BY_DUE,
    "team": _ROW + _OF_TICKETS + _BESIDE + _OF_TEAM + _FITS + _DUE + _BY_DUE,
}
PAUSED = {
    "all": _ROW + _ALL + _BESIDE + _OF_ALL + _FITS + _PAUSED + _BY_PAUSE,
    "agent": _ROW + _OF_TICKETS + _BESIDE + _OF_AGENT + _FITS + _PAUSED + _BY_PAUSE,
    "team": _ROW + _OF_TICKETS + _BESIDE + _OF_TEAM + _FITS + _PAUSED + _BY_PAUSE,
}
COUNTED = {
    "all": _COUNTED + " FROM clock k WHERE k.due_at >= 0" + _FITS,
    "agent": _COUNTED + _OF_TICKETS + _OF_AGENT + _FITS,
    "team": _COUNTED + _OF_TICKETS + _OF_TEAM + _FITS,
}


def listed(
    tx: Transaction, wanted: Wanted, moments: Moments, after: Edge | None = None, limit: int = PAGE
) -> list[DueRow]:
    """A page of the clocks, first due first; of those that stand still, the longest paused first."""
    since, until = _bounds(wanted.span, moments)
    edge = after or Edge(-1, "")
    values = {"since": max(since, edge.at), "until": until, "at": edge.at, "id": edge.id, "limit": limit}
    asked, whose = {**_values(wanted), **values}, _whose(wanted)
    rows = tx.execute(PAUSED[whose], asked) if wanted.span is Span.PAUSED else tx.execute(DUE[whose], asked)
    return [due_row(row) for row in rows]


def counts(tx: Transaction, wanted: Wanted, moments: Moments) -> Counts:
    """How many clocks each span has under this filter, whatever span it asks for."""
    values = {
        "now": moments.now,
        "hour": moments.now + HOUR_MS,
        "four_hours": moments.now + 4 * HOUR_MS,
        "today_ends": moments.today_ends,
    }
    row = tx.execute(COUNTED[_whose(wanted)], {**_values(wanted), **values})[0]
    return Counts(**{name: int(value) for name, value in row.items()})


def waiting(tx: Transaction) -> Waiting:
    """How many contacts wait for an answer, over all tickets."""
    row = tx.execute(
        """
        SELECT COUNT(*) AS contacts, MIN(started_at) AS since FROM clock
        WHERE stopped_at IS NULL AND paused_at IS NULL AND metric <> 'resolution' AND ticket_id IS NOT NULL
            AND due_at >= 0
        """
    )[0]
    return Waiting(int(row["contacts"]), row["since"])


def due_row(row: Row) -> DueRow:
    """A row of the list from one with its columns."""
    plan = json.loads(row.pop("plan_json"))
    return DueRow(
        **{
            **row,
            "status": Status(row["status"]),
            "priority": Priority(row["priority"]),
            "metric": Metric(row["metric"]),
            "soon_at": plan[0] if len(plan) > 1 else None,
        }
    )


def _bounds(span: Span, moments: Moments) -> tuple[int, int]:
    """From when, and until before when, a clock of this span is due."""
    after_now = moments.now + 1
    match span:
        case Span.OVERDUE:
            return 0, after_now
        case Span.HOUR:
            return after_now, after_now + HOUR_MS
        case Span.FOUR_HOURS:
            return after_now, after_now + 4 * HOUR_MS
        case Span.TODAY:
            return after_now, moments.today_ends
        case Span.OPEN | Span.PAUSED:
            return 0, EVER


def _whose(wanted: Wanted) -> str:
    return "agent" if wanted.assignee_id else "team" if wanted.team_id else "all"


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "metric": wanted.metric,
        "policy_id": wanted.policy_id,
        "assignee_id": wanted.assignee_id,
        "team_id": wanted.team_id,
    }
