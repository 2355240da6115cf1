"""The default engine: SQLite in WAL mode, one connection and one thread for every write, readers read-only.

Group commit: the writer takes whatever is waiting, runs each use-case in a savepoint of its own, commits once
and only then answers all of them, so one fsync makes many messages durable and one failure fails alone.

One writing connection is also a safety rule. SQLite 3.7.0 to 3.51.2 can lose commits when several connections
write and checkpoint a WAL (fixed in 3.51.3, 3.50.7 and 3.44.6; https://sqlite.org/changes.html): here one
connection writes and checkpoints, readers are opened ``mode=ro`` and never checkpoint.
"""

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

import sqlite_utils

from storage.database import Row, Transaction
from storage.errors import DataFolderInUse, StorageUnavailable
from storage.migrate import migrate
from storage.signals import Signals

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
LARGEST_GROUP = 256
READERS = 2
FILE_NAME = "yingsheng.db"


class SQLiteTransaction:
    """A Transaction on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.signals: list[tuple[str, str]] = []

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        cursor = self._connection.execute(sql, params or {})
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor]

    def change(self, sql: str, params: Mapping[str, object] | None = None) -> int:
        return self._connection.execute(sql, params or {}).rowcount

    def notify(self, topic: str, key: str = "") -> None:
        self.signals.append((topic, key))


@dataclass(slots=True)
class _Job:
    """One waiting use-case and where its outcome goes."""

    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class SQLiteDatabase:
    """The Database port on one SQLite file. Make it with open_database()."""

    def __init__(self, folder: Path, lock: IO[str], connection: sqlite3.Connection) -> None:
        self.path = folder / FILE_NAME
        self.signals = Signals()
        self._lock = lock
        self._connection = connection
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._writer = threading.Thread(target=self._write_forever, name="sqlite-write", daemon=True)
        self._writer.start()

    async def read(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._read(lambda tx: fn(tx, *args, **kwargs)))

    async def write(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise StorageUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(lambda tx: fn(tx, *args, **kwargs), loop, loop.create_future())
        self._jobs.put(job)
        result: T = await job.future
        return result

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._reader_connections:
            connection.close()
        self._connection.close()
        self._lock.close()

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                return work(SQLiteTransaction(connection))
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise StorageUnavailable(f"cannot read {self.path.name}: {error}") from error

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{self.path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            self._reader_connections.append(connection)
        return connection

    def _write_forever(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            closing = False
            while len(group) < LARGEST_GROUP and not self._jobs.empty():
                waiting = self._jobs.get()
                if waiting is None:
                    closing = True
                    break
                group.append(waiting)
            self._write_group(group)
            if closing:
                return

    def _write_group(self, group: list[_Job]) -> None:
        """Run each job in its savepoint, commit once, then answer: nobody hears "done" before the fsync."""
        transaction = SQLiteTransaction(self._connection)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in group:
                self._run_job(job, transaction)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon(group, transaction, error)
        self._answer(group, transaction.signals)

    def _run_job(self, job: _Job, transaction: SQLiteTransaction) -> None:
        self._connection.execute("SAVEPOINT job")
        signals = len(transaction.signals)
        try:
            job.result = job.work(transaction)
        except Exception as error:
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error
            self._connection.execute("ROLLBACK TO job")
            del transaction.signals[signals:]
            job.error = _translated(error)
        self._connection.execute("RELEASE job")

    def _abandon(self, group: list[_Job], transaction: SQLiteTransaction, error: sqlite3.Error) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        transaction.signals.clear()
        for job in group:
            job.error = StorageUnavailable(f"cannot write {self.path.name}: {error}")

    def _answer(self, group: list[_Job], signals: list[tuple[str, str]]) -> None:
        for loop in {job.loop for job in group}:
            jobs = [job for job in group if job.loop is loop]
            loop.call_soon_threadsafe(self._answer_on_loop, jobs, signals)

    def _answer_on_loop(self, jobs: list[_Job], signals: list[tuple[str, str]]) -> None:
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        self.signals.publish(signals)


def _translated(error: Exception) -> Exception:
    if isinstance(error, sqlite3.OperationalError):
        unavailable = StorageUnavailable(f"cannot write: {error}")
        unavailable.__cause__ = error
        return unavailable
    return error


def open_database(folder: Path) -> SQLiteDatabase:
    """Open, and on first use create, the database in this folder, migrated to the newest schema.

    Raises DataFolderInUse when another process holds it, StorageUnavailable when it cannot be opened,
    MigrationFailed when its schema cannot be brought up to date.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock_folder(folder)
    try:
        connection = _writing_connection(folder / FILE_NAME)
        migrate(connection)
    except sqlite3.Error as error:
        lock.close()
        raise StorageUnavailable(f"cannot open {folder / FILE_NAME}: {error}") from error
    except BaseException:
        lock.close()
        raise
    return SQLiteDatabase(folder, lock, connection)


def _lock_folder(folder: Path) -> IO[str]:
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DataFolderInUse(f"another Yingsheng process is using {folder}") from error
    return lock


def _writing_connection(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    sqlite_utils.Database(connection).enable_wal()
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection
