"""What a notice tells, and what came of sending it.

While an attempt is under way a notice is unknown: whoever finds it so after a crash has to take it for sent or to ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Row, Transaction, first
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
    """A notice about to be sent: to whom, and the alerts in it that are still open.

    unsure_since: when an attempt began of which nobody knows whether it arrived; None if there is none.
    """

    id: str
    transport: str
    recipient: str
    unsure_since: int | None
    alerts: tuple[Told, ...]


def waiting(tx: Transaction, notice_id: str) -> Waiting | None:
    """The notice as it would be sent now; None if it is not there any more or was sent."""
    row = first(
        tx.execute(
            "SELECT id, transport, recipient, state, sent_at FROM notice WHERE id = :id AND state <> 'sent'",
            {"id": notice_id},
        )
    )
    if row is None:
        return None
    unsure_since = row["sent_at"] if row["state"] == NoticeState.UNKNOWN else None
    return Waiting(row["id"], row["transport"], row["recipient"], unsure_since, _open_alerts(tx, notice_id))


def begin(tx: Transaction, notice_id: str, now: int) -> None:
    """An attempt begins, or an earlier one that is unclear is asked about: from now on nothing joins the notice."""
    tx.change(
        """
        UPDATE notice
        SET state = 'unknown', tried_at = COALESCE(tried_at, :now), attempts = attempts + 1, finished_at = NULL,
            sent_at = CASE WHEN state = 'unknown' THEN sent_at ELSE :now END
        WHERE id = :id
        """,
        {"now": now, "id": notice_id},
    )


def begin_again(tx: Transaction, notice_id: str, now: int) -> None:
    """The peer said that what was unclear has not arrived; another attempt begins."""
    tx.change("UPDATE notice SET sent_at = :now WHERE id = :id", {"now": now, "id": notice_id})


def sent(tx: Transaction, notice_id: str, reference: str, now: int, reaches: bool = True) -> None:
    """The peer has taken it; if that means that it reached somebody, its alerts have."""
    tx.change(
        """
        UPDATE notice SET state = 'sent', sent_at = :now, finished_at = :now, reference = :reference, code = '',
            error = ''
        WHERE id = :id
        """,
        {"reference": reference, "now": now, "id": notice_id},
    )
    if reaches:
        tx.change(
            """
            UPDATE alert SET delivered_at = :now
            WHERE delivered_at IS NULL AND id IN (SELECT alert_id FROM notice_alert WHERE notice_id = :id)
            """,
            {"now": now, "id": notice_id},
        )


def failed(tx: Transaction, notice_id: str, code: str, error: str, now: int, again: bool) -> None:
    """It did not arrive. again: another attempt will follow by itself."""
    _did_not_arrive(tx, notice_id, NoticeState.QUEUED if again else NoticeState.FAILED, code, error, now)


def absent(tx: Transaction, notice_id: str, code: str, error: str, now: int, again: bool) -> None:
    """Nobody was there to see it, and nobody has to look after that. again: as with failed()."""
    _did_not_arrive(tx, notice_id, NoticeState.QUEUED if again else NoticeState.ABSENT, code, error, now)


def unclear(tx: Transaction, notice_id: str, code: str, error: str, now: int, again: bool) -> None:
    """It may have arrived. again: it will be asked about or sent again by itself."""
    tx.change(
        """
        UPDATE notice SET state = 'unknown', finished_at = CASE WHEN :again = 1 THEN NULL ELSE :now END, code = :code,
            error = :error
        WHERE id = :id
        """,
        {"again": int(again), "code": code, "error": error, "now": now, "id": notice_id},
    )


def fail_stopped(tx: Transaction, transports: Sequence[str], code: str, error: str, now: int) -> int:
    """Those of these ways whose outbox rows have died end as well; returns how many there were."""
    return tx.change_all(
        """
        UPDATE notice
        SET state = CASE WHEN state = 'queued' THEN 'failed' ELSE state END, finished_at = :now, code = :code,
            error = :error
        WHERE transport = :transport AND finished_at IS NULL
            AND EXISTS (SELECT 1 FROM outbox o WHERE o.key = 'notice:' || notice.id AND o.status = 'dead')
        """,
        [{"transport": transport, "code": code, "error": error, "now": now} for transport in transports],
    )


def withdraw(tx: Transaction, notice_id: str, now: int) -> None:
    """Nobody needs it any more."""
    tx.change("UPDATE notice SET state = 'withdrawn', finished_at = :now WHERE id = :id", {"now": now, "id": notice_id})


def _did_not_arrive(tx: Transaction, notice_id: str, state: NoticeState, code: str, error: str, now: int) -> None:
    tx.change(
        """
        UPDATE notice SET state = :state, sent_at = NULL, code = :code, error = :error,
            finished_at = CASE WHEN :state = 'queued' THEN NULL ELSE :now END
        WHERE id = :id
        """,
        {"state": state, "code": code, "error": error, "now": now, "id": notice_id},
    )


def _open_alerts(tx: Transaction, notice_id: str) -> tuple[Told, ...]:
    rows = tx.execute(
        """
        SELECT a.id AS alert_id, t.number AS ticket_number, a.kind, k.metric, a.level, k.started_at AS waiting_since,
            k.due_at, a.planned_at, a.late
        FROM notice_alert x JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
            JOIN ticket t ON t.id = k.ticket_id
        WHERE x.notice_id = :id AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ORDER BY k.due_at, a.id
        """,
        {"id": notice_id},
    )
    return tuple(_told(row) for row in rows)


def _told(row: Row) -> Told:
    return Told(**{**row, "kind": AlertKind(row["kind"]), "metric": Metric(row["metric"]), "late": bool(row["late"])})
