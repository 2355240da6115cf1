"""What each day of a calendar is: the strip of weeks, and the occasions that people wonder about. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from tickets.business_time import Calendar, Segment, SegmentKind, segments
from tickets.business_time.public_holidays import library

CLOSING_MS = 10 * 60_000
LATE_IN_THE_MORNING = time(10)
LOOKED_BACK = 15
MOST_OCCASIONS = 6
MOST_HOLIDAYS = 3
# Which kind names a day that has several.
RANK = (
    SegmentKind.SPECIAL_OPEN,
    SegmentKind.SPECIAL_CLOSED,
    SegmentKind.HOLIDAY,
    SegmentKind.MAKE_UP,
    SegmentKind.COUNTING,
    SegmentKind.POSSIBLE_MAKE_UP,
    SegmentKind.PAUSED,
    SegmentKind.CLOSED,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date with its stretches; kind and reason are those that name it."""

    date: date
    parts: tuple[Segment, ...]
    kind: SegmentKind
    reason: str

    @property
    def counted_ms(self) -> int:
        """How much of it counts."""
        return sum(part.end - part.start for part in self.parts if part.kind.counts)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment to start from. kind: 'now', 'friday', 'before' (before the holiday of that key) or 'make_up'."""

    kind: str
    holiday: str
    at: int


def by_day(found: Sequence[Segment], zone: ZoneInfo) -> list[Day]:
    """Segments cut at midnight and put together by date."""
    cut = [part for segment in found for part in _cut(segment, zone)]
    return [_day(day, tuple(parts)) for day, parts in groupby(cut, key=lambda part: local(part.start, zone).date())]


def days_of(calendar: Calendar, first: date, end: date) -> list[Day]:
    """The days from first until before end."""
    zone = ZoneInfo(calendar.zone)
    return by_day(segments(midnight(first, zone), midnight(end, zone), calendar), zone)


def occasions(calendar: Calendar, now: int) -> list[Occasion]:
    """Moments at which a promise is not obvious: just before closing before a holiday or a weekend, on make-up days.

    Of holidays those to come; where the calendar knows none, the last ones.
    """
    found = [Occasion("now", "", now), *_friday(calendar, now)]
    if calendar.holidays is not None:
        public = library(calendar.holidays)
        today = local(now, ZoneInfo(calendar.zone)).date()
        for begins, holiday in _holidays(public.closed, today):
            found += [Occasion("before", holiday, at) for at in _before(calendar, begins)]
        for day, holiday in _nearest(sorted(public.make_up.items()), today, 1):
            found.append(Occasion("make_up", holiday, moment_of(day, LATE_IN_THE_MORNING, calendar)))
    return found[:MOST_OCCASIONS]


def moment_of(day: date, at: time, calendar: Calendar) -> int:
    """The moment at which the clocks of the calendar's zone show this; the first of two."""
    return int(datetime.combine(day, at, ZoneInfo(calendar.zone)).timestamp() * 1000)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The moment at which a date begins."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def local(at: int, zone: ZoneInfo) -> datetime:
    """A moment as the clocks of the zone show it."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def _friday(calendar: Calendar, now: int) -> list[Occasion]:
    today = local(now, ZoneInfo(calendar.zone)).date()
    friday = today + timedelta(days=(4 - today.weekday()) % 7 or 7)
    closing = _closing(calendar, friday)
    return [] if closing is None else [Occasion("friday", "", closing - CLOSING_MS)]


def _before(calendar: Calendar, begins: date) -> list[int]:
    """Just before closing on the last day before a holiday on which anything counts."""
    days = (begins - timedelta(days=back) for back in range(1, LOOKED_BACK))
    closings = (_closing(calendar, day) for day in days)
    closing = next((one for one in closings if one is not None), None)
    return [] if closing is None else [closing - CLOSING_MS]


def _closing(calendar: Calendar, day: date) -> int | None:
    """The end of the last stretch of a day that counts."""
    zone = ZoneInfo(calendar.zone)
    found = segments(midnight(day, zone), midnight(day + timedelta(days=1), zone), calendar)
    return max((part.end for part in found if part.kind.counts), default=None)


def _holidays(closed: Mapping[date, str], today: date) -> list[tuple[date, str]]:
    """The first days of the next holidays with their keys; where none is known yet, of the longest of the last year."""
    begin = sorted(day for day in closed if day - timedelta(days=1) not in closed)
    ahead = [day for day in begin if day > today][:MOST_HOLIDAYS]
    last_year = [day for day in begin if day.year == begin[-1].year]
    longest = sorted(last_year, key=lambda day: _length(day, closed), reverse=True)[:MOST_HOLIDAYS]
    return [(day, closed[day]) for day in ahead or sorted(longest)]


def _length(begins: date, closed: Mapping[date, str]) -> int:
    return next(days for days in range(1, 366) if begins + timedelta(days=days) not in closed)


def _nearest(known: Sequence[tuple[date, str]], today: date, count: int) -> list[tuple[date, str]]:
    ahead = [one for one in known if one[0] > today][:count]
    behind = [one for one in known if one[0] <= today]
    return ahead or behind[-count:]


def _cut(segment: Segment, zone: ZoneInfo) -> Iterator[Segment]:
    start = segment.start
    while start < segment.end:
        end = min(segment.end, midnight(local(start, zone).date() + timedelta(days=1), zone))
        yield Segment(start, end, segment.kind, segment.reason)
        start = end


def _day(day: date, parts: tuple[Segment, ...]) -> Day:
    named = min(parts, key=lambda part: RANK.index(part.kind))
    return Day(day, parts, named.kind, named.reason)
