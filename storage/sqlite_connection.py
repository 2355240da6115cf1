"""Connections to one SQLite file: the one that writes, those that read, and the transaction on either."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from storage.database import Row
from storage.errors import StorageUnavailable
from storage.sqlite_errors import REFUSALS, in_house_words

# Below the 5 s in which readiness has to tell the truth; only a foreign program can make us wait at all.
BUSY_TIMEOUT_S = 2.0
WAL_LIMIT_BYTES = 64 * 1024 * 1024

_Identity = tuple[tuple[int, int] | None, ...]


class SQLiteTransaction:
    """A Transaction on one connection. Once the storage has failed under it, every further use fails too."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.signals: list[tuple[str, str]] = []
        self.trouble: StorageUnavailable | None = None

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        rows, names, _ = self._run(sql, params)
        return [dict(zip(names, values, strict=True)) for values in rows]

    def change(self, sql: str, params: Mapping[str, object] | None = None) -> int:
        return self._run(sql, params)[2]

    def change_all(self, sql: str, rows: Sequence[Mapping[str, object]]) -> int:
        with self._housed(), contextlib.closing(self._connection.executemany(sql, rows)) as cursor:
            return cursor.rowcount if rows else 0

    def notify(self, topic: str, key: str = "") -> None:
        self.signals.append((topic, key))

    def _run(self, sql: str, params: Mapping[str, object] | None) -> tuple[list[tuple[object, ...]], list[str], int]:
        with self._housed(), contextlib.closing(self._connection.execute(sql, params or {})) as cursor:
            rows = cursor.fetchall()
            return rows, [column[0] for column in cursor.description or ()], cursor.rowcount

    @contextlib.contextmanager
    def _housed(self) -> Iterator[None]:
        """The engine's errors in the house's words."""
        if self.trouble is not None:
            raise self.trouble
        try:
            yield
        except (*REFUSALS, MemoryError) as error:
            meaning = in_house_words(error)
            if isinstance(meaning, StorageUnavailable):
                self.trouble = meaning
            raise meaning from error


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A connection together with the very files on disk that it was opened on."""

    connection: sqlite3.Connection
    path: Path
    identity: _Identity

    def confirm(self) -> None:
        """Raise StorageUnavailable when other files, or none, stand there now: a row written to a deleted file
        is lost, and SQLite does not notice.
        """
        if _identity(self.path) != self.identity:
            raise StorageUnavailable(f"{self.path} was moved, replaced or deleted while it was open")

    def close(self) -> None:
        """Close the connection; an open transaction is undone."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()


def open_for_writing(path: Path) -> OpenFile:
    """The one connection that writes and checkpoints, on an existing file; foreign keys are not yet enforced.

    Raises sqlite3.Error or StorageUnavailable.
    """
    connection = _connect(path, "rw")
    try:
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")
        connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        _require_writable(connection)
    except BaseException:
        connection.close()
        raise
    return OpenFile(connection, path, _identity(path))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite says nothing when a file system cannot do it (no shared memory), so look."""
    sqlite_utils.Database(connection, execute_plugins=False).enable_wal()
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        raise StorageUnavailable(f"this file system does not allow a write-ahead log (journal mode {mode})")


def _require_writable(connection: sqlite3.Connection) -> None:
    """SQLite says nothing when it could open a file only for reading, until the first change; this one is undone."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("PRAGMA user_version=1")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def enforce_foreign_keys(connection: sqlite3.Connection) -> None:
    """From now on a row needs what it belongs to."""
    connection.execute("PRAGMA foreign_keys=ON")


def open_for_reading(path: Path) -> OpenFile:
    """A connection that can neither write nor checkpoint. Raises sqlite3.Error."""
    connection = _connect(path, "ro")
    try:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except BaseException:
        connection.close()
        raise
    return OpenFile(connection, path, _identity(path))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _identity(path: Path) -> _Identity:
    return tuple(_device_and_inode(file) for file in (str(path), f"{path}-wal"))


def _device_and_inode(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino
