"""What people do to the rulebook: checked against the rules in force, in the transaction in which it is kept."""

from collections.abc import Mapping

from storage.database import Transaction
from tickets import agents, teams
from tickets.business_time import Calendar
from tickets.errors import Conflict
from tickets.sla import rulebook
from tickets.sla.checking import Finding, Flaw, RuleRefused, Surroundings, errors
from tickets.sla.checking.calendars import check_calendar
from tickets.sla.checking.chains import check_chain, check_rota
from tickets.sla.checking.policies import check_policy
from tickets.sla.model import Chain, Definition, Policy, Rota, Rule, RuleKind
from tickets.sla.rulebook import LAST_POSITION

STEP = 10


def surroundings(tx: Transaction, channels: frozenset[str], transports: frozenset[str], now: int) -> Surroundings:
    """What a rule may name as things are; channels and transports are those that the settings know."""
    book = rulebook.in_force(tx)
    return Surroundings(
        policies=book.policies,
        others=book.others,
        now=now,
        channels=channels,
        teams=frozenset(team.id for team in teams.all_teams(tx)),
        agents=frozenset(agent.id for agent in agents.active_agents(tx)),
        transports=transports,
    )


def check(definition: Definition, name: str, rule_id: str | None, around: Surroundings) -> list[Finding]:
    """What is wrong with a rule of any kind, and what its author should know; rule_id None for a new one."""
    match definition:
        case Policy():
            return check_policy(definition, name, rule_id, around)
        case Calendar():
            return check_calendar(definition, name, rule_id, around)
        case Chain():
            return check_chain(definition, name, rule_id, around)
        case Rota():
            return check_rota(definition, name, rule_id, around)


def add(tx: Transaction, kind: RuleKind, name: str, definition: Definition, around: Surroundings, by: str) -> Rule:
    """A new rule; a policy comes just before the last one. Raises RuleRefused.

    around is read in this transaction; its moment is the rule's.
    """
    _require(check(definition, name, None, around))
    rule = rulebook.add(tx, kind, name, definition, by, _next_position(around), around.now)
    if kind is RuleKind.POLICY:
        _number(tx, [*(one.id for one in around.policies[:-1]), rule.id, *(one.id for one in around.policies[-1:])])
    return rule


def change(
    tx: Transaction, rule_id: str, seen: int, name: str, definition: Definition, around: Surroundings, by: str
) -> Rule:
    """The rule in its next version. Raises RuleRefused, NotFound, and Conflict if it is not in the version seen."""
    if rulebook.get_rule(tx, rule_id).version != seen:
        raise Conflict(rule_id, ())
    _require(check(definition, name, rule_id, around))
    return rulebook.revise(tx, rule_id, seen, name, definition, by, around.now)


def restore(tx: Transaction, rule_id: str, version: int, seen: int, around: Surroundings, by: str) -> Rule:
    """A new version that says what an old one said. Raises as change."""
    old = rulebook.get_rule(tx, rule_id, version)
    return change(tx, rule_id, seen, old.name, old.definition, around, by)


def move(tx: Transaction, rule_id: str, past_id: str, around: Surroundings) -> None:
    """Let a policy change places with its neighbour. Raises Conflict if they are no neighbours any more, RuleRefused if
    one of them is the last, which is for everybody."""
    order = [one.id for one in around.policies]
    if rule_id not in order or past_id not in order or abs(order.index(rule_id) - order.index(past_id)) != 1:
        raise Conflict(rule_id, ())
    if order[-1] in (rule_id, past_id):
        raise RuleRefused([Finding(Flaw.FALLBACK_IN_USE, "position")])
    here, there = order.index(rule_id), order.index(past_id)
    order[here], order[there] = order[there], order[here]
    _number(tx, order)


def archive(tx: Transaction, rule_id: str, seen: int, around: Surroundings) -> None:
    """Choose the rule no more. Raises RuleRefused while another rule names it or if it is the policy for everybody,
    NotFound, and Conflict if it is not in the version seen."""
    rule = rulebook.get_rule(tx, rule_id)
    if rule.version != seen:
        raise Conflict(rule_id, ())
    if around.policies and around.policies[-1].id == rule_id:
        raise RuleRefused([Finding(Flaw.FALLBACK_IN_USE, "archive")])
    users = used_by(rule_id, around)
    if users:
        raise RuleRefused([Finding(Flaw.IN_USE, "archive", (("name", one.name),)) for one in users])
    rulebook.archive(tx, rule_id, around.now)


def revive(tx: Transaction, rule_id: str, around: Surroundings) -> None:
    """Choose an archived rule again. Raises NotFound, and RuleRefused if it would not be right any more."""
    rule = rulebook.get_rule(tx, rule_id)
    _require(check(rule.definition, rule.name, rule_id if rule.kind is RuleKind.POLICY else None, around))
    rulebook.revive(tx, rule_id)


def used_by(rule_id: str, around: Surroundings) -> list[Rule]:
    """The rules in force that name this one."""
    chains = [
        rule
        for rule in around.named(RuleKind.CHAIN)
        if isinstance(rule.definition, Chain) and f"rota:{rule_id}" in _recipients(rule.definition)
    ]
    return [*rulebook.policies_using(around.policies, rule_id), *chains]


def _recipients(chain: Chain) -> set[str]:
    levels = (*chain.levels, *((chain.warning,) if chain.warning is not None else ()))
    return {name for level in levels for name in level.recipients}


def _require(findings: list[Finding]) -> None:
    if wrong := errors(findings):
        raise RuleRefused(wrong)


def _next_position(around: Surroundings) -> int:
    return STEP * len(around.policies)


def _number(tx: Transaction, order: list[str]) -> None:
    """Positions by order, the last far behind."""
    positions: Mapping[str, int] = {rule_id: STEP * (number + 1) for number, rule_id in enumerate(order[:-1])}
    rulebook.arrange(tx, {**positions, order[-1]: LAST_POSITION})
