"""The loop behind the gate: replays each publication that waits for it, off the event loop, and keeps what it found.

A publication that was being replayed when the server stopped is still waiting, and is replayed anew at the next start.
"""

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.messages import Channel
from knowledgebase.errors import ReplayAbandoned
from knowledgebase.judging.calibration import Calibration
from knowledgebase.judging.replay import Outcome, Replay, Replayed, Search, State, replay, replay_accepted, spread
from knowledgebase.library import Library
from knowledgebase.matching.confidence import Weights
from knowledgebase.model import Entry, Thresholds
from knowledgebase.publishing import publications, register
from knowledgebase.publishing.model import Failure
from knowledgebase.publishing.publications import Work
from knowledgebase.publishing.terms import InForce, wanted_on
from knowledgebase.search import KnowledgeBase
from storage.database import Database
from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)
# Between two questions a replay lets everybody else have the interpreter for so long.
BREATH_S = 0.0005
# A calibration that is about to change the thresholds is waited for, but not for ever.
CALIBRATED_WITHIN_S = 20.0

Found = tuple[Replay, list[tuple[Replayed, Outcome]]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings file has a say in: the precision where nobody has published one, fixed thresholds, how many of
    the customers' last questions are replayed, and the precision by channel at least."""

    precision: float
    fixed: Callable[[Thresholds], Thresholds]
    utterances: int
    least: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Replaying:
    """Replays what waits for it. Lives as long as the server.

    progress: how many look-ups of each publication being replayed are done, and of how many.
    """

    database: Database
    library: Library
    settings: Settings
    clock: Callable[[], int]
    progress: dict[str, tuple[int, int]] = field(default_factory=dict)
    _current: str | None = None
    _checked: Calibration | None = None
    _given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def model(self) -> str:
        """Names whatever has a say in the answers beside the database: weights, vectors, settings."""
        return model_of(self.library.knowledge_base, self.settings)

    async def turn(self) -> None:
        """Compare anew after a calibration, and replay all that waits, oldest first."""
        await self._recheck()
        while (waiting := await self.database.read(register.next_waiting)) is not None:
            await self._replay(waiting)

    def abandon(self, publication_id: str) -> None:
        """Stop replaying this one, if that is under way."""
        if self._current == publication_id:
            self._given_up.set()

    def close(self) -> None:
        """Stop whatever is under way; it will be replayed anew."""
        self._given_up.set()

    async def _recheck(self) -> None:
        await self._let_calibrate()
        if self.library.calibration is not self._checked:
            self._checked = self.library.calibration
            await self.database.write(publications.recheck, self.clock())

    async def _replay(self, publication_id: str) -> None:
        self._current, self._given_up = publication_id, threading.Event()
        try:
            await self._carry_out(publication_id)
        except ReplayAbandoned:
            log.info("publication=%s given up", publication_id)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception("publication=%s not replayed", publication_id)
            await self.database.write(publications.fail, publication_id, Failure.BROKEN, "", self.clock())
        finally:
            self._current = None
            self.progress.pop(publication_id, None)

    async def _carry_out(self, publication_id: str) -> None:
        await self._let_calibrate()
        work = await self.database.write(publications.start, publication_id, self.settings.utterances, self.clock())
        if work is None:
            return
        before = await self._in_force(work.before)
        model = self.model
        found, outcomes = await self._ask(work, before)
        base = f"{work.before.fingerprint}:{model}"
        state = await self.database.write(
            publications.finish, publication_id, base, self.model, found, outcomes, self.clock()
        )
        log.info(
            "publication=%s replayed questions=%d flips=%d state=%s",
            publication_id,
            found.questions,
            len(found.flips),
            state.value,
        )

    async def _let_calibrate(self) -> None:
        try:
            async with asyncio.timeout(CALIBRATED_WITHIN_S):
                await self.library.calibrated()
        except TimeoutError:
            log.info("replaying while the calibration goes on")

    async def _in_force(self, found: InForce) -> KnowledgeBase:
        """The knowledge base of what is in force, even if the one in use is a little behind."""
        if self.library.fingerprint == found.fingerprint:
            return self.library.knowledge_base
        return await self.library.proposed(found)

    async def _ask(self, work: Work, before: KnowledgeBase) -> Found:
        after = before
        if (work.after.entries, work.after.lists) != (work.before.entries, work.before.lists):
            after = await self.library.proposed(work.after)
        known = [question for question in work.questions if question.channel in set(Channel)]
        old = [question for question, _ in work.accepted or ()]
        texts = list(dict.fromkeys(question.utterance for question in (*known, *old)))
        search = await self.library.searcher(before, texts)
        then = self._state(before, work.before, search)
        if work.accepted is not None:
            accepted = work.accepted
            told = self._telling(work)
            return await asyncio.to_thread(replay_accepted, accepted, then, known, told, self._is_given_up)
        other = search if after is before else await self.library.searcher(after, texts)
        now = self._state(after, work.after, other)
        asked = spread(known, then, now)
        found, outcomes = await asyncio.to_thread(replay, then, now, asked, self._telling(work), self._is_given_up)
        return found, list(zip(asked, outcomes, strict=True))

    def _state(self, base: KnowledgeBase, found: InForce, search: Search) -> State:
        return state_of(base, search, found.precision, self.settings, self.clock())

    def _telling(self, work: Work) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            self.progress[work.publication.id] = (done, total)

        return tell

    def _is_given_up(self) -> bool:
        return self._given_up.wait(BREATH_S)


def state_of(
    base: KnowledgeBase, search: Search, precision: Mapping[str, float], settings: Settings, now: int
) -> State:
    """A side of a replay: this knowledge base at this moment, with the precision wanted by channel."""

    def told(entry: Entry) -> bool:
        return entry.is_for_customers(now)

    wanted = {each.value: wanted_on(each, precision, settings.precision, settings.least) for each in Channel}
    chosen = {name: base.calibration.thresholds_for(share) for name, share in wanted.items()}
    return State(search, {name: settings.fixed(each) for name, each in chosen.items()}, told)


def model_of(base: KnowledgeBase, settings: Settings) -> str:
    """A name of the weights, the encoder and the settings by which this knowledge base answers."""
    encoder = base.vectors.encoder if base.vectors else ""
    told = (
        *_weights(base.weights),
        encoder,
        settings.precision,
        *sorted(settings.least.items()),
        settings.fixed(Thresholds(0.5, 0.25)),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _weights(weights: Weights) -> tuple[object, ...]:
    return weights.ranking.tolist(), weights.confidence.tolist(), weights.intercept, weights.thresholds
