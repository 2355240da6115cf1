"""Budgets and moments: when a budget is used up, how much of one was used, and what became of the time between."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from tickets.business_time.checking import is_always_open
from tickets.business_time.days import Days
from tickets.business_time.model import Calendar, Pause, Segment
from tickets.business_time.public_holidays import library
from tickets.business_time.timeline import SECOND, apart, interrupted, joined, local_date, pieces
from tickets.errors import NeverDue

HORIZON_YEARS = 20


def deadline(start: int, budget_ms: int, calendar: Calendar, pauses: Sequence[Pause] = ()) -> int:
    """The first moment at which budget_ms of counting time has passed since start.

    A budget that is used up just when the hours end is due at that closing moment, not at the next opening. A pause
    takes away only what would have counted, so it is measured by this calendar's clock and not by the wall's.

    Raises ValueError for a budget that is not positive and for a pause that has not ended: a caller that asks while one
    lasts says until when, and asks again later. Raises NeverDue if the budget lasts longer than HORIZON_YEARS.
    """
    if budget_ms <= 0:
        raise ValueError(f"a budget is positive, and {budget_ms} is not")
    if any(pause.end is None for pause in pauses):
        raise ValueError("nobody knows when something is due whose pause has not ended")
    clock = _clock(calendar)
    for pause in _taken(pauses, start):
        if (due := clock.used_up(start, budget_ms)) <= pause.start:
            return due
        start, budget_ms = pause.end, budget_ms - clock.counted(start, pause.start)
    return clock.used_up(start, budget_ms)


def working_ms(start: int, end: int, calendar: Calendar, pauses: Iterable[Pause] = ()) -> int:
    """How much of the time from start until before end counts, in ms; 0 if end is not after start.

    A pause that has not ended lasts until end.
    """
    clock = _clock(calendar)
    counted = clock.counted(start, end)
    return counted - sum(clock.counted(pause.start, pause.end) for pause in apart(pauses, start, end))


def segments(start: int, end: int, calendar: Calendar, pauses: Iterable[Pause] = ()) -> tuple[Segment, ...]:
    """Every moment from start until before end with what it was, without gaps; neighbours alike are one segment.

    A pause that has not ended lasts until end. Where pauses overlap, the reason is that of the one that began first.
    """
    paused = apart(pauses, start, end)
    told = (
        part
        for piece in _clock(calendar).pieces(start, end)
        for part in (interrupted(piece, paused) if piece.kind.counts else (piece,))
    )
    return tuple(joined(told))


def unknown_years(start: int, end: int, calendar: Calendar) -> tuple[int, ...]:
    """The years whose public holidays are not known and may matter from start to end, both included, ascending.

    The last week of a known December needs the year that follows: its notice may move days of that week.
    """
    if calendar.holidays is None:
        return ()
    zone = ZoneInfo(calendar.zone)
    return library(calendar.holidays).unknown_years(local_date(start, zone), local_date(end, zone))


def _taken(pauses: Sequence[Pause], start: int) -> list[Segment]:
    ends = [pause.end for pause in pauses if pause.end is not None]
    return apart(pauses, start, max(ends)) if ends else []


@dataclass(frozen=True, slots=True)
class _Year:
    """The hours of one year in UTC that count: where each begins and ends, how much of the year counted before it."""

    starts: Sequence[int]
    ends: Sequence[int]
    before: Sequence[int]
    total: int

    def counted_before(self, moment: int) -> int:
        """How much of the year counts before a moment within it."""
        at = bisect_right(self.starts, moment) - 1
        if at < 0:
            return 0
        return self.before[at] + min(moment, self.ends[at]) - self.starts[at]

    def used_up(self, amount: int) -> int:
        """The first moment at which this much of the year has counted; 0 < amount <= total."""
        at = bisect_left(self.before, amount) - 1
        return self.starts[at] + amount - self.before[at]


class _Clock:
    """A calendar with its years counted out, each when it is first asked for."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.zone)
        self._days = Days(calendar)
        self._always = is_always_open(calendar)
        self._years: dict[int, _Year] = {}

    def counted(self, start: int, end: int) -> int:
        """How much counts from start until before end."""
        if end <= start:
            return 0
        if self._always:
            return end - start
        first, last = _year_of(start), _year_of(end)
        whole = sum(self._year(number).total for number in range(first, last))
        return whole + self._year(last).counted_before(end) - self._year(first).counted_before(start)

    def used_up(self, start: int, budget: int) -> int:
        """The first moment at which a budget has been used since start. Raises NeverDue."""
        if self._always:
            return start + budget
        first = _year_of(start)
        left = budget + self._year(first).counted_before(start)
        for number in range(first, first + HORIZON_YEARS + 1):
            year = self._year(number)
            if left <= year.total:
                return year.used_up(left)
            left -= year.total
        raise NeverDue(f"{left} ms of {budget} would be left after {HORIZON_YEARS} years")

    def pieces(self, start: int, end: int) -> Iterable[Segment]:
        """What each moment from start until before end is for the calendar."""
        return pieces(self._days, self._zone, start, end) if start < end else ()

    def _year(self, number: int) -> _Year:
        if number not in self._years:
            begins, ends = _year_start(number), _year_start(number + 1)
            self._years[number] = _counted_out(pieces(self._days, self._zone, begins, ends))
        return self._years[number]


def _counted_out(told: Iterable[Segment]) -> _Year:
    starts, ends, before, total = array("q"), array("q"), array("q"), 0
    for piece in told:
        if piece.kind.counts:
            starts.append(piece.start)
            before.append(total)
            ends.append(piece.end)
            total += piece.end - piece.start
    return _Year(starts, ends, before, total)


@lru_cache(maxsize=64)
def _clock(calendar: Calendar) -> _Clock:
    return _Clock(calendar)


def _year_of(moment: int) -> int:
    return datetime.fromtimestamp(moment // SECOND, UTC).year


@lru_cache(maxsize=256)
def _year_start(number: int) -> int:
    return int(datetime(number, 1, 1, tzinfo=UTC).timestamp()) * SECOND
