"""Vectors of words and characters, shipped with the program: a text is the weighted mean of its pieces.

The file is an .npz without pickles:

========  ==================  ===========================================================
name      text                whose vectors these are
pieces    bytes               the known pieces in UTF-8, one a line, in the order of rows
vectors   int8 (n, d)         one row for each piece
scales    float (n, 1)|(1, d) what a row, or a column, of vectors is multiplied with
weights   float (n,)          how much a piece counts in the mean
========  ==================  ===========================================================
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.encoder import Rows
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.wording.text import DATA, compact, shipped_vocabulary

SHIPPED = DATA / "distilled.npz"
# So many pieces are looked up at once: a few megabytes, however many texts there are.
PIECES_AT_ONCE = 4_096

Tokens = Callable[[str], list[str]]


def pieces(text: str, tokens: Tokens) -> list[str]:
    """What a text is looked up by: its words, its pairs of characters and its characters, each of them once.

    tokens: the words of a compacted text. A word of two characters counts as word and as pair.
    """
    compacted = compact(text)
    return [
        *dict.fromkeys(tokens(compacted)),
        *dict.fromkeys(left + right for left, right in pairwise(compacted)),
        *dict.fromkeys(compacted),
    ]


class DistilledEncoder:
    """Looks the pieces of a text up in a table; needs nothing but numpy. Safe from any thread."""

    def __init__(
        self, name: str, known: Sequence[str], vectors: NDArray[np.int8], scales: Rows, weights: Rows, tokens: Tokens
    ) -> None:
        self._name = name
        self._places: Mapping[str, int] = {piece: place for place, piece in enumerate(known)}
        self._vectors = vectors
        self._weights = (weights[:, None] * (scales if scales.shape[1] == 1 else 1)).astype(np.float32)
        self._columns = (scales if scales.shape[1] != 1 else np.ones((1, 1))).astype(np.float32)
        self._tokens = tokens

    @property
    def name(self) -> str:
        """The name in the file."""
        return self._name

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        return int(self._vectors.shape[1])

    @property
    def texts_at_once(self) -> int:
        """A few milliseconds' worth."""
        return 64

    def places(self, those: Iterable[str]) -> list[int]:
        """The rows of pieces in the table, -1 for those that have none."""
        return [self._places.get(piece, -1) for piece in those]

    def sums(self, places: NDArray[np.intp], owners: NDArray[np.intp], count: int) -> Rows:
        """The vectors of so many texts, of length 1, from their pieces' rows and the text of each, rising."""
        rows = np.zeros((count, self.dimensions), np.float32)
        if len(places):
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
            rows[owners[starts]] = np.add.reduceat(self._vectors[places] * self._weights[places], starts)
        rows *= self._columns
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows

    def encode(self, texts: Sequence[str]) -> Rows:
        """One row of length 1 for each text; zeros for a text of which no piece is known."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for owners, places in self._portions(texts):
            first, last = int(owners[0]), int(owners[-1]) + 1
            rows[first:last] = self.sums(places, owners - first, last - first)
        return rows

    def _portions(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """The known pieces of the texts: for each the place of its text and its own; no text is in two portions."""
        owners: list[int] = []
        places: list[int] = []
        for at, text in enumerate(texts):
            found = [place for piece in pieces(text, self._tokens) if (place := self._places.get(piece)) is not None]
            owners += [at] * len(found)
            places += found
            if len(places) >= PIECES_AT_ONCE:
                yield np.array(owners, np.intp), np.array(places, np.intp)
                owners, places = [], []
        if places:
            yield np.array(owners, np.intp), np.array(places, np.intp)


def load_distilled(path: Path, tokens: Tokens) -> DistilledEncoder:
    """The encoder in this file. Raises EncoderUnavailable for a file that is none."""
    try:
        with path.open("rb") as file:
            return _read(file, tokens)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise EncoderUnavailable(f"{path.name}: not a file of distilled vectors: {error}", permanent=True) from error


def save_distilled(
    path: Path, name: str, known: Sequence[str], vectors: NDArray[np.int8], scales: Rows, weights: Rows
) -> None:
    """Write the file that load_distilled reads."""
    lines = np.frombuffer("\n".join(known).encode(), np.uint8)
    np.savez_compressed(path, name=np.array(name), pieces=lines, vectors=vectors, scales=scales, weights=weights)


@cache
def shipped_encoder() -> DistilledEncoder:
    """The encoder in knowledgebase/data, with the shipped vocabulary's words. Raises EncoderUnavailable."""
    return load_distilled(SHIPPED, shipped_vocabulary().tokens)


def _read(file: BinaryIO, tokens: Tokens) -> DistilledEncoder:
    with np.load(file, allow_pickle=False) as held:
        known = held["pieces"].tobytes().decode().split("\n")
        vectors, scales, weights = held["vectors"], held["scales"], held["weights"]
        name = str(held["name"])
    count, dimensions = vectors.shape
    if vectors.dtype != np.int8 or len(known) != count or weights.shape != (count,):
        raise ValueError("its tables do not fit each other")
    if scales.shape not in ((count, 1), (1, dimensions)):
        raise ValueError("its scales fit neither rows nor columns")
    return DistilledEncoder(name, known, vectors, scales, weights, tokens)
