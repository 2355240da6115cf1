"""Clocks that begin, go on, stand still and stop; every change of a due time is worked out here.

A reply clock runs from the earliest unanswered message to a real answer, the resolution clock from there to the
ticket's end. Whatever changes when something is due goes through _plan, so that there is one way to reckon it.
"""

from dataclasses import replace

from storage.database import Transaction, new_id
from tickets.business_time import Pause
from tickets.clocks import receipts, rows, terms
from tickets.clocks.receipts import Cause
from tickets.clocks.terms import Measure, Terms
from tickets.model import LIVE, Clock, Conversation, Metric, Owner, Status, Ticket
from tickets.sla import dues
from tickets.sla.model import Chain

ANSWERED = "answered"
ANSWERED_BY_BOT = "answered_by_bot"
REFUSED = "answer_refused"
MERGED = "merged"


def start_or_keep(tx: Transaction, conversation: Conversation, message_number: int, now: int) -> Clock:
    """The running reply clock of this conversation, begun now if none runs; a running one is left as it is.

    While an agent owns the conversation, only a person's answer will do, so the new clock needs one.
    """
    running = rows.running_reply(tx, conversation.id)
    if running is not None:
        return running
    promised, ticket_id, answered = terms.of_conversation(tx, conversation, now)
    metric = Metric.NEXT_RESPONSE if answered else Metric.FIRST_RESPONSE
    clock = _new(conversation.id, ticket_id, metric, message_number, conversation.owner is Owner.AGENT, now)
    begun = _begin(tx, clock, promised, now)
    assert begun is not None, "every policy promises an answer"
    if ticket_id is not None:
        _record(tx, begun, Cause.BEGUN, now)
    _notify_queue(tx, conversation.id)
    return begun


def attach(tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int) -> None:
    """The running reply clock becomes this ticket's, under its policy, and needs a person; so does the resolution
    clock begin, from the same message, or go on."""
    clock = rows.running_reply(tx, ticket.conversation_id)
    assert clock is not None, "a ticket is opened for somebody who waits"
    metric = Metric.FIRST_RESPONSE if ticket.first_answered_at is None else Metric.NEXT_RESPONSE
    clock = replace(clock, ticket_id=ticket.id, metric=metric, needs_person=True)
    _recompute(tx, clock, promised, cause, now, None)
    _resolve_from(tx, ticket, clock, promised, now)
    _notify_queue(tx, ticket.conversation_id)


def require_person(tx: Transaction, conversation_id: str) -> None:
    """From now on only a person's answer stops the running clock; its start and due time stay."""
    changed = tx.change(
        """
        UPDATE clock SET needs_person = 1
        WHERE conversation_id = :conversation_id AND metric <> 'resolution' AND stopped_at IS NULL AND needs_person = 0
        """,
        {"conversation_id": conversation_id},
    )
    if changed:
        _notify_queue(tx, conversation_id)


def promise(tx: Transaction, clock: Clock) -> None:
    """Keep that the contact was told by when an answer comes."""
    tx.change("UPDATE clock SET promised_at = due_at WHERE id = :id", {"id": clock.id})


def answer(tx: Transaction, conversation_id: str, now: int) -> bool:
    """A person's real answer: the wait is over, its open alerts are settled; True if a clock was stopped."""
    clock = rows.running_reply(tx, conversation_id)
    if clock is None:
        return False
    stop(tx, clock, ANSWERED, now)
    return True


def answer_by_bot(tx: Transaction, conversation_id: str, now: int) -> bool:
    """The bot's answer: the wait is over unless it needs a person or the contact has said more that the bot has not
    yet decided about (conversations.mark_decided); True if a clock was stopped."""
    clock = rows.running_reply(tx, conversation_id)
    if clock is None or clock.needs_person or _is_undecided(tx, conversation_id):
        return False
    stop(tx, clock, ANSWERED_BY_BOT, now)
    return True


def finish(tx: Transaction, ticket: Ticket, now: int) -> None:
    """The ticket is done: whoever waits in it waits no more, and its resolution is reached."""
    running = rows.running_of_ticket(tx, ticket.id)
    reply = rows.running_reply(tx, ticket.conversation_id)
    for clock in [*running, *([reply] if reply is not None and reply not in running else [])]:
        stop(tx, clock, ticket.status, now)


def stop(tx: Transaction, clock: Clock, reason: str, now: int) -> None:
    """End a clock that runs or stands still, and settle its open alerts."""
    stopped = replace(clock, stopped_at=now, stop_reason=reason, next_alert_at=None, paused_at=None)
    rows.end_pause(tx, clock.id, now)
    rows.save(tx, stopped)
    if clock.ticket_id is not None:
        _record(tx, stopped, Cause.STOPPED, now)
    _settle_alerts(tx, clock.id, now)
    _notify_queue(tx, clock.conversation_id)


def refuse_answer(tx: Transaction, conversation_id: str, now: int) -> None:
    """The contact says that the bot's answer was none: the wait that it ended goes on.

    The time between the answer and its refusal does not count, since the contact was not waiting for us then.
    """
    ended = rows.last_stopped_reply(tx, conversation_id, ANSWERED_BY_BOT)
    running = rows.running_reply(tx, conversation_id)
    if ended is None or (running is not None and running.started_at < (ended.stopped_at or 0)):
        return
    refused_at = running.started_at if running is not None else now
    if running is not None:
        stop(tx, running, REFUSED, now)
    rows.add_pause(
        tx, ended.id, Pause(ended.stopped_at or now, max(refused_at, ended.stopped_at or now), ANSWERED_BY_BOT)
    )
    _wake(tx, replace(ended, stopped_at=None, stop_reason=None), Cause.REFUSED, now)


def reopen(tx: Transaction, ticket: Ticket, now: int) -> None:
    """A ticket that was resolved is open again: a wait that ended only because of that goes on as if it had not, and
    the time since does not count towards its resolution."""
    ended = rows.last_stopped_reply(tx, ticket.conversation_id, Status.RESOLVED)
    if ended is not None and ended.ticket_id == ticket.id and rows.running_reply(tx, ticket.conversation_id) is None:
        again = replace(ended, stopped_at=None, stop_reason=None, needs_person=True)
        _wake(tx, again, Cause.REOPENED, now)
    resume_resolution(tx, ticket, now)
    _notify_queue(tx, ticket.conversation_id)


def resume_resolution(tx: Transaction, ticket: Ticket, now: int) -> bool:
    """Let the ticket's resolution clock go on, without the time since it was stopped; False if it never had one."""
    ended = [clock for clock in rows.of_ticket(tx, ticket.id) if clock.metric is Metric.RESOLUTION]
    if not ended or ended[-1].stopped_at is None:
        return bool(ended)
    clock = ended[-1]
    rows.add_pause(tx, clock.id, Pause(clock.stopped_at or now, max(now, clock.stopped_at or now), Status.RESOLVED))
    _wake(tx, replace(clock, stopped_at=None, stop_reason=None), Cause.REOPENED, now)
    return True


def follow_status(tx: Transaction, ticket: Ticket, now: int) -> None:
    """Let the ticket's clocks stand still or go on, as its policy says for the status that it now has."""
    for clock in rows.running_of_ticket(tx, ticket.id):
        under = terms.of_clock(tx, clock)
        stands = under is not None and ticket.status in under[1].budget.pauses
        if stands and clock.paused_at is None:
            _pause(tx, clock, ticket.status, now)
        elif not stands and clock.paused_at is not None:
            _go_on(tx, clock, now)


def recompute(
    tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int, by_agent_id: str | None
) -> list[Clock]:
    """Every clock of the ticket that runs or stands still, worked out anew from its own start under these terms."""
    changed = [
        _recompute(tx, clock, promised, cause, now, by_agent_id) for clock in rows.running_of_ticket(tx, ticket.id)
    ]
    if not any(clock.metric is Metric.RESOLUTION for clock in changed):
        _promise_resolution(tx, ticket, promised, cause, now, by_agent_id)
    follow_status(tx, ticket, now)
    _notify_queue(tx, ticket.conversation_id)
    return changed


def restart_from(
    tx: Transaction, clock: Clock, started_at: int, message_number: int, cause: Cause, now: int, by_agent_id: str | None
) -> Clock:
    """The clock, reckoned from another start: the contact's earliest unanswered message is another than before."""
    return _recompute(
        tx, replace(clock, started_at=started_at, first_message_number=message_number), None, cause, now, by_agent_id
    )


def _new(
    conversation_id: str, ticket_id: str | None, metric: Metric, message_number: int, needs_person: bool, start: int
) -> Clock:
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


def _begin(tx: Transaction, clock: Clock, promised: Terms, now: int) -> Clock | None:
    """A new clock under these terms; None if they promise nothing for its metric."""
    measure = terms.measure(tx, promised, clock.metric)
    if measure is None:
        return None
    chain = terms.chain_of(tx, promised.definition)
    pinned = _pinned(clock, promised, measure)
    due = dues.due(pinned.started_at, measure.budget, measure.calendar, (), now)
    level = dues.first_level(due.plan)
    pinned = replace(
        pinned,
        due_at=due.due_at,
        plan=due.plan,
        next_level=level,
        next_alert_at=dues.planned_at(level, due.plan, chain),
    )
    if rows.insert(tx, pinned):
        return pinned
    return rows.running_reply(tx, clock.conversation_id)


def _resolve_from(tx: Transaction, ticket: Ticket, wait: Clock, promised: Terms, now: int) -> None:
    """The ticket's resolution clock, from the start of this wait, unless it has one."""
    if resume_resolution(tx, ticket, now):
        return
    clock = _new(ticket.conversation_id, ticket.id, Metric.RESOLUTION, wait.first_message_number, True, wait.started_at)
    begun = _begin(tx, clock, promised, now)
    if begun is not None:
        _record(tx, begun, Cause.BEGUN, now)


def _wake(tx: Transaction, clock: Clock, cause: Cause, now: int) -> Clock:
    """A clock that was stopped or stood still runs again, under the terms it has; what is overdue comes at once."""
    at = clock.next_alert_at if clock.next_alert_at is not None else now
    return _recompute(tx, replace(clock, next_alert_at=at), None, cause, now, None)


def _promise_resolution(
    tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int, by_agent_id: str | None
) -> None:
    """A solution is promised that was not promised before: from the first wait, or as if it had been all the time."""
    if promised.definition.resolution is None:
        return
    clocks = rows.of_ticket(tx, ticket.id)
    ended = [clock for clock in clocks if clock.metric is Metric.RESOLUTION]
    waits = [clock for clock in clocks if clock.metric is not Metric.RESOLUTION]
    if ended:
        again = replace(ended[-1], stopped_at=None, stop_reason=None, next_alert_at=now)
        _recompute(tx, again, promised, cause, now, by_agent_id)
    elif waits:
        _resolve_from(tx, ticket, waits[0], promised, now)


def _recompute(
    tx: Transaction, clock: Clock, promised: Terms | None, cause: Cause, now: int, by_agent_id: str | None
) -> Clock:
    """The clock with its due time reckoned anew, kept with its receipt; promised None: under the terms it has."""
    under = terms.of_clock(tx, clock) if promised is None else _measured(tx, promised, clock)
    if under is None:
        return _left_as_it_is(tx, clock, promised, now)
    policy, measure = under
    pauses = rows.pauses(tx, clock.id)
    due = dues.due(clock.started_at, measure.budget, measure.calendar, pauses, now)
    planned = replace(_pinned(clock, policy, measure), due_at=due.due_at, plan=due.plan)
    chain = terms.chain_of(tx, policy.definition)
    planned = _next_step(planned, clock, chain, now)
    rows.save(tx, planned)
    if planned.ticket_id is not None:
        receipts.record(tx, planned, measure.calendar, cause, now, by_agent_id)
    return planned


def _measured(tx: Transaction, promised: Terms, clock: Clock) -> tuple[Terms, Measure] | None:
    measure = terms.measure(tx, promised, clock.metric)
    return None if measure is None else (promised, measure)


def _left_as_it_is(tx: Transaction, clock: Clock, promised: Terms | None, now: int) -> Clock:
    """A clock whose metric is not promised any more ends; one from before there were policies runs on as it was."""
    if promised is not None:
        stop(tx, clock, "not_promised", now)
        return clock
    again = max(clock.due_at, now) if clock.next_level <= 1 else now
    kept = clock if clock.next_alert_at is not None else replace(clock, next_alert_at=again)
    rows.save(tx, kept)
    return kept


def _next_step(planned: Clock, before: Clock, chain: Chain, now: int) -> Clock:
    """Which step comes next on a clock whose plan has changed, and when.

    What was raised stays raised. Of the steps that are overdue now only the latest is raised. A clock that stands
    still has none. Once broken, a promise that lies ahead again lets the chain go on from there; otherwise the chain
    goes on, or rests, as it did.
    """
    if planned.paused_at is not None:
        return replace(planned, next_alert_at=None)
    first = dues.first_level(planned.plan)
    untouched = before.next_level == dues.first_level(before.plan)
    level = first if untouched else max(first, before.next_level)
    if level > 1:
        breach = dues.planned_at(1, planned.plan, chain)
        return replace(planned, next_level=level, next_alert_at=breach if breach > now else before.next_alert_at)
    while level < 1 and dues.planned_at(level + 1, planned.plan, chain) <= now:
        level += 1
    return replace(planned, next_level=level, next_alert_at=dues.planned_at(level, planned.plan, chain))


def _pinned(clock: Clock, promised: Terms, measure: Measure) -> Clock:
    return replace(
        clock,
        policy_id=promised.policy.id,
        policy_version=promised.policy.version,
        calendar_id=measure.budget.calendar_id,
        calendar_version=measure.calendar_version,
        budget_ms=measure.budget.length_ms,
    )


def _pause(tx: Transaction, clock: Clock, reason: str, now: int) -> None:
    paused = replace(clock, paused_at=now, next_alert_at=None)
    rows.add_pause(tx, clock.id, Pause(max(now, clock.started_at), None, reason))
    rows.save(tx, paused)
    _record(tx, paused, Cause.PAUSED, now)
    _notify_queue(tx, clock.conversation_id)


def _go_on(tx: Transaction, clock: Clock, now: int) -> None:
    rows.end_pause(tx, clock.id, now)
    _wake(tx, replace(clock, paused_at=None), Cause.RESUMED, now)
    _notify_queue(tx, clock.conversation_id)


def _record(tx: Transaction, clock: Clock, cause: Cause, now: int) -> None:
    under = terms.of_clock(tx, clock)
    if under is not None:
        receipts.record(tx, clock, under[1].calendar, cause, now)


def _is_undecided(tx: Transaction, conversation_id: str) -> bool:
    return bool(
        tx.execute(
            "SELECT 1 AS waiting FROM message WHERE conversation_id = :conversation_id AND decided_at IS NULL LIMIT 1",
            {"conversation_id": conversation_id},
        )
    )


def _settle_alerts(tx: Transaction, clock_id: str, now: int) -> None:
    tx.change(
        """
        UPDATE alert SET settled_at = :now
        WHERE clock_id = :clock_id AND settled_at IS NULL AND acknowledged_at IS NULL
        """,
        {"now": now, "clock_id": clock_id},
    )


def _notify_queue(tx: Transaction, conversation_id: str) -> None:
    """Clocks belong to conversations; the queue listens for tickets."""
    found = tx.execute(
        "SELECT number, status FROM ticket WHERE conversation_id = :conversation_id",
        {"conversation_id": conversation_id},
    )
    for row in found:
        if row["status"] in LIVE:
            tx.notify("queue", row["number"])
