"""One edit of many entries: how many it concerns, done at a word, undone at another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from bot.console.access import Permission, Route, read_form
from bot.console.knowledge.duties import change_by
from bot.console.knowledge.entry import zone_of
from bot.console.knowledge.forms import day
from bot.console.knowledge.listing import filter_from
from bot.console.knowledge.numbers import version_in
from bot.console.knowledge.publications import begin_for
from bot.console.render import page
from bot.keys import CLOCK, DATABASE
from knowledgebase.authoring import bulk, catalogue
from knowledgebase.authoring.bulk import BulkAct, Done, Foreseen, Wish
from knowledgebase.authoring.dates import parse_from, parse_until
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.authoring.validation import LONGEST
from knowledgebase.errors import EntryConflict
from knowledgebase.model import Visibility
from storage.database import Transaction

LIST = "/console/knowledge"
# As many as fit into a form.
MOST = 10_000
MOST_SHOWN = 20
VALUES = ("category", "visibility", "valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: entries by id, or all that a list's address shows."""

    ids: Sequence[str]
    address: str


async def show_preview(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/bulk: how many entries the edit concerns, and which; nothing is done."""
    form = await read_form(request)
    choice, wish = _choice(form), _wish(request, form)
    if wish is None or not (choice.ids or choice.address):
        raise web.HTTPSeeOther(f"{LIST}?done={'bulk_bad_value' if wish is None else 'bulk_none'}")
    heads = await request.config_dict[DATABASE].read(_chosen, choice, request.config_dict[CLOCK]())
    return _page(request, form, bulk.foresee(heads, wish), wish)


async def carry_out(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/bulk/confirm: do it to just the entries and versions that were shown."""
    form = await read_form(request)
    wish, seen = _wish(request, form), _seen(form.get("seen", ""))
    if wish is None:
        raise web.HTTPBadRequest(reason="Not a value that the form offers")
    change = change_by(request, form.get("note", ""))
    try:
        done, publication_id = await request.config_dict[DATABASE].write(_do, seen, wish, change)
    except EntryConflict:
        raise web.HTTPSeeOther(f"{LIST}?done=bulk_moved") from None
    if publication_id is not None:
        raise web.HTTPSeeOther(f"/console/knowledge/publications/{publication_id}")
    raise web.HTTPSeeOther(f"{LIST}?batch={done.batch_id}" if done.batch_id else f"{LIST}?done=bulk_nothing")


def _do(tx: Transaction, seen: Sequence[tuple[str, int]], wish: Wish, change: Change) -> tuple[Done, str | None]:
    """What was done, and the publication that the rest waits for: both or neither."""
    done = bulk.carry_out(tx, seen, wish, change)
    return done, begin_for(tx, done.publish, done.archive, change)


def _choice(form: Mapping[str, str]) -> Choice:
    ids = [name.removeprefix("pick/") for name in form if name.startswith("pick/")]
    return Choice(ids, form.get("all", ""))


def _chosen(tx: Transaction, choice: Choice, now: int) -> list[Head]:
    if not choice.address:
        return catalogue.heads_of(tx, choice.ids[:MOST])
    query = dict(parse_qsl(choice.address.partition("?")[2], keep_blank_values=True))
    listed = catalogue.list_entries(tx, filter_from(query, now), 0, MOST)
    return [one.head for one in listed]


def _wish(request: web.Request, form: Mapping[str, str]) -> Wish | None:
    """What the form asks for; None if a value is none."""
    act, zone = form.get("act", ""), zone_of(request)
    visibility, category = form.get("visibility", ""), " ".join(form.get("category", "").split())
    if act not in set(BulkAct) or len(category) > LONGEST["category"]:
        return None
    if act == BulkAct.VISIBILITY and visibility not in set(Visibility):
        return None
    try:
        valid_from = day(form.get("valid_from", ""), parse_from, zone)
        valid_until = day(form.get("valid_until", ""), parse_until, zone)
    except ValueError:
        return None
    return Wish(
        BulkAct(act),
        category,
        Visibility(visibility) if visibility in set(Visibility) else Visibility.PUBLIC,
        valid_from,
        valid_until,
    )


def _seen(text: str) -> list[tuple[str, int]]:
    """The entries and versions that were shown: one a line. Raises HTTPBadRequest."""
    pairs = [line.rpartition("@") for line in text.split()[:MOST]]
    if not all(entry_id for entry_id, _, _ in pairs):
        raise web.HTTPBadRequest(reason="Not what the form holds")
    return [(entry_id, version_in(version)) for entry_id, _, version in pairs]


def _page(request: web.Request, form: Mapping[str, str], foreseen: Foreseen, wish: Wish) -> web.Response:
    seen = "\n".join(f"{head.entry.id}@{head.entry.version}" for head in foreseen.changed)
    values = {name: form.get(name, "") for name in VALUES}
    looked_at = len(foreseen.changed) + len(foreseen.already) + len(foreseen.refused)
    cut = MOST if looked_at == MOST else None
    return page(
        request,
        "knowledge/bulk.html",
        foreseen=foreseen,
        wish=wish,
        seen=seen,
        values=values,
        most=MOST_SHOWN,
        cut=cut,
    )


ROUTES = (
    Route("POST", "/knowledge/bulk", show_preview, Permission.SUPERVISOR),
    Route("POST", "/knowledge/bulk/confirm", carry_out, Permission.SUPERVISOR),
)
