"""What entries are about, learnt from the knowledge base itself: latent semantic analysis.

Terms that occur in the same entries come to lie near each other, so that 掏钱 finds an entry that says 收费 in
one of its other wordings. Deerwester et al., "Indexing by Latent Semantic Analysis" (1990); the projection is
found through the entries' own inner products, whose eigenvectors are the left singular vectors.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledgebase.matching.corpus import Corpus, Moves
from knowledgebase.matching.index import Query
from knowledgebase.matching.terms import Ids, Kind, Places

Singles = NDArray[np.float32]
# The cosine of an utterance with an entry is taken in few, in more and in many dimensions.
SIZES = BROAD, MIDDLE, FINE = 16, 40, 96
MOST_LEARNT_FROM = 1_000
# An answer's term counts as a part of a wording's.
ANSWER_COUNTS = 0.5
_TERMS_AT_ONCE = 1_024
_ENTRIES_AT_ONCE = 1_000
_NOTHING = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Documents:
    """Entries as weighted bags of terms: entry i has terms[starts[i]:starts[i + 1]]; of: how many terms there are."""

    starts: NDArray[np.int64]
    terms: Ids
    weights: Singles
    of: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def owners(self) -> Places:
        """Whose each term is."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def part(self, entries: slice) -> "Documents":
        """Some of the entries, in their order."""
        chosen = range(len(self))[entries]
        if chosen.step == 1 and len(chosen):
            starts = self.starts[chosen.start : chosen.stop + 1]
            inside = slice(starts[0], starts[-1])
            return Documents(starts - starts[0], self.terms[inside], self.weights[inside], self.of)
        lengths = np.diff(self.starts)[entries]
        begins = self.starts[:-1][entries]
        at = np.concatenate([np.arange(b, b + size) for b, size in zip(begins.tolist(), lengths.tolist(), strict=True)])
        return Documents(np.append(0, np.cumsum(lengths)), self.terms[at], self.weights[at], self.of)


def documents_of(corpus: Corpus, kinds: NDArray[np.uint8]) -> Documents:
    """For each entry its pairs and words: one for each wording that holds it, ANSWER_COUNTS for the answer."""
    none = Documents(np.zeros(1, np.int64), np.empty(0, np.int32), _NOTHING, len(kinds))
    parts = [
        _documents(corpus, kinds, slice(at, min(at + _ENTRIES_AT_ONCE, len(corpus))))
        for at in range(0, len(corpus), _ENTRIES_AT_ONCE)
    ]
    parts.insert(0, none)
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    return Documents(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        np.concatenate([part.terms for part in parts]),
        np.concatenate([part.weights for part in parts]),
        len(kinds),
    )


class Space:
    """What was learnt of the themes of some entries: where each of their terms lies; never changes.

    Learnt from at most MOST_LEARNT_FROM entries, evenly spread.
    """

    def __init__(self, documents: Documents) -> None:
        holding = np.bincount(documents.terms, minlength=documents.of)
        self._size = len(documents)
        self._idf = np.log1p(len(documents) / np.maximum(holding, 1)).astype(np.float32)
        sample = documents.part(slice(None, None, max(1, -(-len(documents) // MOST_LEARNT_FROM))))
        unique, columns = np.unique(sample.terms, return_inverse=True)
        self._row = np.full(documents.of, -1, np.int32)
        self._row[unique] = np.arange(len(unique))
        order = np.argsort(columns, kind="stable")
        shape = len(sample), len(unique)
        self._projection = _project(sample.owners[order], columns[order], self._weigh(sample)[order], shape)

    def place(self, documents: Documents) -> Singles:
        """Each document's point; 0 for one of which no term was learnt."""
        points = np.zeros((len(documents), self._projection.shape[1]), np.float32)
        for begin in range(0, len(documents), _ENTRIES_AT_ONCE):
            part = documents.part(slice(begin, begin + _ENTRIES_AT_ONCE))
            rows = self._rows_of(part.terms)
            known = rows >= 0
            rows, weights = rows[known], self._weigh(part)[known]
            starts = np.concatenate(([0], np.cumsum(known)))[part.starts].tolist()
            for at, (start, end) in enumerate(pairwise(starts), begin):
                if start < end:
                    points[at] = weights[start:end] @ self._projection[rows[start:end]]
        return points

    def place_query(self, query: Query) -> Singles:
        """The point of a query."""
        terms = query.terms[_themed(query.kinds)]
        rows = self._rows_of(terms)
        known = rows >= 0
        point: Singles = self._idf[terms[known]] @ self._projection[rows[known]]
        return point

    def _rows_of(self, terms: Ids) -> Ids:
        """The row of each term in the projection, -1 for one that was not learnt."""
        rows = np.full(len(terms), -1, np.int32)
        known = (terms >= 0) & (terms < len(self._row))
        rows[known] = self._row[terms[known]]
        return rows

    def _weigh(self, documents: Documents) -> Singles:
        """The weights of each document's terms, as vectors of length 1; a new term is as rare as any."""
        known = documents.terms < len(self._idf)
        idf = np.full(len(known), np.log1p(self._size), np.float32)
        idf[known] = self._idf[documents.terms[known]]
        weights: Singles = np.log1p(documents.weights) * idf
        lengths = np.sqrt(np.bincount(documents.owners, weights=weights * weights, minlength=len(documents)))
        return (weights / np.maximum(lengths, 1e-6)[documents.owners]).astype(np.float32)


class Themes:
    """Entries as points in a space; never changes."""

    def __init__(self, space: Space | None, points: Singles) -> None:
        self._space = space
        self._points = points

    @classmethod
    def learnt(cls, documents: Documents) -> "Themes":
        """The entries in the space that is learnt from them."""
        space = Space(documents)
        return cls(space, space.place(documents))

    @classmethod
    def none(cls, entries: int) -> "Themes":
        """So many entries of which nothing was learnt."""
        return cls(None, np.zeros((entries, 0), np.float32))

    def rearranged(self, added: Documents, moves: Moves) -> "Themes":
        """These entries and others in the same space, as the moves say."""
        if self._space is None:
            return Themes.none(len(moves.places))
        return Themes(self._space, np.concatenate((self._points, self._space.place(added)))[moves.places])

    def nearness(self, query: Query, entries: Places) -> Singles:
        """The cosines of a query with entries, in SIZES dimensions; 0 everywhere when no term is known."""
        if self._space is None:
            return np.zeros((len(entries), len(SIZES)), np.float32)
        point, points = self._space.place_query(query), self._points[entries]
        return np.column_stack([_cosines(points[:, :size], point[:size]) for size in SIZES])


def _documents(corpus: Corpus, kinds: NDArray[np.uint8], entries: slice) -> Documents:
    """The documents of some entries."""
    size = entries.stop - entries.start
    first = corpus.first[entries.start : entries.stop + 1]
    said = corpus.rows.starts[first]
    told = corpus.answers.starts[entries.start : entries.stop + 1]
    keys = np.concatenate(
        (
            _keys(np.repeat(np.arange(size), np.diff(said)), corpus.rows.terms[said[0] : said[-1]], kinds, 0),
            _keys(np.repeat(np.arange(size), np.diff(told)), corpus.answers.terms[told[0] : told[-1]], kinds, 1),
        )
    )
    keys.sort()
    first_of = np.flatnonzero(np.diff(keys >> 1, prepend=-1))
    weights = np.add.reduceat(np.where(keys & 1, ANSWER_COUNTS, 1.0), first_of) if len(keys) else _NOTHING
    terms = keys[first_of] >> 1
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
