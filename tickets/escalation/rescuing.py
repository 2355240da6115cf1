"""Alerts that reached nobody: first by their level's other ways, then the chain's next level need not wait.

A way within the console proves nothing, for an open page may have nobody before it: an alert has reached somebody when
a way outside has delivered it. Where a level names no way outside, or none is set up at all, its place in the console's
lists is all that was asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from storage.database import Row, Transaction
from tickets.escalation import notices
from tickets.escalation.raised import Raised, all_raised
from tickets.escalation.telling import bundles, staff_now
from tickets.escalation.ways import CONSOLE, Ways
from tickets.rules import DeskRules
from tickets.sla import dues

PATIENCE_MS = 45_000
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Rescued:
    """What was done about alerts that reached nobody: told by other ways, gone on with to the next level, and left in
    the console, which is all that was asked for."""

    otherwise: Sequence[Raised] = ()
    advanced: Sequence[Raised] = ()
    arrived: Sequence[Raised] = ()

    @property
    def any(self) -> bool:
        """Whether there were any."""
        return bool(self.otherwise or self.advanced or self.arrived)


def rescue(tx: Transaction, now: int, rules: DeskRules, ways: Ways, limit: int = AT_ONCE, skip: int = 0) -> Rescued:
    """Go on with open alerts that reached nobody within PATIENCE_MS, or that nobody can be reached with any more: at
    most limit of them, but not with the first skip ones.

    The first time the level's fallback is used, the second time the chain's next level is due at once; without a
    fallback it is so the first time. Nothing is brought forward of what follows a warning or the last level, nor while
    the promise lies ahead again.
    """
    stuck, fell_back = _stuck(tx, now, limit, skip)
    if not stuck:
        return Rescued()
    asking = [one for one in stuck if _asks_for_more(one, ways)]
    arrived = [one for one in stuck if one not in asking]
    _arrived_in_console(tx, arrived, now)
    otherwise = _tell_otherwise(tx, [one for one in asking if one.alert_id not in fell_back], now, rules, ways)
    advanced = [one for one in asking if one not in otherwise]
    _advance(tx, advanced, now)
    return Rescued(otherwise, advanced, arrived)


def stuck_at(tx: Transaction, now: int, place: int) -> str | None:
    """The alert that rescue() comes to at this place, counted from 0; None if there are not so many."""
    rows = _stuck_rows(tx, now, 1, place)
    return rows[0]["alert_id"] if rows else None


def _stuck(tx: Transaction, now: int, limit: int, skip: int) -> tuple[list[Raised], Collection[str]]:
    """The alerts, and the ids of those whose fallback was used already."""
    rows = _stuck_rows(tx, now, limit, skip)
    fell_back = {row["alert_id"] for row in rows if row.pop("fallback_at") is not None}
    return all_raised(tx, rows), fell_back


def _stuck_rows(tx: Transaction, now: int, limit: int, skip: int) -> list[Row]:
    return tx.execute(
        """
        SELECT a.id AS alert_id, a.clock_id, k.ticket_id, t.number AS ticket_number, t.status AS ticket_status,
            t.conversation_id, t.assignee_id, t.team_id, a.level, a.kind, a.planned_at, a.raised_at, a.late,
            k.plan_json, k.policy_id, k.policy_version, a.fallback_at
        FROM alert a JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
        WHERE a.told_at IS NOT NULL AND a.delivered_at IS NULL AND a.acknowledged_at IS NULL AND a.settled_at IS NULL
            AND a.advanced_at IS NULL
            AND (COALESCE(a.fallback_at, a.told_at) <= :since OR NOT EXISTS (
                SELECT 1 FROM notice_alert x JOIN notice n ON n.id = x.notice_id
                WHERE x.alert_id = a.id AND n.finished_at IS NULL
            ))
        ORDER BY a.told_at, a.id LIMIT :limit OFFSET :skip
        """,
        {"since": now - PATIENCE_MS, "limit": limit, "skip": skip},
    )


def _asks_for_more(raised: Raised, ways: Ways) -> bool:
    """Whether its level names a way outside the console, on a desk that has any."""
    if raised.step is None or not any(way.is_outside for way in ways.values()):
        return False
    names = (*raised.step.transports, *raised.step.fallback)
    return any(ways[name].is_outside if name in ways else name != CONSOLE for name in names)


def _arrived_in_console(tx: Transaction, stuck: Sequence[Raised], now: int) -> None:
    tx.change_all(
        "UPDATE alert SET delivered_at = :now WHERE id = :id", [{"id": one.alert_id, "now": now} for one in stuck]
    )


def _tell_otherwise(
    tx: Transaction, stuck: Sequence[Raised], now: int, rules: DeskRules, ways: Ways
) -> Sequence[Raised]:
    """Use the fallback of their levels; returns those for whom it reaches anybody."""
    if not stuck:
        return ()
    told = bundles(stuck, staff_now(tx, ways, now, rules.time_zone), ways, lambda step: step.fallback)
    notices.tell_of(tx, told, now)
    reached = {alert_id for bundle in told for alert_id in bundle.alert_ids}
    helped = [one for one in stuck if one.alert_id in reached]
    tx.change_all(
        "UPDATE alert SET fallback_at = :now WHERE id = :id", [{"id": one.alert_id, "now": now} for one in helped]
    )
    return helped


def _is_broken(raised: Raised, now: int) -> bool:
    """Whether the promise is broken still: its due time may lie ahead again since."""
    return not raised.plan or dues.planned_at(1, raised.plan, raised.chain) <= now


def _advance(tx: Transaction, stuck: Sequence[Raised], now: int) -> None:
    tx.change_all(
        """
        UPDATE clock SET next_alert_at = :now
        WHERE id = :id AND next_level = :next_level AND next_alert_at > :now AND stopped_at IS NULL
            AND paused_at IS NULL
        """,
        [
            {"id": one.clock_id, "next_level": one.level + 1, "now": now}
            for one in stuck
            if 1 <= one.level < len(one.chain.levels) and _is_broken(one, now)
        ],
    )
    tx.change_all(
        "UPDATE alert SET advanced_at = :now WHERE id = :id", [{"id": one.alert_id, "now": now} for one in stuck]
    )
