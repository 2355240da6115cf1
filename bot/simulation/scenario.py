"""What a simulated desk is given, and the log of what happened to it; the naive model reads nothing else.

There are two times, both in milliseconds. True time only runs forward; it is what a clock shows that nobody sets, and
begins at the epoch. Wall time is what the machine's clock shows, and all that the program knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tickets.business_time import Calendar
from tickets.model import Agent
from tickets.sla.model import Chain, Policy, Rota

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TICK = 5 * SECOND


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and what it is called. Of several the first that fits holds; the last has no conditions."""

    name: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Setup:
    """The rules that a desk runs by; policies and chains name calendars and rotas by their keys here."""

    policies: tuple[NamedPolicy, ...]
    chain: Chain
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"
    late_after_ms: int = MINUTE
    reopen_within_ms: int = 72 * HOUR


class Deed(StrEnum):
    """What somebody did in a conversation."""

    WROTE = "wrote"
    BOT_ANSWERED = "bot_answered"
    LEFT_ALONE = "left_alone"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    HELD_OFF = "held_off"
    ANSWERED = "answered"
    HANDED_BACK = "handed_back"
    SET_ASIDE = "set_aside"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    HURRIED = "hurried"
    EASED = "eased"


@dataclass(frozen=True, slots=True)
class Happened:
    """One deed. agent_id is who did it; snooze_ms what an acknowledgement asked for."""

    true: int
    wall: int
    conversation: int
    deed: Deed
    agent_id: str | None = None
    snooze_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The process from its start until it ended: it looks at once, and then every TICK.

    stalled: it did not start anew, it only hung for some seconds before. cut: it died at its last look, after raising
    what was due and before anybody was told.
    """

    start: int
    end: int
    stalled: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """From a true moment on the wall's clock is this much ahead (or behind, if negative)."""

    true: int
    offset: int


@dataclass(frozen=True, slots=True)
class Edit:
    """From a true moment on a policy, by its place in the setup, says something else to whom it is promised anew."""

    true: int
    place: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm as the real program raised it. started is its clock's start, true the moment of the look that did so."""

    conversation: int
    started: int
    resolution: bool
    level: int
    kind: str
    planned: int
    raised: int
    true: int
    late: bool
    alert_id: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """That a notice tells somebody of an alarm. notice: its key; state: what became of it in the end."""

    alert_id: str
    transport: str
    recipient: str
    notice: str
    state: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A notice that a peer took, at a true moment. cut: we died before we could write that down."""

    notice: str
    true: int
    cut: bool


@dataclass(slots=True)
class Log:
    """Everything that happened, in order. due: for each clock (conversation, start, resolution) its last due time."""

    setup: Setup
    staff: tuple[Agent, ...]
    channels: dict[int, str] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    blocked: list[tuple[str, int, int]] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    addressed: list[Addressed] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    due: dict[tuple[int, int, bool], int] = field(default_factory=dict)
    numbers: dict[int, list[str]] = field(default_factory=dict)
    end: int = 0
