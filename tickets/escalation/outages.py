"""That people cannot be told is itself something that everybody has to see."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Transaction
from tickets.escalation import way_states
from tickets.escalation.way_states import WayState
from tickets.escalation.ways import Ways

LOST_AFTER_MS = 120_000
BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Outage:
    """What is wrong with telling people now.

    unreached: open alerts that have reached nobody for LOST_AFTER_MS, since: when people should have been told of the
    first of them. closed: ways that are not used until somebody has seen to them. spent: ways whose messages of the day
    are used up. all_down: nobody is reached, and no way is known to work. untold: of how many of the unreached nobody
    could be told. mute: nor was anybody told of anything that was raised after the first of those.
    """

    unreached: int = 0
    since: int | None = None
    closed: Sequence[WayState] = ()
    spent: Sequence[WayState] = ()
    all_down: bool = False
    untold: int = 0
    mute: bool = False


def look(tx: Transaction, ways: Ways, now: int) -> Outage:
    """What is wrong now."""
    sent, since = unreached_alerts(tx, now - LOST_AFTER_MS)
    untold, untold_since = untold_alerts(tx, now - LOST_AFTER_MS)
    unreached = sent + untold
    outside = {name: way for name, way in ways.items() if way.is_outside}
    states = way_states.of_ways(tx, outside)
    return Outage(
        unreached,
        min((at for at in (since, untold_since) if at is not None), default=None),
        [state for state in states if state.is_closed(now)],
        [state for state in states if state.is_failing and state.code == BUDGET and not state.is_closed(now)],
        unreached > 0 and bool(states) and not any(state.works(now) for state in states),
        untold,
        untold_since is not None and not _told_since(tx, untold_since),
    )


def unreached_alerts(tx: Transaction, told_by: int) -> tuple[int, int | None]:
    """How many open alerts have reached nobody although people were told by then, and when of the first.

    One whose clock has reached somebody by another level since then is not among them.
    """
    (row,) = tx.execute(
        """
        SELECT COUNT(*) AS alerts, MIN(a.told_at) AS since FROM alert a
        WHERE a.told_at <= :told_by AND a.delivered_at IS NULL AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM alert b WHERE b.clock_id = a.clock_id AND b.delivered_at >= a.told_at
            )
        """,
        {"told_by": told_by},
    )
    return int(row["alerts"]), row["since"]


def untold_alerts(tx: Transaction, raised_by: int) -> tuple[int, int | None]:
    """How many open alerts that were raised by then nobody was told of, and when the first was raised: telling comes
    within seconds, so something is broken."""
    (row,) = tx.execute(
        """
        SELECT COUNT(*) AS alerts, MIN(raised_at) AS since FROM alert
        WHERE raised_at <= :raised_by AND told_at IS NULL AND settled_at IS NULL AND acknowledged_at IS NULL
        """,
        {"raised_by": raised_by},
    )
    return int(row["alerts"]), row["since"]


def _told_since(tx: Transaction, raised_at: int) -> bool:
    rows = tx.execute(
        "SELECT id FROM alert WHERE raised_at >= :raised_at AND told_at IS NOT NULL LIMIT 1",
        {"raised_at": raised_at},
    )
    return bool(rows)
