"""The weeks to come of a rota as a strip of days. Pure but for the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.console.story import isolated
from bot.console.times import Almanac
from tickets.escalation import people, roster
from tickets.sla.model import Rota

WEEKS = 4
COLOURS = 6


@dataclass(frozen=True, slots=True)
class DutyCell:
    """One day: its number, the month where one begins, who takes over; colour: the same for the same member, 0 for
    nobody."""

    number: int
    month: str
    iso: str
    name: str
    colour: int
    stands_in: bool
    is_today: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class DutyShift:
    """Who is on duty until when; name "" for nobody."""

    name: str
    starts_at: int
    ends_at: int


def strip(rota: Rota, agents: Mapping[str, str], almanac: Almanac) -> Sequence[Sequence[DutyCell]]:
    """Whole weeks from Monday of this one."""
    today = people.duty_day(rota, almanac.now)
    first = today - timedelta(days=today.weekday())
    colours = {agent_id: number % COLOURS + 1 for number, agent_id in enumerate(dict.fromkeys(rota.members))}
    cells = [
        DutyCell(
            number=one.day.day,
            month=almanac.say(f"time.month.{one.day.month}") if one.day.day == 1 or one.day == first else "",
            iso=one.day.isoformat(),
            name=agents.get(one.agent_id or "", ""),
            colour=colours.get(one.agent_id or "", COLOURS) if one.agent_id else 0,
            stands_in=one.stands_in,
            is_today=one.day == today,
            is_past=one.day < today,
        )
        for one in roster.duty_days(rota, first, WEEKS * 7)
    ]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def shifts(rota: Rota, agents: Mapping[str, str], now: int) -> Sequence[DutyShift]:
    """Who is on duty now and next."""
    return [
        DutyShift(isolated(agents.get(one.agent_id or "", "")), one.starts_at, one.ends_at)
        for one in roster.shifts(rota, now)
    ]
