"""The loop of one mailbox that sends its letters, several at once: one that hangs holds up no other."""

import logging
import random
from collections.abc import Sequence
from functools import partial

from bot.mail.posting.delivery import Delivery, mark, settle
from bot.mail.posting.outcome import Again, Outcome
from bot.mail.posting.pacing import Pacer
from bot.underway import UnderWay
from bot.workers import write_down
from storage import outbox
from storage.database import Transaction
from storage.errors import StorageUnavailable
from storage.outbox import OutboxRow

log = logging.getLogger(__name__)

AT_ONCE = 8
LEASE_MS = 120_000
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
        self._under_way = UnderWay(self._database, self._clock, AT_ONCE, LEASE_MS)

    async def turn(self) -> None:
        """Begin what is due and may begin; returns without waiting for any of it."""
        self._pacer.look(self._clock())
        while free := self._under_way.free:
            held = self._under_way.held
            rows = await self._database.write(_claim, self._topics, held, self._clock(), free)
            for row in rows:
                await self._begin(row)
            if len(rows) < free:
                return

    async def wait(self) -> None:
        """Until something is queued, something under way has ended, or the next row is due."""
        await self._under_way.wait(await self._until_due())

    async def _until_due(self) -> float:
        """Seconds; while nothing more can begin, what is due does not matter."""
        due = None
        if self._under_way.free:
            due = await self._database.read(outbox.next_due, self._topics)
        return LOOK_AGAIN_S if due is None else min(LOOK_AGAIN_S, max(0.05, (due - self._clock()) / 1000))

    async def close(self) -> None:
        """Break off what is under way; its rows are due again when their leases end."""
        await self._under_way.close()

    async def _begin(self, row: OutboxRow) -> None:
        domain, now = str(row.payload.get("domain", "")), self._clock()
        later = self._pacer.begin(domain, now)
        if later is not None:
            await self._database.write(outbox.postpone, row, later, now)
            return
        self._under_way.begin(row, self._send(row, domain), partial(self._pacer.done, domain))

    async def _send(self, row: OutboxRow, domain: str) -> None:
        outcome = await self._attempt(row)
        if isinstance(outcome, Again) and outcome.rest_domain_ms:
            self._pacer.rest(domain, outcome.rest_domain_ms, self._clock())
        await self._keep_outcome(row, outcome)
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


def _claim(tx: Transaction, topics: Sequence[str], held: frozenset[str], now: int, limit: int) -> list[OutboxRow]:
    """Claim what is due, but for what is under way already: it seems due when the clock was set forward."""
    rows = outbox.claim_due(tx, topics, now, LEASE_MS, limit)
    for row in rows:
        if row.id in held:
            outbox.leave(tx, row, now + LEASE_MS, now)
    return [row for row in rows if row.id not in held]
