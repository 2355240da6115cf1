"""What the conversation says to whoever sends mail: may something go out by itself, and this shall go out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from storage.database import Transaction
from tickets.model import Contact, Conversation, Message

# The facts that a channel keeps with a message that came by mail: id, mailbox, message_id, references, subject,
# verified, from.
TRACE_MAIL = "mail"


class PostKind(StrEnum):
    """What a mail of ours is: the bot's answer, word that a person will answer, an agent's reply, anything else."""

    ANSWER = "answer"
    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may go out by itself now; reason is one word, kept with the ticket and never shown to the contact."""

    reason: str


@dataclass(frozen=True, slots=True)
class Posting:
    """What shall go out as one mail.

    about: the contact's message that it answers, None if it answers none. said: the messages that it carries, in
    their order. automatic: no person wrote it. language: 'zh', 'zh-TW' or 'en', of the words around them. subject is
    ready to be written. quotes: the mail may repeat what the contact wrote.
    """

    conversation: Conversation
    contact: Contact
    about: Message | None
    said: tuple[Message, ...]
    kind: PostKind
    automatic: bool
    language: str
    subject: str
    quotes: bool


class Postman(Protocol):
    """Sends mail; both verbs run in the transaction that decides what is said.

    follows_chats: what an agent says to a chat customer who has left and gave an address goes there.
    """

    @property
    def follows_chats(self) -> bool: ...

    def allow(
        self, tx: Transaction, message: Message, conversation: Conversation, contact: Contact, now: int
    ) -> Refusal | None:
        """Why nothing automatic may go out in answer to this message of the contact; None if it may."""

    def post(self, tx: Transaction, posting: Posting, now: int) -> None:
        """Keep this mail; it is sent once the transaction is committed."""


class NoPostman:
    """Where there is no mailbox: nothing is sent, and nothing is forbidden."""

    follows_chats = False

    def allow(
        self, tx: Transaction, message: Message, conversation: Conversation, contact: Contact, now: int
    ) -> Refusal | None:
        """Nothing is forbidden."""
        return None

    def post(self, tx: Transaction, posting: Posting, now: int) -> None:
        """Nothing is sent."""


NO_POSTMAN = NoPostman()


def came_by_mail(message: Message) -> bool:
    """Whether the contact sent this message as a mail."""
    return TRACE_MAIL in message.trace


def is_verified(message: Message) -> bool:
    """Whether the address in From is proved to be the sender's own; what came by chat needs no proof."""
    facts = message.trace.get(TRACE_MAIL)
    return facts is None or bool(facts.get("verified"))


def answers_its_sender(message: Message) -> bool:
    """Whether an answer goes to the address that is proved to have written: a Reply-To may name anybody."""
    facts = message.trace.get(TRACE_MAIL)
    if facts is None:
        return True
    sender = str(facts.get("from") or "").lower()
    return is_verified(message) and str(facts.get("answer_to") or sender).lower() == sender


def answer_address(facts: Mapping[str, Any]) -> str:
    """Where an answer to the mail of these facts goes: to where its sender wants it, if that may be believed; or ''."""
    return str(facts.get("answer_to") or facts.get("from") or "")
