"""How telling people does, in numbers, for monitors."""

from dataclasses import dataclass

from storage.database import Transaction
from tickets.escalation import outages, sweeping, way_states
from tickets.escalation.ways import Ways

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Alerting:
    """notices: (transport, state, notices made in the last 24 hours); working: (transport, whether it is up).

    unreached: open alerts that reached nobody yet. lateness_seconds: how long the step of
    a chain that is due longest was not raised.
    """

    notices: tuple[tuple[str, str, int], ...] = ()
    working: tuple[tuple[str, bool], ...] = ()
    unreached: int = 0
    lateness_seconds: float = 0.0


def alerting(tx: Transaction, ways: Ways, now: int) -> Alerting:
    """The numbers now."""
    rows = tx.execute(
        """
        SELECT transport, state, COUNT(*) AS held FROM notice WHERE created_at >= :since
        GROUP BY transport, state ORDER BY transport, state
        """,
        {"since": now - DAY_MS},
    )
    due = sweeping.next_due(tx)
    return Alerting(
        tuple((row["transport"], row["state"], int(row["held"])) for row in rows),
        tuple((state.transport, state.works(now)) for state in way_states.of_ways(tx, ways)),
        outages.unreached_alerts(tx, now)[0] + outages.untold_alerts(tx, now)[0],
        max(0, now - due) / 1000 if due is not None else 0.0,
    )
