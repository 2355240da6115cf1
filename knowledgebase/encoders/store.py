"""Gets the vectors of texts together: from memory, from the database, and the rest from the encoder."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from knowledgebase.encoders import cache
from knowledgebase.encoders.encoder import Rows
from knowledgebase.encoders.patience import pause_ms
from knowledgebase.encoders.thread import EncoderThread
from knowledgebase.encoders.vectors import Halves, Vectors, stacked
from knowledgebase.errors import EncoderUnavailable
from storage.database import Database

KEPT_AT_ONCE = 32
# So few texts are encoded while a new knowledge base is waited for, if it takes no longer than this.
FEW = 32
FEW_WITHIN_S = 2.0
TOLD_EVERY = 1_024
# Farther apart than half precision and another processor's arithmetic can bring two vectors of one text.
AS_GOOD_AS_SAME = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the texts wanted have their vectors. failure: why there are no more, if so."""

    wanted: int = 0
    ready: int = 0
    failure: str | None = None


class VectorStore:
    """The vectors that the knowledge base in force needs. Lives as long as the server."""

    def __init__(
        self, database: Database, thread: EncoderThread, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._database = database
        self._thread = thread
        self._sleep = sleep
        self._held: dict[str, Halves] | None = None
        self._told: str | None = None
        self.progress = Progress()

    async def vector(self, text: str) -> Rows | None:
        """The vector of a question, if it comes in time and is like those of the entries."""
        return await self._thread.vector(text)

    async def questions(self, texts: Sequence[str]) -> dict[str, Rows]:
        """The vectors of many questions, however long it takes. Raises EncoderUnavailable."""
        return await self._thread.questions(texts)

    async def at_hand(self, texts: Sequence[str]) -> Vectors | None:
        """The vectors of the texts, if all but a few are known; None if that would take long."""
        try:
            async with asyncio.timeout(FEW_WITHIN_S):
                missing = await self._missing(texts)
                if len(missing) > FEW:
                    return None
                await self._encode(missing)
                return None if await self._missing(texts) else await self._of(texts)
        except (TimeoutError, EncoderUnavailable):
            return None

    async def complete(self, texts: Sequence[str], tries: int | None = None) -> Vectors:
        """The vectors of the texts, however long it takes; what is done is kept, whatever happens.

        tries: how often in a row the encoder may fail. Raises EncoderUnavailable when there is no use in trying on.
        """
        while missing := await self._missing(texts):
            log.info("encoding begins encoder=%s texts=%d of=%d", self._thread.name, len(missing), len(texts))
            for start in range(0, len(missing), KEPT_AT_ONCE):
                await self._encode_in_the_end(missing[start : start + KEPT_AT_ONCE], tries)
                if start and start % TOLD_EVERY == 0:
                    log.info("encoding goes on ready=%d of=%d", self.progress.ready, self.progress.wanted)
        log.info("encoding is complete encoder=%s texts=%d", self._thread.name, len(texts))
        return await self._of(texts)

    async def prune(self, texts: Sequence[str]) -> None:
        """Forget every vector but those of these texts."""
        wanted = set(texts)
        self._held = {text: row for text, row in (self._held or {}).items() if text in wanted}
        unused = await self._database.read(cache.unused_hashes, self._thread.name, wanted)
        gone = await self._database.write(cache.forget, self._thread.name, unused)
        if gone:
            log.info("vectors forgotten rows=%d", gone)

    async def close(self) -> None:
        """Give up the thread; what is being encoded ends by itself."""
        await self._thread.close()

    @property
    def encoder(self) -> str:
        """Whose vectors these are."""
        return self._thread.name

    @property
    def is_up(self) -> bool:
        """Whether vectors are to be had, as far as the last attempts tell."""
        return self._thread.is_up and self.progress.failure is None

    async def _missing(self, texts: Sequence[str]) -> list[str]:
        held = self._held
        if held is None:
            held = self._held = await self._kept(texts)
        missing = [text for text in texts if text not in held]
        self.progress = Progress(len(texts), len(texts) - len(missing))
        return missing

    async def _kept(self, texts: Sequence[str]) -> dict[str, Halves]:
        """What the database has, unless the encoder of that name gives something else now."""
        held = await self._database.read(cache.read_rows, self._thread.name, texts)
        for text, row in islice(held.items(), 1):
            try:
                now = (await self._thread.rows([text]))[0]
            except EncoderUnavailable as failure:
                self._tell(str(failure))
                if failure.permanent:
                    raise
                now = row.astype(np.float32)
            if len(now) != len(row) or float(np.linalg.norm(now - row)) > AS_GOOD_AS_SAME:
                log.warning("other vectors than before; all are made anew encoder=%s", self._thread.name)
                return {}
            return {each: kept for each, kept in held.items() if len(kept) == len(row)}
        return held

    async def _encode_in_the_end(self, texts: Sequence[str], tries: int | None) -> None:
        failures = 0
        while True:
            try:
                return await self._encode(texts)
            except EncoderUnavailable as failure:
                failures += 1
                pause = pause_ms(failure, failures, random.random())  # noqa: S311
                if pause is None or failures == tries:
                    raise
                await self._sleep(pause / 1000)

    async def _encode(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        try:
            rows = await self._thread.rows(texts)
        except EncoderUnavailable as failure:
            self._tell(str(failure))
            raise
        self._told = None
        self._forget_shorter_and_longer(rows.shape[1])
        fresh = dict(zip(texts, rows.astype(np.float16), strict=True))
        await self._database.write(cache.write_rows, self._thread.name, fresh)
        assert self._held is not None
        self._held.update(fresh)
        self.progress = Progress(self.progress.wanted, self.progress.ready + len(fresh))

    def _forget_shorter_and_longer(self, dimensions: int) -> None:
        """An endpoint can change what is behind a model's name; what it gave before is of no use then."""
        if any(len(row) != dimensions for row in islice((self._held or {}).values(), 1)):
            log.warning("vectors have another length than before; all are made anew encoder=%s", self._thread.name)
            self._held = {}

    async def _of(self, texts: Sequence[str]) -> Vectors:
        held = self._held
        assert held is not None
        vectors = await asyncio.to_thread(lambda: stacked(self._thread.name, {text: held[text] for text in texts}))
        # The rows of the new table in the place of single ones: so each is in memory once.
        held.update(zip(texts, vectors.rows, strict=True))
        return vectors

    def _tell(self, failure: str) -> None:
        """Say once why it does not go on."""
        if failure != self._told:
            log.warning("encoder gives no vectors of entries encoder=%s: %s", self._thread.name, failure)
        self._told = failure
        self.progress = Progress(self.progress.wanted, self.progress.ready, failure)
