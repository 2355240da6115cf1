"""When a clock is due and what its chain does next: every change of a due time is worked out here, and kept with its
receipt."""

from collections.abc import Sequence
from dataclasses import replace

from storage.database import Row, Transaction, first, new_id
from tickets.clocks import receipts, rows, terms
from tickets.clocks.receipts import Cause
from tickets.clocks.terms import Measure, Terms
from tickets.model import LIVE, Clock, Metric, StopReason
from tickets.sla import dues
from tickets.sla.model import Chain

# A wait that had ended goes on.
_SETS_GOING = frozenset({Cause.REOPENED, Cause.REFUSED})


def new_clock(
    conversation_id: str, ticket_id: str | None, metric: Metric, message_number: int, needs_person: bool, start: int
) -> Clock:
    """A clock that nothing is known of but what it measures and from when."""
    return Clock(
        id=new_id(),
        conversation_id=conversation_id,
        ticket_id=ticket_id,
        metric=metric,
        first_message_number=message_number,
        needs_person=needs_person,
        policy_id=None,
        policy_version=None,
        calendar_id=None,
        calendar_version=None,
        started_at=start,
        budget_ms=0,
        due_at=start,
        paused_at=None,
        plan=(start,),
        next_alert_at=None,
        next_level=1,
        promised_at=None,
        stopped_at=None,
        stop_reason=None,
    )


def begin(tx: Transaction, clock: Clock, promised: Terms, now: int) -> Clock | None:
    """A new clock under these terms, or the reply clock that runs in its conversation already.

    None if the terms promise nothing for its metric.
    """
    measure = terms.measure(tx, promised, clock.metric)
    if measure is None:
        return None
    due = dues.due(clock.started_at, measure.budget, measure.calendar, (), now)
    planned = replace(_pinned(clock, promised, measure), due_at=due.due_at, plan=due.plan)
    level = dues.first_level(due.plan)
    chain = terms.chain_of(tx, promised.definition, promised.book)
    planned = replace(planned, next_level=level, next_alert_at=dues.planned_at(level, due.plan, chain))
    planned = _skip_overdue(planned, chain, now)
    if rows.insert(tx, planned):
        return planned
    return rows.running_reply(tx, clock.conversation_id)


def reckon(
    tx: Transaction, clock: Clock, promised: Terms | None, cause: Cause, now: int, by_agent_id: str | None = None
) -> Clock:
    """The clock as it now stands, with its due time reckoned anew, kept with its receipt.

    promised None: under the terms that it has. It is stopped where the terms promise nothing for its metric.
    """
    under = terms.of_clock(tx, clock) if promised is None else _measured(tx, promised, clock.metric)
    if under is None:
        return _left_as_it_is(tx, clock, promised, now)
    policy, measure = under
    due = dues.due(clock.started_at, measure.budget, measure.calendar, rows.pauses(tx, clock.id), now)
    planned = replace(_pinned(clock, policy, measure), due_at=due.due_at, plan=due.plan)
    if cause in _SETS_GOING:
        _end_rests(tx, clock.id)
    planned = _next_step(tx, planned, clock, terms.chain_of(tx, policy.definition, policy.book), now)
    rows.save(tx, planned)
    if planned.ticket_id is not None:
        receipts.record(tx, planned, measure.calendar, cause, now, by_agent_id)
    return planned


def due_under(tx: Transaction, clock: Clock, promised: Terms | None, now: int) -> int | None:
    """When this clock would be due under these terms (None: its own); None if they promise nothing for its metric."""
    under = terms.of_clock(tx, clock) if promised is None else _measured(tx, promised, clock.metric)
    if under is None:
        return None
    measure = under[1]
    return dues.due(clock.started_at, measure.budget, measure.calendar, rows.pauses(tx, clock.id), now).due_at


def stop(tx: Transaction, clock: Clock, reason: StopReason, now: int) -> Clock:
    """End a clock that runs or stands still, and settle its open alerts. What it stood still until now put off its due
    time, against which the stop is held."""
    stopped = replace(clock, stopped_at=now, stop_reason=reason, next_alert_at=None, paused_at=None)
    rows.end_pause(tx, clock.id, now)
    if clock.paused_at is not None:
        stopped = replace(stopped, due_at=due_under(tx, clock, None, now) or clock.due_at)
    rows.save(tx, stopped)
    rows.number_stop(tx, stopped)
    record(tx, stopped, Cause.STOPPED, now)
    tx.change(
        """
        UPDATE alert SET settled_at = :now
        WHERE clock_id = :clock_id AND settled_at IS NULL AND acknowledged_at IS NULL
        """,
        {"now": now, "clock_id": clock.id},
    )
    notify_queue(tx, clock.conversation_id)
    return stopped


def record(tx: Transaction, clock: Clock, cause: Cause, now: int) -> None:
    """Keep a receipt of the clock as it stands, if it is a ticket's."""
    under = terms.of_clock(tx, clock) if clock.ticket_id is not None else None
    if under is not None:
        receipts.record(tx, clock, under[1].calendar, cause, now)


def last_resolution(clocks: Sequence[Clock]) -> Clock | None:
    """Of a ticket's clocks the resolution clock that runs or ended last, or None; one that goes on in another, since
    tickets were merged, is none."""
    found = [
        clock for clock in clocks if clock.metric is Metric.RESOLUTION and clock.stop_reason is not StopReason.MERGED
    ]
    return max(found, key=lambda clock: (clock.stopped_at is None, clock.stopped_at or 0), default=None)


def notify_queue(tx: Transaction, conversation_id: str) -> None:
    """Clocks belong to conversations; the queue listens for tickets."""
    found = tx.execute(
        "SELECT number, status FROM ticket WHERE conversation_id = :conversation_id",
        {"conversation_id": conversation_id},
    )
    for row in found:
        if row["status"] in LIVE:
            tx.notify("queue", row["number"])


def _measured(tx: Transaction, promised: Terms, metric: Metric) -> tuple[Terms, Measure] | None:
    measure = terms.measure(tx, promised, metric)
    return None if measure is None else (promised, measure)


def _left_as_it_is(tx: Transaction, clock: Clock, promised: Terms | None, now: int) -> Clock:
    """A clock whose metric is not promised any more ends; one from before there were policies runs on as it was."""
    if promised is not None:
        return stop(tx, clock, StopReason.NOT_PROMISED, now)
    if clock.next_alert_at is None:
        newest = _newest_alert(tx, clock.id)
        level = clock.next_level if newest is None else max(clock.next_level, newest["level"] + 1)
        clock = replace(clock, next_level=level, next_alert_at=max(clock.due_at, now) if level <= 1 else now)
    rows.save(tx, clock)
    return clock


def _pinned(clock: Clock, promised: Terms, measure: Measure) -> Clock:
    return replace(
        clock,
        policy_id=promised.policy.id,
        policy_version=promised.policy.version,
        calendar_id=measure.budget.calendar_id,
        calendar_version=measure.calendar_version,
        budget_ms=measure.budget.length_ms,
    )


def _next_step(tx: Transaction, planned: Clock, before: Clock, chain: Chain, now: int) -> Clock:
    """Which step comes next on a clock whose plan has changed, and when.

    What was raised stays raised, and no level is raised twice, however many warnings there were and are. Of the steps
    that are overdue now only the latest is raised. A clock that stands still has none. A breach that lies ahead again
    lets the chain go on from there; one that does not leaves it as it was.
    """
    if planned.paused_at is not None:
        return replace(planned, next_alert_at=None)
    first_level = dues.first_level(planned.plan)
    newest = _newest_alert(tx, before.id)
    untouched = newest is None and before.next_level == dues.first_level(before.plan)
    level = first_level if untouched else max(first_level, before.next_level)
    level = level if newest is None else max(level, newest["level"] + 1)
    if level > 1:
        breach = dues.planned_at(1, planned.plan, chain)
        if breach > now:
            return replace(planned, next_level=level, next_alert_at=breach)
        return _goes_on(tx, replace(planned, next_level=level), before, newest, chain, now)
    planned = replace(planned, next_level=level, next_alert_at=dues.planned_at(level, planned.plan, chain))
    return _skip_overdue(planned, chain, now)


def _newest_alert(tx: Transaction, clock_id: str) -> Row | None:
    """The highest level that was ever raised of a clock, or None; untold: telling people of it plans what follows."""
    return first(
        tx.execute(
            """
            SELECT level, planned_at, raised_at, acknowledged_at,
                CASE WHEN told_at IS NULL AND settled_at IS NULL THEN 1 ELSE 0 END AS untold
            FROM alert WHERE clock_id = :id ORDER BY level DESC LIMIT 1
            """,
            {"id": clock_id},
        )
    )


def _skip_overdue(planned: Clock, chain: Chain, now: int) -> Clock:
    """The clock with the latest of its overdue steps up to the breach as the next one."""
    level = planned.next_level
    while level < 1 and dues.planned_at(level + 1, planned.plan, chain) <= now:
        level += 1
    return replace(planned, next_level=level, next_alert_at=dues.planned_at(level, planned.plan, chain))


def _goes_on(tx: Transaction, planned: Clock, before: Clock, newest: Row | None, chain: Chain, now: int) -> Clock:
    """The clock of a broken promise with when its chain takes its next step: as planned; as soon as telling people of
    the newest alert has planned it; not before an acknowledgement ends, or never; else the usual while after the newest
    alert, if that is not over."""
    stands = newest is not None and before.next_level <= newest["level"]
    if before.next_alert_at is not None and before.due_at <= now and not stands:
        return replace(planned, next_alert_at=before.next_alert_at)
    if newest is None:
        return replace(planned, next_alert_at=now)
    if newest["untold"]:
        return replace(planned, next_level=newest["level"], next_alert_at=newest["planned_at"])
    taken = newest["acknowledged_at"]
    rest = None if taken is None else _rest_of(tx, before.id, taken)
    if rest is not None:
        return replace(planned, next_alert_at=rest["until"] and max(rest["until"], now))
    following = dues.next_alert_at(newest["level"], newest["raised_at"], planned.plan, chain)
    return replace(planned, next_alert_at=max(now, following))


def _rest_of(tx: Transaction, clock_id: str, acknowledged_at: int) -> Row | None:
    """How long somebody lets the chain rest who took notice of the clock's newest alert then; None if it does not."""
    return first(
        tx.execute(
            """
            SELECT until FROM acknowledgement
            WHERE clock_id = :id AND at = :at AND (until IS NULL OR until > at) ORDER BY id DESC LIMIT 1
            """,
            {"id": clock_id, "at": acknowledged_at},
        )
    )


def _end_rests(tx: Transaction, clock_id: str) -> None:
    """Whoever acknowledged an alert did not know yet that the contact would ask again."""
    tx.change(
        "UPDATE acknowledgement SET until = at WHERE clock_id = :id AND (until IS NULL OR until > at)", {"id": clock_id}
    )
