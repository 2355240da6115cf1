"""Deliveries that are being made, several at once; each keeps the claim on its row of the outbox until it has ended."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine

from storage import outbox
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.outbox import OutboxRow
from storage.signals import Bell

log = logging.getLogger(__name__)

CLAIMS_KEPT_PER_LEASE = 3


class UnderWay:
    """At most so many deliveries at once. Lives as long as the loop that begins them."""

    def __init__(self, database: Database, clock: Callable[[], int], at_once: int, lease_ms: int) -> None:
        self._database = database
        self._clock = clock
        self._at_once = at_once
        self._lease_ms = lease_ms
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._freed = asyncio.Event()
        self._bell = Bell(database.signals, "outbox")

    @property
    def free(self) -> int:
        """How many more may begin."""
        return self._at_once - len(self._tasks)

    @property
    def held(self) -> frozenset[str]:
        """The ids of the rows that are being delivered: a claim may run out while storage is in trouble."""
        return frozenset(self._tasks)

    def begin(self, row: OutboxRow, work: Coroutine[object, object, None], ended: Callable[[], None]) -> None:
        """Do the work beside others, keeping the claim on the row; call ended afterwards."""
        task = asyncio.create_task(self._do(row, work), name=f"{row.topic} {row.id}")
        self._tasks[row.id] = task
        task.add_done_callback(lambda _: self._end(row, ended))

    async def wait(self, seconds: float) -> None:
        """Until something is queued or something under way has ended, at most so long."""
        waits = [asyncio.ensure_future(self._bell.wait(seconds)), asyncio.ensure_future(self._freed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self._freed.clear()

    async def close(self, within_s: float = 0.0) -> None:
        """Let what is under way end within so long, and break off the rest; its rows are due when their leases end."""
        self._bell.close()
        tasks = tuple(self._tasks.values())
        if tasks and within_s > 0:
            await asyncio.wait(tasks, timeout=within_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, row: OutboxRow, ended: Callable[[], None]) -> None:
        self._tasks.pop(row.id, None)
        ended()
        self._freed.set()

    async def _do(self, row: OutboxRow, work: Coroutine[object, object, None]) -> None:
        claim = asyncio.create_task(self._keep_claim(row))
        try:
            await work
        finally:
            claim.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await claim

    async def _keep_claim(self, row: OutboxRow) -> None:
        """A delivery may take longer than a lease."""
        while True:
            await asyncio.sleep(self._lease_ms / CLAIMS_KEPT_PER_LEASE / 1000)
            try:
                now = self._clock()
                await self._database.write(outbox.extend, row, now + self._lease_ms, now)
            except StorageUnavailable as error:
                log.warning("outbox=%s keeps its claim later: %s", row.id, error)
