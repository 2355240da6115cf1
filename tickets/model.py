"""The service desk's words as types. Every time is epoch milliseconds UTC."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Who speaks for us in a conversation."""

    BOT = "bot"
    AGENT = "agent"


class Author(StrEnum):
    """Who wrote a message."""

    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"


class MessageKind(StrEnum):
    """What a message is for. HOLDING and NOTICE never stop the reply clock."""

    TEXT = "text"
    ANSWER = "answer"
    CLARIFY = "clarify"
    SMALL_TALK = "small_talk"
    HANDOFF = "handoff"
    NOTICE = "notice"
    HOLDING = "holding"


class Status(StrEnum):
    """Where a ticket stands; pending waits for the customer, on_hold for a third party."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


LIVE = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Metric(StrEnum):
    """What a clock measures."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class StopReason(StrEnum):
    """Why a clock stopped; ANSWER_REFUSED: the wait before it goes on instead."""

    ANSWERED = "answered"
    ANSWERED_BY_BOT = "answered_by_bot"
    ANSWER_REFUSED = "answer_refused"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    NOT_PROMISED = "not_promised"


class PauseReason(StrEnum):
    """Why a time does not count on a clock: the ticket's status, if its policy says so, or that the contact was thought
    to be helped."""

    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    ANSWERED_BY_BOT = "answered_by_bot"


class AlertKind(StrEnum):
    """Whether a promise is about to be broken, is broken, or is still broken and the next people are told."""

    WARNING = "warning"
    BREACH = "breach"
    ESCALATION = "escalation"


class Reason(StrEnum):
    """Why a conversation was handed over."""

    ASKED_FOR_PERSON = "asked_for_person"
    COMPLAINT = "complaint"
    DANGER = "danger"
    NOT_UNDERSTOOD = "not_understood"
    NOT_SOLVED = "not_solved"
    UNANSWERED = "unanswered"
    FILE = "file"
    SPLIT = "split"


class Role(StrEnum):
    """What somebody may do in the console; a reader reads the knowledge base and nothing else."""

    READER = "reader"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: the bot, the contact, the system, or an agent with an id."""

    kind: str
    agent_id: str | None = None


BOT = Actor("bot")
CONTACT = Actor("contact")
SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who writes to us. value_class and attributes are what staff say of them."""

    id: str
    name: str | None
    phone: str | None
    email: str | None
    contact_refused_at: int | None
    created_at: int
    value_class: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    version: int = 1

    @property
    def reachable(self) -> bool:
        """Whether a phone number or mail address is known."""
        return bool(self.phone or self.email)

    @property
    def may_be_asked(self) -> bool:
        """Whether to ask for a phone number or mail address: none is known, and it was not refused."""
        return not self.reachable and self.contact_refused_at is None


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    contact_id: str
    channel: str
    owner: Owner
    owner_agent_id: str | None
    version: int
    last_number: int
    page_url: str | None
    page_title: str | None
    created_at: int
    updated_at: int
    subject: str | None = None
    merged_into_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    conversation_id: str
    number: int
    author: Author
    agent_id: str | None
    kind: MessageKind
    text: str
    external_id: str | None
    action: str | None
    extras: dict[str, Any]
    trace: dict[str, Any]
    created_at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be appended."""

    author: Author
    kind: MessageKind
    text: str
    agent_id: str | None = None
    external_id: str | None = None
    action: str | None = None
    extras: dict[str, Any] | None = None
    trace: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One wait of a contact; see the table of the same name. plan ends with the planned breach."""

    id: str
    conversation_id: str
    ticket_id: str | None
    metric: Metric
    first_message_number: int
    needs_person: bool
    policy_id: str | None
    policy_version: int | None
    calendar_id: str | None
    calendar_version: int | None
    started_at: int
    budget_ms: int
    due_at: int
    paused_at: int | None
    plan: tuple[int, ...]
    next_alert_at: int | None
    next_level: int
    promised_at: int | None
    stopped_at: int | None
    stop_reason: StopReason | None


@dataclass(frozen=True, slots=True)
class Ticket:
    id: str
    number: str
    conversation_id: str
    contact_id: str
    subject: str
    status: Status
    priority: Priority
    reason: Reason
    assignee_id: str | None
    candidates: list[dict[str, Any]]
    version: int
    created_at: int
    updated_at: int
    resolved_at: int | None
    category: str | None = None
    team_id: str | None = None
    policy_id: str | None = None
    policy_version: int | None = None
    policy_at: int | None = None
    first_answered_at: int | None = None
    merged_into_id: str | None = None


@dataclass(frozen=True, slots=True)
class TicketEvent:
    actor: Actor
    action: str
    from_status: Status | None
    to_status: Status | None
    at: int
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    ticket_id: str
    agent_id: str
    text: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Alert:
    id: str
    clock_id: str
    level: int
    kind: AlertKind
    planned_at: int
    raised_at: int
    late: bool
    told_at: int | None
    delivered_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    settled_at: int | None

    @property
    def open(self) -> bool:
        """Whether nobody has taken notice yet, and the contact still waits."""
        return self.acknowledged_at is None and self.settled_at is None


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    login: str
    name: str
    email: str | None
    role: Role
    disabled_at: int | None
    created_at: int
    phone: str | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None
    deputy_id: str | None = None
    team_id: str | None = None
    version: int = 1
