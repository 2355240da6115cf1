"""Who reads the help centre, and our own words for them."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bot.gateway.languages import Language, preferred, spoken
from bot.templates import FOLDER
from knowledgebase.wording.text import is_traditional, to_traditional


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the language of our own words, and whether it stands in the address, so that links keep it."""

    language: Language
    asked: bool

    def link(self, path: str, **query: str) -> str:
        """The address of a page, in the language that was asked for."""
        asked = {"lang": self.language} if self.asked else {}
        told = urlencode({**query, **asked})
        return f"{path}?{told}" if told else path

    def in_script(self, text: str) -> str:
        """Our entries' text as this reader writes Chinese."""
        return to_traditional(text) if self.language == "zh-TW" else text


def reader_of(request: web.Request, query: str = "") -> Reader:
    """The language that the address asks for, else that of the question if it is Traditional, else the browser's."""
    wish = spoken(request.query.get("lang", ""))
    if wish is not None:
        return Reader(wish, asked=True)
    if query and is_traditional(query):
        return Reader("zh-TW", asked=False)
    return Reader(preferred(request.headers.get("Accept-Language", "")), asked=False)


@functools.cache
def words(language: Language) -> Mapping[str, str]:
    """The help centre's own words."""
    told: Mapping[str, str] = json.loads((FOLDER / "help" / "texts.json").read_text(encoding="utf-8"))[language]
    return told
