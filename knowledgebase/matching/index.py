"""Exact BM25 in memory: for each term, the documents that hold it and what it adds to their scores.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.4,
with the always positive inverse document frequency ln(1 + (N - n + 0.5) / (n + 0.5)).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
K1 = 1.2
B = 0.6


@dataclass(frozen=True, slots=True)
class Scores:
    """What one query scores in each document, every array of the same length.

    bm25: divided by the query's own score, so that a repeat of the query is near 1 in any index.
    query_share: the part of the query's weight that the document holds, 0 to 1.
    document_share: the part of the document's weight that the query holds, 0 to 1.
    unseen: the part of the query's weight in terms that no document holds, 0 to 1.
    """

    bm25: Floats
    query_share: Floats
    document_share: Floats
    unseen: float


class Index:
    """Documents as bags of terms; never changes. Search as often as you like from any thread.

    The background is never found, but a term is as rare as it is in documents and background together.
    """

    def __init__(self, documents: Sequence[Sequence[str]], background: Sequence[Sequence[str]] = ()) -> None:
        self.size = len(documents)
        self._elsewhere = Counter(term for document in background for term in set(document))
        self._together = len(documents) + len(background)
        self._terms: dict[str, int] = {}
        document_ids, term_ids, frequencies = [], [], []
        for document_id, document in enumerate(documents):
            for term, frequency in Counter(document).items():
                document_ids.append(document_id)
                term_ids.append(self._terms.setdefault(term, len(self._terms)))
                frequencies.append(frequency)
        self._arrange(np.array(document_ids, np.int32), np.array(term_ids, np.int32), np.array(frequencies, float))

    def holds(self, term: str) -> bool:
        """Whether a document holds this term."""
        return term in self._terms

    def _arrange(self, documents: NDArray[np.int32], terms: NDArray[np.int32], frequencies: Floats) -> None:
        """Sort the postings by term and work out once what each of them is worth."""
        holding = np.bincount(terms, minlength=len(self._terms))
        elsewhere = np.fromiter((self._elsewhere[term] for term in self._terms), float, len(self._terms))
        self._idf = self._rarity(holding + elsewhere)
        lengths = np.bincount(documents, weights=frequencies, minlength=self.size)
        mean = max(float(lengths.mean()), 1.0) if self.size else 1.0
        saturation = K1 * (1 - B + B * lengths / mean)
        order = np.argsort(terms, kind="stable")
        self._documents = documents[order]
        tf = frequencies[order]
        self._worth = (self._idf[terms[order]] * tf * (K1 + 1) / (tf + saturation[self._documents])).astype(np.float32)
        self._starts = np.concatenate(([0], np.cumsum(holding)))
        self._weights = np.bincount(documents, weights=self._idf[terms], minlength=self.size)

    def _rarity(self, holding: Floats) -> Floats:
        """The inverse document frequency of terms that so many documents hold, of both kinds together."""
        rarity: Floats = np.log1p((self._together - holding + 0.5) / (holding + 0.5))
        return rarity

    def score(self, query: Iterable[str]) -> Scores:
        """What the query scores in each document."""
        asked = dict.fromkeys(query)
        known = np.array([self._terms[term] for term in asked if term in self._terms], np.int64)
        elsewhere = [self._elsewhere[term] for term in asked if term not in self._terms]
        idf_unseen = float(self._rarity(np.array(elsewhere, float)).sum())
        own = float(self._idf[known].sum()) + idf_unseen
        if not len(known):
            nothing = np.zeros(self.size)
            return Scores(nothing, nothing, nothing, 1.0)
        slices = [slice(self._starts[term], self._starts[term + 1]) for term in known]
        documents = np.concatenate([self._documents[part] for part in slices])
        worth = np.concatenate([self._worth[part] for part in slices])
        idf = np.repeat(self._idf[known], [part.stop - part.start for part in slices])
        shared = np.bincount(documents, weights=idf, minlength=self.size)
        bm25 = np.bincount(documents, weights=worth, minlength=self.size)
        return Scores(
            bm25=bm25 / own,
            query_share=shared / own,
            document_share=shared / np.maximum(self._weights, 1e-9),
            unseen=idf_unseen / own,
        )


def grams(text: str) -> list[str]:
    """The characters of a text and its pairs of neighbouring characters."""
    return [*text, *pairs(text)]


def pairs(text: str) -> list[str]:
    """Each character of a text with the one after it."""
    return [text[at : at + 2] for at in range(len(text) - 1)]
