"""The rules one by one: closing times, pauses, special days, bounds, and what is of no use as a calendar."""

from dataclasses import replace
from datetime import date, datetime
from timeit import repeat
from zoneinfo import ZoneInfo

import pytest

from tickets import business_time
from tickets.business_time import NATURAL, Calendar, Fault, Holiday, Pause, Problem, SegmentKind, Span, SpecialDay
from tickets.errors import NeverDue

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING, AFTERNOON = Span(9 * 3600, 12 * 3600), Span(13 * 3600 + 1800, 18 * 3600)
OFFICE = Calendar(week=((MORNING, AFTERNOON),) * 5 + ((), ()), holidays="CN")
NEVER = Calendar(week=((),) * 7)
ODD = Span(5, 5)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


# Moments and budgets


def test_a_budget_that_ends_with_the_hours_is_due_at_closing_and_a_millisecond_more_the_next_day() -> None:
    start = at("2026-11-23 17:00")
    assert business_time.deadline(start, HOUR, OFFICE) == at("2026-11-23 18:00")
    assert business_time.deadline(start, HOUR + 1, OFFICE) == at("2026-11-24 09:00") + 1


def test_nothing_is_rounded() -> None:
    start = at("2026-11-23 17:59:59") + 123
    assert business_time.deadline(start, 1_000, OFFICE) == at("2026-11-24 09:00") + 123
    assert business_time.deadline(start, 1, OFFICE) == start + 1
    assert business_time.working_ms(start, start + 1, OFFICE) == 1


def test_time_that_runs_backwards_counts_nothing() -> None:
    assert business_time.working_ms(at("2026-11-24 10:00"), at("2026-11-23 10:00"), OFFICE) == 0
    assert business_time.segments(at("2026-11-24 10:00"), at("2026-11-24 10:00"), OFFICE) == ()


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_is_positive(budget: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        business_time.deadline(at("2026-11-23 10:00"), budget, OFFICE)


def test_natural_time_is_an_addition() -> None:
    start = at("2026-02-16 20:00") + 7
    assert business_time.deadline(start, 12 * HOUR, NATURAL) == start + 12 * HOUR
    assert business_time.deadline(start, 400_000 * DAY, NATURAL) == start + 400_000 * DAY


# Pauses


def test_a_pause_that_lasts_has_no_deadline_and_takes_all_that_follows() -> None:
    start = at("2026-11-23 10:00")
    lasting = (Pause(at("2026-11-23 11:00"), None, "waiting for parts"),)
    with pytest.raises(ValueError, match="has not ended"):
        business_time.deadline(start, HOUR, OFFICE, lasting)
    assert business_time.working_ms(start, at("2026-11-24 18:00"), OFFICE, lasting) == HOUR
    told = business_time.segments(start, at("2026-11-23 18:00"), OFFICE, lasting)
    assert [(one.kind, one.reason) for one in told] == [
        (SegmentKind.COUNTING, ""),
        (SegmentKind.PAUSED, "waiting for parts"),
        (SegmentKind.CLOSED, ""),
        (SegmentKind.PAUSED, "waiting for parts"),
    ]


def test_a_pause_takes_only_what_would_have_counted() -> None:
    start = at("2026-11-27 17:00")
    weekend = (Pause(at("2026-11-27 18:00"), at("2026-11-30 09:00")),)
    assert business_time.deadline(start, 2 * HOUR, OFFICE, weekend) == at("2026-11-30 10:00")
    told = business_time.segments(start, at("2026-11-30 10:00"), OFFICE, weekend)
    assert [one.kind for one in told] == [SegmentKind.COUNTING, SegmentKind.CLOSED, SegmentKind.COUNTING]
    longer = (Pause(at("2026-11-27 17:30"), at("2026-11-30 09:30")),)
    assert business_time.deadline(start, 2 * HOUR, OFFICE, longer) == at("2026-11-30 11:00")


def test_pauses_that_overlap_count_once_and_the_first_to_begin_is_named() -> None:
    start = at("2026-11-23 09:00")
    pauses = (
        Pause(start + HOUR, start + 3 * HOUR, "second"),
        Pause(start, start + 2 * HOUR, "first"),
        Pause(start + 90 * MINUTE, start + 100 * MINUTE, "within"),
        Pause(start + 5 * HOUR, start + 4 * HOUR, "the wrong way round"),
    )
    assert business_time.deadline(start, HOUR, NATURAL, pauses) == start + 4 * HOUR
    told = business_time.segments(start, start + 4 * HOUR, NATURAL, pauses)
    assert [(one.end - start, one.reason) for one in told] == [
        (2 * HOUR, "first"),
        (3 * HOUR, "second"),
        (4 * HOUR, ""),
    ]


def test_a_pause_from_the_moment_when_all_is_used_up_moves_nothing() -> None:
    start = at("2026-11-23 09:00")
    assert business_time.deadline(start, HOUR, OFFICE, (Pause(start + HOUR, start + DAY),)) == start + HOUR
    assert business_time.deadline(start, HOUR, OFFICE, (Pause(start - DAY, start),)) == start + HOUR


def test_a_pause_far_away_costs_nothing() -> None:
    start = at("2026-11-23 10:00")
    never = (Pause(at("9000-01-01"), at("9000-01-02")),)
    assert business_time.deadline(start, HOUR, OFFICE, never) == start + HOUR


# What a day is


def test_a_holiday_and_the_day_worked_for_it_are_named() -> None:
    told = business_time.segments(at("2026-09-20 09:00"), at("2026-09-20 10:00"), OFFICE)
    assert [(one.kind, one.reason) for one in told] == [(SegmentKind.MAKE_UP, Holiday.NATIONAL_DAY)]
    told = business_time.segments(at("2026-09-24 20:00"), at("2026-10-08 08:00"), OFFICE)
    assert [(one.kind, one.reason) for one in told if one.kind is SegmentKind.HOLIDAY] == [
        (SegmentKind.HOLIDAY, Holiday.MID_AUTUMN_FESTIVAL),
        (SegmentKind.HOLIDAY, Holiday.NATIONAL_DAY),
    ]
    assert told[1].start == at("2026-09-25 00:00")
    assert told[1].end == at("2026-09-28 00:00")


def test_a_day_of_ones_own_goes_before_holidays_and_make_up_workdays() -> None:
    calendar = replace(
        OFFICE,
        special=(
            SpecialDay(date(2026, 10, 1), "国庆值班", (MORNING,)),
            SpecialDay(date(2026, 10, 10), "盘点"),
            SpecialDay(date(2026, 10, 10), "never asked", (MORNING,)),
        ),
    )
    told = business_time.segments(at("2026-10-01 00:00"), at("2026-10-12 00:00"), calendar)
    assert [(one.kind, one.reason) for one in told if one.reason] == [
        (SegmentKind.SPECIAL_OPEN, "国庆值班"),
        (SegmentKind.HOLIDAY, Holiday.NATIONAL_DAY),
        (SegmentKind.SPECIAL_CLOSED, "盘点"),
    ]


def test_a_make_up_workday_has_its_own_hours_where_the_calendar_has_some() -> None:
    saturday = (at("2026-10-10 00:00"), at("2026-10-11 00:00"))
    assert business_time.working_ms(*saturday, OFFICE) == 7 * HOUR + 30 * MINUTE
    assert business_time.working_ms(*saturday, replace(OFFICE, make_up=(MORNING,))) == 3 * HOUR
    assert business_time.working_ms(*saturday, replace(OFFICE, make_up=())) == 0
    assert business_time.working_ms(*saturday, replace(OFFICE, holidays=None)) == 0
    resting_on_mondays = replace(OFFICE, week=((), (MORNING,), *OFFICE.week[2:]))
    assert business_time.working_ms(*saturday, resting_on_mondays) == 3 * HOUR


# Bounds


def test_a_calendar_without_any_hours_is_an_error_and_not_a_loop() -> None:
    with pytest.raises(NeverDue, match="20 years"):
        business_time.deadline(at("2026-11-23 09:00"), 1, NEVER)


def test_a_day_of_ones_own_may_be_the_only_one_that_is_open() -> None:
    stocktaking = replace(NEVER, special=(SpecialDay(date(2040, 5, 1), "盘点", (MORNING,)),))
    start = at("2026-11-23 09:00")
    assert business_time.deadline(start, 3 * HOUR, stocktaking) == at("2040-05-01 12:00")
    with pytest.raises(NeverDue):
        business_time.deadline(start, 3 * HOUR + 1, stocktaking)


@pytest.mark.parametrize("calendar", [NATURAL, OFFICE], ids=["natural", "office"])
def test_a_deadline_costs_less_than_a_tenth_of_a_millisecond(calendar: Calendar) -> None:
    start = at("2025-09-26 17:50")
    pauses = tuple(Pause(start + day * DAY, start + day * DAY + HOUR) for day in range(3))
    took = repeat(lambda: business_time.deadline(start, 40 * HOUR, calendar, pauses), number=100, repeat=5)
    assert min(took) / 100 < 100e-6


# What is wrong with a calendar


@pytest.mark.parametrize(
    ("calendar", "faults"),
    [
        (NATURAL, []),
        (OFFICE, []),
        (NEVER, [Fault(Problem.NO_WORKING_SPAN, "week")]),
        (Calendar(zone="Mars/Olympus"), [Fault(Problem.UNKNOWN_ZONE, "zone")]),
        (Calendar(zone="../etc/passwd"), [Fault(Problem.UNKNOWN_ZONE, "zone")]),
        (Calendar(zone=""), [Fault(Problem.UNKNOWN_ZONE, "zone")]),
        (Calendar(zone="Asia"), [Fault(Problem.UNKNOWN_ZONE, "zone")]),
        (Calendar(holidays="XX"), [Fault(Problem.UNKNOWN_HOLIDAYS, "holidays")]),
        (Calendar(week=((MORNING,),) * 6), [Fault(Problem.NOT_SEVEN_DAYS, "week")]),
        (
            Calendar(week=((), (Span(0, 10), Span(9, 20)), (Span(0, 10), Span(10, 20)), *((),) * 4)),
            [Fault(Problem.SPANS_OVERLAP, "week.1")],
        ),
        (
            Calendar(make_up=(Span(-1, 5), Span(80_000, 86_401), ODD)),
            [Fault(Problem.SPAN_OUT_OF_RANGE, "make_up")],
        ),
        (
            Calendar(special=(SpecialDay(date(2026, 1, 1), "a"), SpecialDay(date(2026, 1, 1), "b", (ODD,)))),
            [
                Fault(Problem.SPECIAL_DAY_TWICE, "special.2026-01-01"),
                Fault(Problem.SPAN_OUT_OF_RANGE, "special.2026-01-01"),
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_calendar_is_told_with_its_place(calendar: Calendar, faults: list[Fault]) -> None:
    assert business_time.problems(calendar) == faults


@pytest.mark.parametrize(
    ("calendar", "always"),
    [
        (NATURAL, True),
        (Calendar(zone="America/New_York"), True),
        (Calendar(week=((Span(0, 40_000), Span(40_000, 86_400)),) * 7), True),
        (Calendar(week=((Span(0, 40_000), Span(40_001, 86_400)),) * 7), False),
        (Calendar(holidays="CN"), False),
        (Calendar(special=(SpecialDay(date(2026, 1, 1), "元旦值班", (Span(0, 86_400),)),)), True),
        (Calendar(special=(SpecialDay(date(2026, 1, 1), "元旦"),)), False),
        (OFFICE, False),
    ],
)
def test_natural_time_is_recognised(calendar: Calendar, always: bool) -> None:
    assert business_time.is_always_open(calendar) is always


def test_public_holidays_that_nobody_knows_are_refused() -> None:
    with pytest.raises(ValueError, match="'XX' are not known"):
        business_time.deadline(0, 1, Calendar(holidays="XX"))
