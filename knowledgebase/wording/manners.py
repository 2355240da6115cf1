"""Politeness around a question: greetings, thanks and excuses say nothing of what is asked."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

POLITE = Path(__file__).parent.parent / "data" / "polite.txt"
_MARKS = r"[^\w%]"
_WORD = re.compile(r"\w")


def without_manners(normalised: str) -> str:
    """The normalised text without polite phrases before and behind; the text itself where nothing else is left."""
    manners = _manners()
    bare = normalised
    # The patterns take much longer than a look at the character where a phrase would begin or end, and few have one.
    if _first_spoken(bare) in manners.beginnings:
        bare = manners.before.sub("", bare, count=1)
    if _first_spoken(bare[::-1]) in manners.endings:
        bare = manners.behind.sub("", bare)
    return bare if bare is normalised or _WORD.search(bare) else normalised


@dataclass(frozen=True, slots=True)
class _Manners:
    """What is polite before and behind a question, and the characters with which that begins and ends."""

    before: re.Pattern[str]
    behind: re.Pattern[str]
    beginnings: frozenset[str]
    endings: frozenset[str]


def _first_spoken(text: str) -> str:
    """The first character that is no mark; nothing if all are."""
    first = text[:1]
    if first.isalnum() or first in "_%":
        return first
    return next((character for character in text if character.isalnum() or character in "_%"), "")


@cache
def _manners() -> _Manners:
    before, behind = (
        _phrases(part) for part in POLITE.read_text(encoding="utf-8").split("[before]")[1].split("[behind]")
    )
    return _Manners(
        re.compile(rf"^{_MARKS}*(?:(?:{_any(before, behind=f'(?={_MARKS})')}){_MARKS}*)+"),
        re.compile(rf"(?:{_MARKS}*(?:{_any(behind, before=f'(?<={_MARKS})')}))+{_MARKS}*$"),
        frozenset(phrase.strip("，")[0] for phrase in before),
        frozenset(phrase.strip("，")[-1] for phrase in behind),
    )


def _phrases(lines: str) -> list[str]:
    """Longest first, so that no phrase hides a longer one."""
    return sorted(lines.split(), key=len, reverse=True)


def _any(phrases: list[str], before: str = "", behind: str = "") -> str:
    """A pattern for one of the phrases; those that need a mark beside them get what stands before and behind."""
    spelt = ((re.escape(phrase.strip("，")), "，" in phrase) for phrase in phrases)
    return "|".join(before + phrase + behind if lonely else phrase for phrase, lonely in spelt)
