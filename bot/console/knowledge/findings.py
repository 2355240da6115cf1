"""What the knowledge base in force finds for what was asked, remembered as long as it is in force."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence

from aiohttp import web

from knowledgebase.model import Match
from knowledgebase.search import KnowledgeBase

MOST_MATCHES = 8
# Between two searches everybody else gets the interpreter for so long.
BREATH_S = 0.001


class Findings:
    """Remembers searches. Lives as long as the server; what nobody asked for last time is forgotten."""

    def __init__(self) -> None:
        self._base: KnowledgeBase | None = None
        self._found: dict[str, Sequence[Match]] = {}

    async def find(self, base: KnowledgeBase, texts: Iterable[str]) -> Mapping[str, Sequence[Match]]:
        """The matches of each text in this knowledge base, best first."""
        known = self._found if base is self._base else {}
        wanted = dict.fromkeys(texts)
        fresh = await asyncio.to_thread(_search, base, [text for text in wanted if text not in known])
        self._base, self._found = base, {text: fresh[text] if text in fresh else known[text] for text in wanted}
        return self._found


FINDINGS = web.AppKey("console_findings", Findings)


def _search(base: KnowledgeBase, texts: Sequence[str]) -> dict[str, Sequence[Match]]:
    found: dict[str, Sequence[Match]] = {}
    for text in texts:
        found[text] = base.search(text, MOST_MATCHES)
        time.sleep(BREATH_S)
    return found
