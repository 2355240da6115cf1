"""Times as they are told and promised."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moments import moment, promise
from bot.templates import load_templates
from tests.bot.cast import ZONE

CHINESE: Any = load_templates().get_template("words/zh.jinja").module
ENGLISH: Any = load_templates().get_template("words/en.jinja").module


def at(text: str, zone: str = ZONE) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("told", "now", "chinese", "english"),
    [
        ("2026-11-24T18:20", "2026-11-24T09:00", "今天 18:20", "18:20 today"),
        ("2026-11-25T10:30", "2026-11-24T23:59", "明天 10:30", "10:30 tomorrow"),
        ("2026-11-23T10:30", "2026-11-24T00:00", "昨天 10:30", "10:30 yesterday"),
        ("2026-11-30T09:00", "2026-11-24T09:00", "11月30日（周一）09:00", "09:00 on Mon, 30 Nov"),
        ("2027-01-03T09:00", "2026-12-30T09:00", "2027年1月3日（周日）09:00", "09:00 on Sun, 3 Jan 2027"),
        ("2027-01-01T00:10", "2026-12-31T23:50", "明天 00:10", "00:10 tomorrow"),
    ],
)
def test_a_time_is_told_as_people_say_it(told: str, now: str, chinese: str, english: str) -> None:
    seen = moment(at(told), at(now), ZONE)
    assert str(CHINESE.when(seen)) == chinese
    assert str(ENGLISH.when(seen)) == english


@pytest.mark.parametrize(
    ("due", "now", "clock"),
    [
        ("2026-11-24T21:03:20", "2026-11-24T09:03:20", "21:00"),
        ("2026-11-24T21:10:00", "2026-11-24T09:03:20", "21:10"),
        ("2026-11-24T09:19:59", "2026-11-24T09:03:20", "09:10"),
        ("2026-11-24T09:09:30", "2026-11-24T09:03:20", "09:09"),
        ("2026-11-24T09:03:45", "2026-11-24T09:03:20", "09:04"),
        ("2026-11-24T09:03:20", "2026-11-24T09:03:20", "09:04"),
        ("2026-11-24T23:59:59", "2026-11-24T23:59:30", "00:00"),
    ],
)
def test_a_promise_is_rounded_down_but_never_into_the_past(due: str, now: str, clock: str) -> None:
    assert promise(at(due), at(now), ZONE).clock == clock


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York", "UTC"])
@given(now=st.integers(1_700_000_000_000, 1_900_000_000_000), budget=st.integers(0, 48 * 3_600_000))
def test_no_promise_is_past_and_none_of_a_quarter_of_an_hour_or_more_is_late(zone: str, now: int, budget: int) -> None:
    told = promise(now + budget, now, zone)
    hour, minute = map(int, told.clock.split(":"))
    here = ZoneInfo(zone)
    promised = datetime(told.year, told.month, told.date, hour, minute, tzinfo=here)
    local = datetime.fromtimestamp(now / 1000, here)
    due = datetime.fromtimestamp((now + budget) / 1000, here)
    if due > local:
        assert promised > local
    if budget >= 15 * 60_000 and due > local:
        assert promised <= due
        assert minute % 10 == 0
