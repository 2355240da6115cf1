"""The one door for every channel, and the straight line from a committed message to its reply.

``accept`` keeps a message; only after its commit may a channel acknowledge it. ``Answering.answer`` then looks up,
decides and records. Whatever was accepted and not yet decided is in the database, so a restart goes on there.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import jinja2

from bot.decide import (
    Action,
    Answer,
    Decision,
    Given,
    HandOff,
    Limits,
    Remark,
    Say,
    Situation,
    decide,
    read,
)
from bot.errors import FrameError
from bot.messages import InboundMessage
from bot.moments import promise
from bot.reply import Context, candidate, compose
from knowledgebase import entries
from knowledgebase.errors import EntryNotFound
from knowledgebase.library import Library
from knowledgebase.model import Entry, EntryStatus, Match
from knowledgebase.text import is_traditional, normalise
from storage.database import Database, Transaction
from tickets import clocks, contacts, conversations, desk, tickets
from tickets.contact_details import mask, parse_details
from tickets.model import (
    Author,
    Contact,
    Conversation,
    Draft,
    Message,
    MessageKind,
    Owner,
    Reason,
    Ticket,
)
from tickets.policies import ReplyPolicy

log = logging.getLogger(__name__)

REMEMBERED_MESSAGES = 20
LONGEST_SUBJECT = 60
CONTACT_REFUSED = "contact_refused"
EXTRA_ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is safe now; repeat says that it was safe before."""

    message: Message
    conversation: Conversation
    repeat: bool


def accept(tx: Transaction, inbound: InboundMessage, policy: ReplyPolicy) -> Accepted:
    """Keep a message once, whoever sends it how often, and start or keep the reply clock.

    Raises FrameError("malformed") for a button that was never offered.
    """
    now = inbound.received_at
    contact = contacts.identify(tx, inbound.channel, inbound.sender, now)
    page = inbound.page
    conversation = conversations.find_or_open(
        tx, contact.id, inbound.channel, now, page.url if page else None, page.title if page else None
    )
    draft = Draft(
        Author.CONTACT,
        MessageKind.TEXT,
        _spoken(tx, conversation, inbound),
        external_id=inbound.external_id,
        action=inbound.action,
        extras={EXTRA_ABOUT: inbound.about} if inbound.about else None,
    )
    message, new = conversations.append(tx, conversation.id, draft, now)
    if new:
        _follow_up(tx, contact, conversation, message, policy, now)
    return Accepted(message, conversation, repeat=not new)


def _spoken(tx: Transaction, conversation: Conversation, inbound: InboundMessage) -> str:
    """What the customer said: the words typed, or the label of the button pressed."""
    if inbound.action is None or inbound.about is None:
        return inbound.text
    offering = conversations.history(tx, conversation.id, after=inbound.about - 1, limit=1)
    offered = offering[0].extras.get("actions", []) if offering else []
    labels = [str(one["label"]) for one in offered if one["id"] == inbound.action]
    if not labels:
        raise FrameError("malformed", client_message_id=inbound.external_id)
    return labels[0]


def _follow_up(
    tx: Transaction,
    contact: Contact,
    conversation: Conversation,
    message: Message,
    policy: ReplyPolicy,
    now: int,
) -> None:
    clocks.start_or_keep(tx, conversation, message.number, now, policy)
    details = parse_details(message.text) if message.action is None else None
    if details is not None:
        contacts.save_details(tx, contact.id, details, now)
    if message.action == CONTACT_REFUSED:
        contacts.refuse_details(tx, contact.id, now)
    desk.customer_wrote(tx, conversation, now)
    if conversation.owner is Owner.AGENT:
        conversations.mark_decided(tx, message.id, now)
    else:
        tx.notify("undecided", conversation.id)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything stored that a decision about a message depends on."""

    message: Message
    conversation: Conversation
    contact: Contact
    ticket: Ticket | None
    waiting: bool
    history: Sequence[Message]
    chosen: Entry | None


def load_scene(tx: Transaction, message: Message) -> Scene:
    """The scene of this message, as it stands now."""
    conversation = conversations.get_conversation(tx, message.conversation_id)
    clock = clocks.running(tx, conversation.id)
    history = conversations.latest(tx, conversation.id, REMEMBERED_MESSAGES)
    return Scene(
        message=message,
        conversation=conversation,
        contact=contacts.get_contact(tx, conversation.contact_id),
        ticket=tickets.live_of_conversation(tx, conversation.id),
        waiting=clock is not None and clock.needs_person,
        history=[one for one in history if one.number < message.number or one.author is not Author.CONTACT],
        chosen=_chosen(tx, message),
    )


def _chosen(tx: Transaction, message: Message) -> Entry | None:
    """The entry behind a pressed candidate, if customers may still see it."""
    if message.action is None or not message.action.startswith(Action.ENTRY):
        return None
    try:
        entry = entries.get_entry(tx, message.action.removeprefix(Action.ENTRY))
    except EntryNotFound:
        return None
    return entry if entry.status is EntryStatus.PUBLISHED else None


def situate(scene: Scene) -> Situation:
    """The scene as the decision sees it."""
    message = scene.message
    typed = message.action is None
    return Situation(
        text=normalise(message.text),
        action=message.action,
        clarifications=_clarifications(scene.history),
        given=_given(scene.history),
        chosen=scene.chosen,
        details=parse_details(message.text) if typed else None,
        refuses_contact=message.action == CONTACT_REFUSED,
        waiting=scene.waiting,
    )


def _clarifications(history: Sequence[Message]) -> int:
    """How often in a row the bot has just asked back."""
    count = 0
    for message in reversed(history):
        if message.author is Author.BOT and message.kind is MessageKind.CLARIFY:
            count += 1
        elif message.author is not Author.CONTACT:
            break
    return count


def _given(history: Sequence[Message]) -> tuple[Given, ...]:
    """The answers of the latest answering message."""
    for message in reversed(history):
        if message.kind is MessageKind.ANSWER:
            traced = message.trace.get("entries", [])
            return tuple(Given(one["entry"], one["version"], one["question"]) for one in traced)
    return ()


def subject(scene: Scene) -> str:
    """What a ticket is about: the customer's latest own words that say anything, cut to one line."""
    own = [one for one in scene.history if one.author is Author.CONTACT and one.action is None]
    asked = [one.text for one in own if parse_details(one.text) is None]
    last = scene.message.text
    words = last if scene.message.action is None and len(last) > 6 else next(reversed(asked), last)
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def language(scene: Scene) -> str:
    """'en' for a customer who writes no Chinese at all, else 'zh'."""
    own = [*(one for one in scene.history if one.author is Author.CONTACT), scene.message]
    typed = [one.text for one in own if one.action is None]
    letters = [text for text in typed if any(char.isalpha() for char in text)]
    if letters and not any("㐀" <= char <= "鿿" for text in letters for char in text):
        return "en"
    return "zh"


def traditional(scene: Scene) -> bool:
    """Whether the customer writes Traditional characters: by the latest text that shows it."""
    own = [*(one for one in scene.history if one.author is Author.CONTACT), scene.message]
    return any(is_traditional(one.text) for one in own if one.action is None)


class Answering:
    """Answers accepted messages. Lives as long as the server."""

    def __init__(
        self,
        database: Database,
        library: Library,
        templates: jinja2.Environment,
        policy: ReplyPolicy,
        limits: Callable[[], Limits],
        clock: Callable[[], int],
        decided: Callable[[Decision, int], None] = lambda decision, waited_ms: None,
    ) -> None:
        self._database = database
        self._library = library
        self._templates = templates
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._decided = decided

    async def answer(self, message: Message) -> None:
        """Decide about one accepted message and record what follows from it, exactly once."""
        scene = await self._database.read(load_scene, message)
        limits = self._limits()
        try:
            decision = await self._decide(scene, limits)
        except Exception:
            log.exception("deciding failed message=%s; handing over", message.id)
            decision = HandOff(Reason.NOT_UNDERSTOOD)
        await self._database.write(record, scene, decision, limits, self._policy, self._templates, self._clock())
        self._decided(decision, self._clock() - message.created_at)
        log.info("decided message=%s decision=%s", message.id, type(decision).__name__)

    async def _decide(self, scene: Scene, limits: Limits) -> Decision:
        situation = situate(scene)
        found: Mapping[str, Sequence[Match]] = {
            text: await self._library.search(text) for text in read(situation, limits)
        }
        return decide(situation, found, limits)


def record(
    tx: Transaction,
    scene: Scene,
    decision: Decision,
    limits: Limits,
    policy: ReplyPolicy,
    templates: jinja2.Environment,
    now: int,
) -> None:
    """Carry out a decision in one transaction; nothing if it was carried out before or an agent took over."""
    if not conversations.mark_decided(tx, scene.message.id, now):
        return
    conversation = conversations.get_conversation(tx, scene.conversation.id)
    if conversation.owner is Owner.AGENT:
        return
    _keep_feedback(tx, scene, now)
    handoff = _handoff(decision)
    if handoff is not None:
        found = [candidate(match) for match in handoff.candidates]
        desk.open_ticket(tx, conversation, handoff.reason, subject(scene), found, policy, now)
    context = _context(tx, scene, decision, policy, now)
    for draft in compose(decision, context, limits, templates):
        conversations.append(tx, conversation.id, draft, now)
    if handoff is None and decision != Say(Remark.NOTED):
        clocks.stop(tx, conversation.id, "answered", now, by_person=False)


def _handoff(decision: Decision) -> HandOff | None:
    match decision:
        case HandOff() | Answer(rest=HandOff()):
            return decision if isinstance(decision, HandOff) else decision.rest  # type: ignore[return-value]
    return None


def _context(tx: Transaction, scene: Scene, decision: Decision, policy: ReplyPolicy, now: int) -> Context:
    contact = scene.contact
    context = Context(
        language=language(scene),
        traditional=traditional(scene),
        contact=mask(decision.details.value) if isinstance(decision, Say) and decision.details else None,
        ask_contact=not contact.reachable and contact.contact_refused_at is None,
    )
    ticket = tickets.live_of_conversation(tx, scene.conversation.id)
    clock = clocks.running(tx, scene.conversation.id)
    if ticket is None or clock is None:
        return context
    due = promise(clock.due_at, now, policy.time_zone)
    return replace(context, ticket=ticket.number, due=due, overdue=clock.due_at <= now)


def _keep_feedback(tx: Transaction, scene: Scene, now: int) -> None:
    """Remember whether the answer that a 解决了/没解决 button belongs to was right."""
    message = scene.message
    about = message.extras.get(EXTRA_ABOUT)
    if message.action not in (Action.SOLVED, Action.UNSOLVED) or about is None:
        return
    for answered in conversations.history(tx, message.conversation_id, after=about - 1, limit=1):
        for one in answered.trace.get("entries", []):
            solved = message.action == Action.SOLVED
            entries.feedback(tx, answered.id, one["entry"], one["version"], solved, now)
