"""A server with mailboxes, customers who write to it, agents and a bot who answer, and what becomes of that."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from aiohttp import web

from bot.inserting import Reply, reply
from bot.keys import BLOBS, LETTERHEAD, POSTMAN, SEND_REPLY
from bot.mail.postman import Posting, PostKind, Postman, Refusal
from bot.messages import Channel, InboundMessage, Thread
from bot.receive import Accepted, accept
from storage.database import Row, Transaction, new_id
from tests.fakes import PATIENCE_S, Clock, Server
from tests.mail.arrivals import until
from tickets import agents, attachments, contacts, conversations, desk, events
from tickets.attachments import Attachment
from tickets.mail import sent
from tickets.mail.sent import SentMail, SentState
from tickets.model import Agent, Author, Draft, Message, MessageKind, Reason, Role, Ticket, TicketEvent
from tickets.rules import DeskRules

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
ADDRESS = "service@example.com"
CUSTOMER = "lin@example.cn"
_ids = itertools.count(1)
P = ParamSpec("P")
T = TypeVar("T")


def mailbox(port: int, name: str = "service", **settings: Any) -> dict[str, Any]:
    """The settings of a mailbox whose mails go to an SMTP server on this port."""
    return {
        "name": name,
        "address": f"{name}@example.com",
        "receive": "listener",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        **settings,
    }


def mail_settings(*mailboxes: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The settings of [mail] with these mailboxes."""
    return {"mailboxes": mailboxes, "listen_port": 0, "timeout": f"{PATIENCE_S:.0f}s", **settings}


@dataclass
class Office:
    """The server, seen by those who write to it and those who answer."""

    server: Server
    clock: Clock
    agent: Agent

    @classmethod
    async def staffed(cls, server: Server, clock: Clock) -> Self:
        """One with its agent."""
        chen = await server.database.write(
            agents.create, "chen", "陈静", Role.AGENT, "hash", "chen@example.com", clock()
        )
        return cls(server, clock, chen)

    async def mail_arrives(
        self, text: str = "充电桩装不上怎么办？", thread: str | None = None, sender: str = CUSTOMER, **facts: Any
    ) -> Accepted:
        """A customer's mail has been read and kept; nobody has answered it yet."""
        inbound = _inbound(self.clock(), text, thread, sender, facts)
        return await self.server.database.write(accept, inbound)

    async def ticket(self, message: Message) -> Ticket:
        """A ticket for the conversation of this message."""
        return await self.server.database.write(_open, message, self.server.config.rules, self.clock())

    async def answers(
        self,
        ticket: Ticket,
        text: str = "请先关掉总闸再试。",
        enclosing: tuple[str, str, bytes] | None = None,
    ) -> Message:
        """The agent answers, having seen everything."""
        conversation = await self.read(conversations.get_conversation, ticket.conversation_id)
        told = Reply(text, conversation.last_number, f"{self.agent.id}:{next(_ids):08d}", holding=False)
        kept = None
        if enclosing is not None:
            name, content_type, content = enclosing
            stored = self.server.app[BLOBS].keep(content)
            kept = Attachment(
                new_id(), f"agent:{self.agent.id}", None, 0, name, content_type, len(content), stored, self.clock()
            )
        return await self.server.database.write(
            _reply, ticket.number, self.agent, told, self.server.app, kept, self.clock()
        )

    async def bot_says(
        self, message: Message, text: str = "请到设置里申请。", kind: PostKind = PostKind.ANSWER
    ) -> Refusal | None:
        """The bot answers this mail if it may."""
        return await self.server.database.write(say, self.server.app[POSTMAN], message, text, kind, self.clock())

    async def sent(self, conversation_id: str) -> list[SentMail]:
        return await self.read(sent.of_conversation, conversation_id)

    async def until_state(self, conversation_id: str, state: SentState, index: int = -1) -> SentMail:
        """The mail, once it is in this state."""
        found: list[SentMail] = []

        async def is_so() -> bool:
            found[:] = await self.sent(conversation_id)
            return bool(found) and found[index].state is state

        await until(is_so)
        return found[index]

    async def told(self, ticket: Ticket) -> list[TicketEvent]:
        """What the ticket says of mails."""
        found = await self.read(events.of_ticket, ticket.id)
        return [event for event in found if event.action.startswith("mail_")]

    async def until_told(self, ticket: Ticket, action: str) -> None:
        async def is_told() -> bool:
            return action in [event.action for event in await self.told(ticket)]

        await until(is_told)

    async def letters(self) -> list[Row]:
        """The outbox rows of all letters, oldest first."""
        return await self.read(_letters)

    async def due(self) -> list[Row]:
        """Those that would be sent now."""
        now = self.clock()
        return [row for row in await self.letters() if row["status"] == "queued" and row["available_at"] <= now]

    async def until_attempts(self, count: int) -> None:
        """Once the newest letter was attempted so often, and waits for its next attempt."""

        async def is_so() -> bool:
            row = (await self.letters())[-1]
            return bool(row["attempts"] >= count and row["lease_until"] is None)

        await until(is_so)

    async def until_attempted(self, conversation_id: str) -> None:
        """Once the first attempt of this conversation's letter is over."""
        await self.until_attempts(1)

    async def until_held(self) -> None:
        """Once the newest letter was looked at and put back, not attempted."""

        async def is_so() -> bool:
            row = (await self.letters())[-1]
            return bool(row["attempts"] == 0 and row["lease_token"] and row["lease_until"] is None)

        await until(is_so)

    async def until_row(self, status: str) -> None:
        """Once the row of the newest letter has this status."""

        async def is_so() -> bool:
            return bool((await self.letters())[-1]["status"] == status)

        await until(is_so)

    def wakes(self) -> None:
        """Time has passed: the loops look at what is due."""
        self.server.database.signals.publish([("outbox", "")])

    async def read(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read from the database of the server."""
        return await self.server.database.read(fn, *args, **kwargs)


def _reply(
    tx: Transaction, number: str, agent: Agent, told: Reply, app: web.Application, kept: Attachment | None, now: int
) -> Message:
    def send(tx: Transaction, message: Message, now: int) -> None:
        if kept is not None:
            attachments.keep(tx, kept)
            attachments.claim(tx, [kept.id], kept.owner, message.id)
        app[SEND_REPLY](tx, message, now)

    return reply(tx, number, agent, told, app[LETTERHEAD], now, send)


def _letters(tx: Transaction) -> list[Row]:
    return tx.execute(
        """
        SELECT id, topic, status, attempts, available_at, lease_until, lease_token, last_error FROM outbox
        WHERE SUBSTR(topic, 1, 7) = 'letter.' ORDER BY id
        """
    )


def keep_mail(
    tx: Transaction,
    now: int,
    text: str = "怎么退款？",
    sender: str = CUSTOMER,
    body_hash: str | None = None,
    thread: str | None = None,
    **facts: Any,
) -> Message:
    """A mail in the ledger and the message that it became."""
    inbound = _inbound(now, text, thread, sender, facts)
    told = (inbound.facts or {})["mail"]
    tx.change(
        """
        INSERT INTO mail (id, mailbox, envelope_to_json, message_id, content_hash, raw_hash, size, received_at, state,
            attempts, doubtful, from_address, body_hash)
        VALUES (:id, :mailbox, '[]', :message_id, :message_id, '', 1, :now, 'settled', 1, 0, :sender, :body_hash)
        """,
        {
            "id": told["id"],
            "mailbox": told["mailbox"],
            "message_id": told["message_id"],
            "now": now,
            "sender": sender.lower(),
            "body_hash": body_hash or told["id"],
        },
    )
    return accept(tx, inbound).message


def _inbound(now: int, text: str, thread: str | None, sender: str, facts: dict[str, Any]) -> InboundMessage:
    told = {
        "id": f"mail-{next(_ids)}",
        "mailbox": "service",
        "message_id": f"question-{next(_ids)}@example.cn",
        "references": [],
        "subject": "安装问题",
        "verified": True,
        "from": sender,
        **facts,
    }
    return InboundMessage(
        channel=Channel.MAIL,
        external_id=told["message_id"],
        sender=sender,
        text=text,
        received_at=now,
        thread=Thread.THIS if thread else Thread.NEW,
        conversation_id=thread,
        subject=told["subject"],
        silent="test",
        facts={"mail": told},
    )


def _open(tx: Transaction, message: Message, rules: DeskRules, now: int) -> Ticket:
    conversation = conversations.get_conversation(tx, message.conversation_id)
    return desk.open_ticket(tx, conversation, Reason.NOT_UNDERSTOOD, "安装问题", [], rules, now)


def say(tx: Transaction, postman: Postman, message: Message, text: str, kind: PostKind, now: int) -> Refusal | None:
    """What recording a decision does with the bot's words: said and posted, if they may go out."""
    conversation = conversations.get_conversation(tx, message.conversation_id)
    contact = contacts.get_contact(tx, conversation.contact_id)
    refusal = postman.allow(tx, message, conversation, contact, now)
    if refusal is not None:
        return refusal
    said, _ = conversations.append(tx, conversation.id, Draft(Author.BOT, MessageKind.ANSWER, text), now)
    posting = Posting(conversation, contact, message, (said,), kind, True, "zh", "Re: 安装问题", True)
    postman.post(tx, posting, now)
    return None
