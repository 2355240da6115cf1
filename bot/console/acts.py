"""What agents do to a ticket: each a POST that answers with what was done, and how to undo it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from bot import inserting, learning
from bot.console.access import LOGIN, Handler, is_fetch, read_form
from bot.console.pages import show_conflict
from bot.console.render import problem, say_for
from bot.inserting import Inserted, Reply
from bot.keys import CLOCK, CONFIG, DATABASE, LETTERHEAD, SEND_REPLY
from storage.database import Transaction
from tickets import desk
from tickets.errors import Conflict, FilesGone
from tickets.model import Agent, MessageKind, Ticket

LONGEST_TEXT = 4_000
MOST_INSERTED = 5
INSERTED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})@([0-9]{1,9})")
FILE_ID = re.compile(r"[0-9a-f-]{36}")
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Act:
    """One change of a ticket: the use-case, what to say when it is done, and the act that undoes it."""

    perform: Callable[[Transaction, str, Agent, int, int], Ticket]
    done: str
    undo: str | None = None


ACTS = {
    "take-over": Act(desk.take_over, "taken_over"),
    "hand-back": Act(desk.hand_back, "handed_back", "take-over"),
    "hold": Act(desk.hold, "held", "resume"),
    "resume": Act(desk.resume, "resumed", "hold"),
    "resolve": Act(learning.resolve, "resolved", "reopen"),
    "reopen": Act(desk.reopen, "reopened"),
}


async def reply(request: web.Request) -> web.StreamResponse:
    """POST …/reply: send to the customer, unless something changed since last_seen (then 409)."""
    form = await read_form(request)
    files = _files(form.get("files", ""), request.config_dict[CONFIG].files.per_message)
    text, refusal = _text(request, form.get("text", ""), may_be_empty=bool(files))
    if refusal:
        return refusal
    last_seen, client_id = _integer(form.get("last_seen")), _client_id(form.get("client_id"))
    number, agent = request.match_info["number"], request[LOGIN].agent
    holding = form.get("holding") == "yes"
    seen_version = _integer(form["version"]) if "version" in form else None
    inserted = _inserted(form.get("inserted", ""))
    sent = Reply(text, last_seen, f"{agent.id}:{client_id}", holding, inserted, files, seen_version)
    letterhead, now = request.config_dict[LETTERHEAD], request.config_dict[CLOCK]()
    try:
        send = request.config_dict[SEND_REPLY]
        message = await request.config_dict[DATABASE].write(inserting.reply, number, agent, sent, letterhead, now, send)
    except FilesGone:
        return problem(request, 422, "file_gone")
    except Conflict as conflict:
        return await show_conflict(request, conflict, text)
    if message.kind is not MessageKind.HOLDING:
        return _done(request, "replied", None)
    return _done(request, "holding" if holding else "looks_holding", None)


async def note(request: web.Request) -> web.StreamResponse:
    """POST …/note: keep a remark that only agents can read."""
    form = await read_form(request)
    text, refusal = _text(request, form.get("text", ""))
    if refusal:
        return refusal
    number, agent = request.match_info["number"], request[LOGIN].agent
    await request.config_dict[DATABASE].write(desk.note, number, agent, text, request.config_dict[CLOCK]())
    return _done(request, "noted", None)


def changing(act: Act) -> Handler:
    """The handler of one act: compare-and-set on the version that the agent saw."""

    async def change(request: web.Request) -> web.StreamResponse:
        version = _integer((await read_form(request)).get("version"))
        number, agent = request.match_info["number"], request[LOGIN].agent
        try:
            ticket = await request.config_dict[DATABASE].write(
                act.perform, number, agent, version, request.config_dict[CLOCK]()
            )
        except Conflict as conflict:
            return await show_conflict(request, conflict, None)
        return _done(request, act.done, {"act": act.undo, "version": ticket.version} if act.undo else None)

    return change


def _done(request: web.Request, key: str, undo: dict[str, object] | None) -> web.Response:
    if is_fetch(request):
        return web.json_response({"text": say_for(request)(f"done.{key}"), "undo": undo})
    number = quote(request.match_info["number"], safe="")
    return web.Response(status=303, headers={"Location": f"/console/tickets/{number}?done={key}"})


def _text(request: web.Request, written: str, may_be_empty: bool = False) -> tuple[str, web.Response | None]:
    text = written.replace("\r\n", "\n").strip()
    if not text and not may_be_empty:
        return text, problem(request, 422, "empty")
    if len(text) > LONGEST_TEXT:
        return text, problem(request, 422, "too_long", count=len(text))
    if "\0" in text:
        return text, problem(request, 422, "bad_text")
    return text, None


def _files(field: str, most: int) -> tuple[str, ...]:
    """The ids of uploaded files. Raises HTTPForbidden for what the page would not send."""
    ids = tuple(field.split())
    if len(ids) > most or not all(FILE_ID.fullmatch(one) for one in ids):
        raise web.HTTPForbidden(reason="Not files of this form")
    return ids


def _integer(value: str | None) -> int:
    if value is None or not re.fullmatch(r"[0-9]{1,15}", value):
        raise web.HTTPForbidden(reason="A number is missing from the form")
    return int(value)


def _inserted(field: str) -> list[Inserted]:
    """The entries of a field like 'tyre-01@3 tyre-04@1'; what is no entry is left out."""
    named = (INSERTED.fullmatch(one) for one in field.split()[:MOST_INSERTED])
    return [Inserted(one[1], int(one[2])) for one in named if one is not None]


def _client_id(value: str | None) -> str:
    if value is None or not CLIENT_ID.fullmatch(value):
        raise web.HTTPForbidden(reason="The client id is missing from the form")
    return value
