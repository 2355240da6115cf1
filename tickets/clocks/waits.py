"""Clocks that begin, go on, stand still and stop (docs/sla.md, Clocks).

A reply clock runs from the earliest unanswered message to a real answer, the resolution clock from there to the
ticket's end. When each is due is worked out in reckoning.py.
"""

from dataclasses import replace

from storage.database import Transaction
from tickets.business_time import Pause
from tickets.clocks import rows, terms
from tickets.clocks.receipts import Cause
from tickets.clocks.reckoning import begin, last_resolution, new_clock, notify_queue, reckon, record, stop
from tickets.clocks.terms import Terms
from tickets.model import Clock, Conversation, Metric, Owner, PauseReason, StopReason, Ticket


def start_or_keep(tx: Transaction, conversation: Conversation, message_number: int, now: int) -> Clock:
    """The running reply clock of this conversation, begun now if none runs; a running one is left as it is.

    While an agent owns the conversation, only a person's answer will do, so the new clock needs one.
    """
    running = rows.running_reply(tx, conversation.id)
    if running is not None:
        return running
    promised, ticket_id, answered = terms.of_conversation(tx, conversation, now)
    metric = Metric.NEXT_RESPONSE if answered else Metric.FIRST_RESPONSE
    clock = new_clock(conversation.id, ticket_id, metric, message_number, conversation.owner is Owner.AGENT, now)
    begun = begin(tx, clock, promised, now)
    assert begun is not None, "every policy promises an answer"
    record(tx, begun, Cause.BEGUN, now)
    notify_queue(tx, conversation.id)
    return begun


def attach(tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int) -> None:
    """The running reply clock becomes this ticket's, under its policy, and needs a person; so does the resolution
    clock begin, from the same message, or go on."""
    clock = rows.running_reply(tx, ticket.conversation_id)
    assert clock is not None, "a ticket is opened for somebody who waits"
    metric = Metric.FIRST_RESPONSE if ticket.first_answered_at is None else Metric.NEXT_RESPONSE
    clock = replace(clock, ticket_id=ticket.id, metric=metric, needs_person=True)
    reckon(tx, clock, promised, cause, now)
    resolve_from(tx, ticket, clock, promised, now)
    notify_queue(tx, ticket.conversation_id)


def join(tx: Transaction, ticket: Ticket, now: int) -> None:
    """A wait in a live ticket's conversation that is no ticket's, because it ended and went on, becomes this one's."""
    clock = rows.running_reply(tx, ticket.conversation_id)
    if clock is not None and clock.ticket_id is None:
        attach(tx, ticket, terms.of_ticket(tx, ticket, now), Cause.OPENED, now)


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
        notify_queue(tx, conversation_id)


def promise(tx: Transaction, clock: Clock) -> None:
    """Keep that the contact was told by when an answer comes."""
    tx.change("UPDATE clock SET promised_at = due_at WHERE id = :id", {"id": clock.id})


def answer(tx: Transaction, conversation_id: str, now: int) -> bool:
    """A person's real answer: the wait is over, its open alerts are settled; True if a clock was stopped."""
    clock = rows.running_reply(tx, conversation_id)
    if clock is None:
        return False
    stop(tx, clock, StopReason.ANSWERED, now)
    return True


def answer_by_bot(tx: Transaction, conversation_id: str, now: int) -> bool:
    """The bot's answer: the wait is over unless it needs a person or the contact has said more that the bot has not
    yet decided about (conversations.mark_decided); True if a clock was stopped."""
    clock = rows.running_reply(tx, conversation_id)
    if clock is None or clock.needs_person or _is_undecided(tx, conversation_id):
        return False
    stop(tx, clock, StopReason.ANSWERED_BY_BOT, now)
    return True


def finish(tx: Transaction, ticket: Ticket, now: int) -> None:
    """The ticket is done: whoever waits in it waits no more, and its resolution is reached."""
    running = rows.running_of_ticket(tx, ticket.id)
    reply = rows.running_reply(tx, ticket.conversation_id)
    for clock in [*running, *([reply] if reply is not None and reply not in running else [])]:
        stop(tx, clock, StopReason(ticket.status), now)


def refuse_answer(tx: Transaction, conversation_id: str, now: int) -> None:
    """The contact says that the bot's answer was none: the wait that it ended goes on, unless another ended since.

    The time between the answer and its refusal does not count, since the contact was not waiting for us then.
    """
    ended = rows.last_stopped_reply(tx, conversation_id)
    running = rows.running_reply(tx, conversation_id)
    if ended is None or ended.stop_reason is not StopReason.ANSWERED_BY_BOT:
        return
    answered_at = ended.stopped_at or now
    if running is not None and running.started_at < answered_at:
        return
    refused_at = running.started_at if running is not None else now
    if running is not None:
        stop(tx, running, StopReason.ANSWER_REFUSED, now)
    rows.add_pause(tx, ended.id, Pause(answered_at, max(refused_at, answered_at), PauseReason.ANSWERED_BY_BOT))
    reckon(tx, replace(ended, stopped_at=None, stop_reason=None), None, Cause.REFUSED, now)


def reopen(tx: Transaction, ticket: Ticket, now: int) -> None:
    """A ticket that was resolved is open again: a wait that ended only because of that goes on as if it had not, and
    the time since does not count towards its resolution."""
    ended = rows.last_stopped_reply(tx, ticket.conversation_id)
    waited = ended is not None and (ended.ticket_id, ended.stop_reason) == (ticket.id, StopReason.RESOLVED)
    if ended is not None and waited and rows.running_reply(tx, ticket.conversation_id) is None:
        again = replace(ended, stopped_at=None, stop_reason=None, needs_person=True)
        reckon(tx, again, None, Cause.REOPENED, now)
    _resume_resolution(tx, ticket, None, now)
    notify_queue(tx, ticket.conversation_id)


def follow_status(tx: Transaction, ticket: Ticket, now: int) -> None:
    """Let the ticket's clocks stand still or go on, as their policy says for the status that it now has."""
    for clock in rows.running_of_ticket(tx, ticket.id):
        under = terms.of_clock(tx, clock)
        stands = under is not None and ticket.status in under[1].budget.pauses
        if stands:
            _pause(tx, clock, PauseReason(ticket.status), now)
        elif clock.paused_at is not None:
            rows.end_pause(tx, clock.id, now)
            reckon(tx, replace(clock, paused_at=None), None, Cause.RESUMED, now)
            notify_queue(tx, clock.conversation_id)


def recompute(
    tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int, by_agent_id: str | None
) -> list[Clock]:
    """Every clock of the ticket that runs or stands still, worked out anew from its own start under these terms."""
    changed = [reckon(tx, clock, promised, cause, now, by_agent_id) for clock in rows.running_of_ticket(tx, ticket.id)]
    if not any(clock.metric is Metric.RESOLUTION for clock in changed):
        _promise_resolution(tx, ticket, promised, cause, now, by_agent_id)
    follow_status(tx, ticket, now)
    notify_queue(tx, ticket.conversation_id)
    return changed


def resolve_from(tx: Transaction, ticket: Ticket, wait: Clock, promised: Terms, now: int) -> None:
    """The ticket's resolution clock, from the start of this wait, unless it has one, which goes on."""
    if _resume_resolution(tx, ticket, promised, now):
        return
    number, start = wait.first_message_number, wait.started_at
    clock = new_clock(ticket.conversation_id, ticket.id, Metric.RESOLUTION, number, True, start)
    begun = begin(tx, clock, promised, now)
    if begun is not None:
        record(tx, begun, Cause.BEGUN, now)


def _promise_resolution(
    tx: Transaction, ticket: Ticket, promised: Terms, cause: Cause, now: int, by_agent_id: str | None
) -> None:
    """A solution is promised that was not promised before: from the first wait, or as if it had been all the time."""
    if promised.definition.resolution is None:
        return
    clocks = rows.of_ticket(tx, ticket.id)
    ended = last_resolution(clocks)
    waits = [clock for clock in clocks if clock.metric is not Metric.RESOLUTION]
    if ended is not None:
        reckon(tx, replace(ended, stopped_at=None, stop_reason=None), promised, cause, now, by_agent_id)
    elif waits:
        resolve_from(tx, ticket, waits[0], promised, now)


def _resume_resolution(tx: Transaction, ticket: Ticket, promised: Terms | None, now: int) -> bool:
    """Let the ticket's resolution clock go on under these terms (None: its own), without the time in which the ticket
    was done; False if it never had one."""
    clock = last_resolution(rows.of_ticket(tx, ticket.id))
    if clock is None or clock.stopped_at is None:
        return clock is not None
    done_at = clock.stopped_at or now
    if clock.stop_reason is not StopReason.NOT_PROMISED:
        rows.add_pause(tx, clock.id, Pause(done_at, max(now, done_at), PauseReason.RESOLVED))
    elif promised is None or terms.measure(tx, promised, Metric.RESOLUTION) is None:
        return True
    reckon(tx, replace(clock, stopped_at=None, stop_reason=None), promised, Cause.REOPENED, now)
    return True


def _pause(tx: Transaction, clock: Clock, reason: PauseReason, now: int) -> None:
    """Let the clock stand still for this reason; one that stands still for it already is left alone."""
    if clock.paused_at is not None:
        if rows.pauses(tx, clock.id)[-1].reason == reason:
            return
        rows.end_pause(tx, clock.id, now)
    paused = replace(clock, paused_at=clock.paused_at or now, next_alert_at=None)
    rows.add_pause(tx, clock.id, Pause(max(now, clock.started_at), None, reason))
    rows.save(tx, paused)
    record(tx, paused, Cause.PAUSED, now)
    notify_queue(tx, clock.conversation_id)


def _is_undecided(tx: Transaction, conversation_id: str) -> bool:
    return bool(
        tx.execute(
            "SELECT 1 AS waiting FROM message WHERE conversation_id = :conversation_id AND decided_at IS NULL LIMIT 1",
            {"conversation_id": conversation_id},
        )
    )
