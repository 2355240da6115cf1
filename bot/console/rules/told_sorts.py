"""What chains and rotas have of their own: their form, their first text, and who would be told or on duty."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.rules import chain_form, rota_form, rota_strip
from bot.console.rules.around import Around
from bot.console.rules.chain_form import ChainForm
from bot.console.rules.reach_words import ReachWords
from bot.console.rules.rota_form import RotaForm
from bot.console.rules.sentences import Teller
from bot.console.rules.sorts import ZONES, Form, Sort
from bot.keys import CLOCK, DATABASE, RULES, WAYS
from storage.database import Transaction
from tickets import agents
from tickets.escalation.people import Staff
from tickets.escalation.telling import staff_now
from tickets.model import Agent, Role
from tickets.sla.checking import errors
from tickets.sla.checking.chains import MOST_LEVELS, check_rota
from tickets.sla.model import Chain, Level, Rota, RuleKind

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FIRST = ("mail", "console")


def _blank_chain(seen: Around) -> Chain:
    """Whoever answers for the ticket at once, supervisors half an hour later."""
    ways = tuple(name for name in FIRST if name in seen.rules.transports)
    return Chain(
        levels=(Level("", 0, ("assignee",), ways), Level("", 30 * MINUTE_MS, ("role:supervisor",), ways)),
        warning=Level("", 0, ("assignee",), ways),
        repeat_ms=HOUR_MS,
        acknowledged_for_ms=4 * HOUR_MS,
        longest_snooze_ms=24 * HOUR_MS,
    )


def _blank_rota(seen: Around) -> Rota:
    """A week each from next Monday on, handed over at nine."""
    today = datetime.fromtimestamp(seen.rules.now / 1000, UTC).astimezone(ZoneInfo(ZONES[0])).date()
    return Rota((), today, 7, 540, ZONES[0])


async def _look_at_chain(request: web.Request, form: Form, seen: Around, teller: Teller) -> dict[str, Any]:
    assert isinstance(form, ChainForm), "the form of a chain is one"
    now, zone, ways = request.config_dict[CLOCK](), request.config_dict[RULES].time_zone, request.config_dict[WAYS]
    staff = await request.config_dict[DATABASE].read(staff_now, ways, now, zone)
    words = teller.chains
    reach = ReachWords(words, staff, ways, seen.names.teams)
    return {"reached": reach.levels(form.definition), "label": words.label, **_choices(form, seen, staff)}


def _choices(form: ChainForm, seen: Around, staff: Staff) -> dict[str, Any]:
    """What may be chosen, and what was chosen that there is no more."""
    every = {*seen.rules.transports}
    for level in (*form.definition.levels, *((form.definition.warning,) if form.definition.warning else ())):
        every |= {*level.transports, *level.fallback}
    return {
        "general": chain_form.GENERAL,
        "rotas": {rule.id: rule.name for rule in seen.rules.named(RuleKind.ROTA)},
        "people": {one.id: one.name for one in staff.agents.values() if one.role is not Role.READER},
        "gone": seen.names.agents,
        "ways": sorted(every),
    }


async def _look_at_rota(request: web.Request, form: Form, seen: Around, teller: Teller) -> dict[str, Any]:
    assert isinstance(form, RotaForm), "the form of a rota is one"
    rota = form.definition
    there = await request.config_dict[DATABASE].read(_serving)
    wrong = (*form.findings, *errors(check_rota(rota, form.name, None, seen.rules)))
    sound = all(one.where == "name" for one in wrong)
    names = seen.names.agents
    return {
        "weeks": rota_strip.strip(rota, names, teller.almanac) if sound else [],
        "shifts": rota_strip.shifts(rota, names, teller.almanac.now) if sound else [],
        "people": {one.id: one.name for one in there},
        "gone": names,
    }


def _serving(tx: Transaction) -> list[Agent]:
    return [one for one in agents.active_agents(tx) if one.role is not Role.READER]


def _chain_context(form: Form, seen: Around) -> dict[str, Any]:
    return {"units": chain_form.LENGTH_UNITS, "most_levels": MOST_LEVELS}


def _rota_context(form: Form, seen: Around) -> dict[str, Any]:
    return {"zones": ZONES}


CHAINS = Sort(
    RuleKind.CHAIN,
    "chains",
    chain_form.written,
    chain_form.filled,
    _blank_chain,
    context=_chain_context,
    look=_look_at_chain,
    tried="rules/chains_tried.html",
)
ROTAS = Sort(
    RuleKind.ROTA,
    "rotas",
    rota_form.written,
    rota_form.filled,
    _blank_rota,
    context=_rota_context,
    look=_look_at_rota,
    tried="rules/rotas_tried.html",
)
