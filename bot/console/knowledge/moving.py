"""What can be done to an entry beside writing it: submit, send back, discard, roll back, restore, publish, archive."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.console.access import Handler, Permission, Route, read_form
from bot.console.knowledge.duties import change_by, duty_of
from bot.console.knowledge.numbers import version_in
from bot.keys import DATABASE
from knowledgebase.authoring import entries, versions
from knowledgebase.authoring.lifecycle import Action, allowed
from knowledgebase.authoring.rows import Change
from knowledgebase.model import Entry
from knowledgebase.publishing import publications
from knowledgebase.publishing.model import ChangeSet
from storage.database import Transaction

ENTRY = "/knowledge/entries/{id}"
Move = Callable[[Transaction, str, int, Change], Entry]


async def after_saving(request: web.Request, entry: Entry, then: str) -> web.StreamResponse:
    """Where to go once an entry is kept: to its page, or on to the review or the publication that was asked for."""
    can = allowed(entry.status, duty_of(request), is_published=False)
    if then == "publish" and Action.PUBLISH in can:
        return await _begin(request, ChangeSet(publish={entry.id: entry.version}), entry.id)
    if then == "submit" and Action.SUBMIT in can:
        change = change_by(request)
        await request.config_dict[DATABASE].write(entries.move, entry.id, entry.version, Action.SUBMIT, change)
        return _back(entry.id, "entry_submitted", entry.id)
    return _back(entry.id, "entry_saved", entry.id)


def moving(move: Move, done: str) -> Handler:
    """The handler of one act: compare-and-set on the version that was seen."""

    async def act(request: web.Request) -> web.StreamResponse:
        form, entry_id = await read_form(request), request.match_info["id"]
        change = change_by(request, form.get("note", ""))
        await request.config_dict[DATABASE].write(move, entry_id, version_in(form.get("version")), change)
        return _back(entry_id, done)

    return act


async def roll_back(request: web.Request) -> web.StreamResponse:
    """POST …/roll-back: a new draft of what the entry said at version 'to'."""
    form, entry_id = await read_form(request), request.match_info["id"]
    seen, wanted = version_in(form.get("version")), version_in(form.get("to"))
    await request.config_dict[DATABASE].write(versions.roll_back, entry_id, wanted, seen, change_by(request))
    return _back(entry_id, "entry_rolled_back")


async def publish(request: web.Request) -> web.StreamResponse:
    """POST …/publish: ask for the replay after which this version goes to customers."""
    form = await read_form(request)
    return await _begin(request, ChangeSet(publish={request.match_info["id"]: version_in(form.get("version"))}))


async def archive(request: web.Request) -> web.StreamResponse:
    """POST …/archive: take an entry away; one that customers get only after a replay."""
    form, entry_id = await read_form(request), request.match_info["id"]
    seen, change = version_in(form.get("version")), change_by(request)
    head = await request.config_dict[DATABASE].read(entries.get_head, entry_id)
    if head.published_version is not None:
        return await _begin(request, ChangeSet(archive={entry_id: seen}))
    await request.config_dict[DATABASE].write(entries.archive, entry_id, seen, None, change.by, change.at)
    return _back(entry_id, "entry_archived")


async def _begin(request: web.Request, changes: ChangeSet, saved: str | None = None) -> web.StreamResponse:
    change = change_by(request)
    begun = await request.config_dict[DATABASE].write(publications.begin, changes, change.by, change.at)
    raise web.HTTPSeeOther(f"/console/knowledge/publications/{begun.id}{_query(saved=saved)}")


def _submit(tx: Transaction, entry_id: str, seen: int, change: Change) -> Entry:
    return entries.move(tx, entry_id, seen, Action.SUBMIT, change)


def _send_back(tx: Transaction, entry_id: str, seen: int, change: Change) -> Entry:
    return entries.move(tx, entry_id, seen, Action.SEND_BACK, change)


def _restore(tx: Transaction, entry_id: str, seen: int, change: Change) -> Entry:
    return entries.move(tx, entry_id, seen, Action.RESTORE, change)


def _back(entry_id: str, done: str, saved: str | None = None) -> web.Response:
    place = f"/console/knowledge/entries/{quote(entry_id, safe='')}"
    return web.Response(status=303, headers={"Location": f"{place}{_query(done=done, saved=saved)}"})


def _query(**values: str | None) -> str:
    """The query of an address; saved tells the page that a draft of that entry needs no keeping any more."""
    told = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(told)}" if told else ""


ROUTES = (
    Route("POST", f"{ENTRY}/submit", moving(_submit, "entry_submitted"), Permission.AGENT),
    Route("POST", f"{ENTRY}/send-back", moving(_send_back, "entry_sent_back"), Permission.AGENT),
    Route("POST", f"{ENTRY}/discard", moving(entries.discard, "entry_discarded"), Permission.AGENT),
    Route("POST", f"{ENTRY}/restore", moving(_restore, "entry_restored"), Permission.SUPERVISOR),
    Route("POST", f"{ENTRY}/roll-back", roll_back, Permission.SUPERVISOR),
    Route("POST", f"{ENTRY}/publish", publish, Permission.SUPERVISOR),
    Route("POST", f"{ENTRY}/archive", archive, Permission.SUPERVISOR),
)
