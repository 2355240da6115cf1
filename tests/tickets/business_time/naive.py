"""Business time the dumbest way: ask of one instant after the other whether it counts.

It shares nothing with the program but the calendar's dataclasses, and asks the holiday library itself.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar

from tickets.business_time import Calendar, Pause, Span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNTING = ("counting", "make_up", "possible_make_up", "special_open")


def kind_at(moment: int, calendar: Calendar) -> str:
    """What a clock on the wall and a calendar beside it say of this moment."""
    wall = (EPOCH + timedelta(milliseconds=moment)).astimezone(ZoneInfo(calendar.zone))
    second = wall.hour * 3600 + wall.minute * 60 + wall.second

    def within(spans: Sequence[Span]) -> bool:
        return any(span.start <= second < span.end for span in spans)

    for day in calendar.special:
        if day.date == wall.date():
            if day.spans == ():
                return "special_closed"
            return "special_open" if within(day.spans) else "closed"
    usual = "counting" if within(calendar.week[wall.weekday()]) else "closed"
    if calendar.holidays is None:
        return usual
    make_up = calendar.make_up
    for spans in calendar.week:
        make_up = spans if make_up is None and spans != () else make_up
    match _said(wall.date()):
        case "off":
            return "holiday"
        case "worked":
            return "make_up" if within(make_up or ()) else "closed"
        case "nobody knows" if usual == "closed" and wall.weekday() in (5, 6) and within(make_up or ()):
            return "possible_make_up"
        case _:
            return usual


@cache
def _said(day: date) -> str:
    """What the library says of a date, as long as it knows the week that follows: later news may change this one."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
        if name is not None:
            return "off" if off else "worked"
        chinese_calendar.is_workday(day + timedelta(days=7))
    except NotImplementedError:
        return "nobody knows"
    return "usual"


def is_paused(moment: int, pauses: Sequence[Pause]) -> bool:
    return any(pause.start <= moment and (pause.end is None or moment < pause.end) for pause in pauses)


def counts(moment: int, calendar: Calendar, pauses: Sequence[Pause]) -> bool:
    return kind_at(moment, calendar) in COUNTING and not is_paused(moment, pauses)


def step_from(moment: int, grain: int, pauses: Sequence[Pause]) -> int:
    """How far nothing can change: a whole grain, else a second, else a millisecond.

    All hours of the calendar begin and end with a grain of time. Pauses may begin and end at any millisecond.
    """
    edges = [edge for pause in pauses for edge in (pause.start, pause.end) if edge is not None]
    for step in (grain, 1_000):
        if moment % step == 0 and not any(moment < edge < moment + step for edge in edges):
            return step
    return 1


def deadline(start: int, budget_ms: int, calendar: Calendar, pauses: Sequence[Pause], grain: int) -> int:
    """The first moment at which budget_ms of counting time has passed."""
    at, left = start, budget_ms
    while True:
        step = step_from(at, grain, pauses)
        if counts(at, calendar, pauses):
            if left <= step:
                return at + left
            left -= step
        at += step


def working_ms(start: int, end: int, calendar: Calendar, pauses: Sequence[Pause], grain: int) -> int:
    """How much of the time from start until before end counts."""
    at, total = start, 0
    while at < end:
        step = min(step_from(at, grain, pauses), end - at)
        if counts(at, calendar, pauses):
            total += step
        at += step
    return total
