"""Under which policy and calendar a clock runs."""

import json
from dataclasses import dataclass, field

from storage.database import Row, Transaction
from tickets.business_time import NATURAL, Calendar
from tickets.model import Clock, Conversation, Metric, Ticket
from tickets.sla import choice, rulebook
from tickets.sla.model import Budget, Chain, Facts, Policy, Rule
from tickets.sla.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Terms:
    """A policy in one version, chosen at a moment; the calendars that it names count as they stood then.

    book: the rules in force, where they were read to choose it.
    """

    policy: Rule
    chosen_at: int
    book: Rulebook | None = field(default=None, repr=False, compare=False)

    @property
    def definition(self) -> Policy:
        """What the policy says."""
        assert isinstance(self.policy.definition, Policy), f"rule {self.policy.id} is not a policy"
        return self.policy.definition


@dataclass(frozen=True, slots=True)
class Measure:
    """How one metric is measured: its budget and the calendar, with the version of it that counts."""

    budget: Budget
    calendar: Calendar
    calendar_version: int | None


def choose_for(tx: Transaction, facts: Facts, now: int) -> Terms:
    """The policy in force that fits."""
    book = rulebook.in_force(tx)
    return Terms(choice.choose(book.policies, facts), now, book)


def of_ticket(tx: Transaction, ticket: Ticket, now: int) -> Terms:
    """The policy that the ticket was promised under; the one that fits now if it has none."""
    if ticket.policy_id is None or ticket.policy_at is None:
        return choose_for(tx, facts_of_ticket(tx, ticket), now)
    return Terms(rulebook.get_rule(tx, ticket.policy_id, ticket.policy_version), ticket.policy_at)


def of_conversation(tx: Transaction, conversation: Conversation, now: int) -> tuple[Terms, str | None, bool]:
    """The terms of a wait that begins in this conversation; the live ticket's id, and whether that was answered yet."""
    row = _standing(tx, conversation.id)
    if row["policy_id"] is not None:
        policy = rulebook.get_rule(tx, row["policy_id"], row["policy_version"])
        return Terms(policy, row["policy_at"]), row["ticket_id"], row["first_answered_at"] is not None
    return choose_for(tx, facts_from(row), now), row["ticket_id"], row["first_answered_at"] is not None


def facts_of_ticket(tx: Transaction, ticket: Ticket) -> Facts:
    """What a policy for this ticket is chosen by."""
    rows = tx.execute(
        """
        SELECT v.channel, c.value_class, c.attributes_json
        FROM conversation v JOIN contact c ON c.id = v.contact_id WHERE v.id = :id
        """,
        {"id": ticket.conversation_id},
    )
    told = {"priority": ticket.priority, "category": ticket.category, "team_id": ticket.team_id}
    return facts_from({**rows[0], **told})


def measure(tx: Transaction, terms: Terms, metric: Metric) -> Measure | None:
    """How the policy measures a metric; None if it promises nothing."""
    budget = terms.definition.budget(metric)
    if budget is None:
        return None
    if budget.calendar_id is None:
        return Measure(budget, NATURAL, None)
    calendar = rulebook.as_of(tx, budget.calendar_id, terms.chosen_at)
    assert isinstance(calendar.definition, Calendar), f"rule {calendar.id} is not a calendar"
    return Measure(budget, calendar.definition, calendar.version)


def chain_of(tx: Transaction, policy: Policy, book: Rulebook | None = None) -> Chain:
    """Who is told, as the chain stands now; book: the rules in force, if they were read already."""
    known = None if book is None else book.others.get(policy.chain_id)
    chain = (known or rulebook.get_rule(tx, policy.chain_id)).definition
    assert isinstance(chain, Chain), f"rule {policy.chain_id} is not a chain"
    return chain


def last_chain(tx: Transaction) -> Chain:
    """Who is told where no policy is known: the chain of the last one, which holds for everybody."""
    book = rulebook.in_force(tx)
    policy = book.policies[-1].definition
    assert isinstance(policy, Policy), "policies are policies"
    return chain_of(tx, policy, book)


def of_clock(tx: Transaction, clock: Clock) -> tuple[Terms, Measure] | None:
    """What a clock runs under, as it was pinned; None for one from before there were policies.

    The terms are of a moment at which the clock's calendar stood as it counts, so that they measure others alike.
    """
    if clock.policy_id is None:
        return None
    policy = rulebook.get_rule(tx, clock.policy_id, clock.policy_version)
    terms = Terms(policy, clock.started_at)
    budget = terms.definition.budget(clock.metric)
    assert budget is not None, f"policy {clock.policy_id} promises no {clock.metric}"
    if clock.calendar_id is None:
        return terms, Measure(budget, NATURAL, None)
    calendar = rulebook.get_rule(tx, clock.calendar_id, clock.calendar_version)
    assert isinstance(calendar.definition, Calendar), f"rule {calendar.id} is not a calendar"
    return Terms(policy, calendar.changed_at), Measure(budget, calendar.definition, calendar.version)


def _standing(tx: Transaction, conversation_id: str) -> Row:
    """What is known of a conversation, its contact and its live ticket, if any."""
    return tx.execute(
        """
        SELECT v.channel, c.value_class, c.attributes_json, t.id AS ticket_id, t.priority, t.category, t.team_id,
            t.policy_id, t.policy_version, t.policy_at, t.first_answered_at
        FROM conversation v JOIN contact c ON c.id = v.contact_id
        LEFT JOIN ticket t ON t.conversation_id = v.id AND t.status IN ('new', 'open', 'pending', 'on_hold')
        WHERE v.id = :id
        """,
        {"id": conversation_id},
    )[0]


def facts_from(row: Row) -> Facts:
    """What a policy is chosen by, from a row with the columns of these names."""
    return Facts(
        channel=row["channel"],
        priority=row["priority"] or "",
        category=row["category"],
        team_id=row["team_id"],
        value_class=row["value_class"],
        attributes=tuple(sorted(json.loads(row["attributes_json"]).items())),
    )
