"""The rules that tests work under, and the ways of telling people that exist in them."""

from typing import Any

from storage.database import Row, Transaction
from tickets.alerts import TRANSPORTS
from tickets.escalation.raised import Raised
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell
from tickets.escalation.ways import Way, Ways
from tickets.rules import DeskRules
from tickets.sla import seeding
from tickets.sla.model import Chain, Level
from tickets.sla.seeding import Names, Seed

MINUTE = 60_000
HOUR = 60 * MINUTE
ZONE = "Asia/Shanghai"
NAMES = Names("标准时限", "标准升级链", "工作时间", "临近提醒")
RULES = DeskRules(late_after_ms=MINUTE, reopen_within_ms=72 * HOUR, time_zone=ZONE)
LEVELS = (
    Level("agents", 0, ("assignee",), ("mail",)),
    Level("leads", 30 * MINUTE, ("role:supervisor", "duty@example.com"), ("mail", "webhook")),
)
WAYS: Ways = {name: Way(name, TRANSPORTS[name], None) for name in ("mail", "webhook")}


def chain(levels: tuple[Level, ...] = LEVELS, **more: Any) -> Chain:
    """A chain that repeats hourly; acknowledged, it rests for good, unless more says otherwise."""
    settings: dict[str, Any] = {
        "warning": None,
        "repeat_ms": HOUR,
        "acknowledged_for_ms": None,
        "longest_snooze_ms": 24 * HOUR,
    }
    return Chain(levels, **{**settings, **more})


def seed(tx: Transaction, now: int, reply_ms: int = 12 * HOUR, warn_share: int = 0, own: Chain | None = None) -> None:
    """An answer within twelve hours of natural time to everybody, and this chain."""
    seeding.seed(tx, Seed(reply_ms, warn_share, own or chain(), ZONE, NAMES), now)


def sweep_and_tell(tx: Transaction, now: int, rules: DeskRules = RULES, ways: Ways = WAYS) -> list[Raised]:
    """What the sweep's turn does: raise what is due and tell people; the alerts told of."""
    sweep(tx, now, rules.late_after_ms)
    return tell(tx, now, rules, ways)


def open_alerts(tx: Transaction) -> list[Row]:
    """The alerts that are neither acknowledged nor settled and have their ticket: id, level, and when their wait began
    and is due; oldest first."""
    return tx.execute(
        """
        SELECT a.id, a.level, k.started_at, k.due_at
        FROM alert a JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
        WHERE a.acknowledged_at IS NULL AND a.settled_at IS NULL
        ORDER BY a.raised_at, a.id
        """
    )
