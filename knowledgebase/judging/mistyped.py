"""Questions as hurried people type them: a wrong character of the same sound, one too few, two in the wrong order."""

from collections.abc import Mapping
from functools import cache
from random import Random

from knowledgebase.judging.trials import Question
from knowledgebase.wording.text import pinyin, shipped_vocabulary

FEWEST = 5
COMMON = 6


def mistyped(questions: list[Question]) -> list[Question]:
    """Each question of some length with one slip; the same slip each time."""
    return [
        Question(_slipped(question.utterance), question.expected)
        for question in questions
        if len(question.utterance) >= FEWEST
    ]


def _slipped(text: str) -> str:
    chance = Random(text)  # noqa: S311
    places = [at for at, character in enumerate(text) if "一" <= character <= "鿿"]
    if not places:
        return text
    at = chance.choice(places)
    slip = chance.random()
    if slip < 0.25:
        return text[:at] + text[at + 1 :]
    if slip < 0.4:
        return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    others = [other for other in _common_of_sound().get(pinyin(text[at])[0], "") if other != text[at]]
    return text[:at] + (chance.choice(others) if others else text[at] * 2) + text[at + 1 :]


@cache
def _common_of_sound() -> Mapping[str, str]:
    """The commonest characters of each syllable."""
    counted = shipped_vocabulary().tokenizer.FREQ
    found: dict[str, str] = {}
    for character in sorted((word for word in counted if len(word) == 1), key=lambda word: (-counted[word], word)):
        syllable = pinyin(character)[0]
        if len(found.setdefault(syllable, "")) < COMMON:
            found[syllable] += character
    return found
