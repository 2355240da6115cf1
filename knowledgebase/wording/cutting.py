"""Many texts cut into words at once, exactly as jieba cuts each of them (without its guesses at unknown words).

All positions of all texts are looked up in the dictionary together, and the likeliest cut is worked out from the
texts' ends, one position of every text at a time. jieba 0.42.1, jieba/__init__.py: get_DAG, calc,
__cut_DAG_NO_HMM.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import jieba
import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Places = NDArray[np.intp]
END = 0
# A word that the dictionary does not have: a single character, or letters and digits in a row.
UNLISTED = -1
_ROOT = 0
_EMPTY = -1
_CHARACTER = 21
_NEVER = -math.inf
_LETTERS = (("a", "z"), ("A", "Z"), ("0", "9"))


def spread(texts: Sequence[str]) -> Codes:
    """The characters of all texts as numbers, END after each text."""
    return np.frombuffer("\0".join((*texts, "")).encode("utf-32-le"), np.uint32).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Cut:
    """Words of several texts, text after text.

    starts and lengths: where each word stands among the characters of spread; listed: its number in the
    dictionary, UNLISTED if it has none; texts: whose it is.
    """

    starts: Places
    lengths: Places
    listed: NDArray[np.int32]
    texts: Places


class Cutter:
    """The dictionary of a tokenizer as arrays; never changes. words: all that it lists, by number."""

    def __init__(self, tokenizer: jieba.Tokenizer) -> None:
        self.words: list[str] = list(tokenizer.FREQ)
        counts = list(tokenizer.FREQ.values())
        total = math.log(tokenizer.total)
        self._chances = np.array([math.log(count) - total if count else _NEVER for count in counts])
        self._unlisted = math.log(1) - total
        self._keys, self._children = _hashed(self._edges())
        self._apart = ~_table("+#&._%-", ("\u4e00", "\u9fd5"), *_LETTERS)
        self._plain = _table("", *_LETTERS)

    def cut(self, characters: Codes) -> Cut:
        """The words of the texts whose characters these are (see spread)."""
        ends = np.flatnonzero(characters == END)
        chances, listed = self._look_up(characters)
        lengths = _likeliest(chances, ends, self._apart[characters])
        starts = _follow(lengths, ends)
        starts = self._together(characters, starts, lengths)
        lengths = np.minimum(np.diff(starts, append=len(characters)), ends[np.searchsorted(ends, starts)] - starts)
        number = np.full(len(starts), UNLISTED, np.int32)
        short = lengths <= listed.shape[1]
        number[short] = listed[starts[short], lengths[short] - 1]
        return Cut(starts, lengths, number, np.searchsorted(ends, starts))

    def _edges(self) -> Codes:
        """For each beginning of a word, by its number, a key: the beginning without its last character, and this."""
        numbers = {word: number for number, word in enumerate(self.words)}
        parents = [numbers.get(word[:-1], _ROOT - 1) + 1 for word in self.words]
        last = np.frombuffer("".join(word[-1] for word in self.words).encode("utf-32-le"), np.uint32)
        return (np.array(parents, np.int64) << _CHARACTER) | last.astype(np.int64)

    def _longer(self, keys: Codes) -> NDArray[np.int32]:
        """The number of the beginning with each key, UNLISTED if there is none."""
        place = _hash(keys, len(self._keys))
        found = np.full(len(keys), UNLISTED, np.int32)
        looking = np.arange(len(keys))
        while len(looking):
            here = self._keys[place]
            same = here == keys[looking]
            found[looking[same]] = self._children[place[same]]
            on = ~same & (here != _EMPTY)
            looking, place = looking[on], (place[on] + 1) & (len(self._keys) - 1)
        return found

    def _look_up(self, characters: Codes) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """For each position and length the chance of the word there and its number."""
        size = len(characters)
        codes = np.where(self._apart[characters], END, characters)
        at = np.flatnonzero(codes)
        node = np.full(len(at), _ROOT, np.int64)
        chances: list[NDArray[np.float64]] = []
        listed: list[NDArray[np.int32]] = []
        while True:
            offset = len(chances)
            inside = at + offset < size
            at, node = at[inside], node[inside]
            number = self._longer((node << _CHARACTER) | codes[at + offset])
            known = number != UNLISTED
            at, number = at[known], number[known]
            if not len(at) and chances:
                break
            column, numbers = np.full(size, _NEVER), np.full(size, UNLISTED, np.int32)
            column[at] = self._chances[number]
            numbers[at] = np.where(column[at] > _NEVER, number, UNLISTED)
            chances.append(column)
            listed.append(numbers)
            node = number.astype(np.int64) + 1
        found = np.column_stack(chances)
        alone = found.max(axis=1) == _NEVER
        found[alone, 0] = self._unlisted
        return found, np.column_stack(listed)

    def _together(self, characters: Codes, starts: Places, lengths: Places) -> Places:
        """The starts without those of single letters and digits behind another one."""
        plain = self._plain[characters[starts]] & (lengths[starts] == 1)
        behind = np.zeros(len(starts), bool)
        behind[1:] = plain[1:] & plain[:-1] & (starts[1:] == starts[:-1] + 1)
        return starts[~behind]


_CUTTERS: WeakKeyDictionary[jieba.Tokenizer, Cutter] = WeakKeyDictionary()


def cutter_of(tokenizer: jieba.Tokenizer) -> Cutter:
    """The cutter of a tokenizer, made at its first use (about half a second)."""
    found = _CUTTERS.get(tokenizer)
    if found is None:
        found = _CUTTERS[tokenizer] = Cutter(tokenizer)
    return found


def _hashed(keys: Codes) -> tuple[Codes, NDArray[np.int32]]:
    """A table of different keys with their places: each key stands where _hash says or in the next free slot."""
    size = 1 << (4 * len(keys)).bit_length()
    table, places = np.full(size, _EMPTY, np.int64), np.zeros(size, np.int32)
    waiting, slot = np.arange(len(keys)), _hash(keys, size)
    while len(waiting):
        free = np.flatnonzero(table[slot] == _EMPTY)
        _, first = np.unique(slot[free], return_index=True)
        taken = free[first]
        table[slot[taken]], places[slot[taken]] = keys[waiting[taken]], waiting[taken]
        left = np.ones(len(waiting), bool)
        left[taken] = False
        waiting, slot = waiting[left], (slot[left] + 1) & (size - 1)
    return table, places


def _hash(keys: Codes, size: int) -> Codes:
    """A slot for each key, by multiplication (Knuth, The Art of Computer Programming, 6.4)."""
    mixed = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(65 - size.bit_length())).astype(np.int64)


def _likeliest(chances: NDArray[np.float64], ends: Places, apart: NDArray[np.bool_]) -> Places:
    """How long the word is that begins at each position, in the likeliest cut from there to the text's end.

    What stands before a character apart is cut as if the text ended there.
    """
    widest = chances.shape[1]
    longest_first = np.ascontiguousarray(chances[:, ::-1])
    behind = np.arange(widest, 0, -1)
    best = np.zeros(len(chances) + widest)
    chosen = np.zeros(len(chances), np.intp)
    begins = np.concatenate(([0], ends + 1))[:-1]
    order = np.argsort(begins - ends, kind="stable")
    sizes = (ends - begins)[order]
    last = ends[order]
    for step in range(1, int(sizes[0]) + 1 if len(sizes) else 1):
        at = last[: int(np.searchsorted(-sizes, -step, side="right"))] - step
        worth = longest_first[at] + best[at[:, None] + behind]
        choice = np.argmax(worth, axis=1)
        best[at] = np.where(apart[at], 0.0, worth[np.arange(len(at)), choice])
        chosen[at] = widest - choice
    return chosen


def _follow(lengths: Places, ends: Places) -> Places:
    """The positions at which words begin, word after word from each text's beginning."""
    begins = np.zeros(len(lengths), bool)
    at = np.concatenate(([0], ends + 1))[:-1]
    while len(at := at[lengths[at] > 0]):
        begins[at] = True
        at = at + lengths[at]
    return np.flatnonzero(begins)


def _table(characters: str, *ranges: tuple[str, str]) -> NDArray[np.bool_]:
    """Whether each character is one of these or in one of the ranges."""
    table = np.zeros(0x110000, bool)
    table[np.array([ord(each) for each in characters], np.intp)] = True
    for first, last in ranges:
        table[ord(first) : ord(last) + 1] = True
    return table
