"""What administrators do to ways: a test, and another try for what stayed undelivered."""

import logging

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, read_form
from bot.console.render import problem, say_for
from bot.console.ways.listing import way_of, way_page
from bot.errors import BotError
from bot.keys import CLOCK, DATABASE, WAYS
from storage.database import Transaction
from tickets import contact_details
from tickets.alerts import Addressing
from tickets.escalation import results
from tickets.escalation.people import Person
from tickets.escalation.removed import WAY_REMOVED
from tickets.escalation.ways import Way
from tickets.model import Agent

logger = logging.getLogger(__name__)

LONGEST_RECIPIENT = 320
MINUTE_MS = 60_000
MOST_TESTS_A_MINUTE = 5
OTHER = "other"
KINDS = {Addressing.PHONE: "phone", Addressing.MAIL: "email"}


class TooManyTests(BotError):
    """A way was tested so often of late that it waits a little."""


async def test_way(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/ways/{name}/test: queue a test to oneself or to an address; the page then shows its outcome.

    Its address is refused with 422 in words, and so is a test after too many: whoever has a login of ours must not be
    able to flood anybody, or what the installation pays for.
    """
    way, typed = way_of(request), await read_form(request)
    addressing = way.transport.addressing
    wanted = typed.get("other", "")[:LONGEST_RECIPIENT] if typed.get("to") == OTHER else None
    person = _person(addressing, request[LOGIN].agent, wanted)
    now = request.config_dict[CLOCK]()
    try:
        notice_id = await request.config_dict[DATABASE].write(_try_out, way, person, now)
    except TooManyTests:
        return await way_page(request, way, 422, "ways.test_fault.too_many", wanted or "")
    if notice_id is None:
        key = f"ways.test_fault.{addressing}" if wanted is not None else f"ways.test_fault.own_{addressing}"
        return await way_page(request, way, 422, key, wanted or "")
    logger.info("way=%s tested notice=%s by=%s", way.name, notice_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther(f"/console/rules/ways/{way.name}?test={notice_id}#test")


async def retry_way(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/ways/{name}/retry: another try for everything of a way that stayed undelivered; 409 if the
    way was removed from the settings since the page was opened."""
    name, now = request.match_info["name"], request.config_dict[CLOCK]()
    await read_form(request)
    if name not in request.config_dict[WAYS]:
        dead = await request.config_dict[DATABASE].read(results.count_dead, name)
        if dead:
            return problem(request, 409, WAY_REMOVED)
    way = way_of(request)
    count = await request.config_dict[DATABASE].write(results.retry_all, way.name, now)
    logger.info("way=%s retried notices=%d by=%s", way.name, count, request[LOGIN].agent.id)
    return _done(request, "notices_retried" if count else "notices_none")


async def retry_notice(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/notices/{id}/retry: another try for one message; 409 if it does not rest any more, or if its
    way was removed from the settings."""
    notice_id, now = request.match_info["id"], request.config_dict[CLOCK]()
    await read_form(request)
    found = await request.config_dict[DATABASE].read(results.get, notice_id)
    if found is not None and found.transport not in request.config_dict[WAYS]:
        return problem(request, 409, WAY_REMOVED)
    if not await request.config_dict[DATABASE].write(results.retry, notice_id, now):
        return problem(request, 409, "notice_moved")
    logger.info("notice=%s retried by=%s", notice_id, request[LOGIN].agent.id)
    return _done(request, "notice_retried")


def _try_out(tx: Transaction, way: Way, person: Person | None, now: int) -> str | None:
    """Counted where it is queued, so that several at once are no more than several. Raises TooManyTests."""
    if results.tests_since(tx, way, now - MINUTE_MS) >= MOST_TESTS_A_MINUTE:
        raise TooManyTests(way.name)
    return results.try_out(tx, way, person, now) if person is not None else None


def _person(addressing: Addressing, agent: Agent, wanted: str | None) -> Person | None:
    """Whom a test goes to; None for an address that is none."""
    if wanted is None or addressing not in KINDS:
        return Person(agent.id, agent.email, agent.phone)
    found = contact_details.parse_details(wanted)
    if found is None or found.kind != KINDS[addressing]:
        return None
    is_mail = addressing is Addressing.MAIL
    return Person(None, found.value if is_mail else None, None if is_mail else found.value)


def _done(request: web.Request, done: str) -> web.Response:
    if is_fetch(request):
        return web.json_response({"text": say_for(request)(f"done.{done}")})
    return web.Response(status=303, headers={"Location": f"/console/rules/ways?done={done}#undelivered"})
