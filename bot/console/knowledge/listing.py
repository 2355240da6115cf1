"""The list of entries: searched as the chat does or by text, filtered, sorted, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route
from bot.console.knowledge.duties import may_read
from bot.console.knowledge.numbers import page_in
from bot.console.render import page
from bot.keys import CLOCK, DATABASE, LIBRARY
from knowledgebase.authoring import batches, catalogue
from knowledgebase.authoring.batches import Batch
from knowledgebase.authoring.catalogue import PAGE, Category, Filter, Only, Sort
from knowledgebase.authoring.rows import Head
from knowledgebase.errors import BatchNotFound
from knowledgebase.model import Entry, EntryStatus, Match, Visibility
from storage.database import Transaction
from tickets.model import Role

DAY_MS = 86_400_000
EXPIRES_WITHIN_MS = 30 * DAY_MS
ASKED_WITHIN_MS = 30 * DAY_MS
MOST_MATCHES = 20
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the list; asked is unknown to readers, sure the confidence with which the search found it."""

    entry: Entry
    head: Head | None
    asked: int | None
    sure: float | None = None

    @property
    def changed(self) -> bool:
        """Whether somebody works on it while customers get what was published."""
        return self.head is not None and self.head.has_unpublished_changes


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list and what stands around it."""

    wanted: Filter
    how: str
    number: int
    pages: int
    total: int
    rows: Sequence[Row]
    categories: Sequence[Category]

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter leaves something out."""
        wanted = self.wanted
        return bool(wanted.text or wanted.category is not None or wanted.status or wanted.visibility or wanted.only)

    def address(self, **changes: object) -> str:
        """The address of this list with something else wanted; another filter begins at its first page."""
        wanted, usual = self.wanted, Filter()
        query: dict[str, object] = {
            "q": wanted.text,
            "how": self.how if self.how == "text" else "",
            "category": wanted.category,
            "status": wanted.status,
            "visibility": wanted.visibility,
            "only": wanted.only,
            "sort": wanted.sort.value if wanted.sort is not usual.sort else "",
            **changes,
        }
        kept = {
            name: value
            for name, value in query.items()
            if value not in ("", None) or (name == "category" and value == "")
        }
        return "/console/knowledge" + (f"?{urlencode(kept)}" if kept else "")


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge: the entries."""
    now = request.config_dict[CLOCK]()
    wanted, how = filter_from(request.query, now), "text" if request.query.get("how") == "text" else "meaning"
    number = page_in(request.query.get("page", ""))
    if request[LOGIN].agent.role is Role.READER:
        listing = await _for_reader(request, wanted, how, number)
    elif wanted.text and how == "meaning":
        listing = await _by_meaning(request, wanted)
    else:
        listing = await request.config_dict[DATABASE].read(_by_text, wanted, how, number)
    return page(
        request,
        "knowledge/list.html",
        listing=listing,
        now=now,
        batch=await _batch(request),
        visibilities=list(Visibility),
    )


async def _batch(request: web.Request) -> Batch | None:
    """The act on many entries that this list follows, while its own author can undo it."""
    batch_id = request.query.get("batch")
    if not batch_id or request[LOGIN].agent.role is Role.READER:
        return None
    try:
        batch = await request.config_dict[DATABASE].read(batches.get, batch_id)
    except BatchNotFound:
        return None
    return batch if batch.agent_id == request[LOGIN].agent.id and batch.undone_at is None else None


def filter_from(query: Mapping[str, str], now: int) -> Filter:
    """What the query of an address asks for; what it says wrongly excludes nothing."""
    return Filter(
        text=" ".join(query.get("q", "").split())[:LONGEST_QUERY],
        category=None if query.get("category") == "*" else query.get("category"),
        status=_one_of(query.get("status", ""), EntryStatus),
        visibility=_one_of(query.get("visibility", ""), Visibility),
        only=_one_of(query.get("only", ""), Only),
        sort=Sort(_one_of(query.get("sort", ""), Sort) or Sort.UPDATED),
        expires_before=now + EXPIRES_WITHIN_MS,
        asked_since=now - ASKED_WITHIN_MS,
    )


def _one_of(value: str, known: Iterable[str]) -> str:
    return value if value in set(known) else ""


def _by_text(tx: Transaction, wanted: Filter, how: str, number: int) -> Listing:
    total = catalogue.count(tx, wanted)
    pages = max(1, -(-total // PAGE))
    number = min(number, pages)
    listed = catalogue.list_entries(tx, wanted, (number - 1) * PAGE)
    rows = [Row(one.head.entry, one.head, one.asked) for one in listed]
    return Listing(wanted, how, number, pages, total, rows, catalogue.categories(tx))


async def _by_meaning(request: web.Request, wanted: Filter) -> Listing:
    """What the chat finds for these words, the surest first, as far as the filter lets it through."""
    matches = await request.config_dict[LIBRARY].search(wanted.text, MOST_MATCHES)
    return await request.config_dict[DATABASE].read(_found, wanted, matches)


def _found(tx: Transaction, wanted: Filter, matches: Sequence[Match]) -> Listing:
    sure = {match.entry.id: match.confidence for match in matches}
    heads = catalogue.heads_of(tx, list(sure))
    rows = [Row(head.entry, head, None, sure[head.entry.id]) for head in heads if _lets_through(wanted, head)]
    return Listing(wanted, "meaning", 1, 1, len(rows), rows, catalogue.categories(tx))


def _lets_through(wanted: Filter, head: Head) -> bool:
    entry = head.entry
    return (
        wanted.category in (None, entry.category)
        and wanted.status in ("", entry.status)
        and wanted.visibility in ("", entry.visibility)
        and (wanted.only != Only.CHANGED or head.has_unpublished_changes)
        and (wanted.only != Only.EXPIRING or _expires(entry, wanted.expires_before))
    )


def _expires(entry: Entry, before: int) -> bool:
    return entry.valid_until is not None and entry.valid_until < before


async def _for_reader(request: web.Request, wanted: Filter, how: str, number: int) -> Listing:
    """What is published and not for agents alone."""
    library = request.config_dict[LIBRARY]
    readable = [entry for entry in library.knowledge_base.entries if may_read(Role.READER, entry)]
    if wanted.text and how == "meaning":
        matches = await library.search(wanted.text, MOST_MATCHES)
        found = [
            Row(match.entry, None, None, match.confidence) for match in matches if may_read(Role.READER, match.entry)
        ]
    else:
        found = [Row(entry, None, None) for entry in readable if _mentions(entry, wanted.text.casefold())]
    rows = [row for row in found if wanted.category in (None, row.entry.category)]
    pages = max(1, -(-len(rows) // PAGE))
    number = min(number, pages)
    shown = rows[(number - 1) * PAGE : number * PAGE]
    plain = replace(wanted, status="", visibility="", only="")
    return Listing(plain, how, number, pages, len(rows), shown, _categories(readable))


def _mentions(entry: Entry, text: str) -> bool:
    return any(text in told.casefold() for told in (entry.question, *entry.similar, entry.answer, entry.category))


def _categories(entries: Iterable[Entry]) -> list[Category]:
    held: dict[str, int] = {}
    for entry in entries:
        held[entry.category] = held.get(entry.category, 0) + 1
    return [Category(name, number) for name, number in sorted(held.items(), key=lambda pair: (-pair[1], pair[0]))]


ROUTES = (Route("GET", "/knowledge", show_list, Permission.READER),)
