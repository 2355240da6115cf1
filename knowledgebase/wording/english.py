"""English words that customers mix into Chinese, as the Chinese words that they stand for."""

import re
from functools import cache
from pathlib import Path

ENGLISH = Path(__file__).parent.parent / "data" / "english.txt"
_LATIN = re.compile(r"(?<![a-z0-9])[a-z][a-z-]*(?: [a-z]+)*(?![a-z0-9-])")
_MOST_WORDS = 3


def in_chinese(normalised: str) -> str:
    """The normalised text with the English words of data/english.txt in Chinese, others as they are.

    What is said in both languages, 「VIP会员」 or 「QR码」, is said once.
    """
    return _LATIN.sub(_said_in_chinese, normalised)


def _said_in_chinese(found: re.Match[str]) -> str:
    said = "".join(_translated(found.group().split(" ")))
    behind = found.string[found.end() :].lstrip(" ")
    for size in range(len(said), 0, -1):
        if behind.startswith(said[-size:]):
            return said[:-size]
    return said


def _translated(words: list[str]) -> list[str]:
    """The words in order, the longest phrase first; those that have no Chinese keep a space around them."""
    made: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(_MOST_WORDS, len(words) - at), 0, -1):
            if known := _chinese().get(" ".join(words[at : at + size])):
                made.append(known)
                break
        else:
            made.append(f" {words[at]} ")
        at += size
    return made


@cache
def _chinese() -> dict[str, str]:
    lines = (line for line in ENGLISH.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    pairs = (line.split("\t") for line in lines)
    return {pair[0]: pair[1] for pair in pairs}
