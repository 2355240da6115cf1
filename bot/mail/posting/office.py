"""Where what is said becomes a mail: may it go out, through which mailbox, to whom, in answer to what."""

from dataclasses import dataclass, replace
from typing import Protocol

from bot.mail.addresses import Signer
from bot.mail.posting.outlets import Outlet, Outlets
from bot.mail.postman import TRACE_MAIL, Posting, PostKind, Refusal, answer_address, answers_its_sender
from bot.mail.standing import is_machine
from storage import outbox
from storage.database import Transaction, new_id
from tickets import tickets
from tickets.mail import dead_addresses, limits, sent
from tickets.mail.limits import Withheld
from tickets.mail.sent import SentMail, SentState, Trouble
from tickets.model import Contact, Conversation, Message


@dataclass(frozen=True, slots=True)
class Route:
    """Which way a mail goes. references are oldest first, without angle brackets."""

    outlet: Outlet
    recipient: str
    in_reply_to: str | None
    references: tuple[str, ...]
    after_chat: bool


class TellBusy(Protocol):
    """Tells the people responsible of a mailbox that has sent as much by itself as it may."""

    def __call__(self, tx: Transaction, mailbox: str, now: int) -> None:
        """Keep the word to them in this transaction."""


class PostOffice:
    """The postman of an installation with mailboxes."""

    follows_chats = True

    def __init__(self, outlets: Outlets, signer: Signer, continue_chat_after_ms: int, tell_busy: TellBusy) -> None:
        self._tell_busy = tell_busy
        self._outlets = outlets
        self._signer = signer
        self._continue_chat_after_ms = continue_chat_after_ms

    def allow(
        self, tx: Transaction, message: Message, conversation: Conversation, contact: Contact, now: int
    ) -> Refusal | None:
        """Why nothing automatic may go out in answer to this message of the contact; None if it may."""
        facts = message.trace.get(TRACE_MAIL)
        if facts is None:
            return None
        withheld = self._withheld(tx, message, conversation, contact, now)
        return None if withheld is None else Refusal(withheld.value)

    def post(self, tx: Transaction, posting: Posting, now: int) -> None:
        """Keep this mail; it is sent once the transaction is committed.

        A conversation that has no mail address gets none. What an agent says to a customer who has left the chat
        waits for a while and is joined by what the agent says next.
        """
        route = self.route(tx, posting)
        if route is None or not posting.said:
            return
        if route.after_chat and sent.join_waiting(tx, posting.conversation.id, posting.said[0].id):
            return
        mail = self._written(posting, route, now)
        if posting.kind is PostKind.ACKNOWLEDGEMENT and self._is_acknowledged(tx, posting.conversation):
            sent.keep(tx, _withdrawn(mail, now))
            return
        sent.keep(tx, mail)
        outbox.enqueue(
            tx,
            route.outlet.automatic_topic if mail.automatic else route.outlet.topic,
            sent.key_of(mail.id),
            {"sent_id": mail.id, "domain": mail.recipient.rpartition("@")[2]},
            now,
            available_at=now + self._continue_chat_after_ms if mail.after_chat else None,
        )

    def route(self, tx: Transaction, posting: Posting) -> Route | None:
        """Which way the mail goes: as the contact's last mail came, or to the address that a chat customer gave."""
        facts = posting.about.trace.get(TRACE_MAIL) if posting.about else None
        if facts is not None:
            outlet = self._outlets.get(facts["mailbox"]) or self._first()
            if outlet is None or not (recipient := answer_address(facts)):
                return None
            theirs = facts.get("message_id")
            references = tuple(dict.fromkeys([*facts.get("references", ()), *([theirs] if theirs else [])]))
            return Route(outlet, recipient, theirs, references, after_chat=False)
        first, address = self._first(), posting.contact.email
        if first is None or not address or posting.automatic or self._outlets.is_ours(address):
            return None
        ours = tuple(one.message_id for one in sent.of_conversation(tx, posting.conversation.id))
        return Route(first, address, ours[-1] if ours else None, ours, after_chat=True)

    def _withheld(
        self, tx: Transaction, message: Message, conversation: Conversation, contact: Contact, now: int
    ) -> Withheld | None:
        facts = message.trace[TRACE_MAIL]
        outlet, recipient = self._outlets.get(facts["mailbox"]), answer_address(facts)
        if outlet is None or not recipient:
            return Withheld.NO_MAILBOX
        if (refused := self.barred(tx, recipient)) is not None:
            return refused
        arrived = limits.incoming(tx, facts["id"], facts.get("references", ()), now)
        ours = limits.automatic(tx, conversation.id, outlet.name, recipient, now)
        if (guarded := limits.guard(arrived, ours)) is not None:
            return guarded
        refused = limits.refusal(limits.count(tx, outlet.name, recipient, now), answers_its_sender(message))
        if refused is Withheld.MAILBOX_BUSY:
            self._tell_busy(tx, outlet.name, now)
        return refused

    def barred(self, tx: Transaction, recipient: str) -> Withheld | None:
        """Why nothing automatic may ever go to this address, as it stands now; None if it may."""
        if self._outlets.is_ours(recipient):
            return Withheld.OWN_ADDRESS
        if is_machine(recipient):
            return Withheld.MACHINE_ADDRESS
        return Withheld.DEAD_ADDRESS if dead_addresses.get(tx, recipient) else None

    def _first(self) -> Outlet | None:
        return self._outlets.all[0] if self._outlets.all else None

    def _is_acknowledged(self, tx: Transaction, conversation: Conversation) -> bool:
        ticket = tickets.live_of_conversation(tx, conversation.id)
        since = conversation.created_at if ticket is None else ticket.created_at
        return limits.acknowledged_since(tx, conversation.id, since)

    def _written(self, posting: Posting, route: Route, now: int) -> SentMail:
        id = new_id()
        return SentMail(
            id=id,
            mailbox=route.outlet.name,
            conversation_id=posting.conversation.id,
            kind=posting.kind.value,
            automatic=posting.automatic,
            after_chat=route.after_chat,
            recipient=route.recipient,
            message_id=self._signer.message_id(id, route.outlet.address.rpartition("@")[2]),
            in_reply_to=route.in_reply_to,
            references=route.references,
            subject=posting.subject,
            said=tuple(one.id for one in posting.said),
            about_id=posting.about.id if posting.about else None,
            quotes=posting.quotes,
            language=posting.language,
            created_at=now,
        )


def _withdrawn(mail: SentMail, now: int) -> SentMail:
    """A second acknowledgement for a ticket: kept, so that people see that it was not sent."""
    return replace(mail, state=SentState.WITHDRAWN, settled_at=now, reason=Trouble.ACKNOWLEDGED)
