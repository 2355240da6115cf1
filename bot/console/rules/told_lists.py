"""The lists of chains and of rotas."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import Permission, Route
from bot.console.render import page
from bot.console.rules import rota_strip
from bot.console.rules.around import Around, look_around, may_edit, teller_for, who
from bot.console.rules.chain_sentences import ChainWords, Step
from bot.console.rules.rota_strip import DutyCell, DutyShift
from bot.console.rules.sentences import Teller
from bot.keys import DATABASE
from tickets.sla import editing, rulebook
from tickets.sla.checking import RuleRefused
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


async def show_chains(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/chains: every chain as a ladder."""
    return await show_list(request, RuleKind.CHAIN)


async def show_rotas(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/rotas: every rota, with who is on duty."""
    return await show_list(request, RuleKind.ROTA)


async def show_list(
    request: web.Request, kind: RuleKind, status: int = 200, refused: RuleRefused | None = None
) -> web.Response:
    """The list of chains or rotas; refused: why something was not done to one of them."""
    seen = await look_around(request)
    teller = teller_for(request, seen)
    words = teller.chains
    archived = await request.config_dict[DATABASE].read(rulebook.archived, kind)
    rules = sorted(seen.rules.named(kind), key=lambda rule: (rule.name, rule.id))
    chains = kind is RuleKind.CHAIN
    rows = [_chain(rule, seen, teller, words) if chains else _rota(rule, seen, teller, words) for rule in rules]
    return page(
        request,
        "rules/chains.html" if chains else "rules/rotas.html",
        status,
        rows=rows,
        archived=[(rule, who(rule.changed_by, seen, teller)) for rule in archived],
        may_edit=may_edit(request),
        changed=next((rule for rule in rules if rule.id == request.query.get("changed", "")), None),
        refused=[teller.finding(one) for one in refused.findings] if refused else [],
        moved_on=status == 409,
    )


def _chain(rule: Rule, seen: Around, teller: Teller, words: ChainWords) -> ChainRow:
    chain = rule.definition
    assert isinstance(chain, Chain), f"rule {rule.id} is not a chain"
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


def _rota(rule: Rule, seen: Around, teller: Teller, words: ChainWords) -> RotaRow:
    rota = rule.definition
    assert isinstance(rota, Rota), f"rule {rule.id} is not a rota"
    names = seen.names.agents
    return RotaRow(
        rule=rule,
        turn=words.turn(rota),
        members=words.say("rotas.order_joint").join(names.get(one, "") for one in rota.members),
        shifts=rota_strip.shifts(rota, names, teller.almanac.now),
        weeks=rota_strip.strip(rota, names, teller.almanac),
        users=editing.used_by(rule.id, seen.rules),
        by=who(rule.changed_by, seen, teller),
    )


ROUTES = (
    Route("GET", "/rules/chains", show_chains, Permission.SUPERVISOR),
    Route("GET", "/rules/rotas", show_rotas, Permission.SUPERVISOR),
)
