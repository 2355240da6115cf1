"""What entries are about, learnt from the knowledge base itself: latent semantic analysis.

Terms that occur in the same entries come to lie near each other, so that 掏钱 finds an entry that says 收费 in
one of its other wordings. Deerwester et al., "Indexing by Latent Semantic Analysis" (1990); the projection is
found through the entries' own inner products, whose eigenvectors are the left singular vectors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledgebase.matching.index import Query
from knowledgebase.matching.terms import Ids, Kind, Places, Rows, Terms

Singles = NDArray[np.float32]
# The cosine of an utterance with an entry is taken in few, in more and in many dimensions.
SIZES = BROAD, MIDDLE, FINE = 16, 40, 96
MOST_LEARNT_FROM = 1_000
# An answer's term counts as a part of a wording's.
ANSWER_COUNTS = 0.5
_TERMS_AT_ONCE = 1_024
_ENTRIES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Documents:
    """Entries as weighted bags of terms: entry i has terms[starts[i]:starts[i + 1]]; of: how many terms there are."""

    starts: NDArray[np.int64]
    terms: Ids
    weights: Singles
    of: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def none(cls) -> "Documents":
        """No entries."""
        return cls(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), 0)


def documents_of(wordings: Rows, owners: Ids, answers: Rows, terms: Terms) -> Documents:
    """For each entry its pairs and words: one for each wording that holds it, ANSWER_COUNTS for the answer."""
    kinds = terms.kinds
    first = np.searchsorted(owners, np.arange(len(answers) + 1))
    parts = [
        _documents(wordings, owners, answers, kinds, first, slice(at, min(at + _ENTRIES_AT_ONCE, len(answers))))
        for at in range(0, len(answers), _ENTRIES_AT_ONCE)
    ]
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    return Documents(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        np.concatenate([part.terms for part in parts]),
        np.concatenate([part.weights for part in parts]),
        len(kinds),
    )


class Themes:
    """Entries as points; never changes. Learns from at most MOST_LEARNT_FROM entries, evenly spread."""

    def __init__(self, documents: Documents) -> None:
        holding = np.bincount(documents.terms, minlength=documents.of)
        with np.errstate(divide="ignore"):
            self._idf = np.where(holding, np.log1p(len(documents) / holding), 0).astype(np.float32)
        self._weights = self._weigh(documents)
        learnt = np.arange(len(documents))[:: max(1, -(-len(documents) // MOST_LEARNT_FROM))]
        self._row, self._projection = self._learn(documents, learnt)
        self._points = self._place(documents)
        del self._weights

    def nearness(self, query: Query, entries: Places) -> Singles:
        """The cosines of a query with entries, in SIZES dimensions; 0 everywhere when no term is known."""
        if not len(self._projection):
            return np.zeros((len(entries), len(SIZES)), np.float32)
        known = query.terms[_themed(query.kinds) & (query.terms >= 0) & (query.terms < len(self._row))]
        known = known[self._row[known] >= 0]
        point = self._idf[known] @ self._projection[self._row[known]]
        points = self._points[entries]
        return np.column_stack([_cosines(points[:, :size], point[:size]) for size in SIZES])

    def _weigh(self, documents: Documents) -> Singles:
        """The weights of each document's terms, as vectors of length 1."""
        weights = np.log1p(documents.weights) * self._idf[documents.terms]
        owners = np.repeat(np.arange(len(documents)), np.diff(documents.starts))
        lengths = np.sqrt(np.bincount(owners, weights=weights * weights, minlength=len(documents)))
        scaled: Singles = (weights / np.maximum(lengths, 1e-6)[owners]).astype(np.float32)
        return scaled

    def _learn(self, documents: Documents, learnt: Places) -> tuple[Ids, Singles]:
        """Each learnt term's row, -1 for the others, and the rows: its place among the strongest themes."""
        parts = [slice(documents.starts[at], documents.starts[at + 1]) for at in learnt]
        terms = np.concatenate([documents.terms[part] for part in parts]) if parts else np.empty(0, np.int32)
        weights = np.concatenate([self._weights[part] for part in parts]) if parts else np.empty(0, np.float32)
        owners = np.repeat(np.arange(len(parts)), [part.stop - part.start for part in parts])
        row = np.full(documents.of, -1, np.int32)
        unique, columns = np.unique(terms, return_inverse=True)
        row[unique] = np.arange(len(unique))
        order = np.argsort(columns, kind="stable")
        return row, _project(owners[order], columns[order], weights[order], (len(parts), len(unique)))

    def _place(self, documents: Documents) -> Singles:
        """Each document's point."""
        points = np.zeros((len(documents), self._projection.shape[1]), np.float32)
        rows = self._row[documents.terms]
        for at in range(len(documents)):
            part = slice(documents.starts[at], documents.starts[at + 1])
            known = rows[part] >= 0
            points[at] = self._weights[part][known] @ self._projection[rows[part][known]]
        return points


def _documents(
    wordings: Rows, owners: Ids, answers: Rows, kinds: NDArray[np.uint8], first: Places, entries: slice
) -> Documents:
    """The documents of some entries."""
    said = slice(wordings.starts[first[entries.start]], wordings.starts[first[entries.stop]])
    told = slice(answers.starts[entries.start], answers.starts[entries.stop])
    rows = slice(first[entries.start], first[entries.stop])
    owner = np.repeat(owners[rows] - entries.start, np.diff(wordings.starts[rows.start : rows.stop + 1]))
    teller = np.repeat(
        np.arange(entries.stop - entries.start), np.diff(answers.starts[entries.start : entries.stop + 1])
    )
    keys = np.concatenate((_keys(owner, wordings.terms[said], kinds, 0), _keys(teller, answers.terms[told], kinds, 1)))
    keys.sort()
    first_of = np.flatnonzero(np.diff(keys >> 1, prepend=-1))
    weights = np.add.reduceat(np.where(keys & 1, ANSWER_COUNTS, 1.0), first_of) if len(keys) else np.empty(0)
    terms = keys[first_of] >> 1
    size = entries.stop - entries.start
    return Documents(
        np.searchsorted(terms >> 32, np.arange(size + 1)).astype(np.int64),
        (terms & 0xFFFFFFFF).astype(np.int32),
        weights.astype(np.float32),
        len(kinds),
    )


def _keys(rows: NDArray[np.int64], terms: Ids, kinds: NDArray[np.uint8], mark: int) -> NDArray[np.int64]:
    themed = _themed(kinds[terms])
    return (rows[themed].astype(np.int64) << 33) | (terms[themed].astype(np.int64) << 1) | mark


def _themed(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    themed: NDArray[np.bool_] = (kinds == Kind.PAIR) | (kinds == Kind.WORD) | (kinds == Kind.SOUND_PAIR)
    return themed


def _project(rows: Places, columns: Places, weights: Singles, shape: tuple[int, int]) -> Singles:
    """For each term its place in the space of the strongest themes, strongest first; columns rise.

    A term of one document alone adds to that document's own square only, and lies in its direction.
    """
    alone = np.bincount(columns, minlength=shape[1])[columns] == 1
    shared, at = np.unique(columns[~alone], return_inverse=True)
    blocks = list(_blocks(rows[~alone], at, weights[~alone], (shape[0], len(shared))))
    inner: NDArray[np.float64] = np.diag(np.bincount(rows[alone], weights=weights[alone] ** 2, minlength=shape[0]))
    for block in blocks:
        inner += (block @ block.T).astype(np.float64)
    strengths, vectors = np.linalg.eigh(inner)
    strongest = slice(None, -min(FINE, shape[0]) - 1, -1)
    scaled = (vectors[:, strongest] / np.sqrt(np.maximum(strengths[strongest], 1e-9))).astype(np.float32)
    projection = np.empty((shape[1], scaled.shape[1]), np.float32)
    projection[columns[alone]] = weights[alone, None] * scaled[rows[alone]]
    for start, block in zip(range(0, len(shared), _TERMS_AT_ONCE), blocks, strict=True):
        projection[shared[start : start + _TERMS_AT_ONCE]] = block.T @ scaled
    return projection


def _blocks(rows: Places, columns: Places, weights: Singles, shape: tuple[int, int]) -> Iterator[Singles]:
    """The rows as dense matrices of some columns each, so that no large one is ever whole."""
    for start in range(0, shape[1], _TERMS_AT_ONCE):
        size = min(_TERMS_AT_ONCE, shape[1] - start)
        part = slice(*np.searchsorted(columns, (start, start + size)))
        block = np.zeros((shape[0], size), np.float32)
        block[rows[part], columns[part] - start] = weights[part]
        yield block


def _cosines(points: Singles, point: Singles) -> Singles:
    lengths = np.maximum(np.linalg.norm(points, axis=1), 1e-6) * max(float(np.linalg.norm(point)), 1e-6)
    cosines: Singles = points @ point / lengths
    return cosines
