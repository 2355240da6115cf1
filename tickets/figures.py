"""The service desk in numbers, for whoever watches it from outside."""

from dataclasses import dataclass

from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand at one moment. overdue counts waits past their due time, undecided the messages that were
    accepted and not answered, asked back about or handed over yet."""

    live_tickets: int
    overdue: int
    open_alerts: int
    undecided: int


def figures(tx: Transaction, now: int) -> Figures:
    """The figures now, all of one moment."""
    row = tx.execute(
        """
        SELECT
            (SELECT COUNT(*) FROM ticket WHERE status IN ('new', 'open', 'pending', 'on_hold')) AS live_tickets,
            (SELECT COUNT(*) FROM clock
                WHERE stopped_at IS NULL AND paused_at IS NULL AND due_at <= :now AND metric <> 'resolution'
            ) AS overdue,
            (SELECT COUNT(*) FROM alert WHERE acknowledged_at IS NULL AND settled_at IS NULL) AS open_alerts,
            (SELECT COUNT(*) FROM message WHERE decided_at IS NULL) AS undecided
        """,
        {"now": now},
    )[0]
    return Figures(**row)
