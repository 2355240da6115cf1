"""The form of a rule: shown, tried out, kept; never over what another has kept meanwhile."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, is_fetch, read_form
from bot.console.knowledge.numbers import version_in
from bot.console.render import page
from bot.console.rules import trying
from bot.console.rules.around import RULE_ID, Around, around, look_around, may_edit, teller_for, transports, who
from bot.console.rules.days import occasions
from bot.console.rules.sentences import Facet, Teller
from bot.console.rules.sorts import CALENDARS, POLICIES, Form, Sort
from bot.console.rules.told_sorts import CHAINS, ROTAS
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets.errors import Conflict, NotFound
from tickets.sla import editing, rulebook
from tickets.sla.checking import Finding, RuleRefused, errors, warnings
from tickets.sla.checking.reach import is_last
from tickets.sla.model import Rule

SortHandler = Callable[[web.Request, Sort], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Problems:
    """What was found of a form, as sentences by place; advice does not keep it from being saved."""

    errors: Mapping[str, list[str]]
    advice: Sequence[str]

    def of(self, *places: str) -> list[str]:
        """What is wrong in these places of the form."""
        return [told for place in places for told in self.errors.get(place, [])]

    def beginning(self, place: str) -> list[str]:
        """What is wrong in all places whose names begin like this."""
        return [one for name, told in self.errors.items() if name.startswith(place) for one in told]

    @property
    def count(self) -> int:
        """How many things have to be mended."""
        return sum(len(told) for told in self.errors.values())


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that two versions say differently; '' where one of them says nothing of it."""

    label: str
    before: str
    after: str


async def show_new(request: web.Request, sort: Sort) -> web.StreamResponse:
    """GET …/new: an empty form; ?like=ID one filled as that rule is."""
    seen = await look_around(request)
    like = request.query.get("like", "")
    rule = next((one for one in seen.rules.named(sort.kind) if one.id == like), None)
    teller = teller_for(request, seen)
    if rule is None:
        return await _show(request, sort, None, sort.filled("", sort.blank(seen)), 0)
    return await _show(
        request, sort, None, sort.filled(teller.say("rules.copy_of", name=rule.name), rule.definition), 0
    )


async def show(request: web.Request, sort: Sort) -> web.StreamResponse:
    """GET …/{id}: the rule as it stands."""
    rule = await _rule(request, sort)
    return await _show(request, sort, rule, sort.filled(rule.name, rule.definition), rule.version)


async def try_out(request: web.Request, sort: Sort) -> web.StreamResponse:
    """POST …/try: the form as it was typed, with what it would come to; keeps nothing."""
    typed = await read_form(request)
    rule_id = typed.get("id", "")
    found = await request.config_dict[DATABASE].read(_found, rule_id) if rule_id else None
    rule = found if found is not None and found.kind is sort.kind else None
    return await _show(request, sort, rule, sort.written(typed), version_in(typed.get("version")), fields=typed)


async def create(request: web.Request, sort: Sort) -> web.StreamResponse:
    """POST …/new: keep a new rule."""
    typed = await read_form(request)
    form = sort.written(typed)
    if form.findings:
        return await _show(request, sort, None, form, 0, 422, fields=typed)
    try:
        rule = await request.config_dict[DATABASE].write(_add, sort, form, *_by(request))
    except RuleRefused:
        return await _show(request, sort, None, form, 0, 422, fields=typed)
    raise web.HTTPSeeOther(f"/console{place_of(sort)}?done=rule_added&changed={rule.id}")


async def save(request: web.Request, sort: Sort) -> web.StreamResponse:
    """POST …/{id}: the next version; 409 with what changed if there is a newer one already."""
    typed = await read_form(request)
    rule, form, seen = await _rule(request, sort), sort.written(typed), version_in(typed.get("version"))
    if form.findings:
        return await _show(request, sort, rule, form, seen, 422, fields=typed)
    try:
        kept = await request.config_dict[DATABASE].write(_change, rule.id, seen, form, *_by(request))
    except RuleRefused:
        return await _show(request, sort, rule, form, seen, 422, fields=typed)
    except Conflict:
        newest = await _rule(request, sort)
        return await _show(request, sort, newest, form, newest.version, 409, fields=typed, conflict=seen)
    done = "rule_same" if kept.version == seen else f"rule_saved&changed={rule.id}"
    raise web.HTTPSeeOther(f"/console{place_of(sort)}?done={done}")


def place_of(sort: Sort) -> str:
    """The address of the list of a sort, below /console."""
    return "/rules" if sort is POLICIES else f"/rules/{sort.place}"


def compared(before: Sequence[Facet], after: Sequence[Facet]) -> list[Changed]:
    """What two versions say differently, in the order of the later one."""
    old, new = ({one.label: one.text for one in told} for told in (before, after))
    labels = dict.fromkeys((*new, *old))
    return [Changed(one, old.get(one, ""), new.get(one, "")) for one in labels if old.get(one, "") != new.get(one, "")]


async def _show(
    request: web.Request,
    sort: Sort,
    rule: Rule | None,
    form: Form,
    seen_version: int,
    status: int = 200,
    fields: Mapping[str, str] | None = None,
    conflict: int | None = None,
) -> web.Response:
    """The form; to the page's script only what is found and tried. conflict: the version that was seen instead."""
    seen = await look_around(request)
    teller = teller_for(request, seen)
    theirs = await _meanwhile(request, rule, conflict, seen, teller) if rule and conflict is not None else None
    template = sort.tried if is_fetch(request) else f"rules/{sort.place}_edit.html"
    trial = _trial(request, sort, form, seen, teller, fields)
    if sort.look is not None:
        trial = await sort.look(request, form, seen, teller)
    return page(
        request,
        template,
        status,
        sort=sort,
        rule=rule,
        is_last=is_last(rule.id if rule else None, seen.rules.policies),
        form=form,
        typed=defaultdict(str, form.typed),
        seen=seen_version,
        checked=fields is not None and not fields.get("then"),
        fetched=is_fetch(request),
        problems=_problems(form, rule, seen, teller),
        teller=teller,
        may_edit=may_edit(request),
        by=who(rule.changed_by, seen, teller) if rule else "",
        theirs=theirs,
        **trial,
        **sort.context(form, seen),
    )


def _trial(
    request: web.Request, sort: Sort, form: Form, seen: Around, teller: Teller, fields: Mapping[str, str] | None
) -> dict[str, Any]:
    now = teller.almanac.now
    calendar = sort.calendar_of(form, seen, teller.almanac.zone)
    wanted = trying.wanted(fields if fields is not None else request.query, calendar, now)
    return {
        "wanted": wanted,
        # Of what cannot be read a due time would be wrong.
        "trials": [] if form.findings else sort.trials(form, wanted, seen, teller),
        "occasions": [
            (trying.occasion_words(one, teller), *trying.typed_moment(one.at, calendar))
            for one in occasions(calendar, now)
        ],
    }


def _problems(form: Form, rule: Rule | None, seen: Around, teller: Teller) -> Problems:
    """The first thing that is wrong in each place, and all advice."""
    found = [*form.findings, *editing.check(form.definition, form.name, rule.id if rule else None, seen.rules)]
    by_place: dict[str, list[str]] = {}
    for one in _first_of_each(errors(found)):
        by_place.setdefault(one.where, []).append(teller.finding(one))
    return Problems(by_place, [teller.finding(one) for one in warnings(found)])


def _first_of_each(found: Iterable[Finding]) -> list[Finding]:
    """What cannot be read has consequences that nobody needs to be told of; each policy that breaks counts alone."""
    first: dict[object, Finding] = {}
    for one in found:
        first.setdefault((one.where, one.values if one.where == "week" else ()), one)
    return list(first.values())


async def _meanwhile(
    request: web.Request, newest: Rule, seen_version: int, seen: Around, teller: Teller
) -> dict[str, Any]:
    """Who kept another version meanwhile, and what that says differently from the one that was seen."""
    old = await request.config_dict[DATABASE].read(_found, newest.id, seen_version)
    last = is_last(newest.id, seen.rules.policies)
    told = compared(teller.facets(old, last), teller.facets(newest, last)) if old is not None else []
    return {"who": who(newest.changed_by, seen, teller), "at": newest.changed_at, "changes": told}


async def _rule(request: web.Request, sort: Sort) -> Rule:
    """The rule of the address, if it is of this sort and not archived."""
    rule = await request.config_dict[DATABASE].read(rulebook.get_rule, request.match_info["id"])
    if rule.kind is not sort.kind or rule.archived_at is not None:
        raise NotFound(f"no {sort.kind} {rule.id}")
    return rule


def _found(tx: Transaction, rule_id: str, version: int | None = None) -> Rule | None:
    try:
        return rulebook.get_rule(tx, rule_id, version)
    except NotFound:
        return None


def _by(request: web.Request) -> tuple[str, frozenset[str], int]:
    return request[LOGIN].agent.id, transports(request), request.config_dict[CLOCK]()


def _add(tx: Transaction, sort: Sort, form: Form, by: str, ways: frozenset[str], now: int) -> Rule:
    return editing.add(tx, sort.kind, form.name, form.definition, around(tx, ways, now).rules, by)


def _change(tx: Transaction, rule_id: str, seen: int, form: Form, by: str, ways: frozenset[str], now: int) -> Rule:
    """The next version, or the one there is if it says just that."""
    rule = rulebook.get_rule(tx, rule_id)
    if rule.version == seen and (rule.name, rule.definition) == (form.name, form.definition):
        return rule
    return editing.change(tx, rule_id, seen, form.name, form.definition, around(tx, ways, now).rules, by)


def _of(sort: Sort, handler: SortHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request, sort)

    return handle


ROUTES = tuple(
    Route(method, f"/rules/{sort.place}/{place}", _of(sort, handler), permission)
    for sort in (POLICIES, CALENDARS, CHAINS, ROTAS)
    for method, place, handler, permission in (
        ("GET", "new", show_new, Permission.ADMIN),
        ("POST", "new", create, Permission.ADMIN),
        ("POST", "try", try_out, Permission.ADMIN),
        ("GET", RULE_ID, show, Permission.SUPERVISOR),
        ("POST", RULE_ID, save, Permission.ADMIN),
    )
)
