"""The loops beside the channels: answer what was accepted, sweep the deadlines, forget what has had its time.

Each loop waits for a signal or for time to pass, and reads from the database what there is to do. Stopping one
anywhere loses nothing: the next start finds the same rows.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec

from bot.alerting.watching import Watch
from bot.files.sweeping import sweep
from bot.mail.postman import came_by_mail
from bot.receive import Answering
from knowledgebase.publishing import publications
from storage import outbox
from storage.blobs import Blobs
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.signals import Bell, Signals
from tickets import conversations, sessions
from tickets.clocks import recomputations
from tickets.escalation import results
from tickets.escalation.ways import Ways
from tickets.model import Message
from tickets.rules import DeskRules
from tickets.sessions import Lifetime

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
AFTER_TROUBLE_S = 1.0
BATCH = 50
LETTERS_AT_ONCE = 4
LONGEST_ROUND_MS = 60_000
HOUR_S = 3_600.0
KEEP_SENT_MS = 30 * 86_400_000
KEEP_HISTORY_MS = 200 * 86_400_000
KEEP_PREVIEWS_MS = 7 * 86_400_000
PUBLICATION_WAITS_MS = 14 * 86_400_000

P = ParamSpec("P")
Turn = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Workers:
    """The running loops, each with when it last went round, on a clock of seconds that nobody sets.

    One that died is not alive. clock tells their work the time (epoch milliseconds).
    """

    clock: Callable[[], int]
    steady: Callable[[], float] = time.monotonic
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    rounds: dict[str, float] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, turn: Turn, wait: Turn, longest_ms: int) -> None:
        """Run turn, wait, turn, wait … until stop(); a round should never take longer than longest_ms.

        A turn that fails is taken again soon, whatever it usually waits for: that may have come and gone.
        """
        self.rounds[name] = self.steady()
        self.longest[name] = longest_ms
        self.tasks[name] = asyncio.create_task(self._loop(name, turn, wait), name=name)

    async def _loop(self, name: str, turn: Turn, wait: Turn) -> None:
        while True:
            pause = wait
            try:
                await turn()
                self.rounds[name] = self.steady()
            except StorageUnavailable as error:
                log.warning("worker=%s waits for storage: %s", name, error)
                pause = _after_trouble
            except Exception:
                log.exception("worker=%s failed a round", name)
                pause = _after_trouble
            await pause()

    def ages(self) -> dict[str, float]:
        """Seconds since each loop last went round."""
        now = self.steady()
        return {name: now - at for name, at in self.rounds.items()}

    def stalled(self) -> list[str]:
        """The names of loops whose round takes too long, or that have ended."""
        late = {name for name, age in self.ages().items() if age * 1000 > self.longest[name]}
        return sorted(late | {name for name, task in self.tasks.items() if task.done()})

    async def stop(self) -> None:
        """Stop every loop."""
        for task in self.tasks.values():
            task.cancel()
        for task in self.tasks.values():
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _after_trouble() -> None:
    await asyncio.sleep(AFTER_TROUBLE_S)


def answer_accepted(database: Database, answering: Answering) -> Turn:
    """A turn that answers what was accepted: conversations side by side, each in the order of its messages."""

    async def turn() -> None:
        while waiting := await database.read(conversations.undecided, BATCH):
            await asyncio.gather(*(answering.answer(message) for message in _some(waiting)))

    return turn


def _some(waiting: Sequence[Message]) -> list[Message]:
    """All that was said in chats and a few mails, each of which may ask much: no chat waits for many of them."""
    letters = [message for message in waiting if came_by_mail(message)]
    return [*(message for message in waiting if not came_by_mail(message)), *letters[:LETTERS_AT_ONCE]]


def watch_deadlines(
    database: Database,
    rules: DeskRules,
    ways: Ways,
    clock: Callable[[], int],
    steady: Callable[[], float] = time.monotonic,
) -> Turn:
    """A turn that raises every alert that is due, tells the people responsible, and goes on where none was reached.

    It says so if clock was set since the last turn, as steady tells.
    """
    return Watch(database, rules, ways, clock, steady).turn


def keep_house(database: Database, blobs: Blobs, lifetime: Lifetime, clock: Callable[[], int]) -> Turn:
    """A turn that forgets what has had its time: ended logins, deliveries sent long ago, who was told
    of alerts long ago, recomputations done long ago or only looked at, files of nothing, publications that nobody came
    back to."""

    async def turn() -> None:
        now = clock()
        await database.write(sessions.drop_expired, now, lifetime)
        await database.write(outbox.forget_sent, now - KEEP_SENT_MS)
        await database.write(results.forget, now - KEEP_HISTORY_MS)
        while await database.write(recomputations.forget_one, now - KEEP_PREVIEWS_MS, now - KEEP_HISTORY_MS):
            pass
        await sweep(database, blobs, now)
        await database.write(publications.withdraw_forgotten, now - PUBLICATION_WAITS_MS, now)

    return turn


async def write_down(
    database: Database, mark: Callable[Concatenate[Transaction, P], bool], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Keep the outcome of a delivery, however long storage is in trouble: forgotten, it would be sent again.

    A row that somebody else has claimed by then is left alone.
    """
    while True:
        try:
            await database.write(mark, *args, **kwargs)
        except StorageUnavailable as error:
            log.warning("the outcome of a delivery waits for storage: %s", error)
            await asyncio.sleep(AFTER_TROUBLE_S)
        else:
            return


def ringing(bell: Bell, seconds: float) -> Turn:
    """A wait that ends when the bell rings, or after this many seconds."""

    async def wait() -> None:
        await bell.wait(seconds)

    return wait


def start_workers(
    workers: Workers,
    signals: Signals,
    database: Database,
    answering: Answering,
    rules: DeskRules,
    ways: Ways,
    sweep_every_ms: int,
) -> None:
    """Start every loop; accepted messages that were not decided before go first."""
    clock = workers.clock
    workers.start(
        "answer",
        answer_accepted(database, answering),
        ringing(Bell(signals, "undecided"), LOOK_AGAIN_S),
        LONGEST_ROUND_MS,
    )
    workers.start(
        "sweep",
        watch_deadlines(database, rules, ways, clock, workers.steady),
        lambda: asyncio.sleep(sweep_every_ms / 1000),
        sweep_every_ms + LONGEST_ROUND_MS,
    )
