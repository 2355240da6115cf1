"""Texts as rows of numbered terms, many at once. Pure.

A chunk at a time, so that nobody who shares the interpreter waits long.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from knowledgebase.matching.terms import NO_ROWS, UNKNOWN, Ids, Kind, Places, Rows, Terms, joined, sound_string
from knowledgebase.wording.cutting import END, UNLISTED, Codes, Cut, Cutter, cutter_of, spread
from knowledgebase.wording.text import Vocabulary, portions

CHUNK_CHARS = 200_000
# Fewer characters than this are cut one by one: that is sooner done than a whole dictionary turned into arrays.
FEW = 20_000
_HALF, _LOW = 32, 0xFFFFFFFF


def read_rows(texts: Sequence[str], vocabulary: Vocabulary, terms: Terms) -> Rows:
    """The rows of compacted texts; their terms get numbers."""
    reader = _Reader(vocabulary, terms, few=sum(map(len, texts)) < FEW)
    return joined([NO_ROWS, *map(reader.read, portions(texts, CHUNK_CHARS))])


class _Reader:
    """Reads chunk after chunk, and remembers which number each term has got."""

    def __init__(self, vocabulary: Vocabulary, terms: Terms, few: bool) -> None:
        self._vocabulary = vocabulary
        self._terms = terms
        self._cutter = None if few else cutter_of(vocabulary.tokenizer)
        self._listed = np.full(0 if self._cutter is None else len(self._cutter.words), UNKNOWN, np.int32)
        self._fillers = np.sort(terms.number(Kind.WORD, sorted(vocabulary.stop_words)))
        self._characters = _Numbers(terms, Kind.CHARACTER, Kind.SOUND)
        self._pairs = _Numbers(terms, Kind.PAIR, Kind.SOUND_PAIR)

    def read(self, texts: Sequence[str]) -> Rows:
        """The rows of a chunk."""
        said = spread(texts)
        words = self._one_by_one(texts) if self._cutter is None else self._words(said, self._cutter)
        return _counted(np.concatenate((*self._grams(said), words)), len(texts))

    def _grams(self, characters: Codes) -> Iterator[Codes]:
        """The keys of the characters of texts and of their pairs, as they are written and as they sound."""
        inside = characters != END
        rows = np.cumsum(~inside)
        together = np.flatnonzero(inside[:-1] & inside[1:])
        both = (characters[together] << _HALF) | characters[together + 1]
        for numbers, at, codes in (
            (self._characters, rows[inside], characters[inside]),
            (self._pairs, rows[together], both),
        ):
            said, heard = numbers.of(codes)
            yield _keys(at, said)
            yield _keys(at, heard)

    def _one_by_one(self, texts: Sequence[str]) -> Codes:
        """The keys of the texts' words, of few texts."""
        words = [self._vocabulary.tokens(text) for text in texts]
        numbers = self._terms.number(Kind.WORD, [word for each in words for word in each])
        return _keys(np.repeat(np.arange(len(texts)), [len(each) for each in words]), numbers)

    def _words(self, characters: Codes, cutter: Cutter) -> Codes:
        """The keys of the texts' words; of a text that is all fillers, all of them."""
        cut = cutter.cut(characters)
        numbers = self._numbers_of(cut, characters, cutter)
        filler = np.isin(numbers, self._fillers)
        some = np.bincount(cut.texts[~filler], minlength=int(np.count_nonzero(characters == END)))
        kept = ~filler | (some[cut.texts] == 0)
        return _keys(cut.texts[kept], numbers[kept])

    def _numbers_of(self, cut: Cut, characters: Codes, cutter: Cutter) -> Ids:
        """The number of each word's meaning."""
        unlisted = np.flatnonzero(cut.listed == UNLISTED)
        listed = np.where(cut.listed == UNLISTED, 0, cut.listed)
        new = np.unique(listed[self._listed[listed] == UNKNOWN])
        self._listed[new] = self._meanings([cutter.words[each] for each in new.tolist()])
        numbers = self._listed[listed]
        spans = zip(cut.starts[unlisted].tolist(), cut.lengths[unlisted].tolist(), strict=True)
        numbers[unlisted] = self._meanings(["".join(map(chr, characters[at : at + size])) for at, size in spans])
        return numbers

    def _meanings(self, words: Sequence[str]) -> Ids:
        synonyms = self._vocabulary.synonyms
        return self._terms.number(Kind.WORD, [synonyms.get(word, word) for word in words])


class _Numbers:
    """The numbers of characters, or of pairs of them, and of how they sound. Each is looked up once."""

    def __init__(self, terms: Terms, said: Kind, heard: Kind) -> None:
        self._terms = terms
        self._kinds = said, heard
        self._codes = np.empty(0, np.int64)
        self._said, self._heard = np.empty((2, 0), np.int32)

    def of(self, codes: Codes) -> tuple[Ids, Ids]:
        """The numbers of characters, or of pairs with the first one in the upper half, as said and as heard."""
        unique, inverse = np.unique(codes, return_inverse=True)
        at = np.searchsorted(self._codes, unique)
        new = np.ones(len(unique), bool)
        inside = at < len(self._codes)
        new[inside] = self._codes[at[inside]] != unique[inside]
        self._learn(unique[new], at[new])
        at = np.searchsorted(self._codes, unique)
        return self._said[at][inverse], self._heard[at][inverse]

    def _learn(self, codes: Codes, at: Places) -> None:
        """Number new ones, each of which belongs before the place given."""
        size = 1 if self._kinds[0] is Kind.CHARACTER else 2
        halves = np.stack((codes >> _HALF, codes & _LOW), axis=1)[:, -size:]
        said = halves.astype("<u4").tobytes().decode("utf-32-le")
        heard = sound_string(said)
        self._codes = np.insert(self._codes, at, codes)
        self._said = np.insert(self._said, at, self._number(said, size, self._kinds[0]))
        self._heard = np.insert(self._heard, at, self._number(heard, size, self._kinds[1]))

    def _number(self, together: str, size: int, kind: Kind) -> Ids:
        """The numbers of terms of one size, which are given one after the other."""
        return self._terms.number(kind, [together[at : at + size] for at in range(0, len(together), size)])


def _counted(keys: Codes, rows: int) -> Rows:
    """Rows of (row, term) keys, each as often as it occurs."""
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys))
    starts = np.searchsorted(keys[first], np.arange(rows + 1) << _HALF)
    return Rows(starts.astype(np.int64), (keys[first] & _LOW).astype(np.int32), counts.astype(np.uint8))


def _keys(rows: Places, terms: Ids) -> Codes:
    keys: Codes = (rows << _HALF) | terms
    return keys
