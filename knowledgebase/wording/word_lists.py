"""The word lists as an operator has them: the shipped lines, some of them switched off, and own ones beside them.

A list is data of three kinds: groups of synonyms, words that have to be kept whole, words that say nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from weakref import WeakValueDictionary

import jieba

from knowledgebase.wording.contrasts import are_opposites
from knowledgebase.wording.text import (
    DATA,
    Vocabulary,
    compact,
    normalise,
    read_lines,
    shipped_vocabulary,
    tokenizer_of,
)

LONGEST_WORD = 20
MOST_WORDS = 30
MOST_OWN = 2_000


class WordList(StrEnum):
    """A list of words; the value is also the name of its shipped file."""

    SYNONYMS = "synonyms"
    DICTIONARY = "user_dictionary"
    STOP_WORDS = "stop_words"


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operator made of a shipped list: own lines, as clean() spells them, and shipped ones switched off."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


UNCHANGED: Mapping[WordList, Changes] = {each: Changes() for each in WordList}
Lists = Mapping[WordList, Changes]
Whole = Callable[[str], str | None]


class Flaw(StrEnum):
    """Why a line cannot be in its list."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY_WORDS = "too_many_words"
    TOO_MANY_LINES = "too_many_lines"
    TOO_SHORT = "too_short"
    ALONE = "alone"
    SEVERAL = "several"
    TWICE = "twice"
    IN_TWO_GROUPS = "in_two_groups"
    OPPOSITES = "opposites"
    STOP_WORD = "stop_word"
    SYNONYM = "synonym"
    WHOLE_QUESTION = "whole_question"


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that cannot be in its list, why, and the word and the other line that it is about."""

    line: str
    flaw: Flaw
    word: str = ""
    other: str = ""


class Part(StrEnum):
    """What becomes of a word of a sentence."""

    KEPT = "kept"
    REPLACED = "replaced"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Reading:
    """A word of a sentence as the matcher reads it; stands_for is the first word of its group of synonyms."""

    word: str
    part: Part
    stands_for: str = ""


@cache
def shipped(which: WordList) -> tuple[str, ...]:
    """The lines of a list as they are shipped, in order."""
    return tuple(read_lines(DATA / f"{which}.txt"))


def clean(text: str) -> tuple[str, ...]:
    """The lines that somebody typed, each word as the matcher spells it, each line once, blank ones left out."""
    lines = (" ".join(compact(word) or word for word in normalise(line).split()) for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def in_force(which: WordList, changes: Changes) -> tuple[str, ...]:
    """The lines of a list with the changes: shipped ones first, each once."""
    off = frozenset(changes.removed)
    kept = [line for line in shipped(which) if line not in off]
    return tuple(dict.fromkeys((*kept, *changes.added)))


def vocabulary_of(lists: Lists) -> Vocabulary:
    """The vocabulary with these changes. Tokenizers are shared among all that need the same one."""
    groups = [line.split() for line in in_force(WordList.SYNONYMS, lists[WordList.SYNONYMS])]
    return replace(
        shipped_vocabulary(),
        tokenizer=_tokenizer(lists),
        stop_words=frozenset(in_force(WordList.STOP_WORDS, lists[WordList.STOP_WORDS])),
        synonyms={word: group[0] for group in groups for word in group},
    )


def read(vocabulary: Vocabulary, text: str) -> list[Reading]:
    """How a sentence is read with this vocabulary, word by word."""
    words = vocabulary.cut(compact(text))
    replaced = [vocabulary.synonyms.get(word, word) for word in words]
    saying = any(word not in vocabulary.stop_words for word in replaced)
    return [
        _reading(word, other, saying and other in vocabulary.stop_words)
        for word, other in zip(words, replaced, strict=True)
    ]


def problems(which: WordList, lists: Lists, whole: Whole = lambda line: None) -> list[LineProblem]:
    """What is wrong with the own lines of a list, beside the other lists.

    Of more lines than a list may have nothing else is told. whole gives the published question that a line is, letter
    for letter, or None.
    """
    own = lists[which].added
    if len(own) > MOST_OWN:
        return [LineProblem(own[MOST_OWN], Flaw.TOO_MANY_LINES)]
    beside = _Beside.of(lists, whole)
    return [problem for line in own for problem in _CHECKS[which](line, beside)]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a line is held against: words that say nothing, and the groups of synonyms that hold a word."""

    stop_words: frozenset[str]
    groups: Mapping[str, Sequence[str]]
    whole: Whole

    @classmethod
    def of(cls, lists: Lists, whole: Whole) -> "_Beside":
        groups: dict[str, list[str]] = {}
        for line in in_force(WordList.SYNONYMS, lists[WordList.SYNONYMS]):
            for word in dict.fromkeys(line.split()):
                groups.setdefault(word, []).append(line)
        return cls(frozenset(in_force(WordList.STOP_WORDS, lists[WordList.STOP_WORDS])), groups, whole)


def _reading(word: str, other: str, ignored: bool) -> Reading:
    if ignored:
        return Reading(word, Part.IGNORED)
    return Reading(word, Part.KEPT if word == other else Part.REPLACED, "" if word == other else other)


def _synonym_problems(line: str, beside: _Beside) -> Iterator[LineProblem]:
    words = line.split()
    if len(words) > MOST_WORDS:
        yield LineProblem(line, Flaw.TOO_MANY_WORDS)
        return
    if len(words) < 2:
        yield LineProblem(line, Flaw.ALONE)
    yield from (LineProblem(line, Flaw.TWICE, word) for word in dict.fromkeys(words) if words.count(word) > 1)
    yield from _shape_problems(line, words)
    yield from (LineProblem(line, Flaw.STOP_WORD, word) for word in words if word in beside.stop_words)
    others: dict[str, str] = {}
    for word in words:
        for other in beside.groups.get(word, ()):
            others.setdefault(other, word)
    yield from (LineProblem(line, Flaw.IN_TWO_GROUPS, word, other) for other, word in others.items() if other != line)
    opposed = [(one, two) for place, one in enumerate(words) for two in words[place + 1 :] if are_opposites(one, two)]
    yield from (LineProblem(line, Flaw.OPPOSITES, one, two) for one, two in opposed[:1])


def _dictionary_problems(line: str, beside: _Beside) -> Iterator[LineProblem]:
    yield from _single(line)
    if len(line) < 2:
        yield LineProblem(line, Flaw.TOO_SHORT, line)
    if line in beside.stop_words:
        yield LineProblem(line, Flaw.STOP_WORD, line)


def _stop_word_problems(line: str, beside: _Beside) -> Iterator[LineProblem]:
    yield from _single(line)
    yield from (LineProblem(line, Flaw.SYNONYM, line, group) for group in beside.groups.get(line, ()))
    if (question := beside.whole(line)) is not None:
        yield LineProblem(line, Flaw.WHOLE_QUESTION, line, question)


def _single(line: str) -> Iterator[LineProblem]:
    words = line.split()
    if len(words) > 1:
        yield LineProblem(line, Flaw.SEVERAL)
    yield from _shape_problems(line, words)


def _shape_problems(line: str, words: list[str]) -> Iterator[LineProblem]:
    yield from (LineProblem(line, Flaw.TOO_LONG, word) for word in words if len(word) > LONGEST_WORD)
    yield from (LineProblem(line, Flaw.EMPTY, word) for word in words if not compact(word))


_CHECKS = {
    WordList.SYNONYMS: _synonym_problems,
    WordList.DICTIONARY: _dictionary_problems,
    WordList.STOP_WORDS: _stop_word_problems,
}

_shared: WeakValueDictionary[tuple[str, ...], jieba.Tokenizer] = WeakValueDictionary()


def _tokenizer(lists: Lists) -> jieba.Tokenizer:
    """The tokenizer for these lists: the shipped one while it already cuts every own word out.

    The words of a group of synonyms that is switched off stay whole; only a dictionary word can be unlearned.
    """
    known = shipped_vocabulary()
    own = [*lists[WordList.DICTIONARY].added, *(w for line in lists[WordList.SYNONYMS].added for w in line.split())]
    unknown = tuple(dict.fromkeys(word for word in own if known.cut(word) != [word]))
    off = frozenset(lists[WordList.DICTIONARY].removed) & frozenset(shipped(WordList.DICTIONARY))
    if not unknown and not off:
        return known.tokenizer
    groups = (word for line in shipped(WordList.SYNONYMS) for word in line.split())
    words = (*(word for word in shipped(WordList.DICTIONARY) if word not in off), *groups, *unknown)
    if (shared := _shared.get(words)) is not None:
        return shared
    made = tokenizer_of(words) if off else _grown(known.tokenizer, unknown)
    _shared[words] = made
    return made


def _grown(tokenizer: jieba.Tokenizer, words: tuple[str, ...]) -> jieba.Tokenizer:
    """A tokenizer that also knows these words; the one it grew from is in use and stays as it is."""
    grown = jieba.Tokenizer()
    grown.FREQ, grown.total, grown.initialized = dict(tokenizer.FREQ), tokenizer.total, True
    for word in words:
        grown.add_word(word)
    return grown
