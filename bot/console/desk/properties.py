"""Priority, category and team of a ticket, class and attributes of its customer: changed, and tried beforehand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, read_form
from bot.console.desk.sentences import dues_in, told_dues, told_outlook
from bot.console.pages import ticket_page
from bot.console.render import almanac_for, say_for
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import contacts, events, properties, tickets
from tickets.errors import Conflict
from tickets.model import Agent, Contact, Priority, Ticket
from tickets.properties import DueChange, Properties

LONGEST_CLASS = 40
LONGEST_NAME = 40
LONGEST_VALUE = 200
MOST_ATTRIBUTES = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Described:
    """What a form says of a customer; problem names the sentence about what is wrong with it, line is where."""

    value_class: str | None
    attributes: Mapping[str, str]
    problem: str | None = None
    line: int = 0


async def save_properties(request: web.Request) -> web.StreamResponse:
    """POST …/properties: priority, category and team, if the ticket is as it was seen."""
    form = await read_form(request)
    wanted, version = _properties(form), _integer(form.get("version"))
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    try:
        ticket, moved, before = await request.config_dict[DATABASE].write(_change, number, agent, version, wanted, now)
    except Conflict:
        return await _conflict(request, form)
    undo = (
        {"version": ticket.version, "fields": _fields(before)} if properties.properties_of(ticket) != before else None
    )
    return _saved(request, "properties_saved", moved, undo)


async def try_properties(request: web.Request) -> web.StreamResponse:
    """GET …/properties/outlook: what would follow, in a sentence."""
    wanted = _properties(request.query)
    number, now = request.match_info["number"], request.config_dict[CLOCK]()
    outlook = await request.config_dict[DATABASE].read(properties.outlook, number, wanted, now)
    return web.json_response({"text": told_outlook(outlook, almanac_for(request))})


async def save_customer(request: web.Request) -> web.StreamResponse:
    """POST …/customer: value class and attributes, if the customer is described as it was seen."""
    form = await read_form(request)
    told, seen = read_description(form), _integer(form.get("contact_version"))
    if told.problem is not None:
        return await _wrong(request, form, told)
    number, agent, now = request.match_info["number"], request[LOGIN].agent, request.config_dict[CLOCK]()
    try:
        contact, moved, before = await request.config_dict[DATABASE].write(_describe, number, agent, seen, told, now)
    except Conflict:
        return await _conflict(request, form)
    undo = {"contact_version": contact.version, "fields": _described(before)} if contact != before else None
    return _saved(request, "customer_saved", moved, undo)


async def try_customer(request: web.Request) -> web.StreamResponse:
    """GET …/customer/outlook: what would follow for this ticket, or what is wrong with the description."""
    told = read_description(request.query)
    if told.problem is not None:
        return web.json_response({"text": _problem_text(request, told), "bad": True})
    number, now = request.match_info["number"], request.config_dict[CLOCK]()
    outlook = await request.config_dict[DATABASE].read(
        properties.outlook_of_contact, number, told.value_class, told.attributes, now
    )
    return web.json_response({"text": told_outlook(outlook, almanac_for(request))})


def read_description(form: Mapping[str, str]) -> Described:
    """A customer's class, and attributes written as lines of 「名称：值」."""
    value_class = " ".join(form.get("value_class", "").split())
    if len(value_class) > LONGEST_CLASS or _CONTROL.search(value_class):
        return Described(value_class, {}, "class_too_long")
    attributes: dict[str, str] = {}
    lines = [(at, one.strip()) for at, one in enumerate(form.get("attribute_lines", "").splitlines(), 1) if one.strip()]
    for at, line in lines:
        name, colon, value = line.replace("：", ":", 1).partition(":")
        name, value = " ".join(name.split()), " ".join(value.split())
        if not colon or not name or not value or _CONTROL.search(line):
            return Described(value_class, attributes, "attribute_unreadable", at)
        if len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
            return Described(value_class, attributes, "attribute_too_long", at)
        if name in attributes:
            return Described(value_class, attributes, "attribute_twice", at)
        attributes[name] = value
    if len(attributes) > MOST_ATTRIBUTES:
        return Described(value_class, attributes, "attributes_too_many")
    return Described(value_class or None, attributes)


def written_attributes(contact: Contact) -> str:
    """A customer's attributes as the form has them."""
    return "\n".join(f"{name}: {value}" for name, value in contact.attributes)


def _change(
    tx: Transaction, number: str, agent: Agent, version: int, wanted: Properties, now: int
) -> tuple[Ticket, list[DueChange], Properties]:
    before = properties.properties_of(tickets.by_number(tx, number))
    ticket = properties.change(tx, number, agent, version, wanted, now)
    moved = _moved(tx, ticket, now) if ticket.version != version else []
    return ticket, moved, before


def _describe(
    tx: Transaction, number: str, agent: Agent, seen: int, told: Described, now: int
) -> tuple[Contact, list[DueChange], Contact]:
    ticket = tickets.by_number(tx, number)
    before = contacts.get_contact(tx, ticket.contact_id)
    after = properties.describe_contact(tx, number, agent, seen, told.value_class, told.attributes, now)
    return after, _moved(tx, ticket, now) if after != before else [], before


def _moved(tx: Transaction, ticket: Ticket, now: int) -> list[DueChange]:
    newest = events.of_ticket(tx, ticket.id)[-1:]
    return [one for event in newest if event.at == now for one in dues_in(event.detail or {})]


def _properties(form: Mapping[str, str]) -> Properties:
    """Raises HTTPBadRequest for what the page would not send."""
    priority = form.get("priority", "")
    if priority not in set(Priority):
        raise web.HTTPBadRequest(reason="No such priority")
    category = _CONTROL.sub(" ", form.get("category", ""))
    return Properties(Priority(priority), category or None, form.get("team") or None)


def _fields(before: Properties) -> dict[str, str]:
    return {"priority": before.priority, "category": before.category or "", "team": before.team_id or ""}


def _described(before: Contact) -> dict[str, str]:
    return {"value_class": before.value_class or "", "attribute_lines": written_attributes(before)}


def _saved(
    request: web.Request, key: str, moved: list[DueChange], undo: dict[str, object] | None
) -> web.StreamResponse:
    if not is_fetch(request):
        return web.Response(
            status=303, headers={"Location": f"/console/tickets/{request.match_info['number']}?done={key}"}
        )
    dues = told_dues(moved, almanac_for(request))
    say = say_for(request)
    text = say("properties.saved_with", saved=say(f"done.{key}"), dues=dues) if dues else say(f"done.{key}")
    return web.json_response({"text": text, "undo": undo})


async def _conflict(request: web.Request, form: Mapping[str, str]) -> web.StreamResponse:
    """409: what is there now, with the form as it was typed."""
    say = say_for(request)
    if is_fetch(request):
        return web.json_response({"error": "conflict", "text": say("conflict.changed")}, status=409)
    return await ticket_page(request, request.match_info["number"], 409, done=say("conflict.changed"), typed=form)


async def _wrong(request: web.Request, form: Mapping[str, str], told: Described) -> web.StreamResponse:
    text = _problem_text(request, told)
    if is_fetch(request):
        return web.json_response({"error": told.problem, "text": text}, status=422)
    return await ticket_page(request, request.match_info["number"], 422, done=text, typed=form)


def _problem_text(request: web.Request, told: Described) -> str:
    longest = {"class_too_long": LONGEST_CLASS, "attributes_too_many": MOST_ATTRIBUTES}
    say = say_for(request)
    return say(
        f"properties.problem.{told.problem}",
        line=told.line,
        most=longest.get(told.problem or "", 0),
        name=LONGEST_NAME,
        value=LONGEST_VALUE,
    )


def _integer(value: str | None) -> int:
    if value is None or not _NUMBER.fullmatch(value):
        raise web.HTTPForbidden(reason="A number is missing from the form")
    return int(value)
