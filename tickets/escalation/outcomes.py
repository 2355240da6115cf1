"""What a notice tells, and what came of sending it."""

from dataclasses import dataclass

from storage.database import Row, Transaction, first
from tickets.alerts import Failure
from tickets.escalation.notices import NoticeState
from tickets.model import AlertKind, Metric


@dataclass(frozen=True, slots=True)
class Told:
    """One open alert that a notice tells of, with the facts that its words may use."""

    alert_id: str
    ticket_number: str
    kind: AlertKind
    metric: Metric
    level: int
    waiting_since: int
    due_at: int
    planned_at: int
    late: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice about to be sent: to whom, when it was first tried, and the alerts in it that are still open."""

    id: str
    transport: str
    recipient: str
    tried_at: int | None
    alerts: tuple[Told, ...]


def begin(tx: Transaction, notice_id: str, now: int) -> Waiting | None:
    """The notice, about to be tried: from now on nothing joins it. None if it is not there any more."""
    row = first(tx.execute("SELECT id, transport, recipient, tried_at FROM notice WHERE id = :id", {"id": notice_id}))
    if row is None:
        return None
    tx.change(
        "UPDATE notice SET tried_at = COALESCE(tried_at, :now), attempts = attempts + 1 WHERE id = :id",
        {"now": now, "id": notice_id},
    )
    return Waiting(row["id"], row["transport"], row["recipient"], row["tried_at"], _open_alerts(tx, notice_id))


def sent(tx: Transaction, notice_id: str, reference: str, now: int) -> None:
    """The peer has taken it; its alerts have reached somebody."""
    _settle(tx, notice_id, NoticeState.SENT, reference, "", "", now)
    tx.change(
        """
        UPDATE alert SET delivered_at = :now
        WHERE delivered_at IS NULL AND id IN (SELECT alert_id FROM notice_alert WHERE notice_id = :id)
        """,
        {"now": now, "id": notice_id},
    )


def failed(tx: Transaction, notice_id: str, failure: Failure, code: str, error: str, now: int) -> None:
    """The last attempt went wrong; it stays queued if another will follow."""
    states = {
        Failure.RETRY: NoticeState.QUEUED,
        Failure.UNKNOWN: NoticeState.UNKNOWN,
        Failure.PERMANENT: NoticeState.FAILED,
        Failure.CLOSED: NoticeState.FAILED,
    }
    _settle(tx, notice_id, states[failure], "", code, error, now)


def withdraw(tx: Transaction, notice_id: str, now: int) -> None:
    """Nobody needs it any more."""
    _settle(tx, notice_id, NoticeState.WITHDRAWN, "", "", "", now)


def _settle(
    tx: Transaction, notice_id: str, state: NoticeState, reference: str, code: str, error: str, now: int
) -> None:
    tx.change(
        """
        UPDATE notice
        SET state = :state, reference = :reference, code = :code, error = :error,
            sent_at = CASE WHEN :state IN ('sent', 'unknown') THEN :now ELSE sent_at END,
            finished_at = CASE WHEN :state = 'queued' THEN NULL ELSE :now END
        WHERE id = :id
        """,
        {"state": state, "reference": reference, "code": code, "error": error, "now": now, "id": notice_id},
    )


def _open_alerts(tx: Transaction, notice_id: str) -> tuple[Told, ...]:
    rows = tx.execute(
        """
        SELECT a.id AS alert_id, t.number AS ticket_number, a.kind, k.metric, a.level, k.started_at AS waiting_since,
            k.due_at, a.planned_at, a.late
        FROM notice_alert x JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
        JOIN ticket t ON t.id = a.ticket_id
        WHERE x.notice_id = :id AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ORDER BY k.due_at, a.id
        """,
        {"id": notice_id},
    )
    return tuple(_told(row) for row in rows)


def _told(row: Row) -> Told:
    return Told(**{**row, "kind": AlertKind(row["kind"]), "metric": Metric(row["metric"]), "late": bool(row["late"])})
