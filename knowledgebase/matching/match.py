"""Candidates for an utterance and what speaks for and against each of them.

Every feature is a share or a yes-or-no, so that a weight means the same in any knowledge base.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from knowledgebase.matching.index import Index, Scores, grams, pairs
from knowledgebase.matching.themes import Nearness, Themes
from knowledgebase.model import Entry
from knowledgebase.wording.contrasts import DIFFERENCES, contrasts, differences
from knowledgebase.wording.text import Vocabulary, compact, pinyin

Floats = NDArray[np.float64]
CANDIDATES = 32
ANSWER_COUNTS = 0.5
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


@dataclass(frozen=True, slots=True)
class _Spelt:
    """Texts as the indexes see them: compacted, as sounds, and as words, in the same order."""

    texts: list[str]
    sounds: list[str]
    words: list[list[str]]

    @property
    def characters(self) -> list[list[str]]:
        return [grams(text) for text in self.texts]

    @property
    def sound_grams(self) -> list[list[str]]:
        return [grams(text) for text in self.sounds]

    @property
    def themes(self) -> list[set[str]]:
        return [
            set(_theme_terms(text, sounds, words))
            for text, sounds, words in zip(self.texts, self.sounds, self.words, strict=True)
        ]


class Matcher:
    """Everything that is worked out once for a set of entries. Never changes."""

    def __init__(self, entries: Sequence[Entry], vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.wordings = [(at, text) for at, e in enumerate(entries) for text in (e.question, *e.similar)]
        self._owner = np.array([at for at, _ in self.wordings], np.intp)
        self._first = np.searchsorted(self._owner, np.arange(len(entries) + 1))
        self._richness = _richness(len(self.wordings), len(entries))
        wordings = self._spell(text for _, text in self.wordings)
        answers = self._spell(entry.answer for entry in entries)
        everyday = self._spell(vocabulary.background)
        self._texts, self._sounds = wordings.texts, wordings.sounds
        self._verbatim = _sole_owners(self._texts, self.wordings)
        self._contrasts = [contrasts(text) for text in self._texts]
        self._characters = Index(wordings.characters, everyday.characters)
        self._words = Index(wordings.words, everyday.words)
        self._sound_grams = Index(wordings.sound_grams, everyday.sound_grams)
        self._entry_characters = Index(self._joined(wordings.characters), everyday.characters)
        self._entry_words = Index(self._joined(wordings.words), everyday.words)
        self._answers = Index(answers.words, everyday.words)
        self._themes = Themes(self._theme_documents(wordings, answers))

    def _spell(self, texts: Iterable[str]) -> _Spelt:
        compacted = [compact(text) for text in texts]
        return _Spelt(
            texts=compacted,
            sounds=[_sound_string(text) for text in compacted],
            words=[self.vocabulary.tokens(text) for text in compacted],
        )

    def verbatim(self, utterance: str) -> int | None:
        """The entry of which this is a wording, letter for letter; None for a wording of none or of several."""
        return self._verbatim.get(compact(utterance))

    def candidates(self, utterance: str) -> Candidates:
        """The entries nearest to the utterance, in the order of the knowledge base, at most CANDIDATES."""
        asked = compact(utterance)
        heard = _sound_string(asked)
        found = _Found(
            characters=self._characters.score(grams(asked)),
            words=self._words.score(words := self.vocabulary.tokens(asked)),
            sounds=self._sound_grams.score(grams(heard)),
            entry_characters=self._entry_characters.score(grams(asked)),
            entry_words=self._entry_words.score(words),
            answers=self._answers.score(words),
            themes=self._themes.nearness(_theme_terms(asked, heard, words)),
        )
        rough = found.rough()
        chosen = self._choose_entries(rough, found)
        wordings, starts = self._choose_wordings(chosen, rough)
        similarities = self._similarities(asked, heard, wordings, found)
        nearest = _nearest(similarities.sum(axis=1), starts)
        return Candidates(
            asked=asked,
            entries=chosen,
            nearest=wordings[nearest],
            features=np.column_stack(
                (
                    np.maximum.reduceat(similarities, starts) if len(starts) else similarities[:0],
                    found.of_entries(chosen, self._richness),
                    self._differences(asked, chosen, wordings[nearest]),
                )
            ),
            unseen=(found.characters.unseen, found.words.unseen),
        )

    def holds_word(self, word: str) -> bool:
        """Whether a wording of any entry holds this word, as the vocabulary's tokens give it."""
        return self._words.holds(word)

    def holds_characters(self, characters: str) -> bool:
        """Whether a wording of any entry holds this character, or these two side by side."""
        return self._characters.holds(characters)

    def _joined(self, bags: list[list[str]]) -> list[list[str]]:
        """The terms of all wordings of each entry together."""
        joined: list[list[str]] = [[] for _ in range(len(self._first) - 1)]
        for owner, bag in zip(self._owner, bags, strict=True):
            joined[owner].extend(bag)
        return joined

    def _theme_documents(self, wordings: _Spelt, answers: _Spelt) -> list[dict[str, float]]:
        """For each entry its terms: one for each wording that holds it, a part of one for the answer."""
        documents: list[dict[str, float]] = [defaultdict(float) for _ in answers.texts]
        for owner, terms in zip(self._owner, wordings.themes, strict=True):
            for term in terms:
                documents[owner][term] += 1
        for document, terms in zip(documents, answers.themes, strict=True):
            for term in terms:
                document[term] += ANSWER_COUNTS
        return documents

    def _choose_entries(self, rough: Floats, found: "_Found") -> NDArray[np.intp]:
        """The most promising entries by their best wording and by all their wordings together."""
        if not len(rough) or not rough.any():
            return np.empty(0, np.intp)
        best = np.maximum.reduceat(rough, self._first[:-1])
        promise = best + 0.5 * (found.entry_characters.bm25 + found.entry_words.bm25)
        return np.sort(np.argsort(-promise, kind="stable")[:CANDIDATES])

    def _choose_wordings(self, chosen: NDArray[np.intp], rough: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The best wordings of each chosen entry, entry after entry, and where each entry begins."""
        parts = []
        for entry in chosen:
            own = np.arange(self._first[entry], self._first[entry + 1])
            parts.append(own[np.argsort(-rough[own], kind="stable")[:WORDINGS_OF_ONE]])
        starts = np.cumsum([0, *(len(part) for part in parts)])[:-1]
        return (np.concatenate(parts) if parts else np.empty(0, np.intp)), starts.astype(np.intp)

    def _similarities(self, asked: str, heard: str, wordings: NDArray[np.intp], found: "_Found") -> Floats:
        texts = [self._texts[at] for at in wordings]
        sounds = [self._sounds[at] for at in wordings]
        return np.column_stack(
            (
                found.of_wordings(wordings),
                process.cdist([asked], texts, scorer=fuzz.ratio)[0] / 100,
                process.cdist([asked], texts, scorer=fuzz.partial_ratio)[0] / 100,
                process.cdist([heard], sounds, scorer=fuzz.ratio)[0] / 100,
            )
        )

    def _differences(self, asked: str, chosen: NDArray[np.intp], nearest: NDArray[np.intp]) -> Floats:
        insists = contrasts(asked)
        rows = [
            (
                *differences(insists, self._contrasts[wording]),
                float(insists.denies != self._contrasts[self._first[entry]].denies),
                _length_difference(asked, self._texts[wording]),
            )
            for entry, wording in zip(chosen, nearest, strict=True)
        ]
        return np.array(rows, float).reshape(len(rows), len(DIFFERENCES) + 2)


@dataclass(frozen=True, slots=True)
class _Found:
    """What each index says about one utterance."""

    characters: Scores
    words: Scores
    sounds: Scores
    entry_characters: Scores
    entry_words: Scores
    answers: Scores
    themes: Nearness

    def rough(self) -> Floats:
        """A first guess at how near each wording is."""
        lexical = self.characters.bm25 + self.words.bm25 + self.sounds.bm25
        return lexical + 0.5 * (self.characters.document_share + self.words.document_share)

    def of_wordings(self, wordings: NDArray[np.intp]) -> Floats:
        """The index features of some wordings, in the order of SIMILARITIES."""
        columns = (
            self.characters.bm25,
            self.characters.query_share,
            self.characters.document_share,
            self.words.bm25,
            self.words.query_share,
            self.words.document_share,
            self.sounds.bm25,
        )
        return np.column_stack([column[wordings] for column in columns])

    def of_entries(self, entries: NDArray[np.intp], richness: float) -> Floats:
        """The index features of some entries, in the order of OF_ENTRY."""
        columns = (
            self.entry_characters.bm25,
            self.entry_words.bm25,
            self.entry_characters.query_share,
            self.entry_words.query_share,
            self.answers.query_share,
            self.themes.broad * richness,
            self.themes.middle * richness,
            self.themes.fine * richness,
        )
        return np.column_stack([column[entries] for column in columns])


def _sole_owners(texts: Iterable[str], wordings: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Which entry each compacted wording belongs to, of those that belong to one alone."""
    owners: dict[str, set[int]] = {}
    for text, (at, _) in zip(texts, wordings, strict=True):
        owners.setdefault(text, set()).add(at)
    return {text: at for text, found in owners.items() if len(found) == 1 for at in found}


def _richness(wordings: int, entries: int) -> float:
    """How far themes can be trusted: 0 with one wording for each entry, near 1 with many of many entries."""
    similar = (wordings - entries) / max(entries, 1)
    return similar / (similar + 2) * entries / (entries + 30)


def _nearest(nearness: Floats, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The place of the nearest wording of each entry."""
    edges = [*starts, len(nearness)]
    return np.array([start + int(np.argmax(nearness[start:end])) for start, end in pairwise(edges)], np.intp)


def _length_difference(left: str, right: str) -> float:
    return abs(len(left) - len(right)) / max(len(left), len(right), 1)


def _theme_terms(text: str, sounds: str, words: list[str]) -> list[str]:
    """Pairs of characters, pairs of sounds and words, the last two marked so that they stay apart."""
    return [*pairs(text), *("/" + pair for pair in pairs(sounds)), *("=" + word for word in words)]


_SYLLABLES: dict[str, str] = {}


def _sound_string(text: str) -> str:
    """The text with one private character for each syllable, so that equal sounds are equal characters."""
    return "".join(_letter_for(syllable) for syllable in pinyin(text))


def _letter_for(syllable: str) -> str:
    if len(syllable) == 1:
        return syllable
    return _SYLLABLES.setdefault(syllable, chr(0xE000 + len(_SYLLABLES)))
