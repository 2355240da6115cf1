"""The threads that read: each with a read-only connection of its own, opened anew after any failure."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from storage.database import Transaction
from storage.errors import StorageUnavailable
from storage.sqlite_connection import OpenFile, SQLiteTransaction, open_for_reading
from storage.sqlite_errors import for_the_caller

T = TypeVar("T")

READERS = 4


class Readers:
    """Runs reads side by side with the writer, each against one consistent view."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._local = threading.local()
        self._files: set[OpenFile] = set()

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Queue a read. Raises StorageUnavailable when closed."""
        try:
            return self._pool.submit(self._read, work)
        except RuntimeError as error:
            raise StorageUnavailable("the database is closed") from error

    def close(self) -> None:
        """Finish what is queued and close the connections. Blocks; harmless when repeated."""
        self._pool.shutdown()
        while self._files:
            self._files.pop().close()

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            return _read_once(self._file().connection, work)
        except StorageUnavailable as error:
            self._discard_file()
            raise StorageUnavailable(f"cannot read: {error}") from error
        except BaseException as error:
            if (fit := for_the_caller(error)) is error:
                raise
            raise fit from error

    def _file(self) -> OpenFile:
        """This thread's connection, on the file that stands there now."""
        file: OpenFile | None = getattr(self._local, "file", None)
        if file is None:
            try:
                file = open_for_reading(self._path)
            except sqlite3.Error as error:
                raise StorageUnavailable(f"{error}") from error
            self._local.file = file
            self._files.add(file)
        file.confirm()
        return file

    def _discard_file(self) -> None:
        file: OpenFile | None = getattr(self._local, "file", None)
        if file is not None:
            self._files.discard(file)
            file.close()
            self._local.file = None


def _read_once(connection: sqlite3.Connection, work: Callable[[Transaction], T]) -> T:
    transaction = SQLiteTransaction(connection)
    transaction.execute("BEGIN")
    try:
        return work(transaction)
    finally:
        if transaction.trouble is None:
            transaction.execute("ROLLBACK")
