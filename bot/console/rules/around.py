"""What every page of the rules knows: the rules in force, and the names of those whom they name."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.config import OWN_TRANSPORTS
from bot.console.access import LOGIN
from bot.console.render import almanac_for
from bot.console.rules.sentences import Names, Teller
from bot.console.ways.labels import Labels
from bot.keys import CLOCK, DATABASE, WAYS
from bot.messages import Channel
from storage.database import Transaction
from tickets import agents, teams
from tickets.model import Role
from tickets.sla import editing, rulebook
from tickets.sla.checking import Surroundings
from tickets.sla.model import Rule, RuleKind
from tickets.sla.rulebook import BY_SETTINGS

RULE_ID = "{id:[0-9a-f-]{36}}"
CHANNELS = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class Around:
    """The rules with what stands around them, and names: of agents, of teams, of every rule, archived ones too."""

    rules: Surroundings
    agents: Mapping[str, str]
    names: Names

    def by_name(self, kind: RuleKind) -> list[Rule]:
        """The rules of a kind, in the order of their names."""
        return sorted(self.rules.named(kind), key=lambda rule: (rule.name, rule.id))


async def look_around(request: web.Request) -> Around:
    """As it is now."""
    now = request.config_dict[CLOCK]()
    return await request.config_dict[DATABASE].read(around, transports(request), now)


def around(tx: Transaction, ways: frozenset[str], now: int) -> Around:
    """As it is in this transaction."""
    rules = editing.surroundings(tx, CHANNELS, ways, now)
    team_names = {team.id: team.name for team in teams.all_teams(tx)}
    people = agents.names(tx)
    return Around(rules, people, Names(rulebook.names(tx), team_names, people))


def transports(request: web.Request) -> frozenset[str]:
    """The names of the ways that a chain may use: those that are set up, and those that every installation knows."""
    ways = request.config_dict[WAYS]
    return frozenset({*ways, *OWN_TRANSPORTS})


def teller_for(request: web.Request, seen: Around) -> Teller:
    """Tells rules to the reader of this request."""
    almanac = almanac_for(request)
    return Teller(almanac, seen.names, Labels(request.config_dict[WAYS], almanac.say))


def may_edit(request: web.Request) -> bool:
    """Whether the reader of this request decides about rules."""
    return request[LOGIN].agent.role is Role.ADMIN


def who(by: str, seen: Around, teller: Teller) -> str:
    """Who changed a rule; the settings file may have."""
    return teller.say("rules.by_settings") if by == BY_SETTINGS else seen.agents.get(by, teller.say("rules.somebody"))
