"""The default engine: SQLite in WAL mode, one connection and one thread for every write, readers read-only.

One writing connection is also a safety rule. SQLite 3.7.0 to 3.51.2 can lose commits when several connections
write and checkpoint a WAL (fixed in 3.51.3, 3.50.7 and 3.44.6; https://sqlite.org/changes.html): here one
connection writes and checkpoints, readers are opened ``mode=ro`` and never checkpoint.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from storage.database import Transaction
from storage.errors import MigrationFailed, StorageUnavailable
from storage.folder import DATABASE_NAME, FolderLock, explained, lock_folder, make_file, make_folder
from storage.migrate import migrate, missing_from
from storage.signals import Signals
from storage.sqlite_connection import OpenFile, enforce_foreign_keys, open_for_writing
from storage.sqlite_readers import Readers
from storage.sqlite_writer import Job, Writer

P = ParamSpec("P")
T = TypeVar("T")

# A probe that takes longer is an answer too; readiness has to be told within 5 s.
PROBE_TIMEOUT_S = 4.0
# As much as a message with its clock, ticket and outbox rows, so that a probe fails where they would. Other
# bytes each time: SQLite does not write a page that would not change.
PROBE_BYTES = 16_384


class SQLiteDatabase:
    """The Database port on one SQLite file. Make it with open_database()."""

    def __init__(self, folder: Path, lock: FolderLock, file: OpenFile) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        self.signals = Signals()
        self._lock: FolderLock | None = lock
        self._readers = Readers(self.path)
        self._writer = Writer(file, lambda: _reopen(lock, self.path), self.signals.publish)

    async def read(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._readers.submit(lambda tx: fn(tx, *args, **kwargs)))

    async def write(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        job = Job(lambda tx: fn(tx, *args, **kwargs), loop, loop.create_future())
        self._writer.submit(job)
        result: T = await job.future
        return result

    async def probe(self) -> None:
        """Return if a durable write of a message's size is possible now; raise StorageUnavailable if not.

        It makes one, so it costs an fsync when nothing else is being written; answers within 4 s.
        """
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self.write(_beat)
        except TimeoutError as error:
            raise StorageUnavailable(f"no write became durable within {PROBE_TIMEOUT_S:.0f} s") from error

    async def close(self) -> None:
        """Finish what is waiting and release the data; goes on to the end even when the caller is cancelled."""
        await asyncio.shield(asyncio.to_thread(self._close))

    def _close(self) -> None:
        """The writing connection goes last: the last one to close folds the log into the database."""
        self._writer.drain()
        self._readers.close()
        self._writer.release()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


def _beat(tx: Transaction) -> None:
    tx.change(
        """
        INSERT INTO heartbeat (name, beats, padding) VALUES ('probe', 1, :padding)
        ON CONFLICT (name) DO UPDATE SET beats = heartbeat.beats + 1, padding = excluded.padding
        """,
        {"padding": secrets.token_hex(PROBE_BYTES // 2)},
    )


def open_database(folder: Path) -> SQLiteDatabase:
    """Open, and on first use create, the database in this folder, migrated to the newest schema.

    Raises DataFolderInUse when another process holds it, StorageUnavailable when it cannot be opened,
    MigrationFailed when its schema cannot be brought up to date.
    """
    make_folder(folder)
    lock = lock_folder(folder)
    path = folder / DATABASE_NAME
    try:
        make_file(path)
        file = open_for_writing(path)
        migrate(file.connection)
        enforce_foreign_keys(file.connection)
    except (sqlite3.Error, OSError) as error:
        lock.release()
        raise StorageUnavailable(f"cannot open {path}: {explained(error, folder)}") from error
    except MigrationFailed as error:
        lock.release()
        raise MigrationFailed(f"cannot use {path}: {error}") from error
    except BaseException:
        lock.release()
        raise
    return SQLiteDatabase(folder, lock, file)


def read_folder(folder: Path, fn: Callable[[Transaction], T]) -> T:
    """Run one read in a data folder, whether or not a server holds it. Raises StorageUnavailable."""
    readers = Readers(folder / DATABASE_NAME)
    try:
        return readers.submit(fn).result()
    finally:
        readers.close()


def _reopen(lock: FolderLock, path: Path) -> OpenFile:
    """Open the database again after a failure; never makes a new one. Raises StorageError."""
    try:
        lock.renew()
        file = open_for_writing(path)
    except (sqlite3.Error, OSError) as error:
        raise StorageUnavailable(f"cannot open {path}: {error}") from error
    try:
        _require_schema(file)
        enforce_foreign_keys(file.connection)
    except BaseException:
        file.close()
        raise
    return file


def _require_schema(file: OpenFile) -> None:
    if missing := missing_from(file.connection):
        raise StorageUnavailable(f"{file.path} is not the database we opened (it lacks {', '.join(missing)})")
