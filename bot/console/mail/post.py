"""What of a conversation goes by mail: where a reply will go, and what became of those that went. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.mail.postman import TRACE_MAIL, answer_address
from bot.messages import Channel
from tickets.mail.sent import SentMail, SentState
from tickets.model import Author, Contact, Conversation, Message

# What was never meant to go, or went another way, is no news of a message.
_UNSAID = frozenset({"acknowledged"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message of ours as a mail. word names the sentence; reason says why, in one word."""

    sent_id: str
    word: str
    reason: str | None
    recipient: str
    at: int | None
    diagnostic: str | None
    can_retry: bool

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to do something."""
        return self.word in ("failed", "bounced", "uncertain")


@dataclass(frozen=True, slots=True)
class Way:
    """How a reply will reach the customer. by_mail: it goes as a mail; else in the chat, and once they have left, to
    address as a mail as well (None: there is none, or no mailbox). verified: that the customer owns it is proved."""

    by_mail: bool
    address: str | None
    subject: str | None
    verified: bool


def deliveries(mails: Iterable[SentMail]) -> dict[str, Delivery]:
    """What became of each message that a mail carries, by the message's id; the newest mail counts."""
    told: dict[str, Delivery] = {}
    for mail in mails:
        if mail.state is not SentState.WITHDRAWN or mail.reason not in _UNSAID:
            told.update(dict.fromkeys(mail.said, _delivery(mail)))
    return told


def way_of(conversation: Conversation, contact: Contact, messages: Sequence[Message], mailboxes: bool) -> Way:
    """How a reply would go now. mailboxes: whether we have any."""
    theirs = next((one for one in reversed(messages) if one.author is Author.CONTACT), None)
    facts = theirs.trace.get(TRACE_MAIL) if theirs is not None else None
    if isinstance(facts, Mapping):
        address = answer_address(facts) or None
        subject = str(facts.get("subject") or conversation.subject or "") or None
        return Way(True, address, subject, facts.get("verified") is True)
    if conversation.channel == Channel.MAIL:
        return Way(True, contact.email, conversation.subject, False)
    return Way(False, contact.email if mailboxes else None, None, False)


def _delivery(mail: SentMail) -> Delivery:
    late = mail.state is SentState.QUEUED and mail.delayed_at is not None
    return Delivery(
        sent_id=mail.id,
        word="delayed" if late else mail.state.value,
        reason=mail.reason,
        recipient=mail.recipient,
        at=mail.settled_at,
        diagnostic=mail.error,
        can_retry=mail.can_be_retried,
    )
