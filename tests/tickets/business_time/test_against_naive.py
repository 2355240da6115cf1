"""Thousands of random cases give what an independent model gives that looks at one instant after the other."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from tests.tickets.business_time import naive
from tests.tickets.business_time.cases import Case, cases
from tickets import business_time
from tickets.business_time import SegmentKind


@pytest.fixture
def drawn(request: pytest.FixtureRequest) -> list[Case]:
    return list(cases(request.config.getoption("--seed"), request.config.getoption("--deadlines")))


def test_a_deadline_is_that_of_the_naive_model(drawn: list[Case]) -> None:
    different = []
    for case in drawn:
        given = (case.start, case.budget, case.calendar, case.pauses)
        due, expected = business_time.deadline(*given), naive.deadline(*given, case.grain)
        if due != expected:
            different.append((case, due, expected))
    print(f"{len(drawn)} deadlines, {len(different)} differences")
    assert not different[:3]


def test_the_working_time_between_two_moments_is_that_of_the_naive_model(drawn: list[Case]) -> None:
    for case in drawn[::5]:
        end = case.start + case.budget
        given = (case.start, end, case.calendar, case.pauses)
        assert business_time.working_ms(*given) == naive.working_ms(*given, case.grain), case


def test_segments_say_of_every_moment_what_the_naive_model_says(drawn: list[Case]) -> None:
    chance = Random(7)
    for case in drawn:
        end = case.start + case.budget * 3
        found = business_time.segments(case.start, end, case.calendar, case.pauses)
        assert (found[0].start, found[-1].end) == (case.start, end)
        assert all(one.end == other.start for one, other in pairwise(found))
        assert all((one.kind, one.reason) != (other.kind, other.reason) for one, other in pairwise(found))
        for one in found:
            for moment in (one.start, one.end - 1, chance.randrange(one.start, one.end)):
                kind = naive.kind_at(moment, case.calendar)
                paused = kind in naive.COUNTING and naive.is_paused(moment, case.pauses)
                assert one.kind == ("paused" if paused else kind), case


def test_the_segments_until_a_deadline_count_just_the_budget(drawn: list[Case]) -> None:
    kinds: Counter[SegmentKind] = Counter()
    for case in drawn:
        due = business_time.deadline(case.start, case.budget, case.calendar, case.pauses)
        found = business_time.segments(case.start, due, case.calendar, case.pauses)
        kinds.update(one.kind for one in found)
        assert sum(one.end - one.start for one in found if one.kind.counts) == case.budget
        assert found[-1].kind.counts
        assert business_time.working_ms(case.start, due, case.calendar, case.pauses) == case.budget
        assert business_time.working_ms(case.start, due - 1, case.calendar, case.pauses) == case.budget - 1
    assert set(kinds) == set(SegmentKind), "the cases leave a kind of time out"


def test_two_budgets_one_after_the_other_are_due_when_both_together_are(drawn: list[Case]) -> None:
    for case in drawn:
        due = business_time.deadline(case.start, case.budget, case.calendar, case.pauses)
        part = max(1, case.budget // 3)
        midway = business_time.deadline(case.start, part, case.calendar, case.pauses)
        assert case.start < midway <= due
        if case.budget > part:
            assert business_time.deadline(midway, case.budget - part, case.calendar, case.pauses) == due
