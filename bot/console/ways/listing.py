"""Every way of telling people, what stayed undelivered, and one way with what came of its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN
from bot.console.render import page, say_for
from bot.console.story import isolated
from bot.console.ways.health import WayFacts, all_facts, facts
from bot.console.ways.labels import Labels
from bot.console.ways.reasons import reason
from bot.keys import CLOCK, DATABASE, RULES, WAYS
from storage.database import Transaction
from tickets import agents, contact_details
from tickets.alerts import TRANSPORTS, allowance
from tickets.errors import NotFound
from tickets.escalation import results, way_states
from tickets.escalation.results import Result
from tickets.escalation.ways import CONSOLE, Way, Ways
from tickets.model import Agent, Role

MOST_DEAD = 100
LAST_RESULTS = 30


@dataclass(frozen=True, slots=True)
class Overview:
    """Every way with how it does, the dead letters, the names of agents by id, and the kinds that are not set up."""

    ways: Sequence[WayFacts]
    dead: Sequence[Result]
    names: Mapping[str, str]
    absent: Sequence[str]


@dataclass(frozen=True, slots=True)
class OneWay:
    """A way with its last messages and how many of its messages stay undelivered; tested: a test to be shown."""

    way: WayFacts
    last: Sequence[Result]
    dead: int
    names: Mapping[str, str]
    tested: Result | None


async def show_ways(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/ways: how each way does, and what stayed undelivered."""
    overview = await request.config_dict[DATABASE].read(
        _overview, request.config_dict[WAYS], request.config_dict[CLOCK](), request.config_dict[RULES].time_zone
    )
    return page(request, "ways/list.html", overview=overview, most=MOST_DEAD, **context(request))


async def show_way(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/ways/{name}: one way; ?test=ID with what comes of that test."""
    return await way_page(request, way_of(request))


async def way_page(
    request: web.Request, way: Way, status: int = 200, problem: str = "", typed: str = ""
) -> web.Response:
    """The page of one way; problem: why a test was not begun, typed its recipient."""
    seen = await request.config_dict[DATABASE].read(
        _one_way,
        way,
        request.query.get("test", ""),
        request.config_dict[CLOCK](),
        request.config_dict[RULES].time_zone,
    )
    return page(
        request, "ways/one.html", status, one=seen, problem=problem, typed=typed, **own(request), **context(request)
    )


async def show_test(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/ways/{name}/tests/{id}: what came of a test so far, a part of the page."""
    way = way_of(request)
    found = await request.config_dict[DATABASE].read(results.get, request.match_info["id"])
    if found is None or found.transport != way.name:
        raise NotFound(f"no test {request.match_info['id']} of {way.name}")
    return page(request, "ways/outcome.html", tested=found, kind=way.transport.kind, **context(request))


def way_of(request: web.Request) -> Way:
    """The way of the address. Raises NotFound."""
    way = request.config_dict[WAYS].get(request.match_info["name"])
    if way is None:
        raise NotFound("no way of this name is set up")
    return way


def context(request: web.Request) -> dict[str, Any]:
    """What every page of the ways needs."""
    say = say_for(request)
    ways: Ways = request.config_dict[WAYS]
    return {
        "area": "ways",
        "isolated": isolated,
        "may_edit": request[LOGIN].agent.role is Role.ADMIN,
        "reason": partial(reason, say=say),
        "label": Labels(ways, say),
        "kinds": {name: way.transport.kind for name, way in ways.items()},
    }


def own(request: web.Request) -> dict[str, str]:
    """The reader's own addresses, masked, for a test to oneself."""
    agent: Agent = request[LOGIN].agent
    return {
        "own_phone": contact_details.mask(agent.phone) if agent.phone else "",
        "own_email": contact_details.mask(agent.email) if agent.email else "",
    }


def _overview(tx: Transaction, ways: Ways, now: int, zone: str) -> Overview:
    states = {state.transport: state for state in way_states.of_ways(tx, ways)}
    used = allowance.counts(tx, allowance.day_start(now, zone))
    there = {way.transport.kind for way in ways.values()}
    return Overview(
        all_facts(ways, states, used, now),
        results.dead_letters(tx, MOST_DEAD),
        agents.names(tx),
        [kind for kind in TRANSPORTS if kind not in there and kind != CONSOLE],
    )


def _one_way(tx: Transaction, way: Way, test_id: str, now: int, zone: str) -> OneWay:
    used = allowance.count(tx, way.name, "", now, zone).today
    tested = results.get(tx, test_id) if test_id else None
    return OneWay(
        facts(way, way_states.get(tx, way.name), used, now),
        results.of_way(tx, way.name, LAST_RESULTS),
        results.count_dead(tx, way.name),
        agents.names(tx),
        tested if tested is not None and tested.transport == way.name else None,
    )
