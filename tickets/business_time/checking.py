"""What is wrong with a calendar before anybody is promised anything by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickets.business_time.model import DAY_S, Calendar, Span
from tickets.business_time.public_holidays import LIBRARIES


class Problem(StrEnum):
    """What can be wrong with a calendar."""

    NO_WORKING_SPAN = "no_working_span"
    SPANS_OVERLAP = "spans_overlap"
    SPAN_OUT_OF_RANGE = "span_out_of_range"
    SPECIAL_DAY_TWICE = "special_day_twice"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_HOLIDAYS = "unknown_holidays"
    NOT_SEVEN_DAYS = "not_seven_days"


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem and the part of the calendar that has it.

    where: 'zone', 'holidays', 'week', 'week.0' (Monday) to 'week.6', 'make_up', or the date: 'special.2026-10-01'.
    """

    problem: Problem
    where: str


def problems(calendar: Calendar) -> list[Fault]:
    """Everything that has to be mended, in the order of the calendar's parts; empty for one that can be used."""
    return [*_names(calendar), *_week(calendar), *_own_days(calendar)]


def _names(calendar: Calendar) -> Iterator[Fault]:
    try:
        ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Fault(Problem.UNKNOWN_ZONE, "zone")
    if calendar.holidays is not None and calendar.holidays not in LIBRARIES:
        yield Fault(Problem.UNKNOWN_HOLIDAYS, "holidays")


def _week(calendar: Calendar) -> Iterator[Fault]:
    if len(calendar.week) != 7:
        yield Fault(Problem.NOT_SEVEN_DAYS, "week")
    if not any(calendar.week):
        yield Fault(Problem.NO_WORKING_SPAN, "week")
    for number, spans in enumerate(calendar.week):
        yield from _spans(spans, f"week.{number}")
    yield from _spans(calendar.make_up or (), "make_up")


def _own_days(calendar: Calendar) -> Iterator[Fault]:
    seen = set()
    for day in calendar.special:
        where = f"special.{day.date.isoformat()}"
        if day.date in seen:
            yield Fault(Problem.SPECIAL_DAY_TWICE, where)
        seen.add(day.date)
        yield from _spans(day.spans, where)


def _spans(spans: tuple[Span, ...], where: str) -> Iterator[Fault]:
    if any(not 0 <= span.start < span.end <= DAY_S for span in spans):
        yield Fault(Problem.SPAN_OUT_OF_RANGE, where)
    if any(earlier.end > later.start for earlier, later in pairwise(sorted(spans))):
        yield Fault(Problem.SPANS_OVERLAP, where)


def is_always_open(calendar: Calendar) -> bool:
    """Whether every moment counts, so that this is natural time."""
    days = [*calendar.week, *(day.spans for day in calendar.special)]
    return calendar.holidays is None and all(_is_whole(spans) for spans in days)


def _is_whole(spans: tuple[Span, ...]) -> bool:
    reached = 0
    for span in sorted(spans):
        if span.start > reached:
            return False
        reached = max(reached, span.end)
    return reached >= DAY_S
