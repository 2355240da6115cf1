"""Time counted minute by minute: a table that says of each minute how many of its seconds are open."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import chinese_calendar

from tickets.business_time import Calendar, Span

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
_SATURDAY = 5
Stretch = tuple[int, int | None]


class Minutes:
    """The minutes of a calendar from one moment to another (epoch ms); asked beyond that, it does not know."""

    def __init__(self, calendar: Calendar | None, start: int, end: int) -> None:
        self._first = start // MINUTE_MS
        count = end // MINUTE_MS - self._first + 1
        self._open = bytes([60]) * count if calendar is None else _asked(calendar, self._first, count)
        self._hours = [sum(self._open[at : at + 60]) * 1000 for at in range(-self._first % 60, count - 59, 60)]
        self._first_hour = (self._first + 59) // 60
        self._calendar = calendar

    def used_up(self, start: int, budget: int, pauses: Sequence[tuple[int, int]]) -> int:
        """When the budget is used up, walking on from the start, with nothing counted in a pause.

        Minute by minute; only a whole hour that cannot be the last is taken at once.
        """
        left = budget
        for begins, ends in _free(start, pauses):
            moment = begins
            while left > 0 and (ends is None or moment < ends):
                if moment % HOUR_MS == 0 and (ends is None or moment + HOUR_MS <= ends):
                    counted = self._hours[moment // HOUR_MS - self._first_hour]
                    if counted < left:
                        left, moment = left - counted, moment + HOUR_MS
                        continue
                minute = moment // MINUTE_MS
                until = (minute + 1) * MINUTE_MS
                if ends is not None and ends < until:
                    until = ends
                seconds = self._open[minute - self._first]
                if seconds == 60:
                    left -= until - moment
                    if left <= 0:
                        return until + left
                elif seconds:
                    left, moment = self._second_by_second(left, moment, until)
                    continue
                moment = until
            if left <= 0:
                return moment
        return start

    def closed(self, start: int, end: int) -> list[tuple[int, int]]:
        """The stretches of whole minutes from start to end in which nothing counts."""
        found: list[tuple[int, int]] = []
        for minute in range(start // MINUTE_MS, end // MINUTE_MS):
            if not self._open[minute - self._first]:
                begins = found.pop()[0] if found and found[-1][1] == minute * MINUTE_MS else minute * MINUTE_MS
                found.append((begins, (minute + 1) * MINUTE_MS))
        return found

    def _second_by_second(self, left: int, moment: int, until: int) -> tuple[int, int]:
        """What is left after a minute that is open in part, and how far we came."""
        assert self._calendar is not None, "natural time is always open"
        zone = ZoneInfo(self._calendar.zone)
        while moment < until and left > 0:
            end = min(until, (moment // 1000 + 1) * 1000)
            if _is_open(self._calendar, moment // 1000, zone):
                counted = min(left, end - moment)
                left, end = left - counted, moment + counted
            moment = end
        return left, moment


def _asked(calendar: Calendar, first: int, count: int) -> bytes:
    """How many seconds of each minute are open, by what a clock on the wall shows at the start of its quarter hour:
    no zone sets its clocks within one."""
    zone = ZoneInfo(calendar.zone)
    days: dict[date, bytes] = {}
    found = bytearray()
    begun = first - first % 15
    for quarter in range(begun, first + count, 15):
        local = datetime.fromtimestamp(quarter * 60, UTC).astimezone(zone)
        if (today := local.date()) not in days:
            days[today] = _day(calendar, today)
        minute = local.hour * 60 + local.minute
        found += days[today][minute : minute + 15]
    return bytes(found[first - begun : first - begun + count])


def _day(calendar: Calendar, today: date) -> bytes:
    spans = spans_on(calendar, today)
    seconds = bytearray(86_400)
    for span in spans:
        seconds[span.start : span.end] = b"\x01" * (span.end - span.start)
    return bytes(sum(seconds[at : at + 60]) for at in range(0, 86_400, 60))


def _is_open(calendar: Calendar, second: int, zone: ZoneInfo) -> bool:
    local = datetime.fromtimestamp(second, UTC).astimezone(zone)
    of_day = local.hour * 3_600 + local.minute * 60 + local.second
    return any(span.start <= of_day < span.end for span in spans_on(calendar, local.date()))


def spans_on(calendar: Calendar, today: date) -> tuple[Span, ...]:
    """The hours of a date: of a day of one's own, a holiday, a make-up workday, or the week, in this order."""
    for special in calendar.special:
        if special.date == today:
            return special.spans
    usual = calendar.week[today.weekday()]
    if calendar.holidays is None:
        return usual
    made_up = calendar.make_up
    if made_up is None:
        made_up = next((spans for spans in calendar.week if spans), ())
    if today in chinese_calendar.holidays:
        return ()
    if today in chinese_calendar.workdays:
        return made_up
    if today.weekday() >= _SATURDAY and not _announced(today):
        return (*usual, *made_up)
    return usual


def _announced(today: date) -> bool:
    years = {one.year for one in chinese_calendar.holidays}
    return min(years) <= today.year <= max(years) and today < date(max(years), 12, 25)


def _free(start: int, pauses: Sequence[tuple[int, int]]) -> list[Stretch]:
    """The stretches from start on that are not paused; the last never ends."""
    found: list[Stretch] = []
    moment = start
    for begins, ends in sorted(pauses):
        if begins > moment:
            found.append((moment, begins))
        moment = max(moment, ends)
    return [*found, (moment, None)]
