"""Waits that go to another ticket when tickets are merged or split (docs/sla.md, Clocks).

Neither puts a promise off: of the terms that a wait could be measured by, those count under which it is due first. A
wait keeps its clock, so nothing that was raised about it is raised again.
"""

from collections.abc import Sequence
from dataclasses import replace

from storage.database import Transaction
from tickets.clocks import rows, terms
from tickets.clocks.receipts import Cause
from tickets.clocks.reckoning import begin, due_under, new_clock, notify_queue, reckon, record, stop
from tickets.clocks.terms import Terms
from tickets.model import Clock, Message, Metric, StopReason, Ticket

# A metric and the terms by which it may be measured; None: those that the clock has.
_Candidate = tuple[Metric, Terms | None]


def merge(tx: Transaction, source: Ticket, target: Ticket, promised: Terms, now: int, by_agent_id: str) -> bool:
    """The source's waits go on in the target, each with the target's own of its kind as one; True if a contact waits
    in the source. promised: the target's terms."""
    reply = rows.running_reply(tx, source.conversation_id)
    own_reply = rows.running_reply(tx, target.conversation_id)
    _join(tx, reply, own_reply, target, promised, now, by_agent_id)
    resolution, own_resolution = (_resolution(tx, ticket.id) for ticket in (source, target))
    _join(tx, resolution, own_resolution, target, promised, now, by_agent_id)
    for left in rows.running_of_ticket(tx, source.id):
        stop(tx, left, StopReason.MERGED, now)
    return reply is not None


def foresee(tx: Transaction, source: Ticket, target: Ticket, promised: Terms, now: int) -> tuple[Clock, ...]:
    """The target's clocks with their due times as they would be after merge()."""
    pairs = [[rows.running_reply(tx, ticket.conversation_id) for ticket in (source, target)]]
    pairs.append([_resolution(tx, ticket.id) for ticket in (source, target)])
    found = []
    for theirs, own in pairs:
        running = _by_start(theirs, own)
        if theirs is None:
            found += running
            continue
        metric, strictest = _strictest(tx, running[0], _candidates(tx, running, promised), now)
        due_at = due_under(tx, replace(running[0], metric=metric), strictest, now)
        found.append(replace(running[0], metric=metric, due_at=running[0].due_at if due_at is None else due_at))
    return tuple(found)


def split(
    tx: Transaction,
    old: Ticket,
    new: Ticket,
    moved: Sequence[Message],
    left: Sequence[Message],
    promised: Terms,
    now: int,
    by_agent_id: str,
) -> None:
    """The waits after these messages of the contact went from the old ticket to the new one and the others stayed, both
    oldest first. promised: the new ticket's terms."""
    running = rows.running_reply(tx, old.conversation_id)
    if running is not None:
        gone = [one for one in moved if one.created_at >= running.started_at]
        waiting = [one for one in left if one.created_at >= running.started_at]
        if gone and (not waiting or gone[0].created_at <= waiting[0].created_at):
            _take_along(tx, running, new, gone[0], promised, now, by_agent_id)
            if waiting:
                _begin_anew(tx, running, old, waiting[0], [(running.metric, terms.of_ticket(tx, old, now))], now)
        elif gone:
            own = (Metric.FIRST_RESPONSE, promised)
            _begin_anew(tx, running, new, gone[0], [own, *_terms_of(tx, running)], now)
    first = moved[0]
    resolution = new_clock(
        new.conversation_id, new.id, Metric.RESOLUTION, first.number, True, min(one.created_at for one in moved)
    )
    begun = begin(tx, resolution, promised, now)
    if begun is not None:
        record(tx, begun, Cause.BEGUN, now)
    for conversation_id in (old.conversation_id, new.conversation_id):
        notify_queue(tx, conversation_id)


def _join(
    tx: Transaction,
    theirs: Clock | None,
    own: Clock | None,
    target: Ticket,
    promised: Terms,
    now: int,
    by_agent_id: str,
) -> None:
    """Of two waits the one that began first goes on as the target's, the other ends."""
    running = _by_start(theirs, own)
    if theirs is None:
        return
    kept = running[0]
    candidates = _candidates(tx, running, promised)
    for other in running[1:]:
        stop(tx, other, StopReason.MERGED, now)
    told = [one.promised_at for one in running if one.promised_at is not None]
    moved = replace(
        kept,
        conversation_id=target.conversation_id,
        ticket_id=target.id,
        needs_person=True,
        promised_at=min(told, default=None),
    )
    _reckon_strictly(tx, moved, candidates, Cause.MERGED, now, by_agent_id)
    notify_queue(tx, target.conversation_id)


def _by_start(theirs: Clock | None, own: Clock | None) -> list[Clock]:
    return sorted((one for one in (theirs, own) if one is not None), key=lambda one: (one.started_at, one.id))


def _candidates(tx: Transaction, running: Sequence[Clock], promised: Terms) -> list[_Candidate]:
    """How the first of these clocks may be measured after a merger."""
    others = [candidate for other in running[1:] for candidate in _terms_of(tx, other)]
    return [(running[0].metric, None), *others, (running[0].metric, promised)]


def _take_along(
    tx: Transaction, clock: Clock, ticket: Ticket, first: Message, promised: Terms, now: int, by_agent_id: str
) -> None:
    """The wait goes with the message that it began with."""
    moved = replace(
        clock,
        conversation_id=ticket.conversation_id,
        ticket_id=ticket.id,
        first_message_number=first.number,
        started_at=first.created_at,
        needs_person=True,
    )
    candidates: list[_Candidate] = [(Metric.FIRST_RESPONSE, promised), (clock.metric, None)]
    _reckon_strictly(tx, moved, candidates, Cause.SPLIT, now, by_agent_id)


def _begin_anew(
    tx: Transaction, before: Clock, ticket: Ticket, first: Message, candidates: Sequence[_Candidate], now: int
) -> None:
    """A wait of its own from this message on; what the contact was told holds for it too."""
    clock = new_clock(ticket.conversation_id, ticket.id, before.metric, first.number, True, first.created_at)
    metric, strictest = _strictest(tx, clock, candidates, now)
    assert strictest is not None, "a new clock has no terms of its own"
    begun = begin(tx, replace(clock, metric=metric, promised_at=before.promised_at), strictest, now)
    assert begun is not None, "every policy promises an answer"
    record(tx, begun, Cause.SPLIT, now)


def _reckon_strictly(
    tx: Transaction, clock: Clock, candidates: Sequence[_Candidate], cause: Cause, now: int, by_agent_id: str
) -> Clock:
    """The clock under the strictest of these terms."""
    metric, strictest = _strictest(tx, clock, candidates, now)
    return reckon(tx, replace(clock, metric=metric), strictest, cause, now, by_agent_id)


def _strictest(tx: Transaction, clock: Clock, candidates: Sequence[_Candidate], now: int) -> _Candidate:
    """The terms under which this wait is due first; of those alike the first."""
    dues = [due_under(tx, replace(clock, metric=metric), promised, now) for metric, promised in candidates]
    promising = [(due, candidate) for due, candidate in zip(dues, candidates, strict=True) if due is not None]
    return min(promising, key=lambda one: one[0])[1] if promising else candidates[0]


def _terms_of(tx: Transaction, clock: Clock) -> list[_Candidate]:
    """How another clock is measured."""
    under = terms.of_clock(tx, clock)
    return [] if under is None else [(clock.metric, under[0])]


def _resolution(tx: Transaction, ticket_id: str) -> Clock | None:
    running = rows.running_of_ticket(tx, ticket_id)
    return next((clock for clock in running if clock.metric is Metric.RESOLUTION), None)
