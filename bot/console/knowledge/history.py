"""The versions of an entry: the list, and the differences between any two."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import Permission, Route
from bot.console.knowledge.duties import duty_of
from bot.console.knowledge.entry import ENTRY
from bot.console.knowledge.naming import who
from bot.console.knowledge.numbers import whole
from bot.console.render import page, say_for
from bot.keys import DATABASE
from knowledgebase.authoring import catalogue, entries, versions
from knowledgebase.authoring.differences import Difference, compare
from knowledgebase.authoring.lifecycle import Action, allowed
from knowledgebase.authoring.rows import Head
from knowledgebase.authoring.versions import Version
from knowledgebase.publishing import register
from knowledgebase.publishing.model import Publication
from storage.database import Transaction
from tickets import agents


@dataclass(frozen=True, slots=True)
class History:
    """The versions of an entry, two of them compared; related holds the questions of entries named in the two,
    replays what was published with a version, by id."""

    head: Head
    versions: Sequence[Version]
    former: Version
    latter: Version
    differences: Sequence[Difference]
    related: Mapping[str, str]
    names: Mapping[str, str]
    replays: Mapping[str, Publication]


async def show_versions(request: web.Request) -> web.StreamResponse:
    """GET …/entries/{id}/versions?from=&to=: by default what is published against the working copy."""
    wanted = whole(request.query.get("from")), whole(request.query.get("to"))
    history = await request.config_dict[DATABASE].read(_history, request.match_info["id"], *wanted)
    can = allowed(history.head.entry.status, duty_of(request), history.head.published_version is not None)
    say = say_for(request)
    named: Callable[[str], str] = lambda by: who(by, history.names, say)  # noqa: E731
    return page(request, "knowledge/versions.html", history=history, may_roll_back=Action.ROLL_BACK in can, who=named)


def _history(tx: Transaction, entry_id: str, former: int | None, latter: int | None) -> History:
    head = entries.get_head(tx, entry_id)
    newest = head.entry.version
    latter = latter or newest
    former = former or _compared_with(head, latter)
    before, after = versions.get_version(tx, entry_id, former), versions.get_version(tx, entry_id, latter)
    if before is None or after is None:
        raise web.HTTPNotFound
    ids = dict.fromkeys((*before.entry.related, *after.entry.related))
    related = {one.entry.id: one.entry.question for one in catalogue.heads_of(tx, list(ids))}
    found = compare(before.entry, after.entry)
    listed = versions.history(tx, entry_id)
    replays = register.told_of(tx, (one.replay_id for one in listed if one.replay_id))
    return History(head, listed, before, after, found, related, agents.names(tx), replays)


def _compared_with(head: Head, latter: int) -> int:
    """What a version is compared with where nothing else is asked for: what is published, or the one before."""
    published = head.published_version
    return published if published and published < latter else max(1, latter - 1)


ROUTES = (Route("GET", f"{ENTRY}/versions", show_versions, Permission.AGENT),)
