"""The two pages of the console: the queue and a ticket, whole or only the parts that its script refreshes."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, split_address
from bot.console.deadlines.segments import pause_word
from bot.console.deadlines.snoozing import Snooze, snooze_of
from bot.console.desk import particulars
from bot.console.desk.particulars import Particulars
from bot.console.mail.letters import OVERSEERS
from bot.console.mail.post import Way, deliveries, way_of
from bot.console.render import almanac_for, page, say_for
from bot.console.story import Item, Teller, guesses_of, isolated
from bot.console.suggestions import Suggested, of_today, suggest
from bot.console.texts import Say
from bot.console.times import Almanac, Urgency
from bot.files.links import Links
from bot.inserting import open_question
from bot.keys import CONFIG, DATABASE, LETTERHEAD, LINKS
from bot.markup import Letterhead
from knowledgebase.learning import edits
from knowledgebase.learning.asked import AskedQuestion
from knowledgebase.learning.edits import EditedAnswer
from storage.database import Transaction
from tickets import agents, attachments, contacts, conversations, tickets
from tickets.attachments import Attachment
from tickets.clocks import rows
from tickets.errors import Change, Conflict
from tickets.escalation import acknowledging
from tickets.escalation.acknowledging import Rest
from tickets.lifecycle import Action, allowed
from tickets.mail import dead_addresses, ledger, sent
from tickets.mail.dead_addresses import DeadAddress
from tickets.mail.ledger import Origin
from tickets.mail.sent import SentMail
from tickets.model import (
    LIVE,
    Actor,
    Agent,
    Alert,
    AlertKind,
    Clock,
    Contact,
    Conversation,
    Metric,
    Owner,
    Status,
    Ticket,
)
from tickets.tickets import LONGEST_TIMELINE, VIEWS, QueueRow, Timeline

T = TypeVar("T")

LONGEST_QUEUE = 200
BUTTONS = (Action.TAKE_OVER, Action.HAND_BACK, Action.HOLD, Action.RESUME, Action.RESOLVE, Action.REOPEN)


@dataclass(frozen=True, slots=True)
class Queue:
    """The left column. waiting, overdue, soon and mine count tickets of all views; alerted counts open alerts."""

    view: str
    counts: list[tuple[str, int | None]]
    rows: list[QueueRow]
    cut: bool
    alerted: int
    waiting: int
    overdue: int
    soon: int
    mine: int


@dataclass(frozen=True, slots=True)
class Records:
    """What one consistent view of the database says about a ticket."""

    ticket: Ticket
    conversation: Conversation
    contact: Contact
    timeline: Timeline
    clocks: Sequence[Clock]
    standing: Mapping[str, str]
    rest: Rest
    candidates: tuple[Suggested, ...]
    question: AskedQuestion | None
    edits: Mapping[str, EditedAnswer]
    names: Mapping[str, str]
    origins: Mapping[str, Origin]
    letters: Sequence[SentMail]
    way: Way
    dead: DeadAddress | None
    files: Mapping[str, list[Attachment]]
    particulars: Particulars


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done to the ticket as it stands."""

    path: str
    word: str
    main: bool


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An alert of this ticket, open or past."""

    clock_id: str
    kind: AlertKind
    level: int
    raised_at: int
    planned_at: int
    late: bool
    open: bool
    acknowledged_at: int | None
    by: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise of this ticket that runs, or stands still for a reason. soon_at: when its first warning is planned."""

    clock: Clock
    pause: str | None

    @property
    def soon_at(self) -> int | None:
        """When its first warning is planned, None without warnings."""
        return self.clock.plan[0] if len(self.clock.plan) > 1 else None


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One thing that happened since the agent looked."""

    kind: str
    sentence: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket as its page shows it to one agent."""

    conversation: Conversation
    contact: Contact
    customer: str
    story: list[Item]
    cut: bool
    clock: Clock | None
    deadlines: Sequence[Deadline]
    alert: AlertFact | None
    snooze: Snooze | None
    alerts: list[AlertFact]
    candidates: Sequence[Suggested]
    question: AskedQuestion | None
    assignee: str
    other_owner: str
    live: bool
    will_take_over: bool
    can_reply: bool
    acts: list[Button]
    page: str | None
    way: Way
    dead: DeadAddress | None
    files: Mapping[str, list[dict[str, Any]]]
    particulars: Particulars


async def show_queue(request: web.Request) -> web.StreamResponse:
    """GET /console: the queue."""
    queue = await _queue(request)
    template = "regions.html" if is_fetch(request) else "desk.html"
    return page(request, template, queue=queue, ticket=None)


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
    records = await request.config_dict[DATABASE].read(
        _records, number, request[LOGIN].agent.id, request.config_dict[LETTERHEAD], has_mailboxes(request)
    )
    if not records.candidates and records.question is not None and records.ticket.status in LIVE:
        near = await suggest(request, records.question.text, records.conversation.channel)
        records = replace(records, candidates=tuple(near))
    return page(
        request,
        template or ("regions.html" if is_fetch(request) else "desk.html"),
        status,
        queue=await _queue(request),
        ticket=records.ticket,
        shown=_shown(records, request[LOGIN].agent, almanac_for(request), request.config_dict[LINKS]),
        client_id=secrets.token_urlsafe(16),
        most_files=request.config_dict[CONFIG].files.per_message,
        conflict=conflict,
        draft=draft,
        typed=typed or {},
        **({"done": done} if done else {}),
    )


async def _queue(request: web.Request) -> Queue:
    view = request.query.get("view", "waiting")
    view = view if view in VIEWS else "waiting"
    return await request.config_dict[DATABASE].read(_load_queue, view, request[LOGIN].agent.id, almanac_for(request))


def _load_queue(tx: Transaction, view: str, agent_id: str, almanac: Almanac) -> Queue:
    counts = tickets.counts(tx, agent_id)
    rows = tickets.queue(tx, view, agent_id, LONGEST_QUEUE)
    waiting = rows if view == "waiting" else tickets.queue(tx, "waiting", agent_id, LONGEST_QUEUE)
    coming = [row.next for row in waiting if row.next is not None and row.next.paused_at is None]
    urgencies = [almanac.urgency(one.due_at, one.soon_at) for one in coming]
    return Queue(
        view=view,
        counts=[(name, counts[name] if name != "done" else None) for name in VIEWS],
        rows=rows,
        cut=len(rows) == LONGEST_QUEUE,
        alerted=counts["alerts"],
        waiting=counts["waiting"],
        overdue=urgencies.count(Urgency.OVERDUE),
        soon=urgencies.count(Urgency.SOON),
        mine=counts["mine"],
    )


def has_mailboxes(request: web.Request) -> bool:
    """Whether we can send mail."""
    config = request.config_dict.get(CONFIG)
    return config is not None and bool(config.mail.mailboxes)


def _records(tx: Transaction, number: str, reader_id: str, letterhead: Letterhead, mailboxes: bool) -> Records:
    ticket = tickets.by_number(tx, number)
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    contact = contacts.get_contact(tx, ticket.contact_id)
    timeline = tickets.timeline(tx, ticket)
    way = way_of(conversation, contact, timeline.messages, mailboxes)
    told = particulars.load(tx, ticket, timeline.messages)
    guesses = guesses_of(ticket.candidates)
    return Records(
        ticket=ticket,
        conversation=conversation,
        contact=contact,
        timeline=timeline,
        clocks=rows.running_of_ticket(tx, ticket.id),
        standing=rows.standing(tx, ticket.id),
        rest=acknowledging.rest_of(tx, ticket.id),
        candidates=tuple(of_today(tx, guess, conversation.channel, letterhead) for guess in guesses),
        question=open_question(tx, conversation.id),
        edits={one.message_id: one for one in edits.unanswered(tx, conversation.id, reader_id)},
        names=agents.names(tx),
        origins=_of_parts(tx, told, ledger.origins),
        letters=[letter for id in told.parts for letter in sent.of_conversation(tx, id)],
        way=way,
        dead=dead_addresses.get(tx, way.address) if way.address else None,
        files=_of_parts(tx, told, attachments.of_conversation),
        particulars=told,
    )


def _of_parts(tx: Transaction, told: Particulars, load: Callable[[Transaction, str], Mapping[str, T]]) -> dict[str, T]:
    """What is known by the messages of a conversation, for it and all that were merged into it."""
    return {message_id: known for part in told.parts for message_id, known in load(tx, part).items()}


def _shown(records: Records, reader: Agent, almanac: Almanac, links: Links) -> Shown:
    ticket, conversation, timeline = records.ticket, records.conversation, records.timeline
    teller = Teller(
        almanac,
        records.names,
        reader.id,
        records.edits,
        records.origins,
        deliveries(records.letters),
        reader.role in OVERSEERS,
        conversation.id,
        records.particulars.merged_from,
    )
    live = ticket.status in LIVE
    owned = conversation.owner is Owner.AGENT
    foreign = owned and conversation.owner_agent_id != reader.id
    newest_first = sorted(timeline.alerts, key=lambda alert: (alert.raised_at, alert.level), reverse=True)
    alerts = [_alert_fact(alert, records.names) for alert in newest_first]
    return Shown(
        conversation=conversation,
        contact=records.contact,
        customer=customer_name(records.contact, almanac.say),
        story=teller.tell(timeline.messages, timeline.notes, timeline.events),
        cut=len(timeline.messages) == LONGEST_TIMELINE,
        clock=next((one for one in records.clocks if one.metric is not Metric.RESOLUTION), None),
        deadlines=_deadlines(records, almanac.say),
        alert=max((alert for alert in alerts if alert.open), key=lambda alert: alert.level, default=None),
        snooze=snooze_of([one for one in timeline.alerts if one.open], records.rest, almanac.now),
        alerts=alerts,
        candidates=records.candidates,
        question=records.question,
        assignee=records.names.get(ticket.assignee_id or "", ""),
        other_owner=isolated(records.names.get(conversation.owner_agent_id or "", "")) if foreign else "",
        live=live,
        will_take_over=live and not owned,
        can_reply=live and not foreign,
        acts=_buttons(ticket, conversation, reader),
        page=web_address(conversation.page_url),
        way=records.way,
        dead=records.dead,
        files={id: [links.item(one, almanac.now) for one in files] for id, files in records.files.items()},
        particulars=records.particulars,
    )


def _deadlines(records: Records, say: Say) -> list[Deadline]:
    """What comes next first; what stands still last."""
    told = [
        Deadline(clock, None if clock.paused_at is None else pause_word(records.standing.get(clock.id, ""), say))
        for clock in records.clocks
    ]
    return sorted(told, key=lambda one: (one.pause is not None, one.clock.due_at))


def customer_name(contact: Contact, say: Say) -> str:
    """What to call this person: their name, or a visitor with the end of an id, to tell two apart."""
    if contact.name:
        return isolated(contact.name)
    return say("queue.visitor_code", code=contact.id[-4:].upper())


def web_address(url: str | None) -> str | None:
    """The address if it is one that is safe to link to: it came from outside."""
    parts = split_address(url or "")
    return url if parts and parts.scheme in ("http", "https") else None


def _alert_fact(alert: Alert, names: Mapping[str, str]) -> AlertFact:
    return AlertFact(
        clock_id=alert.clock_id,
        kind=alert.kind,
        level=alert.level,
        raised_at=alert.raised_at,
        planned_at=alert.planned_at,
        late=alert.late,
        open=alert.open,
        acknowledged_at=alert.acknowledged_at,
        by=isolated(names.get(alert.acknowledged_by or "", "")),
    )


def _buttons(ticket: Ticket, conversation: Conversation, reader: Agent) -> list[Button]:
    """What the table of transitions allows, less what would change nothing."""
    mine = conversation.owner is Owner.AGENT and conversation.owner_agent_id == reader.id
    pointless = {Action.TAKE_OVER if mine else Action.HAND_BACK}
    if ticket.status is Status.PENDING:
        pointless |= {Action.RESUME}
    possible = set(allowed(ticket.status, Actor("agent", reader.id))) - pointless
    return [
        Button(action.value.replace("_", "-"), action.value, action in (Action.TAKE_OVER, Action.REOPEN))
        for action in BUTTONS
        if action in possible
    ]


def _change(change: Change, say: Say) -> ChangeShown:
    sentence = say(f"conflict.{change.kind}", who=isolated(change.who))
    text = say(f"status.{change.text}") if change.kind == "status" and change.text else change.text
    return ChangeShown(change.kind, sentence, text, change.at)
