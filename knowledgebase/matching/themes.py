"""What entries are about, learnt from the knowledge base itself: latent semantic analysis.

Terms that occur in the same entries come to lie near each other, so that 掏钱 finds an entry that says 收费 in
one of its other wordings. Deerwester et al., "Indexing by Latent Semantic Analysis" (1990); the projection is
found through the entries' own inner products, whose eigenvectors are the left singular vectors.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
BROAD, MIDDLE, FINE = 16, 40, 96
MOST_LEARNT_FROM = 1_500
_TERMS_AT_ONCE = 1_024


@dataclass(frozen=True, slots=True)
class Nearness:
    """The cosine of an utterance with each entry in few, in more and in many dimensions."""

    broad: Singles
    middle: Singles
    fine: Singles


class Themes:
    """Entries as points; never changes. Learns from at most MOST_LEARNT_FROM entries, evenly spread."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        holding = Counter(term for document in documents for term in document)
        self._terms = {term: at for at, term in enumerate(holding)}
        counts = np.fromiter(holding.values(), np.float32, len(holding))
        self._idf: Singles = np.log1p(len(documents) / counts).astype(np.float32)
        rows = [self._row(document) for document in documents]
        learnt = rows[:: max(1, -(-len(rows) // MOST_LEARNT_FROM))]
        self._projection = self._project(learnt)
        points = [weights @ self._projection[ids] for ids, weights in rows]
        self._points = np.array(points, np.float32).reshape(len(rows), self._projection.shape[1])
        self._norms = [_norms(self._points[:, :size]) for size in (BROAD, MIDDLE, FINE)]

    def nearness(self, terms: Iterable[str]) -> Nearness:
        """How near an utterance of these terms is to each entry; 0 everywhere when no term is known."""
        ids = [self._terms[term] for term in dict.fromkeys(terms) if term in self._terms]
        point = self._idf[ids] @ self._projection[ids]
        cosines = (
            self._points[:, :size] @ point[:size] / (norms * max(float(np.linalg.norm(point[:size])), 1e-6))
            for size, norms in zip((BROAD, MIDDLE, FINE), self._norms, strict=True)
        )
        return Nearness(*cosines)

    def _row(self, document: Mapping[str, float]) -> tuple[NDArray[np.intp], Singles]:
        """A document as a sparse vector of length 1."""
        ids = np.fromiter((self._terms[term] for term in document), np.intp, len(document))
        weights = np.log1p(np.fromiter(document.values(), np.float32, len(document))) * self._idf[ids]
        return ids, weights / max(float(np.linalg.norm(weights)), 1e-6)

    def _project(self, rows: Sequence[tuple[NDArray[np.intp], Singles]]) -> Singles:
        """For each term its place in the space of the strongest themes, strongest first."""
        inner = np.zeros((len(rows), len(rows)), np.float32)
        for block in self._blocks(rows):
            inner += block @ block.T
        strengths, vectors = np.linalg.eigh(inner.astype(np.float64))
        strongest = slice(None, -min(FINE, len(rows)) - 1, -1)
        scaled = (vectors[:, strongest] / np.sqrt(np.maximum(strengths[strongest], 1e-9))).astype(np.float32)
        projection = np.empty((len(self._terms), scaled.shape[1]), np.float32)
        for at, block in enumerate(self._blocks(rows)):
            projection[at * _TERMS_AT_ONCE : at * _TERMS_AT_ONCE + block.shape[1]] = block.T @ scaled
        return projection

    def _blocks(self, rows: Sequence[tuple[NDArray[np.intp], Singles]]) -> Iterable[Singles]:
        """The rows as dense matrices of some terms each, so that no large one is ever whole."""
        owners = np.repeat(np.arange(len(rows)), [len(ids) for ids, _ in rows])
        ids = np.concatenate([ids for ids, _ in rows]) if rows else np.empty(0, np.intp)
        weights = np.concatenate([weights for _, weights in rows]) if rows else np.empty(0, np.float32)
        for start in range(0, len(self._terms), _TERMS_AT_ONCE):
            chosen = (ids >= start) & (ids < start + _TERMS_AT_ONCE)
            block = np.zeros((len(rows), min(_TERMS_AT_ONCE, len(self._terms) - start)), np.float32)
            block[owners[chosen], ids[chosen] - start] = weights[chosen]
            yield block


def _norms(points: Singles) -> Singles:
    lengths: Singles = np.linalg.norm(points, axis=1)
    return np.maximum(lengths, np.float32(1e-6))
