"""Whether the rules of a file could stand in the rulebook: the same questions as the console asks. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.messages import Channel
from bot.simulation.office import LOGINS
from bot.simulation.posting import ways
from bot.simulation.scenario import Setup
from tickets.sla.checking import Surroundings, errors
from tickets.sla.editing import check
from tickets.sla.model import Definition, Rule, RuleKind

# Any moment will do: what would be due is tried from it on.
_NOW = 1_767_196_800_000  # 2026-01-01 in Shanghai


def faults(setup: Setup) -> list[str]:
    """What keeps a desk from running by these rules, each with its place; empty if nothing does."""
    return list(_itself(setup)) or _by_the_book(setup)


def _itself(setup: Setup) -> Iterator[str]:
    try:
        ZoneInfo(setup.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"there is no time zone {setup.zone!r}"
    if not setup.policies or setup.policies[-1].policy.conditions:
        yield "the last policy has to be for everybody, without conditions"


def _by_the_book(setup: Setup) -> list[str]:
    calendars = [_rule(RuleKind.CALENDAR, key, calendar) for key, calendar in setup.calendars.items()]
    policies = [_rule(RuleKind.POLICY, one.name, one.policy) for one in setup.policies]
    rotas = [_rule(RuleKind.ROTA, key, rota) for key, rota in setup.rotas.items()]
    # Whatever chain a policy names, it is the one that there is.
    chain = _rule(RuleKind.CHAIN, "chain", setup.chain)
    others = {rule.id: rule for rule in (*calendars, *rotas)} | {one.policy.chain_id: chain for one in setup.policies}
    around = Surroundings(policies, others, _NOW, frozenset(Channel), frozenset(), LOGINS, frozenset(ways()))
    # By a calendar that is wrong no policy can be tried.
    return _found(calendars, replace(around, policies=())) or _found([*policies, *rotas, chain], around)


def _found(rules: Sequence[Rule], around: Surroundings) -> list[str]:
    return [
        f"{rule.kind} {rule.name}: {one.flaw} at {one.where}"
        for rule in rules
        for one in errors(check(rule.definition, rule.name, rule.id, around))
    ]


def _rule(kind: RuleKind, name: str, definition: Definition) -> Rule:
    return Rule(name, kind, 0, 1, name, definition, "", 0, None)
