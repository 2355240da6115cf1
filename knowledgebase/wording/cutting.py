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
    listed: NDArray[np.int64]
    texts: Places


class Cutter:
    """The dictionary of a tokenizer as arrays; never changes. words: all that it lists, by number."""

    def __init__(self, tokenizer: jieba.Tokenizer) -> None:
        self.words: list[str] = list(tokenizer.FREQ)
        counts = list(tokenizer.FREQ.values())
        total = math.log(tokenizer.total)
        self._chances = np.array([math.log(count) - total if count else _NEVER for count in counts])
        self._unlisted = math.log(1) - total
        keys, children = self._edges()
        order = np.argsort(keys)
        self._keys, self._children = keys[order], children[order]
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
        number = np.full(len(starts), UNLISTED, np.int64)
        short = lengths <= listed.shape[1]
        number[short] = listed[starts[short], lengths[short] - 1]
        return Cut(starts, lengths, number, np.searchsorted(ends, starts))

    def _edges(self) -> tuple[Codes, NDArray[np.int64]]:
        """For each beginning of a word and the character after it a key, and the longer beginning's number."""
        numbers = {word: number for number, word in enumerate(self.words)}
        parents = [numbers.get(word[:-1], _ROOT - 1) + 1 for word in self.words]
        last = np.frombuffer("".join(word[-1] for word in self.words).encode("utf-32-le"), np.uint32)
        return (np.array(parents, np.int64) << _CHARACTER) | last.astype(np.int64), np.arange(len(self.words))

    def _look_up(self, characters: Codes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """For each position and length the chance of the word there and its number."""
        size = len(characters)
        at, node = np.flatnonzero((characters != END) & ~self._apart[characters]), np.full(size, _ROOT, np.int64)
        node = node[at]
        chances: list[NDArray[np.float64]] = []
        listed: list[NDArray[np.int64]] = []
        while True:
            offset = len(chances)
            inside = at + offset < size
            at, node = at[inside], node[inside]
            key = (node << _CHARACTER) | characters[at + offset]
            place = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
            known = (self._keys[place] == key) & ~self._apart[characters[at + offset]]
            at, number = at[known], self._children[place[known]]
            if not len(at) and chances:
                break
            column, numbers = np.full(size, _NEVER), np.full(size, UNLISTED)
            column[at] = self._chances[number]
            numbers[at] = np.where(column[at] > _NEVER, number, UNLISTED)
            chances.append(column)
            listed.append(numbers)
            node = number + 1
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
