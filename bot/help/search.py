"""Looking for an article: the page of results, and what is offered while somebody types."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from bot.errors import FrameError
from bot.gateway.addresses import client_address, subscriber
from bot.help.reader import Reader, reader_of
from bot.help.render import HELP, LONGEST_QUERY, page
from bot.help.shelves import SHELVES, Contents, Shelves
from bot.keys import CHAT, CONFIG, LIBRARY, THRESHOLDS, ChannelThresholds
from bot.messages import Channel
from knowledgebase.library import Library
from knowledgebase.model import Entry, Match, Thresholds

MOST_MATCHES = 8
SHORTEST_IN_CHAT = 3
MOST_SUGGESTED = 6


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HelpSuggestion(_Answer):
    question: str
    url: str


class HelpSuggestions(_Answer):
    query: str
    items: list[HelpSuggestion]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: sure matches, matches that may be meant, and entries that only hold the words."""

    best: tuple[Entry, ...]
    likely: tuple[Entry, ...]
    mentions: tuple[Entry, ...]

    def __bool__(self) -> bool:
        return bool(self.best or self.likely or self.mentions)


async def search(request: web.Request) -> web.Response:
    """The entries that may answer ?q=, by the words that say how sure we are."""
    asked = " ".join(request.query.get("q", "").split())
    query = asked[:LONGEST_QUERY]
    reader = reader_of(request, query)
    try:
        request.app[CHAT].traffic.search(asker(request))
    except FrameError as error:
        return busy(request, reader, error, query)
    contents = await request.app[SHELVES].contents()
    found = await _find(request, contents, query)
    cut = len(asked) > LONGEST_QUERY
    return page(request, reader, "search.html", query=query, found=found, cut=cut, contents=contents)


async def suggest(request: web.Request) -> web.Response:
    """A few questions that ?q= may become, as JSON; nothing of it is kept. 429 when it is asked too fast."""
    query = " ".join(request.query.get("q", "").split())[:LONGEST_QUERY]
    try:
        request.app[CHAT].traffic.suggestion(asker(request))
    except FrameError as error:
        return web.json_response({"error": error.code}, status=429, headers=retry_after(error))
    contents = await request.app[SHELVES].contents()
    reader = reader_of(request, query)
    items = [_item(reader, entry) for entry in await _offered(request, contents, query)]
    told = HelpSuggestions(query=query, items=items).model_dump()
    return web.json_response(told, headers={"Cache-Control": "private, max-age=60", "Vary": "Accept-Language"})


def asker(request: web.Request) -> str:
    """Under which name the requests of this browser's connection are counted."""
    return subscriber(client_address(request, request.app[CONFIG].server.trusted_proxies))


def busy(request: web.Request, reader: Reader, error: FrameError, query: str = "") -> web.Response:
    """The page that asks to wait a moment."""
    return page(request, reader, "busy.html", 429, retry_after(error), query=query)


def retry_after(error: FrameError) -> dict[str, str]:
    """The header that says when to come back."""
    return {"Retry-After": str(int((error.retry_after or 0) + 0.999))}


def sort_by_confidence(matches: Sequence[Match], mentions: Sequence[Entry], thresholds: Thresholds) -> Found:
    """Matches in the groups in which they are shown; what is no better than a guess is left out."""
    best = [match.entry for match in matches if match.confidence >= thresholds.answer]
    likely = [match.entry for match in matches if thresholds.clarify <= match.confidence < thresholds.answer]
    shown = {entry.id for entry in (*best, *likely)}
    return Found(tuple(best), tuple(likely), tuple(entry for entry in mentions if entry.id not in shown))


async def questions_like(library: Library, shelves: Shelves, thresholds: ChannelThresholds, text: str) -> list[Entry]:
    """What somebody who has written so much in the chat may want to ask, the likeliest first; nothing of a guess."""
    query = " ".join(text.split())
    if len(query) < SHORTEST_IN_CHAT:
        return []
    contents, limits = await shelves.contents(), thresholds(Channel.CHAT)
    # Nobody asked for these: only what is likelier than what would be asked back may interrupt.
    likely = Thresholds(limits.answer, max(limits.clarify, limits.answer / 2))
    found = await _found(contents, await library.search(query, MOST_MATCHES), query, likely)
    return [*found.best, *found.likely, *found.mentions]


async def _find(request: web.Request, contents: Contents, query: str) -> Found:
    library = request.app[LIBRARY]
    matches = await library.search(query, MOST_MATCHES) if query else []
    return await _found(contents, matches, query, request.app[THRESHOLDS](HELP))


async def _found(contents: Contents, matches: Sequence[Match], query: str, thresholds: Thresholds) -> Found:
    # The matcher's edition may be a moment older than the shelves: only what stands there now is shown, as it is now.
    current = [
        replace(match, entry=contents.by_id[match.entry.id]) for match in matches if match.entry.id in contents.by_id
    ]
    mentions = await asyncio.to_thread(contents.mentioning, query)
    return sort_by_confidence(current, mentions, thresholds)


async def _offered(request: web.Request, contents: Contents, query: str) -> list[Entry]:
    found = await _find(request, contents, query)
    return [*found.best, *found.likely, *found.mentions][:MOST_SUGGESTED]


def _item(reader: Reader, entry: Entry) -> HelpSuggestion:
    url = reader.link(f"/help/entries/{quote(entry.id, safe='')}")
    return HelpSuggestion(question=reader.in_script(entry.question), url=url)
