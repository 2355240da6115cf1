"""The loop of one mailbox that sends its letters, several at once: one that hangs holds up no other."""

import asyncio
import logging
import random
from collections.abc import Sequence

from bot.mail.posting.delivery import Delivery, mark, settle
from bot.mail.posting.outcome import Again, Outcome
from bot.mail.posting.pacing import Pacer
from bot.workers import write_down
from storage import outbox
from storage.errors import StorageUnavailable
from storage.outbox import OutboxRow
from storage.signals import Bell

log = logging.getLogger(__name__)

AT_ONCE = 8
LEASE_MS = 120_000
EXTEND_EVERY_S = 40.0
LOOK_AGAIN_S = 5.0
LONGEST_ROUND_MS = 60_000


class Dispatch:
    """Sends what is due of some topics. Lives as long as the server; turn and wait are a worker's."""

    def __init__(self, delivery: Delivery, topics: Sequence[str]) -> None:
        self._delivery = delivery
        self._database = delivery.database
        self._clock = delivery.clock
        self._topics = list(topics)
        self._pacer = Pacer()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._bell = Bell(self._database.signals, "outbox")
        self._freed = asyncio.Event()

    async def turn(self) -> None:
        """Begin what is due and may begin; returns without waiting for any of it."""
        while free := AT_ONCE - len(self._under_way):
            rows = await self._database.write(outbox.claim_due, self._topics, self._clock(), LEASE_MS, free)
            for row in rows:
                await self._begin(row)
            if len(rows) < free:
                return

    async def wait(self) -> None:
        """Until something is queued, something under way has ended, or the next row is due."""
        seconds = await self._until_due()
        waits = [asyncio.ensure_future(self._bell.wait(seconds)), asyncio.ensure_future(self._freed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self._freed.clear()

    async def _until_due(self) -> float:
        """Seconds; while nothing more can begin, what is due does not matter."""
        due = None
        if len(self._under_way) < AT_ONCE:
            due = await self._database.read(outbox.next_due, self._topics)
        return LOOK_AGAIN_S if due is None else min(LOOK_AGAIN_S, max(0.05, (due - self._clock()) / 1000))

    async def close(self) -> None:
        """Break off what is under way; its rows are due again when their leases end."""
        self._bell.close()
        for task in tuple(self._under_way.values()):
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _begin(self, row: OutboxRow) -> None:
        if row.id in self._under_way:
            return
        domain = str(row.payload.get("domain", ""))
        later = self._pacer.begin(domain, self._clock())
        if later is not None:
            await self._database.write(outbox.postpone, row, later)
            return
        task = asyncio.create_task(self._send(row, domain), name=f"letter {row.id}")
        self._under_way[row.id] = task
        task.add_done_callback(lambda _: self._ended(row, domain))

    def _ended(self, row: OutboxRow, domain: str) -> None:
        self._under_way.pop(row.id, None)
        self._pacer.done(domain)
        self._freed.set()

    async def _send(self, row: OutboxRow, domain: str) -> None:
        claim = asyncio.create_task(self._keep_claim(row))
        try:
            outcome = await self._attempt(row)
            if isinstance(outcome, Again) and outcome.rest_domain_ms:
                self._pacer.rest(domain, self._clock() + outcome.rest_domain_ms)
            await self._keep_outcome(row, outcome)
        finally:
            claim.cancel()
        log.info("outbox=%s topic=%s outcome=%s", row.id, row.topic, type(outcome).__name__.lower())

    async def _attempt(self, row: OutboxRow) -> Outcome:
        try:
            return await self._delivery.attempt(row)
        except StorageUnavailable as error:
            log.warning("outbox=%s waits for storage: %s", row.id, error)
            return Again("storage is in trouble")
        except Exception as error:
            log.exception("outbox=%s topic=%s failed unforeseen", row.id, row.topic)
            return Again(f"unforeseen: {type(error).__name__}")

    async def _keep_outcome(self, row: OutboxRow, outcome: Outcome) -> None:
        """Trouble with what is kept beside the row must never make the row be sent again."""
        told = (row, outcome, self._clock(), random.random())  # noqa: S311 - spreads retries, keeps no secret
        try:
            await write_down(self._database, settle, *told)
        except Exception:
            log.exception("outbox=%s its outcome is kept at the row alone", row.id)
            await write_down(self._database, mark, *told)

    async def _keep_claim(self, row: OutboxRow) -> None:
        """A large mail may take longer than a lease."""
        while True:
            await asyncio.sleep(EXTEND_EVERY_S)
            try:
                await self._database.write(outbox.extend, row, self._clock() + LEASE_MS)
            except StorageUnavailable as error:
                log.warning("outbox=%s keeps its claim later: %s", row.id, error)
