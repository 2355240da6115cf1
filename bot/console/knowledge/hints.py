"""What the form of an entry hears while it is written: how the answer looks, and whose the questions are already."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.entry import zone_of
from bot.console.knowledge.forms import Written, written
from bot.console.render import page, problem
from bot.gateway.limits import MINUTE_S, Pace
from bot.keys import DATABASE, LETTERHEAD, LIBRARY, THRESHOLDS
from bot.markup import as_blocks, prepare
from knowledgebase.authoring import catalogue
from knowledgebase.authoring.advice import Advice, advise
from knowledgebase.authoring.catalogue import Filter
from knowledgebase.authoring.rows import Head
from knowledgebase.authoring.validation import LONGEST, MOST_SIMILAR, Problem, cautions
from knowledgebase.model import ANSWER_CHANNELS
from storage.database import Transaction

HINTS_PER_MINUTE = 120
MOST_PICKED = 8
# How many questions of one entry are looked up for one hint; the others wait until the first are well.
MOST_CHECKED = 40

HINT_PACE = web.AppKey("console_hints", Pace)


def hint_pace() -> Pace:
    """How often one agent may ask: each hint costs a search for every question of the entry."""
    return Pace(HINTS_PER_MINUTE, MINUTE_S)


async def check(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/check: what stands against the form as it is now, as a part of its page."""
    if (refusal := _too_often(request)) is not None:
        return refusal
    form = await read_form(request)
    draft = written(form, form.get("id", ""), zone_of(request))
    advice = await _advice(request, draft)
    drafts = await request.config_dict[DATABASE].read(_same_question, draft.entry.question, draft.entry.id)
    known = {one.other.id for one in advice if one.other}
    return page(
        request,
        "knowledge/hints.html",
        advice=advice,
        drafts=[head.entry for head in drafts if head.entry.id not in known],
        cautions=cautions(draft.entry),
        # What is still empty is going to be written.
        findings=[one for one in draft.findings if one.problem is not Problem.MISSING_FIELD],
        longest=LONGEST,
        checked=MOST_CHECKED if len(draft.entry.similar) >= MOST_CHECKED else None,
    )


async def preview(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/preview: the answer as customers see it on a channel, as a part of the page."""
    form = await read_form(request)
    draft = written(form, form.get("id", ""), zone_of(request))
    channel = form.get("channel", "")
    answer = draft.entry.answer_for(channel if channel in ANSWER_CHANNELS else "")
    shown = await asyncio.to_thread(prepare, answer[: LONGEST["answer"]], request.config_dict[LETTERHEAD])
    return page(request, "knowledge/preview.html", blocks=as_blocks(shown))


async def find(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/find?q=: entries as JSON: what the chat finds, then what holds the words."""
    if (refusal := _too_often(request)) is not None:
        return refusal
    text = " ".join(request.query.get("q", "").split())[: LONGEST["question"]]
    if not text:
        return web.json_response({"entries": []})
    matches = await request.config_dict[LIBRARY].search(text, MOST_PICKED)
    heads = await request.config_dict[DATABASE].read(_named, text, [match.entry.id for match in matches])
    told = [{"id": head.entry.id, "question": head.entry.question, "category": head.entry.category} for head in heads]
    return web.json_response({"entries": told[:MOST_PICKED]})


async def _advice(request: web.Request, draft: Written) -> Sequence[Advice]:
    library = request.config_dict[LIBRARY]
    texts = [draft.entry.question, *draft.entry.similar[:MOST_SIMILAR]][:MOST_CHECKED]
    questions = [text[: LONGEST["question"]] for text in texts]
    least = request.config_dict[THRESHOLDS]().clarify
    return await asyncio.to_thread(advise, library.knowledge_base, draft.entry.id, questions, least)


def _too_often(request: web.Request) -> web.Response | None:
    wait = request.config_dict[HINT_PACE].hit(request[LOGIN].agent.id, time.monotonic())
    if wait is None:
        return None
    refusal = problem(request, 429, "too_often")
    refusal.headers["Retry-After"] = str(int(wait) + 1)
    return refusal


def _same_question(tx: Transaction, question: str, entry_id: str) -> list[Head]:
    """Other entries, drafts too, that hold this question in just these words."""
    if not 0 < len(question) <= LONGEST["question"]:
        return []
    listed = catalogue.list_entries(tx, Filter(text=question), limit=MOST_PICKED)
    return [one.head for one in listed if one.head.entry.id != entry_id and question in _questions(one.head)]


def _questions(head: Head) -> tuple[str, ...]:
    return (head.entry.question, *head.entry.similar)


def _named(tx: Transaction, text: str, ids: Sequence[str]) -> list[Head]:
    found: Mapping[str, Head] = {head.entry.id: head for head in catalogue.heads_of(tx, ids)}
    more = {one.head.entry.id: one.head for one in catalogue.list_entries(tx, Filter(text=text), limit=MOST_PICKED)}
    return list({**found, **more}.values())


ROUTES = (
    Route("POST", "/knowledge/check", check, Permission.AGENT),
    Route("POST", "/knowledge/preview", preview, Permission.AGENT),
    Route("GET", "/knowledge/find", find, Permission.AGENT),
)
