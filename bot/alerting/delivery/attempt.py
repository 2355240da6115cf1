"""One attempt to tell somebody by one way."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.alerting import words
from bot.alerting.delivery.claiming import Claim
from bot.alerting.delivery.outcome import Arrived, Outcome, Unclear, judge
from bot.alerting.words import Speech
from storage.database import Database
from storage.errors import StorageUnavailable
from tickets.alerts import DeliveryError, Failure, Notice, Sent
from tickets.escalation import outcomes
from tickets.escalation.ways import Way

log = logging.getLogger(__name__)

WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that is needed to deliver the messages of one way."""

    database: Database
    way: Way
    speech: Speech
    clock: Callable[[], int]

    async def attempt(self, claim: Claim) -> Outcome:
        """Send the message, having asked first what became of an earlier attempt where that is unclear."""
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._attempt(claim)
        except TimeoutError:
            slow = DeliveryError("it took too long", Failure.UNKNOWN)
            return judge(slow, claim.row.attempts, self.way.transport.inquire is not None)
        except StorageUnavailable as error:
            log.warning("outbox=%s waits for storage: %s", claim.row.id, error)
            return Unclear("storage is in trouble", "", 0, final=False)
        except Exception as error:
            log.exception("outbox=%s topic=%s failed unforeseen", claim.row.id, claim.row.topic)
            unforeseen = DeliveryError(f"unforeseen: {type(error).__name__}", Failure.UNKNOWN, is_known=False)
            return judge(unforeseen, claim.row.attempts, self.way.transport.inquire is not None)

    async def _attempt(self, claim: Claim) -> Outcome:
        notice = words.notice(claim.row, claim.waiting, self.speech, self.clock())
        unsure_since = claim.waiting.unsure_since
        if unsure_since is not None and self.way.transport.inquire is not None:
            known = await self._ask(claim, notice, unsure_since)
            if known is not None:
                return known
            await self.database.write(outcomes.begin_again, claim.waiting.id, self.clock())
        return await self._send(claim, notice)

    async def _ask(self, claim: Claim, notice: Notice, since: int) -> Outcome | None:
        """What became of an earlier attempt; None if it has certainly not arrived."""
        assert self.way.transport.inquire is not None
        try:
            found = await self.way.transport.inquire(self.way.settings, notice, since)
        except DeliveryError as error:
            return judge(error, claim.row.attempts, can_inquire=True)
        return None if found is None else _arrived(found)

    async def _send(self, claim: Claim, notice: Notice) -> Outcome:
        try:
            return _arrived(await self.way.transport.send(self.way.settings, notice))
        except DeliveryError as error:
            return judge(error, claim.row.attempts, self.way.transport.inquire is not None)


def _arrived(sent: Sent) -> Arrived:
    return Arrived(sent.reference)
