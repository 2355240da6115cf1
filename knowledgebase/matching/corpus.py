"""What entries say, read once: their wordings, answers and terms. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.distilled import DistilledEncoder
from knowledgebase.matching.meaning import Coded, spread
from knowledgebase.matching.reading import read_rows
from knowledgebase.matching.terms import NO_ROWS, Ids, Kind, Places, Rows, Terms, joined, sound_strings
from knowledgebase.model import Entry
from knowledgebase.wording.contrasts import Contrasts, contrasts
from knowledgebase.wording.text import Vocabulary, compact_all

T = TypeVar("T")
ADDED = -1
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """The wordings of entries, entry after entry, the question before the similar ones, and their answers.

    first: where the wordings of each entry begin, and their number; texts: compacted; sounds: the same as they sound;
    rows, answers: their terms; answer_words: the words of the answers alone; vectors: of each wording by its pieces;
    spread: of each entry (see meaning.spread).
    """

    first: Places
    wordings: list[str]
    texts: list[str]
    sounds: list[str]
    contrasts: list[Contrasts]
    rows: Rows
    answers: Rows
    answer_words: Rows
    vectors: Coded
    spread: NDArray[np.float32]

    @classmethod
    def of(
        cls, entries: Sequence[Entry], vocabulary: Vocabulary, terms: Terms, encoder: DistilledEncoder | None = None
    ) -> "Corpus":
        """What these entries say; their terms get numbers. Without an encoder the vectors say nothing."""
        wordings = [text for entry in entries for text in (entry.question, *entry.similar)]
        texts = compact_all(wordings)
        answers = read_rows(compact_all([entry.answer for entry in entries]), vocabulary, terms)
        rows = read_rows(texts, vocabulary, terms)
        vectors = Coded.nothing(len(texts)) if encoder is None else Coded.of(rows, terms, encoder)
        first = _edges([1 + len(entry.similar) for entry in entries])
        return cls(
            first=first,
            wordings=wordings,
            texts=texts,
            sounds=sound_strings(texts),
            contrasts=_contrasts_of(texts),
            rows=rows,
            answers=answers,
            answer_words=_words_of(answers, terms),
            vectors=vectors,
            spread=spread(vectors, first),
        )

    def __len__(self) -> int:
        return len(self.first) - 1

    def moves_of_wordings(self, added: "Corpus", moves: "Moves") -> "Moves":
        """The moves of the wordings when their entries move so."""
        edges = np.concatenate((self.first, added.first[1:] + self.first[-1]))
        return Moves(edges[moves.begins], edges[moves.ends])

    @property
    def owners(self) -> Ids:
        """Whose each wording is."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.first))

    def rearranged(self, added: "Corpus", moves: "Moves") -> "Corpus":
        """The entries of this one and of the other, as the moves say."""
        wordings = self.moves_of_wordings(added, moves)
        sizes = np.concatenate((np.diff(self.first), np.diff(added.first)))[moves.places]
        return Corpus(
            first=_edges(sizes),
            wordings=wordings.of_list(self.wordings, added.wordings),
            texts=wordings.of_list(self.texts, added.texts),
            sounds=wordings.of_list(self.sounds, added.sounds),
            contrasts=wordings.of_list(self.contrasts, added.contrasts),
            rows=joined((self.rows, added.rows)).between(wordings.begins, wordings.ends),
            answers=joined((self.answers, added.answers)).between(moves.begins, moves.ends),
            answer_words=joined((self.answer_words, added.answer_words)).between(moves.begins, moves.ends),
            vectors=self.vectors.rearranged(added.vectors, wordings.places),
            spread=np.concatenate((self.spread, added.spread))[moves.places],
        )


@dataclass(frozen=True, slots=True)
class Moves:
    """How things are put in a new order: those from each of begins up to the end at the same place.

    Places count on from those that were there to those that are added.
    """

    begins: Places
    ends: Places

    @classmethod
    def between(cls, before: Sequence[Entry], after: Sequence[Entry]) -> tuple["Moves", list[Entry]]:
        """The moves from one set of entries to another, and the entries that have to be added for them.

        An entry stays what it is while its wordings and answer are the same, whatever else is told of it.
        """
        places = {entry.id: at for at, entry in enumerate(before)}
        added: list[Entry] = []
        sources: list[int] = []
        for entry in after:
            at = places.get(entry.id, ADDED)
            if at == ADDED or not _same_words(before[at], entry):
                at = len(before) + len(added)
                added.append(entry)
            sources.append(at)
        return cls.of_places(np.array(sources, np.intp)), added

    @classmethod
    def of_places(cls, places: Places) -> "Moves":
        """The moves to these places, one after the other."""
        breaks = np.flatnonzero(np.diff(places) != 1) + 1
        starts, stops = np.concatenate(([0], breaks)), np.concatenate((breaks, [len(places)]))
        if not len(places):
            return cls(places, places)
        return cls(places[starts], places[stops - 1] + 1)

    def of_list(self, were: list[T], added: list[T]) -> list[T]:
        """The things, moved."""
        together = [*were, *added]
        return list(
            chain.from_iterable(map(together.__getitem__, map(slice, self.begins.tolist(), self.ends.tolist())))
        )

    @property
    def places(self) -> Places:
        """Each place, one after the other."""
        lengths = self.ends - self.begins
        starts = np.cumsum(lengths) - lengths
        places: Places = np.arange(int(lengths.sum())) + np.repeat(self.begins - starts, lengths)
        return places


def _same_words(left: Entry, right: Entry) -> bool:
    return left is right or (
        left.question == right.question and left.similar == right.similar and left.answer == right.answer
    )


def _words_of(rows: Rows, terms: Terms) -> Rows:
    """The rows with their words alone."""
    words = terms.kinds == Kind.WORD
    edges = [*range(0, len(rows), _AT_ONCE), len(rows)]
    parts = (rows.between(np.array([begin]), np.array([end])) for begin, end in pairwise(edges))
    return joined([NO_ROWS, *(part.only(words[part.terms]) for part in parts)])


def _edges(sizes: Iterable[int] | NDArray[np.int64]) -> Places:
    return np.concatenate(([0], np.cumsum(np.fromiter(sizes, np.intp)))).astype(np.intp)


def _contrasts_of(texts: Sequence[str]) -> list[Contrasts]:
    """What each text insists on; equal ones are one object."""
    kept: dict[Contrasts, Contrasts] = {}
    return [kept.setdefault(found, found) for found in map(contrasts, texts)]
