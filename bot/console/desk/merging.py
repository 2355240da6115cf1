"""The page on which a ticket is merged into another one, with what will follow; nothing of it can be undone."""

import re
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, read_form
from bot.console.desk.customers import customer_name
from bot.console.render import page, say_for
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import contacts, conversations, finding, merging, tickets
from tickets.errors import Conflict, NotFound, Obstacle, Refused
from tickets.model import Clock, Contact, Conversation, Ticket

LONGEST_WORDS = 60
MOST_FOUND = 20
_NUMBER = re.compile(r"[0-9]{4}-[0-9]{4,9}")
_VERSION = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that this one might go on in; obstacle says why it cannot, clock what its customer would wait for."""

    ticket: Ticket
    contact: Contact
    channel: str
    obstacle: Obstacle | None
    dues: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The ticket, why it cannot be merged into any (None: it can), and those that it might go on in."""

    ticket: Ticket
    contact: Contact
    conversation: Conversation
    obstacle: Obstacle | None
    candidates: list[Candidate]


async def show_choice(request: web.Request) -> web.StreamResponse:
    """GET …/merge?q=: the customer's other tickets, and those that the words find."""
    return await _page(request, 200)


async def merge(request: web.Request) -> web.StreamResponse:
    """POST …/merge: merge, and go to the ticket that goes on."""
    form = await read_form(request)
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    into, version, into_version = (
        form.get("into", ""),
        _version(form.get("version")),
        _version(form.get("into_version")),
    )
    if not _NUMBER.fullmatch(into):
        raise web.HTTPForbidden(reason="Not a ticket's number")
    try:
        kept = await request.config_dict[DATABASE].write(merging.merge, number, agent, version, into, into_version, now)
    except NotFound:
        return await _page(request, 422, say_for(request)("merging.not_found"))
    except Conflict:
        return await _page(request, 409, say_for(request)("merging.changed"))
    except Refused as refused:
        return await _page(request, 422, say_for(request)(f"merging.obstacle.{refused.obstacle}"))
    return web.Response(status=303, headers={"Location": f"/console/tickets/{kept.number}?done=merged"})


async def _page(request: web.Request, status: int, wrong: str | None = None) -> web.StreamResponse:
    words = " ".join(request.query.get("q", "").split())[:LONGEST_WORDS]
    number, now = request.match_info["number"], request.config_dict[CLOCK]()
    choice = await request.config_dict[DATABASE].read(load_choice, number, words, now)
    say = say_for(request)
    names = {one.contact.id: customer_name(one.contact, say) for one in choice.candidates}
    names[choice.contact.id] = customer_name(choice.contact, say)
    return page(request, "desk/merge.html", status, choice=choice, words=words, wrong=wrong, names=names)


def load_choice(tx: Transaction, number: str, words: str, now: int) -> Choice:
    """Raises NotFound."""
    ticket = tickets.by_number(tx, number)
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    found = finding.find_live(tx, ticket, words, MOST_FOUND)
    return Choice(
        ticket=ticket,
        contact=contacts.get_contact(tx, ticket.contact_id),
        conversation=conversation,
        obstacle=merging.obstacle_of_source(ticket, conversation),
        candidates=[_candidate(tx, ticket, one, now) for one in found],
    )


def _candidate(tx: Transaction, source: Ticket, target: Ticket, now: int) -> Candidate:
    obstacle = merging.obstacle(tx, source, target)
    return Candidate(
        ticket=target,
        contact=contacts.get_contact(tx, target.contact_id),
        channel=conversations.get_conversation(tx, target.conversation_id).channel,
        obstacle=obstacle,
        dues=merging.foresee(tx, source, target, now) if obstacle is None else (),
    )


def _version(value: str | None) -> int:
    if value is None or not _VERSION.fullmatch(value):
        raise web.HTTPForbidden(reason="A version is missing from the form")
    return int(value)
