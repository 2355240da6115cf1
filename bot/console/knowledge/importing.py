"""Entries from a file: sent, looked at row by row, and taken in as a whole or not at all."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.duties import change_by
from bot.console.knowledge.naming import who
from bot.console.knowledge.publications import begin_for
from bot.console.render import page, say_for
from bot.console.uploads import Upload, read_upload
from bot.keys import CLOCK, DATABASE
from knowledgebase.authoring import batches, importing
from knowledgebase.authoring.batches import Batch
from knowledgebase.authoring.importing import Effect, Foreseen, Imported
from knowledgebase.authoring.rows import Change
from knowledgebase.authoring.transfer import RowError, Taken, read_file
from knowledgebase.authoring.validation import LONGEST
from knowledgebase.errors import EntryConflict, FileUnreadable
from storage.database import Transaction, new_id
from tickets import agents

LIST = "/console/knowledge"
HERE = f"{LIST}/import"
LARGEST = 10_000_000
FORMATS = ("csv", "xlsx", "jsonl")
KEPT_MS = 30 * 60_000
MOST_KEPT = 5
MOST_SHOWN = 200
TURN = web.AppKey("console_import_turn", asyncio.Semaphore)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that was read and waits for somebody's word."""

    id: str
    name: str
    agent_id: str
    at: int
    taken: list[Taken]
    refused: list[RowError]
    foreseen: Foreseen


@dataclass(slots=True)
class WaitingFiles:
    """The files that wait, in memory: one of each agent, a few in all, for half an hour. Lives with the server."""

    kept: dict[str, Waiting] = field(default_factory=dict)

    def keep(self, waiting: Waiting) -> None:
        """Keep this one; the agent's last one goes, and the oldest if there are too many."""
        self.kept = {one.id: one for one in self.kept.values() if one.agent_id != waiting.agent_id}
        while len(self.kept) >= MOST_KEPT:
            self.kept.pop(next(iter(self.kept)))
        self.kept[waiting.id] = waiting

    def find(self, waiting_id: str, agent_id: str, now: int) -> Waiting | None:
        """The agent's own, if it still waits."""
        waiting = self.kept.get(waiting_id)
        if waiting is None or waiting.agent_id != agent_id or now - waiting.at > KEPT_MS:
            return None
        return waiting

    def forget(self, waiting_id: str) -> None:
        """It was taken, or is not wanted."""
        self.kept.pop(waiting_id, None)


WAITING_FILES = web.AppKey("console_waiting_files", WaitingFiles)


async def show_import(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/import: where a file is sent from and to, and what was done to many entries lately."""
    return await _form(request)


async def receive(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/import: read the file and show what it would do; nothing is kept yet."""
    upload = await read_upload(request, "file", LARGEST)
    if upload is None or not upload.content:
        return await _form(request, 422, "import_no_file")
    try:
        async with request.config_dict[TURN]:
            taken, refused = await asyncio.to_thread(_read, upload)
    except FileUnreadable:
        return await _form(request, 422, "import_unreadable")
    foreseen = await request.config_dict[DATABASE].read(importing.foresee, taken, refused)
    agent_id, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    waiting = Waiting(new_id(), _shown(upload.name), agent_id, now, taken, refused, foreseen)
    request.config_dict[WAITING_FILES].keep(waiting)
    raise web.HTTPSeeOther(f"{HERE}/{waiting.id}")


async def show_preview(request: web.Request) -> web.StreamResponse:
    """GET …/import/{id}: what the file would do, row by row."""
    waiting = _waiting(request)
    return await _form(request, 410, "import_gone") if waiting is None else _preview(request, waiting)


async def confirm(request: web.Request) -> web.StreamResponse:
    """POST …/import/{id}: take it in as drafts, or on to the replay before it is published; or drop it."""
    form, waiting, files = await read_form(request), _waiting(request), request.config_dict[WAITING_FILES]
    if waiting is None:
        return await _form(request, 410, "import_gone")
    if form.get("then") == "drop":
        files.forget(waiting.id)
        raise web.HTTPSeeOther(HERE)
    if waiting.foreseen.refused:
        return _preview(request, waiting, 422)
    change, publish = change_by(request, waiting.name), form.get("then") == "publish"
    try:
        done, publication_id = await request.config_dict[DATABASE].write(_take_in, waiting.foreseen, publish, change)
    except EntryConflict:
        return await _again(request, waiting)
    files.forget(waiting.id)
    if publication_id is not None:
        raise web.HTTPSeeOther(f"/console/knowledge/publications/{publication_id}")
    raise web.HTTPSeeOther(f"{HERE}?done=import_taken" if done.batch_id else f"{HERE}?done=import_nothing")


async def undo(request: web.Request) -> web.StreamResponse:
    """POST …/batches/{id}/undo: let the entries of one act stand as before it."""
    form = await read_form(request)
    await request.config_dict[DATABASE].write(batches.undo, request.match_info["id"], change_by(request))
    raise web.HTTPSeeOther(f"{HERE if form.get('next') == 'import' else LIST}?done=batch_undone")


def _take_in(tx: Transaction, foreseen: Foreseen, publish: bool, change: Change) -> tuple[Imported, str | None]:
    """What was taken, and the publication that the rest waits for: both or neither."""
    done = importing.carry_out(tx, foreseen, publish, change)
    return done, begin_for(tx, done.publish, done.archive, change)


def _shown(name: str) -> str:
    """A file's name as it may be shown: what cannot be seen is seen."""
    return "".join(one if one.isprintable() else "\ufffd" for one in Path(name).name)[:100]


def _read(upload: Upload) -> tuple[list[Taken], list[RowError]]:
    """The rows of a file that was sent; its name lends nothing but its ending."""
    ending = Path(upload.name).suffix.lower()
    if ending.removeprefix(".") not in FORMATS:
        raise FileUnreadable("the ending is none that is known")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"entries{ending}"
        path.write_bytes(upload.content)
        return read_file(path)


async def _again(request: web.Request, waiting: Waiting) -> web.Response:
    """Somebody has changed an entry since: what the file does to the entries as they stand now."""
    foreseen = await request.config_dict[DATABASE].read(importing.foresee, waiting.taken, waiting.refused)
    fresh = Waiting(waiting.id, waiting.name, waiting.agent_id, waiting.at, waiting.taken, waiting.refused, foreseen)
    request.config_dict[WAITING_FILES].keep(fresh)
    return _preview(request, fresh, 409)


def _waiting(request: web.Request) -> Waiting | None:
    now = request.config_dict[CLOCK]()
    return request.config_dict[WAITING_FILES].find(request.match_info["id"], request[LOGIN].agent.id, now)


def _preview(request: web.Request, waiting: Waiting, status: int = 200) -> web.Response:
    return page(
        request,
        "knowledge/import_preview.html",
        status,
        waiting=waiting,
        effects=list(Effect),
        most=MOST_SHOWN,
        longest=LONGEST,
    )


async def _form(request: web.Request, status: int = 200, problem: str | None = None) -> web.Response:
    say = say_for(request)
    done, names = await request.config_dict[DATABASE].read(_lately)
    return page(
        request,
        "knowledge/import.html",
        status,
        batches=done,
        who=lambda by: who(by, names, say),
        formats=FORMATS,
        problem=say(f"error.{problem}") if problem else None,
    )


def _lately(tx: Transaction) -> tuple[list[Batch], dict[str, str]]:
    return batches.newest(tx), agents.names(tx)


ROUTES = (
    Route("GET", "/knowledge/import", show_import, Permission.SUPERVISOR),
    Route("POST", "/knowledge/import", receive, Permission.SUPERVISOR, takes_file=True),
    Route("GET", "/knowledge/import/{id}", show_preview, Permission.SUPERVISOR),
    Route("POST", "/knowledge/import/{id}", confirm, Permission.SUPERVISOR),
    Route("POST", "/knowledge/batches/{id}/undo", undo, Permission.SUPERVISOR),
)
