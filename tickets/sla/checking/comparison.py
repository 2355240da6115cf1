"""Whether an answer is promised no later than the solution, whichever clocks the two run by. Pure."""

from collections.abc import Iterator

from tickets.business_time import NATURAL, Calendar, deadline
from tickets.model import Metric
from tickets.sla.checking.findings import Finding, Flaw, Surroundings
from tickets.sla.model import Budget, Policy

HOUR_MS = 3_600_000
# Seven hours do not divide a day, so the starts fall on every hour of it within a week.
STEP_MS = 7 * HOUR_MS
TRIED_MS = 8 * 7 * 24 * HOUR_MS


def compare_budgets(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    """An answer that would come due after the solution: for certain, or only at some starts of the next weeks."""
    if policy.resolution is None:
        return
    for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE):
        budget = policy.budget(metric)
        assert budget is not None, f"every policy promises a {metric}"
        later = list(_later(budget, policy.resolution, around))
        if later:
            yield _found(metric, later, around.now)


def _found(metric: Metric, later: list[tuple[int, int, int]], now: int) -> Finding:
    start, response, resolution = later[0]
    values = (("start_at", start), ("response_at", response), ("resolution_at", resolution))
    if metric is Metric.NEXT_RESPONSE:
        return Finding(Flaw.NEXT_AFTER_RESOLUTION, f"{metric}.length", values)
    always = len(later) == len(_starts(now))
    flaw = Flaw.RESPONSE_AFTER_RESOLUTION if always else Flaw.RESPONSE_MAY_BE_AFTER_RESOLUTION
    return Finding(flaw, f"{metric}.length", values)


def _later(response: Budget, resolution: Budget, around: Surroundings) -> Iterator[tuple[int, int, int]]:
    """The starts at which the answer is due after the solution, with both moments."""
    by, until = _calendar(response, around), _calendar(resolution, around)
    if by == until and response.length_ms <= resolution.length_ms:
        return
    for start in _starts(around.now):
        answered = deadline(start, response.length_ms, by)
        solved = deadline(start, resolution.length_ms, until)
        if answered > solved:
            yield start, answered, solved


def _starts(now: int) -> range:
    return range(now, now + TRIED_MS, STEP_MS)


def _calendar(budget: Budget, around: Surroundings) -> Calendar:
    found = NATURAL if budget.calendar_id is None else around.calendar(budget.calendar_id)
    assert found is not None, f"there is no calendar {budget.calendar_id}"
    return found
