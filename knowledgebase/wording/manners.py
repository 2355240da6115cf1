"""Politeness around a question: greetings, thanks and excuses say nothing of what is asked."""

import re
from functools import cache
from pathlib import Path

POLITE = Path(__file__).parent.parent / "data" / "polite.txt"
_MARKS = r"[^\w%]"
# The last character that is no mark.
_LAST = re.compile(rf"[\w%](?={_MARKS}*\Z)")


def without_manners(normalised: str) -> str:
    """The normalised text without polite phrases before and behind; the text itself where nothing else is left."""
    before, behind, endings = _manners()
    bare = before.sub("", normalised, count=1)
    last = _LAST.search(bare)
    if last and last.group() in endings:
        bare = behind.sub("", bare)
    return bare if re.search(r"\w", bare) else normalised


@cache
def _manners() -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    """What is polite before and behind, and the characters that the latter end with."""
    before, behind = (
        _phrases(part) for part in POLITE.read_text(encoding="utf-8").split("[before]")[1].split("[behind]")
    )
    return (
        re.compile(rf"^{_MARKS}*(?:(?:{_any(before, behind=f'(?={_MARKS})')}){_MARKS}*)+"),
        re.compile(rf"(?:{_MARKS}*(?:{_any(behind, before=f'(?<={_MARKS})')}))+{_MARKS}*$"),
        frozenset(phrase.strip("，")[-1] for phrase in behind),
    )


def _phrases(lines: str) -> list[str]:
    """Longest first, so that no phrase hides a longer one."""
    return sorted(lines.split(), key=len, reverse=True)


def _any(phrases: list[str], before: str = "", behind: str = "") -> str:
    """A pattern for one of the phrases; those that need a mark beside them get what stands before and behind."""
    spelt = ((re.escape(phrase.strip("，")), "，" in phrase) for phrase in phrases)
    return "|".join(before + phrase + behind if lonely else phrase for phrase, lonely in spelt)
