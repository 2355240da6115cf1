"""What happened to a ticket since somebody last looked: the compare in every compare-and-set of the desk."""

from storage.database import Transaction
from tickets import agents, conversations, events
from tickets.errors import Change, Conflict
from tickets.lifecycle import Action
from tickets.model import Agent, Author, Conversation, Message, MessageKind, Owner, Ticket, TicketEvent

NEWEST_CHECKED = 200


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
    tx: Transaction, ticket: Ticket, conversation: Conversation, agent: Agent, last_seen: int
) -> tuple[Change, ...]:
    """What an answer written after message last_seen does not take into account, oldest first."""
    newer = conversations.history(tx, conversation.id, after=last_seen, limit=NEWEST_CHECKED)
    unseen = [message for message in newer if _matters_to(agent, message)]
    stranger = conversation.owner is Owner.AGENT and conversation.owner_agent_id != agent.id
    if not unseen and not stranger:
        return ()
    names = agents.names(tx)
    changes = [_said(message, names) for message in unseen]
    if stranger:
        owner = names.get(conversation.owner_agent_id or "", "")
        changes.append(Change("owner", owner, "", _taken_at(tx, ticket)))
    return tuple(sorted(changes, key=lambda change: change.at))


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
    kinds = {Action.TAKE_OVER: "owner", Action.HAND_BACK: "owner", Action.REPLY: "reply"}
    who = names.get(event.actor.agent_id or "", event.actor.kind)
    status = event.to_status or ""
    kind = next((kind for action, kind in kinds.items() if action == event.action), "status")
    return Change(kind, who, status if kind == "status" else "", event.at)


def _version_of(event: TicketEvent) -> int:
    return int((event.detail or {}).get("version", 0))


def _taken_at(tx: Transaction, ticket: Ticket) -> int:
    taken = [event.at for event in events.of_ticket(tx, ticket.id) if event.action == Action.TAKE_OVER]
    return taken[-1] if taken else ticket.updated_at
