"""Batches in which an item may be broken in a way that nobody foresaw: the others are done, and that one is named."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

# So many broken items are found in one go. Where there are more, it is hardly the items that are broken.
MOST_BROKEN = 100


class Piecemeal:
    """Does what waits in batches of at most so many, whatever is broken among it. Lives as long as the loop that uses
    it, so that the log names each broken item once, not at every round, and no round begins with the same ones where
    too many are broken.

    what: the word for an item in the log.
    """

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._named: set[str | None] = set()
        self._broken: set[str | None] = set()
        self._begins = 0

    async def do_all(
        self, batch: Callable[[int, int], Awaitable[Sequence[T]]], name: Callable[[int], Awaitable[str | None]]
    ) -> list[T]:
        """Everything that could be done; what could not is left where it is.

        batch(limit, skip) does the next limit items but the first skip ones, all or none of them; nothing is left when
        it returns nothing. name(skip) tells the id of the item at that place. After MOST_BROKEN broken items the rest
        is left to the next call, which begins with it; once the end was reached, the first is the first again. Raises
        StorageUnavailable.
        """
        done: list[T] = []
        limit, skip = self._most, self._begins
        while skip < self._begins + MOST_BROKEN:
            try:
                found = await batch(limit, skip)
            except StorageUnavailable:
                raise
            except Exception as error:
                if limit == 1:
                    await self._leave(name, skip, error)
                    skip += 1
                limit = max(1, limit // 2)
                continue
            if not found:
                self._begin_again()
                return done
            done += found
            limit = min(self._most, limit * 2)
        self._go_on_from(skip)
        return done

    def _begin_again(self) -> None:
        self._named, self._broken, self._begins = self._broken, set(), 0

    def _go_on_from(self, skip: int) -> None:
        if self._begins == 0 and len(self._named) < MOST_BROKEN:
            log.error("%s: %d are broken; what comes after them is tried in the next rounds", self._what, MOST_BROKEN)
        self._begins = skip

    async def _leave(self, name: Callable[[int], Awaitable[str | None]], skip: int, error: Exception) -> None:
        """Say what is left out and where in the program it failed; the error's own words may hold what people wrote."""
        item = await name(skip)
        if item not in self._named and item not in self._broken:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            log.error("%s=%s is left out, it is broken: %s at %s", self._what, item, type(error).__name__, where)
        self._broken.add(item)
