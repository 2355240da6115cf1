"""What a policy, a calendar, a chain or a rota is refused for, and what its author is told."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.rules import chain
from tests.tickets.cast import HOUR, MINUTE, MORNING
from tickets.business_time import Calendar, Span, SpecialDay
from tickets.model import Status
from tickets.sla.checking import Flaw, Surroundings, check_calendar, check_chain, check_policy, check_rota
from tickets.sla.model import (
    Budget,
    Chain,
    Condition,
    ConditionField,
    Definition,
    Level,
    Policy,
    Rota,
    Rule,
    RuleKind,
    Substitution,
    Warning,
)

DAY = (Span(9 * 3600, 12 * 3600), Span(13 * 3600 + 1800, 18 * 3600))
OFFICE = Calendar(week=(DAY,) * 5 + ((), ()), holidays="CN")
VIP = Condition(ConditionField.VALUE_CLASS, ("VIP",))
CHAT = Condition(ConditionField.CHANNEL, ("chat",))
MAIL = Condition(ConditionField.CHANNEL, ("mail",))


def rule(id: str, kind: RuleKind, definition: Definition, name: str = "") -> Rule:
    return Rule(id, kind, 10, 1, name or id, definition, "settings", 0, None)


def promise(hours: float = 12, conditions: tuple[Condition, ...] = (), **more: Any) -> Policy:
    budget = Budget(round(hours * HOUR))
    return replace(Policy(budget, budget, None, "chain", conditions), **more)


AROUND = Surroundings(
    policies=(
        rule("vip", RuleKind.POLICY, promise(4, (VIP,)), "贵宾"),
        rule("all", RuleKind.POLICY, promise(), "标准时限"),
    ),
    others={
        "chain": rule("chain", RuleKind.CHAIN, chain()),
        "office": rule("office", RuleKind.CALENDAR, OFFICE, "工作时间"),
        "rota": rule("rota", RuleKind.ROTA, Rota(("li",), date(2026, 11, 2), 7, 540, "Asia/Shanghai")),
    },
    now=MORNING,
    channels=frozenset({"chat", "mail"}),
    teams=frozenset({"after-sales"}),
    agents=frozenset({"li"}),
    transports=frozenset({"mail", "webhook"}),
)


def found(policy: Policy, rule_id: str | None = None, name: str = "新策略", around: Surroundings = AROUND) -> set[str]:
    return {f"{one.flaw} {one.where}" for one in check_policy(policy, name, rule_id, around)}


def first(**more: Any) -> Policy:
    """A policy for chats whose first response is promised like this."""
    return replace(promise(conditions=(CHAT,)), first_response=Budget(**{"length_ms": 12 * HOUR, **more}))


def test_a_policy_as_it_should_be_has_nothing_against_it() -> None:
    warnings = (Warning(share=80), Warning(lead_ms=HOUR))
    budget = Budget(8 * HOUR, "office", warnings, (Status.PENDING, Status.ON_HOLD))
    policy = promise(conditions=(CHAT,), first_response=budget, resolution=Budget(30 * HOUR, "office"))
    assert found(policy) == set()


@pytest.mark.parametrize(
    ("policy", "flaw"),
    [
        (first(length_ms=0), "too_short first_response.length"),
        (first(length_ms=MINUTE - 1), "too_short first_response.length"),
        (first(length_ms=366 * 24 * HOUR), "too_long first_response.length"),
        (first(calendar_id="gone"), "no_such_calendar first_response.calendar"),
        (first(calendar_id="chain"), "no_such_calendar first_response.calendar"),
        (first(warnings=(Warning(share=0),)), "warning_share first_response.warning.0"),
        (first(warnings=(Warning(share=100),)), "warning_share first_response.warning.0"),
        (first(warnings=(Warning(lead_ms=12 * HOUR),)), "warning_lead first_response.warning.0"),
        (first(warnings=(Warning(),)), "warning_not_one first_response.warning.0"),
        (first(warnings=(Warning(80, HOUR),)), "warning_not_one first_response.warning.0"),
        (first(warnings=(Warning(share=80), Warning(share=80))), "warning_twice first_response.warning.1"),
        (first(warnings=tuple(Warning(share=one) for one in range(1, 8))), "too_many first_response.warnings"),
        (first(pauses=(Status.OPEN,)), "pause_not_allowed first_response.pauses"),
        (promise(conditions=(CHAT,), chain_id="office"), "no_such_chain chain"),
        (promise(conditions=(CHAT,), resolution=Budget(HOUR)), "response_after_resolution first_response.length"),
        (promise(conditions=(Condition(ConditionField.CHANNEL, ("fax",)),)), "condition_unknown_value condition.0"),
        (promise(conditions=(Condition(ConditionField.TEAM, ("gone",)),)), "condition_unknown_value condition.0"),
        (promise(conditions=(Condition(ConditionField.PRIORITY, ("",)),)), "condition_empty condition.0"),
        (promise(conditions=(Condition(ConditionField.CATEGORY, ()),)), "condition_empty condition.0"),
        (promise(conditions=(Condition(ConditionField.ATTRIBUTE, ("a",)),)), "condition_no_attribute condition.0"),
        (promise(conditions=(CHAT, MAIL)), "conditions_contradict condition.1"),
    ],
)
def test_what_is_wrong_with_a_policy_is_named_with_its_place(policy: Policy, flaw: str) -> None:
    assert flaw in found(policy)


def test_a_policy_needs_a_name_of_its_own() -> None:
    for nothing_to_see in ("  ", "\u200b", "\u202e \x00"):
        assert "no_name name" in found(promise(conditions=(CHAT,)), name=nothing_to_see)
    assert "name_too_long name" in found(promise(conditions=(CHAT,)), name="长" * 61)
    assert "name_taken name" in found(promise(conditions=(CHAT,)), name="贵 宾".replace(" ", ""))
    assert "name_taken name" not in found(promise(4, (VIP,)), "vip", name="贵宾")


def test_budgets_by_different_clocks_are_compared_by_trial() -> None:
    """Ten working hours are never over before one natural hour; twelve natural hours may be, on a working day."""
    certain = promise(conditions=(CHAT,), first_response=Budget(10 * HOUR, "office"), resolution=Budget(HOUR))
    assert "response_after_resolution first_response.length" in found(certain)
    sometimes = promise(conditions=(CHAT,), first_response=Budget(12 * HOUR), resolution=Budget(7 * HOUR, "office"))
    assert "response_may_be_after_resolution first_response.length" in found(sometimes)
    never = promise(conditions=(CHAT,), first_response=Budget(HOUR), resolution=Budget(30 * HOUR, "office"))
    assert not any("resolution" in one for one in found(never))


def test_a_budget_that_a_calendar_never_uses_up_is_refused() -> None:
    minute = Calendar(week=((Span(0, 60),),) + ((),) * 6)
    around = replace(AROUND, others={**AROUND.others, "rare": rule("rare", RuleKind.CALENDAR, minute)})
    assert "never_due first_response.length" in found(first(length_ms=1000 * HOUR, calendar_id="rare"), around=around)


def test_the_policy_for_everybody_stays_without_conditions() -> None:
    assert "fallback_has_conditions conditions" in found(promise(conditions=(CHAT,)), "all", name="标准时限")


def test_a_policy_behind_a_broader_one_is_told_of() -> None:
    narrow = promise(2, (replace(VIP, values=("vip",)), CHAT))
    assert "unreachable conditions" in found(narrow)
    assert found(promise(2, (CHAT,))) == set()
    ahead = replace(AROUND, policies=(rule("first", RuleKind.POLICY, promise()), *AROUND.policies))
    assert "unreachable conditions" in found(promise(2, (CHAT,)), around=ahead)
    assert "hides_others conditions" in found(promise(), "first", name="first", around=ahead)


def calendar_flaws(calendar: Calendar, rule_id: str | None = None, around: Surroundings = AROUND) -> set[str]:
    return {f"{one.flaw} {one.where}" for one in check_calendar(calendar, "日历", rule_id, around)}


DAY_OFF = SpecialDay(date(2026, 12, 31), "盘点")


@pytest.mark.parametrize(
    ("calendar", "flaw"),
    [
        (replace(OFFICE, week=((),) * 7, special=(SpecialDay(date(2026, 12, 5), "开", DAY),)), "no_working_span week"),
        (replace(OFFICE, week=((Span(0, 10), Span(5, 20)), *OFFICE.week[1:])), "spans_overlap week.0"),
        (replace(OFFICE, week=((Span(20, 10),), *OFFICE.week[1:])), "span_out_of_range week.0"),
        (replace(OFFICE, week=(tuple(Span(n, n + 1) for n in range(0, 14, 2)), *OFFICE.week[1:])), "too_many week.0"),
        (replace(OFFICE, zone="Asia/Atlantis"), "unknown_zone zone"),
        (replace(OFFICE, holidays="XX"), "unknown_holidays holidays"),
        (replace(OFFICE, special=(DAY_OFF, DAY_OFF)), "special_day_twice special.2026-12-31"),
        (replace(OFFICE, special=(replace(DAY_OFF, name=" "),)), "special_day_nameless special.2026-12-31"),
        (replace(OFFICE, special=(replace(DAY_OFF, name="名" * 41),)), "name_too_long special.2026-12-31"),
        (OFFICE, "next_year_unknown holidays"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_named_with_its_place(calendar: Calendar, flaw: str) -> None:
    assert flaw in calendar_flaws(calendar)


def test_years_are_told_of_only_where_holidays_count() -> None:
    assert calendar_flaws(replace(OFFICE, holidays=None)) == set()
    later = replace(AROUND, now=MORNING + 366 * 24 * HOUR)
    assert "this_year_unknown holidays" in calendar_flaws(OFFICE, around=later)


def test_a_calendar_must_not_break_the_policies_that_count_by_it() -> None:
    """Within a minute a week, 8 hours of work take years; and an answer must not come after the solution."""
    policy = promise(resolution=Budget(72 * HOUR), first_response=Budget(8 * HOUR, "office"))
    around = replace(AROUND, policies=(rule("all", RuleKind.POLICY, policy, "标准时限"),))
    hour = replace(OFFICE, week=((Span(0, 60),),) + ((),) * 6)
    assert "breaks_policy week" in calendar_flaws(hour, "office", around)
    assert "breaks_policy week" not in calendar_flaws(hour, None, around)
    assert "breaks_policy week" not in calendar_flaws(OFFICE, "office", around)


def chain_flaws(wanted: Chain) -> set[str]:
    return {f"{one.flaw} {one.where}" for one in check_chain(wanted, "升级链", None, AROUND)}


LEVEL = Level("主管", 0, ("role:supervisor", "agent:li", "rota:rota", "duty@example.com", "+8613800000001"), ("mail",))


def test_a_chain_as_it_should_be_has_nothing_against_it() -> None:
    assert chain_flaws(chain((LEVEL, replace(LEVEL, fallback=("webhook",))), warning=LEVEL)) == set()


@pytest.mark.parametrize(
    ("wanted", "flaw"),
    [
        (chain(()), "no_level levels"),
        (chain((LEVEL,) * 11), "too_many levels"),
        (chain((replace(LEVEL, name=""),)), "no_name level.0.name"),
        (chain((replace(LEVEL, name="\u200b"),)), "no_name level.0.name"),
        (chain((replace(LEVEL, after_ms=-1),)), "too_short level.0.after"),
        (chain((replace(LEVEL, after_ms=8 * 24 * HOUR),)), "too_long level.0.after"),
        (chain((replace(LEVEL, recipients=()),)), "no_recipient level.0.recipients"),
        (chain((replace(LEVEL, recipients=("role:reader",)),)), "unknown_recipient level.0.recipients"),
        (chain((replace(LEVEL, recipients=("agent:gone",)),)), "unknown_recipient level.0.recipients"),
        (chain((replace(LEVEL, recipients=("rota:gone",)),)), "unknown_recipient level.0.recipients"),
        (chain((replace(LEVEL, recipients=("12",)),)), "unknown_recipient level.0.recipients"),
        (chain((replace(LEVEL, transports=()),)), "no_transport level.0.transports"),
        (chain((replace(LEVEL, transports=("pigeon",)),)), "unknown_transport level.0.transports"),
        (chain((replace(LEVEL, fallback=("mail",)),)), "fallback_transport_twice level.0.transports"),
        (chain((LEVEL,), warning=replace(LEVEL, recipients=())), "no_recipient warning.recipients"),
        (chain((LEVEL,), repeat_ms=MINUTE), "too_short repeat"),
        (chain((LEVEL,), acknowledged_for_ms=0), "too_short acknowledged_for"),
        (chain((LEVEL,), longest_snooze_ms=31 * 24 * HOUR), "too_long longest_snooze"),
    ],
)
def test_what_is_wrong_with_a_chain_is_named_with_its_place(wanted: Chain, flaw: str) -> None:
    assert flaw in chain_flaws(wanted)


ROTA = Rota(("li",), date(2026, 11, 2), 7, 540, "Asia/Shanghai")
WEEK = Substitution(date(2026, 11, 9), date(2026, 11, 15), "li")


@pytest.mark.parametrize(
    ("rota", "flaw"),
    [
        (replace(ROTA, members=()), "no_member members"),
        (replace(ROTA, members=("gone",)), "unknown_member members"),
        (replace(ROTA, days_each=0), "out_of_range days_each"),
        (replace(ROTA, handover_minute=1440), "span_out_of_range handover"),
        (replace(ROTA, zone="x"), "unknown_zone zone"),
        (
            replace(ROTA, substitutions=(replace(WEEK, last=date(2026, 11, 1)),)),
            "substitution_backwards substitution.0",
        ),
        (replace(ROTA, substitutions=(replace(WEEK, agent_id="gone"),)), "unknown_member substitution.0"),
        (replace(ROTA, substitutions=(WEEK, WEEK)), "substitutions_overlap substitutions"),
    ],
)
def test_what_is_wrong_with_a_rota_is_named_with_its_place(rota: Rota, flaw: str) -> None:
    assert flaw in {f"{one.flaw} {one.where}" for one in check_rota(rota, "值班", None, AROUND)}


def test_a_rota_as_it_should_be_has_nothing_against_it() -> None:
    assert check_rota(replace(ROTA, substitutions=(WEEK,)), "值班", None, AROUND) == []


def test_advice_keeps_nothing_from_being_kept() -> None:
    assert Flaw.UNREACHABLE.is_advice
    assert not Flaw.NEVER_DUE.is_advice
