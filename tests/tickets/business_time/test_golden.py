"""The worked examples of docs/sla.md: what was announced, when it is due, and why."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.docs import pages
from tickets import business_time
from tickets.business_time import Calendar, Pause, SegmentKind, Span, SpecialDay
from tickets.business_time.public_holidays import library

PAGE = pages.ROOT / "docs" / "sla.md"
SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {"h": 3_600_000, "min": 60_000}
CASES = pages.table(PAGE, "When it is due")


def _moment(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def _spans(text: str) -> tuple[Span, ...]:
    def second(clock: str) -> int:
        hours, minutes = clock.split(":")
        return int(hours) * 3600 + int(minutes) * 60

    return tuple(Span(*map(second, span.split("–"))) for span in re.findall(r"\d\d:\d\d–\d\d:\d\d", text))


def _own_day(text: str) -> SpecialDay:
    day, name, hours = text.split(" ")
    return SpecialDay(date.fromisoformat(day), name, () if hours == "closed" else _spans(hours))


def _calendar(row: dict[str, str]) -> Calendar:
    first, last = (WEEKDAYS.index(day) for day in row["hours"].split(" ")[0].split("–"))
    spans, own = _spans(row["hours"]), row["days of one's own"]
    return Calendar(
        zone="Asia/Shanghai",
        week=tuple(spans if first <= day <= last else () for day in range(7)),
        holidays="CN" if row["public holidays"] == "yes" else None,
        make_up=_spans(row["make-up workdays"]) or None,
        special=() if own == "–" else tuple(map(_own_day, own.split("; "))),
    )


CALENDARS = {pages.codes(row["calendar"])[0]: _calendar(row) for row in pages.table(PAGE, "The calendars of the cases")}


def _pauses(row: dict[str, str]) -> tuple[Pause, ...]:
    if row["pauses"] == "–":
        return ()
    edges = (pause.split(" – ") for pause in row["pauses"].split("; "))
    return tuple(Pause(_moment(start), _moment(end), f"case {row['no.']}") for start, end in edges)


def _budget(text: str) -> int:
    number, unit = text.split(" ")
    return int(number) * UNITS[unit]


def _calendar_of(row: dict[str, str]) -> Calendar:
    return CALENDARS[pages.codes(row["calendar"])[0]]


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"case {row['no.']}")
def test_a_worked_example_is_due_when_it_says(row: dict[str, str]) -> None:
    due = business_time.deadline(_moment(row["start"]), _budget(row["budget"]), _calendar_of(row), _pauses(row))
    assert due == _moment(row["due"]), datetime.fromtimestamp(due / 1000, SHANGHAI)


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"case {row['no.']}")
def test_what_counted_of_a_worked_example_is_its_budget(row: dict[str, str]) -> None:
    given = (_moment(row["start"]), _moment(row["due"]), _calendar_of(row), _pauses(row))
    assert business_time.working_ms(*given) == _budget(row["budget"])


def test_there_are_thirty_worked_examples_and_more_and_their_calendars_can_be_used() -> None:
    assert [row["no."] for row in CASES] == [str(number) for number in range(1, len(CASES) + 1)]
    assert len(CASES) >= 30
    assert {pages.codes(row["calendar"])[0] for row in CASES} == set(CALENDARS)
    assert all(business_time.problems(calendar) == [] for calendar in CALENDARS.values())
    assert CALENDARS["natural"] == business_time.NATURAL


def test_the_account_shown_is_the_one_of_its_case() -> None:
    (row,) = (row for row in CASES if row["no."] == "15")
    account = business_time.segments(_moment(row["start"]), _moment(row["due"]), _calendar_of(row), _pauses(row))
    shown = [
        (_moment(row["from"]), _moment(row["until"]), *pages.codes(row["kind"]), "".join(pages.codes(row["reason"])))
        for row in pages.table(PAGE, "The account of case 15")
    ]
    assert [(one.start, one.end, one.kind, one.reason) for one in account] == shown


def _days(text: str) -> set[date]:
    first, last = (date.fromisoformat(day) for day in text.split(" – "))
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def test_the_library_knows_just_what_was_announced() -> None:
    known = library("CN")
    off: set[date] = set()
    worked: set[date] = set()
    for row in pages.table(PAGE, "What was announced"):
        days = _days(row["days off"])
        in_return = {date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", row["days worked in return"])}
        keys = set(pages.codes(row["key"]))
        assert {known.closed[day] for day in days} == keys
        assert {known.make_up[day] for day in in_return} <= keys
        off |= days
        worked |= in_return
    assert off == {day for day in known.closed if day.year in (2025, 2026)}
    assert worked == {day for day in known.make_up if day.year in (2025, 2026)}


def test_the_kinds_of_time_described_are_those_there_are() -> None:
    described = {pages.codes(row["kind"])[0]: row["counts"] for row in pages.table(PAGE, "Which clock")}
    assert described == {str(kind): "yes" if kind.counts else "no" for kind in SegmentKind}
