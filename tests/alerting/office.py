"""Ways with peers that do as they are told, and the loops that send by them, on a clock that tests move."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.alerting.delivery.attempt import Delivery
from bot.alerting.delivery.dispatch import Dispatch
from bot.alerting.words import Speech
from bot.templates import load_templates
from storage.database import Row, Transaction
from storage.sqlite import SQLiteDatabase
from tests.fakes import PATIENCE_S, Clock
from tests.rules import RULES, ZONE
from tickets.alerts import Addressing, DeliveryError, Failure, Notice, Sent, Transport
from tickets.escalation import notices, setbacks
from tickets.escalation.notices import Addressee, Purpose
from tickets.escalation.raised import Raised
from tickets.escalation.removed import end_removed
from tickets.escalation.rescuing import rescue
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell
from tickets.escalation.ways import Way, Ways

SPEECH = Speech(load_templates(), "zh", ZONE, "http://127.0.0.1")


@dataclass
class Peer:
    """A service behind a way. took: what it has taken, attempts: what it was sent; troubles: how the next attempts go
    wrong, the last one for ever if lasting; known: whether it can tell what became of an attempt."""

    name: str = "peer"
    addressing: Addressing = Addressing.MAIL
    per_minute: int = 0
    settings: Any = None
    known: bool = False
    took: list[Notice] = field(default_factory=list)
    attempts: list[tuple[int, Notice]] = field(default_factory=list)
    questions: list[tuple[int, str]] = field(default_factory=list)
    troubles: list[DeliveryError] = field(default_factory=list)
    lasting: bool = False
    takes_in_trouble: bool = False
    cannot_tell: DeliveryError | None = None
    hangs: bool = False
    hanging: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], int] = field(default_factory=Clock)

    @property
    def way(self) -> Way:
        inquire = self._inquire if self.known else None
        transport = Transport("scripted", self.addressing, object, self._send, inquire, self.per_minute)
        return Way(self.name, transport, self.settings)

    def fail(self, failure: Failure, wait_ms: int | None = None, code: str = "", **more: Any) -> None:
        """The next attempt fails so."""
        self.troubles.append(DeliveryError("the peer is in trouble", failure, wait_ms, code, **more))

    def go_on(self) -> None:
        """It hangs no longer."""
        self.hangs = False
        self.hanging = 0
        self.freed.set()

    @property
    def keys(self) -> list[str]:
        return [notice.key for notice in self.took]

    async def _send(self, _settings: Any, notice: Notice) -> Sent:
        self.attempts.append((self.clock(), notice))
        if self.hangs:
            self.hanging += 1
            try:
                await self.freed.wait()
            finally:
                self.hanging -= int(self.hangs)
        if self.troubles:
            trouble = self.troubles[0] if self.lasting else self.troubles.pop(0)
            if self.takes_in_trouble:
                self.took.append(notice)
            raise trouble
        self.took.append(notice)
        return Sent(f"reference-{len(self.took)}")

    async def _inquire(self, _settings: Any, notice: Notice, since: int) -> Sent | None:
        self.questions.append((since, notice.key))
        if self.cannot_tell is not None:
            raise self.cannot_tell
        return Sent("found") if notice.key in self.keys else None


async def _settled(loop: Dispatch, peer: Peer) -> None:
    """Nothing is under way but what hangs."""
    async with asyncio.timeout(PATIENCE_S):
        while len(loop._under_way.held) > peer.hanging:
            await asyncio.sleep(0.0005)


class Office:
    """A database with the loops of some ways; nothing moves unless a test says so."""

    def __init__(self, database: SQLiteDatabase, clock: Clock, *peers: Peer) -> None:
        self.database = database
        self.clock = clock
        self.peers = peers
        for peer in peers:
            peer.clock = clock
        self.ways: Ways = {}
        self.loops: list[Dispatch] = []
        self.use(*(peer.way for peer in peers))

    def use(self, *ways: Way) -> None:
        """Send by these ways from now on."""
        self.ways = {way.name: way for way in ways}
        self.loops = [self._loop(way) for way in ways]

    def _loop(self, way: Way) -> Dispatch:
        return Dispatch(Delivery(self.database, way, SPEECH, self.clock))

    async def deliver(self) -> None:
        """All that may go out now goes out, and what comes of it is kept; what hangs is left hanging."""
        for _ in range(100):
            begun = [len(peer.attempts) for peer in self.peers]
            for loop, peer in zip(self.loops, self.peers, strict=True):
                await loop.turn()
                await _settled(loop, peer)
            if begun == [len(peer.attempts) for peer in self.peers]:
                return

    async def pass_time(self, ms: int, step_ms: int = 1_000) -> None:
        """The clock goes on, and every second the loops look."""
        for _ in range(0, ms, step_ms):
            self.clock.advance(step_ms)
            await self.deliver()

    async def sweep(self) -> list[Raised]:
        """The sweep's turn; the alerts told of, or gone on with because nobody was reached."""
        if await self.database.read(setbacks.begun_ahead, self.clock()):
            await self.database.write(setbacks.begin_anew, self.clock())
        await self.database.write(end_removed, self.ways, self.clock())
        await self.database.write(sweep, self.clock(), RULES.late_after_ms)
        told = await self.database.write(tell, self.clock(), RULES, self.ways)
        rescued = await self.database.write(rescue, self.clock(), RULES, self.ways)
        return [*told, *rescued.otherwise, *rescued.advanced]

    async def close(self) -> None:
        for loop in self.loops:
            await loop.close(within_s=0)

    async def start_again(self, *peers: Peer) -> None:
        """As after a kill: the loops know nothing but what is kept. With peers, there are no ways but theirs from then
        on."""
        await self.close()
        self.peers = peers or self.peers
        ways = [peer.way for peer in peers] or self.ways.values()
        self.use(*ways)

    async def queue(self, peer: Peer, recipients: Iterable[str] = ("zhou@example.com",)) -> list[str]:
        """Notices that are not about alerts, so that nobody withdraws them; their ids."""
        way, now = self.ways[peer.name], self.clock()
        facts = {"mailbox": "desk", "at": now}

        def queue(tx: Transaction) -> list[str]:
            to = [Addressee(way, recipient, None) for recipient in recipients]
            return [notices.queue(tx, one, Purpose.MAILBOX_BUSY, facts, now) for one in to]

        return await self.database.write(queue)

    async def rows(self, sql: str) -> list[Row]:
        return await self.database.read(lambda tx: tx.execute(sql))

    async def states(self) -> list[str]:
        """What became of each notice, in the order in which they were made."""
        return [row["state"] for row in await self.rows("SELECT state FROM notice ORDER BY id")]
