"""A server with mailboxes, customers who write to it, agents and a bot who answer, and what becomes of that."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from bot.inserting import Reply, reply
from bot.keys import LETTERHEAD, POSTMAN, SEND_REPLY
from bot.mail.postman import Posting, PostKind, Refusal
from bot.messages import Channel, InboundMessage, Thread
from bot.receive import Accepted, accept
from storage.database import Transaction
from tests.fakes import Clock, Server
from tests.mail.arrivals import until
from tickets import agents, contacts, conversations, desk, events
from tickets.mail import sent
from tickets.mail.sent import SentMail, SentState
from tickets.model import Agent, Author, Draft, Message, MessageKind, Reason, Role, Ticket, TicketEvent

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
ADDRESS = "service@example.com"
CUSTOMER = "lin@example.cn"
_ids = itertools.count(1)


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
    """The settings of [mail] with these mailboxes; impatient, for nobody here is far away."""
    return {"mailboxes": mailboxes, "listen_port": 0, "timeout": "400ms", **settings}


@dataclass
class Office:
    """The server, seen by those who write to it and those who answer."""

    server: Server
    clock: Clock
    agent: Agent = field(init=False)

    async def hire(self) -> None:
        self.agent = await self.server.database.write(
            agents.create, "chen", "陈静", Role.AGENT, "hash", "chen@example.com", self.clock()
        )

    async def mail_arrives(
        self, text: str = "充电桩装不上怎么办？", thread: str | None = None, sender: str = CUSTOMER, **facts: Any
    ) -> Accepted:
        """A customer's mail has been read and kept; nobody has answered it yet."""
        told = {
            "id": facts.pop("id", f"mail-{next(_ids)}"),
            "mailbox": facts.pop("mailbox", "service"),
            "message_id": f"question-{next(_ids)}@example.cn",
            "references": [],
            "subject": "安装问题",
            "verified": True,
            "from": sender,
            **facts,
        }
        inbound = InboundMessage(
            channel=Channel.MAIL,
            external_id=told["message_id"],
            sender=sender,
            text=text,
            received_at=self.clock(),
            thread=Thread.THIS if thread else Thread.NEW,
            conversation_id=thread,
            subject=told["subject"],
            silent="test",
            facts={"mail": told},
        )
        return await self.server.database.write(accept, inbound, self.server.config.policy)

    async def ticket(self, message: Message) -> Ticket:
        """A ticket for the conversation of this message."""
        return await self.server.database.write(_open, message, self.server.config.policy, self.clock())

    async def answers(self, ticket: Ticket, text: str = "请先关掉总闸，再按第二步重试。") -> Message:
        """The agent answers, having seen everything."""
        app = self.server.app
        conversation = await self.server.database.read(conversations.get_conversation, ticket.conversation_id)
        told = Reply(text, conversation.last_number, f"{self.agent.id}:{next(_ids):08d}", holding=False)
        return await self.server.database.write(
            reply, ticket.number, self.agent, told, app[LETTERHEAD], self.clock(), send=app[SEND_REPLY]
        )

    async def bot_says(
        self, message: Message, text: str = "请到设置里申请。", kind: PostKind = PostKind.ANSWER
    ) -> Refusal | None:
        """The bot answers this mail if it may."""
        return await self.server.database.write(_say, self.server.app[POSTMAN], message, text, kind, self.clock())

    async def sent(self, conversation_id: str) -> list[SentMail]:
        return await self.server.database.read(sent.of_conversation, conversation_id)

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
        found = await self.server.database.read(events.of_ticket, ticket.id)
        return [event for event in found if event.action.startswith("mail_")]

    async def wakes(self) -> None:
        """Time has passed: the loops look at what is due."""
        self.server.database.signals.publish([("outbox", "")])


def _open(tx: Transaction, message: Message, policy: Any, now: int) -> Ticket:
    conversation = conversations.get_conversation(tx, message.conversation_id)
    return desk.open_ticket(tx, conversation, Reason.NOT_UNDERSTOOD, "安装问题", [], policy, now)


def _say(tx: Transaction, postman: Any, message: Message, text: str, kind: PostKind, now: int) -> Refusal | None:
    conversation = conversations.get_conversation(tx, message.conversation_id)
    contact = contacts.get_contact(tx, conversation.contact_id)
    refusal: Refusal | None = postman.allow(tx, message, conversation, contact, now)
    if refusal is not None:
        return refusal
    said, _ = conversations.append(tx, conversation.id, Draft(Author.BOT, MessageKind.ANSWER, text), now)
    posting = Posting(conversation, contact, message, (said,), kind, True, "zh", "Re: 安装问题", True)
    postman.post(tx, posting, now)
    return None
