"""The published entries as the help centre shows them: by category, kept until entries change."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from knowledgebase.authoring.entries import published
from knowledgebase.authoring.publication_dates import published_at
from knowledgebase.model import Entry
from knowledgebase.wording.text import compact
from storage.database import Database, Transaction
from storage.signals import Signals

SHORTEST_MENTION = 2
MOST_MENTIONS = 10
NEVER = sys.maxsize


@dataclass(frozen=True, slots=True)
class Shelf:
    """One category. slug stands in addresses; the category of entries without one has no name."""

    name: str
    slug: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that customers may read, as it stood at one moment; the fullest shelf comes first."""

    shelves: tuple[Shelf, ...]
    by_slug: Mapping[str, Shelf]
    by_id: Mapping[str, Entry]
    wordings: tuple[tuple[Entry, str, str], ...]
    published_at: Mapping[str, int]

    def shelf_of(self, entry: Entry) -> Shelf:
        """The shelf on which a published entry stands."""
        return self.by_slug[_slug(entry.category)]

    def mentioning(self, text: str) -> list[Entry]:
        """Entries whose question, or else category, holds this text as it was typed, at most MOST_MENTIONS."""
        wanted = compact(text)
        if len(wanted) < SHORTEST_MENTION:
            return []
        asked = [entry for entry, question, _ in self.wordings if wanted in question]
        kept = [entry for entry, question, category in self.wordings if wanted in category and wanted not in question]
        return [*asked, *kept][:MOST_MENTIONS]


def arrange(entries: Sequence[Entry], published_at: Mapping[str, int]) -> Contents:
    """Put entries on shelves, all of them."""
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.category, []).append(entry)
    shelves = [Shelf(name, _slug(name), tuple(group)) for name, group in grouped.items()]
    shelves.sort(key=lambda shelf: (not shelf.name, -len(shelf.entries), shelf.name))
    return Contents(
        shelves=tuple(shelves),
        by_slug={shelf.slug: shelf for shelf in shelves},
        by_id={entry.id: entry for entry in entries},
        wordings=tuple((entry, compact(entry.question), compact(entry.category)) for entry in entries),
        published_at={entry.id: published_at[entry.id] for entry in entries},
    )


def _load(tx: Transaction) -> tuple[list[Entry], dict[str, int]]:
    return published(tx), published_at(tx)


def _slug(category: str) -> str:
    return category or "-"


def _next_change(entries: Iterable[Entry], now: int) -> int:
    """The first moment after this one at which the validity of an entry begins or ends."""
    moments = (moment for entry in entries for moment in (entry.valid_from, entry.valid_until))
    return min((moment for moment in moments if moment is not None and moment > now), default=NEVER)


class Shelves:
    """Gives the contents; looks them up again after entries have changed, and when the validity of one begins or
    ends. Lives as long as the server.
    """

    def __init__(self, database: Database, signals: Signals, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._contents: Contents | None = None
        self._good_from = self._good_until = 0
        self._edition = 0
        self._stop = signals.listen("entries", lambda _topic, _key: self._forget())

    async def contents(self) -> Contents:
        """What is published now. Raises StorageUnavailable when that cannot be read."""
        now = self._clock()
        if self._contents is not None and self._good_from <= now < self._good_until:
            return self._contents
        edition = self._edition
        entries, dates = await self._database.read(_load)
        found = await asyncio.to_thread(arrange, [entry for entry in entries if entry.is_for_customers(now)], dates)
        if edition == self._edition:
            self._contents, self._good_from, self._good_until = found, now, _next_change(entries, now)
        return found

    def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _forget(self) -> None:
        self._edition += 1
        self._contents = None


SHELVES = web.AppKey("shelves", Shelves)
