"""The published entries as the help centre shows them: by category, kept until entries change."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledgebase.authoring.entries import published
from knowledgebase.model import Entry
from knowledgebase.wording.text import compact
from storage.database import Database
from storage.signals import Signals

SHORTEST_MENTION = 2
MOST_MENTIONS = 10


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


def arrange(entries: Sequence[Entry]) -> Contents:
    """Put entries on shelves."""
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
    )


def _slug(category: str) -> str:
    return category or "-"


class Shelves:
    """Gives the contents; looks them up again after entries have changed. Lives as long as the server."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database = database
        self._contents: Contents | None = None
        self._edition = 0
        self._stop = signals.listen("entries", lambda _topic, _key: self._forget())

    async def contents(self) -> Contents:
        """What is published now. Raises StorageUnavailable when that cannot be read."""
        if self._contents is not None:
            return self._contents
        edition = self._edition
        found = await asyncio.to_thread(arrange, await self._database.read(published))
        if edition == self._edition:
            self._contents = found
        return found

    def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _forget(self) -> None:
        self._edition += 1
        self._contents = None
