"""The one door for every channel, and the straight line from a committed message to its reply.

``accept`` keeps a message; only after its commit may a channel acknowledge it. ``Answering.answer`` then looks up,
decides and records. Whatever was accepted and not yet decided is in the database, so a restart goes on there.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jinja2

from bot.decide import Action, Answer, Decision, HandOff, Limits, Say, Silence, decide, read
from bot.errors import FrameError
from bot.learning import LookedUp, keep_choice, keep_question, surest
from bot.mail.answering import feedback, keep_silence, may_be_told, posting, situate_mail, told_about
from bot.mail.deciding import decide_mail, read_mail_for, unspoken
from bot.mail.postman import NO_POSTMAN, Postman, answers_its_sender, is_verified
from bot.markup import Letterhead
from bot.messages import InboundMessage, Thread
from bot.moments import promise
from bot.reply import NO_LETTERHEAD, Context, candidate, compose
from bot.scene import (
    EXTRA_ABOUT,
    TRACE_SILENT,
    Scene,
    answered_entries,
    asked_about,
    details_in,
    is_waiting,
    language,
    load_scene,
    situate,
    subject,
    traditional,
)
from knowledgebase.authoring import entries
from knowledgebase.learning import asked
from knowledgebase.model import Entry, Match
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from tickets import attachments, contacts, conversations, desk, parts, tickets
from tickets.clocks import rows, waits
from tickets.contact_details import mask
from tickets.model import Author, Contact, Conversation, Draft, Message, MessageKind, Owner, Reason
from tickets.rules import DeskRules

log = logging.getLogger(__name__)

MOST_RELATED = 2
CONTACT_REFUSED = Action.CONTACT_REFUSED.value
# Buttons of the page itself, which no message has to offer.
ALWAYS_OFFERED = frozenset({Action.HUMAN, Action.CONTACT_REFUSED})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is safe now; repeat says that it was safe before."""

    message: Message
    conversation: Conversation
    repeat: bool


def accept(tx: Transaction, inbound: InboundMessage) -> Accepted:
    """Keep a message once, whoever sends it how often, and start or keep the reply clock.

    Raises FrameError("action_gone") for a button that was never offered.
    """
    now = inbound.received_at
    contact, conversation = _place(tx, inbound)
    message, new = conversations.append(tx, conversation.id, _draft(tx, conversation, inbound), now)
    if new:
        _claim(tx, inbound, message)
        _begin_wait(tx, contact, conversation, message)
    return Accepted(message, conversation, repeat=not new)


def _claim(tx: Transaction, inbound: InboundMessage, message: Message) -> None:
    """The files of this message; a file that is not this sender's, or in another message, refuses all of it."""
    if not inbound.attachments or not inbound.attachment_owner:
        return
    ids = tuple(dict.fromkeys(inbound.attachments))
    if attachments.claim(tx, ids, inbound.attachment_owner, message.id) != len(ids):
        raise FrameError("file_gone", client_message_id=inbound.external_id)


def _place(tx: Transaction, inbound: InboundMessage) -> tuple[Contact, Conversation]:
    """Whose message this is and where it goes."""
    now, page = inbound.received_at, inbound.page
    if inbound.thread is Thread.THIS and inbound.conversation_id is not None:
        conversation = parts.current(tx, inbound.conversation_id)
        return contacts.get_contact(tx, conversation.contact_id), conversation
    contact = contacts.identify(tx, inbound.channel, inbound.sender, now)
    if inbound.name:
        contacts.learn_name(tx, contact.id, inbound.name)
    if inbound.thread is Thread.NEW:
        return contact, conversations.open_new(tx, contact.id, inbound.channel, now, subject=inbound.subject)
    return contact, conversations.find_or_open(
        tx, contact.id, inbound.channel, now, page.url if page else None, page.title if page else None
    )


def _draft(tx: Transaction, conversation: Conversation, inbound: InboundMessage) -> Draft:
    return Draft(
        Author.CONTACT,
        MessageKind.TEXT,
        _spoken(tx, conversation, inbound),
        external_id=inbound.external_id,
        action=inbound.action,
        extras={EXTRA_ABOUT: inbound.about} if inbound.about else None,
        trace=_told(inbound),
    )


def _told(inbound: InboundMessage) -> dict[str, Any] | None:
    """What agents may know of the message beside its text."""
    told = {**(inbound.facts or {}), **({TRACE_SILENT: inbound.silent} if inbound.silent else {})}
    return told or None


def _spoken(tx: Transaction, conversation: Conversation, inbound: InboundMessage) -> str:
    """What the customer said: the words typed, or the label of the button pressed."""
    if inbound.action is None or (inbound.about is None and inbound.action in ALWAYS_OFFERED):
        return inbound.text
    about = inbound.about or 0
    offering = conversations.history(tx, conversation.id, after=about - 1, limit=1) if about else []
    offered = (one for message in offering for one in message.extras.get("actions", ()))
    label = next((str(one["label"]) for one in offered if one["id"] == inbound.action), None)
    if label is None:
        raise FrameError("action_gone", client_message_id=inbound.external_id)
    return label


def _begin_wait(tx: Transaction, contact: Contact, conversation: Conversation, message: Message) -> None:
    """What follows from a new message whatever will be decided about it."""
    now = message.created_at
    waits.start_or_keep(tx, conversation, message.number, now)
    # Whoever only says that he is this contact changes nothing of what is known of the contact.
    details = details_in(message.text) if message.action is None and is_verified(message) else None
    if details is not None:
        contacts.save_details(tx, contact.id, details, now)
    if message.action == Action.CONTACT_REFUSED:
        contacts.refuse_details(tx, contact.id, now)
    desk.customer_wrote(tx, conversation, now)
    if conversation.owner is Owner.AGENT:
        conversations.mark_decided(tx, message.id, now)
    else:
        tx.notify("undecided", conversation.id)


class Shelf(Protocol):
    """Where answers are looked up; knowledgebase.library.Library is one."""

    async def search(self, text: str, limit: int = 5) -> list[Match]:
        """The best matches of a text, best first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms and in which words we answer."""

    limits: Limits
    rules: DeskRules
    templates: jinja2.Environment
    letterhead: Letterhead = NO_LETTERHEAD
    postman: Postman = NO_POSTMAN


class Answering:
    """Answers accepted messages. Lives as long as the server."""

    def __init__(
        self,
        database: Database,
        library: Shelf,
        templates: jinja2.Environment,
        rules: DeskRules,
        limits: Callable[[str], Limits],
        clock: Callable[[], int],
        decided: Callable[[Decision, int], None] = lambda decision, waited_ms: None,
        letterhead: Letterhead = NO_LETTERHEAD,
        postman: Postman = NO_POSTMAN,
    ) -> None:
        self._database = database
        self._library = library
        self._templates = templates
        self._rules = rules
        self._limits = limits
        self._clock = clock
        self._decided = decided
        self._letterhead = letterhead
        self._postman = postman

    async def answer(self, message: Message) -> None:
        """Decide about one accepted message and record what follows from it, exactly once.

        Raises StorageUnavailable: nothing is lost, the message is still undecided.
        """
        decision: Decision | None = None
        while decision is None:
            scene = await self._database.read(load_scene, message, self._clock())
            limits = self._limits(scene.channel)
            terms = Terms(limits, self._rules, self._templates, self._letterhead, self._postman)
            decision = await self._settle(scene, terms)
        self._decided(decision, self._clock() - message.created_at)
        log.info("decided message=%s decision=%s", message.id, type(decision).__name__)

    async def _settle(self, scene: Scene, terms: Terms) -> Decision | None:
        """Decide and carry it out; whatever breaks ends at a person. None if the scene has changed meanwhile."""
        try:
            decision, looked_up = await self._decide(scene, terms.limits)
            return await self._carry_out(scene, decision, terms, looked_up)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception("answering failed message=%s; handing over", scene.message.id)
            return await self._carry_out(scene, HandOff(Reason.NOT_UNDERSTOOD), terms)

    async def _decide(self, scene: Scene, limits: Limits) -> tuple[Decision, LookedUp | None]:
        if scene.by_mail:
            return await self._decide_mail(scene, limits)
        situation = situate(scene)
        found = {text: await self._library.search(text) for text in read(situation, limits)}
        return decide(situation, found, limits), surest(found)

    async def _decide_mail(self, scene: Scene, limits: Limits) -> tuple[Decision, LookedUp | None]:
        # Letters may be long, and the event loop is everybody's.
        situation = await asyncio.to_thread(situate_mail, scene)
        found = {text: await self._library.search(text) for text in read_mail_for(situation)}
        decision = decide_mail(situation, found, limits)
        return decision, await asyncio.to_thread(told_about, scene, decision, found)

    async def _carry_out(
        self, scene: Scene, decision: Decision, terms: Terms, looked_up: LookedUp | None = None
    ) -> Decision | None:
        settled = await self._database.write(record, scene, decision, terms, self._clock(), looked_up)
        return decision if settled else None


def record(
    tx: Transaction, scene: Scene, decision: Decision, terms: Terms, now: int, looked_up: LookedUp | None = None
) -> bool:
    """Carry out a decision in one transaction. Nothing is said if somebody did so before or an agent took over.

    False, and nothing is done, if the scene has changed so that it has to be decided anew.
    """
    conversation = conversations.get_conversation(tx, scene.conversation.id)
    if conversation.owner is Owner.BOT and _has_changed(tx, scene, conversation):
        return False
    if not conversations.mark_decided(tx, scene.message.id, now) or conversation.owner is Owner.AGENT:
        return True
    forbidden = _forbidden(tx, scene, decision, terms, now)
    if forbidden is not None:
        decision = unspoken(decision)
    _keep_feedback(tx, scene, now)
    handoff = _handoff(decision)
    if handoff is not None:
        found = [candidate(match) for match in handoff.candidates] or asked_about(scene)
        category = _category(tx, handoff, scene, terms.limits)
        told = _subject(tx, scene)
        desk.open_ticket(tx, conversation, handoff.reason, told, found, terms.rules, now, category=category)
    context = _context(tx, scene, decision, terms, now)
    said = _say(tx, scene, decision, context, terms, now) if forbidden is None else []
    if forbidden is not None and handoff is not None:
        keep_silence(tx, scene, forbidden, now)
    _keep_for_editors(tx, scene, decision, looked_up, said)
    if context.ticket is not None:
        tx.notify("queue", context.ticket)
    # A clock that needs a person, as each one does after a hand-off, runs on.
    waits.answer_by_bot(tx, conversation.id, now)
    return True


def _forbidden(tx: Transaction, scene: Scene, decision: Decision, terms: Terms, now: int) -> str | None:
    """Why nothing may be said to a mail, if anything would be; chat is always answered."""
    if not scene.by_mail or isinstance(decision, Silence):
        return None
    if scene.silent is not None:
        return scene.silent
    refusal = terms.postman.allow(tx, scene.message, scene.conversation, scene.contact, now)
    return None if refusal is None else refusal.reason


def _say(tx: Transaction, scene: Scene, decision: Decision, context: Context, terms: Terms, now: int) -> list[Message]:
    """The messages that say it, kept and, if a mail is answered, posted as one mail."""
    drafts = compose(decision, context, terms.limits.thresholds, terms.templates, terms.letterhead)
    said = [conversations.append(tx, scene.conversation.id, draft, now)[0] for draft in drafts]
    if said and scene.by_mail:
        terms.postman.post(tx, posting(scene, said, context.ticket, terms.templates), now)
    return said


def _subject(tx: Transaction, scene: Scene) -> str:
    """What a ticket is about; where nothing was written, the names of the files that came."""
    files = attachments.of_message(tx, scene.message.id) if not scene.message.text else []
    return subject(scene) or " ".join(file.name for file in files)


def _category(tx: Transaction, handoff: HandOff, scene: Scene, limits: Limits) -> str | None:
    """The category of what the customer probably asks about: of the first entry that we would at least have asked back
    about, or did. A guess below that may not choose what is promised."""
    if handoff.candidates:
        nearest = handoff.candidates[0]
        return (nearest.entry.category or None) if nearest.confidence >= limits.thresholds.clarify else None
    for one in asked_about(scene)[:1]:
        entry = entries.published_entry(tx, one["id"])
        return (entry.category or None) if entry is not None else None
    return None


def _has_changed(tx: Transaction, scene: Scene, conversation: Conversation) -> bool:
    """Whether an agent was here between reading the scene and now."""
    if conversation.version != scene.conversation.version:
        return True
    return is_waiting(tx, conversation.id) != scene.waiting


def _handoff(decision: Decision) -> HandOff | None:
    match decision:
        case HandOff() as handoff:
            return handoff
        case Answer(rest=HandOff() as handoff):
            return handoff
    return None


def _context(tx: Transaction, scene: Scene, decision: Decision, terms: Terms, now: int) -> Context:
    contact = scene.contact
    given = decision.details if isinstance(decision, Say) else None
    context = Context(
        language=language(scene),
        traditional=traditional(scene),
        contact=mask(given.value) if given else None,
        ask_contact=contact.may_be_asked and not scene.by_mail,
        channel=scene.channel,
        related=() if scene.by_mail else _related(tx, scene, decision, now),
        names_questions=answers_its_sender(scene.message),
        mailed=given is not None and given.kind == "email" and terms.postman.follows_chats,
    )
    ticket = tickets.live_of_conversation(tx, scene.conversation.id)
    clock = rows.running_reply(tx, scene.conversation.id)
    if ticket is None or clock is None or not clock.needs_person:
        return context
    if scene.by_mail and not may_be_told(scene):
        return context
    due = promise(clock.due_at, now, terms.rules.time_zone)
    waits.promise(tx, clock)
    return replace(context, ticket=ticket.number, due=due, overdue=clock.due_at <= now)


def _related(tx: Transaction, scene: Scene, decision: Decision, now: int) -> tuple[Entry, ...]:
    """What the author of the one entry that answers named as next, without what was answered here already."""
    match decision:
        case Answer((only,), None):
            told = {one["id"] for message in scene.history for one in answered_entries(message)} | {only.entry.id}
            named = (entries.published_entry(tx, one) for one in only.entry.related if one not in told)
            return tuple(entry for entry in named if entry and entry.is_for_customers(now))[:MOST_RELATED]
    return ()


def _keep_feedback(tx: Transaction, scene: Scene, now: int) -> None:
    """Remember whether the answer that a 解决了 or 没解决, or a reply by mail, belongs to was right."""
    if scene.by_mail:
        if (word := feedback(scene)) is not None:
            _keep_word(tx, *word, now)
        return
    pressed = scene.pressed
    if pressed is None or pressed.about is None or pressed.action not in (Action.SOLVED, Action.UNSOLVED):
        return
    for answered in conversations.history(tx, scene.conversation.id, after=pressed.about - 1, limit=1):
        _keep_word(tx, answered, pressed.action == Action.SOLVED, now)


def _keep_word(tx: Transaction, answered: Message, solved: bool, now: int) -> None:
    for one in answered_entries(answered):
        entries.feedback(tx, answered.id, one["id"], one["version"], solved, now)
    asked.settle(tx, answered.id, solved)


def _keep_for_editors(
    tx: Transaction, scene: Scene, decision: Decision, looked_up: LookedUp | None, said: list[Message]
) -> None:
    """Remember what was asked, or which of several questions was meant."""
    if looked_up is not None:
        keep_question(tx, scene, decision, looked_up, said)
    elif scene.pressed is not None and scene.pressed.about is not None:
        for offering in conversations.history(tx, scene.conversation.id, after=scene.pressed.about - 1, limit=1):
            keep_choice(tx, scene, offering, said)
