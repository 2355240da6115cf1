"""What administrators change of the people who work here, and these of themselves: compared with what they saw."""

from dataclasses import dataclass

from storage.database import Transaction
from tickets import agents, teams
from tickets.errors import Conflict, DeskError
from tickets.model import Agent, Role
from tickets.profiles import Profile, ProfileRefused, faults
from tickets.sla import rulebook
from tickets.sla.model import Chain, Rota, Rule


class LastAdmin(DeskError):
    """Nobody could administer the console any more."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What hangs on somebody: agents whose deputy this is, teams led, rotas and chains (newest versions, not archived)
    that name the agent, and how many live tickets are assigned."""

    deputy_of: tuple[Agent, ...]
    leads: tuple[teams.Team, ...]
    rotas: tuple[Rule, ...]
    chains: tuple[Rule, ...]
    tickets: int

    @property
    def any(self) -> bool:
        """Whether anything hangs on this agent."""
        return bool(self.deputy_of or self.leads or self.rotas or self.chains or self.tickets)


def change_profile(tx: Transaction, agent_id: str, seen: int, profile: Profile) -> Agent:
    """The agent with this profile. Raises NotFound, ProfileRefused, and Conflict if it is not in the version seen."""
    if agents.get_agent(tx, agent_id).version != seen:
        raise Conflict(agent_id, ())
    active = {one.id: one for one in agents.active_agents(tx)}
    if wrong := faults(profile, agent_id, active, {team.id for team in teams.all_teams(tx)}):
        raise ProfileRefused(wrong)
    return agents.set_profile(tx, agent_id, seen, profile)


def disable(tx: Transaction, agent_id: str, seen: int, now: int) -> Agent:
    """Lock the agent out and end every session. Raises NotFound, LastAdmin, and Conflict if it is not in the version
    seen."""
    agent = agents.get_agent(tx, agent_id)
    if agent.version != seen:
        raise Conflict(agent_id, ())
    if agent.role is Role.ADMIN and agent.disabled_at is None and agents.count_admins(tx) == 1:
        raise LastAdmin
    agents.count_change(tx, agent_id, seen)
    return agents.disable(tx, agent.login, now)


def enable(tx: Transaction, agent_id: str, seen: int) -> Agent:
    """Let the agent log in again. Raises NotFound, and Conflict if it is not in the version seen."""
    if agents.get_agent(tx, agent_id).version != seen:
        raise Conflict(agent_id, ())
    return agents.enable(tx, agent_id, seen)


def duties_of(tx: Transaction, agent_id: str) -> Duties:
    """What hangs on this agent now."""
    rules = list(rulebook.in_force(tx).others.values())
    return Duties(
        deputy_of=tuple(one for one in agents.active_agents(tx) if one.deputy_id == agent_id),
        leads=tuple(team for team in teams.all_teams(tx) if team.lead_id == agent_id),
        rotas=tuple(rule for rule in rules if isinstance(rule.definition, Rota) and _takes_turns(rule, agent_id)),
        chains=tuple(rule for rule in rules if isinstance(rule.definition, Chain) and _is_told(rule, agent_id)),
        tickets=_live_tickets(tx, agent_id),
    )


def _takes_turns(rule: Rule, agent_id: str) -> bool:
    assert isinstance(rule.definition, Rota), f"rule {rule.id} is not a rota"
    return agent_id in rule.definition.members or any(one.agent_id == agent_id for one in rule.definition.substitutions)


def _is_told(rule: Rule, agent_id: str) -> bool:
    assert isinstance(rule.definition, Chain), f"rule {rule.id} is not a chain"
    warning = rule.definition.warning
    levels = (*rule.definition.levels, *((warning,) if warning is not None else ()))
    return any(f"agent:{agent_id}" in level.recipients for level in levels)


def _live_tickets(tx: Transaction, agent_id: str) -> int:
    rows = tx.execute(
        """
        SELECT COUNT(*) AS held FROM ticket
        WHERE assignee_id = :agent_id AND status IN ('new', 'open', 'pending', 'on_hold')
        """,
        {"agent_id": agent_id},
    )
    return int(rows[0]["held"])
