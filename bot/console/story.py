"""A ticket's conversation as it is read: messages, notes and events in one order, by day. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bot.console.desk.sentences import told_event
from bot.console.mail.post import Delivery
from bot.console.times import MINUTE_MS, Almanac
from knowledgebase.learning.edits import EditedAnswer
from tickets.mail.ledger import Origin
from tickets.model import Actor, Author, Message, MessageKind, Note, TicketEvent
from tickets.splitting import TRACE_SPLIT

GROUPED_MS = 5 * MINUTE_MS
# As long as a question that is explained may be: it stands in the address of a link.
LONGEST_ASKED = 500
# What the message or note that stands beside it says already.
SILENT_EVENTS = frozenset({"reply", "holding_reply", "customer_wrote", "note"})


@dataclass(frozen=True, slots=True)
class Guess:
    """An entry that was near, with its calibrated probability."""

    entry_id: str
    version: int | None
    question: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Trace:
    """Why the bot said something: the entries it answered with, and those that were not sure enough."""

    answers: tuple[Guess, ...]
    guesses: tuple[Guess, ...]
    answer_threshold: float | None
    clarify_threshold: float | None


@dataclass(frozen=True, slots=True)
class Used:
    """An entry whose answer an agent inserted, at the version that was sent; edited says that its words changed."""

    entry_id: str
    version: int
    question: str
    edited: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A date separator."""

    kind: ClassVar[str] = "day"
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message. first: it opens a group of its speaker; mine: the reader wrote it.

    asked: what the customer had written when the bot said this, if it can be explained. used: the entries of which
    an agent inserted the answer. edit: an edited answer about which the reader has still to say whether the entry
    should change. origin: the mail that it came with. delivery: what became of it as a mail. merged_from: the number of
    the ticket in which it stood before that was merged. split_to: the number of the ticket in which it is dealt with.
    """

    kind: ClassVar[str] = "said"
    key: str
    message: Message
    who: str
    first: bool
    mine: bool
    offered: tuple[str, ...]
    asks_contact: bool
    trace: Trace | None
    asked: str | None = None
    used: tuple[Used, ...] = ()
    edit: EditedAnswer | None = None
    origin: Origin | None = None
    delivery: Delivery | None = None
    merged_from: str | None = None
    split_to: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A private note."""

    kind: ClassVar[str] = "noted"
    key: str
    note: Note
    who: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, in a sentence. link: the address of the mail that it is about, if the reader may see it."""

    kind: ClassVar[str] = "happened"
    key: str
    text: str
    at: int
    link: str | None = None


Item = Day | Said | Noted | Happened


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells a story to one reader."""

    almanac: Almanac
    agents: Mapping[str, str]
    reader_id: str
    edits: Mapping[str, EditedAnswer] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    oversees: bool = False
    conversation_id: str = ""
    merged_from: Mapping[str, str] = field(default_factory=dict)

    def tell(
        self,
        messages: Iterable[Message],
        notes: Iterable[Note],
        events: Iterable[TicketEvent],
    ) -> list[Item]:
        """Everything in the order in which it happened, with a separator before each day."""
        dated: list[tuple[int, Item]] = [
            *((note.created_at, self._noted(note)) for note in notes),
            *self._events(events),
            *self._messages(messages),
        ]
        dated.sort(key=_moment_and_rank)
        return self._with_days(dated)

    def _messages(self, messages: Iterable[Message]) -> list[tuple[int, Item]]:
        """The messages, each of the bot with the question before it; a button that was pressed is no question."""
        told: list[tuple[int, Item]] = []
        asked: str | None = None
        for message in messages:
            if message.author is Author.CONTACT:
                asked = None if message.action else message.text[:LONGEST_ASKED]
            told.append((message.created_at, self._said(message, asked)))
        return told

    def _said(self, message: Message, asked: str | None) -> Said:
        trace = trace_of(message.trace) if message.author is Author.BOT else None
        return Said(
            key=self._key(message),
            message=message,
            who=self._speaker(message),
            first=True,
            mine=message.agent_id == self.reader_id,
            offered=tuple(str(action.get("label", "")) for action in message.extras.get("actions", ())),
            asks_contact=message.extras.get("form") == "contact",
            trace=trace,
            asked=asked if trace else None,
            used=used_in(message.trace) if message.author is Author.AGENT else (),
            edit=self.edits.get(message.id),
            origin=self.origins.get(message.id),
            delivery=self.deliveries.get(message.id),
            merged_from=self.merged_from.get(message.conversation_id),
            split_to=message.trace.get(TRACE_SPLIT),
        )

    def _key(self, message: Message) -> str:
        """Its number, which is that of another message as well where tickets were merged."""
        own = message.conversation_id == self.conversation_id or not self.conversation_id
        return f"m{message.number}" if own else f"m{message.id}"

    def _speaker(self, message: Message) -> str:
        match message.author:
            case Author.CONTACT:
                return self.almanac.say("talk.customer")
            case Author.BOT:
                return self.almanac.say("talk.bot")
            case Author.AGENT:
                return self.agents.get(message.agent_id or "", "")

    def _noted(self, note: Note) -> Noted:
        return Noted(f"n{note.id}", note, self.agents.get(note.agent_id, ""))

    def _events(self, events: Iterable[TicketEvent]) -> list[tuple[int, Item]]:
        told: list[tuple[int, Item]] = []
        for place, event in enumerate(events):
            if event.action not in SILENT_EVENTS:
                told.append((event.at, Happened(f"e{place}", self._sentence(event), event.at, self._link(event))))
        return told

    def _sentence(self, event: TicketEvent) -> str:
        detail = event.detail or {}
        action = _worded(event)
        key = f"event.{action}" if self.almanac.say.knows(f"event.{action}") else "event.other"
        reason, until = str(detail.get("reason") or ""), detail.get("until")
        return self.almanac.say(
            key,
            who=self.actor(event.actor),
            level=detail.get("level", ""),
            why=self._reason(reason),
            what=told_event(detail, self.almanac),
            number=detail.get("into") or detail.get("from") or detail.get("to") or "",
            reason=isolated(reason),
            until=self.almanac.moment(until) if isinstance(until, int) else "",
        )

    def _reason(self, reason: str) -> str:
        """Why something about a mail is as it is, as the end of a sentence; nothing where there are no words for it."""
        say = self.almanac.say
        known = (key for key in (f"delivery_reason.{reason}", f"silence_reason.{reason}") if say.knows(key))
        key = next(known, None)
        return "" if key is None else say("event.because", why=say(key))

    def _link(self, event: TicketEvent) -> str | None:
        mail_id = (event.detail or {}).get("mail_id")
        may = self.oversees or event.action == "auto_reply"
        return f"/console/mail/{mail_id}" if mail_id and may else None

    def actor(self, actor: Actor) -> str:
        """Who did something, by name; isolated, so that a name cannot turn the sentence around."""
        if actor.agent_id:
            return isolated(self.agents.get(actor.agent_id, ""))
        return self.almanac.say(f"event.{actor.kind}")

    def _with_days(self, dated: list[tuple[int, Item]]) -> list[Item]:
        told: list[Item] = []
        label, before = None, None
        for at, item in dated:
            if (today := self.almanac.day(at)) != label:
                label, before = today, None
                told.append(Day(f"d{today}", today))
            if isinstance(item, Said):
                if before is not None and _same_group(before, item):
                    item = _continued(item)
                before = item
            else:
                before = None
            told.append(item)
        return told


def _worded(event: TicketEvent) -> str:
    """The name of the sentence for what happened, which depends on what is known of it."""
    detail = event.detail or {}
    match event.action:
        case "open" if detail.get("from"):
            return "open_split"
        case "danger" if detail.get("dues"):
            return "danger_dues"
        case "alert":
            warned = "alert_warning" if detail.get("kind") == "warning" else "alert"
            return f"{warned}_late" if detail.get("late") else warned
        case "acknowledge" if detail.get("until") is not None:
            return "acknowledge_snoozed" if detail.get("snoozed") else "acknowledge_until"
    return event.action


def trace_of(trace: Mapping[str, Any]) -> Trace | None:
    """The trace of a bot message as bot/reply.py writes it, or None where there is nothing to explain."""
    matches = guesses_of(trace.get("matches", ()))
    if not matches:
        return None
    thresholds = trace.get("thresholds") or {}
    answered = trace.get("decision") == "answer"
    return Trace(
        answers=matches if answered else (),
        guesses=() if answered else matches,
        answer_threshold=thresholds.get("answer"),
        clarify_threshold=thresholds.get("clarify"),
    )


def guesses_of(candidates: Iterable[Mapping[str, Any]]) -> tuple[Guess, ...]:
    """Matches as bot/reply.py keeps them in traces and with a ticket."""
    return tuple(
        Guess(one["id"], one.get("version"), one.get("question", one["id"]), one.get("confidence", 0.0))
        for one in candidates
    )


def used_in(trace: Mapping[str, Any]) -> tuple[Used, ...]:
    """The entries of an agent's message as bot/inserting.py writes them."""
    return tuple(Used(one["id"], one["version"], one["question"], one["edited"]) for one in trace.get("inserted", ()))


def isolated(name: str) -> str:
    """A name between the marks FSI and PDI: what <bdi> does, in plain text (Unicode UAX 9)."""
    return f"\u2068{name}\u2069" if name else ""


def _moment_and_rank(dated: tuple[int, Item]) -> tuple[int, int, int]:
    at, item = dated
    if isinstance(item, Said):
        return at, 0, item.message.number
    return at, 1, 0


def _same_group(before: Said, item: Said) -> bool:
    near = item.message.created_at - before.message.created_at < GROUPED_MS
    plain = MessageKind.HOLDING not in (before.message.kind, item.message.kind)
    same = _place(before.message) == _place(item.message)
    return near and plain and same


def _place(message: Message) -> tuple[str, str | None, str]:
    return message.author, message.agent_id, message.conversation_id


def _continued(item: Said) -> Said:
    return replace(item, first=False)
