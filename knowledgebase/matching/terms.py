"""Terms and their numbers: characters, pairs of them, words, and the same of their sounds. Pure.

A term is numbered once for everything that looks at it.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from knowledgebase.wording.text import Vocabulary, pinyin, portions

Ids = NDArray[np.int32]
Places = NDArray[np.intp]
Said = tuple[tuple["Kind", list[str]], ...]
UNKNOWN = -1
_FIRST_LETTER = 0xE000


class Kind(IntEnum):
    """What a term is."""

    CHARACTER = 0
    PAIR = 1
    WORD = 2
    SOUND = 3
    SOUND_PAIR = 4


class Field(IntEnum):
    """Terms that are weighed against each other."""

    CHARACTERS = 0
    WORDS = 1
    SOUNDS = 2


FIELD_OF = np.array([Field.CHARACTERS, Field.CHARACTERS, Field.WORDS, Field.SOUNDS, Field.SOUNDS], np.int8)


class Terms:
    """Numbers for terms, from 0, in the order of their first use; only grows. Safe from any thread."""

    def __init__(self) -> None:
        self._numbers: tuple[dict[str, int], ...] = tuple({} for _ in Kind)
        self._kinds = bytearray()
        self._spelt: list[str] = []
        self._growing = threading.Lock()

    def __len__(self) -> int:
        return len(self._kinds)

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The kind of each term, by number."""
        return np.frombuffer(bytes(self._kinds), np.uint8)

    def find(self, kind: Kind, terms: Iterable[str]) -> list[int]:
        """The numbers of terms, UNKNOWN for those that have none."""
        numbers = self._numbers[kind]
        return [numbers.get(term, UNKNOWN) for term in terms]

    def spelt(self, numbers: Iterable[int]) -> list[str]:
        """The terms with these numbers."""
        return [self._spelt[number] for number in numbers]

    def number(self, kind: Kind, terms: Sequence[str]) -> Ids:
        """The numbers of terms, new ones for those that have none."""
        numbers = self._numbers[kind]
        with self._growing:
            found = self._found(kind, terms)
            missing = np.flatnonzero(found == UNKNOWN)
            new = dict.fromkeys(map(terms.__getitem__, missing.tolist()))
            numbers.update(zip(new, range(len(self._kinds), len(self._kinds) + len(new)), strict=True))
            if len(new) < len(missing):
                found = self._found(kind, terms)
            else:
                found[missing] = np.arange(len(self._kinds), len(self._kinds) + len(new))
            self._spelt.extend(new)
            self._kinds.extend(bytes((kind,)) * len(new))
        return found

    def _found(self, kind: Kind, terms: Sequence[str]) -> Ids:
        numbers = self._numbers[kind]
        return np.array([numbers.get(term, UNKNOWN) for term in terms], np.int32)


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as bags of terms, one after the other: row i is terms[starts[i]:starts[i + 1]], how often in counts."""

    starts: NDArray[np.int64]
    terms: Ids
    counts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many different terms each row has."""
        return np.diff(self.starts)

    @property
    def places(self) -> Ids:
        """The row of each term."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def take(self, rows: Places) -> "Rows":
        """Some rows, in the order asked for."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        at = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Rows(starts, self.terms[at], self.counts[at])

    def between(self, begins: Places, ends: Places) -> "Rows":
        """The rows from each of begins up to the end at the same place."""
        if not len(begins):
            return NO_ROWS
        own = [np.diff(self.starts[at : until + 1]) for at, until in zip(begins.tolist(), ends.tolist(), strict=True)]
        parts = list(map(slice, self.starts[begins].tolist(), self.starts[ends].tolist()))
        return Rows(
            np.concatenate((np.zeros(1, np.int64), np.cumsum(np.concatenate(own)))),
            np.concatenate([self.terms[part] for part in parts]),
            np.concatenate([self.counts[part] for part in parts]),
        )

    def only(self, chosen: NDArray[np.bool_]) -> "Rows":
        """The rows without the terms that are not chosen; chosen: one for each term of each row."""
        kept = np.concatenate(([0], np.cumsum(chosen)))
        return Rows(kept[self.starts], self.terms[chosen], self.counts[chosen])


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, one after the other."""
    lengths = np.concatenate([part.lengths for part in parts])
    return Rows(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        np.concatenate([part.terms for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


NO_ROWS = Rows(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))


def terms_of(text: str, vocabulary: Vocabulary) -> Said:
    """The terms of one compacted text, each once, kind after kind in the order of Kind."""
    heard = sound_string(text)
    return tuple(
        (kind, list(dict.fromkeys(found)))
        for kind, found in (
            (Kind.CHARACTER, text),
            (Kind.PAIR, pairs(text)),
            (Kind.WORD, vocabulary.tokens(text)),
            (Kind.SOUND, heard),
            (Kind.SOUND_PAIR, pairs(heard)),
        )
    )


def grams(text: str) -> list[str]:
    """The characters of a text and its pairs of neighbouring characters."""
    return [*text, *pairs(text)]


def pairs(text: str) -> list[str]:
    """Each character of a text with the one after it."""
    return [text[at : at + 2] for at in range(len(text) - 1)]


# --- Sounds -----------------------------------------------------------------------------------------------------

_SYLLABLES: dict[str, str] = {}


class _Letters(dict[int, str]):
    """A letter for each character, the same one for characters that sound the same."""

    def __missing__(self, code: int) -> str:
        syllable = pinyin(chr(code))[0]
        with _GROWING:
            self[code] = syllable if len(syllable) == 1 else _letter_for(syllable)
        return self[code]


def _letter_for(syllable: str) -> str:
    return _SYLLABLES.setdefault(syllable, chr(_FIRST_LETTER + len(_SYLLABLES)))


_LETTERS = _Letters()
_GROWING = threading.Lock()


def sound_string(text: str) -> str:
    """The text with one private character for each syllable, so that equal sounds are equal characters."""
    return text.translate(_LETTERS)


def sound_strings(texts: Sequence[str]) -> list[str]:
    """The texts as sound_string gives them, none of which holds a line end; many at once take a third of the time."""
    return [line for part in portions(texts) for line in _heard(part)]


def _heard(texts: Sequence[str]) -> list[str]:
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le"), "<u4")
    letters = np.bincount(codes).astype("<u4")
    present = np.flatnonzero(letters)
    letters[present] = [ord(sound_string(chr(code))) for code in present.tolist()]
    heard = str(letters[codes].tobytes(), "utf-32-le")
    return heard.split("\n")
