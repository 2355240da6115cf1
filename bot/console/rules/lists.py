"""The lists of rules, and what is done to their rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.numbers import version_in
from bot.console.render import page
from bot.console.rules import told_lists
from bot.console.rules.around import RULE_ID, Around, around, look_around, may_edit, teller_for, transports, who
from bot.console.rules.sentences import Teller
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets.business_time import Calendar, known_until
from tickets.errors import Conflict
from tickets.sla import editing, rulebook
from tickets.sla.checking import RuleRefused, Surroundings
from tickets.sla.checking.reach import hidden_by
from tickets.sla.model import Policy, Rule, RuleKind

Act = Callable[[Transaction, str, Surroundings, str], None]


@dataclass(frozen=True, slots=True)
class List:
    """The list of a kind of rule: its place in the console, its template, and what its rows show."""

    place: str
    name: str
    rows: Callable[[Around, Teller], Sequence[object]]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a list. above and below: the neighbours with which it may change places."""

    rule: Rule
    audience: str
    promises: str
    chain: str
    by: str
    hidden_by: str
    above: str
    below: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One calendar of the list, and the policies that count by it."""

    rule: Rule
    week: str
    holidays: str
    special: int
    users: Sequence[Rule]
    by: str


async def show_policies(request: web.Request) -> web.StreamResponse:
    """GET /console/rules: the policies in the order in which they are asked."""
    return await _list(request, RuleKind.POLICY)


async def show_calendars(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/calendars: every calendar, with who counts by it."""
    return await _list(request, RuleKind.CALENDAR)


async def show_chains(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/chains: every chain as a ladder."""
    return await _list(request, RuleKind.CHAIN)


async def show_rotas(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/rotas: every rota, with who is on duty."""
    return await _list(request, RuleKind.ROTA)


async def move(request: web.Request) -> web.StreamResponse:
    """POST …/policies/{id}/move: let a policy change places with the neighbour 'past'."""
    form = await read_form(request)
    past = form.get("past", "")
    act: Act = lambda tx, rule_id, rules, by: editing.move(tx, rule_id, past, rules)  # noqa: E731
    return await _act(request, RuleKind.POLICY, act, "rule_moved")


async def archive(request: web.Request) -> web.StreamResponse:
    """POST …/{id}/archive: choose a rule no more, unless another names it."""
    form = await read_form(request)
    seen = version_in(form.get("version"))
    act: Act = lambda tx, rule_id, rules, by: editing.archive(tx, rule_id, seen, rules)  # noqa: E731
    return await _act(request, await _kind(request), act, "rule_archived")


async def revive(request: web.Request) -> web.StreamResponse:
    """POST …/{id}/revive: choose an archived rule again."""
    act: Act = lambda tx, rule_id, rules, by: editing.revive(tx, rule_id, rules)  # noqa: E731
    return await _act(request, await _kind(request), act, "rule_revived")


async def _kind(request: web.Request) -> RuleKind:
    return (await request.config_dict[DATABASE].read(rulebook.get_rule, request.match_info["id"])).kind


async def _act(request: web.Request, kind: RuleKind, act: Act, done: str) -> web.StreamResponse:
    """Do it and go back to the list; the list with what is against it if it was not done."""
    rule_id, now = request.match_info["id"], request.config_dict[CLOCK]()
    try:
        await request.config_dict[DATABASE].write(_do, act, rule_id, transports(request), request[LOGIN].agent.id, now)
    except RuleRefused as refused:
        return await _list(request, kind, 422, refused)
    except Conflict:
        return await _list(request, kind, 409)
    raise web.HTTPSeeOther(f"/console{LISTS[kind].place}?done={done}")


def _do(tx: Transaction, act: Act, rule_id: str, ways: frozenset[str], by: str, now: int) -> None:
    act(tx, rule_id, around(tx, ways, now).rules, by)


async def _list(
    request: web.Request, kind: RuleKind, status: int = 200, refused: RuleRefused | None = None
) -> web.Response:
    seen = await look_around(request)
    teller = teller_for(request, seen)
    archived = await request.config_dict[DATABASE].read(rulebook.archived, kind)
    changed = request.query.get("changed", "")
    return page(
        request,
        f"rules/{LISTS[kind].name}.html",
        status,
        rows=LISTS[kind].rows(seen, teller),
        archived=[(rule, who(rule.changed_by, seen, teller)) for rule in archived],
        may_edit=may_edit(request),
        changed=next((rule for rule in seen.rules.named(kind) if rule.id == changed), None),
        refused=[teller.finding(one) for one in refused.findings] if refused else [],
        moved_on=status == 409,
        known_until=known_until(),
    )


def _policies(seen: Around, teller: Teller) -> Sequence[Row]:
    policies = seen.rules.policies
    hidden = hidden_by(policies)
    movable = [rule.id for rule in policies[:-1]]
    rows = []
    for number, rule in enumerate(policies):
        policy, last = rule.definition, rule is policies[-1]
        assert isinstance(policy, Policy), f"rule {rule.id} is not a policy"
        rows.append(
            Row(
                rule=rule,
                audience=teller.audience(policy, last),
                promises=teller.promises(policy),
                chain=seen.names.rules.get(policy.chain_id, ""),
                by=who(rule.changed_by, seen, teller),
                hidden_by=hidden[rule.id].name if rule.id in hidden else "",
                above=movable[number - 1] if 0 < number < len(movable) else "",
                below=movable[number + 1] if number < len(movable) - 1 else "",
                is_last=last,
            )
        )
    return rows


def _calendars(seen: Around, teller: Teller) -> Sequence[CalendarRow]:
    return [_calendar(rule, seen, teller) for rule in seen.by_name(RuleKind.CALENDAR)]


def _calendar(rule: Rule, seen: Around, teller: Teller) -> CalendarRow:
    calendar = rule.definition
    assert isinstance(calendar, Calendar), f"rule {rule.id} is not a calendar"
    return CalendarRow(
        rule=rule,
        week=teller.week(calendar),
        holidays=teller.holidays(calendar),
        special=len(calendar.special),
        users=rulebook.policies_using(seen.rules.policies, rule.id),
        by=who(rule.changed_by, seen, teller),
    )


LISTS = {
    RuleKind.POLICY: List("/rules", "policies", _policies),
    RuleKind.CALENDAR: List("/rules/calendars", "calendars", _calendars),
    RuleKind.CHAIN: List("/rules/chains", "chains", told_lists.chain_rows),
    RuleKind.ROTA: List("/rules/rotas", "rotas", told_lists.rota_rows),
}

ROUTES = (
    Route("GET", "/rules", show_policies, Permission.SUPERVISOR),
    Route("GET", "/rules/calendars", show_calendars, Permission.SUPERVISOR),
    Route("GET", "/rules/chains", show_chains, Permission.SUPERVISOR),
    Route("GET", "/rules/rotas", show_rotas, Permission.SUPERVISOR),
    Route("POST", f"/rules/policies/{RULE_ID}/move", move, Permission.ADMIN),
    Route("POST", f"/rules/{RULE_ID}/archive", archive, Permission.ADMIN),
    Route("POST", f"/rules/{RULE_ID}/revive", revive, Permission.ADMIN),
)
