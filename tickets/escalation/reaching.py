"""Who would be told by a level now, by which ways, and why somebody would not. Pure: it asks what the telling asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tickets.alerts import Addressing
from tickets.escalation import notices
from tickets.escalation.people import Person, Staff, personal, reached, told
from tickets.escalation.ways import CONSOLE, Ways
from tickets.sla.model import Level

TEAM_LEAD = "team_lead"


class Gap(StrEnum):
    """Why a level reaches fewer than it names. value of a Missing: the way, the agent's or team's id."""

    NOBODY = "nobody"
    NO_OUTSIDE_WAY = "no_outside_way"
    WAY_NOT_SET_UP = "way_not_set_up"
    NO_ADDRESS = "no_address"
    TEAM_WITHOUT_LEAD = "team_without_lead"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing; names what is concerned."""

    gap: Gap
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who is told: the person, by which ways, and whose deputy this is (agents' ids)."""

    person: Person
    ways: tuple[str, ...]
    stands_in_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a level comes to now. groups: the ways that tell a group, once and nobody in particular. leads: of each team
    (by id) who is told if the ticket is that team's."""

    people: tuple[Reached, ...]
    groups: tuple[str, ...]
    leads: Mapping[str, Reached | None]
    missing: tuple[Missing, ...]


def reach_of(level: Level, staff: Staff, ways: Ways, teams: Iterable[str]) -> Reach:
    """Who is told by a level now, for a ticket that nobody is assigned to; teams are the ids of the active ones."""
    people = tuple(_reached(one, level, staff, ways) for one in told(level, None, None, staff))
    groups = tuple(name for name in level.transports if name in ways and _addressing(ways, name) is Addressing.EVERYONE)
    leads = {team: _lead(team, level, staff, ways) for team in teams} if TEAM_LEAD in level.recipients else {}
    return Reach(people, groups, leads, tuple(_missing(level, people, groups, leads, ways)))


def _reached(person: Person, level: Level, staff: Staff, ways: Ways) -> Reached:
    return Reached(person, _own_ways(person, level, ways), _stands_in_for(person, level, staff))


def _own_ways(person: Person, level: Level, ways: Ways) -> tuple[str, ...]:
    by = (one.way.name for one in notices.addressees(ways, level.transports, [person]))
    return tuple(name for name in by if _addressing(ways, name) is not Addressing.EVERYONE)


def _stands_in_for(person: Person, level: Level, staff: Staff) -> tuple[str, ...]:
    """The agents whom the level names and for whom this one is told."""
    awake = {one.id: replace(one, quiet_from=None, quiet_until=None) for one in staff.agents.values()}
    named = told(level, None, None, replace(staff, agents=awake))
    agents, by = (staff.agents[one.agent_id] for one in named if one.agent_id is not None), personal(level, staff)
    return tuple(
        one.id for one in agents if one.id != person.agent_id and reached(one, staff, by).id == person.agent_id
    )


def _lead(team: str, level: Level, staff: Staff, ways: Ways) -> Reached | None:
    alone = replace(level, recipients=(TEAM_LEAD,))
    found = told(alone, None, team, staff)
    return _reached_lead(found[0], staff.leads[team], alone, ways) if found else None


def _reached_lead(person: Person, lead_id: str, level: Level, ways: Ways) -> Reached:
    return Reached(person, _own_ways(person, level, ways), () if person.agent_id == lead_id else (lead_id,))


def _missing(
    level: Level,
    people: Sequence[Reached],
    groups: Sequence[str],
    leads: Mapping[str, Reached | None],
    ways: Ways,
) -> Iterable[Missing]:
    for name in level.transports:
        if name not in ways and name != CONSOLE:
            yield Missing(Gap.WAY_NOT_SET_UP, name)
    outside = [name for name in level.transports if name in ways and ways[name].is_outside]
    if not outside:
        yield Missing(Gap.NO_OUTSIDE_WAY)
        return
    everybody = (*people, *(one for one in leads.values() if one is not None))
    if not groups and not any(set(one.ways) & set(outside) for one in everybody):
        yield Missing(Gap.NOBODY)
        return
    if not groups:
        for one in everybody:
            if not set(one.ways) & set(outside) and one.person.agent_id is not None:
                yield Missing(Gap.NO_ADDRESS, one.person.agent_id)
    for team, lead in leads.items():
        if lead is None:
            yield Missing(Gap.TEAM_WITHOUT_LEAD, team)


def _addressing(ways: Ways, name: str) -> Addressing:
    return ways[name].transport.addressing
