"""Who would be told by a level now, by which ways, and what is missing: as the telling itself would do it."""

from dataclasses import replace

from tests.tickets.test_people import CHEN, ROTA, WANG, ZHOU, shanghai, staff
from tickets.alerts import TRANSPORTS
from tickets.escalation.notices import addressees
from tickets.escalation.people import told
from tickets.escalation.reaching import Gap, Missing, reach_of
from tickets.escalation.ways import Way, Ways
from tickets.sla.model import Level

WAYS: Ways = {
    name: Way(name, TRANSPORTS[kind], None)
    for name, kind in (("mail", "mail"), ("sms", "sms_aliyun"), ("dingtalk", "dingtalk"))
}
NOON, NIGHT = shanghai("2026-11-25T12:00"), shanghai("2026-11-25T23:00")


def level(*recipients: str, ways: tuple[str, ...] = ("sms",)) -> Level:
    return Level("一级", 0, recipients, ways)


def test_people_are_told_with_the_ways_that_reach_them() -> None:
    reach = reach_of(level("agent:zhou", "agent:wang", ways=("sms", "mail")), staff(NOON), WAYS, ())
    assert [(one.person.agent_id, one.ways) for one in reach.people] == [("zhou", ("sms", "mail")), ("wang", ("mail",))]
    assert reach.missing == ()


def test_a_deputy_is_told_with_the_one_who_rests() -> None:
    reach = reach_of(level("agent:zhou", ways=("mail",)), staff(NIGHT), WAYS, ())
    assert [(one.person.agent_id, one.stands_in_for) for one in reach.people] == [("wang", ("zhou",))]
    by_turn = reach_of(level("rota:r1", ways=("mail",)), staff(NIGHT), WAYS, ())
    assert [(one.person.agent_id, one.stands_in_for) for one in by_turn.people] == [("wang", ("zhou",))]
    assert ROTA.members[0] == "zhou"


def test_who_has_no_address_for_any_way_is_named() -> None:
    reach = reach_of(level("agent:zhou", "agent:wang"), staff(NOON), WAYS, ())
    assert reach.missing == (Missing(Gap.NO_ADDRESS, "wang"),)
    alone = reach_of(level("agent:wang"), staff(NOON), WAYS, ())
    assert alone.missing == (Missing(Gap.NOBODY),)


def test_a_group_is_told_whoever_else_is() -> None:
    reach = reach_of(level("agent:wang", ways=("sms", "dingtalk")), staff(NOON), WAYS, ())
    assert (reach.groups, reach.missing) == (("dingtalk",), ())


def test_ways_that_are_not_set_up_and_a_level_in_the_console_alone_are_told() -> None:
    reach = reach_of(level("agent:zhou", ways=("console", "webhook")), staff(NOON), WAYS, ())
    assert reach.missing == (Missing(Gap.WAY_NOT_SET_UP, "webhook"), Missing(Gap.NO_OUTSIDE_WAY))


def test_the_leads_of_all_teams_are_told_apart() -> None:
    reach = reach_of(level("team_lead"), staff(NOON), WAYS, ("t1", "t3"))
    lead = reach.leads["t1"]
    assert lead is not None
    assert (lead.person.agent_id, reach.leads["t3"]) == ("chen", None)
    assert reach.missing == (Missing(Gap.TEAM_WITHOUT_LEAD, "t3"),)


def test_it_says_what_the_telling_does() -> None:
    wanted = level("assignee", "rota:r1", "duty@example.com", ways=("mail", "sms", "dingtalk"))
    for at in (NOON, NIGHT):
        there = staff(at, ZHOU, replace(CHEN, email=None), WANG)
        reach = reach_of(wanted, there, WAYS, ())
        said = {(name, one.person) for one in reach.people for name in one.ways}
        found = addressees(WAYS, wanted.transports, told(wanted, None, None, there))
        assert {(one.way.name, one.recipient) for one in found if one.way.name != "dingtalk"} == {
            (name, person.address(WAYS[name].transport.addressing)) for name, person in said
        }
