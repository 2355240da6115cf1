"""Taking notice of a ticket's open alerts, for as long as the chain says or for a while of one's own."""

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, read_form
from bot.console.deadlines.receipts import Unkept, deadlines_page
from bot.console.deadlines.snoozing import seen_of
from bot.console.render import almanac_for, problem, say_for
from bot.console.story import isolated
from bot.console.times import Almanac
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import agents, tickets
from tickets.errors import NotAllowed
from tickets.escalation import acknowledging, history
from tickets.escalation.acknowledging import LONGEST_REASON
from tickets.escalation.history import Acknowledged
from tickets.model import Agent

SEEN = re.compile(r"[0-9]{1,6}-[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form asks for. snooze_ms None: as the chain says."""

    seen: str
    snooze_ms: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Nothing was done: somebody else was faster (by, None if the alerts settled by themselves), or more was raised."""

    by: Acknowledged | None
    raised: bool


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """POST …/acknowledge: this agent takes care of the ticket's open alerts, for a while if the form says for how long.

    409 if other alerts are open than those that were seen, 422 for a while without a reason or beyond the bound.
    """
    wish = _wish(await read_form(request))
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    if wish.snooze_ms is not None and not wish.reason:
        return await _refused(request, 422, wish, "snooze_reason")
    try:
        done = await request.config_dict[DATABASE].write(_acknowledge, number, agent, wish, now)
    except NotAllowed:
        return await _refused(request, 422, wish, "snooze_length")
    if isinstance(done, Moved):
        names = await request.config_dict[DATABASE].read(agents.names)
        key, values = _refusal(done, names, almanac_for(request))
        return await _refused(request, 409, wish, key, **values)
    if is_fetch(request):
        return web.json_response({"text": acknowledged_words(done, almanac_for(request)), "undo": None})
    word = "snoozed" if done is not None and done.snoozed else "acknowledged"
    return web.Response(status=303, headers={"Location": f"/console/tickets/{number}/deadlines?done={word}"})


async def _refused(request: web.Request, status: int, wish: Wish, key: str, **values: str) -> web.Response:
    """Why nothing was done: in words to a script, else on the page of the deadlines as they are now."""
    if is_fetch(request):
        return problem(request, status, key, **values)
    text = say_for(request)(f"error.{key}", **values)
    return await deadlines_page(request, status, Unkept(text, wish.snooze_ms, wish.reason))


def acknowledged_words(done: Acknowledged | None, almanac: Almanac) -> str:
    """What to say when it is done: until when nobody else is told."""
    if done is None or done.until is None:
        return almanac.say("done.acknowledged")
    key = "deadlines.done.snoozed" if done.snoozed else "deadlines.done.acknowledged_until"
    return almanac.say(key, until=almanac.moment(done.until))


def _wish(form: Any) -> Wish:
    """Raises HTTPForbidden for what no page of ours would send."""
    seen, snooze = form.get("seen", ""), form.get("snooze", "")
    if seen and not SEEN.fullmatch(seen):
        raise web.HTTPForbidden(reason="Not what a page has seen")
    if snooze and not re.fullmatch(r"[0-9]{1,10}", snooze):
        raise web.HTTPForbidden(reason="Not a length of time")
    return Wish(seen, int(snooze) if snooze else None, " ".join(form.get("reason", "").split())[:LONGEST_REASON])


def _acknowledge(tx: Transaction, number: str, agent: Agent, wish: Wish, now: int) -> Acknowledged | Moved | None:
    ticket = tickets.by_number(tx, number)
    open_alerts = [one.alert for one in history.of_ticket(tx, ticket.id).open]
    if not open_alerts:
        return Moved(history.latest_acknowledgement(tx, ticket.id), raised=False) if wish.seen else None
    if wish.seen and seen_of(open_alerts) != wish.seen:
        return Moved(history.latest_acknowledgement(tx, ticket.id), raised=True)
    acknowledging.acknowledge(tx, number, agent, now, wish.snooze_ms, wish.reason)
    return history.latest_acknowledgement(tx, ticket.id)


def _refusal(moved: Moved, names: dict[str, str], almanac: Almanac) -> tuple[str, dict[str, str]]:
    if moved.raised:
        return "alerts_moved", {}
    if moved.by is None:
        return "alerts_settled", {}
    who = isolated(names.get(moved.by.agent_id, ""))
    return "alerts_acknowledged", {"who": who, "at": almanac.moment(moved.by.at)}
