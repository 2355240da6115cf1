"""Two tickets of one person become one."""

from dataclasses import replace

from storage.database import Transaction
from tickets import changes, contacts, conversations, desk, parts, tickets
from tickets.clocks import moving, terms, waits
from tickets.clocks.terms import Terms
from tickets.errors import Obstacle, Refused
from tickets.lifecycle import Action
from tickets.model import LIVE, Actor, Agent, Clock, Conversation, Priority, Reason, Status, Ticket

CHAT = "chat"
_PRESSING = tuple(Priority)


def merge(tx: Transaction, number: str, agent: Agent, version: int, into: str, into_version: int, now: int) -> Ticket:
    """The ticket that goes on: into, with the messages, the waits and what is still to come of the other, which ends.

    Raises NotFound; Conflict if either is not as the agent saw it; Refused, with the obstacle.
    """
    source, target = tickets.by_number(tx, number), tickets.by_number(tx, into)
    changes.require_version(tx, source, version)
    changes.require_version(tx, target, into_version)
    found = obstacle(tx, source, target)
    if found is not None:
        raise Refused(number, found)
    actor = Actor("agent", agent.id)
    ended = replace(source, merged_into_id=target.id)
    desk.apply(tx, ended, Action.MERGE, actor, now, {"into": target.number})
    parts_before = conversations.get_conversation(tx, target.conversation_id).last_number
    taking = _with_the_heavier(source, target)
    detail = {"from": source.number, "last_number": parts_before}
    kept = desk.apply(tx, taking, Action.TAKE_IN, actor, now, detail)
    if source.first_answered_at is not None:
        tickets.keep_first_answer(tx, target.id, source.first_answered_at)
    kept, promised = _under_terms(tx, kept, now)
    waits_there = moving.merge(tx, source, kept, promised, now, agent.id)
    parts.merge(tx, source.conversation_id, kept.conversation_id, now)
    if waits_there and kept.status in (Status.PENDING, Status.ON_HOLD):
        kept = desk.apply(tx, kept, Action.RESUME, actor, now)
    waits.follow_status(tx, kept, now)
    return kept


def obstacle(tx: Transaction, source: Ticket, target: Ticket) -> Obstacle | None:
    """Why this ticket cannot go on in the other; None if it can."""
    if source.id == target.id:
        return Obstacle.SAME
    found = obstacle_of_source(source, conversations.get_conversation(tx, source.conversation_id))
    if found is not None:
        return found
    if target.status not in LIVE:
        return Obstacle.OTHER_DONE
    if not contacts.are_one_person(tx, source.contact_id, target.contact_id):
        return Obstacle.STRANGER
    return None


def obstacle_of_source(source: Ticket, conversation: Conversation) -> Obstacle | None:
    """Why this ticket cannot go on in any other; None if it can."""
    if source.status not in LIVE:
        return Obstacle.DONE
    # A chat's page shows its own conversation and no other.
    return Obstacle.CHAT if conversation.channel == CHAT else None


def foresee(tx: Transaction, source: Ticket, target: Ticket, now: int) -> tuple[Clock, ...]:
    """The clocks of the ticket that goes on as they would be; nothing is changed."""
    _, promised = _fitting(tx, _with_the_heavier(source, target), now)
    return moving.foresee(tx, source, target, promised, now)


def _with_the_heavier(source: Ticket, target: Ticket) -> Ticket:
    """The target with the more pressing priority of both, and with what it does not say of itself from the source."""
    danger = Reason.DANGER in (source.reason, target.reason)
    return replace(
        target,
        priority=max(source.priority, target.priority, key=_PRESSING.index),
        reason=Reason.DANGER if danger else target.reason,
        category=target.category or source.category,
        team_id=target.team_id or source.team_id,
    )


def _under_terms(tx: Transaction, ticket: Ticket, now: int) -> tuple[Ticket, Terms]:
    """The target under the policy that fits it now; the one that it has keeps its version."""
    changed, promised = _fitting(tx, ticket, now)
    if changed is not ticket:
        tickets.keep_policy(tx, changed)
    return changed, promised


def _fitting(tx: Transaction, ticket: Ticket, now: int) -> tuple[Ticket, Terms]:
    fitting = terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), now)
    if fitting.policy.id == ticket.policy_id:
        return ticket, terms.of_ticket(tx, ticket, now)
    changed = replace(ticket, policy_id=fitting.policy.id, policy_version=fitting.policy.version, policy_at=now)
    return changed, fitting
