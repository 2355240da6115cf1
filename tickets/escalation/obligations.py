"""The alerts that are open, for those who have to act on them."""

from dataclasses import dataclass

from storage.database import Row, Transaction
from tickets import tickets
from tickets.model import Alert, Metric


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An obligation that nobody has acknowledged, with what a person needs to see of its ticket."""

    alert: Alert
    ticket_number: str
    subject: str
    assignee_id: str | None
    metric: Metric
    waiting_since: int
    due_at: int


def open_alerts(tx: Transaction) -> list[OpenAlert]:
    """Every alert that is neither acknowledged nor settled and has its ticket, oldest first."""
    rows = tx.execute(
        """
        SELECT a.id, a.clock_id, a.level, a.kind, a.planned_at, a.raised_at, a.late, a.told_at, a.delivered_at,
            a.acknowledged_at, a.acknowledged_by, a.settled_at, t.number, t.subject, t.assignee_id,
            k.metric, k.started_at, k.due_at
        FROM alert a JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
        WHERE a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ORDER BY a.raised_at, a.id
        """
    )
    return [_open_alert(row) for row in rows]


def _open_alert(row: Row) -> OpenAlert:
    of_ticket = ("number", "subject", "assignee_id", "metric", "started_at", "due_at")
    number, subject, assignee_id, metric, started_at, due_at = (row.pop(column) for column in of_ticket)
    return OpenAlert(tickets.alert_from(row), number, subject, assignee_id, Metric(metric), started_at, due_at)
