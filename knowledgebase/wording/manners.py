"""Politeness around a question: greetings, thanks and excuses say nothing of what is asked."""

import re
from functools import cache
from pathlib import Path

POLITE = Path(__file__).parent.parent / "data" / "polite.txt"
_MARKS = r"[^\w%]"


def without_manners(normalised: str) -> str:
    """The normalised text without polite phrases before and behind; the text itself where nothing else is left."""
    before, behind = _manners()
    bare = behind.sub("", before.sub("", normalised))
    return bare if re.search(r"\w", bare) else normalised


@cache
def _manners() -> tuple[re.Pattern[str], re.Pattern[str]]:
    before, behind = (
        _phrases(part) for part in POLITE.read_text(encoding="utf-8").split("[before]")[1].split("[behind]")
    )
    return (
        re.compile(rf"^{_MARKS}*(?:(?:{_any(before, behind=_MARKS + '+')}){_MARKS}*)+"),
        re.compile(rf"(?:{_MARKS}*(?:{_any(behind, before=_MARKS + '+')}))+{_MARKS}*$"),
    )


def _phrases(lines: str) -> list[str]:
    """Longest first, so that no phrase hides a longer one."""
    return sorted(lines.split(), key=len, reverse=True)


def _any(phrases: list[str], before: str = "", behind: str = "") -> str:
    """A pattern for one of the phrases; those that need a mark beside them get what stands before and behind."""
    spelt = ((re.escape(phrase.strip("，")), "，" in phrase) for phrase in phrases)
    return "|".join(before + phrase + behind if lonely else phrase for phrase, lonely in spelt)
