"""The rules of deadlines as types. Durations are milliseconds, moments epoch milliseconds UTC."""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from tickets.business_time import Calendar
from tickets.model import Metric, Status


class RuleKind(StrEnum):
    """What a rule of the rulebook is."""

    POLICY = "policy"
    CALENDAR = "calendar"
    CHAIN = "chain"
    ROTA = "rota"


class ConditionField(StrEnum):
    """What a policy may ask about. team is a team's id; attribute asks for one of the contact's, by its name."""

    CHANNEL = "channel"
    CATEGORY = "category"
    PRIORITY = "priority"
    TEAM = "team"
    VALUE_CLASS = "value_class"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Condition:
    """Fits if the field has one of the values; name is the attribute's, "" for the other fields."""

    field: ConditionField
    values: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Warning:
    """A word before the due time: when share percent of the budget are used up, or lead_ms of it are left.

    Exactly one of the two is set; both are measured in the budget's own calendar.
    """

    share: int | None = None
    lead_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a metric may take.

    calendar_id None: natural time. While the ticket's status is one of pauses the clock stands still.
    """

    length_ms: int
    calendar_id: str | None = None
    warnings: tuple[Warning, ...] = ()
    pauses: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised to whom all conditions fit; without conditions, to everybody. resolution None: no promise."""

    first_response: Budget
    next_response: Budget
    resolution: Budget | None
    chain_id: str
    conditions: tuple[Condition, ...] = ()

    def budget(self, metric: Metric) -> Budget | None:
        """The budget of a metric; None if nothing is promised."""
        match metric:
            case Metric.FIRST_RESPONSE:
                return self.first_response
            case Metric.NEXT_RESPONSE:
                return self.next_response
            case Metric.RESOLUTION:
                return self.resolution


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a chain.

    after_ms: how long after the due time (first level) or after the level before it was raised, in natural time.
    recipients: 'assignee', 'team_lead', 'role:agent', 'role:supervisor', 'role:admin', 'agent:<id>', 'rota:<id>', a
    mail address or a phone number. transports are used all at once, by their names in the settings; fallback only if
    none of them has delivered within a minute.
    """

    name: str
    after_ms: int
    recipients: tuple[str, ...]
    transports: tuple[str, ...]
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Who is told, one level after the other, until somebody acknowledges.

    warning: who hears of warnings (its after_ms does not count); None: warnings show in the console alone.
    repeat_ms: after the last level, how often it is raised again. acknowledged_for_ms: how long an acknowledgement
    rests the chain while the contact still waits; None: for good. longest_snooze_ms bounds what somebody may ask for
    instead.
    """

    levels: tuple[Level, ...]
    warning: Level | None
    repeat_ms: int
    acknowledged_for_ms: int | None
    longest_snooze_ms: int


@dataclass(frozen=True, slots=True)
class Substitution:
    """Somebody else on duty, from first to last day, both included."""

    first: datetime.date
    last: datetime.date
    agent_id: str


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on duty: members take turns of days_each days, the first from starts on, handing over at handover_minute
    (minutes of the local day in zone). Substitutions win."""

    members: tuple[str, ...]
    starts: datetime.date
    days_each: int
    handover_minute: int
    zone: str
    substitutions: tuple[Substitution, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy is chosen by. priority is '' while there is no ticket."""

    channel: str
    priority: str = ""
    category: str | None = None
    team_id: str | None = None
    value_class: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


Definition = Policy | Calendar | Chain | Rota


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule. position orders policies; archived ones are not chosen any more."""

    id: str
    kind: RuleKind
    position: int
    version: int
    name: str
    definition: Definition
    changed_by: str
    changed_at: int
    archived_at: int | None
