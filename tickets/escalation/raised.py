"""Alerts with what is needed to tell people of them: their ticket, its people, and the chain that holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.database import Row, Transaction
from tickets.clocks import terms
from tickets.model import AlertKind, Status
from tickets.sla import dues, rulebook
from tickets.sla.model import Chain, Level, Policy


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert with its clock's plan and its ticket's people."""

    alert_id: str
    clock_id: str
    ticket_id: str
    ticket_number: str
    ticket_status: Status
    conversation_id: str
    assignee_id: str | None
    team_id: str | None
    level: int
    kind: AlertKind
    planned_at: int
    raised_at: int
    late: bool
    plan: tuple[int, ...]
    chain: Chain

    @property
    def step(self) -> Level | None:
        """Who is told and how; None: it shows in the console alone."""
        return dues.level_at(self.level, self.chain)


def all_raised(tx: Transaction, rows: Sequence[Row]) -> list[Raised]:
    """The alerts of these rows, which have the fields of Raised, plan_json, policy_id and policy_version.

    The chain is that of each alert's policy as it stands now, or of the last policy for clocks without one.
    """
    if not rows:
        return []
    chains = _chains(tx, rows)
    return [_raised(row, chains[(row.pop("policy_id"), row.pop("policy_version"))]) for row in rows]


def _chains(tx: Transaction, rows: Sequence[Row]) -> Mapping[tuple[str | None, int | None], Chain]:
    book = rulebook.in_force(tx)
    policies = {(row["policy_id"], row["policy_version"]) for row in rows}
    return {key: _chain(tx, book, *key) for key in policies}


def _chain(tx: Transaction, book: rulebook.Rulebook, policy_id: str | None, version: int | None) -> Chain:
    rule = book.policies[-1] if policy_id is None else rulebook.get_rule(tx, policy_id, version)
    assert isinstance(rule.definition, Policy), f"rule {rule.id} is not a policy"
    return terms.chain_of(tx, rule.definition, book)


def _raised(row: Row, chain: Chain) -> Raised:
    plan = tuple(json.loads(row.pop("plan_json")))
    return Raised(
        **{
            **row,
            "ticket_status": Status(row["ticket_status"]),
            "kind": AlertKind(row["kind"]),
            "late": bool(row["late"]),
            "plan": plan,
            "chain": chain,
        }
    )
