"""Flaws of rules, where they are, and what is looked at to find them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tickets.business_time import Calendar
from tickets.errors import DeskError
from tickets.sla.choice import folded
from tickets.sla.model import Rule, RuleKind

LONGEST_NAME = 60


class Flaw(StrEnum):
    """What can be wrong with a rule. Those of ADVICE keep nobody from saving it."""

    NO_NAME = "no_name"
    NAME_TOO_LONG = "name_too_long"
    NAME_TAKEN = "name_taken"
    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NEVER_DUE = "never_due"
    NO_SUCH_CALENDAR = "no_such_calendar"
    NO_SUCH_CHAIN = "no_such_chain"
    WARNING_NOT_ONE = "warning_not_one"
    WARNING_SHARE = "warning_share"
    WARNING_LEAD = "warning_lead"
    WARNING_TWICE = "warning_twice"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    PAUSE_NOT_ALLOWED = "pause_not_allowed"
    RESPONSE_AFTER_RESOLUTION = "response_after_resolution"
    RESPONSE_MAY_BE_AFTER_RESOLUTION = "response_may_be_after_resolution"
    NEXT_AFTER_RESOLUTION = "next_after_resolution"
    CONDITION_EMPTY = "condition_empty"
    CONDITION_UNKNOWN_VALUE = "condition_unknown_value"
    CONDITION_NO_ATTRIBUTE = "condition_no_attribute"
    CONDITIONS_CONTRADICT = "conditions_contradict"
    FALLBACK_HAS_CONDITIONS = "fallback_has_conditions"
    FALLBACK_IN_USE = "fallback_in_use"
    UNREACHABLE = "unreachable"
    HIDES_OTHERS = "hides_others"
    IN_USE = "in_use"
    SPANS_UNREADABLE = "spans_unreadable"
    NO_WORKING_SPAN = "no_working_span"
    SPANS_OVERLAP = "spans_overlap"
    SPAN_OUT_OF_RANGE = "span_out_of_range"
    NOT_SEVEN_DAYS = "not_seven_days"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_HOLIDAYS = "unknown_holidays"
    BAD_DATE = "bad_date"
    BAD_TIME = "bad_time"
    SPECIAL_DAY_TWICE = "special_day_twice"
    SPECIAL_DAY_NAMELESS = "special_day_nameless"
    BREAKS_POLICY = "breaks_policy"
    THIS_YEAR_UNKNOWN = "this_year_unknown"
    NEXT_YEAR_UNKNOWN = "next_year_unknown"
    NO_LEVEL = "no_level"
    NO_RECIPIENT = "no_recipient"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    NO_TRANSPORT = "no_transport"
    UNKNOWN_TRANSPORT = "unknown_transport"
    FALLBACK_TRANSPORT_TWICE = "fallback_transport_twice"
    NO_MEMBER = "no_member"
    UNKNOWN_MEMBER = "unknown_member"
    SUBSTITUTION_BACKWARDS = "substitution_backwards"
    SUBSTITUTIONS_OVERLAP = "substitutions_overlap"

    @property
    def is_advice(self) -> bool:
        """Whether the rule may be kept all the same."""
        return self in ADVICE


ADVICE = frozenset({
    Flaw.RESPONSE_MAY_BE_AFTER_RESOLUTION,
    Flaw.NEXT_AFTER_RESOLUTION,
    Flaw.CONDITIONS_CONTRADICT,
    Flaw.UNREACHABLE,
    Flaw.HIDES_OTHERS,
    Flaw.THIS_YEAR_UNKNOWN,
    Flaw.NEXT_YEAR_UNKNOWN,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw and the part of the rule that has it, such as 'name', 'first_response.length', 'condition.0', 'week.4',
    'special.2026-10-01', 'level.1.recipients'.

    values are what its sentence names: texts and numbers as they are; 'length' and 'bound' are milliseconds, and what
    ends in '_at' is a moment, epoch ms.
    """

    flaw: Flaw
    where: str
    values: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a rule: the rules in force (policies by position), and what they may name.

    channels, teams (ids), agents (ids of those who may log in) and transports (names in the settings); now is epoch ms.
    """

    policies: Sequence[Rule]
    others: Mapping[str, Rule]
    now: int
    channels: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    transports: frozenset[str] = field(default_factory=frozenset)

    def calendar(self, calendar_id: str) -> Calendar | None:
        """A calendar in force; None if there is none of this id."""
        rule = self.others.get(calendar_id)
        return rule.definition if rule is not None and isinstance(rule.definition, Calendar) else None

    def has(self, kind: RuleKind, rule_id: str) -> bool:
        """Whether a rule of this kind is in force."""
        rule = self.others.get(rule_id)
        return rule is not None and rule.kind is kind

    def named(self, kind: RuleKind) -> Iterator[Rule]:
        """The rules in force of a kind."""
        rules: Iterable[Rule] = self.policies if kind is RuleKind.POLICY else self.others.values()
        return (rule for rule in rules if rule.kind is kind)


class RuleRefused(DeskError):
    """A rule is not kept because of what was found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(f"{one.flaw} at {one.where}" for one in findings))
        self.findings = tuple(findings)


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that keep a rule from being kept."""
    return tuple(one for one in findings if not one.flaw.is_advice)


def warnings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that its author should know, and may decide about."""
    return tuple(one for one in findings if one.flaw.is_advice)


def check_name(name: str, kind: RuleKind, rule_id: str | None, around: Surroundings) -> Iterator[Finding]:
    """A name that people can tell from the others of its kind; rule_id None for a rule that is new."""
    if is_blank(name):
        yield Finding(Flaw.NO_NAME, "name")
    elif len(name) > LONGEST_NAME:
        yield Finding(Flaw.NAME_TOO_LONG, "name", (("most", LONGEST_NAME),))
    elif any(one.id != rule_id and folded(one.name) == folded(name) for one in around.named(kind)):
        yield Finding(Flaw.NAME_TAKEN, "name", (("name", name),))


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: spaces, and characters that have no shape of their own."""
    return not any(char.isprintable() and not char.isspace() for char in text)
