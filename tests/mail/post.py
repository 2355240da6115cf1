"""A mailbox of a running server: mails handed in as the fetcher does, and what became of them."""

import email.policy
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from bot.keys import BLOBS, SIGNER
from bot.mail.addresses import Signer
from bot.mail.fetching.identity import identity
from storage.database import Row, Transaction
from tests.fakes import PATIENCE_S, Server
from tests.mail.arrivals import until
from tickets import contacts, conversations, events, tickets
from tickets.mail import inbox, sent
from tickets.mail.sent import SentMail
from tickets.model import Contact, Message, Ticket, TicketEvent

DESK = "desk@example.com"
MTA = "mx.example.com"
MAILBOX: Mapping[str, Any] = {
    "name": "desk",
    "address": DESK,
    "receive": "listener",
    "smtp_host": "127.0.0.1",
    "trusted_authserv_ids": [MTA],
}
SETTINGS: Mapping[str, Any] = {"mailboxes": [MAILBOX], "listen_port": 0}
COUNTS = {
    "conversation": "SELECT COUNT(*) AS found FROM conversation",
    "sent_mail": "SELECT COUNT(*) AS found FROM sent_mail",
    "ticket": "SELECT COUNT(*) AS found FROM ticket",
}
IDENTIFIED = """
    SELECT id FROM mail WHERE mailbox = :mailbox AND message_id = :message_id AND content_hash = :content_hash
"""
PASSED = f"{MTA}; dmarc=pass header.from={{domain}}"
FAILED = f"{MTA}; dmarc=fail header.from={{domain}}"


def mail(
    sender: str = "lin@example.cn",
    text: str = "我的订单什么时候发货，已经等了很久了",
    *,
    verified: bool = True,
    to: str = DESK,
    subject: str = "订单的问题",
    **headers: str,
) -> bytes:
    """A customer's mail as our mail server hands it over; in_reply_to='x' stands for In-Reply-To: x."""
    message = EmailMessage(policy=email.policy.SMTP)
    if verified:
        message["Authentication-Results"] = PASSED.format(domain=sender.rpartition("@")[2].rstrip(">"))
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 23 Nov 2026 09:58:00 +0800"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


@dataclass
class Post:
    """Hands mails in and looks them up."""

    server: Server
    mailbox: str = "desk"
    taken: list[str] = field(default_factory=list)

    @property
    def signer(self) -> Signer:
        return self.server.app[SIGNER]

    async def hand_in(self, raw: bytes, **told: Any) -> str:
        """Take a mail in as it would be after a fetch; its id in the ledger."""
        message_id, content_hash = identity(raw)
        raw_hash = self.server.app[BLOBS].keep(raw)
        arrival = inbox.Arrival(
            **{
                "mailbox": self.mailbox,
                "message_id": message_id,
                "content_hash": content_hash,
                "raw_hash": raw_hash,
                "size": len(raw),
                "received_at": self.server.clock(),
                "envelope_to": (DESK,),
                **told,
            }
        )
        await self.server.database.write(inbox.take_in, arrival)
        key = {"mailbox": arrival.mailbox, "message_id": message_id, "content_hash": content_hash}
        found = await self.server.database.read(lambda tx: tx.execute(IDENTIFIED, key))
        return str(found[0]["id"])

    async def settled(self, raw: bytes, **told: Any) -> Row:
        """Hand a mail in and wait for what becomes of it."""
        return await self.verdict(await self.hand_in(raw, **told))

    async def verdict(self, mail_id: str, seconds: float = PATIENCE_S) -> Row:
        """What is recorded of a mail, once nothing is to be done with it."""

        async def is_done() -> bool:
            return bool((await self.row(mail_id))["state"] != "waiting")

        await until(is_done, seconds)
        return await self.row(mail_id)

    async def row(self, mail_id: str) -> Row:
        return next(row for row in await self.rows() if row["id"] == mail_id)

    async def rows(self) -> list[Row]:
        return await self.server.database.read(_rows)

    async def replay(self, mail_id: str, wish: inbox.Wish | None = None) -> Row:
        """Have a mail read again."""
        seen = (await self.row(mail_id))["attempts"]
        assert await self.server.database.write(inbox.replay, mail_id, seen, self.server.clock(), wish)
        return await self.verdict(mail_id)

    async def said(self, conversation_id: str) -> list[Message]:
        """Everything in a conversation."""
        return await self.server.database.read(conversations.history, conversation_id)

    async def customer_said(self, conversation_id: str) -> list[Message]:
        return [one for one in await self.said(conversation_id) if one.author == "contact"]

    async def ticket(self, conversation_id: str) -> Ticket:
        """The ticket of a conversation, once there is one."""

        async def is_open() -> bool:
            return await self.server.database.read(tickets.newest_of_conversation, conversation_id) is not None

        await until(is_open)
        found = await self.server.database.read(tickets.newest_of_conversation, conversation_id)
        assert found is not None
        return found

    async def wake(self) -> None:
        """Have waiting mails looked at now."""
        await self.server.database.write(lambda tx: tx.notify("mail"))

    async def sent(self, conversation_id: str) -> list[SentMail]:
        """Our mails in a conversation."""
        return await self.server.database.read(sent.of_conversation, conversation_id)

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        rows = await self.server.database.read(lambda tx: tx.execute(COUNTS[table]))
        return int(rows[0]["found"])

    async def events(self, ticket: Ticket) -> list[TicketEvent]:
        """What happened to a ticket."""
        return await self.server.database.read(events.of_ticket, ticket.id)

    async def contact(self, conversation_id: str) -> Contact:
        """Whose conversation it is, with all that is known of him."""
        conversation = await self.server.database.read(conversations.get_conversation, conversation_id)
        return await self.server.database.read(contacts.get_contact, conversation.contact_id)

    async def sends(self, conversation_id: str, recipient: str, id: str) -> SentMail:
        """A mail of ours in this conversation, as if it had been sent."""
        ours = SentMail(
            id=id,
            mailbox=self.mailbox,
            conversation_id=conversation_id,
            kind="answer",
            automatic=True,
            after_chat=False,
            recipient=recipient,
            message_id=self.signer.message_id(id, "example.com"),
            in_reply_to=None,
            references=(),
            subject="Re: 订单的问题",
            said=(),
            about_id=None,
            quotes=False,
            language="zh",
            created_at=self.server.clock(),
            state=sent.SentState.SENT,
        )
        await self.server.database.write(sent.keep, ours)
        return ours


def _rows(tx: Transaction) -> list[Row]:
    return tx.execute(
        """
        SELECT id, mailbox, message_id, content_hash, state, attempts, last_error, outcome, thread_rule, reason,
            authenticity, proof, subject, from_address, from_name, text, body_hash, conversation_id, said_id, sent_id,
            doubtful, charset
        FROM mail ORDER BY id
        """
    )
