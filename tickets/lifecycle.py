"""Which action leads a ticket from where to where, and who may take it. Pure: the table is the rule."""

from dataclasses import replace
from enum import StrEnum

from tickets.errors import NotAllowed
from tickets.model import LIVE, Actor, Status, Ticket, TicketEvent


class Action(StrEnum):
    """What can be done to a ticket; also the action of the event that records it."""

    TAKE_OVER = "take_over"
    REPLY = "reply"
    CUSTOMER_WROTE = "customer_wrote"
    HAND_BACK = "hand_back"
    HOLD = "hold"
    RESUME = "resume"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CLOSE = "close"
    MERGE = "merge"
    TAKE_IN = "take_in"


NEW, OPEN, PENDING, ON_HOLD = Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD
RESOLVED, CLOSED = Status.RESOLVED, Status.CLOSED

TRANSITIONS: dict[tuple[Status, Action], Status] = {
    (NEW, Action.TAKE_OVER): OPEN,
    (NEW, Action.CUSTOMER_WROTE): NEW,
    (NEW, Action.HOLD): ON_HOLD,
    (NEW, Action.RESOLVE): RESOLVED,
    (NEW, Action.CLOSE): CLOSED,
    (OPEN, Action.TAKE_OVER): OPEN,
    (OPEN, Action.REPLY): PENDING,
    (OPEN, Action.CUSTOMER_WROTE): OPEN,
    (OPEN, Action.HAND_BACK): OPEN,
    (OPEN, Action.HOLD): ON_HOLD,
    (OPEN, Action.RESOLVE): RESOLVED,
    (OPEN, Action.CLOSE): CLOSED,
    (PENDING, Action.TAKE_OVER): PENDING,
    (PENDING, Action.REPLY): PENDING,
    (PENDING, Action.CUSTOMER_WROTE): OPEN,
    (PENDING, Action.HAND_BACK): PENDING,
    (PENDING, Action.HOLD): ON_HOLD,
    (PENDING, Action.RESUME): OPEN,
    (PENDING, Action.RESOLVE): RESOLVED,
    (PENDING, Action.CLOSE): CLOSED,
    (ON_HOLD, Action.TAKE_OVER): ON_HOLD,
    (ON_HOLD, Action.REPLY): PENDING,
    (ON_HOLD, Action.CUSTOMER_WROTE): OPEN,
    (ON_HOLD, Action.HAND_BACK): ON_HOLD,
    (ON_HOLD, Action.RESUME): OPEN,
    (ON_HOLD, Action.RESOLVE): RESOLVED,
    (ON_HOLD, Action.CLOSE): CLOSED,
    (RESOLVED, Action.REOPEN): OPEN,
    (RESOLVED, Action.CLOSE): CLOSED,
    **{(live, Action.MERGE): CLOSED for live in (NEW, OPEN, PENDING, ON_HOLD)},
    **{(live, Action.TAKE_IN): live for live in (NEW, OPEN, PENDING, ON_HOLD)},
}

_AGENT_ONLY = frozenset({"agent"})
MAY: dict[Action, frozenset[str]] = {
    Action.TAKE_OVER: _AGENT_ONLY,
    Action.REPLY: _AGENT_ONLY,
    Action.CUSTOMER_WROTE: frozenset({"contact"}),
    Action.HAND_BACK: _AGENT_ONLY,
    Action.HOLD: _AGENT_ONLY,
    Action.RESUME: _AGENT_ONLY,
    Action.RESOLVE: _AGENT_ONLY,
    Action.REOPEN: frozenset({"agent", "bot", "system"}),
    Action.CLOSE: frozenset({"agent", "system"}),
    Action.MERGE: _AGENT_ONLY,
    Action.TAKE_IN: _AGENT_ONLY,
}


def allowed(status: Status, actor: Actor) -> list[Action]:
    """The actions that this actor may take on a ticket in this status, in the table's order."""
    return [action for at, action in TRANSITIONS if at is status and actor.kind in MAY[action]]


def transition(ticket: Ticket, action: Action, actor: Actor, now: int) -> tuple[Ticket, tuple[TicketEvent, ...]]:
    """The ticket after the action, one version on, and the events to keep with it.

    A contact writing to a ticket that stays where it is makes no event, only the new version: whoever looked
    before that has not seen the message. Raises NotAllowed.
    """
    to = TRANSITIONS.get((ticket.status, action))
    if to is None or actor.kind not in MAY[action]:
        raise NotAllowed(f"{actor.kind} may not {action} ticket {ticket.number} while it is {ticket.status}")
    changed = replace(
        ticket,
        status=to,
        assignee_id=_assignee_after(ticket, action, actor),
        resolved_at=None if to in LIVE else ticket.resolved_at or now,
        version=ticket.version + 1,
        updated_at=now,
    )
    if action is Action.CUSTOMER_WROTE and to is ticket.status:
        return changed, ()
    event = TicketEvent(actor, action, ticket.status, to, now, {"version": changed.version})
    return changed, (event,)


def _assignee_after(ticket: Ticket, action: Action, actor: Actor) -> str | None:
    if action is Action.TAKE_OVER:
        return actor.agent_id
    return None if action is Action.HAND_BACK else ticket.assignee_id
