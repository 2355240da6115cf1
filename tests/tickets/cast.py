"""A small service desk with people in it: what the tests of this room play with."""

from collections.abc import Mapping, Sequence

from storage.database import Row, Transaction
from storage.sqlite import SQLiteDatabase
from tests.rules import RULES
from tickets import agents, contacts, conversations, desk, tickets
from tickets.clocks import rows, waits
from tickets.model import (
    Agent,
    Author,
    Clock,
    Conversation,
    Draft,
    Message,
    MessageKind,
    Reason,
    Role,
    Ticket,
)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
# 2026-11-21 10:00 in Shanghai.
MORNING = 1_795_226_400_000


class ServiceDesk:
    """A database with rules, and what customers, the bot and agents do."""

    def __init__(self, database: SQLiteDatabase) -> None:
        self.database = database
        self.rules = RULES
        self._said = 0

    async def hire(self, name: str, role: Role = Role.AGENT, email: str | None = None) -> Agent:
        return await self.database.write(agents.create, name, name.title(), role, "hash", email, MORNING)

    async def customer_says(self, text: str, at: int, address: str = "visitor-lin") -> Message:
        """What accept does with a message: stored, clock started or kept, ticket woken, in one transaction."""
        self._said += 1
        draft = Draft(Author.CONTACT, MessageKind.TEXT, text, external_id=f"said-{self._said}")
        return await self.database.write(_accept, address, draft, at)

    async def bot_says(self, text: str, at: int, kind: MessageKind = MessageKind.ANSWER) -> bool:
        """The bot decides about the oldest message that waits; whether its words stopped the clock."""
        return await self.database.write(_answer, "visitor-lin", Draft(Author.BOT, kind, text), at)

    async def hand_over(
        self, at: int, reason: Reason = Reason.ASKED_FOR_PERSON, address: str = "visitor-lin"
    ) -> Ticket:
        conversation = await self.conversation(address)
        return await self.database.write(desk.open_ticket, conversation, reason, "轮胎多久换一次?", [], self.rules, at)

    async def ticket_from(self, text: str, at: int, address: str = "visitor-lin") -> Ticket:
        """A customer asks, the bot hands over in the same second."""
        await self.customer_says(text, at, address)
        return await self.hand_over(at, address=address)

    async def conversation(self, address: str = "visitor-lin") -> Conversation:
        return await self.database.write(_conversation_of, address)

    async def clock(self) -> Clock | None:
        return await self.database.read(rows.running_reply, (await self.conversation()).id)

    async def ticket(self, number: str) -> Ticket:
        return await self.database.read(tickets.by_number, number)

    async def rows(self, sql: str) -> list[Row]:
        return await self.database.read(lambda tx: tx.execute(sql))


class CountingTransaction:
    """A transaction that counts the statements it passes on."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.statements = 0

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        self.statements += 1
        return self._tx.execute(sql, params)

    def change(self, sql: str, params: Mapping[str, object] | None = None) -> int:
        self.statements += 1
        return self._tx.change(sql, params)

    def change_all(self, sql: str, rows: Sequence[Mapping[str, object]]) -> int:
        self.statements += 1
        return self._tx.change_all(sql, rows)

    def notify(self, topic: str, key: str = "") -> None:
        self._tx.notify(topic, key)


class Explained:
    """A transaction that tells how each statement finds its rows."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.plan = ""

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        self.plan += "".join(f"{row['detail']}\n" for row in self._tx.execute("EXPLAIN QUERY PLAN " + sql, params))
        return self._tx.execute(sql, params)

    def change(self, sql: str, params: Mapping[str, object] | None = None) -> int:
        return self._tx.change(sql, params)

    def notify(self, topic: str, key: str = "") -> None:
        self._tx.notify(topic, key)


def _conversation_of(tx: Transaction, address: str) -> Conversation:
    contact = contacts.identify(tx, "chat", address, MORNING)
    return conversations.find_or_open(tx, contact.id, "chat", MORNING)


def _accept(tx: Transaction, address: str, draft: Draft, now: int) -> Message:
    conversation = _conversation_of(tx, address)
    message, _ = conversations.append(tx, conversation.id, draft, now)
    waits.start_or_keep(tx, conversation, message.number, now)
    desk.customer_wrote(tx, conversation, now)
    return message


def _answer(tx: Transaction, address: str, draft: Draft, now: int) -> bool:
    conversation = _conversation_of(tx, address)
    for message in conversations.undecided(tx, 100):
        if message.conversation_id == conversation.id:
            conversations.mark_decided(tx, message.id, now)
            break
    conversations.append(tx, conversation.id, draft, now)
    if draft.kind not in (MessageKind.ANSWER, MessageKind.CLARIFY, MessageKind.SMALL_TALK):
        return False
    return waits.answer_by_bot(tx, conversation.id, now)
