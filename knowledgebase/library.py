"""The knowledge base in force: searched off the event loop, swapped whole when entries change."""

import asyncio
import logging

from knowledgebase.entries import published
from knowledgebase.model import Match, Thresholds
from knowledgebase.search import KnowledgeBase
from storage.database import Database

log = logging.getLogger(__name__)


class Library:
    """Holds the KnowledgeBase built from the published entries. Lives as long as the server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._current = KnowledgeBase.build([])

    async def reload(self) -> None:
        """Build anew from what is published now; searches go on in the old one until it is ready."""
        entries = await self._database.read(published)
        self._current = await asyncio.to_thread(KnowledgeBase.build, entries)
        log.info("knowledge base ready entries=%d", len(entries))

    async def search(self, text: str, limit: int = 5) -> list[Match]:
        """The best matches of a customer's text among the published entries, best first."""
        return await asyncio.to_thread(self._current.search, text, limit)

    @property
    def thresholds(self) -> Thresholds:
        """What the knowledge base in force was calibrated to."""
        return self._current.thresholds

    @property
    def knowledge_base(self) -> KnowledgeBase:
        """The knowledge base in force; it never changes, the next one takes its place."""
        return self._current

    @property
    def size(self) -> int:
        """How many entries can be found."""
        return self._current.size
