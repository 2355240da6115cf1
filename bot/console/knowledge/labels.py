"""Labelled questions: what is right for an utterance, by somebody's word; asked again before each publication."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.naming import who
from bot.console.knowledge.numbers import version_in
from bot.console.render import page, problem, say_for
from bot.keys import CLOCK, DATABASE, LIBRARY
from knowledgebase.authoring import catalogue
from knowledgebase.errors import LabelConflict, LineUnreadable
from knowledgebase.judging.labelled import LONGEST_UTTERANCE, MOST_EXPECTED, parse_questions
from knowledgebase.judging.trials import Question
from knowledgebase.model import Match
from knowledgebase.publishing import questions
from knowledgebase.publishing.questions import Added, Labelled
from storage.database import Transaction
from tickets import agents

ONE = "/knowledge/questions/{id}"
PAGE = 100
CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of labelled questions; entries are the questions of the entries that are expected, by id."""

    total: int
    found: Sequence[Labelled]
    entries: Mapping[str, str]
    names: Mapping[str, str]


async def show_labels(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/questions: labelled questions; with ?ask= what may be right for a new one."""
    return await _show(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/questions: label an utterance; an earlier label of it is replaced."""
    form = await read_form(request)
    utterance = " ".join(form.get("utterance", "").split())[:LONGEST_UTTERANCE]
    expected = _expected(form)
    unknown = await request.config_dict[DATABASE].read(questions.unknown_entries, expected)
    if not utterance or unknown or ("none" not in form and not expected):
        return await _show(request, 422, asking=utterance, unknown=unknown, wrong=True)
    label = Question(utterance, frozenset() if "none" in form else frozenset(expected))
    await _bring_in(request, [label])
    return _to("label_added")


async def bring_in(request: web.Request) -> web.StreamResponse:
    """POST …/questions/import: lines of JSON, all or none."""
    form = await read_form(request)
    text = form.get("lines", "")
    try:
        found = parse_questions(text)
    except LineUnreadable as refused:
        return await _show(request, 422, pasted=text, refused=refused)
    await _bring_in(request, found)
    return _to("labels_added")


async def relabel(request: web.Request) -> web.StreamResponse:
    """POST …/questions/{id}: say anew what is right; 409 if somebody else has since."""
    form = await read_form(request)
    expected = _expected(form)
    if unknown := await request.config_dict[DATABASE].read(questions.unknown_entries, expected):
        return await _show(request, 422, unknown=unknown, wrong=True)
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    change = (request.match_info["id"], version_in(form.get("version")), expected, by, now)
    try:
        await request.config_dict[DATABASE].write(questions.relabel, *change)
    except LabelConflict:
        return problem(request, 409, "label_moved")
    return _to("label_changed")


async def remove(request: web.Request) -> web.StreamResponse:
    """POST …/questions/{id}/remove: it is not replayed any more; 409 if somebody else has changed it since."""
    form = await read_form(request)
    try:
        await request.config_dict[DATABASE].write(
            questions.remove, request.match_info["id"], version_in(form.get("version"))
        )
    except LabelConflict:
        return problem(request, 409, "label_moved")
    return _to("label_removed")


async def _show(
    request: web.Request,
    status: int = 200,
    asking: str | None = None,
    unknown: Sequence[str] = (),
    wrong: bool = False,
    pasted: str = "",
    refused: LineUnreadable | None = None,
) -> web.Response:
    say, wanted = say_for(request), " ".join(request.query.get("q", "").split())[:LONGEST_UTTERANCE]
    ask = " ".join(request.query.get("ask", "").split())[:LONGEST_UTTERANCE] if asking is None else asking
    matches: list[Match] = await request.config_dict[LIBRARY].search(ask, CANDIDATES) if ask else []
    listed = await request.config_dict[DATABASE].read(_listed, wanted, request.query.get("after", "")[:36])
    return page(
        request,
        "knowledge/labels.html",
        status,
        listed=listed,
        wanted=wanted,
        ask=ask,
        matches=matches,
        unknown=unknown,
        wrong=wrong,
        pasted=pasted,
        refused=refused,
        most=PAGE,
        longest=LONGEST_UTTERANCE,
        most_expected=MOST_EXPECTED,
        who=lambda by: who(by, listed.names, say),
    )


async def _bring_in(request: web.Request, found: Sequence[Question]) -> Added:
    by, now = request[LOGIN].agent.id, request.config_dict[CLOCK]()
    return await request.config_dict[DATABASE].write(questions.bring_in, found, by, now)


def _listed(tx: Transaction, wanted: str, after: str) -> Listed:
    found = questions.page(tx, wanted, after, PAGE)
    ids = list(dict.fromkeys(one for label in found for one in label.expected))
    known = {head.entry.id: head.entry.question for head in catalogue.heads_of(tx, ids)}
    return Listed(questions.count(tx), found, known, agents.names(tx))


def _expected(form: Mapping[str, str]) -> list[str]:
    """The ticked entries of a form and those named by id, separated by spaces or commas."""
    ticked = [name.removeprefix("is:") for name in form if name.startswith("is:")]
    named = form.get("ids", "").replace(",", " ").replace("，", " ").split()
    return list(dict.fromkeys((*ticked, *named)))[:MOST_EXPECTED]


def _to(done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/console/knowledge/questions?done={done}"})


ROUTES = (
    Route("GET", "/knowledge/questions", show_labels, Permission.AGENT),
    Route("POST", "/knowledge/questions", add, Permission.AGENT),
    Route("POST", "/knowledge/questions/import", bring_in, Permission.SUPERVISOR),
    Route("POST", ONE, relabel, Permission.AGENT),
    Route("POST", f"{ONE}/remove", remove, Permission.SUPERVISOR),
)
