"""What the knowledge base in force finds for what was asked, remembered as long as it is in force."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from aiohttp import web

from knowledgebase.encoders.encoder import Rows
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.learning.likeness import Meaning
from knowledgebase.library import Library
from knowledgebase.model import Match
from knowledgebase.search import KnowledgeBase

MOST_MATCHES = 8
# Between two searches everybody else gets the interpreter for so long.
BREATH_S = 0.001

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """For each text the matches, best first, and where the knowledge base has vectors, those of the texts."""

    base: KnowledgeBase
    matches: Mapping[str, Sequence[Match]]
    vectors: Mapping[str, Rows]

    @property
    def meaning(self) -> Meaning | None:
        """The vectors with their middle; None unless every text has one."""
        if self.base.vectors is None or not self.matches or len(self.vectors) < len(self.matches):
            return None
        return Meaning(self.vectors, self.base.vectors.rows.mean(axis=0, dtype=np.float32))


class Findings:
    """Remembers searches. Lives as long as the server; what nobody asked for last time is forgotten."""

    def __init__(self) -> None:
        self._last: Found | None = None

    async def find(self, library: Library, texts: Iterable[str]) -> Found:
        """What the knowledge base in force has for each text. Without its encoder it is asked without vectors."""
        base, wanted = library.knowledge_base, list(dict.fromkeys(texts))
        last = self._last if self._last is not None and self._last.base is base else Found(base, {}, {})
        missing = [text for text in wanted if text not in last.matches]
        vectors = await _vectors(library, base, missing)
        fresh = await asyncio.to_thread(_search, base, missing, vectors)
        matches, rows = {**last.matches, **fresh}, {**last.vectors, **vectors}
        self._last = Found(
            base, {text: matches[text] for text in wanted}, {text: rows[text] for text in wanted if text in rows}
        )
        return self._last


FINDINGS = web.AppKey("console_findings", Findings)


async def _vectors(library: Library, base: KnowledgeBase, texts: Sequence[str]) -> Mapping[str, Rows]:
    if library.store is None or base.vectors is None or not texts:
        return {}
    try:
        return await library.store.questions(texts)
    except EncoderUnavailable as error:
        log.warning("questions without vectors count=%d reason=%s", len(texts), error)
        return {}


def _search(base: KnowledgeBase, texts: Sequence[str], vectors: Mapping[str, Rows]) -> dict[str, Sequence[Match]]:
    found: dict[str, Sequence[Match]] = {}
    for text in texts:
        found[text] = base.search(text, MOST_MATCHES, vectors.get(text))
        time.sleep(BREATH_S)
    return found
