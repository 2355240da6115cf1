"""The first rules: what the settings promise, until people edit it."""

from dataclasses import dataclass, replace

from storage.database import Transaction
from tickets.business_time import Calendar, Span
from tickets.sla import rulebook
from tickets.sla.model import Budget, Chain, Definition, Policy, Rule, RuleKind, Warning

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Names:
    """What the first rules are called."""

    policy: str
    chain: str
    working_hours: str
    warning: str


@dataclass(frozen=True, slots=True)
class Seed:
    """An answer within reply_ms of natural time, a warning at warn_share percent of it (0: none), and this chain."""

    reply_ms: int
    warn_share: int
    chain: Chain
    zone: str
    names: Names


def seed(tx: Transaction, wanted: Seed, now: int) -> None:
    """Make the first rules; later, follow changed settings in rules that nobody has edited since."""
    policies = rulebook.in_force(tx).policies
    if not policies:
        _plant(tx, wanted, now)
        return
    last = policies[-1]
    assert isinstance(last.definition, Policy), f"rule {last.id} is not a policy"
    _follow(tx, last, _promised(wanted, last.definition.chain_id), now)
    _follow(tx, rulebook.get_rule(tx, last.definition.chain_id), wanted.chain, now)


def _plant(tx: Transaction, wanted: Seed, now: int) -> None:
    by = rulebook.BY_SETTINGS
    calendar = _working_hours(wanted.zone)
    rulebook.add(tx, RuleKind.CALENDAR, wanted.names.working_hours, calendar, by, 0, now)
    chain = rulebook.add(tx, RuleKind.CHAIN, wanted.names.chain, wanted.chain, by, 0, now)
    promised = _promised(wanted, chain.id)
    rulebook.add(tx, RuleKind.POLICY, wanted.names.policy, promised, by, rulebook.LAST_POSITION, now)


def _follow(tx: Transaction, rule: Rule, definition: Definition, now: int) -> None:
    if rule.changed_by == rulebook.BY_SETTINGS and rule.definition != definition:
        rulebook.revise(tx, rule.id, rule.version, rule.name, definition, rulebook.BY_SETTINGS, now)


def _promised(wanted: Seed, chain_id: str) -> Policy:
    warnings = (Warning(share=wanted.warn_share),) if wanted.warn_share else ()
    budget = Budget(wanted.reply_ms, warnings=warnings)
    return Policy(first_response=budget, next_response=replace(budget), resolution=None, chain_id=chain_id)


def _working_hours(zone: str) -> Calendar:
    """Monday to Friday, nine to twelve and half past one to six."""
    day = (Span(9 * HOUR_S, 12 * HOUR_S), Span(13 * HOUR_S + 1_800, 18 * HOUR_S))
    return Calendar(zone=zone, week=(day,) * 5 + ((), ()), holidays="CN", make_up=day)
