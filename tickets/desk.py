"""What people do at the desk: open a ticket, take it over, answer, set it aside, finish it.

Every use-case is one transaction. An agent's act carries what that agent last saw; if somebody was faster it
raises Conflict with what changed, and nothing is done.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from storage.database import Transaction, new_id
from tickets import changes, conversations, events, properties, tickets
from tickets.clocks import terms, waits
from tickets.clocks.receipts import Cause
from tickets.errors import Conflict, NotAllowed
from tickets.lifecycle import Action, transition
from tickets.model import (
    BOT,
    CONTACT,
    LIVE,
    Actor,
    Agent,
    Author,
    Conversation,
    Draft,
    Message,
    MessageKind,
    Note,
    Owner,
    Priority,
    Reason,
    Status,
    Ticket,
    TicketEvent,
)
from tickets.rules import DeskRules
from tickets.sla.holding import is_holding

LONGEST_SUBJECT = 120


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new ticket says."""

    subject: str
    reason: Reason
    priority: Priority
    category: str | None = None
    team_id: str | None = None
    candidates: list[dict[str, Any]] = field(default_factory=list)


def open_ticket(
    tx: Transaction,
    conversation: Conversation,
    reason: Reason,
    subject: str,
    candidates: list[dict[str, Any]],
    rules: DeskRules,
    now: int,
    actor: Actor = BOT,
    category: str | None = None,
) -> Ticket:
    """The ticket under which a person will answer: the live one, one resolved a short while ago, or a new one, of this
    category.

    The contact's running clock becomes the ticket's clock, with the same due time; from now on only a person's
    answer stops it.
    """
    waits.start_or_keep(tx, conversation, conversation.last_number, now)
    if reason is Reason.NOT_SOLVED:
        waits.refuse_answer(tx, conversation.id, now)
    waits.require_person(tx, conversation.id)
    if live := tickets.live_of_conversation(tx, conversation.id):
        waits.join(tx, live, now)
        return _hurried(tx, live, actor, now) if reason is Reason.DANGER else live
    tx.notify("conversation", conversation.id)
    resolved = tickets.resolved_since(tx, conversation.id, now - rules.reopen_within_ms)
    if resolved is not None:
        again = replace(resolved, reason=reason, priority=_priority(reason, resolved), candidates=candidates)
        reopened = apply(tx, again, Action.REOPEN, actor, now, {"reason": reason})
        waits.attach(tx, reopened, terms.of_ticket(tx, reopened, now), Cause.REOPENED, now)
        return _reconsidered(tx, reopened, actor, now)
    opening = Opening(subject, reason, _priority(reason), category, candidates=candidates)
    ticket = under_policy(tx, new_ticket(tx, conversation, opening, rules, now, actor), now)
    waits.attach(tx, ticket, terms.of_ticket(tx, ticket, now), Cause.OPENED, now)
    return ticket


def reply(
    tx: Transaction,
    number: str,
    agent: Agent,
    text: str,
    last_seen: int,
    external_id: str,
    holding: bool,
    now: int,
    trace: dict[str, Any] | None = None,
    version: int | None = None,
) -> Message:
    """The agent's message to the contact, stored once however often it is sent with the same external_id.

    trace says what the text was made of; only agents see it.

    last_seen is the number of the newest message that the agent had on screen, version the ticket's as it was seen:
    without it what was merged meanwhile is not noticed. Whoever answers a conversation that nobody owns takes it over.
    A real answer stops the clock and leaves the ticket pending; a holding message, or a text that says no more than
    one, leaves both alone. Raises NotFound, NotAllowed, Conflict.
    """
    ticket = tickets.by_number(tx, number)
    stored = conversations.by_external_id(tx, ticket.conversation_id, external_id)
    if stored is not None and stored.agent_id == agent.id:
        return stored
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    unseen = changes.since_message(tx, ticket, conversation, agent, last_seen, version)
    if unseen or stored is not None:
        raise Conflict(number, unseen)
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        raise NotAllowed(f"ticket {number} is {ticket.status}: reopen it before answering")
    if conversation.owner is not Owner.AGENT:
        ticket = _take(tx, ticket, conversation, agent, now)
    draft = _written(agent, text, external_id, holding or is_holding(text), trace)
    return _say(tx, ticket, agent, draft, now)


def note(tx: Transaction, number: str, agent: Agent, text: str, now: int) -> Note:
    """A private remark on the ticket, in whatever status it is. Raises NotFound."""
    ticket = tickets.by_number(tx, number)
    written = Note(new_id(), ticket.id, agent.id, text, now)
    tx.change(
        """
        INSERT INTO note (id, ticket_id, agent_id, text, created_at)
        VALUES (:id, :ticket_id, :agent_id, :text, :created_at)
        """,
        {
            "id": written.id,
            "ticket_id": ticket.id,
            "agent_id": agent.id,
            "text": text,
            "created_at": now,
        },
    )
    _record(tx, ticket, "note", _by(agent), now, {"note_id": written.id})
    return written


def take_over(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, assigned to this agent, who now speaks in its conversation.

    A ticket that nobody owns can always be taken; one that another agent owns only by somebody who has seen it
    as it is now. Taking over one's own changes nothing. Raises NotFound, NotAllowed, Conflict.
    """
    ticket = tickets.by_number(tx, number)
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    if conversation.owner is Owner.AGENT:
        if conversation.owner_agent_id == agent.id and ticket.assignee_id == agent.id:
            return ticket
        changes.require_version(tx, ticket, version)
    return _take(tx, ticket, conversation, agent, now)


def hand_back(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, nobody's again; the bot speaks. Raises NotFound, NotAllowed, Conflict."""
    ticket = _act(tx, number, agent, version, Action.HAND_BACK, now)
    _give_to_bot(tx, ticket, now)
    return ticket


def hold(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, waiting for a third party; its policy says which clocks stand still. Raises as hand_back."""
    return _act(tx, number, agent, version, Action.HOLD, now)


def resume(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, waiting for us again. Raises as hand_back."""
    return _act(tx, number, agent, version, Action.RESUME, now)


def resolve(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, done; its clock is stopped and the bot speaks again. Raises as hand_back."""
    return _finish(tx, _act(tx, number, agent, version, Action.RESOLVE, now), now)


def close(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, done for good; its clock is stopped and the bot speaks again. Raises as hand_back."""
    return _finish(tx, _act(tx, number, agent, version, Action.CLOSE, now), now)


def reopen(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """The ticket, open again; a wait that ended only because it was resolved goes on, and one that began since is the
    ticket's. Raises as hand_back.

    NotAllowed also if the conversation has another live ticket by now.
    """
    resolved = tickets.by_number(tx, number)
    live = tickets.live_of_conversation(tx, resolved.conversation_id)
    if live is not None and live.id != resolved.id:
        raise NotAllowed(f"ticket {number} cannot be reopened: its conversation goes on in {live.number}")
    ticket = _act(tx, number, agent, version, Action.REOPEN, now)
    waits.reopen(tx, ticket, now)
    waits.join(tx, ticket, now)
    return _reconsidered(tx, ticket, _by(agent), now)


def customer_wrote(tx: Transaction, conversation: Conversation, now: int) -> Ticket | None:
    """The live ticket after its contact wrote, or None; one that was pending or on hold is open again."""
    ticket = tickets.live_of_conversation(tx, conversation.id)
    if ticket is None:
        return None
    return apply(tx, ticket, Action.CUSTOMER_WROTE, CONTACT, now)


def new_ticket(
    tx: Transaction,
    conversation: Conversation,
    opening: Opening,
    rules: DeskRules,
    now: int,
    actor: Actor,
    detail: dict[str, Any] | None = None,
) -> Ticket:
    """Another ticket for this conversation, which must have no live one; nothing is promised in it yet."""
    ticket = Ticket(
        id=new_id(),
        number=tickets.next_number(tx, now, rules.time_zone),
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        subject=" ".join(opening.subject.split())[:LONGEST_SUBJECT],
        status=Status.NEW,
        priority=opening.priority,
        reason=opening.reason,
        assignee_id=None,
        candidates=opening.candidates,
        version=1,
        created_at=now,
        updated_at=now,
        resolved_at=None,
        category=opening.category,
        team_id=opening.team_id,
    )
    tickets.insert(tx, ticket)
    told = {"version": 1, "reason": opening.reason, **(detail or {})}
    events.record(tx, ticket.id, [TicketEvent(actor, "open", None, Status.NEW, now, told)])
    tx.notify("queue", ticket.number)
    return ticket


def under_policy(tx: Transaction, ticket: Ticket, now: int) -> Ticket:
    """The ticket under the policy that fits it now."""
    promised = terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), now)
    ticket = replace(ticket, policy_id=promised.policy.id, policy_version=promised.policy.version, policy_at=now)
    tickets.keep_policy(tx, ticket)
    return ticket


def _priority(reason: Reason, ticket: Ticket | None = None) -> Priority:
    """Where somebody may get hurt, nothing goes before it."""
    if reason is Reason.DANGER:
        return Priority.URGENT
    return ticket.priority if ticket else Priority.NORMAL


def _hurried(tx: Transaction, ticket: Ticket, actor: Actor, now: int) -> Ticket:
    """A live ticket in which the contact now speaks of danger."""
    if ticket.reason is Reason.DANGER:
        return ticket
    urgent = replace(ticket, reason=Reason.DANGER, priority=Priority.URGENT, version=ticket.version + 1, updated_at=now)
    if not tickets.replace_version(tx, ticket.version, urgent):
        raise Conflict(ticket.number, ())
    urgent, detail = properties.reconsider(tx, urgent, now, None)
    _record(tx, urgent, "danger", actor, now, {"version": urgent.version, **detail})
    return urgent


def _reconsidered(tx: Transaction, ticket: Ticket, actor: Actor, now: int) -> Ticket:
    """A ticket that is open again, under the policy that fits what was said of it and its contact meanwhile."""
    ticket, detail = properties.reconsider(tx, ticket, now, actor.agent_id)
    if detail:
        _record(tx, ticket, "promise", actor, now, detail)
    return ticket


def _written(agent: Agent, text: str, external_id: str, holding: bool, trace: dict[str, Any] | None) -> Draft:
    kind = MessageKind.HOLDING if holding else MessageKind.TEXT
    return Draft(Author.AGENT, kind, text, agent_id=agent.id, external_id=external_id, trace=trace)


def _say(tx: Transaction, ticket: Ticket, agent: Agent, draft: Draft, now: int) -> Message:
    message, _ = conversations.append(tx, ticket.conversation_id, draft, now)
    if draft.kind is MessageKind.HOLDING:
        _record(tx, ticket, "holding_reply", _by(agent), now, {"message_number": message.number})
        return message
    tickets.keep_first_answer(tx, ticket.id, now)
    waits.answer(tx, ticket.conversation_id, now)
    apply(tx, ticket, Action.REPLY, _by(agent), now, {"message_number": message.number})
    return message


def _take(tx: Transaction, ticket: Ticket, conversation: Conversation, agent: Agent, now: int) -> Ticket:
    detail = {"from_agent": conversation.owner_agent_id} if conversation.owner_agent_id else {}
    taken = apply(tx, ticket, Action.TAKE_OVER, _by(agent), now, detail)
    if not conversations.change_owner(tx, conversation, Owner.AGENT, agent.id, now):
        raise Conflict(ticket.number, ())
    return taken


def _act(tx: Transaction, number: str, agent: Agent, version: int, action: Action, now: int) -> Ticket:
    ticket = tickets.by_number(tx, number)
    changes.require_version(tx, ticket, version)
    return apply(tx, ticket, action, _by(agent), now)


def apply(
    tx: Transaction,
    ticket: Ticket,
    action: Action,
    actor: Actor,
    now: int,
    detail: dict[str, Any] | None = None,
) -> Ticket:
    """The ticket, changed by the table; recorded, with those woken who watch. Raises NotAllowed, Conflict."""
    changed, happened = transition(ticket, action, actor, now)
    if not tickets.replace_version(tx, ticket.version, changed):
        raise Conflict(ticket.number, ())
    events.record(
        tx, ticket.id, [replace(event, detail={**(event.detail or {}), **(detail or {})}) for event in happened]
    )
    tx.notify("queue", ticket.number)
    tx.notify("conversation", ticket.conversation_id)
    if changed.status is not ticket.status and changed.status in LIVE:
        waits.follow_status(tx, changed, now)
    return changed


def _finish(tx: Transaction, ticket: Ticket, now: int) -> Ticket:
    waits.finish(tx, ticket, now)
    tx.notify("queue", ticket.number)
    _give_to_bot(tx, ticket, now)
    return ticket


def _give_to_bot(tx: Transaction, ticket: Ticket, now: int) -> None:
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    if conversation.owner is not Owner.BOT:
        conversations.change_owner(tx, conversation, Owner.BOT, None, now)


def _record(tx: Transaction, ticket: Ticket, action: str, actor: Actor, now: int, detail: dict[str, Any]) -> None:
    """Record something that leaves the ticket as it is."""
    events.record(tx, ticket.id, [TicketEvent(actor, action, ticket.status, ticket.status, now, detail)])
    tx.notify("queue", ticket.number)


def _by(agent: Agent) -> Actor:
    return Actor("agent", agent.id)
