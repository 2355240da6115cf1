"""What policies and calendars have of their own: their form, their first text, what is tried out of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from aiohttp import web

from bot.console.rules import calendar_form, policy_form, trying
from bot.console.rules.around import Around
from bot.console.rules.sentences import Teller
from bot.console.rules.trying import Trial, Wanted
from bot.messages import Channel
from tickets.business_time import NATURAL, Calendar, Span, problems
from tickets.business_time.public_holidays import CHINA
from tickets.model import Metric, Priority
from tickets.sla.checking import Finding
from tickets.sla.checking.policies import LONGEST_BUDGET_MS
from tickets.sla.model import Budget, Definition, Policy, RuleKind, Warning

HOUR_S = 3_600
ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "UTC")


class Form(Protocol):
    """What a form of a rule can tell."""

    @property
    def typed(self) -> Mapping[str, str]: ...
    @property
    def name(self) -> str: ...
    @property
    def definition(self) -> Definition: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...


@dataclass(frozen=True, slots=True)
class Sort:
    """A kind of rule that has a form.

    written reads what was typed, filled shows what is kept, blank is what a new one says at first; calendar_of is whose
    days the trial is about, trials what comes of a start; context is what its template wants to know beside. look
    is for sorts that show something else than a trial: what the template wants to know of things as they are; tried
    names the template of that part alone.
    """

    kind: RuleKind
    place: str
    written: Callable[[Mapping[str, str]], Form]
    filled: Callable[[str, Any], Form]
    blank: Callable[[Around], Definition]
    calendar_of: Callable[[Form, Around, str], Calendar] = lambda form, seen, zone: NATURAL
    trials: Callable[[Form, Wanted, Around, Teller], Sequence[Trial]] = lambda form, wanted, seen, teller: ()
    context: Callable[[Form, Around], dict[str, Any]] = lambda form, seen: {}
    look: Callable[[web.Request, Form, Around, Teller], Awaitable[dict[str, Any]]] | None = None
    tried: str = "rules/tried.html"


def _blank_policy(seen: Around) -> Policy:
    """Like the last one, for everybody: whoever writes says what is to be otherwise."""
    last = seen.rules.policies[-1].definition
    assert isinstance(last, Policy), "policies are policies"
    return replace(last, conditions=())


def _blank_calendar(seen: Around) -> Calendar:
    day = (Span(9 * HOUR_S, 12 * HOUR_S), Span(13 * HOUR_S + HOUR_S // 2, 18 * HOUR_S))
    return Calendar(week=(day,) * 5 + ((), ()), holidays=CHINA)


def _of_policy(form: Form, seen: Around, zone: str) -> Calendar:
    """The first calendar that the policy counts by; for one in natural time the country's holidays as occasions."""
    policy = form.definition
    assert isinstance(policy, Policy), "the form of a policy makes one"
    budgets = (budget for metric in Metric if (budget := policy.budget(metric)) is not None)
    found = (seen.rules.calendar(budget.calendar_id) for budget in budgets if budget.calendar_id is not None)
    return next((one for one in found if one is not None), replace(NATURAL, zone=zone, holidays=CHINA))


def _of_calendar(form: Form, seen: Around, zone: str) -> Calendar:
    assert isinstance(form.definition, Calendar), "the form of a calendar makes one"
    return replace(NATURAL, zone=zone) if problems(form.definition) else form.definition


def _try_policy(form: Form, wanted: Wanted, seen: Around, teller: Teller) -> Sequence[Trial]:
    policy = form.definition
    assert isinstance(policy, Policy), "the form of a policy makes one"
    found = []
    for metric in Metric:
        budget = policy.budget(metric)
        if budget is None or wanted.start is None or not 0 < budget.length_ms <= LONGEST_BUDGET_MS:
            continue
        calendar = _counted_by(budget, seen, teller)
        if calendar is not None:
            found.append(trying.try_out(metric, _with_sound_warnings(budget), calendar, wanted.start, teller))
    return found


def _counted_by(budget: Budget, seen: Around, teller: Teller) -> Calendar | None:
    if budget.calendar_id is None:
        return replace(NATURAL, zone=teller.almanac.zone)
    return seen.rules.calendar(budget.calendar_id)


def _with_sound_warnings(budget: Budget) -> Budget:
    """A budget without the warnings that make no sense yet while somebody types."""
    return replace(budget, warnings=tuple(one for one in budget.warnings if _is_sound(one, budget.length_ms)))


def _is_sound(warning: Warning, length_ms: int) -> bool:
    if warning.share is not None:
        return warning.lead_ms is None and 1 <= warning.share <= 99
    return warning.lead_ms is not None and 0 < warning.lead_ms < length_ms


def _try_calendar(form: Form, wanted: Wanted, seen: Around, teller: Teller) -> Sequence[Trial]:
    calendar = form.definition
    assert isinstance(calendar, Calendar), "the form of a calendar makes one"
    length = wanted.length_ms
    if wanted.start is None or length is None or not 0 < length <= LONGEST_BUDGET_MS or problems(calendar):
        return []
    return [trying.try_out("", Budget(length), calendar, wanted.start, teller)]


def _policy_context(form: Form, seen: Around) -> dict[str, Any]:
    policies = [rule.definition for rule in seen.rules.policies]
    named = [one for policy in policies if isinstance(policy, Policy) for one in policy.conditions]
    return {
        "metrics": list(Metric),
        "channels": [each.value for each in Channel],
        "priorities": [each.value for each in Priority],
        "teams": seen.names.teams,
        "calendars": {rule.id: rule.name for rule in seen.rules.named(RuleKind.CALENDAR)},
        "chains": {rule.id: rule.name for rule in seen.rules.named(RuleKind.CHAIN)},
        "units": policy_form.LENGTH_UNITS,
        "warning_units": policy_form.WARNING_UNITS,
        "statuses": [each.value for each in policy_form.STATUSES],
        "known": {
            field: sorted({value for one in named if one.field == field for value in one.values})
            for field in policy_form.WRITTEN
        },
    }


def _calendar_context(form: Form, seen: Around) -> dict[str, Any]:
    return {"zones": ZONES, "units": policy_form.LENGTH_UNITS, "row_of": calendar_form.where_of_day}


POLICIES = Sort(
    RuleKind.POLICY,
    "policies",
    policy_form.written,
    policy_form.filled,
    _blank_policy,
    _of_policy,
    _try_policy,
    _policy_context,
)
CALENDARS = Sort(
    RuleKind.CALENDAR,
    "calendars",
    calendar_form.written,
    calendar_form.filled,
    _blank_calendar,
    _of_calendar,
    _try_calendar,
    _calendar_context,
)
