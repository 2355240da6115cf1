"""Who is on duty on the days to come."""

from dataclasses import replace
from datetime import date

from tests.tickets.test_people import ROTA, shanghai
from tickets.escalation.people import duty_day
from tickets.escalation.roster import DutyDay, duty_days, shifts


def test_each_day_has_the_one_whose_turn_it_is_or_who_stands_in() -> None:
    days = duty_days(ROTA, date(2026, 11, 29), 5)
    assert days == [
        DutyDay(date(2026, 11, 29), "zhou", False),
        DutyDay(date(2026, 11, 30), "chen", False),
        DutyDay(date(2026, 12, 1), "wang", True),
        DutyDay(date(2026, 12, 2), "wang", True),
        DutyDay(date(2026, 12, 3), "chen", False),
    ]
    assert duty_days(ROTA, date(2026, 11, 22), 1) == [DutyDay(date(2026, 11, 22), None, False)]


def test_the_day_of_a_duty_begins_with_the_handover() -> None:
    assert duty_day(ROTA, shanghai("2026-11-30T08:59")) == date(2026, 11, 29)
    assert duty_day(ROTA, shanghai("2026-11-30T09:00")) == date(2026, 11, 30)


def test_now_and_next_are_told_with_their_handovers() -> None:
    now, following = shifts(ROTA, shanghai("2026-11-30T12:00"))
    assert (now.agent_id, now.ends_at) == ("chen", shanghai("2026-12-01T09:00"))
    assert (following.agent_id, following.starts_at, following.ends_at) == (
        "wang",
        shanghai("2026-12-01T09:00"),
        shanghai("2026-12-03T09:00"),
    )


def test_whoever_is_always_on_duty_has_nobody_after() -> None:
    alone = replace(ROTA, members=("zhou",), substitutions=())
    assert [one.agent_id for one in shifts(alone, shanghai("2026-11-30T12:00"))] == ["zhou"]


def test_before_a_rota_starts_nobody_is_on_duty() -> None:
    now, following = shifts(ROTA, shanghai("2026-11-20T12:00"))
    assert (now.agent_id, following.agent_id) == (None, "zhou")


def test_a_night_on_which_clocks_change_moves_no_duty() -> None:
    berlin = replace(ROTA, zone="Europe/Berlin", starts=date(2026, 10, 24), days_each=1, substitutions=())
    assert [one.agent_id for one in duty_days(berlin, date(2026, 10, 24), 3)] == ["zhou", "chen", "wang"]
