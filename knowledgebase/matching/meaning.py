"""How near texts are by the vectors of their pieces, and how much the wordings of an entry have in common. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.distilled import DistilledEncoder
from knowledgebase.matching.terms import Kind, Places, Rows, Said, Terms

Singles = NDArray[np.float32]
PIECES = (Kind.WORD, Kind.PAIR, Kind.CHARACTER)
# Few enough that their pieces' vectors stay in the processor's cache.
TEXTS_AT_ONCE = 96


class Rowed(Protocol):
    """Unit vectors by their places."""

    def __len__(self) -> int:
        """How many there are."""

    def rows(self, places: Places) -> Singles:
        """The vectors at these places."""

    def cosines(self, places: Places, vector: Singles) -> Singles:
        """How near a unit vector is to those at these places."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Unit vectors with a byte for each dimension, and what to multiply each by."""

    codes: NDArray[np.int8]
    scales: Singles

    @classmethod
    def of(cls, rows: Rows, terms: Terms, encoder: DistilledEncoder) -> "Coded":
        """The vectors of texts, by their terms."""
        numbers = _places_of(rows, terms, encoder)
        parts = [_coded(part) for part in _sums(rows, numbers, encoder)]
        nothing = cls.nothing(0, encoder.dimensions)
        return cls(
            np.concatenate([nothing.codes, *(codes for codes, _ in parts)]),
            np.concatenate([nothing.scales, *(scales for _, scales in parts)]),
        )

    @classmethod
    def nothing(cls, count: int, dimensions: int = 0) -> "Coded":
        """So many vectors that say nothing."""
        return cls(np.zeros((count, dimensions), np.int8), np.zeros(count, np.float32))

    def __len__(self) -> int:
        return len(self.scales)

    def rows(self, places: Places) -> Singles:
        """The vectors at these places, as they are kept (within half a percent)."""
        found: Singles = np.multiply(self.codes[places], self.scales[places, None], dtype=np.float32)
        return found

    def cosines(self, places: Places, vector: Singles) -> Singles:
        """How near a unit vector is to those at these places."""
        cosines: Singles = (self.codes[places].astype(np.float32) @ vector) * self.scales[places]
        return cosines

    def rearranged(self, added: "Coded", places: Places) -> "Coded":
        """These and others, as the places say, which count on from these to those added."""
        return Coded(
            np.concatenate((self.codes, added.codes))[places], np.concatenate((self.scales, added.scales))[places]
        )


def vector_of(said: Said, encoder: DistilledEncoder) -> Singles:
    """The vector of a text that was taken apart."""
    by_kind = dict(said)
    places = np.array([place for kind in PIECES for place in encoder.places(by_kind[kind])], np.intp)
    known = places[places >= 0]
    found: Singles = encoder.sums(known, np.zeros(len(known), np.intp), 1)[0]
    return found


def spread(vectors: Rowed, first: Places) -> Singles:
    """For each entry the length of the mean of its wordings' vectors: 1 where they all mean the same.

    first: where the wordings of each entry begin, and their number.
    """
    lengths = np.ones(len(first) - 1, np.float32)
    for at in range(0, len(lengths), TEXTS_AT_ONCE):
        edges = first[at : at + TEXTS_AT_ONCE + 1]
        means = np.add.reduceat(vectors.rows(np.arange(edges[0], edges[-1])), edges[:-1] - edges[0])
        lengths[at : at + TEXTS_AT_ONCE] = np.linalg.norm(means, axis=1) / np.diff(edges)
    return np.maximum(lengths, np.float32(1e-3))


def unit(rows: Singles) -> Singles:
    """The rows with length 1; zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Singles = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return found


def _coded(rows: Singles) -> tuple[NDArray[np.int8], Singles]:
    scales = (np.abs(rows).max(axis=1, initial=1e-9) / 127).astype(np.float32)
    return np.rint(rows / scales[:, None]).astype(np.int8), scales


def _places_of(rows: Rows, terms: Terms, encoder: DistilledEncoder) -> Places:
    """For each term of the rows its row in the encoder's table, -1 where it has none."""
    kinds = terms.kinds
    places, held = np.full(len(kinds), -1, np.intp), np.zeros(len(kinds), bool)
    held[rows.terms] = True
    pieces = np.flatnonzero(held & np.isin(kinds, PIECES))
    places[pieces] = encoder.places(terms.spelt(pieces.tolist()))
    return places[rows.terms]


def _sums(rows: Rows, places: Places, encoder: DistilledEncoder) -> Iterator[Singles]:
    """The vectors of texts, some at a time."""
    for at in range(0, len(rows), TEXTS_AT_ONCE):
        starts = rows.starts[at : at + TEXTS_AT_ONCE + 1]
        found = places[starts[0] : starts[-1]]
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[found >= 0]
        yield encoder.sums(found[found >= 0], owners, len(starts) - 1)
