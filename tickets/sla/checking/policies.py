"""What is wrong with a policy: its budgets, whom it is for, and where it stands among the others. Pure."""

from collections.abc import Iterator

from tickets.business_time import NATURAL, Calendar, deadline
from tickets.errors import NeverDue
from tickets.model import Metric, Priority, Status
from tickets.sla.checking.comparison import compare_budgets
from tickets.sla.checking.findings import Finding, Flaw, Surroundings, check_name, is_blank
from tickets.sla.checking.reach import check_reach
from tickets.sla.choice import folded
from tickets.sla.model import Budget, Condition, ConditionField, Policy, RuleKind, Warning

MINUTE_MS = 60_000
LEAST_BUDGET_MS = MINUTE_MS
LONGEST_BUDGET_MS = 365 * 24 * 60 * MINUTE_MS
MOST_WARNINGS = 5
MOST_CONDITIONS = 20
MOST_VALUES = 50
LONGEST_VALUE = 80
PAUSING = (Status.PENDING, Status.ON_HOLD)


def check_policy(policy: Policy, name: str, rule_id: str | None, around: Surroundings) -> list[Finding]:
    """Everything that is wrong with a policy and what its author should know; rule_id None for a new one.

    A new policy stands just before the last one, which is for everybody.
    """
    found = [*check_name(name, RuleKind.POLICY, rule_id, around), *_conditions(policy, around)]
    if not around.has(RuleKind.CHAIN, policy.chain_id):
        found.append(Finding(Flaw.NO_SUCH_CHAIN, "chain"))
    broken = [one for metric in Metric for one in _budget(policy.budget(metric), metric, around)]
    found += broken or compare_budgets(policy, around)
    return [*found, *check_reach(policy, rule_id, around)]


def _budget(budget: Budget | None, metric: Metric, around: Surroundings) -> Iterator[Finding]:
    if budget is None:
        return
    calendar = NATURAL if budget.calendar_id is None else around.calendar(budget.calendar_id)
    if calendar is None:
        yield Finding(Flaw.NO_SUCH_CALENDAR, f"{metric}.calendar")
    yield from _length(budget, metric, calendar, around.now)
    yield from _warnings(budget, metric)
    if any(status not in PAUSING for status in budget.pauses):
        yield Finding(Flaw.PAUSE_NOT_ALLOWED, f"{metric}.pauses")


def _length(budget: Budget, metric: Metric, calendar: Calendar | None, now: int) -> Iterator[Finding]:
    where = f"{metric}.length"
    if budget.length_ms < LEAST_BUDGET_MS:
        yield Finding(Flaw.TOO_SHORT, where, (("bound", LEAST_BUDGET_MS),))
    elif budget.length_ms > LONGEST_BUDGET_MS:
        yield Finding(Flaw.TOO_LONG, where, (("bound", LONGEST_BUDGET_MS),))
    elif calendar is not None and not comes_due(budget.length_ms, calendar, now):
        yield Finding(Flaw.NEVER_DUE, where)


def comes_due(length_ms: int, calendar: Calendar, now: int) -> bool:
    """Whether a budget that begins now is used up in the years that are looked at."""
    try:
        deadline(now, length_ms, calendar)
    except NeverDue:
        return False
    return True


def _warnings(budget: Budget, metric: Metric) -> Iterator[Finding]:
    if len(budget.warnings) > MOST_WARNINGS:
        yield Finding(Flaw.TOO_MANY, f"{metric}.warnings", (("most", MOST_WARNINGS),))
    for number, warning in enumerate(budget.warnings):
        where = f"{metric}.warning.{number}"
        yield from _warning(warning, budget.length_ms, where)
        if warning in budget.warnings[:number]:
            yield Finding(Flaw.WARNING_TWICE, where)


def _warning(warning: Warning, length_ms: int, where: str) -> Iterator[Finding]:
    if (warning.share is None) == (warning.lead_ms is None):
        yield Finding(Flaw.WARNING_NOT_ONE, where)
    elif warning.share is not None and not 1 <= warning.share <= 99:
        yield Finding(Flaw.WARNING_SHARE, where)
    elif warning.lead_ms is not None and not 0 < warning.lead_ms < length_ms:
        yield Finding(Flaw.WARNING_LEAD, where, (("length", length_ms),))


def _conditions(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    if len(policy.conditions) > MOST_CONDITIONS:
        yield Finding(Flaw.TOO_MANY, "conditions", (("most", MOST_CONDITIONS),))
    for number, condition in enumerate(policy.conditions):
        yield from _condition(condition, f"condition.{number}", around)
        if any(_contradict(condition, other) for other in policy.conditions[:number]):
            yield Finding(Flaw.CONDITIONS_CONTRADICT, f"condition.{number}")


def _condition(condition: Condition, where: str, around: Surroundings) -> Iterator[Finding]:
    if condition.field is ConditionField.ATTRIBUTE and is_blank(condition.name):
        yield Finding(Flaw.CONDITION_NO_ATTRIBUTE, where)
    if not condition.values or any(is_blank(value) for value in condition.values):
        yield Finding(Flaw.CONDITION_EMPTY, where)
    if len(condition.values) > MOST_VALUES:
        yield Finding(Flaw.TOO_MANY, where, (("most", MOST_VALUES),))
    known = _known(condition.field, around)
    unknown = [value for value in condition.values if len(value) > LONGEST_VALUE or (known and value not in known)]
    if unknown:
        yield Finding(Flaw.CONDITION_UNKNOWN_VALUE, where, (("value", unknown[0][:LONGEST_VALUE]),))


def _known(field: ConditionField, around: Surroundings) -> frozenset[str]:
    """The values that a field can have; empty where people write them freely."""
    match field:
        case ConditionField.CHANNEL:
            return around.channels
        case ConditionField.PRIORITY:
            return frozenset(Priority)
        case ConditionField.TEAM:
            return around.teams or frozenset({""})
        case _:
            return frozenset()


def _contradict(one: Condition, other: Condition) -> bool:
    """Whether nobody can fit both."""
    if (one.field, folded(one.name)) != (other.field, folded(other.name)):
        return False
    return not {folded(value) for value in one.values} & {folded(value) for value in other.values}
