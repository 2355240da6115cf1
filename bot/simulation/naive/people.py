"""Whom a level of the chain names, looked up one after the other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.simulation.scenario import Setup
from tickets.model import Agent
from tickets.sla.model import Level

# What each simulated way of telling people needs to know of them; None: it tells a room.
ADDRESSED_BY = {"mail": "email", "sms": "phone", "robot": None}


def recipients(
    level: Level | None, assignee_id: str | None, staff: Sequence[Agent], setup: Setup, wall: int
) -> set[tuple[str, str]]:
    """Everybody (way, address) who has to hear of an alarm of this level now."""
    if level is None:
        return set()
    people = [person for name in level.recipients for person in _named(name, assignee_id, staff, setup, wall)]
    found = set()
    for way in level.transports:
        if way not in ADDRESSED_BY:
            continue
        attribute = ADDRESSED_BY[way]
        if attribute is None:
            found.add((way, "everyone"))
            continue
        for person in people:
            address = _address(person, attribute)
            if address:
                found.add((way, address))
    return found


def _address(person: Agent | str, attribute: str) -> str | None:
    if isinstance(person, str):
        return person if ("@" in person) == (attribute == "email") else None
    found: str | None = getattr(person, attribute)
    return found


def _named(name: str, assignee_id: str | None, staff: Sequence[Agent], setup: Setup, wall: int) -> list[Agent | str]:
    if name == "assignee":
        own = [agent for agent in staff if agent.id == assignee_id]
        chosen = own or [agent for agent in staff if agent.role != "reader"]
    elif name.startswith("role:"):
        chosen = [agent for agent in staff if agent.role == name.removeprefix("role:")]
    elif name.startswith("agent:"):
        chosen = [agent for agent in staff if agent.id == name.removeprefix("agent:")]
    elif name.startswith("rota:"):
        on_duty = _on_duty(name.removeprefix("rota:"), setup, wall)
        chosen = [agent for agent in staff if agent.id == on_duty]
    elif name == "team_lead":
        chosen = []
    else:
        return [name]
    return [_standing_in(agent, staff, setup, wall) for agent in chosen]


def _on_duty(key: str, setup: Setup, wall: int) -> str | None:
    rota = setup.rotas[key]
    today = (_local(wall, rota.zone) - timedelta(minutes=rota.handover_minute)).date()
    for one in rota.substitutions:
        if one.first <= today <= one.last:
            return one.agent_id
    if today < rota.starts or not rota.members:
        return None
    turn, day = 0, rota.starts
    while day + timedelta(days=rota.days_each) <= today:
        day += timedelta(days=rota.days_each)
        turn += 1
    return rota.members[turn % len(rota.members)]


def _standing_in(agent: Agent, staff: Sequence[Agent], setup: Setup, wall: int) -> Agent:
    """The agent, or the first deputy along the line who does not rest; the agent if there is none."""
    current = agent
    for _ in range(5):
        if not _rests(current, _local(wall, setup.zone)):
            return current
        deputies = [one for one in staff if one.id == current.deputy_id]
        if not deputies:
            return agent
        current = deputies[0]
    return agent


def _rests(agent: Agent, local: datetime) -> bool:
    if agent.quiet_from is None or agent.quiet_until is None:
        return False
    minute = local.hour * 60 + local.minute
    if agent.quiet_from <= agent.quiet_until:
        return agent.quiet_from <= minute < agent.quiet_until
    return minute >= agent.quiet_from or minute < agent.quiet_until


def _local(wall: int, zone: str) -> datetime:
    return datetime.fromtimestamp(wall / 1000, UTC).astimezone(ZoneInfo(zone))
