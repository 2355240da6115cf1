"""Who would be told by each level of a chain now, as the page shows it. Pure but for the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.console.rules.chain_sentences import ChainWords
from bot.console.story import isolated
from tickets import contact_details
from tickets.escalation.people import Staff
from tickets.escalation.reaching import Gap, Missing, Reach, Reached, reach_of
from tickets.escalation.ways import Ways
from tickets.sla.model import Chain, Level


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person who is told: by which ways, at which addresses (masked), and for whom."""

    name: str
    ways: Sequence[str]
    addresses: Sequence[str]
    instead_of: str


@dataclass(frozen=True, slots=True)
class LevelReach:
    """What a level comes to now: who is told, which groups, the lead of each team, and what is missing."""

    title: str
    when: str
    people: Sequence[Somebody]
    groups: Sequence[str]
    leads: Sequence[tuple[str, Somebody | None]]
    unassigned: bool
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReachWords:
    """Tells who would be told; teams by id."""

    words: ChainWords
    staff: Staff
    ways: Ways
    teams: Mapping[str, str]

    def levels(self, chain: Chain) -> list[LevelReach]:
        """Each level in order, the warning first."""
        told = [
            self._level(level, self.words.name(level), self.words.when(number, level))
            for number, level in enumerate(chain.levels)
        ]
        if chain.warning is None:
            return told
        return [self._level(chain.warning, self.words.say("chains.warning"), ""), *told]

    def _level(self, level: Level, title: str, when: str) -> LevelReach:
        reach = reach_of(level, self.staff, self.ways, self.teams)
        return LevelReach(
            title,
            when,
            [self._somebody(one) for one in reach.people],
            [self.words.label(name) for name in reach.groups],
            self._leads(reach),
            "assignee" in level.recipients,
            [self._missing(one) for one in reach.missing],
        )

    def _leads(self, reach: Reach) -> list[tuple[str, Somebody | None]]:
        return [
            (isolated(self.teams[team]), None if lead is None else self._somebody(lead))
            for team, lead in reach.leads.items()
        ]

    def _somebody(self, reached: Reached) -> Somebody:
        person = reached.person
        addresses = [contact_details.mask(one) for one in (person.phone, person.email) if one]
        name = self._name(person.agent_id) if person.agent_id else ""
        absent = self.words.say("rules.list.joint").join(self._name(one) for one in reached.stands_in_for)
        return Somebody(name, [self.words.label(one) for one in reached.ways], addresses, absent)

    def _name(self, agent_id: str) -> str:
        agent = self.staff.agents.get(agent_id)
        return isolated(agent.name) if agent else ""

    def _missing(self, missing: Missing) -> str:
        value = missing.value
        match missing.gap:
            case Gap.WAY_NOT_SET_UP:
                value = self.words.label(value)
            case Gap.NO_ADDRESS:
                value = self._name(value)
            case Gap.TEAM_WITHOUT_LEAD:
                value = isolated(self.teams.get(value, ""))
            case Gap.NOBODY | Gap.NO_OUTSIDE_WAY:
                pass
        return self.words.say(f"chains.gap.{missing.gap}", name=value)
