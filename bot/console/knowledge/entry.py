"""The page of one entry: its form for those who write, its text for those who read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route
from bot.console.knowledge.duties import duty_of, may_read
from bot.console.knowledge.forms import Written, filled
from bot.console.knowledge.naming import who
from bot.console.render import page, say_for
from bot.keys import DATABASE, LETTERHEAD, RULES
from bot.markup import as_blocks, prepare
from knowledgebase.authoring import catalogue, entries, versions
from knowledgebase.authoring.lifecycle import Action, Duty, allowed
from knowledgebase.authoring.rows import Head
from knowledgebase.authoring.validation import LONGEST, cautions
from knowledgebase.authoring.versions import Version
from knowledgebase.errors import EntryNotFound
from knowledgebase.model import ANSWER_CHANNELS, Entry, Visibility
from storage.database import Transaction, new_id
from tickets import agents

ENTRY = "/knowledge/entries/{id}"
NEWEST = 3


@dataclass(frozen=True, slots=True)
class Editor:
    """Everything that the page of an entry shows to somebody who writes.

    head is None for an entry that is not kept yet. related: the questions of related entries by id. meanwhile is
    what another has made of the entry while this form was written.
    """

    form: Written
    head: Head | None
    seen: int
    acts: tuple[Action, ...]
    categories: Sequence[str]
    related: Mapping[str, str]
    versions: Sequence[Version]
    names: Mapping[str, str]
    meanwhile: Version | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What the database says about an entry beside its text."""

    head: Head | None
    categories: Sequence[str]
    related: Mapping[str, str]
    versions: Sequence[Version]
    names: Mapping[str, str]


def zone_of(request: web.Request) -> ZoneInfo:
    """Where the days of this house are."""
    return ZoneInfo(request.config_dict[RULES].time_zone)


async def show_new(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/new: the form of an entry that is not there yet, perhaps with ?question= in it."""
    draft = Entry(
        new_id(), request.query.get("question", "")[: LONGEST["question"]], "", request.query.get("category", "")
    )
    return await show_editor(request, filled(draft, zone_of(request)), 0)


async def show_entry(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/entries/{id}: the form, or for a reader the published text."""
    if duty_of(request) is Duty.READER:
        return await _show_published(request)
    entry = await request.config_dict[DATABASE].read(entries.get_entry, request.match_info["id"])
    return await show_editor(request, filled(entry, zone_of(request)), entry.version)


async def show_editor(
    request: web.Request,
    form: Written,
    seen: int,
    status: int = 200,
    template: str = "knowledge/edit.html",
    meanwhile: Version | None = None,
    **more: object,
) -> web.Response:
    """The form with all that stands around it; seen is the version on which it is based, 0 for none."""
    around = await request.config_dict[DATABASE].read(_around, form.entry)
    head = around.head
    acts = allowed(head.entry.status, duty_of(request), head.published_version is not None) if head else ()
    editor = Editor(
        form,
        head,
        seen,
        acts,
        around.categories,
        around.related,
        around.versions,
        around.names,
        meanwhile,
    )
    say = say_for(request)
    return page(
        request,
        template,
        status,
        editor=editor,
        blocks=as_blocks(prepare(form.entry.answer[: LONGEST["answer"]], request.config_dict[LETTERHEAD])),
        cautions=cautions(form.entry) if form.entry.answer else [],
        channels=ANSWER_CHANNELS,
        visibilities=list(Visibility),
        longest=LONGEST,
        duty=duty_of(request).name.lower(),
        who=lambda by: who(by, around.names, say),
        **more,
    )


def _around(tx: Transaction, entry: Entry) -> Around:
    try:
        head = entries.get_head(tx, entry.id)
    except EntryNotFound:
        head = None
    return Around(
        head,
        [one.name for one in catalogue.categories(tx) if one.name],
        {one.entry.id: one.entry.question for one in catalogue.heads_of(tx, entry.related[: LONGEST["related"]])},
        versions.history(tx, entry.id, NEWEST),
        agents.names(tx),
    )


async def _show_published(request: web.Request) -> web.Response:
    entry, related = await request.config_dict[DATABASE].read(_published, request.match_info["id"])
    role = request[LOGIN].agent.role
    if entry is None or not may_read(role, entry):
        raise web.HTTPNotFound
    shown = [one for one in related if may_read(role, one)]
    blocks = as_blocks(prepare(entry.answer, request.config_dict[LETTERHEAD]))
    return page(request, "knowledge/read.html", entry=entry, related=shown, blocks=blocks)


def _published(tx: Transaction, entry_id: str) -> tuple[Entry | None, list[Entry]]:
    entry = entries.published_entry(tx, entry_id)
    related = [entries.published_entry(tx, one) for one in entry.related] if entry else []
    return entry, [one for one in related if one is not None]


ROUTES = (
    Route("GET", "/knowledge/new", show_new, Permission.AGENT),
    Route("GET", ENTRY, show_entry, Permission.READER),
)
