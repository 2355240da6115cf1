"""The pages of the help centre: its start, a category, an article, and what is not there."""

import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from aiohttp import web

from bot.gateway.files import Files
from bot.help.crawlers import question_data, trail_data
from bot.help.reader import Reader, reader_of, words
from bot.help.render import day, in_one_line, page, told
from bot.help.shelves import SHELVES, Contents, Shelf, Shelves
from bot.keys import CLOCK, DATABASE
from bot.markup import as_blocks
from knowledgebase.authoring import entries
from knowledgebase.errors import EntryNotFound
from knowledgebase.learning.articles import Reason
from knowledgebase.model import Entry, EntryStatus, Visibility
from storage.database import Transaction

FILES = Files("help")
MOST_RELATED = 6
QUESTIONS_PER_PAGE = 100


async def open_shelves(app: web.Application) -> AsyncIterator[None]:
    """What the help centre needs while the server runs (a cleanup context)."""
    app[SHELVES] = Shelves(app[DATABASE], app[DATABASE].signals, app[CLOCK])
    yield
    app[SHELVES].close()


async def show_index(request: web.Request) -> web.Response:
    """All categories with their questions."""
    return page(request, reader_of(request), "index.html", contents=await request.app[SHELVES].contents())


async def show_category(request: web.Request) -> web.Response:
    """The questions of one category; 404 if nothing of it is published."""
    contents = await request.app[SHELVES].contents()
    shelf = contents.by_slug.get(request.match_info["category"])
    if shelf is None:
        return await missing(request)
    reader = reader_of(request)
    pages = max(1, -(-len(shelf.entries) // QUESTIONS_PER_PAGE))
    number = min(page_number(request), pages)
    return page(
        request,
        reader,
        "category.html",
        shelf=shelf,
        shown=shelf.entries[(number - 1) * QUESTIONS_PER_PAGE : number * QUESTIONS_PER_PAGE],
        number=number,
        pages=pages,
        contents=contents,
        structured=[trail_data(request, reader, [(name_of(reader, shelf), None)])],
    )


async def show_entry(request: web.Request) -> web.Response:
    """One published question with its answer; 410 for one that customers could read once, 404 for any other."""
    contents = await request.app[SHELVES].contents()
    entry = contents.by_id.get(request.match_info["id"])
    if entry is None:
        return await _absent(request)
    return show_article(request, contents, entry)


def show_article(request: web.Request, contents: Contents, entry: Entry) -> web.Response:
    """The page of an entry."""
    shelf, reader = contents.shelf_of(entry), reader_of(request)
    trail = [(name_of(reader, shelf), f"/help/{shelf.slug}"), (reader.in_script(entry.question), None)]
    return page(
        request,
        reader,
        "entry.html",
        entry=entry,
        answer=as_blocks(told(request, reader, entry)),
        shelf=shelf,
        related=related(contents, entry),
        updated=day(request, reader, contents.published_at[entry.id]),
        heard=request.query.get("heard", ""),
        reasons=list(Reason),
        feedback_address=reader.link(f"/help/entries/{quote(entry.id, safe='')}/feedback"),
        structured=[
            trail_data(request, reader, trail),
            question_data(request, reader, entry, in_one_line(request, reader, entry), contents.published_at[entry.id]),
        ],
    )


def related(contents: Contents, entry: Entry) -> list[Entry]:
    """What a reader may want next: what the author named, then what follows in the category, going round."""
    named = [contents.by_id[one] for one in entry.related if one in contents.by_id and one != entry.id]
    near = _neighbours(contents.shelf_of(entry).entries, entry)
    return [*named, *(one for one in near if one not in named)][:MOST_RELATED]


def page_number(request: web.Request) -> int:
    """Which page of a long list is asked for; the first if it is no number."""
    asked = request.query.get("page", "")
    return max(1, int(asked)) if re.fullmatch("[0-9]{1,6}", asked) else 1


def name_of(reader: Reader, shelf: Shelf) -> str:
    """What this reader calls a category."""
    return reader.in_script(shelf.name) if shelf.name else words(reader.language)["other"]


async def missing(request: web.Request) -> web.Response:
    """No such page, and where to go instead."""
    return page(request, reader_of(request), "missing.html", 404)


async def file(request: web.Request) -> web.Response:
    """The help centre's own style, script and icon."""
    return FILES.answer(request, request.match_info["file"])


async def _absent(request: web.Request) -> web.Response:
    now = request.app[CLOCK]()
    if await request.app[DATABASE].read(_was_public, request.match_info["id"], now):
        return page(request, reader_of(request), "gone.html", 410)
    return await missing(request)


def _was_public(tx: Transaction, entry_id: str, now: int) -> bool:
    """Whether customers could read this once: it was taken back, or its time is over."""
    try:
        head = entries.get_head(tx, entry_id)
    except EntryNotFound:
        return False
    entry = entries.published_entry(tx, entry_id)
    if entry is None:
        return head.entry.status is EntryStatus.ARCHIVED and head.entry.visibility is Visibility.PUBLIC
    over = entry.valid_until is not None and entry.valid_until <= now
    return over and entry.visibility is Visibility.PUBLIC


def _neighbours(shelved: Sequence[Entry], entry: Entry) -> list[Entry]:
    """The entries that follow this one in its category, going round."""
    place = next(index for index, one in enumerate(shelved) if one.id == entry.id)
    return [*shelved[place + 1 :], *shelved[:place]][:MOST_RELATED]
