"""The word lists: own lines, shipped ones switched off, and how a sentence is read with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.naming import who
from bot.console.knowledge.numbers import version_in
from bot.console.knowledge.publications import propose
from bot.console.render import page, say_for
from bot.keys import CLOCK, DATABASE, LIBRARY
from knowledgebase.errors import WordListConflict, WordListInvalid
from knowledgebase.publishing import words
from knowledgebase.publishing.model import ChangeSet
from knowledgebase.publishing.words import Standing, Version
from knowledgebase.wording.word_lists import (
    Changes,
    Flaw,
    Lists,
    Reading,
    WordList,
    clean,
    problems,
    read,
    shipped,
    vocabulary_of,
)
from storage.database import Transaction
from tickets import agents

LIST = "/knowledge/words/{id}"
LONGEST_SENTENCE = 200
HISTORY = 20


@dataclass(frozen=True, slots=True)
class Around:
    """What the database says about a list; lists are all lists at their newest versions."""

    standing: Standing
    lists: Lists
    in_force: Lists
    history: Sequence[Version]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tried:
    """A sentence as it is read now, and with the lines of the form."""

    sentence: str
    now: Sequence[Reading]
    then: Sequence[Reading]


async def show_words(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/words?list=…: one of the three lists."""
    wanted = request.query.get("list", "")
    which = WordList(wanted) if wanted in set(WordList) else WordList.SYNONYMS
    around = await request.config_dict[DATABASE].read(_around, which)
    return _page(request, which, around, around.standing.changes)


async def save(request: web.Request) -> web.StreamResponse:
    """POST …/words/{list}: the next version of the list, and its replay if that was asked for.

    409 with both texts if somebody else has saved it since, 422 with what is wrong with which line.
    """
    form, which = await read_form(request), _which(request)
    changes, seen = await asyncio.to_thread(_written, form, which), version_in(form.get("version"))
    database = request.config_dict[DATABASE]
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    whole = request.config_dict[LIBRARY].knowledge_base.whole_question
    try:
        version = await database.write(words.save, which, changes, seen, by, now, whole)
    except (WordListInvalid, WordListConflict) as refused:
        around = await database.read(_around, which)
        if isinstance(refused, WordListConflict):
            return _page(request, which, around, changes, 409, seen=seen, theirs=around.history[0])
        return _page(request, which, around, changes, 422, seen=seen, problems=refused.problems)
    standing = await database.read(words.standing, which)
    if form.get("then") == "publish" and version != standing.published:
        return await propose(request, ChangeSet(words={which: version}))
    return _to(which, "words_saved")


async def restore(request: web.Request) -> web.StreamResponse:
    """POST …/restore: a new version with the lines of version 'to'; 0 is the list as it is shipped."""
    form, which = await read_form(request), _which(request)
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    try:
        await request.config_dict[DATABASE].write(
            _restore, which, version_in(form.get("to")), version_in(form.get("version")), by, now
        )
    except WordListConflict:
        around = await request.config_dict[DATABASE].read(_around, which)
        return _page(request, which, around, around.standing.changes, 409, theirs=around.history[0])
    return _to(which, "words_restored")


async def try_out(request: web.Request) -> web.StreamResponse:
    """POST …/try: the form again as it was, with how the sentence is read now and with its lines; keeps nothing."""
    form, which = await read_form(request), _which(request)
    changes = await asyncio.to_thread(_written, form, which)
    around = await request.config_dict[DATABASE].read(_around, which)
    lists = {**around.lists, which: changes}
    found = await asyncio.to_thread(problems, which, lists, request.config_dict[LIBRARY].knowledge_base.whole_question)
    sentence = " ".join(form.get("sentence", "").split())[:LONGEST_SENTENCE]
    fits = all(one.flaw is not Flaw.TOO_MANY_LINES for one in found)
    tried = await asyncio.to_thread(_try, sentence, around.in_force, lists) if fits else None
    return _page(request, which, around, changes, seen=version_in(form.get("version")), problems=found, tried=tried)


def _which(request: web.Request) -> WordList:
    try:
        return WordList(request.match_info["id"])
    except ValueError as error:
        raise web.HTTPNotFound from error


def _page(
    request: web.Request, which: WordList, around: Around, changes: Changes, status: int = 200, **more: Any
) -> web.Response:
    say = say_for(request)
    off = frozenset(changes.removed)
    shown: dict[str, Any] = {"seen": around.standing.newest, "problems": (), "tried": None, "theirs": None, **more}
    return page(
        request,
        "knowledge/words.html",
        status,
        which=which,
        lists=list(WordList),
        around=around,
        changes=changes,
        shipped=[(line, line not in off) for line in shipped(which)],
        is_changed=changes != around.standing.changes_in_force,
        longest=LONGEST_SENTENCE,
        who=lambda by: who(by, around.names, say),
        **shown,
    )


def _around(tx: Transaction, which: WordList) -> Around:
    return Around(
        words.standing(tx, which),
        {each: words.standing(tx, each).changes for each in WordList},
        words.in_force(tx),
        words.history(tx, which, HISTORY),
        agents.names(tx),
    )


def _restore(tx: Transaction, which: WordList, version: int, seen: int, by: str, now: int) -> int:
    return words.save(tx, which, words.at(tx, {which: version})[which], seen, by, now)


def _try(sentence: str, in_force: Lists, lists: Lists) -> Tried:
    return Tried(sentence, read(vocabulary_of(in_force), sentence), read(vocabulary_of(lists), sentence))


def _written(form: Mapping[str, str], which: WordList) -> Changes:
    """The lines of the form: own ones, and those shipped lines that are not ticked."""
    known = shipped(which)
    added = tuple(line for line in clean(form.get("added", "")) if line not in known)
    return Changes(added, tuple(line for line in known if f"on:{line}" not in form))


def _to(which: WordList, done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/console/knowledge/words?list={which}&done={done}"})


ROUTES = (
    Route("GET", "/knowledge/words", show_words, Permission.AGENT),
    Route("POST", LIST, save, Permission.SUPERVISOR),
    Route("POST", f"{LIST}/try", try_out, Permission.AGENT),
    Route("POST", f"{LIST}/restore", restore, Permission.SUPERVISOR),
)
