"""Publications: asked for, replayed, their flips looked at and accepted, and put in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, is_fetch, read_form
from bot.console.knowledge.naming import who
from bot.console.knowledge.numbers import whole
from bot.console.render import page, say_for
from bot.keys import CLOCK, DATABASE, REPLAYING
from knowledgebase.authoring import catalogue
from knowledgebase.authoring.rows import Change
from knowledgebase.judging.replay import FlipKind, Mark, is_right
from knowledgebase.publishing import flips, publications, register, words
from knowledgebase.publishing.flips import KeptFlip
from knowledgebase.publishing.model import ChangeSet, Publication, PublicationState
from knowledgebase.wording.word_lists import Changes, WordList
from storage.database import Transaction
from tickets import agents

ONE = "/knowledge/publications/{id}"
MOST_FLIPS = 200
MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Touched:
    """An entry that a publication changes; question is its id once there is no such entry."""

    id: str
    question: str
    archived: bool


@dataclass(frozen=True, slots=True)
class ListChange:
    """A word list that a publication changes, in lines that come and go."""

    name: WordList
    version: int
    added: Sequence[str]
    removed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A publication as it is listed; entries are at most MOST_ENTRIES of those that it touches."""

    publication: Publication
    entries: Sequence[Touched]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A publication as its page shows it. counts: flips by kind, and those for the worse as 'worse'. expected: the
    questions of the entries that are right for these flips, by id."""

    told: Told
    lists: Sequence[ListChange]
    flips: Sequence[KeptFlip]
    counts: Mapping[str, int]
    unaccepted: Mapping[FlipKind, int]
    expected: Mapping[str, str]

    @property
    def publication(self) -> Publication:
        """The publication itself."""
        return self.told.publication


async def show_publications(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/publications: those that wait, then those that are over, newest first."""
    before = request.query.get("before", "")[:36]
    found = await request.config_dict[DATABASE].read(_listed, before)
    return _page(request, "knowledge/publications.html", found[0].names if found else {}, found=found, before=before)


async def show_publication(request: web.Request) -> web.StreamResponse:
    """GET …/publications/{id}: how far the replay is, or what it found; for the page's script only that part."""
    return await _show(request, request.match_info["id"])


async def begin(request: web.Request) -> web.StreamResponse:
    """POST …/publications: fields publish:<entry>, archive:<entry> and words:<list> hold versions that were seen.

    Without any, what is in force is compared with what was accepted last.
    """
    form = await read_form(request)
    try:
        changes = _changes(form)
    except ValueError as error:
        raise web.HTTPBadRequest(reason="Not a set of changes") from error
    return await propose(request, changes)


async def propose(request: web.Request, changes: ChangeSet) -> web.Response:
    """Ask for a replay of these changes and go to its page. Raises PublicationRefused."""
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    begun = await request.config_dict[DATABASE].write(publications.begin, changes, by, now)
    return _to(begun.id)


def begin_for(tx: Transaction, publish: Mapping[str, int], archive: Mapping[str, int], change: Change) -> str | None:
    """The id of the publication that these versions wait for; None if there are none. Raises PublicationRefused."""
    if not (publish or archive):
        return None
    return publications.begin(tx, ChangeSet(publish=publish, archive=archive), change.by, change.at).id


async def again(request: web.Request) -> web.StreamResponse:
    """POST …/again: ask for the same changes once more, of a publication that failed or was withdrawn."""
    old = await _get(request, request.match_info["id"])
    return await propose(request, old.changes)


async def accept(request: web.Request) -> web.StreamResponse:
    """POST …/accept: one flip (number), all of a kind, or all ('all'); base says which replay was looked at."""
    form, publication_id = await read_form(request), request.match_info["id"]
    number, kind = _accepted(form)
    await request.config_dict[DATABASE].write(
        publications.accept,
        publication_id,
        form.get("base", ""),
        number,
        kind,
        request[LOGIN].agent.id,
        request.config_dict[CLOCK](),
    )
    if is_fetch(request):
        return await _show(request, publication_id)
    return _to(publication_id)


async def publish(request: web.Request) -> web.StreamResponse:
    """POST …/publish: put it in force, if all flips are accepted and the base is still what it was."""
    publication_id = request.match_info["id"]
    model = request.config_dict[REPLAYING].model
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    state = await request.config_dict[DATABASE].write(publications.publish, publication_id, model, by, now)
    return _to(publication_id, "published" if state is PublicationState.PUBLISHED else "")


async def withdraw(request: web.Request) -> web.StreamResponse:
    """POST …/withdraw: give it up; what was written stays as it is."""
    publication_id = request.match_info["id"]
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    await request.config_dict[DATABASE].write(publications.withdraw, publication_id, by, now)
    request.config_dict[REPLAYING].abandon(publication_id)
    return _to(publication_id, "withdrawn")


async def _show(request: web.Request, publication_id: str) -> web.Response:
    wanted = request.query.get("kind", "")
    shown = await request.config_dict[DATABASE].read(_shown, publication_id, wanted)
    template = "knowledge/publication_part.html" if is_fetch(request) else "knowledge/publication.html"
    return _page(
        request,
        template,
        shown.told.names,
        shown=shown,
        progress=request.config_dict[REPLAYING].progress.get(publication_id),
        wanted=wanted,
        most=MOST_FLIPS,
        is_right=is_right,
    )


def _page(request: web.Request, template: str, names: Mapping[str, str], **more: Any) -> web.Response:
    say = say_for(request)

    def name(by: str | None) -> str:
        return who(by, names, say) if by else say("replay.nobody")

    return page(request, template, who=name, **more)


async def _get(request: web.Request, publication_id: str) -> Publication:
    return await request.config_dict[DATABASE].read(register.get, publication_id)


def _to(publication_id: str, done: str = "") -> web.Response:
    place = f"/console/knowledge/publications/{publication_id}" + (f"?done={done}" if done else "")
    return web.Response(status=303, headers={"Location": place})


def _listed(tx: Transaction, before: str) -> list[Told]:
    names = agents.names(tx)
    return [Told(one, _touched(tx, one.changes, 3), names) for one in register.newest(tx, before=before)]


def _shown(tx: Transaction, publication_id: str, wanted: str) -> Shown:
    publication = register.get(tx, publication_id)
    kept = flips.of(tx, publication_id)
    counts = {kind.value: sum(one.flip.kind is kind for one in kept) for kind in FlipKind}
    worse = sum(one.flip.mark is Mark.WORSE for one in kept)
    shown = [one for one in kept if wanted in ("", one.flip.kind, one.flip.mark)][:MOST_FLIPS]
    expected = {one for kept_flip in shown for one in kept_flip.flip.question.expected or ()}
    return Shown(
        Told(publication, _touched(tx, publication.changes, MOST_ENTRIES), agents.names(tx)),
        _lists(tx, publication),
        shown,
        {**counts, "worse": worse},
        flips.unaccepted(tx, publication_id),
        {head.entry.id: head.entry.question for head in catalogue.heads_of(tx, sorted(expected))},
    )


def _touched(tx: Transaction, changes: ChangeSet, most: int) -> list[Touched]:
    ids = [*changes.publish, *changes.archive][:most]
    known = {head.entry.id: head.entry.question for head in catalogue.heads_of(tx, ids)}
    return [Touched(one, known.get(one, one), one in changes.archive) for one in ids]


def _lists(tx: Transaction, publication: Publication) -> list[ListChange]:
    """What comes and goes against what was in force before; of one that is over, against the version before."""
    found = []
    for which, version in publication.changes.words.items():
        before = words.standing(tx, which).published if publication.is_live else version - 1
        old, new = (words.at(tx, {which: number})[which] for number in (before, version))
        found.append(ListChange(which, version, *_difference(old, new)))
    return found


def _difference(old: Changes, new: Changes) -> tuple[list[str], list[str]]:
    """The lines that come into force, and those that go."""
    come = [line for line in new.added if line not in old.added]
    go = [line for line in old.added if line not in new.added]
    back = [line for line in old.removed if line not in new.removed]
    off = [line for line in new.removed if line not in old.removed]
    return come + back, go + off


def _accepted(form: Mapping[str, str]) -> tuple[int | None, FlipKind | None]:
    """Which flips a form accepts; two None mean all. Raises HTTPBadRequest for anything else than one plain choice."""
    match form.get("number"), form.get("kind"):
        case str(number), None if whole(number):
            return int(number), None
        case None, "all":
            return None, None
        case None, str(kind) if kind in set(FlipKind):
            return None, FlipKind(kind)
    raise web.HTTPBadRequest(reason="Not a choice of flips")


def _changes(form: Mapping[str, str]) -> ChangeSet:
    """The changes that a form names. Raises ValueError."""
    found: dict[str, dict[str, int]] = {"publish": {}, "archive": {}, "words": {}}
    for field, value in form.items():
        act, separator, name = field.partition(":")
        if separator and act in found:
            found[act][name] = int(value)
    lists = {WordList(name): version for name, version in found["words"].items()}
    return ChangeSet(found["publish"], found["archive"], lists)


ROUTES = (
    Route("GET", "/knowledge/publications", show_publications, Permission.AGENT),
    Route("POST", "/knowledge/publications", begin, Permission.SUPERVISOR),
    Route("GET", ONE, show_publication, Permission.AGENT),
    Route("POST", f"{ONE}/accept", accept, Permission.SUPERVISOR),
    Route("POST", f"{ONE}/publish", publish, Permission.SUPERVISOR),
    Route("POST", f"{ONE}/withdraw", withdraw, Permission.SUPERVISOR),
    Route("POST", f"{ONE}/again", again, Permission.SUPERVISOR),
)
