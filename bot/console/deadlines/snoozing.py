"""Taking notice of a ticket's open alerts, for as long as the chain says or for a while of one's own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, read_form
from bot.console.render import almanac_for, problem
from bot.console.story import isolated
from bot.console.times import MINUTE_MS, Almanac
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import agents, tickets
from tickets.escalation import acknowledging, history
from tickets.escalation.acknowledging import LONGEST_REASON, Rest
from tickets.escalation.history import Acknowledged
from tickets.model import Agent, Alert

USUAL_MS = tuple(minutes * MINUTE_MS for minutes in (30, 60, 120, 240, 480, 720, 1_440, 2_880, 4_320))
SEEN = re.compile(r"[0-9]{1,6}-[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Snooze:
    """What the form offers. lengths: for how long, in milliseconds; seen: what tells whether more was raised since.

    rests_until: until when a plain acknowledgement rests, None for as long as the contact waits. breached: a promise
    is broken, not only about to be; a warning that is acknowledged rests until the promise breaks.
    """

    lengths: Sequence[int]
    rests_until: int | None
    breached: bool
    seen: str
    chosen: int = 0
    reason: str = ""
    longest_reason: int = LONGEST_REASON


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


def seen_of(open_alerts: Sequence[Alert]) -> str:
    """What tells these open alerts from any others of their ticket."""
    return f"{len(open_alerts)}-{max((one.raised_at for one in open_alerts), default=0)}"


def snooze_of(open_alerts: Sequence[Alert], rest: Rest, now: int) -> Snooze | None:
    """What the form offers for these alerts; None where none is open."""
    if not open_alerts:
        return None
    longest = rest.longest_snooze_ms
    lengths = [length for length in USUAL_MS if length <= longest]
    if longest > 0 and longest not in lengths and len(lengths) < len(USUAL_MS):
        lengths.append(longest)
    until = None if rest.acknowledged_for_ms is None else now + rest.acknowledged_for_ms
    return Snooze(lengths, until, any(one.level > 0 for one in open_alerts), seen_of(open_alerts))


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """POST …/acknowledge: this agent takes care of the ticket's open alerts, for a while if the form says for how long.

    409 if other alerts are open than those that were seen, 422 for a while without a reason or beyond the bound.
    """
    wish = _wish(await read_form(request))
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    if wish.snooze_ms is not None and not wish.reason:
        return problem(request, 422, "snooze_reason")
    done = await request.config_dict[DATABASE].write(_acknowledge, number, agent, wish, now)
    if isinstance(done, Moved):
        names = await request.config_dict[DATABASE].read(agents.names)
        key, values = _refusal(done, names, almanac_for(request))
        return problem(request, 409, key, **values)
    if is_fetch(request):
        return web.json_response({"text": acknowledged_words(done, almanac_for(request)), "undo": None})
    return web.Response(status=303, headers={"Location": f"/console/tickets/{number}/deadlines?done=acknowledged"})


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
