"""A promise tried out: when it would be due, and what of the time between counted, day by day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from bot.console.rules.days import Day, Occasion, by_day, days_of, local, moment_of, occasions
from bot.console.rules.sentences import Teller
from bot.console.rules.units import read_date, read_length
from bot.console.story import isolated
from tickets.business_time import Calendar, SegmentKind, segments, unknown_years
from tickets.errors import NeverDue
from tickets.sla import dues
from tickets.sla.model import Budget

LONGEST_LINES = 40
LEAST_WEEKS, FIRST_WEEKS, LAST_WEEKS = 5, 6, 5
DEFAULT = {"amount": "8", "unit": "hours"}


@dataclass(frozen=True, slots=True)
class Line:
    """A day, or several alike: what it was, the hours that counted, and how much that is."""

    days: str
    kind: str
    label: str
    hours: str
    counted: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the strip. month is set where one begins and on the first day; mark: 'start', 'due', 'both' or ''."""

    number: int
    month: str
    kind: str
    label: str
    mark: str


# The days around a promise, week by week, Monday first; None where weeks are left out.
Strip = tuple[tuple[Cell, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What becomes of one promise. due_at None: it would not come due in the years that are looked at."""

    metric: str
    sentence: str
    warnings: tuple[str, ...]
    due_at: int | None
    lines: tuple[Line, ...]
    cut: int
    unknown_years: tuple[int, ...]
    strip: Strip


@dataclass(frozen=True, slots=True)
class Wanted:
    """From when, as it was typed and as a moment (None: unreadable), and for a calendar how much."""

    day: str
    at: str
    start: int | None
    amount: str
    unit: str
    length_ms: int | None


def wanted(fields: Mapping[str, str], calendar: Calendar, now: int) -> Wanted:
    """What a form asks to be tried; without anything the most telling occasion."""
    picked = fields.get("try.pick", "")
    day, at = picked.split("T") if picked.count("T") == 1 else (fields.get("try.day", ""), fields.get("try.at", ""))
    if not day:
        day, at = typed_moment(_telling(occasions(calendar, now)).at, calendar)
    amount, unit = fields.get("try.amount", DEFAULT["amount"]), fields.get("try.unit", DEFAULT["unit"])
    return Wanted(day, at, _moment(day, at, calendar), amount, unit, read_length(amount, unit))


def typed_moment(at: int, calendar: Calendar) -> tuple[str, str]:
    """A moment as the two fields of a form have it, in the calendar's zone."""
    moment = local(at, ZoneInfo(calendar.zone))
    return moment.date().isoformat(), f"{moment:%H:%M}"


def try_out(metric: str, budget: Budget, calendar: Calendar, start: int, teller: Teller) -> Trial:
    """When a promise that begins at start is due, and why."""
    zoned = replace(teller, almanac=replace(teller.almanac, zone=calendar.zone))
    try:
        due = dues.due(start, budget, calendar, (), start)
    except NeverDue:
        return Trial(metric, teller.say("rules.trial.never"), (), None, (), 0, (), ())
    zone = ZoneInfo(calendar.zone)
    lines = _lines(by_day(segments(start, due.due_at, calendar), zone), zoned, zone)
    return Trial(
        metric=metric,
        sentence=_sentence(metric, start, due.due_at, zoned),
        warnings=tuple(zoned.almanac.moment(at) for at in due.warnings),
        due_at=due.due_at,
        lines=tuple(lines[:LONGEST_LINES]),
        cut=max(0, len(lines) - LONGEST_LINES),
        unknown_years=unknown_years(start, due.due_at, calendar),
        strip=_strip(calendar, start, due.due_at, zoned),
    )


def occasion_words(one: Occasion, teller: Teller) -> str:
    """What an occasion is called."""
    holiday = teller.say(f"rules.holiday.{one.holiday}") if one.holiday else ""
    return teller.say(f"rules.occasion.{one.kind}", holiday=holiday)


def _sentence(metric: str, start: int, due_at: int, teller: Teller) -> str:
    key = f"rules.trial.{metric}" if metric else "rules.trial.due"
    return teller.say(key, start=teller.almanac.moment(start), due=teller.almanac.moment(due_at))


def _telling(found: Sequence[Occasion]) -> Occasion:
    """A holiday says most, the end of a week more than now."""
    for kind in ("before", "friday"):
        chosen = [one for one in found if one.kind == kind]
        if chosen:
            return chosen[-1]
    return found[0]


def _moment(day: str, at: str, calendar: Calendar) -> int | None:
    read = read_date(day)
    try:
        clock = time.fromisoformat(at.strip())
    except ValueError:
        return None
    if read is None or not 2000 <= read.year <= 2100 or clock.tzinfo is not None:
        return None
    return moment_of(read, clock, calendar)


def _lines(days: Sequence[Day], teller: Teller, zone: ZoneInfo) -> list[Line]:
    """One line for each day; neighbours alike, of which nothing or all counts, are one."""
    lines: list[tuple[Day, Day]] = []
    for day in days:
        if lines and _alike(lines[-1][1], day):
            lines[-1] = (lines[-1][0], day)
        else:
            lines.append((day, day))
    return [_line(first, last, teller, zone) for first, last in lines]


def _alike(one: Day, other: Day) -> bool:
    whole = len(one.parts) == len(other.parts) == 1
    return whole and (one.kind, one.reason) == (other.kind, other.reason)


def _line(first: Day, last: Day, teller: Teller, zone: ZoneInfo) -> Line:
    days = _date(first.date, teller)
    if first is not last:
        days = teller.say("rules.week.range", first=days, last=_date(last.date, teller))
    counted = sum(day.counted_ms for day in (first, last)) if first is not last else first.counted_ms
    hours = [f"{local(part.start, zone):%H:%M}–{_until(part.end, zone)}" for part in first.parts if part.kind.counts]
    whole = first is not last and bool(hours)
    return Line(
        days=days,
        kind=first.kind,
        label=day_label(first, teller),
        hours=teller.say("rules.trial.whole_days") if whole else teller.say("rules.list.joint").join(hours),
        counted=teller.length(counted, days=False) if counted and not whole else "",
    )


def _until(at: int, zone: ZoneInfo) -> str:
    """The end of a stretch; midnight is 24:00 of the day that ends."""
    shown = f"{local(at, zone):%H:%M}"
    return "24:00" if shown == "00:00" else shown


def _date(day: date, teller: Teller) -> str:
    now = local(teller.almanac.now, ZoneInfo(teller.almanac.zone)).date()
    return teller.say(
        "time.date" if day.year == now.year else "time.other_year",
        year=day.year,
        month=teller.say(f"time.month.{day.month}"),
        day=day.day,
        weekday=teller.say(f"time.weekday.{day.weekday()}"),
    )


def day_label(day: Day, teller: Teller) -> str:
    """What a day is: a workday, a weekend, 国庆节, a make-up workday for it, or by its own name."""
    match day.kind:
        case SegmentKind.HOLIDAY | SegmentKind.MAKE_UP:
            return teller.say(f"rules.day.{day.kind}", holiday=teller.say(f"rules.holiday.{day.reason}"))
        case SegmentKind.SPECIAL_OPEN | SegmentKind.SPECIAL_CLOSED:
            return teller.say(f"rules.day.{day.kind}", name=isolated(day.reason))
        case SegmentKind.CLOSED if day.date.weekday() >= 5:
            return teller.say("rules.day.weekend")
        case _:
            return teller.say(f"rules.day.{day.kind}")


def _strip(calendar: Calendar, start: int, due_at: int, teller: Teller) -> Strip:
    """The weeks from the one before the start to that of the due time; of many the first and the last ones."""
    zone = ZoneInfo(calendar.zone)
    begins, ends = local(start, zone).date(), local(due_at, zone).date()
    monday = begins - timedelta(days=begins.weekday() + 7)
    count = max(LEAST_WEEKS, (ends - monday).days // 7 + 1)
    if count <= FIRST_WEEKS + LAST_WEEKS:
        return _weeks(calendar, monday, count, (begins, ends), teller)
    later = monday + timedelta(weeks=count - LAST_WEEKS)
    first = _weeks(calendar, monday, FIRST_WEEKS, (begins, ends), teller)
    return (*first, None, *_weeks(calendar, later, LAST_WEEKS, (begins, ends), teller))


def _weeks(calendar: Calendar, monday: date, count: int, marked: tuple[date, date], teller: Teller) -> Strip:
    days = days_of(calendar, monday, monday + timedelta(weeks=count))
    cells = [_cell(day, day.date == monday, marked, teller) for day in days]
    return tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))


def _cell(day: Day, is_first: bool, marked: tuple[date, date], teller: Teller) -> Cell:
    begins, ends = marked
    marks = {begins: "start", ends: "due"} if begins != ends else {begins: "both"}
    month = teller.say("rules.trial.month", month=teller.say(f"time.month.{day.date.month}"))
    return Cell(
        number=day.date.day,
        month=month if is_first or day.date.day == 1 else "",
        kind=day.kind,
        label=day_label(day, teller),
        mark=marks.get(day.date, ""),
    )
