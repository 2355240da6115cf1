"""Entries beside a ticket: what an agent may answer with, searched as the chat does, and what was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.console.access import LOGIN, is_fetch, read_form
from bot.console.render import page, problem, say_for
from bot.console.story import Guess
from bot.inserting import change_entry, open_question
from bot.keys import CLOCK, DATABASE, LETTERHEAD, LIBRARY
from bot.markup import Letterhead, as_text
from knowledgebase.authoring import entries
from knowledgebase.learning import asked
from knowledgebase.learning.acts import Doer
from knowledgebase.learning.asked import AskedQuestion
from knowledgebase.learning.edits import Verdict
from knowledgebase.model import Entry, Match, Visibility
from storage.database import Transaction
from tickets import conversations, tickets
from tickets.model import Conversation

MOST_FOUND = 6
# What is surely not meant is left out, but for the first few.
LEAST_FOUND, LEAST_SURE = 3, 0.01
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Suggested:
    """An entry as an agent may use it: answer is the text for the customer's channel, None if it is not in force.

    confidence is what the search gives it; visibility says whom it may be read out to.
    """

    entry_id: str
    version: int | None
    question: str
    confidence: float
    answer: str | None
    visibility: Visibility = Visibility.PUBLIC


def of_today(tx: Transaction, guess: Guess, channel: str, letterhead: Letterhead) -> Suggested:
    """What was near when the ticket was opened, as it is in force today; one look-up by key."""
    entry = entries.published_entry(tx, guess.entry_id)
    if entry is None:
        return Suggested(guess.entry_id, guess.version, guess.question, guess.confidence, None)
    return _suggested(entry, guess.confidence, channel, letterhead)


async def suggest(request: web.Request, text: str, channel: str) -> list[Suggested]:
    """What the knowledge base in force finds for a text, best first, whatever its visibility."""
    found: Sequence[Match] = await request.config_dict[LIBRARY].search(text, MOST_FOUND)
    letterhead = request.config_dict[LETTERHEAD]
    near = [match for place, match in enumerate(found) if place < LEAST_FOUND or match.confidence >= LEAST_SURE]
    return [_suggested(match.entry, match.confidence, channel, letterhead) for match in near]


def _suggested(entry: Entry, confidence: float, channel: str, letterhead: Letterhead) -> Suggested:
    answer = as_text(entry.answer_for(channel), letterhead)
    return Suggested(entry.id, entry.version, entry.question, confidence, answer, entry.visibility)


# --- What agents do ---------------------------------------------------------------------------------------------


async def search_entries(request: web.Request) -> web.StreamResponse:
    """GET …/entries?q=…: what the knowledge base has for these words, as a part of the ticket's page."""
    text = " ".join(request.query.get("q", "").split())[:LONGEST_SEARCH]
    number = request.match_info["number"]
    if not is_fetch(request):
        return _see_other(f"/console/knowledge?{urlencode({'q': text})}")
    conversation, question = await request.config_dict[DATABASE].read(_context, number)
    found = await suggest(request, text, conversation.channel) if text else []
    return page(request, "parts/found.html", found=found, text=text, number=number, question=question)


def _context(tx: Transaction, number: str) -> tuple[Conversation, AskedQuestion | None]:
    ticket = tickets.by_number(tx, number)
    return conversations.get_conversation(tx, ticket.conversation_id), open_question(tx, ticket.conversation_id)


async def mark_question(request: web.Request) -> web.StreamResponse:
    """POST …/mark: the customer's question is that of this entry; without an entry, it is not after all."""
    form, number = await read_form(request), request.match_info["number"]
    entry_id = form.get("entry") or None
    marked = await request.config_dict[DATABASE].write(
        _mark, number, form.get("message", ""), entry_id, request[LOGIN].agent.id
    )
    if not marked:
        return problem(request, 422, "not_marked")
    return _done(request, "marked" if entry_id else "unmarked")


def _mark(tx: Transaction, number: str, message_id: str, entry_id: str | None, agent_id: str) -> bool:
    """Whether the question is one of this ticket's conversation and the entry is there."""
    ticket, question = tickets.by_number(tx, number), asked.of_message(tx, message_id)
    if question is None or question.conversation_id != ticket.conversation_id:
        return False
    if entry_id is not None and entries.published_entry(tx, entry_id) is None:
        return False
    return asked.correct(tx, message_id, entry_id, agent_id)


async def answer_about_change(request: web.Request) -> web.StreamResponse:
    """POST …/entry-change: whether the entry whose answer this agent edited should change as well."""
    form, number = await read_form(request), request.match_info["number"]
    verdict = {"draft": Verdict.DRAFTED, "note": Verdict.NOTED, "no": Verdict.DECLINED}.get(form.get("do", ""))
    if verdict is None:
        raise web.HTTPBadRequest(reason="Neither yes nor no")
    doer = Doer(request[LOGIN].agent.id, request.config_dict[CLOCK](), say_for(request)("insert.change_note"))
    told = await request.config_dict[DATABASE].write(_change, number, form.get("message", ""), verdict, doer)
    if told is None:
        return problem(request, 422, "already_said")
    key = {Verdict.DRAFTED: "entry_drafted", Verdict.NOTED: "entry_noted", Verdict.DECLINED: "entry_kept"}[told[0]]
    return _done(request, key, f"/console/knowledge/entries/{quote(told[1], safe='')}" if verdict is told[0] else None)


def _change(tx: Transaction, number: str, message_id: str, verdict: Verdict, doer: Doer) -> tuple[Verdict, str] | None:
    """What was kept and for which entry; None for a message of another ticket, or about which it was said before."""
    ticket = tickets.by_number(tx, number)
    message = conversations.find_message(tx, message_id)
    if message is None or message.conversation_id != ticket.conversation_id:
        return None
    told = change_entry(tx, message_id, verdict, doer)
    return None if told is None or told.verdict is None else (told.verdict, told.entry_id)


def _done(request: web.Request, key: str, entry: str | None = None) -> web.Response:
    say = say_for(request)
    if is_fetch(request):
        link = {"href": entry, "text": say("insert.open_draft")} if entry and key == "entry_drafted" else None
        return web.json_response({"text": say(f"done.{key}"), "undo": None, "link": link})
    number = quote(request.match_info["number"], safe="")
    return _see_other(f"/console/tickets/{number}?done={key}")


def _see_other(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
