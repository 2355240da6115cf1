"""Who is on duty on the days to come. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from tickets.escalation.people import duty_day, on_duty
from tickets.sla.model import Rota

LOOKED_AHEAD_DAYS = 366
HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class DutyDay:
    """Who takes over on a day; agent_id None: nobody. stands_in: a substitution, not the turn."""

    day: date
    agent_id: str | None
    stands_in: bool


@dataclass(frozen=True, slots=True)
class Shift:
    """Days on end with the same person on duty; from and until are epoch ms."""

    agent_id: str | None
    starts_at: int
    ends_at: int


def duty_days(rota: Rota, first: date, days: int) -> list[DutyDay]:
    """Each day's duty, which begins at the rota's handover on that day."""
    return [_duty_day(rota, first + timedelta(days=number)) for number in range(days)]


def shifts(rota: Rota, now: int, most: int = 2) -> list[Shift]:
    """The shift of now and those that follow, at most so many, as far as a year ahead."""
    first = duty_day(rota, now)
    days = duty_days(rota, first, LOOKED_AHEAD_DAYS)
    found = []
    for agent_id, same in groupby(days, key=lambda one: one.agent_id):
        alike = list(same)
        last = alike[-1].day + timedelta(days=1)
        found.append(Shift(agent_id, _handover(rota, alike[0].day), _handover(rota, last)))
        if len(found) == most:
            break
    return found


def _duty_day(rota: Rota, day: date) -> DutyDay:
    stands_in = any(one.first <= day <= one.last for one in rota.substitutions)
    # The middle of the duty is on its day in every zone, whatever the clocks do at night.
    return DutyDay(day, on_duty(rota, _handover(rota, day, HALF_A_DAY)), stands_in)


def _handover(rota: Rota, day: date, later: timedelta = timedelta()) -> int:
    """When the duty of a day begins, epoch ms, or so much later."""
    begin = datetime.combine(day, time()) + timedelta(minutes=rota.handover_minute) + later
    return int(begin.replace(tzinfo=ZoneInfo(rota.zone)).timestamp() * 1000)
