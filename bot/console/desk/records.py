"""What the database says about a ticket, in one consistent view of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.console.desk import particulars
from bot.console.desk.particulars import Particulars
from bot.console.mail.post import Way, way_of
from bot.console.story import guesses_of
from bot.console.suggestions import Suggested, of_today
from bot.inserting import open_question
from bot.markup import Letterhead
from knowledgebase.learning import edits
from knowledgebase.learning.asked import AskedQuestion
from knowledgebase.learning.edits import EditedAnswer
from storage.database import Transaction
from tickets import agents, attachments, contacts, conversations, tickets
from tickets.attachments import Attachment
from tickets.clocks import rows
from tickets.escalation import acknowledging
from tickets.escalation.acknowledging import Rest
from tickets.mail import dead_addresses, ledger, sent
from tickets.mail.dead_addresses import DeadAddress
from tickets.mail.ledger import Origin
from tickets.mail.sent import SentMail
from tickets.model import Clock, Contact, Conversation, Ticket
from tickets.tickets import Timeline

T = TypeVar("T")


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


def load(tx: Transaction, number: str, reader_id: str, letterhead: Letterhead, mailboxes: bool) -> Records:
    """What an agent who opens the ticket of this number has to know. Raises NotFound."""
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
