"""English words that customers mix into Chinese, as the Chinese words that they stand for."""

import re
from functools import cache
from pathlib import Path

ENGLISH = Path(__file__).parent.parent / "data" / "english.txt"
_LATIN = re.compile(r"(?<![a-z0-9])[a-z][a-z-]*(?: [a-z]+)*(?![a-z0-9-])")
_LETTER = re.compile("[a-z]")
_MOST_WORDS = 3


def in_chinese(normalised: str) -> str:
    """The normalised text with the English words of data/english.txt in Chinese, others as they are.

    What is said in both languages, 「VIP会员」 or 「QR码」, is said once.
    """
    return _LATIN.sub(_said_in_chinese, normalised) if _LETTER.search(normalised) else normalised


def _said_in_chinese(found: re.Match[str]) -> str:
    said = "".join(_translated(found.group().split(" ")))
    behind = found.string[found.end() :].lstrip(" ")
    for size in range(len(said), 0, -1):
        if behind.startswith(said[-size:]):
            return said[:-size]
    return said


def _translated(words: list[str]) -> list[str]:
    """The words in order, the longest phrase first; two that have no Chinese stay apart."""
    made: list[str] = []
    at = 0
    while at < len(words):
        size = next((size for size in range(_MOST_WORDS, 0, -1) if _phrase(words, at, size) in _chinese()), 0)
        apart = " " if not size and made and made[-1].isascii() else ""
        made.append(apart + (_chinese()[_phrase(words, at, size)] if size else words[at]))
        at += size or 1
    return made


def _phrase(words: list[str], at: int, size: int) -> str:
    return " ".join(words[at : at + size])


@cache
def _chinese() -> dict[str, str]:
    lines = (line for line in ENGLISH.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    pairs = (line.split("\t") for line in lines)
    return {pair[0]: pair[1] for pair in pairs}
