"""The two pages of the console: the queue and a ticket, whole or only the parts that its script refreshes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from bot.console.access import LOGIN, is_fetch
from bot.console.desk import queue, records
from bot.console.desk.queue import Queue
from bot.console.desk.ticket import shown
from bot.console.render import almanac_for, page, say_for
from bot.console.story import isolated
from bot.console.suggestions import suggest
from bot.console.texts import Say
from bot.keys import CONFIG, DATABASE, LETTERHEAD, LINKS
from tickets.errors import Change, Conflict
from tickets.model import LIVE


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One thing that happened since the agent looked."""

    kind: str
    sentence: str
    text: str
    at: int


async def show_queue(request: web.Request) -> web.StreamResponse:
    """GET /console: the queue."""
    template = "regions.html" if is_fetch(request) else "desk.html"
    return page(request, template, queue=await _queue(request), ticket=None)


async def show_ticket(request: web.Request) -> web.StreamResponse:
    """GET /console/tickets/{number}: the ticket beside the queue."""
    return await ticket_page(request, request.match_info["number"])


async def show_conflict(request: web.Request, conflict: Conflict, draft: str | None) -> web.Response:
    """409 with what changed: the panel for a reply that was not sent (draft), one sentence for any other act."""
    say = say_for(request)
    if draft is None and is_fetch(request):
        return web.json_response({"error": "conflict", "text": say("conflict.changed")}, status=409)
    changes = [_change(change, say) for change in conflict.changes]
    if draft is None:
        return await ticket_page(request, conflict.ticket_number, 409, done=say("conflict.changed"))
    template = "parts/conflict.html" if is_fetch(request) else "desk.html"
    return await ticket_page(request, conflict.ticket_number, 409, template, conflict=changes, draft=draft)


async def ticket_page(
    request: web.Request,
    number: str,
    status: int = 200,
    template: str | None = None,
    done: str | None = None,
    conflict: list[ChangeShown] | None = None,
    draft: str = "",
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """The ticket beside the queue, whole or its parts. typed: what a form on it said that was not kept."""
    reader, mailboxes = request[LOGIN].agent, bool(request.config_dict[CONFIG].mail.mailboxes)
    known = await request.config_dict[DATABASE].read(
        records.load, number, reader.id, request.config_dict[LETTERHEAD], mailboxes
    )
    if not known.candidates and known.question is not None and known.ticket.status in LIVE:
        near = await suggest(request, known.question.text, known.conversation.channel)
        known = replace(known, candidates=tuple(near))
    return page(
        request,
        template or ("regions.html" if is_fetch(request) else "desk.html"),
        status,
        queue=await _queue(request),
        ticket=known.ticket,
        shown=shown(known, reader, almanac_for(request), request.config_dict[LINKS]),
        client_id=secrets.token_urlsafe(16),
        most_files=request.config_dict[CONFIG].files.per_message,
        conflict=conflict,
        draft=draft,
        typed=typed or {},
        **({"done": done} if done else {}),
    )


async def _queue(request: web.Request) -> Queue:
    view, agent = request.query.get("view", "waiting"), request[LOGIN].agent
    return await request.config_dict[DATABASE].read(queue.load, view, agent.id, almanac_for(request))


def _change(change: Change, say: Say) -> ChangeShown:
    sentence = say(f"conflict.{change.kind}", who=isolated(change.who))
    text = say(f"status.{change.text}") if change.kind == "status" and change.text else change.text
    return ChangeShown(change.kind, sentence, text, change.at)
