"""The table of transitions, case by case."""

import pytest

from tests.tickets.cast import MORNING
from tickets.errors import NotAllowed
from tickets.lifecycle import Action, allowed, transition
from tickets.model import BOT, CONTACT, LIVE, SYSTEM, Actor, Priority, Reason, Status, Ticket

AGENT = Actor("agent", "agent-zhou")

# One line per status: what each action makes of it, '-' where it is not allowed.
#              take_over reply    wrote    hand_back hold     resume   resolve  reopen   close    merge    take_in
TABLE = """
    new       open     -        new      -        on_hold  -        resolved -        closed   closed   new
    open      open     pending  open     open     on_hold  -        resolved -        closed   closed   open
    pending   pending  pending  open     pending  on_hold  open     resolved -        closed   closed   pending
    on_hold   on_hold  pending  open     on_hold  -        open     resolved -        closed   closed   on_hold
    resolved  -        -        -        -        -        -        -        open     closed   -        -
    closed    -        -        -        -        -        -        -        -        -        -        -
"""
CASES = [
    (Status(at), action, None if to == "-" else Status(to))
    for at, *row in (line.split() for line in TABLE.split("\n") if line.strip())
    for action, to in zip(Action, row, strict=True)
]


def ticket(status: Status, assignee_id: str | None = None) -> Ticket:
    resolved_at = None if status in LIVE else MORNING - 5
    return Ticket(
        "t", "2611-0001", "c", "p", "轮胎", status, Priority.NORMAL, Reason.COMPLAINT, assignee_id, [], 7,
        MORNING - 9, MORNING - 9, resolved_at,
    )  # fmt: skip


def actor_of(action: Action) -> Actor:
    return CONTACT if action is Action.CUSTOMER_WROTE else AGENT


@pytest.mark.parametrize(("at", "action", "to"), CASES)
def test_each_action_leads_where_the_table_says_or_is_refused(at: Status, action: Action, to: Status | None) -> None:
    if to is None:
        with pytest.raises(NotAllowed):
            transition(ticket(at), action, actor_of(action), MORNING)
    else:
        changed, _ = transition(ticket(at), action, actor_of(action), MORNING)
        assert (changed.status, changed.version, changed.updated_at) == (to, 8, MORNING)


@pytest.mark.parametrize(
    ("actor", "action", "may"),
    [
        (BOT, Action.REPLY, False),
        (BOT, Action.RESOLVE, False),
        (BOT, Action.TAKE_OVER, False),
        (CONTACT, Action.RESOLVE, False),
        (CONTACT, Action.HOLD, False),
        (SYSTEM, Action.RESOLVE, False),
        (SYSTEM, Action.CLOSE, True),
        (AGENT, Action.CUSTOMER_WROTE, False),
        (AGENT, Action.RESOLVE, True),
    ],
)
def test_only_the_named_actors_may_act(actor: Actor, action: Action, may: bool) -> None:
    assert (action in allowed(Status.OPEN, actor)) is may
    if not may:
        with pytest.raises(NotAllowed):
            transition(ticket(Status.OPEN), action, actor, MORNING)


def test_the_bot_may_reopen_a_resolved_ticket_and_nobody_a_closed_one() -> None:
    assert allowed(Status.RESOLVED, BOT) == [Action.REOPEN]
    assert allowed(Status.CLOSED, AGENT) == []


def test_every_transition_is_recorded_with_actor_statuses_time_and_version() -> None:
    _, (event,) = transition(ticket(Status.PENDING), Action.CUSTOMER_WROTE, CONTACT, MORNING)
    assert (event.actor, event.action, event.from_status, event.to_status, event.at, event.detail) == (
        CONTACT,
        "customer_wrote",
        Status.PENDING,
        Status.OPEN,
        MORNING,
        {"version": 8},
    )


def test_a_message_that_changes_no_status_raises_the_version_without_an_event() -> None:
    changed, events = transition(ticket(Status.OPEN), Action.CUSTOMER_WROTE, CONTACT, MORNING)
    assert (changed.version, events) == (8, ())


def test_taking_over_assigns_and_handing_back_releases() -> None:
    taken, _ = transition(ticket(Status.NEW, "agent-chen"), Action.TAKE_OVER, AGENT, MORNING)
    assert taken.assignee_id == "agent-zhou"
    handed, _ = transition(taken, Action.HAND_BACK, AGENT, MORNING)
    assert handed.assignee_id is None


def test_resolved_at_is_set_by_resolving_kept_by_closing_and_cleared_by_reopening() -> None:
    resolved, _ = transition(ticket(Status.OPEN), Action.RESOLVE, AGENT, MORNING)
    closed, _ = transition(resolved, Action.CLOSE, AGENT, MORNING + 60)
    reopened, _ = transition(resolved, Action.REOPEN, AGENT, MORNING + 60)
    assert (resolved.resolved_at, closed.resolved_at, reopened.resolved_at) == (MORNING, MORNING, None)
