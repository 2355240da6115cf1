"""Who was told of a ticket's deadlines, when, by what and with which result, and who took notice."""

from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction
from tickets import tickets
from tickets.escalation import results
from tickets.escalation.results import Facts, NoticeFact
from tickets.model import Alert, AlertKind, Metric


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An obligation with everybody who was told of it, in the order in which they were written to."""

    alert: Alert
    metric: Metric
    notices: tuple[NoticeFact, ...]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody took notice. until: when the chain goes on, None if it rests for good or never ran."""

    clock_id: str
    metric: Metric
    agent_id: str
    snoozed: bool
    until: int | None
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class History:
    """A ticket's obligations and acknowledgements, the newest first."""

    alerts: tuple[AlertFact, ...]
    acknowledgements: tuple[Acknowledged, ...]

    @property
    def open(self) -> tuple[AlertFact, ...]:
        """The obligations of which nobody has taken notice."""
        return tuple(one for one in self.alerts if one.alert.open)


class AlertState(StrEnum):
    """What became of an obligation; SETTLED: the wait was over before anybody took notice."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class RecentAlert:
    """An obligation without anybody's name."""

    number: str
    kind: AlertKind
    level: int
    metric: Metric
    raised_at: int
    late: bool
    acknowledged_at: int | None
    settled_at: int | None

    @property
    def state(self) -> AlertState:
        """What became of it."""
        if self.acknowledged_at is not None:
            return AlertState.ACKNOWLEDGED
        return AlertState.OPEN if self.settled_at is None else AlertState.SETTLED


def of_ticket(tx: Transaction, ticket_id: str) -> History:
    """Everything that people were told about the deadlines of a ticket, in three reads."""
    notices = results.of_ticket(tx, ticket_id)
    alerts = tx.execute(
        """
        SELECT a.id, a.clock_id, a.level, a.kind, a.planned_at, a.raised_at, a.late, a.told_at, a.delivered_at,
            a.acknowledged_at, a.acknowledged_by, a.settled_at, k.metric
        FROM alert a JOIN clock k ON k.id = a.clock_id
        WHERE k.ticket_id = :ticket_id ORDER BY a.raised_at DESC, a.level DESC
        """,
        {"ticket_id": ticket_id},
    )
    return History(tuple(_alert_fact(row, notices) for row in alerts), _acknowledgements(tx, ticket_id))


def latest_acknowledgement(tx: Transaction, ticket_id: str) -> Acknowledged | None:
    """Who took notice of the ticket's deadlines last."""
    return next(iter(_acknowledgements(tx, ticket_id)), None)


def recent(tx: Transaction, limit: int) -> list[RecentAlert]:
    """The obligations that were raised last, the newest first; of tickets alone."""
    rows = tx.execute(
        """
        SELECT t.number, a.kind, a.level, k.metric, a.raised_at, a.late, a.acknowledged_at, a.settled_at
        FROM alert a JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
        ORDER BY a.raised_at DESC, a.id DESC LIMIT :limit
        """,
        {"limit": limit},
    )
    told = {"kind": AlertKind, "metric": Metric, "late": bool}
    return [RecentAlert(**{**row, **{name: kind(row[name]) for name, kind in told.items()}}) for row in rows]


def _acknowledgements(tx: Transaction, ticket_id: str) -> tuple[Acknowledged, ...]:
    rows = tx.execute(
        """
        SELECT a.clock_id, k.metric, a.agent_id, a.snoozed, a.until, a.reason, a.at
        FROM acknowledgement a JOIN clock k ON k.id = a.clock_id
        WHERE a.ticket_id = :ticket_id ORDER BY a.at DESC, a.id DESC
        """,
        {"ticket_id": ticket_id},
    )
    return tuple(
        Acknowledged(**{**row, "metric": Metric(row["metric"]), "snoozed": bool(row["snoozed"])}) for row in rows
    )


def _alert_fact(row: Row, notices: Facts) -> AlertFact:
    metric = Metric(row.pop("metric"))
    return AlertFact(tickets.alert_from(row), metric, tuple(notices.get(row["id"], ())))
