"""What is wrong with a calendar, in itself and for the policies that count by it. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tickets.business_time import Calendar, known_until, problems
from tickets.model import Metric
from tickets.sla.checking.comparison import compare_budgets
from tickets.sla.checking.findings import Finding, Flaw, Surroundings, check_name, is_blank
from tickets.sla.checking.policies import comes_due
from tickets.sla.model import Policy, Rule, RuleKind

MOST_SPANS = 6
MOST_SPECIAL_DAYS = 400
LONGEST_DAY_NAME = 40


def check_calendar(calendar: Calendar, name: str, rule_id: str | None, around: Surroundings) -> list[Finding]:
    """Everything that is wrong with a calendar and what its author should know; rule_id None for a new one."""
    faults = [Finding(Flaw(one.problem.value), one.where) for one in problems(calendar)]
    found = [*check_name(name, RuleKind.CALENDAR, rule_id, around), *faults, *_bounds(calendar)]
    if faults:
        return found
    return [*found, *_years(calendar, around.now), *_policies(calendar, rule_id, around)]


def _bounds(calendar: Calendar) -> Iterator[Finding]:
    days = {**{f"week.{number}": spans for number, spans in enumerate(calendar.week)}, "make_up": calendar.make_up}
    for where, spans in days.items():
        if len(spans or ()) > MOST_SPANS:
            yield Finding(Flaw.TOO_MANY, where, (("most", MOST_SPANS),))
    if len(calendar.special) > MOST_SPECIAL_DAYS:
        yield Finding(Flaw.TOO_MANY, "special", (("most", MOST_SPECIAL_DAYS),))
    for day in calendar.special:
        where = f"special.{day.date.isoformat()}"
        if is_blank(day.name):
            yield Finding(Flaw.SPECIAL_DAY_NAMELESS, where)
        if len(day.name) > LONGEST_DAY_NAME:
            yield Finding(Flaw.NAME_TOO_LONG, where, (("most", LONGEST_DAY_NAME),))
        if len(day.spans) > MOST_SPANS:
            yield Finding(Flaw.TOO_MANY, where, (("most", MOST_SPANS),))


def _years(calendar: Calendar, now: int) -> Iterator[Finding]:
    """Until when public holidays are known, where the calendar keeps them."""
    if calendar.holidays is None:
        return
    year = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(calendar.zone)).year
    known = known_until(calendar.holidays)
    if known < year:
        yield Finding(Flaw.THIS_YEAR_UNKNOWN, "holidays", (("year", year),))
    elif known == year:
        yield Finding(Flaw.NEXT_YEAR_UNKNOWN, "holidays", (("year", year + 1),))


def _policies(calendar: Calendar, rule_id: str | None, around: Surroundings) -> Iterator[Finding]:
    """The policies by which a promise could not be kept any more."""
    if rule_id is None or rule_id not in around.others:
        return
    others = {**around.others, rule_id: replace(around.others[rule_id], definition=calendar)}
    changed = replace(around, others=others)
    for rule in around.policies:
        if flaw := _broken(rule, rule_id, calendar, changed):
            yield Finding(Flaw.BREAKS_POLICY, "week", (("name", rule.name), ("flaw", flaw)))


def _broken(rule: Rule, calendar_id: str, calendar: Calendar, around: Surroundings) -> Flaw | None:
    policy = rule.definition
    assert isinstance(policy, Policy), f"rule {rule.id} is not a policy"
    budgets = [budget for metric in Metric if (budget := policy.budget(metric)) and budget.calendar_id == calendar_id]
    if not budgets:
        return None
    if not all(comes_due(budget.length_ms, calendar, around.now) for budget in budgets):
        return Flaw.NEVER_DUE
    found = (one.flaw for one in compare_budgets(policy, around) if not one.flaw.is_advice)
    return next(found, None)
