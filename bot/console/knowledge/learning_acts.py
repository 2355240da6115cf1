"""What editors do with what customers asked: each a POST that leads on, with the way back."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote, urlencode

from aiohttp import web

from bot import learning
from bot.console.access import LOGIN, Permission, Route, read_form
from bot.console.knowledge.lessons import lessons
from bot.console.render import say_for
from bot.keys import CLOCK, DATABASE
from knowledgebase.errors import ActionNotAllowed, EntryConflict, EntryInvalid, EntryNotFound, NothingLeft
from knowledgebase.learning import acts, edits
from knowledgebase.learning.acts import ActKind, Doer, LearningAct
from knowledgebase.learning.topics import Topic
from knowledgebase.learning.wordings import Offer
from storage.database import Transaction, new_id

HERE = "/console/knowledge/learning"
MOST_AT_ONCE = 50

Deed = Callable[[Transaction], LearningAct]


async def act_on_topic(request: web.Request) -> web.StreamResponse:
    """POST …/learning/topics: draft an entry, add wordings to one, see to its answer, or let it be."""
    form, found, doer = await read_form(request), await lessons(request), _doer(request)
    topic = found.topic(form.get("topic", ""))
    if topic is None:
        return _back("topics", "learning_gone")
    ids = [one.message_id for one in topic.questions]
    wordings = _ticked(form, topic.wordings)
    entry_id = form.get("entry") or topic.target_id or ""
    match form.get("do"):
        case "draft":
            draft = partial(_draft, topic=topic, wordings=wordings, doer=doer, place=say_for(request)("learning.place"))
            return await _do(request, "topics", "drafted", draft, to_entry=True)
        case "add":
            return await _do(
                request, "topics", "worded", lambda tx: acts.add_wordings(tx, entry_id, wordings, ids, doer)
            )
        case "rewrite":
            target = topic.target_id or entry_id
            rewrite = partial(acts.mark_rewritten, entry_id=target, message_ids=ids, doer=doer)
            return await _do(request, "topics", "rewritten", rewrite, to_entry=True)
        case "dismiss":
            return await _do(request, "topics", "dismissed", lambda tx: acts.dismiss(tx, ids, doer))
    raise web.HTTPBadRequest(reason="Nothing that can be done to a topic")


async def act_on_wordings(request: web.Request) -> web.StreamResponse:
    """POST …/learning/wordings: take the ticked wordings into drafts of their entries, or turn them down."""
    form, found, doer = await read_form(request), await lessons(request), _doer(request)
    ticked = [name.removeprefix("pick/") for name in form if name.startswith("pick/")][:MOST_AT_ONCE]
    offers = [offer for key in ticked if (offer := found.offer(key)) is not None]
    if not offers:
        return _back("offers", "learning_gone" if ticked else "learning_none_ticked")
    if form.get("do") == "reject":
        return await _do(
            request, "offers", "rejected", *(partial(_turn_down, offer=offer, doer=doer) for offer in offers)
        )
    entry_ids = dict.fromkeys(offer.entry_id for offer in offers)
    own = {entry_id: [offer for offer in offers if offer.entry_id == entry_id] for entry_id in entry_ids}
    return await _do(request, "offers", "worded", *(partial(_take_in, offers=each, doer=doer) for each in own.values()))


async def act_on_dispute(request: web.Request) -> web.StreamResponse:
    """POST …/learning/disputes: see to a disputed answer, or let it be."""
    form, found, doer = await read_form(request), await lessons(request), _doer(request)
    dispute = next((one for one in found.disputes if one.entry.id == form.get("entry")), None)
    if dispute is None:
        return _back("disputes", "learning_gone")
    ids = [one.message_id for one in dispute.questions]
    if form.get("do") == "dismiss":
        return await _do(request, "disputes", "dismissed", lambda tx: acts.dismiss(tx, ids, doer))
    rewrite = partial(acts.mark_rewritten, entry_id=dispute.entry.id, message_ids=ids, doer=doer)
    return await _do(request, "disputes", "rewritten", rewrite, to_entry=True)


async def act_on_note(request: web.Request) -> web.StreamResponse:
    """POST …/learning/notes: an agent's note about an answer has been dealt with; or go and change the entry."""
    form, doer = await read_form(request), _doer(request)
    take = partial(_take_note, message_id=form.get("message", ""), doer=doer)
    rewrites = form.get("do") == "rewrite"
    return await _do(request, "disputes", "rewritten" if rewrites else "dismissed", take, to_entry=rewrites)


async def undo(request: web.Request) -> web.StreamResponse:
    """POST …/learning/undo: take acts back, parted by commas."""
    ids = (await read_form(request)).get("act", "").split(",")[:MOST_AT_ONCE]
    undone = await request.config_dict[DATABASE].write(_undo, ids, _doer(request))
    return _back("worth", "learning_undone" if undone else "learning_gone")


async def _do(request: web.Request, view: str, done: str, *deeds: Deed, to_entry: bool = False) -> web.Response:
    """Do this in one transaction and lead on: to the entry, or back to the page with the way to undo it."""
    try:
        done_acts = await request.config_dict[DATABASE].write(lambda tx: [deed(tx) for deed in deeds])
    except NothingLeft:
        return _back(view, "learning_gone")
    except (EntryNotFound, ActionNotAllowed, EntryConflict, EntryInvalid):
        return _back(view, "learning_refused")
    if to_entry and (entry_id := done_acts[0].entry_id):
        return _see_other(f"/console/knowledge/entries/{quote(entry_id, safe='')}?done=learning_{done}")
    return _back(view, f"learning_{done}", ",".join(act.id for act in done_acts))


def _draft(tx: Transaction, topic: Topic, wordings: Sequence[str], doer: Doer, place: str) -> LearningAct:
    """place stands where no agent has answered yet."""
    answer = learning.answer_from_agents(tx, topic.questions) or place
    category = topic.nearest[0].entry.category if topic.nearest else ""
    return acts.draft_entry(tx, wordings, answer, category, [one.message_id for one in topic.questions], doer)


def _take_in(tx: Transaction, offers: Sequence[Offer], doer: Doer) -> LearningAct:
    ids = [one.message_id for offer in offers for one in offer.questions]
    return acts.add_wordings(tx, offers[0].entry_id, [offer.wording for offer in offers], ids, doer)


def _turn_down(tx: Transaction, offer: Offer, doer: Doer) -> LearningAct:
    return acts.reject_wording(tx, offer.entry_id, offer.wording, [one.message_id for one in offer.questions], doer)


def _take_note(tx: Transaction, message_id: str, doer: Doer) -> LearningAct:
    edit = edits.get_edit(tx, message_id)
    if edit is None:
        raise NothingLeft(f"no note about message {message_id}")
    act = LearningAct(new_id(), ActKind.REWRITTEN, edit.entry_id, None, doer.agent_id, doer.now)
    acts.keep_act(tx, act)
    if not edits.deal(tx, message_id, act.id):
        raise NothingLeft(f"the note about message {message_id} was dealt with meanwhile")
    return act


def _undo(tx: Transaction, ids: Sequence[str], doer: Doer) -> bool:
    undone = [acts.undo(tx, act_id, doer) for act_id in ids]
    return any(undone)


def _ticked(form: Mapping[str, str], wordings: Sequence[str]) -> list[str]:
    """The wordings whose boxes are ticked; all of them where there are no boxes."""
    if "boxes" not in form:
        return list(wordings)
    return [text for text in wordings if f"wording/{text}" in form] or list(wordings[:1])


def _doer(request: web.Request) -> Doer:
    return Doer(request[LOGIN].agent.id, request.config_dict[CLOCK](), say_for(request)("learning.change_note"))


def _back(view: str, done: str, act: str = "") -> web.Response:
    query = {"view": view, "done": done, "act": act}
    return _see_other(f"{HERE}?{urlencode({name: value for name, value in query.items() if value})}")


def _see_other(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


ROUTES = (
    Route("POST", "/knowledge/learning/topics", act_on_topic, Permission.AGENT),
    Route("POST", "/knowledge/learning/wordings", act_on_wordings, Permission.AGENT),
    Route("POST", "/knowledge/learning/disputes", act_on_dispute, Permission.AGENT),
    Route("POST", "/knowledge/learning/notes", act_on_note, Permission.AGENT),
    Route("POST", "/knowledge/learning/undo", undo, Permission.AGENT),
)
