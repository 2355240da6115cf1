"""The page on which messages of the customer are chosen for a ticket of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, read_form
from bot.console.desk.customers import customer_name
from bot.console.render import page, say_for
from bot.keys import CLOCK, CONFIG, DATABASE, RULES
from bot.mail.postman import TRACE_MAIL, came_by_mail
from storage.database import Transaction
from tickets import contacts, splitting, tickets
from tickets.desk import LONGEST_SUBJECT
from tickets.errors import Conflict, Refused
from tickets.model import Contact, Message, Ticket

LONGEST_PROPOSED = 60
_VERSION = re.compile(r"[0-9]{1,15}")
_FIELD = "m_"


@dataclass(frozen=True, slots=True)
class Choice:
    """A ticket with the customer's messages that it holds; chosen are the ids of those that are ticked."""

    ticket: Ticket
    contact: Contact
    messages: list[Message]
    chosen: frozenset[str]
    by_mail: frozenset[str]
    subject: str


async def show_choice(request: web.Request) -> web.StreamResponse:
    """GET …/split?from=: the customer's messages, those from this one on ticked."""
    return await _page(request, 200, {"from": request.query.get("from", "")})


async def split(request: web.Request) -> web.StreamResponse:
    """POST …/split: make the ticket, and go there."""
    form = await read_form(request)
    version = form.get("version", "")
    if not _VERSION.fullmatch(version):
        raise web.HTTPForbidden(reason="A version is missing from the form")
    subject = " ".join(form.get("subject", "").split())
    say = say_for(request)
    if not subject or len(subject) > LONGEST_SUBJECT or "\0" in subject:
        return await _page(request, 422, form, say("splitting.subject_wrong", most=LONGEST_SUBJECT))
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    try:
        new = await request.config_dict[DATABASE].write(
            splitting.split,
            number,
            agent,
            int(version),
            _ticked(form),
            subject,
            bool(request.config_dict[CONFIG].mail.mailboxes),
            request.config_dict[RULES],
            now,
        )
    except Conflict:
        return await _page(request, 409, form, say("splitting.changed"))
    except Refused as refused:
        return await _page(request, 422, form, say(f"splitting.obstacle.{refused.obstacle}"))
    return web.Response(status=303, headers={"Location": f"/console/tickets/{new.number}?done=split"})


async def _page(
    request: web.Request, status: int, form: Mapping[str, str], wrong: str | None = None
) -> web.StreamResponse:
    choice = await request.config_dict[DATABASE].read(load_choice, request.match_info["number"], form)
    name = customer_name(choice.contact, say_for(request))
    return page(request, "desk/split.html", status, choice=choice, wrong=wrong, customer=name, longest=LONGEST_SUBJECT)


def load_choice(tx: Transaction, number: str, form: Mapping[str, str]) -> Choice:
    """What the page shows, with the form as it was typed. Raises NotFound."""
    ticket = tickets.by_number(tx, number)
    messages = splitting.open_messages(tx, ticket)
    chosen = _ticked(form) if "subject" in form else _from(messages, form.get("from", ""))
    first = next((one for one in messages if one.id in chosen), None)
    return Choice(
        ticket=ticket,
        contact=contacts.get_contact(tx, ticket.contact_id),
        messages=messages,
        chosen=frozenset(chosen),
        by_mail=frozenset(one.id for one in messages if came_by_mail(one)),
        subject=form["subject"] if "subject" in form else _proposed(first),
    )


def _ticked(form: Mapping[str, str]) -> set[str]:
    return {name.removeprefix(_FIELD) for name in form if name.startswith(_FIELD)}


def _from(messages: list[Message], first: str) -> set[str]:
    ids = [one.id for one in messages]
    return set(ids[ids.index(first) :]) if first in ids else set()


def _proposed(message: Message | None) -> str:
    """What the new ticket may be called: the mail's subject, or the message's first words."""
    if message is None:
        return ""
    told = str(message.trace.get(TRACE_MAIL, {}).get("subject") or "") or message.text
    return " ".join(told.split())[:LONGEST_PROPOSED]
