"""Exact BM25 in memory: which texts score highest for an utterance, and what any text scores.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.4,
with the always positive inverse document frequency ln(1 + (N - n + 0.5) / (n + 0.5)).

The highest are found without looking at every text that holds a common term: rare terms are looked up first, and
once the common ones together could not lift any other text high enough, only the texts already found are scored
to the end. That is exact. Turtle and Flood, "Query evaluation: strategies and optimizations" (1995), "max score".
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledgebase.matching.terms import FIELD_OF, UNKNOWN, Field, Ids, Places, Rows, Said, Terms, terms_of
from knowledgebase.wording.text import Vocabulary

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
K1 = 1.2
B = 0.6
# Sums of weights that are whole multiples of this are exact, so they do not hang on the order of terms.
GRAIN = 2.0**20
POSTINGS_AT_ONCE = 16_384
MOST_SCORED = 512
ROWS_AT_ONCE = 10_000
POSTINGS_A_PART = 500_000
SLACK = 1e-4
_SHARES = (0.6, 0.4, 0.25, 0.1, 0.0)


@dataclass(frozen=True, slots=True)
class Query:
    """The different terms of an utterance: their numbers, field after field; starts: where each field begins."""

    terms: Ids
    kinds: NDArray[np.uint8]
    fields: NDArray[np.int8]
    starts: Places
    slots: NDArray[np.int16]

    @classmethod
    def of(cls, text: str, vocabulary: Vocabulary, terms: Terms) -> "Query":
        """The query of a compacted text, which is not empty."""
        return cls.said(terms_of(text, vocabulary), terms)

    @classmethod
    def said(cls, said: Said, terms: Terms) -> "Query":
        """The query of a text that was taken apart."""
        found = [(kind, terms.find(kind, each)) for kind, each in said]
        numbers = np.array([number for _, each in found for number in each], np.int32)
        kinds = np.repeat(np.array([kind for kind, _ in found], np.uint8), [len(each) for _, each in found])
        fields = FIELD_OF[kinds]
        return cls(numbers, kinds, fields, np.searchsorted(fields, np.arange(len(Field))), _slots(numbers))

    def counts(self, rows: Rows) -> Singles:
        """How often each row holds each term of the query: one row for each, one column for each term."""
        table = np.zeros((len(rows), len(self.terms)), np.float32)
        column = self.slots[rows.terms & (len(self.slots) - 1)]
        hit = np.flatnonzero(column >= 0)
        column = column[hit]
        right = self.terms[column] == rows.terms[hit]
        hit, column = hit[right], column[right]
        table[np.searchsorted(rows.starts, hit, side="right") - 1, column] = rows.counts[hit]
        return table

    def total(self, of_terms: Floats) -> Floats:
        """The sum over the terms of each field, along the last axis."""
        found: Floats = np.add.reduceat(of_terms, self.starts, axis=-1)
        return found


def _slots(numbers: Ids) -> NDArray[np.int16]:
    """A table from a term's last bits to its place in the query, large enough that no two are in one slot."""
    known = np.flatnonzero(numbers != UNKNOWN)
    size = 4_096
    while len(set((numbers[known] & (size - 1)).tolist())) < len(known):
        size *= 2
    slots = np.full(size, -1, np.int16)
    slots[numbers[known] & (size - 1)] = known
    return slots


class Collection:
    """How common each term is in a set of texts and how long the texts are: what BM25 needs to know of them all.

    elsewhere: in how many everyday texts each term is; these are never found, but a term is as rare as it is in
    both together.
    """

    def __init__(self, holding: Ids, lengths: Singles, elsewhere: Ids, everyday: int) -> None:
        self.holding = holding
        self._elsewhere = elsewhere
        self._together = len(lengths) + everyday
        mean = np.maximum(lengths.mean(axis=0), 1) if len(lengths) else np.ones(len(Field), np.float32)
        self.saturation: Singles = (K1 * (1 - B + B * lengths / mean)).astype(np.float32)

    @cached_property
    def rarities(self) -> Floats:
        """The inverse document frequency of each term."""
        together = self.holding + self._elsewhere
        rarities: Floats = self._rarity(np.arange(together.max(initial=0) + 1))[together]
        return rarities

    def holds(self, term: int) -> bool:
        """Whether any text holds this term."""
        return 0 <= term < len(self.holding) and bool(self.holding[term])

    def weigh(self, query: Query) -> "Weighed":
        """What each term of the query weighs among these texts; a term that is new weighs most."""
        holding, elsewhere = np.zeros((2, len(query.terms)), np.int64)
        known = np.flatnonzero((query.terms != UNKNOWN) & (query.terms < len(self.holding)))
        holding[known] = self.holding[query.terms[known]]
        elsewhere[known] = self._elsewhere[query.terms[known]]
        rarity = self._rarity(holding + elsewhere)
        own = query.total(rarity)
        return Weighed(query, holding, rarity, own, (rarity * (K1 + 1) / own[query.fields]).astype(np.float32))

    def _rarity(self, holding: NDArray[Any]) -> Floats:
        rarity: Floats = np.log1p((self._together - holding + 0.5) / (holding + 0.5))
        return np.round(rarity * GRAIN) / GRAIN


@dataclass(frozen=True, slots=True)
class Weighed:
    """The terms of a query as a collection weighs them.

    holding: how many texts hold each; rarity: its inverse document frequency; own: the sum of these by field;
    worth: what a term adds to BM25 at most, divided by the query's own weight in its field.
    """

    query: Query
    holding: NDArray[np.int64]
    rarity: Floats
    own: Floats
    worth: Singles

    def bm25(self, counts: Singles, saturation: Singles) -> Singles:
        """BM25 by field: one row for each row of counts, whose saturations by field these are."""
        per_term = counts * self.worth / (counts + saturation[:, self.query.fields])
        scores: Singles = np.add.reduceat(per_term, self.query.starts, axis=1)
        return scores

    def held(self, counts: Singles) -> Floats:
        """The weight of the query's terms that each row of counts holds, by field."""
        return self.query.total((counts > 0) * self.rarity)

    @property
    def unseen(self) -> Floats:
        """The part of the query's weight in terms that no text holds, by field."""
        unseen: Floats = self.query.total(self.rarity * (self.holding == 0)) / self.own
        return unseen


@dataclass(frozen=True, slots=True)
class Postings:
    """For each term the rows that hold it, rising, and how often: term t has places[starts[t]:starts[t + 1]]."""

    starts: NDArray[np.int64]
    places: Ids
    counts: NDArray[np.uint8]

    @classmethod
    def of(cls, rows: Rows, terms: int) -> "Postings":
        """The postings of rows over so many terms."""
        keys = rows.terms.astype(np.uint64) << np.uint64(40)
        keys |= rows.places.astype(np.uint64) << np.uint64(8)
        keys |= rows.counts
        keys.sort()
        starts = np.searchsorted(keys, np.arange(terms + 1, dtype=np.uint64) << np.uint64(40)).astype(np.int64)
        counts = (keys & np.uint64(0xFF)).astype(np.uint8)
        places = ((keys >> np.uint64(8)) & np.uint64(0xFFFFFFFF)).astype(np.int32)
        return cls(starts, places, counts)

    @property
    def holding(self) -> Ids:
        """In how many rows each term is."""
        return np.diff(self.starts).astype(np.int32)

    def holding_owners(self, owners: Ids) -> Ids:
        """In how many owners' rows each term is; the owner of a row is not before that of the row before."""
        owner = owners[self.places]
        new = np.diff(owner, prepend=-1) != 0
        new[self.starts[:-1][self.starts[:-1] < len(owner)]] = True
        counted = np.concatenate(([0], np.cumsum(new)))
        return np.diff(counted[self.starts]).astype(np.int32)

    def fractions(self, saturation: Singles, fields: NDArray[np.int8]) -> Singles:
        """BM25's fraction for each row of each term, a part at a time; saturation: of each row, by field."""
        found = np.empty(len(self.places), np.float32)
        by_field = np.ascontiguousarray(saturation.T)
        edges = np.searchsorted(self.starts, np.arange(0, len(found) + POSTINGS_A_PART, POSTINGS_A_PART))
        for begin, end in pairwise(np.unique(np.append(np.minimum(edges, len(fields)), len(fields)))):
            part = slice(self.starts[begin], self.starts[end])
            of_posting = np.repeat(fields[begin:end], np.diff(self.starts[begin : end + 1]))
            counts = self.counts[part]
            found[part] = counts / (counts + by_field[of_posting, self.places[part]])
        return found


class Index:
    """Finds the owners of the rows that score highest; never changes.

    owners: whose each row is, rising from 0 without a gap. A row's score is the sum over the fields of its BM25,
    divided by the query's own weight in that field, so that a repeat of the query is near 1 in each.
    """

    def __init__(self, rows: Rows, owners: Ids, terms: Terms, everyday: Rows) -> None:
        kinds = terms.kinds
        self.rows = rows
        self.fields = FIELD_OF[kinds]
        self.elsewhere = np.bincount(everyday.terms, minlength=len(kinds)).astype(np.int32)
        self.lengths = lengths_by_field(rows, self.fields)
        self.owners = owners
        self.first: Places = np.searchsorted(owners, np.arange(int(owners[-1]) + 2 if len(owners) else 1))
        postings = Postings.of(rows, len(kinds))
        self.texts = Collection(postings.holding, self.lengths, self.elsewhere, len(everyday))
        self.groups = Collection(
            postings.holding_owners(owners), self._lengths_of_groups(), self.elsewhere, len(everyday)
        )
        self.weights = self._weights()
        self._starts, self._places = postings.starts, postings.places
        self._fractions = postings.fractions(self.texts.saturation, self.fields)
        self._highest = _highest(self._fractions, self._starts)

    def _lengths_of_groups(self) -> Singles:
        if not len(self.owners):
            return np.empty((0, len(Field)), np.float32)
        return np.add.reduceat(self.lengths, self.first[:-1], axis=0)

    def _weights(self) -> Singles:
        """What each row's different terms weigh together, by field."""
        weights = sum_by_field(self.rows, self.fields, self.texts.rarities[self.rows.terms])
        return np.maximum(weights, 1e-9).astype(np.float32)

    def best_owners(self, weighed: Weighed, most: int) -> Places:
        """The owners of the rows that score highest, at most so many, rising; of equal ones the first."""
        return self.look_up(weighed, most)[0]

    def look_up(self, weighed: Weighed, most: int) -> tuple[Places, int]:
        """The best owners, and how many postings were looked at to find them."""
        order, rest = self._plan(weighed)
        sizes = np.cumsum(weighed.holding[order])
        sums = np.zeros(len(self.rows))
        hopeful: Places | None = np.empty(0, np.intp)
        done = looked_at = 0
        at_once = max(POSTINGS_AT_ONCE, len(sums) // 4)
        while done < len(order):
            until = max(int(np.searchsorted(sizes, max(2 * looked_at, at_once), side="right")), done + 1)
            self._add(weighed, order[done:until], sums)
            looked_at, done = int(sizes[until - 1]), until
            hopeful = self._hopeful(sums, float(rest[done]), most)
            if hopeful is not None and len(hopeful) <= MOST_SCORED:
                break
        return self._best(weighed, np.flatnonzero(sums) if hopeful is None else hopeful, most), looked_at

    def _plan(self, weighed: Weighed) -> tuple[Places, Floats]:
        """The terms that a row holds, rarest first, and what those from each place on can add to any row at most."""
        query = weighed.query
        known = np.flatnonzero(weighed.holding)
        order = known[np.argsort(weighed.holding[known], kind="stable")]
        bounds = weighed.worth[order].astype(float) * self._highest[query.terms[order]]
        return order, np.append(np.cumsum(bounds[::-1])[::-1], 0.0)

    def _add(self, weighed: Weighed, those: Places, sums: Floats) -> None:
        """Add what these terms of the query give to the rows that hold them."""
        terms = weighed.query.terms[those]
        parts = list(map(slice, self._starts[terms].tolist(), self._starts[terms + 1].tolist()))
        shares = np.concatenate([self._fractions[part] for part in parts])
        shares *= np.repeat(weighed.worth[those], weighed.holding[those])
        sums += np.bincount(np.concatenate([self._places[part] for part in parts]), shares, len(sums))

    def _hopeful(self, sums: Floats, rest: float, most: int) -> Places | None:
        """The rows that may be among the best owners', when no row has more to come than the rest.

        None when a row that was not found yet may be one of them.
        """
        least = self._least(sums, most)
        return np.flatnonzero(sums >= least - rest - SLACK) if rest < least else None

    def _least(self, sums: Floats, most: int) -> float:
        """The sum that so many owners reach; 0 if there are fewer."""
        highest = float(sums.max())
        for share in _SHARES:
            rows = np.flatnonzero(sums > highest * share)
            if len(rows) >= most:
                bests, _ = self._by_owner(rows, sums[rows])
                if len(bests) >= most:
                    return float(np.partition(bests, -most)[-most])
        return 0.0

    def _by_owner(self, rows: Places, sums: NDArray[Any]) -> tuple[NDArray[Any], Ids]:
        """The highest sum of each owner of some rows, which rise, and the owners."""
        owners = self.owners[rows]
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        return np.maximum.reduceat(sums, starts), owners[starts]

    def _best(self, weighed: Weighed, rows: Places, most: int) -> Places:
        if not len(rows):
            return np.empty(0, np.intp)
        counts = weighed.query.counts(self.rows.take(rows))
        bests, owners = self._by_owner(rows, weighed.bm25(counts, self.texts.saturation[rows]).sum(axis=1))
        return np.sort(owners[np.argsort(-bests, kind="stable")[:most]]).astype(np.intp)


def lengths_by_field(rows: Rows, fields: NDArray[np.int8]) -> Singles:
    """How many terms of each field each row has, repeats counted: one row for each."""
    return sum_by_field(rows, fields, rows.counts).astype(np.float32)


def sum_by_field(rows: Rows, fields: NDArray[np.int8], values: NDArray[Any]) -> Floats:
    """The sums by field of what is told of each term of each row, a part at a time: one row for each."""
    edges = [*range(0, len(rows), ROWS_AT_ONCE), len(rows)]
    sums = np.empty((len(rows), len(Field)))
    for begin, end in pairwise(edges):
        part = slice(rows.starts[begin], rows.starts[end])
        owners = np.repeat(np.arange(end - begin) * len(Field), np.diff(rows.starts[begin : end + 1]))
        at = owners + fields[rows.terms[part]]
        sums[begin:end] = np.bincount(at, values[part], (end - begin) * len(Field)).reshape(-1, len(Field))
    return sums


def _highest(values: Singles, starts: NDArray[np.int64]) -> Singles:
    """The highest of the values from each start to the next one; 0 of none."""
    highest = np.zeros(len(starts) - 1, np.float32)
    some = np.flatnonzero(np.diff(starts))
    if len(some):
        highest[some] = np.maximum.reduceat(values, starts[some])
    return highest
