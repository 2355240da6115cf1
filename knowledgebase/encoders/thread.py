"""An encoder off the event loop: one thread, few who wait for it, and none of them for long."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.errors import EncoderUnavailable

DEADLINE_S = 0.3
MOST_WAITING = 8
REMEMBERED = 2_048
# After a failure, or so many questions in a row that got nothing in time, it is left alone for a while.
LATE_IN_A_ROW = 3
REST_S = 10.0

log = logging.getLogger(__name__)


class EncoderThread:
    """Encodes questions within a deadline and texts without one. Lives as long as the server."""

    def __init__(
        self, encoder: Encoder, deadline_s: float = DEADLINE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._encoder = encoder
        self._deadline_s = deadline_s
        self._clock = clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._recent: OrderedDict[str, Rows] = OrderedDict()
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._late = 0
        self._rests_until = 0.0
        self._failing = False

    @property
    def name(self) -> str:
        """Whose vectors these are."""
        return self._encoder.name

    @property
    def is_up(self) -> bool:
        """Whether the last question that was asked got a vector."""
        return not self._failing

    async def vector(self, text: str) -> Rows | None:
        """The vector of a question; None when there is none within the deadline, whatever the reason."""
        if (known := self._recent.get(text)) is not None:
            self._recent.move_to_end(text)
            return known
        asked = self._asked.get(text) or self._ask(text)
        if asked is None:
            return None
        await asyncio.wait([asked], timeout=self._deadline_s)
        if not asked.done():
            self._was_late()
        return self._recent.get(text)

    async def questions(self, texts: Sequence[str]) -> dict[str, Rows]:
        """The vectors of many questions, however long it takes; the last of them are remembered.

        Raises EncoderUnavailable.
        """
        known = {text: self._recent[text] for text in texts if text in self._recent}
        missing = [text for text in texts if text not in known]
        fresh = dict(zip(missing, await self.rows(missing), strict=True)) if missing else {}
        for text, row in fresh.items():
            self._remember(text, row)
        return known | fresh

    async def rows(self, texts: Sequence[str]) -> Rows:
        """One row for each text, at least one, however long it takes. Raises EncoderUnavailable.

        Questions come between portions of them.
        """
        step = self._encoder.texts_at_once
        return np.concatenate([await self._encode(texts[at : at + step]) for at in range(0, len(texts), step)])

    async def _encode(self, texts: Sequence[str]) -> Rows:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._encoder.encode, texts)

    async def close(self) -> None:
        """Give up what waits; what is being encoded ends by itself."""
        asked = list(self._asked.values())
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, text: str) -> asyncio.Task[None] | None:
        if len(self._asked) >= MOST_WAITING or self._clock() < self._rests_until:
            return None
        task = self._asked[text] = asyncio.create_task(self._learn(text))
        task.add_done_callback(lambda _: self._asked.pop(text))
        return task

    async def _learn(self, text: str) -> None:
        """Remember the vector of a text, also when nobody waits for it any more."""
        try:
            rows = await self._encode([text])
        except EncoderUnavailable as failure:
            self._failed(str(failure), (failure.retry_after_ms or 0) / 1000)
            return
        except Exception:
            log.exception("encoding failed encoder=%s", self.name)
            self._failed("it is broken", 0)
            return
        self._late = 0
        if self._failing:
            self._failing = False
            log.info("encoder gives vectors again encoder=%s", self.name)
        self._remember(text, rows[0])

    def _remember(self, text: str, row: Rows) -> None:
        self._recent[text] = row
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _was_late(self) -> None:
        self._late += 1
        if self._late >= LATE_IN_A_ROW:
            self._failed("it is too slow", 0)

    def _failed(self, reason: str, wait_s: float) -> None:
        self._late = 0
        self._rests_until = self._clock() + max(wait_s, REST_S)
        if not self._failing:
            self._failing = True
            log.warning("encoder gives no vectors; matching goes on without encoder=%s: %s", self.name, reason)
