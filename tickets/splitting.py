"""Messages of a contact become a ticket of their own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from storage.database import Transaction, new_id
from tickets import attachments, changes, contacts, conversations, desk, events, parts, tickets
from tickets.clocks import moving, terms, waits
from tickets.desk import Opening
from tickets.errors import Conflict, Obstacle, Refused
from tickets.model import LIVE, Actor, Agent, Conversation, Message, Reason, Ticket, TicketEvent
from tickets.rules import DeskRules

CHAT, MAIL = "chat", "mail"
# Of a message that stays in the chat where it was written: the number of the ticket in which it is dealt with.
TRACE_SPLIT = "split_to"


def split(
    tx: Transaction,
    number: str,
    agent: Agent,
    version: int,
    message_ids: Collection[str],
    subject: str,
    by_mail: bool,
    rules: DeskRules,
    now: int,
) -> Ticket:
    """A new ticket with these messages of the contact, in a mail conversation of its own.

    What was mailed moves there; what was written in a chat stays on its page and is copied. by_mail: whether we can
    send mail. Raises NotFound; Conflict if the ticket is not as the agent saw it; Refused, with the obstacle.
    """
    old = tickets.by_number(tx, number)
    changes.require_version(tx, old, version)
    theirs = open_messages(tx, old)
    moved = [one for one in theirs if one.id in message_ids]
    homes = {one.conversation_id: conversations.get_conversation(tx, one.conversation_id) for one in moved}
    found = obstacle(tx, old, theirs, moved, homes.values(), by_mail)
    if found is not None or len(moved) != len(set(message_ids)):
        raise Refused(number, found or Obstacle.NOTHING)
    home = homes[moved[0].conversation_id]
    conversation = conversations.open_new(tx, home.contact_id, MAIL, now, subject=" ".join(subject.split()) or None)
    actor = Actor("agent", agent.id)
    opening = Opening(subject, Reason.SPLIT, old.priority, team_id=old.team_id)
    new = desk.new_ticket(tx, conversation, opening, rules, now, actor, {"from": old.number})
    new = desk.under_policy(tx, new, now)
    kept = _carry_over(tx, moved, homes, conversation, new, now)
    left = [one for one in theirs if one not in moved]
    moving.split(tx, old, new, kept, left, terms.of_ticket(tx, new, now), now, agent.id)
    for ticket in (old, new):
        waits.follow_status(tx, ticket, now)
    _tell(tx, old, new, len(kept), actor, now)
    return new


def open_messages(tx: Transaction, ticket: Ticket) -> list[Message]:
    """What the contact wrote in this ticket and is not dealt with in another, oldest first."""
    return [one for one in parts.of_contact(tx, ticket.conversation_id) if TRACE_SPLIT not in one.trace]


def obstacle(
    tx: Transaction,
    ticket: Ticket,
    theirs: Sequence[Message],
    moved: Sequence[Message],
    homes: Collection[Conversation],
    by_mail: bool,
) -> Obstacle | None:
    """Why these messages cannot be split off; None if they can."""
    if ticket.status not in LIVE:
        return Obstacle.DONE
    if not moved:
        return Obstacle.NOTHING
    if len(moved) == len(theirs):
        return Obstacle.EVERYTHING
    from_chat = any(home.channel == CHAT for home in homes)
    if from_chat and not (by_mail and contacts.get_contact(tx, ticket.contact_id).email):
        return Obstacle.NO_ADDRESS
    return None


def _carry_over(
    tx: Transaction,
    moved: Sequence[Message],
    homes: Mapping[str, Conversation],
    conversation: Conversation,
    ticket: Ticket,
    now: int,
) -> list[Message]:
    """The messages in their new conversation: those of mails themselves, of those of chats copies."""
    numbered = list(enumerate(moved, 1))
    stay = [(number, one) for number, one in numbered if homes[one.conversation_id].channel == CHAT]
    parts.move_out(tx, [pair for pair in numbered if pair not in stay], conversation.id)
    for number, one in stay:
        _copy(tx, one, number, conversation, ticket)
    parts.settle(tx, conversation.id, len(moved), now)
    return conversations.history(tx, conversation.id, limit=len(moved))


def _copy(tx: Transaction, message: Message, number: int, conversation: Conversation, ticket: Ticket) -> None:
    copied = replace(
        message,
        id=new_id(),
        conversation_id=conversation.id,
        number=number,
        external_id=None,
        action=None,
        extras={},
    )
    conversations.insert(tx, copied)
    attachments.copy(tx, message.id, copied.id)
    conversations.note_in_trace(tx, message, {TRACE_SPLIT: ticket.number})


def _tell(tx: Transaction, old: Ticket, new: Ticket, count: int, actor: Actor, now: int) -> None:
    """The old ticket has changed: whoever looked before that has not seen it."""
    changed = replace(old, version=old.version + 1, updated_at=now)
    if not tickets.replace_version(tx, old.version, changed):
        raise Conflict(old.number, ())
    detail = {"version": changed.version, "to": new.number, "count": count}
    events.record(tx, old.id, [TicketEvent(actor, "split", old.status, old.status, now, detail)])
    tx.notify("queue", old.number)
    tx.notify("conversation", old.conversation_id)
