"""The pages of what customers asked in vain and what they confirmed, and of the questions behind each number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot import learning
from bot.console.access import Permission, Route
from bot.console.knowledge import learning_acts
from bot.console.knowledge.article_words import articles_heard
from bot.console.knowledge.lessons import Lessons, lessons
from bot.console.knowledge.numbers import page_in
from bot.console.render import page, say_for
from bot.keys import DATABASE
from knowledgebase.learning import acts
from knowledgebase.learning.acts import LearningAct
from knowledgebase.learning.asked import AskedQuestion, given_entry
from knowledgebase.learning.deflection import has_entry, was_solved
from knowledgebase.learning.masking import mask_personal
from knowledgebase.learning.topics import Topic
from storage.database import Transaction

VIEWS = ("worth", "topics", "offers", "disputes")
TOPICS_A_PAGE = 15
MOST_OFFERS = 40
MOST_LISTED = 200
# What a number on the page counts, by the word in its address.
COUNTED = {"asked": lambda _: True, "with_entry": has_entry, "solved": was_solved}


@dataclass(frozen=True, slots=True)
class Listed:
    """Questions behind a number, newest first, at most MOST_LISTED of total; title is what they are about, empty for
    a number of the whole page. topic: the topic that they make, if they make one."""

    of: str
    title: str
    questions: Sequence[AskedQuestion]
    total: int
    topic: Topic | None = None


async def show_lessons(request: web.Request) -> web.StreamResponse:
    """GET …/learning: topics, wordings to confirm, disputed answers, and what the next entries would buy."""
    found, view = await lessons(request), request.query.get("view", "")
    pages = max(1, -(-len(found.topics) // TOPICS_A_PAGE))
    number = min(page_in(request.query.get("page", "")), pages)
    return page(
        request,
        "knowledge/learning.html",
        lessons=found,
        view=view if view in VIEWS else VIEWS[0],
        topics=found.topics[(number - 1) * TOPICS_A_PAGE : number * TOPICS_A_PAGE],
        number=number,
        pages=pages,
        offers=found.offers[:MOST_OFFERS],
        articles=await articles_heard(request),
        **await _notice(request),
    )


async def show_questions(request: web.Request) -> web.StreamResponse:
    """GET …/learning/questions: what a number counts."""
    found = await lessons(request)
    listed = _listed(found, request.query.get("of", "asked"), request.query.get("key", ""))
    if listed is None:
        return page(request, "knowledge/questions.html", 404, lessons=found, listed=None, answer="")
    answer = ""
    if listed.topic is not None:
        answer = await request.config_dict[DATABASE].read(learning.answer_from_agents, listed.topic.questions)
        answer = mask_personal(answer)
    return page(request, "knowledge/questions.html", lessons=found, listed=listed, answer=answer)


async def _notice(request: web.Request) -> dict[str, Any]:
    """What was just done, where it can be undone: the acts, and the sentence, which then is no toast any more."""
    standing = await request.config_dict[DATABASE].read(_standing, request.query.get("act", ""))
    say, key = say_for(request), f"done.{request.query.get('done', '')}"
    return {"standing": standing, "told": say(key), "done": None} if standing and say.knows(key) else {"standing": ()}


def _standing(tx: Transaction, ids: str) -> tuple[LearningAct, ...]:
    """Of these acts, parted by commas, those that can be undone."""
    found = (acts.get_act(tx, one) for one in ids.split(",")[: learning_acts.MOST_AT_ONCE])
    return tuple(act for act in found if act is not None and act.undone_at is None)


def _listed(found: Lessons, of: str, key: str) -> Listed | None:
    """The questions of a kind, those about one thing by its key; None for a thing that is not there."""
    every = found.records.questions
    match of:
        case "topic":
            topic = found.topic(key)
            return _cut(of, topic.title, topic.questions, topic) if topic else None
        case "offer":
            offer = found.offer(key)
            return _cut(of, offer.wording, offer.questions) if offer else None
        case "disputed":
            dispute = next((one for one in found.disputes if one.entry.id == key), None)
            return _cut(of, dispute.entry.question, dispute.questions) if dispute else None
        case "given":
            entry = found.records.entries.get(key)
            given = [one for one in every if given_entry(one) == key]
            return _cut(of, entry.question, given) if entry else None
    return _cut(of, "", [one for one in every if COUNTED[of](one)]) if of in COUNTED else None


def _cut(of: str, title: str, questions: Sequence[AskedQuestion], topic: Topic | None = None) -> Listed:
    return Listed(of, title, questions[:MOST_LISTED], len(questions), topic)


ROUTES = (
    Route("GET", "/knowledge/learning", show_lessons, Permission.AGENT),
    Route("GET", "/knowledge/learning/questions", show_questions, Permission.AGENT),
    *learning_acts.ROUTES,
)
