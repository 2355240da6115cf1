"""Batches in which an item may be broken in a way that nobody foresaw: the others are done, and that one is named."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")


class Piecemeal:
    """Does what waits in batches of at most so many, whatever is broken among it. Lives as long as the loop that uses
    it, so that the log names each broken item once, not at every round.

    what: the word for an item in the log.
    """

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._named: set[str | None] = set()

    async def do_all(
        self, batch: Callable[[int, int], Awaitable[Sequence[T]]], name: Callable[[int], Awaitable[str | None]]
    ) -> list[T]:
        """Everything that could be done; what could not is left where it is.

        batch(limit, skip) does the next limit items but the first skip ones, all or none of them; nothing is left when
        it returns nothing. name(skip) tells the id of the item at that place. Raises StorageUnavailable.
        """
        done: list[T] = []
        broken: set[str | None] = set()
        limit, skip = self._most, 0
        while True:
            try:
                found = await batch(limit, skip)
            except StorageUnavailable:
                raise
            except Exception as error:
                if limit == 1:
                    broken.add(await self._leave(name, skip, error))
                    skip += 1
                limit = max(1, limit // 2)
                continue
            if not found:
                self._named = broken
                return done
            done += found
            limit = min(self._most, limit * 2)

    async def _leave(self, name: Callable[[int], Awaitable[str | None]], skip: int, error: Exception) -> str | None:
        """Say what is left out and where in the program it failed; the error's own words may hold what people wrote."""
        item = await name(skip)
        if item not in self._named:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            log.error("%s=%s is left out, it is broken: %s at %s", self._what, item, type(error).__name__, where)
        return item
