"""What two questions may differ in although nearly every word is the same.

Numbers with units, codes such as model names, negation, opposites, and what is asked for (a price, a time, a
way, a place). Each is worked out once for a text; comparing two is a few integer operations.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from knowledgebase.wording.quantities import amounts

DATA = Path(__file__).parent.parent / "data"
_CODE = re.compile(r"(?<![a-z0-9])(?:[a-z]{1,3}-?\d{1,4}|\d{1,3}[a-z]{1,2})(?![a-z0-9])")
_ASKED_BOTH_WAYS = re.compile(r"(\w)[不没]\1|是否|能否|可否|有无|与否|没有(?=\W|$)|[不没](?=\W|$)")
_NOT_A_DENIAL = re.compile(
    r"不知道?|不好意思|不小心|差不多|不同|不错|不管|不论|不过|不懂|不明白|不清楚|不会是|不光|不仅|没事"
)
_DENIAL = re.compile(r"[不没未别勿甭]|无法|拒绝|失败")
_DIGIT = re.compile(r"\d")
_SMALLEST_BARE_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Contrasts:
    """What a text insists on. left and right: a bit for each side of an opposite; asks: a bit for each kind."""

    amounts: frozenset[tuple[str, float]]
    codes: frozenset[str]
    denies: bool
    left: int
    right: int
    asks: int


class Topic(StrEnum):
    """What two texts can contradict or confirm each other in.

    QUESTION_DENIAL: of an utterance and the first question of an entry, where another wording is nearer.
    """

    AMOUNT = "amount"
    CODE = "code"
    DENIAL = "denial"
    QUESTION_DENIAL = "question_denial"
    OPPOSITE = "opposite"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One thing in which two texts contradict or confirm each other, with the words of each that show it."""

    topic: Topic
    agrees: bool
    asked: tuple[str, ...]
    wording: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The shipped word lists: pairs of opposite words and kinds of questions, as patterns.

    bits: the words by their first character, each with a bit for every left side, right side and kind it is of.
    """

    left: tuple[re.Pattern[str], ...]
    right: tuple[re.Pattern[str], ...]
    kinds: tuple[re.Pattern[str], ...]
    bits: Mapping[str, tuple[tuple[str, tuple[int, int, int]], ...]]

    def found_in(self, compacted: str) -> tuple[int, int, int]:
        """A bit for each left side, right side and kind of which the text has a word."""
        left = right = asks = 0
        for character in self.bits.keys() & set(compacted):
            for word, bits in self.bits[character]:
                if word in compacted:
                    left, right, asks = left | bits[0], right | bits[1], asks | bits[2]
        return left, right, asks


def contrasts(compacted: str) -> Contrasts:
    """What a compacted text (see text.compact) insists on."""
    left, right, asks = _shipped_words().found_in(compacted)
    numbers = _DIGIT.search(compacted) is not None
    return Contrasts(
        amounts=_telling_amounts(compacted) if numbers else frozenset(),
        codes=frozenset(_CODE.findall(compacted)) if numbers else frozenset(),
        denies=_denies(compacted),
        left=left,
        right=right,
        asks=asks,
    )


def differences(asked: Contrasts, wording: Contrasts) -> tuple[float, ...]:
    """How an utterance and a wording contradict or confirm each other, in the order of DIFFERENCES."""
    opposed = (asked.left & ~asked.right & wording.right & ~wording.left) | (
        asked.right & ~asked.left & wording.left & ~wording.right
    )
    return (
        float(_contradict(asked.amounts, wording.amounts)),
        float(bool(asked.amounts & wording.amounts)),
        float(bool(asked.codes and wording.codes and not asked.codes & wording.codes)),
        float(bool(asked.codes & wording.codes)),
        float(bool(wording.codes and not asked.codes)),
        float(asked.denies != wording.denies),
        float(opposed != 0),
        float(bool(asked.asks and wording.asks and not asked.asks & wording.asks)),
        float(bool(asked.asks & wording.asks)),
    )


def compare(asked: str, wording: str) -> tuple[Contrast, ...]:
    """What differences() finds between two compacted texts, in words; what is not spoken of is left out."""
    left, right = contrasts(asked), contrasts(wording)
    found = dict(zip(DIFFERENCES, differences(left, right), strict=True))
    spoken = {
        Topic.AMOUNT: (_amounts_in_words(left), _amounts_in_words(right)),
        Topic.CODE: (tuple(sorted(left.codes)), tuple(sorted(right.codes))),
        Topic.DENIAL: (_denials(asked), _denials(wording)),
        Topic.OPPOSITE: _opposed_words(asked, wording),
        Topic.KIND: _kind_words(asked, wording),
    }
    return tuple(
        Contrast(topic, agrees, *spoken[topic]) for name, (topic, agrees) in _TOPICS.items() if found.get(name)
    )


def are_opposites(one: str, other: str) -> bool:
    """Whether two words stand on the two sides of a shipped pair of opposites."""
    words = _shipped_words()
    return any(
        (left.fullmatch(one) and right.fullmatch(other)) or (left.fullmatch(other) and right.fullmatch(one))
        for left, right in zip(words.left, words.right, strict=True)
    )


DIFFERENCES = (
    "amount_conflict",
    "amount_same",
    "code_conflict",
    "code_same",
    "code_only_here",
    "denial_conflict",
    "opposite",
    "kind_conflict",
    "kind_same",
)


_TOPICS = {
    "amount_conflict": (Topic.AMOUNT, False),
    "amount_same": (Topic.AMOUNT, True),
    "code_conflict": (Topic.CODE, False),
    "code_same": (Topic.CODE, True),
    "code_only_here": (Topic.CODE, False),
    "denial_conflict": (Topic.DENIAL, False),
    "opposite": (Topic.OPPOSITE, False),
    "kind_conflict": (Topic.KIND, False),
    "kind_same": (Topic.KIND, True),
}


def _telling_amounts(compacted: str) -> frozenset[tuple[str, float]]:
    return frozenset((unit, value) for unit, value in amounts(compacted) if unit or value >= _SMALLEST_BARE_NUMBER)


def _contradict(asked: frozenset[tuple[str, float]], wording: frozenset[tuple[str, float]]) -> bool:
    """Whether both name an amount in the same unit, and none of these is the same."""
    units = {unit for unit, _ in asked} & {unit for unit, _ in wording}
    return bool(units) and not any(unit in units for unit, _ in asked & wording)


def _denies(compacted: str) -> bool:
    return len(_denials(compacted)) % 2 == 1


def _denials(compacted: str) -> tuple[str, ...]:
    if not _DENIAL.search(compacted):
        return ()
    plain = _NOT_A_DENIAL.sub("", _ASKED_BOTH_WAYS.sub("", compacted))
    return tuple(_DENIAL.findall(plain))


def _amounts_in_words(said: Contrasts) -> tuple[str, ...]:
    return tuple(f"{value:g}{unit}" for unit, value in sorted(said.amounts))


def _opposed_words(asked: str, wording: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of each text for which the other one has the opposite, and not the same side as well."""
    words = _shipped_words()
    pairs = [
        (here, there)
        for left, right in zip(words.left, words.right, strict=True)
        for here, there in ((left, right), (right, left))
        if here.search(asked) and not there.search(asked) and there.search(wording) and not here.search(wording)
    ]
    return _said((here for here, _ in pairs), asked), _said((there for _, there in pairs), wording)


def _kind_words(asked: str, wording: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of each text that show what is asked for: the same thing if there is one."""
    kinds = _shipped_words().kinds
    common = [kind for kind in kinds if kind.search(asked) and kind.search(wording)] or kinds
    return _said(common, asked), _said(common, wording)


def _said(patterns: Iterable[re.Pattern[str]], text: str) -> tuple[str, ...]:
    """The first words of a text that match, each once."""
    return tuple(dict.fromkeys(found[0] for pattern in patterns if (found := pattern.search(text))))


@cache
def _shipped_words() -> Words:
    sides = [line.split("|") for line in _lines(DATA / "opposites.txt")]
    left, right = ([side.split() for side in those] for those in zip(*sides, strict=True))
    kinds = [line.split(":")[1].split() for line in _lines(DATA / "question_words.txt")]
    return Words(
        left=tuple(map(_any_of, left)),
        right=tuple(map(_any_of, right)),
        kinds=tuple(map(_any_of, kinds)),
        bits=_by_first(left, right, kinds),
    )


def _by_first(*lists: Sequence[Sequence[str]]) -> dict[str, tuple[tuple[str, tuple[int, int, int]], ...]]:
    """The words of three lists of groups by their first character, each with the bits of its groups in each list."""
    bits: dict[str, list[int]] = {}
    for which, groups in enumerate(lists):
        for at, words in enumerate(groups):
            for word in words:
                bits.setdefault(word, [0, 0, 0])[which] |= 1 << at
    by_first: dict[str, list[tuple[str, tuple[int, int, int]]]] = {}
    for word, (left, right, kind) in bits.items():
        by_first.setdefault(word[0], []).append((word, (left, right, kind)))
    return {first: tuple(words) for first, words in by_first.items()}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
