"""Running clocks under changed rules: looked at, counted, shown line by line, and done once somebody wants it."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.numbers import page_in
from bot.console.render import page
from bot.console.rules.around import RULE_ID, Around, around, may_edit, teller_for, transports, who
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets.business_time import known_until
from tickets.clocks import recomputations, recomputing
from tickets.clocks.forecasting import Effect
from tickets.clocks.recomputations import Applied, Recomputation, Shown, Tally
from tickets.clocks.recomputing import RulesMoved
from tickets.sla import rulebook

# How long one request works; a longer one would look like a page that hangs.
TURN_S = 2.0
SHOWN = 50
LISTED = 20
NEWLY_OVERDUE = "newly_overdue"


@dataclass(frozen=True, slots=True)
class Seen:
    """One recomputation with all that its page tells."""

    asked: Recomputation
    tally: Tally
    lines: Sequence[Shown]
    around: Around
    moved: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What was asked before; learned: how many running clocks were reckoned without years that are known by now."""

    asked: Sequence[Recomputation]
    learned: int
    years: Sequence[int]
    around: Around


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/recompute: what was asked before, and whether there is a reason to ask."""
    now = request.config_dict[CLOCK]()
    listing = await request.config_dict[DATABASE].read(_listing, transports(request), now)
    teller = teller_for(request, listing.around)
    return page(
        request,
        "rules/recomputations.html",
        listing=listing,
        names=listing.around.names.rules,
        may_edit=may_edit(request),
        known_until=known_until(),
        who=lambda by: who(by, listing.around, teller),
    )


async def begin(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/recompute: ask what running clocks would come to; rule: only those that it concerns."""
    form = await read_form(request)
    rule_id, by, now = form.get("rule") or None, request[LOGIN].agent.id, request.config_dict[CLOCK]()
    if rule_id is not None:
        await request.config_dict[DATABASE].read(rulebook.get_rule, rule_id)
    asked = await request.config_dict[DATABASE].write(recomputing.begin, rule_id, by, now)
    # Rules that change at this very moment are told of on the page.
    with contextlib.suppress(RulesMoved):
        await _look(request, asked)
    raise web.HTTPSeeOther(f"/console/rules/recompute/{asked.id}")


async def show(request: web.Request) -> web.StreamResponse:
    """GET …/recompute/{id}?show=&page=: how much would change, and which clocks."""
    return await _show(request)


async def go_on(request: web.Request) -> web.StreamResponse:
    """POST …/recompute/{id}: look on (then=look) or do what was seen (then=apply), as much as one turn takes."""
    form = await read_form(request)
    database = request.config_dict[DATABASE]
    asked = await database.read(recomputations.get, request.match_info["id"])
    try:
        if form.get("then") == "apply" and asked.looked_at is not None:
            await _apply(request, asked)
        elif asked.looked_at is None:
            await _look(request, asked)
    except RulesMoved:
        return await _show(request, 409)
    raise web.HTTPSeeOther(f"/console/rules/recompute/{asked.id}")


async def _look(request: web.Request, asked: Recomputation) -> None:
    database, clock = request.config_dict[DATABASE], request.config_dict[CLOCK]
    ends = time.monotonic() + TURN_S
    while asked.looked_at is None:
        found = await database.read(recomputing.look, asked, clock())
        asked = await database.write(recomputing.keep, asked, found, clock())
        if time.monotonic() > ends:
            return


async def _apply(request: web.Request, asked: Recomputation) -> None:
    database, clock = request.config_dict[DATABASE], request.config_dict[CLOCK]
    ends = time.monotonic() + TURN_S
    asked = await database.write(recomputing.start_applying, asked, request[LOGIN].agent.id, clock())
    while await database.write(recomputing.apply, asked, clock()):
        if time.monotonic() > ends:
            return


async def _show(request: web.Request, status: int = 200) -> web.Response:
    wanted, number = request.query.get("show", ""), page_in(request.query.get("page", ""))
    wanted = wanted if wanted in {*Effect, NEWLY_OVERDUE, Applied.SKIPPED} else ""
    seen = await request.config_dict[DATABASE].read(
        _seen, request.match_info["id"], wanted, number, transports(request), request.config_dict[CLOCK]()
    )
    teller = teller_for(request, seen.around)
    return page(
        request,
        "rules/recomputation.html",
        status,
        seen=seen,
        wanted=wanted,
        number=number,
        more=len(seen.lines) > SHOWN,
        lines=seen.lines[:SHOWN],
        names=seen.around.names.rules,
        effects=[each.value for each in Effect if each in seen.tally.effects],
        may_edit=may_edit(request),
        teller=teller,
        who=lambda by: who(by, seen.around, teller),
    )


def _seen(tx: Transaction, asked_id: str, wanted: str, number: int, ways: frozenset[str], now: int) -> Seen:
    asked = recomputations.get(tx, asked_id)
    lines = recomputations.shown(tx, asked_id, wanted, SHOWN * (number - 1), SHOWN + 1)
    moved = asked.finished_at is None and recomputing.rules_key(rulebook.in_force(tx)) != asked.rules_key
    return Seen(asked, recomputations.tally(tx, asked_id), lines, around(tx, ways, now), moved)


def _listing(tx: Transaction, ways: frozenset[str], now: int) -> Listing:
    without = recomputing.reckoned_without(tx)
    known = {years: count for years, count in without.items() if min(years) <= known_until()}
    asked = recomputations.latest(tx, LISTED)
    return Listing(
        asked, sum(known.values()), sorted({year for years in known for year in years}), around(tx, ways, now)
    )


ROUTES = (
    Route("GET", "/rules/recompute", show_all, Permission.SUPERVISOR),
    Route("POST", "/rules/recompute", begin, Permission.ADMIN),
    Route("GET", f"/rules/recompute/{RULE_ID}", show, Permission.SUPERVISOR),
    Route("POST", f"/rules/recompute/{RULE_ID}", go_on, Permission.ADMIN),
)
