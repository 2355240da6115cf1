"""Mails for the console's tests: kept as if they had come in and been judged."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from storage.blobs import Blobs
from storage.database import Transaction
from tests.console.cast import MINUTE, NOON, RULES
from tickets import contacts, conversations, desk
from tickets.mail import inbox
from tickets.model import Author, Draft, MessageKind, Reason, Ticket

MAILBOX = "service"
OURS = "service@example.com"


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail of the tests and the verdict on it; headers stand before the body as they are."""

    sender: str = "zhang.min@example.net"
    name: str = "张敏"
    subject: str = "刹车异响怎么办"
    text: str = "您好，我的车刹车时有异响，请问要换刹车片吗？"
    html: str | None = None
    headers: str = ""
    parts: str = ""
    state: str = "settled"
    verdict: dict[str, Any] = field(default_factory=dict)
    received_at: int = NOON - 20 * MINUTE

    @property
    def raw(self) -> bytes:
        """The mail as it came."""
        kind = "text/html" if self.html is not None else "text/plain"
        head = (
            f"From: {self.name} <{self.sender}>\r\nTo: {OURS}\r\nSubject: {self.subject}\r\n"
            f"Message-ID: <{self.message_id}>\r\nMIME-Version: 1.0\r\n{self.headers}"
        )
        body = self.html if self.html is not None else self.text
        if not self.parts:
            content = f"{head}Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
        else:
            content = (
                f'{head}Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
                f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
                f"{self.parts}--b--\r\n"
            )
        return content.encode()

    @property
    def message_id(self) -> str:
        """One of its own."""
        return sha256(f"{self.sender}{self.subject}{self.text}{self.html}".encode()).hexdigest()[:16] + "@example.net"


def keep(tx: Transaction, raw_hash: str, sample: Sample) -> str:
    """Keep the row of a mail whose bytes are on the disk; its id."""
    content = sha256(sample.raw).hexdigest()
    inbox.take_in(
        tx,
        inbox.Arrival(
            MAILBOX, sample.message_id, content, raw_hash, len(sample.raw), sample.received_at, "INBOX", 1, 1
        ),
    )
    verdict = {
        "attempts": 1,
        "outcome": "opened",
        "thread_rule": "new",
        "reason": None,
        "authenticity": "aligned",
        "charset": "utf-8",
        "doubtful": 0,
        "text": None,
        "conversation_id": None,
        "said_id": None,
        "sent_id": None,
        "last_error": None,
        **sample.verdict,
    }
    if sample.state != "settled":
        verdict |= {"outcome": None, "thread_rule": None, "authenticity": None, "charset": None}
    tx.change(
        """
        UPDATE mail SET state = :state, next_at = NULL, settled_at = :received_at, from_address = :sender,
            from_name = :name, subject = :subject, attempts = :attempts, outcome = :outcome,
            thread_rule = :thread_rule, reason = :reason, authenticity = :authenticity, charset = :charset,
            doubtful = :doubtful, text = :text, conversation_id = :conversation_id, said_id = :said_id,
            sent_id = :sent_id, last_error = :last_error
        WHERE content_hash = :content
        """,
        {
            "state": sample.state,
            "received_at": sample.received_at,
            "sender": sample.sender,
            "name": sample.name,
            "subject": sample.subject,
            "content": content,
            **verdict,
        },
    )
    return str(tx.execute("SELECT id FROM mail WHERE content_hash = :content", {"content": content})[0]["id"])


def write_in(tx: Transaction, raw_hash: str, sample: Sample, whole: str | None = None) -> tuple[Ticket, str]:
    """A mail that became a conversation with a ticket: the ticket and the mail's id. whole: more than its message."""
    at = sample.received_at
    contact = contacts.identify(tx, "mail", sample.sender, at)
    contacts.learn_name(tx, contact.id, sample.name)
    conversation = conversations.open_new(tx, contact.id, "mail", at, subject=sample.subject)
    verified = sample.verdict.get("authenticity", "aligned") == "aligned"
    facts = {"subject": sample.subject, "verified": verified, "from": sample.sender, "mailbox": MAILBOX}
    draft = Draft(Author.CONTACT, MessageKind.TEXT, sample.text, trace={"mail": facts})
    said, _ = conversations.append(tx, conversation.id, draft, at)
    conversation = conversations.get_conversation(tx, conversation.id)
    desk.customer_wrote(tx, conversation, at)
    ticket = desk.open_ticket(tx, conversation, Reason.NOT_UNDERSTOOD, sample.subject, [], RULES, at)
    made = Sample(
        **{
            **{name: getattr(sample, name) for name in sample.__slots__},
            "verdict": {**sample.verdict, "conversation_id": conversation.id, "said_id": said.id, "text": whole},
        }
    )
    return ticket, keep(tx, raw_hash, made)


def laid_down(blobs: Blobs, sample: Sample) -> str:
    """Put the bytes of a mail on the disk; their hash."""
    return blobs.keep(sample.raw)
