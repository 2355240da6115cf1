"""The knowledge base in force: searched off the event loop, swapped whole when entries change."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from knowledgebase.errors import CalibrationAbandoned
from knowledgebase.judging.calibration import PRECISION, Calibration, uncalibrated
from knowledgebase.matching.confidence import shipped_weights
from knowledgebase.model import Match, Thresholds
from knowledgebase.publishing.terms import ALL_CHANNELS, InForce, in_force
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.word_lists import vocabulary_of
from storage.database import Database

log = logging.getLogger(__name__)
Searcher = Callable[[str], Sequence[Match]]
# Between two questions calibration lets everybody else have the interpreter for so long.
BREATH_S = 0.002


class Library:
    """Holds the KnowledgeBase built from what is in force. Lives as long as the server.

    precision: the share of automatic answers that shall be right, where nobody has published another one.
    """

    def __init__(self, database: Database, precision: float = PRECISION) -> None:
        self._database = database
        self._precision = precision
        self._current = KnowledgeBase.build([]).under(uncalibrated(shipped_weights(), precision))
        self._wanted: Mapping[str, float] = {}
        self._fingerprint = ""
        self._outdated = threading.Event()
        self._calibrating: set[asyncio.Task[None]] = set()

    async def reload(self) -> None:
        """Build anew from what is published now; searches go on in the old one until it is ready.

        The new one begins with the calibration in force and gets its own as soon as that is known.
        """
        found = await self._database.read(in_force)
        fresh = await asyncio.to_thread(_build, found)
        self._outdated.set()
        self._wanted, self._fingerprint = found.precision, found.fingerprint
        self._current = fresh.under(self._current.calibration)
        self._outdated = threading.Event()
        task = asyncio.create_task(self._calibrate(self._current, self._outdated))
        self._calibrating.add(task)
        task.add_done_callback(self._calibrating.discard)
        log.info("knowledge base ready entries=%d", len(found.entries))

    async def proposed(self, found: InForce) -> KnowledgeBase:
        """The knowledge base that there would be with this in force, with the calibration that it would begin with."""
        fresh = await asyncio.to_thread(_build, found)
        return fresh.under(self._current.calibration)

    async def searcher(self, base: KnowledgeBase, texts: Sequence[str]) -> Searcher:
        """A search of this knowledge base for the first matches of these texts, ready for any thread."""
        return lambda text: base.search(text, 1)

    async def calibrated(self) -> None:
        """Wait until nothing is being calibrated any more."""
        while self._calibrating:
            await asyncio.wait(self._calibrating)

    async def close(self) -> None:
        """Give up calibrating; searches go on."""
        self._outdated.set()
        await self.calibrated()

    async def search(self, text: str, limit: int = 5) -> list[Match]:
        """The best matches of a customer's text among the published entries, best first."""
        return await asyncio.to_thread(self._current.search, text, limit)

    @property
    def calibration(self) -> Calibration:
        """What the knowledge base in force was calibrated to, and on what evidence."""
        return self._current.calibration

    def precision_wanted(self, channel: str) -> float:
        """The share of automatic answers on this channel that shall be right."""
        return self._wanted.get(channel, self._wanted.get(ALL_CHANNELS, self._precision))

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

    async def _calibrate(self, base: KnowledgeBase, outdated: threading.Event) -> None:
        try:
            calibrated = await asyncio.to_thread(base.calibrated, self._precision, lambda: outdated.wait(BREATH_S))
        except CalibrationAbandoned:
            return
        except Exception:
            log.exception("knowledge base not calibrated entries=%d", base.size)
            return
        if self._current is base:
            self._current = calibrated
            _tell(calibrated.calibration)
            self._database.signals.publish([("calibrated", "")])


def _build(found: InForce) -> KnowledgeBase:
    return KnowledgeBase.build(found.entries, vocabulary_of(found.lists))


def _tell(found: Calibration) -> None:
    log.info(
        "knowledge base calibrated enough=%s left_out=%d answer=%.3f clarify=%.3f",
        found.enough,
        found.evidence.left_out,
        found.thresholds.answer,
        found.thresholds.clarify,
    )
