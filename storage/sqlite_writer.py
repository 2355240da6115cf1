"""The thread that does every write: group commit.

It takes whatever is waiting, runs each use-case in a savepoint of its own, commits once and only then answers
all of them, so one fsync makes many messages durable and one failure fails alone. When the storage itself
fails, nobody in the group is told that anything was kept.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from storage.database import Transaction
from storage.errors import StorageError, StorageUnavailable
from storage.sqlite_connection import OpenFile, SQLiteTransaction
from storage.sqlite_errors import for_the_caller

LARGEST_GROUP = 256

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """One waiting use-case and where its outcome goes."""

    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Writer:
    """Runs jobs until drained; outlives every failure of a job, of the storage and of an event loop."""

    def __init__(
        self,
        file: OpenFile,
        reopen: Callable[[], OpenFile],
        publish: Callable[[Iterable[tuple[str, str]]], None],
    ) -> None:
        self._file: OpenFile | None = file
        self._reopen = reopen
        self._publish = publish
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="sqlite-write", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; its future is answered in any case. Raises StorageUnavailable when closed."""
        with self._gate:
            if self._closing:
                raise StorageUnavailable("the database is closed")
            self._jobs.put(job)

    def drain(self) -> None:
        """Take no more jobs and finish everything that was submitted. Blocks; harmless when repeated."""
        with self._gate:
            if not self._closing:
                self._closing = True
                self._jobs.put(None)
        self._thread.join()

    def release(self) -> None:
        """Close the file, after drain(). Harmless when repeated."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _run(self) -> None:
        open_for_more = True
        while open_for_more:
            first = self._jobs.get()
            group, open_for_more = self._waiting(LARGEST_GROUP - 1) if first else ([], False)
            if first:
                self._write([first, *group])

    def _waiting(self, limit: int | None = None) -> tuple[list[Job], bool]:
        """What is queued now, up to the limit, and whether more may come after it."""
        jobs: list[Job] = []
        while (limit is None or len(jobs) < limit) and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True

    def _write(self, group: list[Job]) -> None:
        """Nobody hears "done" before the fsync, and signals come before answers, both after the commit."""
        try:
            signals = self._commit(group)
        except BaseException as error:
            self._abandon(group, error)
        else:
            self._recovered()
            self._publish(signals)
        _answer(group)

    def _commit(self, group: list[Job]) -> list[tuple[str, str]]:
        file = self._open_file()
        transaction = SQLiteTransaction(file.connection)
        transaction.execute("BEGIN IMMEDIATE")
        for job in group:
            _run_in_savepoint(job, transaction)
        transaction.execute("COMMIT")
        file.confirm()
        return transaction.signals

    def _open_file(self) -> OpenFile:
        if self._file is None:
            self._file = self._reopen()
        return self._file

    def _abandon(self, group: list[Job], error: BaseException) -> None:
        """Fail the group and all who wait behind it: each would only wait for the same lock in turn."""
        self._roll_back()
        behind, open_for_more = self._waiting()
        if not open_for_more:
            self._jobs.put(None)
        group.extend(behind)
        reason = str(error) if isinstance(error, StorageError) else repr(error)
        for job in group:
            job.result, job.error = None, StorageUnavailable(f"cannot write: {reason}")
        if not self._failing:
            log.error("storage unavailable jobs=%d reason=%s", len(group), reason)
        self._failing = True

    def _roll_back(self) -> None:
        """Keep the connection only if it can undo the transaction and its files are still there."""
        if self._file is None:
            return
        try:
            if self._file.connection.in_transaction:
                self._file.connection.execute("ROLLBACK")
            self._file.confirm()
        except Exception:
            log.warning("storage connection given up, opening it anew at the next write")
            self.release()

    def _recovered(self) -> None:
        if self._failing:
            log.warning("storage available again")
        self._failing = False


def _run_in_savepoint(job: Job, transaction: SQLiteTransaction) -> None:
    """Run one job; its own failure undoes it alone, a failure of the storage is raised."""
    transaction.execute("SAVEPOINT job")
    signals = len(transaction.signals)
    try:
        job.result = job.work(transaction)
    except BaseException as error:
        job.error = for_the_caller(error)
        transaction.execute("ROLLBACK TO job")
        del transaction.signals[signals:]
    transaction.execute("RELEASE job")


def _answer(group: list[Job]) -> None:
    """Hand each waiter its outcome on its own loop; a loop that is gone has nobody left to tell."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = defaultdict(list)
    for job in group:
        by_loop[job.loop].append(job)
    for loop, jobs in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
