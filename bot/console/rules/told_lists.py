"""The rows of the lists of chains and of rotas."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.console.rules import rota_strip
from bot.console.rules.around import Around, who
from bot.console.rules.chain_sentences import Step
from bot.console.rules.rota_strip import DutyCell, DutyShift
from bot.console.rules.sentences import Teller
from tickets.sla import editing
from tickets.sla.model import Chain, Rota, Rule, RuleKind


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One chain of the list as a ladder, and the policies that use it."""

    rule: Rule
    warned: str
    steps: Sequence[Step]
    repeats: str
    rests: str
    snooze: str
    users: Sequence[Rule]
    by: str


@dataclass(frozen=True, slots=True)
class RotaRow:
    """One rota of the list: how it goes, who is on duty now and next, the weeks to come, and the chains that use it."""

    rule: Rule
    turn: str
    members: str
    shifts: Sequence[DutyShift]
    weeks: Sequence[Sequence[DutyCell]]
    users: Sequence[Rule]
    by: str


def chain_rows(seen: Around, teller: Teller) -> Sequence[ChainRow]:
    """Every chain as a ladder, by name."""
    return [_chain(rule, seen, teller) for rule in seen.by_name(RuleKind.CHAIN)]


def rota_rows(seen: Around, teller: Teller) -> Sequence[RotaRow]:
    """Every rota with who is on duty, by name."""
    return [_rota(rule, seen, teller) for rule in seen.by_name(RuleKind.ROTA)]


def _chain(rule: Rule, seen: Around, teller: Teller) -> ChainRow:
    chain = rule.definition
    assert isinstance(chain, Chain), f"rule {rule.id} is not a chain"
    words = teller.chains
    return ChainRow(
        rule=rule,
        warned=words.warned(chain),
        steps=words.steps(chain),
        repeats=words.repeats(chain),
        rests=words.rests(chain),
        snooze=words.snooze(chain),
        users=editing.used_by(rule.id, seen.rules),
        by=who(rule.changed_by, seen, teller),
    )


def _rota(rule: Rule, seen: Around, teller: Teller) -> RotaRow:
    rota = rule.definition
    assert isinstance(rota, Rota), f"rule {rule.id} is not a rota"
    words, names = teller.chains, seen.names.agents
    return RotaRow(
        rule=rule,
        turn=words.turn(rota),
        members=words.say("rotas.order_joint").join(names.get(one, "") for one in rota.members),
        shifts=rota_strip.shifts(rota, names, teller.almanac.now),
        weeks=rota_strip.strip(rota, names, teller.almanac),
        users=editing.used_by(rule.id, seen.rules),
        by=who(rule.changed_by, seen, teller),
    )
