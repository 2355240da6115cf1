"""Promises against facts: which were kept, which were broken, by how much, and who was told. Reads only.

What a policy says is a promise; waits from before there were policies are none. A promise belongs to the moment at
which it was due, as that was last worked out. It is kept if the clock was stopped in time by an answer or the ticket's
end, and broken once it was not stopped, or paused, in time. One that still runs, or that ended in time for another
reason (its ticket was merged, its policy promises it no more), is neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction
from tickets import business_time
from tickets.business_time import NATURAL, Calendar
from tickets.escalation import results
from tickets.escalation.results import Facts
from tickets.model import Metric, StopReason
from tickets.sla import rulebook

PAGE = 50
MOST_EXPORTED = 100_000
# Why a clock stops when its promise is kept.
KEEPING = frozenset({StopReason.ANSWERED, StopReason.ANSWERED_BY_BOT, StopReason.RESOLVED, StopReason.CLOSED})


Calendars = Mapping[tuple[str, int], Calendar]


class Outcome(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which promises: due from since until before until (epoch ms); what is empty excludes nothing."""

    since: int
    until: int
    metric: str = ""
    policy_id: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise and what became of it.

    counted_ms: how much of the clock's own time had counted when it stopped, None while it has not.
    late_ms: how late it was, or is now, in the clock's own measure too.
    acknowledged_at: when somebody first took notice of its alerts.
    """

    clock_id: str
    number: str
    subject: str
    metric: Metric
    policy_id: str
    policy: str
    started_at: int
    budget_ms: int
    due_at: int
    promised_at: int | None
    paused_at: int | None
    stopped_at: int | None
    stop_reason: StopReason | None
    assignee_id: str | None
    counted_ms: int | None
    breached_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    late_ms: int


_PROMISE = """
    SELECT k.id AS clock_id, t.number, t.subject, k.metric, k.policy_id, p.name AS policy, k.started_at, k.budget_ms,
        k.due_at, k.promised_at, k.calendar_id, k.calendar_version, k.paused_at, k.stopped_at, k.stop_reason,
        t.assignee_id,
        (SELECT r.counted_ms FROM receipt r WHERE r.clock_id = k.id AND k.stopped_at IS NOT NULL
            ORDER BY r.number DESC LIMIT 1) AS counted_ms,
        (SELECT a.raised_at FROM alert a WHERE a.clock_id = k.id AND a.level = 1) AS breached_at,
        (SELECT MIN(a.acknowledged_at) FROM alert a WHERE a.clock_id = k.id AND a.level > 0) AS acknowledged_at,
        (SELECT a.acknowledged_by FROM alert a WHERE a.clock_id = k.id AND a.level > 0 AND a.acknowledged_at IS NOT NULL
            ORDER BY a.acknowledged_at, a.level LIMIT 1) AS acknowledged_by
    FROM clock k JOIN ticket t ON t.id = k.ticket_id
    JOIN rule_version p ON p.rule_id = k.policy_id AND p.version = k.policy_version
"""
_ASKED = """
    WHERE k.ticket_id IS NOT NULL AND k.policy_id IS NOT NULL AND k.due_at >= :since AND k.due_at < :until
        AND (:metric = '' OR k.metric = :metric) AND (:policy_id = '' OR k.policy_id = :policy_id)
"""
_BROKEN = " AND k.due_at < COALESCE(k.stopped_at, k.paused_at, :now)"
_KEPT = " AND k.stopped_at <= k.due_at AND k.stop_reason IN ('answered', 'answered_by_bot', 'resolved', 'closed')"
_NEWEST_FIRST = " ORDER BY k.due_at DESC, k.id DESC LIMIT :limit OFFSET :offset"
_COUNT = "SELECT COUNT(*) AS found FROM clock k"

LISTED = {
    Outcome.BROKEN: _PROMISE + _ASKED + _BROKEN + _NEWEST_FIRST,
    Outcome.KEPT: _PROMISE + _ASKED + _KEPT + _NEWEST_FIRST,
}
COUNTED = {Outcome.BROKEN: _COUNT + _ASKED + _BROKEN, Outcome.KEPT: _COUNT + _ASKED + _KEPT}
_MEASURED = """
    SELECT k.metric, k.policy_id, k.due_at, k.promised_at, k.started_at, k.stopped_at, k.paused_at, k.budget_ms,
        k.stop_reason, k.calendar_id, k.calendar_version,
        (SELECT r.counted_ms FROM receipt r WHERE r.clock_id = k.id AND k.stopped_at IS NOT NULL
            ORDER BY r.number DESC LIMIT 1) AS counted_ms
    FROM clock k
"""
_ENDED = " AND (k.stopped_at IS NOT NULL OR k.due_at < COALESCE(k.paused_at, :now)) ORDER BY k.due_at LIMIT :limit"
MEASURED = _MEASURED + _ASKED + _ENDED


@dataclass(frozen=True, slots=True)
class Measured:
    """What of a promise the report counts. taken_ms and late_ms in the clock's own measure; taken_ms is None while it
    runs. after_told: it was kept, but after the time that the contact was told, for it was put off since."""

    metric: Metric
    policy_id: str
    due_at: int
    outcome: Outcome
    taken_ms: int | None
    late_ms: int
    after_told: bool = False


def listed(
    tx: Transaction, asked: Asked, outcome: Outcome, now: int, offset: int = 0, limit: int = PAGE
) -> list[Promise]:
    """A page of the promises that were kept or broken, the one due last first."""
    values = {**_values(asked, outcome, now), "limit": limit, "offset": offset}
    calendars = rulebook.calendars(tx)
    return [_promise(row, calendars, now) for row in tx.execute(LISTED[outcome], values)]


def count(tx: Transaction, asked: Asked, outcome: Outcome, now: int) -> int:
    """How many promises were kept, or broken."""
    return int(tx.execute(COUNTED[outcome], _values(asked, outcome, now))[0]["found"])


def told_of(tx: Transaction, asked: Asked) -> Facts:
    """Who was told that these promises are broken, by the clock's id; warnings are left out."""
    return results.of_promises(tx, asked.since, asked.until, asked.metric, asked.policy_id)


def measured(tx: Transaction, asked: Asked, now: int, limit: int = MOST_EXPORTED) -> list[Measured]:
    """Every promise that was kept or broken, at most limit of them, first due first."""
    rows = tx.execute(MEASURED, {**_asked(asked), "now": now, "limit": limit})
    calendars = rulebook.calendars(tx)
    return [one for row in rows if (one := _measured(row, calendars, now)) is not None]


def _measured(row: Row, calendars: Calendars, now: int) -> Measured | None:
    stopped = row["stopped_at"]
    broken = row["due_at"] < (stopped or row["paused_at"] or now)
    if not broken and row["stop_reason"] not in KEEPING:
        return None
    taken = row["counted_ms"] if row["counted_ms"] is not None else stopped and stopped - row["started_at"]
    outcome = Outcome.BROKEN if broken else Outcome.KEPT
    told_at, late_ms = row["promised_at"], _late_ms(row, calendars, now)
    after_told = not broken and told_at is not None and told_at < stopped
    return Measured(Metric(row["metric"]), row["policy_id"], row["due_at"], outcome, taken, late_ms, after_told)


def _promise(row: Row, calendars: Calendars, now: int) -> Promise:
    late_ms = _late_ms(row, calendars, now)
    del row["calendar_id"], row["calendar_version"]
    ended = row.pop("stop_reason")
    stop_reason = None if ended is None else StopReason(ended)
    return Promise(**{**row, "metric": Metric(row["metric"]), "late_ms": late_ms, "stop_reason": stop_reason})


def _late_ms(row: Row, calendars: Calendars, now: int) -> int:
    """How late a clock stopped by its own measure, or is now; pauses after the due time are not taken off before it
    stops."""
    if row["counted_ms"] is not None:
        return max(0, int(row["counted_ms"]) - int(row["budget_ms"]))
    until = row["stopped_at"] or row["paused_at"] or now
    calendar = calendars.get((row["calendar_id"], row["calendar_version"]), NATURAL)
    return business_time.working_ms(row["due_at"], max(until, row["due_at"]), calendar)


def _asked(asked: Asked) -> dict[str, object]:
    return {"since": asked.since, "until": asked.until, "metric": asked.metric, "policy_id": asked.policy_id}


def _values(asked: Asked, outcome: Outcome, now: int) -> dict[str, object]:
    return {**_asked(asked), "now": now} if outcome is Outcome.BROKEN else _asked(asked)
