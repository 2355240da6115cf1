"""Candidates for an utterance and what speaks for and against each of them.

Every feature is a share or a yes-or-no, so that a weight means the same in any knowledge base.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from knowledgebase.encoders.distilled import DistilledEncoder
from knowledgebase.matching.corpus import Corpus, Moves
from knowledgebase.matching.index import Collection, Index, Query, Singles, Weighed, lengths_by_field
from knowledgebase.matching.meaning import spread, unit, vector_of
from knowledgebase.matching.neighbours import Neighbours
from knowledgebase.matching.reading import read_rows
from knowledgebase.matching.terms import FIELD_OF, Field, Ids, Kind, Places, Rows, Said, Terms, sound_string, terms_of
from knowledgebase.matching.themes import Themes, documents_of
from knowledgebase.model import Entry
from knowledgebase.wording.contrasts import DIFFERENCES, contrasts, differences
from knowledgebase.wording.text import Vocabulary, compact, compact_all

Floats = NDArray[np.float64]
CANDIDATES = 32
# So many entries are looked at whole, all their wordings together, before the candidates are chosen among them.
ENTRIES_LOOKED_AT = 48
NEIGHBOURS = 48
# What a cosine counts beside BM25 in characters, words and sounds, each near 1 for a repeat of the question.
MEANING_COUNTS = np.float32(3.0)
WORDINGS_OF_ONE = 6

SIMILARITIES = (
    "characters",
    "characters_of_query",
    "characters_of_wording",
    "words",
    "words_of_query",
    "words_of_wording",
    "sounds",
    "ratio",
    "partial_ratio",
    "sound_ratio",
)
OF_ENTRY = (
    "entry_characters",
    "entry_words",
    "entry_characters_of_query",
    "entry_words_of_query",
    "answer_words",
    "theme_broad",
    "theme_middle",
    "theme_fine",
    "pieces",
    "pieces_of_two",
    "pieces_of_entry",
    "meaning",
    "meaning_of_two",
    "meaning_of_entry",
)
FEATURES = (*SIMILARITIES, *OF_ENTRY, *DIFFERENCES, "denial_of_question", "length")


@dataclass(frozen=True, slots=True)
class Candidates:
    """The entries that may be meant: their places in the knowledge base and one row of FEATURES for each.

    nearest: the place of each entry's nearest wording. unseen: the share of the utterance, weighted, that no
    wording of the knowledge base holds (in characters, in words). asked: the compacted utterance.
    """

    asked: str
    entries: NDArray[np.intp]
    nearest: NDArray[np.intp]
    features: Floats
    unseen: tuple[float, float]


class Matcher:
    """Everything that is worked out once for a set of entries. Never changes.

    encoder: of the pieces of wordings and utterances. vectors: by another encoder, one row of length 1 (or zeros) for
    each wording, entry after entry, the question before the similar ones; centre: what is taken from these and from
    the utterance's, as all vectors of an encoder may lie on one side.
    known: another matcher; what the entries have in common with its own is not read again, if its words are the same.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        vocabulary: Vocabulary,
        vectors: Singles | None = None,
        known: "Matcher | None" = None,
        encoder: DistilledEncoder | None = None,
        centre: Singles | None = None,
    ) -> None:
        self.encoder = encoder
        if known is None or known.vocabulary != vocabulary or known.encoder is not encoder:
            terms = Terms()
            everyday = read_rows(compact_all(vocabulary.background), vocabulary, terms)
            corpus = Corpus.of(entries, vocabulary, terms, encoder)
        else:
            terms, everyday = known._terms, known._everyday
            moves, added = Moves.between(known._entries, entries)
            corpus = known._corpus.rearranged(Corpus.of(added, vocabulary, terms, encoder), moves)
        self._set_up(entries, vocabulary, terms, everyday, corpus)
        self._settled = True
        self._mean(vectors, centre)
        self._themes = Themes.learnt(documents_of(corpus, terms.kinds)) if self._richness else Themes.none(len(entries))

    def edited(self, entries: Sequence[Entry], vectors: Singles | None = None) -> "Matcher":
        """A matcher of these entries, soon made if few have changed: themes and clusters stay those learnt before.

        For the same themes and no vectors it finds just what a new one does.
        """
        moves, added = Moves.between(self._entries, entries)
        fresh = Corpus.of(added, self.vocabulary, self._terms, self.encoder)
        edited = Matcher.__new__(Matcher)
        edited.encoder = self.encoder
        edited._set_up(entries, self.vocabulary, self._terms, self._everyday, self._corpus.rearranged(fresh, moves))
        edited._settled = False
        edited._themes = self._themes.rearranged(documents_of(fresh, self._terms.kinds), moves)
        edited._mean(None, self._centre)
        if vectors is not None:
            edited._meant(self._with_edited(vectors, self._corpus.moves_of_wordings(fresh, moves)))
        return edited

    def meaning(self, vectors: Singles, centre: Singles) -> "Matcher":
        """The same with these vectors of the wordings."""
        meaning = copy(self)
        meaning._mean(vectors, centre)
        return meaning

    def settled(self) -> "Matcher":
        """The matcher of the same entries with themes learnt from just these."""
        if self._settled:
            return self
        settled = Matcher(self._entries, self.vocabulary, known=self, encoder=self.encoder)
        settled.neighbours, settled._centre, settled._spread = self.neighbours, self._centre, self._spread
        return settled

    def _mean(self, vectors: Singles | None, centre: Singles | None) -> None:
        """Take these vectors of the wordings; None: those by pieces."""
        self._centre = centre
        self._meant(None if vectors is None else Neighbours.of(self._seen(vectors)))

    def _meant(self, neighbours: Neighbours | None) -> None:
        self.neighbours = neighbours
        self._spread = self._corpus.spread if neighbours is None else spread(neighbours, self._corpus.first)

    def _seen(self, vectors: Singles) -> Singles:
        """The vectors as they are seen from the centre."""
        return vectors if self._centre is None else unit(vectors - self._centre)

    def _set_up(
        self, entries: Sequence[Entry], vocabulary: Vocabulary, terms: Terms, everyday: Rows, corpus: Corpus
    ) -> None:
        self.vocabulary = vocabulary
        self._entries = tuple(entries)
        self._terms = terms
        self._everyday = everyday
        self._corpus = corpus
        self._richness = _richness(len(corpus.texts), len(entries))
        self._verbatim = _sole_owners(corpus.texts, corpus.owners)
        self._index = Index(corpus.rows, corpus.owners, terms, everyday)
        self._answers = _collection_of(corpus.answer_words, terms, everyday)

    def _with_edited(self, vectors: Singles, wordings: Moves) -> Neighbours:
        """The neighbours among these vectors, of which those of wordings that were here are known already."""
        if self.neighbours is None:
            return Neighbours.of(self._seen(vectors))
        places = wordings.places
        return self.neighbours.edited(self._seen(vectors[places >= len(self.neighbours)]), places)

    def wording(self, place: int) -> str:
        """A wording as it was written, by its place among all."""
        return self._corpus.wordings[place]

    def verbatim(self, asked: str) -> int | None:
        """The entry of which this compacted text is a wording; None for a wording of none or of several."""
        return self._verbatim.get(asked)

    def candidates(self, utterance: str, vector: Singles | None = None) -> Candidates:
        """The entries nearest to the utterance, in the order of the knowledge base, at most CANDIDATES.

        vector: the utterance's, where those of the wordings were given; by it entries are found that share no term
        with it.
        """
        asked = compact(utterance)
        if not asked:
            return _no_candidates(asked)
        said = terms_of(asked, self.vocabulary)
        weighed = self._index.texts.weigh(Query.said(said, self._terms))
        sought = None if self.neighbours is None or vector is None else self._seen(vector[None])[0]
        looked_at = self._look_at(weighed, sought)
        if not len(looked_at):
            return _no_candidates(asked)
        found = _Found.of(self._index, weighed, looked_at)
        by_pieces, by_meaning = self._by_pieces(found, said), self._by_meaning(found, sought)
        chosen = found.most_promising(by_pieces if sought is None else by_meaning)
        wordings, starts, similarities = self._similarities(asked, found, chosen)
        nearest = wordings[_nearest(similarities.sum(axis=1), starts)]
        entries = looked_at[chosen]
        unseen = weighed.unseen
        return Candidates(
            asked=asked,
            entries=entries,
            nearest=nearest,
            features=np.column_stack(
                (
                    np.maximum.reduceat(similarities, starts),
                    found.of_entries[chosen],
                    self._answer_shares(weighed.query, entries),
                    self._themes.nearness(weighed.query, entries) * self._richness,
                    found.meanings(chosen, by_pieces, self._corpus.spread[entries]),
                    found.meanings(chosen, by_meaning, self._spread[entries]),
                    self._differences(asked, entries, nearest),
                )
            ),
            unseen=(float(unseen[Field.CHARACTERS]), float(unseen[Field.WORDS])),
        )

    def holds_word(self, word: str) -> bool:
        """Whether a wording of any entry holds this word, as the vocabulary's tokens give it."""
        return self._holds(Kind.WORD, word)

    def holds_characters(self, characters: str) -> bool:
        """Whether a wording of any entry holds this character, or these two side by side."""
        return self._holds(Kind.CHARACTER if len(characters) == 1 else Kind.PAIR, characters)

    def _holds(self, kind: Kind, term: str) -> bool:
        return self._index.texts.holds(self._terms.find(kind, (term,))[0])

    def _look_at(self, weighed: Weighed, vector: Singles | None) -> Places:
        """The entries with the best wordings, of few entries all; none if no entry shares anything with the query."""
        best = self._index.best_owners(weighed, ENTRIES_LOOKED_AT)
        near = self._near(vector)
        size = len(self._index.first) - 1
        if size <= ENTRIES_LOOKED_AT and len(best) + len(near):
            return np.arange(size)
        return np.union1d(best, near) if len(near) else best

    def _near(self, vector: Singles | None) -> Places:
        """The entries with the wordings nearest to a vector; none without one."""
        if self.neighbours is None or vector is None or not vector.any():
            return np.empty(0, np.intp)
        return self._index.owners[self.neighbours.nearest(vector, NEIGHBOURS)[0]].astype(np.intp)

    def _by_pieces(self, found: "_Found", said: Said) -> Singles:
        """How near the wordings found are by the vectors of their pieces; 0 without an encoder of pieces."""
        if self.encoder is None:
            return np.zeros(len(found.wordings), np.float32)
        return self._corpus.vectors.cosines(found.wordings, vector_of(said, self.encoder))

    def _by_meaning(self, found: "_Found", sought: Singles | None) -> Singles:
        """How near the wordings found are by the vectors given; 0 without any."""
        if self.neighbours is None or sought is None:
            return np.zeros(len(found.wordings), np.float32)
        return self.neighbours.cosines(found.wordings, sought)

    def _similarities(self, asked: str, found: "_Found", chosen: Places) -> tuple[Places, Places, Floats]:
        """The best wordings of each chosen entry, entry after entry; where each entry begins; their SIMILARITIES."""
        own, starts = found.best_wordings(chosen)
        wordings = found.wordings[own]
        texts = [self._corpus.texts[at] for at in wordings.tolist()]
        sounds = [self._corpus.sounds[at] for at in wordings.tolist()]
        similarities = np.column_stack(
            (
                found.of_wordings[own],
                process.cdist([asked], texts, scorer=fuzz.ratio)[0] / 100,
                process.cdist([asked], texts, scorer=fuzz.partial_ratio)[0] / 100,
                process.cdist([sound_string(asked)], sounds, scorer=fuzz.ratio)[0] / 100,
            )
        )
        return wordings, starts, similarities

    def _answer_shares(self, query: Query, entries: Places) -> Floats:
        """The weighted share of the query's words that each entry's answer holds."""
        weighed = self._answers.weigh(query)
        shares: Floats = weighed.held(query.counts(self._corpus.answer_words.take(entries))) / weighed.own
        return shares[:, Field.WORDS]

    def _differences(self, asked: str, entries: Places, nearest: Places) -> Floats:
        insists = contrasts(asked)
        said = [self._corpus.contrasts[at] for at in nearest.tolist()]
        firsts = [self._corpus.contrasts[at] for at in self._index.first[entries].tolist()]
        # Wordings that insist on the same share one object, and most insist on little.
        different = {at: differences(insists, each) for at, each in {id(each): each for each in said}.items()}
        rows = [
            (
                *different[id(wording)],
                float(insists.denies != first.denies),
                _length_difference(asked, self._corpus.texts[at]),
            )
            for wording, first, at in zip(said, firsts, nearest.tolist(), strict=True)
        ]
        return np.array(rows, float).reshape(len(rows), len(DIFFERENCES) + 2)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the index says of some entries and all their wordings, in their order.

    wordings: their places; starts: where in them each entry begins; rough: a first guess at how near each is.
    of_wordings and of_entries: the features that SIMILARITIES and OF_ENTRY begin with.
    """

    wordings: Places
    starts: Places
    rough: Singles
    of_wordings: Singles
    of_entries: Singles

    @classmethod
    def of(cls, index: Index, weighed: Weighed, entries: Places) -> "_Found":
        """What the index says of these entries."""
        begins, ends = index.first[entries], index.first[entries + 1]
        wordings, starts = _ranges(begins, ends)
        counts = weighed.query.counts(index.rows.take(wordings))
        bm25, held = weighed.bm25(counts, index.texts.saturation[wordings]), weighed.held(counts)
        query_share = (held / weighed.own).astype(np.float32)
        document_share = (held / index.weights[wordings]).astype(np.float32)
        characters, words, sounds = Field.CHARACTERS, Field.WORDS, Field.SOUNDS
        return cls(
            wordings=wordings,
            starts=starts,
            rough=bm25.sum(axis=1) + np.float32(0.5) * (document_share[:, characters] + document_share[:, words]),
            of_wordings=np.column_stack(
                [column[:, field] for field in (characters, words) for column in (bm25, query_share, document_share)]
                + [bm25[:, sounds]]
            ),
            of_entries=_group_scores(index, weighed.query, entries, np.add.reduceat(counts, starts, axis=0)),
        )

    def most_promising(self, meant: Singles) -> Places:
        """Which of the entries are candidates, by their best wording and by all their wordings together.

        meant: how near each wording is by its vector.
        """
        best = np.maximum.reduceat(self.rough + MEANING_COUNTS * meant, self.starts)
        promise = best + np.float32(0.5) * (self.of_entries[:, 0] + self.of_entries[:, 1])
        return np.sort(np.argsort(-promise, kind="stable")[:CANDIDATES])

    def meanings(self, chosen: Places, cosines: Singles, spreads: Singles) -> Singles:
        """Of entries: the cosine of the nearest wording, the mean of the two nearest, that of all wordings' mean."""
        begins, ends = self.starts[chosen], np.append(self.starts[1:], len(self.wordings))[chosen]
        own, starts = _ranges(begins, ends)
        near, lengths = cosines[own], ends - begins
        best = np.maximum.reduceat(near, starts)
        ordered = near[np.lexsort((-near, np.repeat(np.arange(len(chosen)), lengths)))]
        second = ordered[starts + (lengths > 1)]
        return np.column_stack((best, (best + second) / 2, np.add.reduceat(near, starts) / lengths / spreads))

    def best_wordings(self, chosen: Places) -> tuple[Places, Places]:
        """The best wordings of each chosen entry, entry after entry, and where each entry begins."""
        ends = np.append(self.starts[1:], len(self.wordings))
        own, starts = _ranges(self.starts[chosen], ends[chosen])
        lengths = np.diff(starts, append=len(own))
        order = np.lexsort((-self.rough[own], np.repeat(np.arange(len(chosen)), lengths)))
        place = np.arange(len(own)) - np.repeat(starts, lengths)
        kept = np.minimum(lengths, WORDINGS_OF_ONE)
        return own[order][place < WORDINGS_OF_ONE], np.cumsum(kept) - kept


def _group_scores(index: Index, query: Query, entries: Places, counts: Singles) -> Singles:
    """For entries, all their wordings as one text: BM25 in characters and words, and the same for query shares."""
    weighed = index.groups.weigh(query)
    bm25, shares = weighed.bm25(counts, index.groups.saturation[entries]), weighed.held(counts) / weighed.own
    return np.column_stack((bm25[:, :2], shares[:, :2])).astype(np.float32)


def _no_candidates(asked: str) -> Candidates:
    nobody = np.empty(0, np.intp)
    return Candidates(asked, nobody, nobody, np.empty((0, len(FEATURES))), (1.0, 1.0))


def _ranges(starts: Places, ends: Places) -> tuple[Places, Places]:
    """The numbers from each start to its end, one after the other, and where each range begins in them."""
    lengths = ends - starts
    begins = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - begins, lengths), begins


def _collection_of(rows: Rows, terms: Terms, everyday: Rows) -> Collection:
    """How common each term is in these rows."""
    kinds = terms.kinds
    holding = np.bincount(rows.terms, minlength=len(kinds)).astype(np.int32)
    elsewhere = np.bincount(everyday.terms, minlength=len(kinds)).astype(np.int32)
    return Collection(holding, lengths_by_field(rows, FIELD_OF[kinds]), elsewhere, len(everyday))


def _sole_owners(texts: Sequence[str], owners: Ids) -> dict[str, int]:
    """Which entry each compacted wording belongs to, of those that belong to one alone."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for text, owner in zip(texts, owners.tolist(), strict=True):
        if found.setdefault(text, owner) != owner:
            shared.add(text)
    for text in shared:
        del found[text]
    return found


def _richness(wordings: int, entries: int) -> float:
    """How far themes can be trusted: 0 with one wording for each entry, near 1 with many of many entries."""
    similar = (wordings - entries) / max(entries, 1)
    return similar / (similar + 2) * entries / (entries + 30)


def _nearest(nearness: Floats, starts: Places) -> Places:
    """The place of the nearest wording of each entry, of equally near ones the first."""
    owners = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(nearness)))
    best = np.flatnonzero(nearness == np.maximum.reduceat(nearness, starts)[owners])
    return best[np.diff(owners[best], prepend=-1) > 0]


def _length_difference(left: str, right: str) -> float:
    return abs(len(left) - len(right)) / max(len(left), len(right), 1)
