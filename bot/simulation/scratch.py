"""A database that lives as long as a simulation: the real one's connection and schema, without its threads."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from storage.database import Transaction
from storage.migrate import migrate
from storage.signals import Signals
from storage.sqlite_connection import SQLiteTransaction, enforce_foreign_keys, open_for_writing

P = ParamSpec("P")
T = TypeVar("T")
Witness = Callable[[Callable[..., Any], Any], None]


class PowerCut(BaseException):
    """The simulated process dies here."""


class Scratch:
    """The Database port, each transaction carried out at once on this thread.

    witness sees each use-case with its result after the commit, and may let the process die there.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "scratch.db"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._file = open_for_writing(path)
        migrate(self._file.connection)
        enforce_foreign_keys(self._file.connection)
        # Nobody needs it after this process.
        self._file.connection.execute("PRAGMA synchronous=OFF")
        self._file.connection.execute("PRAGMA cache_size=-262144")
        self.signals = Signals()
        self.witness: Witness = lambda fn, result: None

    def carry_out(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one use-case in a transaction of its own; an exception undoes it and is raised here."""
        transaction = SQLiteTransaction(self._file.connection)
        self._file.connection.execute("BEGIN IMMEDIATE")
        try:
            result = fn(transaction, *args, **kwargs)
        except BaseException:
            self._file.connection.execute("ROLLBACK")
            raise
        self._file.connection.execute("COMMIT")
        self.witness(fn, result)
        return result

    def ask(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of one that only reads."""
        return fn(SQLiteTransaction(self._file.connection), *args, **kwargs)

    async def read(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.ask(fn, *args, **kwargs)

    async def write(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.carry_out(fn, *args, **kwargs)

    async def probe(self) -> None:
        """It can be written."""

    async def close(self) -> None:
        """Release the file."""
        self._file.close()

    def release(self) -> None:
        """Release the file."""
        self._file.close()
