"""How each way does, as its page shows it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.console.ways.targets import target_of
from tickets.alerts import Addressing, allowance
from tickets.alerts.allowance import Budget
from tickets.escalation.way_states import WayState
from tickets.escalation.ways import Way, Ways


class Health(StrEnum):
    """In a word. RESTS: its peer asked for patience; UNTRIED: nothing was ever sent by it."""

    WORKS = "works"
    FAILING = "failing"
    RESTS = "rests"
    CLOSED = "closed"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class WayFacts:
    """A way with how it does; used: messages of today that count towards its budget."""

    name: str
    kind: str
    addressing: Addressing
    target: str
    health: Health
    state: WayState
    is_outside: bool
    budget: Budget
    used: int

    @property
    def share(self) -> int:
        """How much of the day's budget is used, in percent; 0 without one."""
        return min(100, 100 * self.used // self.budget.daily) if self.budget.daily else 0


def facts(way: Way, state: WayState, used: int, now: int) -> WayFacts:
    """The facts of one way at a moment."""
    transport = way.transport
    return WayFacts(
        way.name,
        transport.kind,
        transport.addressing,
        target_of(way),
        _health(way, state, now),
        state,
        way.is_outside,
        allowance.budget_of(way.settings),
        used,
    )


def all_facts(ways: Ways, states: Mapping[str, WayState], used: Mapping[str, int], now: int) -> list[WayFacts]:
    """Every way: those that need somebody first."""
    found = [facts(ways[name], states[name], used.get(name, 0), now) for name in sorted(ways)]
    return sorted(found, key=lambda one: _URGENT.index(one.health))


def health_of(state: WayState, now: int) -> Health:
    """How a way does at a moment."""
    if state.is_closed(now):
        return Health.CLOSED
    if state.rests_until is not None and now < state.rests_until:
        return Health.RESTS
    if state.is_failing:
        return Health.FAILING
    return Health.UNTRIED if state.sent_at is None else Health.WORKS


def _health(way: Way, state: WayState, now: int) -> Health:
    """The console is there without a first try."""
    found = health_of(state, now)
    return Health.WORKS if found is Health.UNTRIED and not way.is_outside else found


_URGENT = (Health.CLOSED, Health.FAILING, Health.RESTS, Health.UNTRIED, Health.WORKS)
