"""Keeping what was written: a new draft or the next version, never over what another has written meanwhile."""

from urllib.parse import quote

from aiohttp import web

from bot.console.access import Permission, Route, read_form
from bot.console.knowledge.duties import change_by
from bot.console.knowledge.entry import ENTRY, show_editor, zone_of
from bot.console.knowledge.forms import Written, refused, written
from bot.console.knowledge.moving import after_saving
from bot.console.knowledge.numbers import version_in
from bot.keys import DATABASE
from knowledgebase.authoring import entries, versions
from knowledgebase.authoring.differences import compare
from knowledgebase.authoring.validation import Finding, Problem
from knowledgebase.errors import EntryConflict, EntryInvalid
from knowledgebase.model import Entry
from storage.database import Transaction


async def create(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/new: keep a new draft."""
    form = await read_form(request)
    draft = written(form, form.get("id", ""), zone_of(request))
    if draft.findings:
        return await show_editor(request, draft, 0, 422)
    try:
        entry = await request.config_dict[DATABASE].write(entries.create, draft.entry, change_by(request))
    except EntryInvalid:
        return await show_editor(request, _unknown_related(draft), 0, 422)
    except EntryConflict as conflict:
        # The very draft was sent twice: it is there, and this is the way to it.
        raise web.HTTPSeeOther(f"/console{place_of(conflict.theirs)}") from conflict
    return await after_saving(request, entry, form.get("then", ""))


async def save(request: web.Request) -> web.StreamResponse:
    """POST …/entries/{id}/save: the next version, or 409 with both texts if there is a newer one already."""
    form = await read_form(request)
    draft, seen = written(form, request.match_info["id"], zone_of(request)), version_in(form.get("version"))
    if draft.findings:
        return await show_editor(request, draft, seen, 422)
    change = change_by(request, form.get("note", ""))
    try:
        entry = await request.config_dict[DATABASE].write(entries.edit, draft.entry, seen, change)
    except EntryInvalid:
        return await show_editor(request, _unknown_related(draft), seen, 422)
    except EntryConflict as conflict:
        return await show_conflict(request, draft, seen, conflict)
    return await after_saving(request, entry, form.get("then", ""))


async def merge(request: web.Request) -> web.StreamResponse:
    """POST …/entries/{id}/merge: the form again with what was written, based on the newest version; keeps nothing."""
    form = await read_form(request)
    draft = written(form, request.match_info["id"], zone_of(request))
    if draft.findings:
        return await show_editor(request, draft, version_in(form.get("version")), 422)
    newest = await request.config_dict[DATABASE].read(_newest, draft.entry.id)
    differences = compare(newest.entry, draft.entry)
    return await show_editor(request, draft, newest.entry.version, meanwhile=newest, differences=differences)


async def show_conflict(request: web.Request, draft: Written, seen: int, conflict: EntryConflict) -> web.Response:
    """409: what was written beside what stands now, and what to do."""
    newest = await request.config_dict[DATABASE].read(_newest, conflict.theirs.id)
    differences = compare(newest.entry, draft.entry)
    return await show_editor(
        request, draft, seen, 409, "knowledge/conflict.html", meanwhile=newest, differences=differences
    )


def _newest(tx: Transaction, entry_id: str) -> versions.Version:
    found = versions.history(tx, entry_id, 1)
    if not found:
        raise web.HTTPNotFound
    return found[0]


def _unknown_related(draft: Written) -> Written:
    """A text that is right in itself can only be kept out by a related entry that is not there."""
    return refused(draft, Finding(Problem.UNKNOWN_ENTRY, "related"))


def place_of(entry: Entry) -> str:
    """The address of an entry's page below /console."""
    return f"/knowledge/entries/{quote(entry.id, safe='')}"


ROUTES = (
    Route("POST", "/knowledge/new", create, Permission.AGENT),
    Route("POST", f"{ENTRY}/save", save, Permission.AGENT),
    Route("POST", f"{ENTRY}/merge", merge, Permission.AGENT),
)
