"""To which conversation a mail belongs. A guessable number, or an id that anybody can quote, is no authority.

In this order, the first that holds: our token in an address that the mail was sent to; our token in a Message-ID that
it answers; a Message-ID that came to the same mailbox; a ticket's number in the subject; else a new conversation.
Each asks whether the sender takes part in the conversation, the last two also whether that is proved.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.addresses import Signer
from bot.mail.model import Mail
from storage.database import Transaction
from tickets import conversations, tickets
from tickets.errors import NotFound
from tickets.mail import inbox, sent

MOST_IDS = inbox.MOST_IDS
LONGEST_READ = 2_000
_BETWEEN = re.compile(r"[\s<>,;:\"()]")
_TAG = re.compile(r"\[(\d{4}-\d{4,8})\]|工单\s?[:：#]?\s?(\d{4}-\d{4,8})")
_DELIVERED_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")


class ThreadRule(StrEnum):
    """How the conversation of a mail was found. FOREIGN: the token was ours, the sender takes no part."""

    RECIPIENT = "recipient"
    MESSAGE_ID = "message_id"
    STORED = "stored"
    SUBJECT = "subject"
    FOREIGN = "foreign"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail belongs; conversation_id is None for a new conversation.

    related_id: the conversation that a new one has to do with, as agents may know and the sender may not.
    """

    rule: ThreadRule
    conversation_id: str | None = None
    related_id: str | None = None


@dataclass(frozen=True, slots=True)
class Letterbox:
    """What is known beside the mail itself: which mailbox took it in, and for whom it was handed over."""

    mailbox: str
    envelope_to: tuple[str, ...]
    aligned: bool


def find_place(tx: Transaction, mail: Mail, box: Letterbox, signer: Signer) -> Place:
    """Where this mail belongs."""
    sender = mail.from_address
    foreign: str | None = None
    for rule, conversation_id in _proved(tx, mail, box, signer):
        if sender is not None and takes_part(tx, conversation_id, sender):
            return Place(rule, conversation_id)
        foreign = foreign or conversation_id
    if sender is not None and box.aligned:
        for rule, conversation_id in _told(tx, mail, box):
            if takes_part(tx, conversation_id, sender):
                return Place(rule, conversation_id)
    return Place(ThreadRule.FOREIGN, related_id=foreign) if foreign else Place(ThreadRule.NEW)


def by_token(tx: Transaction, mail: Mail, box: Letterbox, signer: Signer) -> str | None:
    """The conversation that our own token names, whoever wrote the mail; None if none does."""
    return next((conversation_id for _, conversation_id in _proved(tx, mail, box, signer)), None)


def takes_part(tx: Transaction, conversation_id: str, address: str) -> bool:
    """Whether mail of this address is part of a conversation: its contact's, or one that we wrote to in it."""
    return address.lower() in inbox.participants(tx, conversation_id)


def answered_ids(mail: Mail) -> tuple[str, ...]:
    """The Message-IDs that a mail answers, the nearest first, at most MOST_IDS of them."""
    ids = dict.fromkeys((*mail.in_reply_to[:4], *reversed(mail.references)))
    found = tuple(ids)
    return found if len(found) <= MOST_IDS else (*found[: MOST_IDS - 1], found[-1])


def recipients(mail: Mail, envelope_to: Iterable[str]) -> tuple[str, ...]:
    """The addresses that the mail was delivered to, what servers say of it before what its sender wrote."""
    told = (value for name in _DELIVERED_TO for value in mail.headers.get(name, ())[:4])
    delivered = (one for value in told for one in _BETWEEN.split(value[:LONGEST_READ]) if "@" in one)
    written = (box.address for box in (*mail.to, *mail.cc))
    return tuple(dict.fromkeys((*delivered, *envelope_to, *written)))


def _proved(tx: Transaction, mail: Mail, box: Letterbox, signer: Signer) -> Iterable[tuple[ThreadRule, str]]:
    """Conversations that a token of ours names."""
    named = (signer.conversation_of(address) for address in recipients(mail, box.envelope_to))
    # One token may stand in a thousand addresses.
    for conversation_id in dict.fromkeys(one for one in named if one is not None):
        if _exists(tx, conversation_id):
            yield ThreadRule.RECIPIENT, conversation_id
    for id in answered_ids(mail):
        if signer.sent_of(id) is None:
            continue
        answered = sent.find(tx, id)
        if answered is not None:
            yield ThreadRule.MESSAGE_ID, answered.conversation_id


def _told(tx: Transaction, mail: Mail, box: Letterbox) -> Iterable[tuple[ThreadRule, str]]:
    """Conversations that anybody could name."""
    known = inbox.conversations_of(tx, box.mailbox, answered_ids(mail))
    yield from ((ThreadRule.STORED, found) for id in answered_ids(mail) for found in known.get(id, ()))
    tag = _TAG.search(mail.subject[:LONGEST_READ])
    if tag is not None:
        try:
            yield ThreadRule.SUBJECT, tickets.by_number(tx, tag[1] or tag[2]).conversation_id
        except NotFound:
            return


def _exists(tx: Transaction, conversation_id: str) -> bool:
    try:
        conversations.get_conversation(tx, conversation_id)
    except NotFound:
        return False
    return True
