"""How near entries are to an utterance by vectors: one for each wording and one for all wordings of an entry. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from knowledgebase.encoders.distilled import DistilledEncoder
from knowledgebase.matching.neighbours import Neighbours, Singles
from knowledgebase.matching.terms import Kind, Places, Rows, Terms

PIECES = (Kind.WORD, Kind.PAIR, Kind.CHARACTER)
TEXTS_AT_ONCE = 1_024


@dataclass(frozen=True, slots=True)
class Meaning:
    """Vectors of the entries. centre: what is taken from an utterance's vector, since all texts of an encoder lie on
    one side; zeros where nothing is. searched: whether near vectors make an entry a candidate."""

    wordings: Neighbours
    entries: Neighbours
    centre: Singles
    searched: bool

    @classmethod
    def of(cls, vectors: Singles, first: Places, centre: Singles) -> "Meaning":
        """vectors: a row for each wording, entry after entry; first: where each entry begins, and the end."""
        rows = unit(vectors - centre)
        parts = (rows[at : at + TEXTS_AT_ONCE] for at in range(0, len(rows), TEXTS_AT_ONCE))
        return cls(Neighbours.of(rows), _of_entries(parts, first, rows.shape[1]), centre, searched=True)

    @classmethod
    def by_pieces(cls, rows: Rows, first: Places, terms: Terms, encoder: DistilledEncoder) -> "Meaning":
        """Each wording's vector is the sum of its pieces'; such wordings share terms and need no other search."""
        places = _places_of(terms, encoder)
        centre = np.zeros(encoder.dimensions, np.float32)
        coded = Neighbours.listed(_sums(rows, places, encoder), encoder.dimensions)
        entries = _of_entries(_sums(rows, places, encoder), first, encoder.dimensions)
        return cls(coded, entries, centre, searched=False)

    def seen_from(self, vector: Singles) -> Singles:
        """An utterance's vector as the entries' are: from the centre, of length 1."""
        return unit((vector - self.centre)[None])[0] if self.centre.any() else vector


def unit(rows: Singles) -> Singles:
    """The rows with length 1; zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Singles = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return found


def _of_entries(parts: Iterable[Singles], first: Places, dimensions: int) -> Neighbours:
    """For each entry the mean of its wordings' vectors; the parts hold the wordings in order."""
    sums = np.zeros((len(first) - 1, dimensions), np.float32)
    owners = np.repeat(np.arange(len(first) - 1), np.diff(first))
    at = 0
    for part in parts:
        own = owners[at : at + len(part)]
        begins = np.flatnonzero(np.diff(own, prepend=-1))
        sums[own[begins]] += np.add.reduceat(part, begins)
        at += len(part)
    return Neighbours.listed([unit(sums)], dimensions)


def _places_of(terms: Terms, encoder: DistilledEncoder) -> Places:
    """For each term its row in the encoder's table, -1 where it has none."""
    places = np.full(len(terms), -1, np.intp)
    for kind in PIECES:
        numbers = terms.of_kind(kind)
        places[list(numbers.values())] = encoder.places(numbers)
    return places


def _sums(rows: Rows, places: Places, encoder: DistilledEncoder) -> Iterator[Singles]:
    """The vectors of texts, some at a time."""
    for at in range(0, len(rows), TEXTS_AT_ONCE):
        starts = rows.starts[at : at + TEXTS_AT_ONCE + 1]
        found = places[rows.terms[starts[0] : starts[-1]]]
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[found >= 0]
        yield encoder.sums(found[found >= 0], owners, len(starts) - 1)
