"""By which ways a person is reached. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from tickets import contact_details
from tickets.alerts import Addressing
from tickets.escalation.people import Staff, reached, rests
from tickets.escalation.ways import Ways
from tickets.model import Agent


@dataclass(frozen=True, slots=True)
class Contactable:
    """How an agent is reached: mail and phone masked, and each way that addresses people with whether it does.

    rests: in quiet hours now; instead: who is told now in that time, None for the agent after all.
    """

    agent: Agent
    email: str
    phone: str
    ways: Mapping[str, bool]
    rests: bool
    instead: Agent | None

    @property
    def is_reached(self) -> bool:
        """Whether any way outside the console reaches this agent."""
        return any(self.ways.values())


def contactable(agent: Agent, staff: Staff, ways: Ways) -> Contactable:
    """How this agent is reached now."""
    resting = rests(agent, staff.now, staff.zone)
    instead = reached(agent, staff) if resting else agent
    return Contactable(
        agent,
        contact_details.mask(agent.email) if agent.email else "",
        contact_details.mask(agent.phone) if agent.phone else "",
        {
            name: _reaches(way.transport.addressing, agent)
            for name, way in sorted(ways.items())
            if _personal(name, ways)
        },
        resting,
        instead if instead.id != agent.id else None,
    )


def _personal(name: str, ways: Ways) -> bool:
    return ways[name].transport.addressing in (Addressing.MAIL, Addressing.PHONE)


def _reaches(addressing: Addressing, agent: Agent) -> bool:
    return bool(agent.email if addressing is Addressing.MAIL else agent.phone)
