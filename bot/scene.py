"""The stored side of a decision: what was said before, by whom, and how we last answered."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot import intent
from bot.decide import WHILE_WAITING, Action, Situation
from bot.mail.letters.subjects import without_prefixes
from bot.mail.postman import TRACE_MAIL, came_by_mail
from bot.messages import Channel
from knowledgebase.authoring import entries
from knowledgebase.model import Entry
from knowledgebase.wording.text import is_traditional, to_traditional
from storage.database import Transaction
from tickets import contacts, conversations, tickets
from tickets.clocks import rows
from tickets.contact_details import ContactDetails, parse_details
from tickets.model import Author, Contact, Conversation, Message, MessageKind

REMEMBERED_MESSAGES = 20
LONGEST_SUBJECT = 60
ASSURED_FOR_MS = 10 * 60_000
EXTRA_ABOUT = "about"
# Why the bot must not answer a message of a contact.
TRACE_SILENT = "silent"

_HAN = re.compile(r"[㐀-鿿\U00020000-\U000323af]")
_ENGLISH = re.compile(
    r"\b[a-z]{2,}\b[^a-z]+\b[a-z]{2,}\b|^\W*(?:hi|hello|hey|help|thanks|human|agent|operator|bye|goodbye)\W*$",
    re.IGNORECASE,
)
# 我的电话是…: the words around a number that is meant for us.
_AROUND_DETAILS = re.compile(
    r"我的?|手机号码?|手机|电话号码|电话|号码|联系方式|联系|邮箱地址|邮箱|邮件|微信同号|是|为|请|回拨|打|回|拨|发|到|这个|可以|给"
    r"|谢谢|吧|my|phone|mobile|number|e-?mail|address|is\b|[:：,，。!！]",
    re.IGNORECASE,
)
_LONGEST_DETAILS = 120


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that the customer pressed, or whose name was typed; about is the number of the message that
    offered it, if one did."""

    action: str
    about: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything stored that a decision about a message depends on.

    now: when it is decided, which after a restart is later than it was written. history: the messages before it, and
    ours since, oldest first. pressed and chosen: the button, and the entry behind it if customers may still see that.
    waiting: a person is awaited and has not taken over.
    """

    now: int
    message: Message
    conversation: Conversation
    contact: Contact
    history: Sequence[Message]
    pressed: Pressed | None
    chosen: Entry | None
    waiting: bool

    @property
    def by_mail(self) -> bool:
        """Whether the message came by mail, so that a mail answers it."""
        return self.conversation.channel == Channel.MAIL or came_by_mail(self.message)

    @property
    def channel(self) -> str:
        """Where an answer is read."""
        return Channel.MAIL.value if self.by_mail else self.conversation.channel

    @property
    def silent(self) -> str | None:
        """Why the bot must say nothing to the message; None if it may speak."""
        return self.message.trace.get(TRACE_SILENT)


def load_scene(tx: Transaction, message: Message, now: int) -> Scene:
    """The scene of this message, as it stands now."""
    conversation = conversations.get_conversation(tx, message.conversation_id)
    remembered = conversations.latest(tx, conversation.id, REMEMBERED_MESSAGES)
    history = [one for one in remembered if one.number < message.number or one.author is not Author.CONTACT]
    pressed = _pressed(message, history)
    return Scene(
        now=now,
        message=message,
        conversation=conversation,
        contact=contacts.get_contact(tx, conversation.contact_id),
        history=history,
        pressed=pressed,
        chosen=None if pressed is None else _chosen(tx, pressed.action, now),
        waiting=is_waiting(tx, conversation.id),
    )


def is_waiting(tx: Transaction, conversation_id: str) -> bool:
    """Whether a ticket is open whose contact only a person can answer."""
    clock = rows.running_reply(tx, conversation_id)
    if clock is None or not clock.needs_person:
        return False
    return tickets.live_of_conversation(tx, conversation_id) is not None


def situate(scene: Scene) -> Situation:
    """The scene as the decision sees it."""
    message, ours = scene.message, latest_of_ours(scene.history)
    answer = _latest_answer(scene.history)
    return Situation(
        text=intent.plain(message.text),
        now=scene.now,
        action=scene.pressed.action if scene.pressed else None,
        chosen=scene.chosen,
        details=details_in(message.text) if message.action is None else None,
        before=answer.trace["matches"][-1]["question"] if answer else None,
        unsolved=unsolved(scene.history),
        clarifications=_clarifications(scene.history),
        talked=ours is not None and ours.kind is MessageKind.SMALL_TALK,
        waiting=scene.waiting,
        assured=ours is not None and _assures(ours) and message.created_at - ours.created_at < ASSURED_FOR_MS,
    )


def details_in(text: str) -> ContactDetails | None:
    """The phone number or mail address that the text gives, if it says nothing else."""
    if len(text) > _LONGEST_DETAILS:
        return None
    return parse_details(text) or parse_details(_AROUND_DETAILS.sub("", text))


def answered_entries(message: Message) -> list[dict[str, Any]]:
    """The entries from which a message of ours answered, each with id and version."""
    return list(message.trace.get("matches", ())) if message.kind is MessageKind.ANSWER else []


def asked_about(scene: Scene) -> list[dict[str, Any]]:
    """The candidates that we asked back about last, since the last answer."""
    for message in reversed(scene.history):
        if message.kind is MessageKind.ANSWER:
            return []
        if message.kind is MessageKind.CLARIFY and message.trace.get("matches"):
            return list(message.trace["matches"])
    return []


def mail_subject(scene: Scene) -> str:
    """What the sender called the mail, or the conversation if the mail says nothing of it; '' if neither does."""
    told = scene.message.trace.get(TRACE_MAIL, {}).get("subject")
    return str(told or scene.conversation.subject or "")


def subject(scene: Scene) -> str:
    """What a ticket is about: the subject of a mail, else the customer's latest own words that say anything, cut to
    one line."""
    called = without_prefixes(mail_subject(scene)) if scene.by_mail else ""
    line = " ".join((called or next(_telling(scene), scene.message.text)).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def language(scene: Scene) -> str:
    """'en' for a customer who writes English and no Chinese at all, else 'zh'."""
    typed = tuple(_typed(scene))
    if any(_HAN.search(text) for text in typed):
        return "zh"
    return "en" if any(_ENGLISH.search(text) for text in typed) else "zh"


def traditional(scene: Scene) -> bool:
    """Whether the customer writes Traditional characters: by the latest text that shows it."""
    for text in _typed(scene):
        if is_traditional(text):
            return True
        if to_traditional(text) != text:
            return False
    return False


def _typed(scene: Scene) -> Iterator[str]:
    """What the customer wrote, newest first; the labels of buttons are our words."""
    for message in (scene.message, *reversed(scene.history)):
        if message.author is Author.CONTACT and message.action is None:
            yield message.text
    if scene.by_mail:
        yield mail_subject(scene)


def _telling(scene: Scene) -> Iterator[str]:
    """What the customer wrote that says what it is about, newest first."""
    about_something = (None, intent.Wish.COMPLAINT, intent.Wish.ANGER, intent.Wish.DANGER)
    for text in _typed(scene):
        read = intent.plain(text)
        if details_in(text) is None and intent.wish(read) in about_something and not intent.stands_for_button(read):
            yield text


def _pressed(message: Message, history: Sequence[Message]) -> Pressed | None:
    if message.action is not None:
        return Pressed(message.action, message.extras.get(EXTRA_ABOUT))
    if came_by_mail(message):
        return None
    ours = latest_of_ours(history)
    if ours is None:
        return None
    labels = {one["id"]: one["label"] for one in ours.extras.get("actions", ())}
    typed = typed_button(intent.plain(message.text), labels, offers_person="offer" in ours.trace)
    return None if typed is None else Pressed(typed, ours.number)


def typed_button(text: str, labels: Mapping[str, str], offers_person: bool) -> str | None:
    """The button on offer that a text names or means; labels by id, in order. None if it says something else."""
    if not labels:
        return None
    candidates = [action for action in labels if action.startswith(Action.ENTRY)]
    if (place := intent.ordinal(text)) and place <= len(candidates):
        return candidates[place - 1]
    meant = {
        Action.SOLVED: intent.says_solved,
        Action.UNSOLVED: intent.says_unsolved,
        Action.NONE: intent.says_none,
    }
    if intent.agrees(text) and (len(candidates) == 1 or offers_person):
        return candidates[0] if candidates else Action.HUMAN.value
    named = (action for action, label in labels.items() if _bare(intent.plain(label)) == _bare(text))
    told = (action.value for action, says in meant.items() if action in labels and says(text))
    return next(named, None) or next(told, None)


def _bare(text: str) -> str:
    return text.rstrip(" ?!.。,")


def _chosen(tx: Transaction, action: str, now: int) -> Entry | None:
    prefix = next((one for one in (Action.ENTRY, Action.RELATED) if action.startswith(one)), None)
    if prefix is None:
        return None
    entry = entries.published_entry(tx, action.removeprefix(prefix))
    return entry if entry is not None and entry.is_for_customers(now) else None


def latest_of_ours(history: Sequence[Message]) -> Message | None:
    """What we said last, whoever of us."""
    return next((one for one in reversed(history) if one.author is not Author.CONTACT), None)


def _latest_answer(history: Sequence[Message]) -> Message | None:
    return next((one for one in reversed(history) if answered_entries(one)), None)


def unsolved(history: Sequence[Message]) -> frozenset[str]:
    """The entries of each answer after which a person was offered, because it did not help."""
    failed: set[str] = set()
    given: list[dict[str, Any]] = []
    for message in history:
        given = answered_entries(message) or given
        if "offer" in message.trace:
            failed.update(str(one["id"]) for one in given)
    return frozenset(failed)


def _clarifications(history: Sequence[Message]) -> int:
    """How often in a row we have just asked back."""
    count = 0
    for message in reversed(history):
        if message.kind is MessageKind.CLARIFY:
            count += 1
        elif message.author is not Author.CONTACT:
            break
    return count


def _assures(message: Message) -> bool:
    return message.trace.get("remark") in WHILE_WAITING
