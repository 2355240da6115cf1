"""The port: what every other room may know of the database.

A use-case is a plain synchronous function of a transaction, ``open_ticket(tx, ...)``. The asynchronous edge
runs it with ``await database.write(open_ticket, ...)``; when that returns, the change is durable. One SQL text
serves every engine: named parameters (``:name``), ``ON CONFLICT ... RETURNING``, times as integer epoch
milliseconds UTC, identifiers made in Python, JSON stored as text and never queried.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import uuid_utils

from storage.signals import Signals

Row = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


class Transaction(Protocol):
    """One open transaction. Reads inside it see its own writes.

    Its methods raise StatementRefused for a statement or a value that can never work (a constraint, a lone
    surrogate), StorageUnavailable when the storage failed; after the latter the whole transaction is lost.
    """

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Run one statement and return its rows as dictionaries, in order; an empty list if it has none."""

    def change(self, sql: str, params: Mapping[str, object] | None = None) -> int:
        """Run one INSERT, UPDATE or DELETE and return how many rows it touched (compare-and-set reads this)."""

    def change_all(self, sql: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run one INSERT, UPDATE or DELETE once for each of the rows' parameters and return how many it touched."""

    def notify(self, topic: str, key: str = "") -> None:
        """After the commit, and only then, wake whoever waits for this topic (see signals.py)."""


class Database(Protocol):
    """An engine. Every method may raise StorageUnavailable: nothing was promised, and the same call with the
    same ids may be made again.
    """

    signals: Signals

    async def read(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run fn(tx, ...) against one consistent, read-only view and return its result."""

    async def write(self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run fn(tx, ...) and return its result after the commit has reached the disk.

        An exception from fn undoes its changes alone and is raised here. A caller that is cancelled takes
        nothing back: fn still runs to its end.
        """

    async def probe(self) -> None:
        """Return if a durable write is possible now; raise StorageUnavailable, within 4 s, if not."""

    async def close(self) -> None:
        """Finish what is waiting and release the data."""


def first(rows: list[Row]) -> Row | None:
    """The first row, or None."""
    return rows[0] if rows else None


def new_id() -> str:
    """A new identifier, unique, sorting by the time it was made (UUID version 7, RFC 9562 section 5.7)."""
    return str(uuid_utils.uuid7())
