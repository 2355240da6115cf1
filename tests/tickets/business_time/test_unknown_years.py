"""A year that nobody knows yet: the alarm may come early, and is never late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.tickets.business_time.cases import Case, cases
from tickets import business_time
from tickets.business_time import Calendar, Holiday, SegmentKind, Span, SpecialDay
from tickets.business_time.public_holidays import LIBRARIES, PublicHolidays, library

HOUR, DAY = 3_600_000, 86_400_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
KNOWN = library("CN")
NINE_TO_SIX = (Span(9 * 3600, 18 * 3600),)
OFFICE = Calendar(week=(NINE_TO_SIX,) * 5 + ((), ()), holidays="CN")
Forget = Callable[[int], str]


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def _until(year: int) -> PublicHolidays:
    """What was known before the notice for the year after this one, which may have moved days at its end."""

    def told(days: dict[date, Holiday]) -> dict[date, Holiday]:
        return {day: name for day, name in days.items() if day < date(year, 12, 25)}

    return PublicHolidays(KNOWN.first_year, year, told(dict(KNOWN.closed)), told(dict(KNOWN.make_up)))


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> Forget:
    """Makes public holidays that are known until before this year, and gives their name."""

    def make(year: int) -> str:
        partly = _until(year - 1)
        monkeypatch.setitem(LIBRARIES, f"CN before {year}", lambda: partly)
        return f"CN before {year}"

    return make


@pytest.mark.parametrize("year", range(KNOWN.first_year + 1, KNOWN.last_year + 1))
def test_nothing_is_due_later_than_it_turns_out_to_be(
    year: int, forget: Forget, request: pytest.FixtureRequest
) -> None:
    before = forget(year)
    chance = Random(year)
    drawn = list(cases(year, max(20, request.config.getoption("--deadlines") // 15)))
    begins = at(f"{year - 1}-12-20")
    earlier = 0
    for case in drawn:
        start = begins + chance.randrange(350 * DAY)
        unknown, known = (_due(case, start, holidays) for holidays in (before, "CN"))
        assert unknown <= known, (case, start)
        earlier += unknown < known
    assert earlier


def test_the_weekend_counts_where_the_week_alone_would_be_late(forget: Forget) -> None:
    friday = at("2025-09-26 17:50")
    week, known, unknown = (
        business_time.deadline(friday, 4 * HOUR, replace(OFFICE, holidays=holidays))
        for holidays in (None, "CN", forget(2025))
    )
    assert week == at("2025-09-29 12:50")
    assert known == at("2025-09-28 12:50")
    assert unknown == at("2025-09-27 12:50")


def _due(case: Case, start: int, holidays: str | None) -> int:
    pauses = tuple(replace(one, start=one.start + start - case.start) for one in case.pauses)
    moved = tuple(
        replace(one, end=was.end + start - case.start)
        for one, was in zip(pauses, case.pauses, strict=True)
        if was.end is not None
    )
    return business_time.deadline(start, case.budget, replace(case.calendar, holidays=holidays), moved)


@pytest.mark.parametrize("year", range(KNOWN.first_year + 1, KNOWN.last_year + 1))
def test_every_moment_that_counts_counted_before_it_was_known(year: int, forget: Forget) -> None:
    calendar = Calendar(
        week=(NINE_TO_SIX,) * 5 + ((Span(10 * 3600, 20 * 3600),), ()),
        make_up=(Span(8 * 3600, 12 * 3600), Span(19 * 3600, 21 * 3600)),
        holidays="CN",
    )
    before = replace(calendar, holidays=forget(year))
    for one in business_time.segments(at(f"{year - 1}-12-01"), at(f"{year}-12-20"), calendar):
        if one.kind.counts:
            assert business_time.working_ms(one.start, one.end, before) == one.end - one.start


def test_days_of_ones_own_hold_in_a_year_that_nobody_knows() -> None:
    closed = replace(OFFICE, special=(SpecialDay(date(2030, 6, 1), "放假"),))
    saturday, sunday = date(2030, 6, 1), date(2030, 6, 2)
    assert (saturday.weekday(), sunday.weekday()) == (5, 6)
    told = business_time.segments(at("2030-06-01"), at("2030-06-03"), closed)
    assert [(one.kind, one.end - one.start) for one in told] == [
        (SegmentKind.SPECIAL_CLOSED, 24 * HOUR),
        (SegmentKind.CLOSED, 9 * HOUR),
        (SegmentKind.POSSIBLE_MAKE_UP, 9 * HOUR),
        (SegmentKind.CLOSED, 6 * HOUR),
    ]


def test_make_up_workdays_are_saturdays_and_sundays_and_moved_days_of_december_lie_in_its_last_week() -> None:
    assert {day.weekday() for day in KNOWN.make_up} == {5, 6}
    moved = [day for day in (*KNOWN.make_up, *KNOWN.closed) if day.month == 12]
    assert moved
    assert min(day.day for day in moved) >= 25


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        ("2025-01-01", "2026-12-24 23:59", ()),
        ("2026-12-24", "2026-12-25", (2027,)),
        ("2027-06-01", "2027-06-02", (2027,)),
        ("2026-12-31", "2029-01-01", (2027, 2028, 2029)),
        ("2028-06-01", "2028-06-02", (2028,)),
        ("2003-12-31", "2004-01-01", (2003,)),
    ],
)
def test_the_years_that_are_missing_are_named(start: str, end: str, years: tuple[int, ...], forget: Forget) -> None:
    calendar = replace(OFFICE, holidays=forget(2027))
    assert business_time.unknown_years(at(start), at(end), calendar) == years
    assert business_time.unknown_years(at(start), at(end), replace(calendar, holidays=None)) == ()


def test_a_year_is_missing_by_the_date_in_the_calendars_zone(forget: Forget) -> None:
    new_york = replace(OFFICE, zone="America/New_York", holidays=forget(2027))
    assert business_time.unknown_years(at("2026-12-25 00:00"), at("2026-12-25 12:59"), new_york) == ()
    assert business_time.unknown_years(at("2026-12-25 00:00"), at("2026-12-25 13:00"), new_york) == (2027,)


def test_the_library_says_until_when_it_knows() -> None:
    assert business_time.known_until() == KNOWN.last_year >= 2026
    assert KNOWN.knows(date(KNOWN.last_year, 12, 24))
    assert not KNOWN.knows(date(KNOWN.last_year, 12, 24) + timedelta(days=1))
