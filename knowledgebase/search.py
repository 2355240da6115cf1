"""The knowledge base as the rest of the house knows it: built from entries, asked with an utterance."""

from collections.abc import Sequence

from rapidfuzz import fuzz

from knowledgebase.model import Entry, Match, Thresholds
from knowledgebase.text import compact


class KnowledgeBase:
    """Published entries, ready to be searched. Never changes: to change an entry, build another one.

    Safe to search from any thread.
    """

    def __init__(self, entries: tuple[Entry, ...], thresholds: Thresholds) -> None:
        self.entries = entries
        self.thresholds = thresholds
        self._wordings = [(entry, text) for entry in entries for text in (entry.question, *entry.similar)]
        self._compacted = [compact(text) for _, text in self._wordings]

    @classmethod
    def build(cls, entries: Sequence[Entry]) -> "KnowledgeBase":
        """The knowledge base of these entries, with the shipped weights and thresholds."""
        return cls(tuple(entries), Thresholds(answer=0.8, clarify=0.3))

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def search(self, utterance: str, limit: int = 5) -> list[Match]:
        """The entries that may answer the utterance, best first; none for an utterance without words."""
        asked = compact(utterance)
        best: dict[str, Match] = {}
        for (entry, wording), text in zip(self._wordings, self._compacted, strict=True):
            score = fuzz.ratio(asked, text) / 100
            if asked and (entry.id not in best or best[entry.id].score < score):
                best[entry.id] = Match(entry, score, score, wording)
        return sorted(best.values(), key=lambda match: -match.score)[:limit]
