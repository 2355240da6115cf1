"""The knowledge base in force: searched off the event loop, swapped whole when entries change."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from knowledgebase.encoders.encoder import Rows
from knowledgebase.encoders.store import VectorStore
from knowledgebase.encoders.vectors import Vectors
from knowledgebase.errors import CalibrationAbandoned, EncoderUnavailable
from knowledgebase.judging.calibration import PRECISION, Calibration, uncalibrated
from knowledgebase.judging.heeding import heed, told_by
from knowledgebase.learning import asked
from knowledgebase.matching.confidence import shipped_weights
from knowledgebase.model import Match, Thresholds
from knowledgebase.publishing.terms import InForce, in_force, wanted_on
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.word_lists import vocabulary_of
from storage.database import Database

log = logging.getLogger(__name__)
Searcher = Callable[[str], Sequence[Match]]
# Between two questions calibration lets everybody else have the interpreter for so long.
BREATH_S = 0.002
# So many of the newest questions of which somebody has said what answers them are heeded.
MOST_HEEDED = 300
# What is only proposed does not wait for an encoder that fails so often in a row.
PROPOSED_TRIES = 3


class Library:
    """Holds the KnowledgeBase built from what is in force. Lives as long as the server.

    precision: the share of automatic answers that shall be right, where nobody has published another one; least:
    what it is by channel at least, unless that channel's own was published. store: where vectors of meaning come from;
    with it the knowledge base in force has them as soon as they are there.
    """

    def __init__(
        self,
        database: Database,
        precision: float = PRECISION,
        store: VectorStore | None = None,
        least: Mapping[str, float] | None = None,
    ) -> None:
        self._database = database
        self._precision = precision
        self._least = least or {}
        self._store = store
        self._current = KnowledgeBase.build([]).under(uncalibrated(shipped_weights(), precision))
        self._wanted: Mapping[str, float] = {}
        self._fingerprint = ""
        self._outdated = threading.Event()
        self._refining: set[asyncio.Task[None]] = set()
        self._calm = asyncio.Event()
        self._calm.set()

    async def reload(self) -> None:
        """Build anew from what is published now; searches go on in the old one until it is ready.

        The new one begins with the calibration in force and gets its own as soon as that is known.
        """
        found = await self._database.read(in_force)
        fresh = await asyncio.to_thread(_build, found, self._current)
        fresh = await self._begun(fresh, await self._vectors_at_hand(fresh))
        self._give_up_refining()
        self._wanted, self._fingerprint = found.precision, found.fingerprint
        self._current = fresh
        self._outdated = threading.Event()
        self._calm.clear()
        task = asyncio.create_task(self._refine(self._outdated))
        self._refining.add(task)
        task.add_done_callback(self._refining.discard)
        log.info("knowledge base ready entries=%d", len(found.entries))

    async def proposed(self, found: InForce) -> KnowledgeBase:
        """The knowledge base that there would be with this in force, with the calibration that it would begin with.

        It has vectors if the one in force has, unless they cannot be had.
        """
        fresh, vectors = await asyncio.to_thread(_build, found, self._current), None
        if self._store is not None and self._current.vectors is not None:
            with contextlib.suppress(EncoderUnavailable):
                vectors = await self._store.complete(await asyncio.to_thread(fresh.texts_needed), PROPOSED_TRIES)
        return await self._begun(fresh, vectors)

    async def searcher(self, base: KnowledgeBase, texts: Sequence[str]) -> Searcher:
        """A search of this knowledge base for the first matches of these texts, ready for any thread.

        By meaning too if the knowledge base has vectors, unless the texts' cannot be had.
        """
        vectors: Mapping[str, Rows] = {}
        if self._store is not None and base.vectors is not None:
            with contextlib.suppress(EncoderUnavailable):
                vectors = await self._store.questions(texts)
        return lambda text: base.search(text, 1, vectors.get(text))

    async def calibrated(self) -> None:
        """Wait until nothing is being calibrated; vectors may still be on their way."""
        await self._calm.wait()

    async def settled(self) -> None:
        """Wait until nothing is being calibrated or encoded any more."""
        while self._refining:
            await asyncio.wait(self._refining)

    async def close(self) -> None:
        """Give up calibrating and encoding; searches go on."""
        self._give_up_refining()
        await self.settled()
        self._calm.set()
        if self._store is not None:
            await self._store.close()

    async def search(self, text: str, limit: int = 5) -> list[Match]:
        """The best matches of a customer's text among the published entries, best first."""
        base, vector = await self.consult(text)
        return await asyncio.to_thread(base.search, text, limit, vector)

    async def consult(self, text: str) -> tuple[KnowledgeBase, Rows | None]:
        """The knowledge base in force, and the text's vector to search it with, if there is one in time."""
        base = self._current
        return base, await self._vector(base, text)

    @property
    def calibration(self) -> Calibration:
        """What the knowledge base in force was calibrated to, and on what evidence."""
        return self._current.calibration

    def precision_wanted(self, channel: str) -> float:
        """The share of automatic answers on this channel that shall be right."""
        return wanted_on(channel, self._wanted, self._precision, self._least)

    def thresholds(self, channel: str = "chat") -> Thresholds:
        """The least confidences on this channel, by the calibration in force."""
        return self._current.calibration.thresholds_for(self.precision_wanted(channel))

    @property
    def fingerprint(self) -> str:
        """Of what the knowledge base in force was built from; see publishing.terms."""
        return self._fingerprint

    @property
    def knowledge_base(self) -> KnowledgeBase:
        """The knowledge base in force; it never changes, the next one takes its place."""
        return self._current

    @property
    def size(self) -> int:
        """How many entries can be found."""
        return self._current.size

    @property
    def store(self) -> VectorStore | None:
        """Where vectors of meaning come from, if from anywhere but the program itself."""
        return self._store

    async def _vector(self, base: KnowledgeBase, text: str) -> Rows | None:
        if base.vectors is None or self._store is None:
            return None
        vector = await self._store.vector(text)
        return vector if vector is not None and len(vector) == base.vectors.dimensions else None

    async def _vectors_at_hand(self, fresh: KnowledgeBase) -> Vectors | None:
        return await self._store.at_hand(await asyncio.to_thread(fresh.texts_needed)) if self._store else None

    async def _begun(self, fresh: KnowledgeBase, vectors: Vectors | None) -> KnowledgeBase:
        """A fresh knowledge base under the calibrations in force, with these vectors."""
        former = self._current
        plain = fresh.under((former.plain or former).calibration)
        if vectors is None:
            return plain
        meant = await asyncio.to_thread(plain.with_vectors, vectors)
        return meant.under(former.calibration) if former.vectors is not None else meant

    def _give_up_refining(self) -> None:
        self._outdated.set()
        for task in self._refining:
            task.cancel()

    async def _refine(self, outdated: threading.Event) -> None:
        """Calibrate what is in force, with vectors and without; and get the vectors that are not at hand."""
        self._put(await self._calibrated(self._current, outdated))
        if (plain := self._current.plain) is not None:
            self._current = self._current.beside(await self._calibrated(plain, outdated))
        if self._store is not None:
            await self._add_vectors(self._store, outdated)
        self._calm.set()

    async def _add_vectors(self, store: VectorStore, outdated: threading.Event) -> None:
        """Put the knowledge base with vectors in force as soon as there are all; forget those of former entries."""
        texts = await asyncio.to_thread(self._current.texts_needed)
        if self._current.vectors is None:
            self._calm.set()
            try:
                vectors = await store.complete(texts)
            except EncoderUnavailable:
                return
            except Exception:
                log.exception("knowledge base stays without vectors")
                return
            self._calm.clear()
            self._current = await asyncio.to_thread(self._current.with_vectors, vectors)
            log.info("knowledge base has vectors encoder=%s", vectors.encoder)
            self._put(await self._calibrated(self._current, outdated))
        await store.prune(texts)

    async def _calibrated(self, base: KnowledgeBase, outdated: threading.Event) -> KnowledgeBase:
        """The knowledge base calibrated to itself and to what was said of its answers; as it was, if that is given up
        or cannot be done."""
        try:
            found = await asyncio.to_thread(base.calibrated, self._precision, lambda: outdated.wait(BREATH_S))
            return await self._heeding(found, outdated)
        except CalibrationAbandoned:
            return base
        except Exception:
            log.exception("knowledge base not calibrated entries=%d", base.size)
            return base

    async def _heeding(self, base: KnowledgeBase, outdated: threading.Event) -> KnowledgeBase:
        """The knowledge base, as sure as the words of customers and agents let it be."""
        outcomes = await self._database.read(asked.outcomes, MOST_HEEDED)
        if not outcomes:
            return base
        try:
            search = await self.searcher(base, list(dict.fromkeys(one.utterance for one in outcomes)))
        except EncoderUnavailable:
            return base
        told = await asyncio.to_thread(told_by, outcomes, search, lambda: outdated.wait(BREATH_S))
        log.info("knowledge base heeds words=%d", len(told))
        return base.under(heed(base.calibration, told))

    def _put(self, calibrated: KnowledgeBase) -> None:
        """In force, unless it is there already."""
        if calibrated is self._current:
            return
        self._current = calibrated
        _tell(calibrated.calibration)
        self._database.signals.publish([("calibrated", "")])


def _build(found: InForce, before: KnowledgeBase) -> KnowledgeBase:
    return (before.plain or before).edited(found.entries, vocabulary_of(found.lists))


def _tell(found: Calibration) -> None:
    log.info(
        "knowledge base calibrated enough=%s left_out=%d answer=%.3f clarify=%.3f",
        found.enough,
        found.evidence.left_out,
        found.thresholds.answer,
        found.thresholds.clarify,
    )
