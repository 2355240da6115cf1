"""The people and things of the bot's tests: a small knowledge base, a shelf that does what it is told, customers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.decide import Limits
from bot.messages import Channel, InboundMessage
from bot.receive import accept
from knowledgebase.model import Entry, Match, Thresholds
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tickets import conversations
from tickets.model import Author, Message

MINUTE = 60_000
HOUR = 60 * MINUTE
# 2026-11-24 09:03:20 in Shanghai, a Tuesday.
NOW = 1_795_482_200_000
ZONE = "Asia/Shanghai"
LIMITS = Limits(Thresholds(answer=0.8, clarify=0.3))

TYRES = Entry("tyres", "轮胎多久换一次？", "每 6 年或 6 万公里更换。", similar=("车胎几年换",))
SERVICE = Entry("service", "首保什么时候做？", "5000 公里或半年内。")
PRICE = Entry("price", "换轮胎多少钱？", "每条 600 元起。")
COMPLAINTS = Entry("complaints", "投诉多久有处理结果？", "3 个工作日内。")
BRAKES = Entry("brakes", "刹车失灵怎么办？", "松开油门，间断拉起电子手刹。")


def match(entry: Entry, confidence: float) -> Match:
    return Match(entry, score=confidence, confidence=confidence, wording=entry.question)


@dataclass
class ScriptedShelf:
    """A knowledge base that finds what it was told to find, and breaks when it is told to."""

    known: dict[str, list[Match]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    meanwhile: Callable[[], object] | None = None

    def knows(self, text: str, *matches: Match) -> None:
        self.known[text] = list(matches)

    def breaks(self) -> None:
        self.broken = True

    async def search(self, text: str, limit: int = 5) -> list[Match]:
        self.asked.append(text)
        if self.broken:
            raise RuntimeError("the shelf fell down")
        return self.known.get(text, [])[:limit]


@dataclass
class Customer:
    """A visitor of the chat, whose messages are numbered as the browser would."""

    database: SQLiteDatabase
    name: str = "visitor-lin"
    now: int = NOW
    sent: int = 0

    async def writes(self, text: str, external_id: str | None = None) -> Message:
        return await self._send(text, external_id)

    async def presses(self, action: str, about: int | None = None, label: str = "转人工") -> Message:
        return await self._send(label, None, action, about)

    async def _send(
        self, text: str, external_id: str | None, action: str | None = None, about: int | None = None
    ) -> Message:
        self.sent += 1
        self.now += 1_000
        identity = external_id or f"{self.name}-{self.sent:08d}"
        inbound = InboundMessage(Channel.CHAT, identity, self.name, text, self.now, action, about)
        return (await self.database.write(accept, inbound)).message

    async def reads(self, after: int = 0) -> list[Message]:
        """What the customer was told."""
        messages = await self.database.read(_conversation, self.name)
        return [one for one in messages if one.author is not Author.CONTACT and one.number > after]


def _conversation(tx: Transaction, name: str) -> list[Message]:
    rows = tx.execute(
        "SELECT c.id FROM conversation c JOIN identity i ON i.contact_id = c.contact_id WHERE i.address = :name",
        {"name": name},
    )
    return conversations.history(tx, rows[0]["id"]) if rows else []
