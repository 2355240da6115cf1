"""When a promise is due, when people are warned, and the receipt that shows why. Pure; times are epoch ms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickets import business_time
from tickets.business_time import Calendar, Pause, Segment
from tickets.sla.model import Budget, Chain, Level, Warning


@dataclass(frozen=True, slots=True)
class Due:
    """A due time with its warnings, earliest first, each no later than the due time."""

    due_at: int
    warnings: tuple[int, ...]

    @property
    def plan(self) -> tuple[int, ...]:
        """The moments of all steps up to the breach, which comes last."""
        return (*self.warnings, self.due_at)


def due(start: int, budget: Budget, calendar: Calendar, pauses: Sequence[Pause], now: int) -> Due:
    """When the budget is used up. A pause that still lasts is taken to end now."""
    ended = closed(pauses, now)
    warnings = sorted(
        business_time.deadline(start, used, calendar, ended) if used > 0 else start
        for used in (_used(warning, budget.length_ms) for warning in budget.warnings)
    )
    due_at = business_time.deadline(start, budget.length_ms, calendar, ended)
    return Due(due_at, tuple(min(at, due_at) for at in warnings))


def receipt(start: int, end: int, calendar: Calendar, pauses: Sequence[Pause]) -> tuple[Segment, ...]:
    """What counted and what did not from start to end, without a gap."""
    return business_time.segments(start, end, calendar, pauses)


def closed(pauses: Sequence[Pause], now: int) -> tuple[Pause, ...]:
    """The pauses, those that still last cut off now."""
    return tuple(pause if pause.end is not None else replace(pause, end=max(pause.start, now)) for pause in pauses)


def first_level(plan: Sequence[int]) -> int:
    """The number of the first step of a plan: 1 is the breach, the warnings before it are 0, -1 …"""
    return 2 - len(plan)


def planned_at(level: int, plan: Sequence[int], chain: Chain) -> int:
    """When a step up to the breach is planned; a warning that the plan does not have counts as its first step. The
    breach's own level may wait a little after the due time."""
    at = plan[max(0, level - first_level(plan))]
    return at + chain.levels[0].after_ms if level == 1 else at


def level_at(level: int, chain: Chain) -> Level | None:
    """The step of the chain for a level: who hears of warnings for those up to 0; past the end the last step again."""
    if level < 1:
        return chain.warning
    return chain.levels[min(level, len(chain.levels)) - 1]


def next_alert_at(level: int, raised_at: int, plan: Sequence[int], chain: Chain) -> int:
    """When the step that follows this level is planned."""
    if level < 1:
        return planned_at(level + 1, plan, chain)
    if level < len(chain.levels):
        return raised_at + chain.levels[level].after_ms
    return raised_at + chain.repeat_ms


def _used(warning: Warning, length_ms: int) -> int:
    """How much of the budget is used up when the warning is due; never all of it."""
    used = length_ms * warning.share // 100 if warning.share is not None else length_ms - (warning.lead_ms or 0)
    return max(0, min(used, length_ms - 1))
