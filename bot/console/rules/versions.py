"""The versions of a rule of any kind: what each changed, and an old one made new again."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.numbers import version_in
from bot.console.render import page
from bot.console.rules.around import RULE_ID, around, look_around, may_edit, teller_for, transports, who
from bot.console.rules.editor import Changed, compared
from bot.console.rules.sentences import Facet
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets.errors import Conflict
from tickets.sla import editing, rulebook
from tickets.sla.checking import RuleRefused
from tickets.sla.checking.reach import is_last
from tickets.sla.model import Rule


@dataclass(frozen=True, slots=True)
class Version:
    """One version: who made it, and what it says differently from the one before; all of it for the first."""

    rule: Rule
    by: str
    changes: Sequence[Changed]
    says: Sequence[Facet]


async def show_versions(request: web.Request) -> web.StreamResponse:
    """GET …/{id}/versions: every version, the newest first, each with what it changed."""
    return await _show(request)


async def restore(request: web.Request) -> web.StreamResponse:
    """POST …/{id}/restore: a new version that says what version 'to' said."""
    form = await read_form(request)
    to, seen = version_in(form.get("to")), version_in(form.get("version"))
    rule_id, now = request.match_info["id"], request.config_dict[CLOCK]()
    try:
        await request.config_dict[DATABASE].write(
            _restore, rule_id, to, seen, transports(request), request[LOGIN].agent.id, now
        )
    except RuleRefused as refused:
        return await _show(request, 422, refused)
    except Conflict:
        return await _show(request, 409)
    raise web.HTTPSeeOther(f"/console/rules/{rule_id}/versions?done=rule_restored")


async def _show(request: web.Request, status: int = 200, refused: RuleRefused | None = None) -> web.Response:
    kept = await request.config_dict[DATABASE].read(_versions, request.match_info["id"])
    seen = await look_around(request)
    teller = teller_for(request, seen)
    last = is_last(kept[0].id, seen.rules.policies)
    told = [teller.facets(rule, last) for rule in kept]
    return page(
        request,
        "rules/versions.html",
        status,
        rule=kept[0],
        versions=[
            Version(rule, who(rule.changed_by, seen, teller), compared(older, facets) if older else [], facets)
            for rule, facets, older in zip(kept, told, [*told[1:], []], strict=True)
        ],
        may_edit=may_edit(request) and kept[0].archived_at is None,
        refused=[teller.finding(one) for one in refused.findings] if refused else [],
        moved_on=status == 409,
    )


def _versions(tx: Transaction, rule_id: str) -> list[Rule]:
    """At least one. Raises NotFound."""
    rulebook.get_rule(tx, rule_id)
    return rulebook.versions(tx, rule_id)


def _restore(tx: Transaction, rule_id: str, to: int, seen: int, ways: frozenset[str], by: str, now: int) -> Rule:
    return editing.restore(tx, rule_id, to, seen, around(tx, ways, now).rules, by)


ROUTES = (
    Route("GET", f"/rules/{RULE_ID}/versions", show_versions, Permission.SUPERVISOR),
    Route("POST", f"/rules/{RULE_ID}/restore", restore, Permission.ADMIN),
)
