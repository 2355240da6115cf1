"""What staff say of a ticket and of its contact, and which promise follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from storage.database import Transaction
from tickets import changes, contacts, events, finding, teams, tickets
from tickets.clocks import reckoning, rows, terms, waits
from tickets.clocks.receipts import Cause
from tickets.clocks.terms import Terms
from tickets.errors import Conflict, NotAllowed, NotFound
from tickets.model import LIVE, Actor, Agent, Clock, Contact, Metric, Priority, Ticket, TicketEvent
from tickets.sla.model import Facts

LONGEST_CATEGORY = 60


@dataclass(frozen=True, slots=True)
class Properties:
    """What can be changed of a ticket by hand."""

    priority: Priority
    category: str | None
    team_id: str | None


@dataclass(frozen=True, slots=True)
class DueChange:
    """A promise that moved: when it was due before and is due now; None: nothing was, or is, promised."""

    metric: Metric
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would follow: the policy's name, whether it is another one, and the promises that would move."""

    policy: str
    other: bool
    dues: tuple[DueChange, ...]


def properties_of(ticket: Ticket) -> Properties:
    """The ticket's properties as they stand."""
    return Properties(ticket.priority, ticket.category, ticket.team_id)


def change(tx: Transaction, number: str, agent: Agent, version: int, wanted: Properties, now: int) -> Ticket:
    """The ticket with these properties, under the policy that fits them. Raises NotFound, NotAllowed, Conflict.

    The policy that it is promised under keeps its version; another one counts as it stands now, and the clocks are
    reckoned anew from their own starts.
    """
    ticket = tickets.by_number(tx, number)
    changes.require_version(tx, ticket, version)
    if ticket.merged_into_id is not None:
        raise NotAllowed(f"ticket {number} goes on in another")
    wanted = _checked(tx, ticket, wanted)
    before = properties_of(ticket)
    if wanted == before:
        return ticket
    changed = replace(
        ticket,
        priority=wanted.priority,
        category=wanted.category,
        team_id=wanted.team_id,
        version=ticket.version + 1,
        updated_at=now,
    )
    if not tickets.replace_version(tx, version, changed):
        raise Conflict(number, ())
    changed, detail = reconsider(tx, changed, now, agent.id)
    told = {"version": changed.version, "changed": _told(tx, before, wanted), **detail}
    _record(tx, changed, "properties", Actor("agent", agent.id), told, now)
    return changed


def describe_contact(
    tx: Transaction,
    number: str,
    agent: Agent,
    seen_version: int,
    value_class: str | None,
    attributes: Mapping[str, str],
    now: int,
) -> Contact:
    """The contact of this ticket, described so; the contact's live tickets come under the policies that fit it now.

    Raises NotFound, and Conflict if somebody described the contact otherwise meanwhile.
    """
    ticket = tickets.by_number(tx, number)
    before = contacts.get_contact(tx, ticket.contact_id)
    if (before.value_class, dict(before.attributes)) == (value_class, dict(attributes)):
        return before
    if not contacts.describe(tx, before.id, seen_version, value_class, attributes):
        raise Conflict(number, ())
    after = contacts.get_contact(tx, before.id)
    changed = {
        name: [one, other]
        for name, one, other in (
            ("value_class", before.value_class, after.value_class),
            ("attributes", _listed(before), _listed(after)),
        )
        if one != other
    }
    for live in finding.live_of_contact(tx, before.id):
        _, detail = reconsider(tx, live, now, agent.id)
        _record(tx, live, "contact_described", Actor("agent", agent.id), {"changed": changed, **detail}, now)
    if ticket.status not in LIVE:
        _record(tx, ticket, "contact_described", Actor("agent", agent.id), {"changed": changed}, now)
    return after


def reconsider(tx: Transaction, ticket: Ticket, now: int, by_agent_id: str | None) -> tuple[Ticket, dict[str, Any]]:
    """The ticket under the policy that fits it now, and what of its promises moved, for the record of why."""
    fitting = terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), now)
    if ticket.status not in LIVE or fitting.policy.id == ticket.policy_id:
        return ticket, {}
    before = rows.running_of_ticket(tx, ticket.id)
    ticket = replace(ticket, policy_id=fitting.policy.id, policy_version=fitting.policy.version, policy_at=now)
    tickets.keep_policy(tx, ticket)
    waits.recompute(tx, ticket, fitting, Cause.CHANGED, now, by_agent_id)
    moved = moved_between(before, rows.running_of_ticket(tx, ticket.id))
    return ticket, {
        "policy": fitting.policy.name,
        "dues": [[one.metric, one.before, one.after] for one in moved],
    }


def outlook(tx: Transaction, number: str, wanted: Properties, now: int) -> Outlook:
    """What would follow from these properties. Raises NotFound."""
    ticket = tickets.by_number(tx, number)
    wanted = _checked(tx, ticket, wanted)
    changed = replace(ticket, priority=wanted.priority, category=wanted.category, team_id=wanted.team_id)
    return _outlook(tx, changed, terms.facts_of_ticket(tx, changed), now)


def outlook_of_contact(
    tx: Transaction, number: str, value_class: str | None, attributes: Mapping[str, str], now: int
) -> Outlook:
    """What would follow for this ticket if its contact were described so. Raises NotFound."""
    ticket = tickets.by_number(tx, number)
    facts = terms.facts_of_ticket(tx, ticket)
    described = replace(facts, value_class=value_class, attributes=tuple(sorted(attributes.items())))
    return _outlook(tx, ticket, described, now)


def moved_between(before: list[Clock], after: list[Clock]) -> tuple[DueChange, ...]:
    """The promises that are due at another time than before."""
    old, new = ({clock.metric: clock.due_at for clock in clocks} for clocks in (before, after))
    told = (DueChange(metric, old.get(metric), new.get(metric)) for metric in Metric if metric in old or metric in new)
    return tuple(one for one in told if one.before != one.after)


def _outlook(tx: Transaction, ticket: Ticket, facts: Facts, now: int) -> Outlook:
    fitting = terms.choose_for(tx, facts, now)
    if ticket.status not in LIVE or fitting.policy.id == ticket.policy_id:
        return Outlook(terms.of_ticket(tx, ticket, now).policy.name, False, ())
    return Outlook(fitting.policy.name, True, _would_move(tx, ticket, fitting, now))


def _would_move(tx: Transaction, ticket: Ticket, fitting: Terms, now: int) -> tuple[DueChange, ...]:
    clocks = rows.of_ticket(tx, ticket.id)
    running = [clock for clock in clocks if clock.stopped_at is None]
    dues = {clock.metric: (clock.due_at, reckoning.due_under(tx, clock, fitting, now)) for clock in running}
    if clocks and Metric.RESOLUTION not in dues:
        first = replace(clocks[0], metric=Metric.RESOLUTION)
        dues[Metric.RESOLUTION] = (0, reckoning.due_under(tx, first, fitting, now))
    told = (DueChange(metric, *dues[metric]) for metric in Metric if metric in dues)
    told = (replace(one, before=one.before or None) for one in told)
    return tuple(one for one in told if one.before != one.after)


def _checked(tx: Transaction, ticket: Ticket, wanted: Properties) -> Properties:
    """The properties in the form in which they are kept. Raises NotFound for a team that gets no tickets."""
    category = " ".join((wanted.category or "").split())[:LONGEST_CATEGORY] or None
    team_id = wanted.team_id or None
    if team_id not in (None, ticket.team_id) and team_id not in {team.id for team in teams.all_teams(tx)}:
        raise NotFound(f"no team {team_id}")
    return Properties(wanted.priority, category, team_id)


def _told(tx: Transaction, before: Properties, after: Properties) -> dict[str, list[str | None]]:
    """Each property that changed, before and after; teams by the names that they have now."""
    names = teams.names(tx)
    pairs: dict[str, list[str | None]] = {
        "priority": [before.priority, after.priority],
        "category": [before.category, after.category],
        "team": [names.get(before.team_id or ""), names.get(after.team_id or "")],
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _listed(contact: Contact) -> str | None:
    return "; ".join(f"{name}: {value}" for name, value in contact.attributes) or None


def _record(tx: Transaction, ticket: Ticket, action: str, actor: Actor, detail: dict[str, Any], now: int) -> None:
    events.record(tx, ticket.id, [TicketEvent(actor, action, ticket.status, ticket.status, now, detail)])
    tx.notify("queue", ticket.number)
    tx.notify("conversation", ticket.conversation_id)
