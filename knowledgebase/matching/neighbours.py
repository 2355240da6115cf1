"""The nearest of many vectors, in memory: exact for few, by clusters for many. Pure.

Many vectors are put into clusters by k-means, of which only the nearest to the question are looked into, first in
few dimensions (principal components), the best of these in all (an inverted file; Jégou et al., "Product
quantization for nearest neighbor search", 2011, section 4). Each vector is kept as one byte for each dimension.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from knowledgebase.matching.terms import Places

Singles = NDArray[np.float32]
Bytes = NDArray[np.int8]
EXACT_UP_TO = 4_096
COARSE = 96
SAMPLE = 20_000
ROUNDS = 6
ROWS_A_CLUSTER = 32
MOST_CLUSTERS = 2_048
ROWS_PROBED, SHARE_PROBED = 5_000, 0.05
REFINED = 16
_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Where to look. centres: unit rows in the directions' few dimensions; starts: where each cluster begins."""

    directions: Singles
    centres: Singles
    of_row: NDArray[np.int32]
    order: NDArray[np.int32]
    starts: NDArray[np.int64]
    coarse: Bytes


class Neighbours:
    """Unit vectors by their places; never changes. Safe to ask from any thread."""

    def __init__(self, codes: Bytes, scales: Singles, clusters: _Clusters | None) -> None:
        self._codes = codes
        self._scales = scales
        self._clusters = clusters

    @classmethod
    def of(cls, vectors: Singles) -> "Neighbours":
        """The neighbours among unit rows."""
        codes, scales = _coded(vectors)
        return cls(codes, scales, _clustered(codes, scales) if len(codes) > EXACT_UP_TO else None)

    def __len__(self) -> int:
        return len(self._codes)

    def rows(self, places: Places) -> Singles:
        """The vectors at these places, as they are kept (within half a percent)."""
        return _decoded(self._codes[places], self._scales[places])

    def cosines(self, places: Places, vector: Singles) -> Singles:
        """How near a unit vector is to those at these places."""
        cosines: Singles = (self._codes[places].astype(np.float32) @ vector) * self._scales[places]
        return cosines

    def nearest(self, vector: Singles, most: int) -> tuple[Places, Singles]:
        """The places of the vectors nearest to a unit vector, nearest first, and their cosines."""
        places = self._likely(vector, most)
        cosines = self.cosines(places, vector)
        order = np.lexsort((places, -cosines))[:most]
        return places[order], cosines[order]

    def edited(self, added: Singles, places: Places) -> "Neighbours":
        """These and others, as the places say, which count on from these to those added; in the same clusters while
        there are about as many."""
        more, larger = _coded(added)
        codes, scales = np.concatenate((self._codes, more))[places], np.concatenate((self._scales, larger))[places]
        if len(codes) <= EXACT_UP_TO:
            return Neighbours(codes, scales, None)
        if self._clusters is None or not 0.5 < len(codes) / len(self) < 2:
            return Neighbours(codes, scales, _clustered(codes, scales))
        reduced = _reduced(more, larger, self._clusters.directions)
        of_row = np.concatenate((self._clusters.of_row, _nearest_centres(reduced, self._clusters.centres)))
        coarse = np.empty_like(self._clusters.coarse)
        coarse[self._clusters.order] = self._clusters.coarse
        coarse = np.concatenate((coarse, _in_bytes(reduced)))
        return Neighbours(codes, scales, _arranged(self._clusters, of_row[places], coarse[places]))

    def _likely(self, vector: Singles, most: int) -> Places:
        """The places among which the nearest are looked for: all of few, the likeliest of many."""
        if self._clusters is None:
            return np.arange(len(self))
        clusters = self._clusters
        reduced = clusters.directions @ vector
        by_nearness = np.argsort(-(clusters.centres @ reduced))
        sizes = np.cumsum(np.diff(clusters.starts)[by_nearness])
        wanted = max(ROWS_PROBED, SHARE_PROBED * len(self), most)
        probed = by_nearness[: int(np.searchsorted(sizes, wanted)) + 1]
        parts = [slice(clusters.starts[at], clusters.starts[at + 1]) for at in probed]
        places = np.concatenate([clusters.order[part] for part in parts])
        nearness = np.concatenate([clusters.coarse[part] for part in parts]).astype(np.float32) @ reduced
        refined = most * REFINED
        if len(places) > refined:
            places = places[np.argpartition(nearness, -refined)[-refined:]]
        return places.astype(np.intp)


def _coded(vectors: Singles) -> tuple[Bytes, Singles]:
    """Each row in bytes, and what to multiply them by."""
    scales = (np.abs(vectors).max(axis=1, initial=1e-9) / 127).astype(np.float32)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def _decoded(codes: Bytes, scales: Singles) -> Singles:
    decoded: Singles = np.multiply(codes, scales[:, None], dtype=np.float32)
    return decoded


def _clustered(codes: Bytes, scales: Singles) -> _Clusters:
    """Clusters learnt from an evenly spread sample."""
    sample = np.arange(len(codes))[:: max(1, len(codes) // SAMPLE)]
    seen = _decoded(codes[sample], scales[sample])
    directions = _directions(seen)
    reduced = seen @ directions.T
    centres = _centres(reduced, min(len(codes) // ROWS_A_CLUSTER, MOST_CLUSTERS))
    blank = np.empty(0, np.int32)
    learnt = _Clusters(
        directions, centres, blank, blank, np.zeros(1, np.int64), np.empty((0, len(directions)), np.int8)
    )
    parts = [slice(at, at + _AT_ONCE) for at in range(0, len(codes), _AT_ONCE)]
    few = [_reduced(codes[part], scales[part], directions) for part in parts]
    of_row = np.concatenate([_nearest_centres(part, centres) for part in few])
    return _arranged(learnt, of_row, np.concatenate([_in_bytes(part) for part in few]))


def _arranged(learnt: _Clusters, of_row: NDArray[np.int32], coarse: Bytes) -> _Clusters:
    """The rows cluster after cluster."""
    order = np.argsort(of_row, kind="stable").astype(np.int32)
    starts = np.searchsorted(of_row[order], np.arange(len(learnt.centres) + 1)).astype(np.int64)
    return replace(learnt, of_row=of_row, order=order, starts=starts, coarse=coarse[order])


def _directions(vectors: Singles) -> Singles:
    """The few directions in which the vectors differ most, as rows."""
    _, found = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return np.ascontiguousarray(found[:, : -COARSE - 1 : -1].T, np.float32)


def _centres(vectors: Singles, count: int) -> Singles:
    """The means of count clusters by k-means, each of length 1."""
    centres = _of_length_one(vectors[np.arange(count) * len(vectors) // count])
    for _ in range(ROUNDS):
        nearest = np.concatenate(
            [_nearest_centres(vectors[at : at + _AT_ONCE], centres) for at in range(0, len(vectors), _AT_ONCE)]
        )
        order = np.argsort(nearest, kind="stable")
        first = np.flatnonzero(np.diff(nearest[order], prepend=-1))
        centres = centres.copy()
        centres[nearest[order][first]] = _of_length_one(np.add.reduceat(vectors[order], first, axis=0))
    return centres


def _nearest_centres(vectors: Singles, centres: Singles) -> NDArray[np.int32]:
    nearest: NDArray[np.int32] = np.argmax(vectors @ centres.T, axis=1).astype(np.int32)
    return nearest


def _reduced(codes: Bytes, scales: Singles, directions: Singles) -> Singles:
    reduced: Singles = _decoded(codes, scales) @ directions.T
    return reduced


def _in_bytes(reduced: Singles) -> Bytes:
    """Numbers between -1 and 1 as bytes: enough to tell which rows to look at whole."""
    return np.clip(np.rint(reduced * 127), -127, 127).astype(np.int8)


def _of_length_one(vectors: Singles) -> Singles:
    scaled: Singles = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return scaled
