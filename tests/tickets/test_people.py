"""Whom a level names: rotas, quiet hours, deputies, team leads, and the addresses that each way needs."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.rules import WAYS, ZONE
from tickets.alerts import EVERYONE, Addressing
from tickets.escalation.notices import addressees
from tickets.escalation.people import Person, Staff, on_duty, rests, told
from tickets.model import Agent, Role
from tickets.sla.model import Level, Rota, Substitution

MINUTE = 60_000


def shanghai(text: str) -> int:
    """Epoch ms of a local time in Shanghai."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


def person(name: str, role: Role = Role.AGENT, **more: Any) -> Agent:
    return Agent(name, name, name, f"{name}@example.com", role, None, 0, **more)


NIGHT: dict[str, Any] = {"quiet_from": 22 * 60, "quiet_until": 7 * 60}
ZHOU = person("zhou", phone="+8613800000001", deputy_id="chen", **NIGHT)
CHEN = person("chen", Role.SUPERVISOR, phone="+8613800000002", **NIGHT, deputy_id="wang")
WANG = person("wang", Role.ADMIN)
ROTA = Rota(
    ("zhou", "chen", "wang"),
    date(2026, 11, 23),
    7,
    9 * 60,
    ZONE,
    (Substitution(date(2026, 12, 1), date(2026, 12, 2), "wang"),),
)


def staff(at: int, *agents: Agent) -> Staff:
    everybody = {one.id: one for one in agents or (ZHOU, CHEN, WANG)}
    ways = {"post": Addressing.MAIL, "sms": Addressing.PHONE, "group": Addressing.EVERYONE}
    return Staff(everybody, {"t1": "chen", "t2": "gone"}, {"r1": ROTA}, ways, at, ZONE)


def named(at: str, *recipients: str, assignee: str | None = None, team: str | None = None) -> list[str | None]:
    people = told(Level("any", 0, recipients, ()), assignee, team, staff(shanghai(at)))
    return [one.agent_id or one.email or one.phone for one in people]


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("2026-11-24T21:59", False), ("2026-11-24T22:00", True), ("2026-11-25T03:00", True), ("2026-11-25T07:00", False)],
)
def test_quiet_hours_may_go_over_midnight(at: str, quiet: bool) -> None:
    assert rests(ZHOU, shanghai(at), ZONE) is quiet


def test_by_night_the_deputy_who_does_not_rest_is_told() -> None:
    assert named("2026-11-24T12:00", "assignee", assignee="zhou") == ["zhou"]
    assert named("2026-11-24T23:00", "assignee", assignee="zhou") == ["wang"]


def test_a_deputy_whom_nothing_reaches_stands_in_for_nobody() -> None:
    unreached = replace(person("chen", Role.SUPERVISOR), email=None)
    night = staff(shanghai("2026-11-24T23:00"), ZHOU, unreached)
    people = told(Level("any", 0, ("agent:zhou",), ()), None, None, night)
    assert people == [Person("zhou", "zhou@example.com", "+8613800000001")]


@pytest.mark.parametrize(
    ("transports", "fallback", "who"),
    [
        (("sms",), (), "zhou"),
        (("sms", "group"), (), "zhou"),
        (("sms",), ("post",), "chen"),
        (("post",), (), "chen"),
        (("group",), (), "chen"),
    ],
)
def test_a_deputy_stands_in_where_a_way_of_the_level_reaches_the_deputy(
    transports: tuple[str, ...], fallback: tuple[str, ...], who: str
) -> None:
    by_mail = replace(person("chen", Role.SUPERVISOR), phone=None)
    night = staff(shanghai("2026-11-24T23:00"), ZHOU, by_mail)
    people = told(Level("any", 0, ("agent:zhou",), transports, fallback), None, None, night)
    assert [one.agent_id for one in people] == [who]


def test_if_every_deputy_rests_as_well_the_alarm_is_not_silenced() -> None:
    sleepers = (ZHOU, person("chen", Role.SUPERVISOR, **NIGHT, deputy_id="zhou"))
    people = told(Level("any", 0, ("agent:zhou",), ()), None, None, staff(shanghai("2026-11-24T23:00"), *sleepers))
    assert [one.agent_id for one in people] == ["zhou"]


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-11-23T08:59", None),
        ("2026-11-23T09:00", "zhou"),
        ("2026-11-30T08:59", "zhou"),
        ("2026-11-30T09:00", "chen"),
        ("2026-12-01T09:00", "wang"),
        ("2026-12-03T08:59", "wang"),
        ("2026-12-03T09:00", "chen"),
        ("2026-12-07T09:00", "wang"),
        ("2026-12-14T12:00", "zhou"),
    ],
)
def test_the_rota_goes_round_at_its_hour_and_substitutions_win(at: str, who: str | None) -> None:
    assert on_duty(ROTA, shanghai(at)) == who


@pytest.mark.parametrize(
    ("recipients", "assignee", "team", "who"),
    [
        (("team_lead",), None, "t1", ["chen"]),
        (("team_lead",), None, "t2", []),
        (("team_lead",), None, None, []),
        (("rota:r1",), None, None, ["zhou"]),
        (("rota:gone",), None, None, []),
        (("agent:wang", "role:admin"), None, None, ["wang"]),
        (("assignee", "team_lead"), "zhou", "t1", ["zhou", "chen"]),
        (("+8613800000009", "duty@example.com"), None, None, ["+8613800000009", "duty@example.com"]),
    ],
)
def test_a_level_names_leads_rotas_people_and_addresses(
    recipients: tuple[str, ...], assignee: str | None, team: str | None, who: list[str]
) -> None:
    assert named("2026-11-24T12:00", *recipients, assignee=assignee, team=team) == who


def test_a_way_that_addresses_no_one_is_used_once_and_names_the_phones() -> None:
    people = [Person("zhou", "zhou@example.com", "+8613800000001"), Person(None, None, "+8613800000009")]
    found = addressees(WAYS, ("mail", "webhook", "not-set-up"), people)
    assert [(one.way.name, one.recipient, one.agent_id, one.mentions) for one in found] == [
        ("mail", "zhou@example.com", "zhou", ()),
        ("webhook", EVERYONE, None, ("+8613800000001", "+8613800000009")),
    ]


def test_a_moment_is_told_in_the_rotas_own_zone() -> None:
    new_york = Rota(("zhou", "chen"), date(2026, 11, 23), 1, 0, "America/New_York")
    assert on_duty(new_york, round(datetime(2026, 11, 24, 4, 59, tzinfo=UTC).timestamp() * 1000)) == "zhou"
    assert on_duty(new_york, round(datetime(2026, 11, 24, 5, 0, tzinfo=UTC).timestamp() * 1000)) == "chen"
