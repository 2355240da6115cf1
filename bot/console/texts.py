"""The console's words: templates/console/*.zh.json and *.en.json, a pair for each area, one key for one sentence."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "templates" / "console"

PLACE = re.compile(r"\{(\w+)\}")


class Language(StrEnum):
    CHINESE = "zh"
    ENGLISH = "en"

    @property
    def tag(self) -> str:
        """The language as HTML wants it."""
        return "zh-CN" if self is Language.CHINESE else "en"


def chosen_language(cookie: str | None, accepted: str) -> Language:
    """The language of the switch, else the first of Accept-Language that we speak, else Chinese."""
    if cookie in set(Language):
        return Language(cookie)
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().casefold()[:2]
        if tag in set(Language):
            return Language(tag)
    return Language.CHINESE


@functools.cache
def sentences(language: Language) -> Mapping[str, str]:
    """Every sentence by its dotted key."""
    files = sorted(FOLDER.glob(f"*.{language}.json"))
    return dict(pair for file in files for pair in _flat("", json.loads(file.read_text(encoding="utf-8"))))


def client_sentences(language: Language) -> dict[str, str]:
    """The sentences that the page's own scripts say, without their 'client.' prefix."""
    return {key.removeprefix("client."): text for key, text in sentences(language).items() if key.startswith("client.")}


@dataclass(frozen=True, slots=True)
class Say:
    """say(key, name=value ...) in one language. An unknown key raises KeyError."""

    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        return PLACE.sub(lambda place: str(values[place[1]]), self.sentences[key])

    def knows(self, key: str) -> bool:
        """Whether there is a sentence of this key."""
        return key in self.sentences


@functools.cache
def sayer(language: Language) -> Say:
    """The console's words in this language."""
    return Say(sentences(language))


def _flat(prefix: str, tree: dict[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{prefix}.{name}" if prefix else name
        pairs += _flat(key, value) if isinstance(value, dict) else [(key, value)]
    return pairs
