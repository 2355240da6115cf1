"""Due times, warnings and levels."""

import pytest

from tests.rules import chain
from tests.tickets.cast import HOUR, MINUTE, MORNING
from tickets.business_time import NATURAL, Pause
from tickets.sla import dues
from tickets.sla.model import Budget, Level, Warning

HALF_DAY = Budget(12 * HOUR, warnings=(Warning(lead_ms=HOUR), Warning(share=50)))


def test_an_answer_is_due_after_the_budget_and_warned_of_in_order() -> None:
    due = dues.due(MORNING, HALF_DAY, NATURAL, (), MORNING)
    assert due.plan == (MORNING + 6 * HOUR, MORNING + 11 * HOUR, MORNING + 12 * HOUR)


def test_a_pause_moves_everything_that_it_comes_before() -> None:
    pauses = (Pause(MORNING + 8 * HOUR, MORNING + 9 * HOUR, "pending"),)
    due = dues.due(MORNING, HALF_DAY, NATURAL, pauses, MORNING + 9 * HOUR)
    assert due.plan == (MORNING + 6 * HOUR, MORNING + 12 * HOUR, MORNING + 13 * HOUR)


def test_a_pause_that_lasts_is_reckoned_up_to_now() -> None:
    pauses = (Pause(MORNING + HOUR, None, "on_hold"),)
    assert dues.due(MORNING, HALF_DAY, NATURAL, pauses, MORNING + 4 * HOUR).due_at == MORNING + 15 * HOUR


@pytest.mark.parametrize(
    ("warning", "after"),
    [
        (Warning(share=99), 1_188),
        (Warning(share=1), 12),
        (Warning(lead_ms=5 * HOUR), 0),
        (Warning(lead_ms=1), 1_199.999),
    ],
)
def test_a_warning_comes_within_the_budget_and_never_after_it(warning: Warning, after: float) -> None:
    due = dues.due(MORNING, Budget(20 * MINUTE, warnings=(warning,)), NATURAL, (), MORNING)
    assert due.warnings == (MORNING + round(after * 1_000),)


def test_the_steps_up_to_the_breach_are_counted_down_to_one() -> None:
    plan = dues.due(MORNING, HALF_DAY, NATURAL, (), MORNING).plan
    assert dues.first_level(plan) == -1
    assert [dues.planned_at(level, plan, chain()) for level in (-1, 0, 1)] == list(plan)
    assert dues.next_alert_at(-1, MORNING, plan, chain()) == plan[1]
    assert dues.next_alert_at(0, MORNING, plan, chain()) == plan[2]


def test_a_first_level_can_come_some_time_after_the_due_time() -> None:
    patient = chain((Level("patient", 5 * MINUTE, (), ()),))
    assert dues.planned_at(1, (MORNING,), patient) == MORNING + 5 * MINUTE


@pytest.mark.parametrize(
    ("level", "name", "next_after"),
    [(1, "agents", 30 * MINUTE), (2, "leads", HOUR), (3, "leads", HOUR), (40, "leads", HOUR)],
)
def test_the_chain_ends_with_its_last_level_again_and_again(level: int, name: str, next_after: int) -> None:
    told = dues.level_at(level, chain())
    assert told is not None
    assert told.name == name
    assert dues.next_alert_at(level, MORNING, (MORNING,), chain()) == MORNING + next_after
