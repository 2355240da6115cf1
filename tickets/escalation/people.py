"""Whom a level of the chain names at a moment, with deputies for those who rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tickets.alerts.transport import Addressing
from tickets.model import Agent, Role
from tickets.sla.model import Level, Rota

MOST_DEPUTIES = 5
MINUTES_A_DAY = 1_440
PERSONAL = frozenset({Addressing.MAIL, Addressing.PHONE})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to tell: an agent, or only an address."""

    agent_id: str | None
    email: str | None
    phone: str | None

    def address(self, addressing: Addressing) -> str | None:
        """Where such a transport reaches this person; None if it cannot."""
        match addressing:
            case Addressing.MAIL:
                return self.email
            case Addressing.PHONE:
                return self.phone
            case Addressing.AGENT:
                return self.agent_id
            case Addressing.EVERYONE:
                return None


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody active, the leads of teams (team id to agent id), the rotas by id, how each way that is set up reaches
    people, and now in the desk's zone."""

    agents: Mapping[str, Agent]
    leads: Mapping[str, str]
    rotas: Mapping[str, Rota]
    addressing: Mapping[str, Addressing]
    now: int
    zone: str


def told(level: Level, assignee_id: str | None, team_id: str | None, staff: Staff) -> list[Person]:
    """The people whom a level names, each once, in the order named; a deputy stands in for one who rests.

    'assignee' means everybody active who serves customers when nobody, or nobody with an address, is assigned.
    """
    people: dict[str, Person] = {}
    by = personal(level, staff)
    for name in level.recipients:
        for person in _named(name, assignee_id, team_id, staff, by):
            people.setdefault(person.agent_id or person.email or person.phone or "", person)
    return list(people.values())


def personal(level: Level, staff: Staff) -> frozenset[Addressing]:
    """By what a level reaches a person outside the console: mail, phone or both; both if only groups hear of it."""
    used = {staff.addressing.get(name) for name in (*level.transports, *level.fallback)}
    return frozenset(one for one in PERSONAL if one in used) or PERSONAL


def on_duty(rota: Rota, now: int) -> str | None:
    """The id of the agent whose turn it is, None before the rota starts or without members."""
    day = duty_day(rota, now)
    for substitution in rota.substitutions:
        if substitution.first <= day <= substitution.last:
            return substitution.agent_id
    return _turn(rota, day)


def duty_day(rota: Rota, now: int) -> date:
    """The day whose duty it is now: before the handover that of the day before."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(rota.zone))
    return (local - timedelta(minutes=rota.handover_minute)).date()


def rests(agent: Agent, now: int, zone: str) -> bool:
    """Whether it is one of the agent's quiet hours."""
    if agent.quiet_from is None or agent.quiet_until is None or agent.quiet_from == agent.quiet_until:
        return False
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    since = (local.hour * 60 + local.minute - agent.quiet_from) % MINUTES_A_DAY
    return since < (agent.quiet_until - agent.quiet_from) % MINUTES_A_DAY


def reached(agent: Agent, staff: Staff, by: frozenset[Addressing] = PERSONAL) -> Agent:
    """The agent, or the deputy who stands in now; the agent after all if every deputy rests as well, is gone, or cannot
    be reached by any of these."""
    current = agent
    for _ in range(MOST_DEPUTIES):
        if not rests(current, staff.now, staff.zone):
            return current
        deputy = staff.agents.get(current.deputy_id or "")
        if deputy is None or not any(_person(deputy).address(one) for one in by):
            return agent
        current = deputy
    return agent


def _turn(rota: Rota, day: date) -> str | None:
    if not rota.members or day < rota.starts:
        return None
    return rota.members[(day - rota.starts).days // rota.days_each % len(rota.members)]


def _named(
    name: str, assignee_id: str | None, team_id: str | None, staff: Staff, by: frozenset[Addressing]
) -> list[Person]:
    kind, _, key = name.partition(":")
    match kind:
        case "assignee":
            serving = [agent for agent in staff.agents.values() if agent.role is not Role.READER]
            own = [agent for agent in _agents([assignee_id], staff) if agent.email or agent.phone]
            return _people(own or serving, staff, by)
        case "team_lead":
            return _people(_agents([staff.leads.get(team_id or "")], staff), staff, by)
        case "role":
            return _people([agent for agent in staff.agents.values() if agent.role == key], staff, by)
        case "agent":
            return _people(_agents([key], staff), staff, by)
        case "rota":
            rota = staff.rotas.get(key)
            return _people(_agents([on_duty(rota, staff.now)] if rota else [], staff), staff, by)
        case _:
            return [Person(None, name, None) if "@" in name else Person(None, None, name)]


def _agents(ids: Sequence[str | None], staff: Staff) -> list[Agent]:
    return [staff.agents[one] for one in ids if one is not None and one in staff.agents]


def _people(agents: Sequence[Agent], staff: Staff, by: frozenset[Addressing]) -> list[Person]:
    return [_person(reached(agent, staff, by)) for agent in agents]


def _person(agent: Agent) -> Person:
    return Person(agent.id, agent.email, agent.phone)
