"""Where the clocks change: what the clock on the wall shows decides."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.tickets.business_time import naive
from tickets import business_time
from tickets.business_time import Calendar, Span

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = "2025-03-09", "2025-11-02"


def at(text: str, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK, fold=fold).timestamp() * 1000)


def daily(start: float, end: float) -> Calendar:
    """Open at the same hours every day."""
    return Calendar(zone="America/New_York", week=((Span(int(start * 3600), int(end * 3600)),),) * 7)


@pytest.mark.parametrize(("day", "next_day", "hours"), [(SPRING, "2025-03-10", 5), (AUTUMN, "2025-11-03", 7)])
def test_an_hour_that_is_skipped_does_not_count_and_one_that_is_repeated_counts_twice(
    day: str, next_day: str, hours: int
) -> None:
    midnights = at(f"{day} 00:00"), at(f"{next_day} 00:00")
    assert business_time.working_ms(*midnights, daily(0, 6)) == hours * HOUR
    assert business_time.working_ms(*midnights, daily(0, 24)) == midnights[1] - midnights[0] == (hours + 18) * HOUR


def test_hours_that_the_clocks_skip_are_not_there_that_day() -> None:
    assert business_time.deadline(at(f"{SPRING} 00:00"), 30 * MINUTE, daily(2.25, 2.75)) == at("2025-03-10 02:45")
    assert business_time.deadline(at(f"{SPRING} 00:00"), 30 * MINUTE, daily(1.5, 3.5)) == at(f"{SPRING} 03:00")


def test_hours_that_the_clocks_repeat_in_part_open_twice() -> None:
    told = business_time.segments(at(f"{AUTUMN} 00:00"), at(f"{AUTUMN} 03:00"), daily(1.5, 2.5))
    assert [(one.start, one.end) for one in told if one.kind.counts] == [
        (at(f"{AUTUMN} 01:30"), at(f"{AUTUMN} 01:00", fold=1)),
        (at(f"{AUTUMN} 01:30", fold=1), at(f"{AUTUMN} 02:30")),
    ]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_an_office_keeps_its_hours_on_the_wall(day: str) -> None:
    eve = at(f"{day} 00:00") - 12 * HOUR
    assert business_time.deadline(eve, 13 * HOUR, daily(9, 17)) == at(f"{day} 17:00")


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("America/New_York", SPRING),
        ("America/New_York", AUTUMN),
        ("America/Havana", "2025-03-09"),  # midnight is skipped
        ("America/Havana", "2025-11-02"),  # the first hour of the day is repeated
        ("Africa/Cairo", "2025-10-31"),  # the last hour of the day is repeated
        ("America/St_Johns", "2006-10-29"),  # a minute past midnight it is the day before again
        ("Australia/Lord_Howe", "2025-04-06"),  # half an hour
        ("Pacific/Apia", "2011-12-30"),  # a date that never was
        ("Africa/Casablanca", "2026-02-15"),
        ("Asia/Kathmandu", "1986-01-01"),  # fifteen minutes, once and for ever
    ],
)
def test_every_minute_around_a_change_is_what_the_naive_model_says(zone: str, around: str) -> None:
    hours = (Span(0, 45 * 60), Span(75 * 60, 150 * 60), Span(10 * 3600, 12 * 3600), Span(23 * 3600 + 1800, 86_400))
    calendar = Calendar(zone=zone, week=tuple(hours[: 4 - day % 2] for day in range(7)))
    noon = round(datetime.fromisoformat(around).replace(hour=12, tzinfo=UTC).timestamp() * 1000)
    start, end = noon - 3 * DAY, noon + 3 * DAY
    told = business_time.segments(start, end, calendar)
    kinds = {moment: one.kind for one in told for moment in range(one.start, one.end, MINUTE)}
    assert len(kinds) == (end - start) // MINUTE
    assert not {moment for moment, kind in kinds.items() if kind != naive.kind_at(moment, calendar)}
    assert len({(datetime.fromtimestamp(one / 1000, ZoneInfo(zone))).utcoffset() for one in kinds}) == 2
