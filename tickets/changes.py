"""What happened to a ticket since somebody last looked: the compare in every compare-and-set of the desk."""

from storage.database import Transaction
from tickets import agents, conversations, events
from tickets.errors import Change, Conflict
from tickets.lifecycle import Action
from tickets.model import Agent, Author, Conversation, Message, MessageKind, Owner, Ticket, TicketEvent

NEWEST_CHECKED = 200
# Every other event is told as a change of the status.
_KINDS: dict[str, str] = {
    Action.TAKE_OVER: "owner",
    Action.HAND_BACK: "owner",
    Action.REPLY: "reply",
    Action.MERGE: "merged",
    Action.TAKE_IN: "merged",
    "split": "split",
    "properties": "properties",
    "danger": "properties",
}


def require_version(tx: Transaction, ticket: Ticket, version: int) -> None:
    """Raise Conflict unless this is the ticket's version now."""
    if version != ticket.version:
        raise Conflict(ticket.number, _since_version(tx, ticket, version))


def _since_version(tx: Transaction, ticket: Ticket, version: int) -> tuple[Change, ...]:
    """What was recorded after this version; a contact's message raises the version without a record."""
    names = agents.names(tx)
    happened = [event for event in events.of_ticket(tx, ticket.id) if _version_of(event) > version]
    if happened:
        return tuple(_change(event, names) for event in happened)
    newest = [m for m in conversations.latest(tx, ticket.conversation_id, NEWEST_CHECKED) if _by_contact(m)]
    return tuple(_said(message, names) for message in newest[-1:])


def since_message(
    tx: Transaction,
    ticket: Ticket,
    conversation: Conversation,
    agent: Agent,
    last_seen: int,
    version: int | None = None,
) -> tuple[Change, ...]:
    """What an answer written after message last_seen does not take into account, oldest first.

    version: that of the ticket as it was seen, without which what was merged into it meanwhile is not noticed.
    """
    newer = conversations.history(tx, conversation.id, after=last_seen, limit=NEWEST_CHECKED)
    unseen = [message for message in newer if _matters_to(agent, message)]
    joined = [] if version is None else _joined_since(tx, ticket, version)
    stranger = conversation.owner is Owner.AGENT and conversation.owner_agent_id != agent.id
    if not unseen and not stranger and not joined:
        return ()
    names = agents.names(tx)
    changes = [*(_said(message, names) for message in unseen), *(_change(event, names) for event in joined)]
    if stranger:
        owner = names.get(conversation.owner_agent_id or "", "")
        changes.append(Change("owner", owner, "", _taken_at(tx, ticket)))
    return tuple(sorted(changes, key=lambda change: change.at))


def _joined_since(tx: Transaction, ticket: Ticket, version: int) -> list[TicketEvent]:
    """The mergers, this ticket into another or another into this, that came after a version."""
    happened = events.of_ticket(tx, ticket.id)
    return [one for one in happened if one.action in (Action.MERGE, Action.TAKE_IN) and _version_of(one) > version]


def _matters_to(agent: Agent, message: Message) -> bool:
    match message.author:
        case Author.CONTACT:
            return True
        case Author.AGENT:
            return message.agent_id != agent.id
        case Author.BOT:
            return message.kind is MessageKind.ANSWER


def _by_contact(message: Message) -> bool:
    return message.author is Author.CONTACT


def _said(message: Message, names: dict[str, str]) -> Change:
    kind = "message" if _by_contact(message) else "reply"
    who = names.get(message.agent_id or "", message.author)
    return Change(kind, who, message.text, message.created_at)


def _change(event: TicketEvent, names: dict[str, str]) -> Change:
    who = names.get(event.actor.agent_id or "", event.actor.kind)
    kind = _KINDS.get(event.action, "status")
    return Change(kind, who, event.to_status or "" if kind == "status" else "", event.at)


def _version_of(event: TicketEvent) -> int:
    return int((event.detail or {}).get("version", 0))


def _taken_at(tx: Transaction, ticket: Ticket) -> int:
    taken = [event.at for event in events.of_ticket(tx, ticket.id) if event.action == Action.TAKE_OVER]
    return taken[-1] if taken else ticket.updated_at
