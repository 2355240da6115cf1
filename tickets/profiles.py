"""How somebody who works here is reached, and whether that can be kept. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tickets.errors import DeskError
from tickets.model import Agent

MINUTES_A_DAY = 1_440


class ProfileFault(StrEnum):
    """Why a profile is not kept."""

    QUIET_HALF = "quiet_half"
    QUIET_ALL_DAY = "quiet_all_day"
    QUIET_OUT_OF_RANGE = "quiet_out_of_range"
    QUIET_NEEDS_DEPUTY = "quiet_needs_deputy"
    DEPUTY_SELF = "deputy_self"
    DEPUTY_GONE = "deputy_gone"
    DEPUTY_CIRCLE = "deputy_circle"
    TEAM_GONE = "team_gone"


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody is reached: the mail address, the phone (E.164), and from when until when (minutes of the desk's
    local day, over midnight if from is later) the deputy is told instead."""

    email: str | None
    phone: str | None
    quiet_from: int | None
    quiet_until: int | None
    deputy_id: str | None
    team_id: str | None


class ProfileRefused(DeskError):
    """A profile is not kept because of these faults."""

    def __init__(self, faults: Sequence[ProfileFault]) -> None:
        super().__init__(", ".join(faults))
        self.faults = tuple(faults)


def profile_of(agent: Agent) -> Profile:
    """How this agent is reached now."""
    return Profile(agent.email, agent.phone, agent.quiet_from, agent.quiet_until, agent.deputy_id, agent.team_id)


def faults(profile: Profile, agent_id: str, active: Mapping[str, Agent], teams: Collection[str]) -> list[ProfileFault]:
    """What is wrong with a profile; active are the agents who may log in, teams the ids of those not archived."""
    found = [*_quiet(profile), *_deputy(profile, agent_id, active)]
    if profile.team_id is not None and profile.team_id not in teams:
        found.append(ProfileFault.TEAM_GONE)
    return found


def _quiet(profile: Profile) -> Iterator[ProfileFault]:
    hours = (profile.quiet_from, profile.quiet_until)
    given = [minute for minute in hours if minute is not None]
    if not given:
        return
    if len(given) == 1:
        yield ProfileFault.QUIET_HALF
    elif not all(0 <= minute < MINUTES_A_DAY for minute in given):
        yield ProfileFault.QUIET_OUT_OF_RANGE
    elif given[0] == given[1]:
        yield ProfileFault.QUIET_ALL_DAY
    if profile.deputy_id is None:
        yield ProfileFault.QUIET_NEEDS_DEPUTY


def _deputy(profile: Profile, agent_id: str, active: Mapping[str, Agent]) -> Iterator[ProfileFault]:
    if profile.deputy_id is None:
        return
    if profile.deputy_id == agent_id:
        yield ProfileFault.DEPUTY_SELF
    elif profile.deputy_id not in active:
        yield ProfileFault.DEPUTY_GONE
    elif _leads_back(profile.deputy_id, agent_id, active):
        yield ProfileFault.DEPUTY_CIRCLE


def _leads_back(deputy_id: str, agent_id: str, active: Mapping[str, Agent]) -> bool:
    """Whether one deputy after the other leads to the agent again."""
    seen: set[str] = set()
    current = active.get(deputy_id)
    while current is not None and current.id not in seen:
        if current.deputy_id == agent_id:
            return True
        seen.add(current.id)
        current = active.get(current.deputy_id or "")
    return False
