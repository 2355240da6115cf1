"""The help centre: published entries by category, searched with the chat's own matcher, readable without scripts."""

import functools
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.errors import FrameError
from bot.gateway.addresses import client_address, subscriber
from bot.gateway.files import Files
from bot.gateway.languages import LANGUAGES, Language, preferred, spoken
from bot.gateway.shelves import Contents, Shelves
from bot.keys import CHAT, CLOCK, CONFIG, DATABASE, LETTERHEAD, LIBRARY, TEMPLATES
from bot.markup import as_blocks, prepare
from bot.templates import FOLDER
from knowledgebase.authoring.markup import plain
from knowledgebase.authoring.tree import Document
from knowledgebase.model import Entry, Match, Thresholds
from knowledgebase.wording.text import is_traditional, to_traditional

FILES = Files("help")
HELP = "help"
LONGEST_QUERY = 200
MOST_MATCHES = 8
MOST_RELATED = 6
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images} data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SHELVES = web.AppKey("shelves", Shelves)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: sure matches, matches that may be meant, and entries that only hold the words."""

    best: tuple[Entry, ...]
    likely: tuple[Entry, ...]
    mentions: tuple[Entry, ...]

    def __bool__(self) -> bool:
        return bool(self.best or self.likely or self.mentions)


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


async def open_shelves(app: web.Application) -> AsyncIterator[None]:
    """What the help centre needs while the server runs (a cleanup context)."""
    app[SHELVES] = Shelves(app[DATABASE], app[DATABASE].signals, app[CLOCK])
    yield
    app[SHELVES].close()


async def show_index(request: web.Request) -> web.Response:
    """All categories with their questions."""
    contents = await request.app[SHELVES].contents()
    return _page(request, _reader(request), "index.html", contents=contents)


async def show_category(request: web.Request) -> web.Response:
    """The questions of one category; 404 if nothing of it is published."""
    contents = await request.app[SHELVES].contents()
    shelf = contents.by_slug.get(request.match_info["category"])
    if shelf is None:
        return await missing(request)
    return _page(request, _reader(request), "category.html", shelf=shelf, contents=contents)


async def show_entry(request: web.Request) -> web.Response:
    """One published question with its answer; 404 for any other."""
    contents = await request.app[SHELVES].contents()
    entry = contents.by_id.get(request.match_info["id"])
    if entry is None:
        return await missing(request)
    shelf, reader = contents.shelf_of(entry), _reader(request)
    return _page(
        request,
        reader,
        "entry.html",
        entry=entry,
        answer=as_blocks(_told(request, reader, entry)),
        shelf=shelf,
        related=_neighbours(shelf.entries, entry),
    )


async def search(request: web.Request) -> web.Response:
    """The entries that may answer ?q=, by the words that say how sure we are."""
    asked = " ".join(request.query.get("q", "").split())
    query = asked[:LONGEST_QUERY]
    try:
        request.app[CHAT].traffic.search(
            subscriber(client_address(request, request.app[CONFIG].server.trusted_proxies))
        )
    except FrameError as error:
        headers = {"Retry-After": str(int((error.retry_after or 0) + 0.999))}
        return _page(request, _reader(request, query), "busy.html", 429, headers, query=query)
    contents = await request.app[SHELVES].contents()
    found = await _find(request, contents, query)
    cut = len(asked) > LONGEST_QUERY
    return _page(request, _reader(request, query), "search.html", query=query, found=found, cut=cut, contents=contents)


async def missing(request: web.Request) -> web.Response:
    """No such page, and where to go instead."""
    return _page(request, _reader(request), "missing.html", 404)


async def file(request: web.Request) -> web.Response:
    """The help centre's own style and icon."""
    return FILES.answer(request, request.match_info["file"])


async def _find(request: web.Request, contents: Contents, query: str) -> Found:
    library = request.app[LIBRARY]
    matches = await library.search(query, MOST_MATCHES) if query else []
    # The matcher's edition may be a moment older than the shelves: only what stands there now is shown.
    current = [match for match in matches if match.entry.id in contents.by_id]
    return sort_by_confidence(current, contents.mentioning(query), library.thresholds("help"))


def sort_by_confidence(matches: Sequence[Match], mentions: Sequence[Entry], thresholds: Thresholds) -> Found:
    """Matches in the groups in which they are shown; what is no better than a guess is left out."""
    best = [match.entry for match in matches if match.confidence >= thresholds.answer]
    likely = [match.entry for match in matches if thresholds.clarify <= match.confidence < thresholds.answer]
    shown = {entry.id for entry in (*best, *likely)}
    return Found(tuple(best), tuple(likely), tuple(entry for entry in mentions if entry.id not in shown))


def _told(request: web.Request, reader: Reader, entry: Entry) -> Document:
    """What the entry says here, as this reader writes Chinese."""
    return prepare(entry.answer_for(HELP), request.app[LETTERHEAD], write=reader.in_script)


def _neighbours(entries: Sequence[Entry], entry: Entry) -> list[Entry]:
    """The entries that follow this one in its category, going round."""
    place = next(index for index, one in enumerate(entries) if one.id == entry.id)
    return [*entries[place + 1 :], *entries[:place]][:MOST_RELATED]


def _reader(request: web.Request, query: str = "") -> Reader:
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


def _page(
    request: web.Request,
    reader: Reader,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> web.Response:
    """A page, or 304 when the browser already has it."""
    text = (
        request.app[TEMPLATES]
        .get_template(f"help/{template}")
        .render(
            say=words(reader.language),
            reader=reader,
            languages=LANGUAGES,
            quote=lambda part: quote(part, safe=""),
            here=request.path,
            longest_query=LONGEST_QUERY,
            preview=lambda entry: " ".join(plain(_told(request, reader, entry)).split()),
            **{"query": "", **context},
        )
    )
    kept = {
        "Content-Security-Policy": POLICY.replace("{images}", request.app[LETTERHEAD].image_sources),
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
        "ETag": f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"',
        "Content-Language": reader.language,
        **(headers or {}),
    }
    if status == 200 and kept["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=kept)
    return web.Response(text=text, content_type="text/html", status=status, headers=kept)
