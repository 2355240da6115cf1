"""The loop of one way that sends what waits for it, no faster than its peer takes it."""

import logging
import random

from bot.alerting.delivery import pacing
from bot.alerting.delivery.attempt import Delivery
from bot.alerting.delivery.claiming import LEASE_MS, Claim, Dropped, Nothing, claim_next
from bot.alerting.delivery.outcome import Arrived, Outcome
from bot.alerting.delivery.pacing import Bucket
from bot.alerting.delivery.settling import mark, settle
from bot.underway import UnderWay
from bot.workers import write_down
from storage import outbox
from tickets.escalation import way_states

log = logging.getLogger(__name__)

AT_ONCE = 8
LOOK_AGAIN_S = 5.0
SHORTEST_WAIT_S = 0.05
GOODBYE_WITHIN_S = 1.5
LONGEST_ROUND_MS = 60_000


class Dispatch:
    """Claims a message only when it may go out at once: what is unclaimed can still take in newer alerts.

    Lives as long as the server; turn and wait are a worker's.
    """

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._database = delivery.database
        self._clock = delivery.clock
        self._way = delivery.way
        self._pace = pacing.pace_of(self._way.transport.per_minute)
        self._bucket: Bucket | None = None
        self._under_way = UnderWay(self._database, self._clock, AT_ONCE, LEASE_MS)
        self._rests_until: int | None = None

    async def turn(self) -> None:
        """Begin what is due and may begin; returns without waiting for any of it."""
        while self._under_way.free and await self._wait_for_pace() == 0:
            held, zone = self._under_way.held, self._delivery.speech.zone
            found = await self._database.write(claim_next, self._way, held, self._clock(), zone)
            match found:
                case Claim():
                    self._begin(found)
                case Nothing(until):
                    self._rests_until = until
                    return
                case Dropped():
                    pass

    async def wait(self) -> None:
        """Until something is queued, something under way has ended, or the next message may go out."""
        await self._under_way.wait(min(LOOK_AGAIN_S, max(SHORTEST_WAIT_S, await self._until_next() / 1000)))

    async def close(self, within_s: float = GOODBYE_WITHIN_S) -> None:
        """Let what is under way end, so that a restart makes nobody hear of it twice; break off what takes longer."""
        await self._under_way.close(within_s)

    async def _until_next(self) -> float:
        """Milliseconds; while nothing more can begin, what is due does not matter."""
        if not self._under_way.free:
            return LOOK_AGAIN_S * 1000
        now = self._clock()
        due = await self._database.read(outbox.next_due, [self._way.topic, self._way.test_topic])
        if due is None:
            return LOOK_AGAIN_S * 1000
        return max(due - now, (self._rests_until or now) - now, await self._wait_for_pace())

    async def _wait_for_pace(self) -> int:
        """How long the way has to wait for its peer's limit (ms); it counts what went out before this start, too."""
        if self._pace is None:
            return 0
        now = self._clock()
        if self._bucket is None:
            state = await self._database.read(way_states.get, self._way.name)
            self._bucket = pacing.after(state.tried_at, self._pace, now)
        self._bucket = pacing.filled(self._bucket, self._pace, now)
        return pacing.wait_ms(self._bucket, self._pace)

    def _begin(self, claim: Claim) -> None:
        if self._bucket is not None:
            self._bucket = pacing.taken(self._bucket)
        self._under_way.begin(claim.row, self._send(claim), lambda: None)

    async def _send(self, claim: Claim) -> None:
        outcome = await self._delivery.attempt(claim)
        await self._keep_outcome(claim, outcome)
        level = logging.INFO if isinstance(outcome, Arrived) else logging.WARNING
        log.log(level, "outbox=%s topic=%s outcome=%s", claim.row.id, claim.row.topic, type(outcome).__name__.lower())

    async def _keep_outcome(self, claim: Claim, outcome: Outcome) -> None:
        """Trouble with what is kept beside the row must never make the row be sent again."""
        now, jitter = self._clock(), random.random()  # noqa: S311 - spreads retries, keeps no secret
        try:
            await write_down(self._database, settle, self._way, claim.row, outcome, now, jitter)
        except Exception:
            log.exception("outbox=%s its outcome is kept at the row alone", claim.row.id)
            await write_down(self._database, mark, claim.row, outcome, now, jitter)
