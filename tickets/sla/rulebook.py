"""The rules as rows: what is in force, every version of each, and how they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from pydantic import TypeAdapter

from storage.database import Row, Transaction, first, new_id
from tickets.business_time import NATURAL, Calendar
from tickets.errors import Conflict, NotFound
from tickets.sla.model import Chain, Definition, Policy, Rota, Rule, RuleKind

BY_SETTINGS = "settings"
LAST_POSITION = 1_000_000

_D = TypeVar("_D", Policy, Calendar, Chain, Rota)
_ADAPTERS: Mapping[RuleKind, TypeAdapter[Definition]] = {
    RuleKind.POLICY: TypeAdapter(Policy),
    RuleKind.CALENDAR: TypeAdapter(Calendar),
    RuleKind.CHAIN: TypeAdapter(Chain),
    RuleKind.ROTA: TypeAdapter(Rota),
}


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule in force at one moment, policies by position."""

    policies: tuple[Rule, ...]
    others: Mapping[str, Rule]

    def calendar(self, calendar_id: str | None) -> Calendar:
        """The calendar as it stands; natural time for None. Raises NotFound."""
        return NATURAL if calendar_id is None else self._definition(calendar_id, Calendar)

    def chain(self, chain_id: str) -> Chain:
        """The chain as it stands. Raises NotFound."""
        return self._definition(chain_id, Chain)

    def named(self, kind: RuleKind) -> dict[str, str]:
        """The names of the rules of a kind, by id."""
        rules = self.policies if kind is RuleKind.POLICY else self.others.values()
        return {rule.id: rule.name for rule in rules if rule.kind is kind}

    def _definition(self, rule_id: str, wanted: type[_D]) -> _D:
        rule = self.others.get(rule_id)
        if rule is None or not isinstance(rule.definition, wanted):
            raise NotFound(f"no {wanted.__name__.lower()} {rule_id}")
        return rule.definition


def in_force(tx: Transaction) -> Rulebook:
    """The rules that are not archived, each in its newest version."""
    rows = tx.execute(
        """
        SELECT r.id, r.kind, r.position, v.version, v.name, v.definition_json, v.changed_by, v.changed_at,
            r.archived_at
        FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.version = r.version
        WHERE r.archived_at IS NULL
        ORDER BY r.position, r.id
        """
    )
    rules = [_rule(row) for row in rows]
    return Rulebook(
        tuple(rule for rule in rules if rule.kind is RuleKind.POLICY),
        {rule.id: rule for rule in rules if rule.kind is not RuleKind.POLICY},
    )


def calendars(tx: Transaction) -> dict[tuple[str, int], Calendar]:
    """Every calendar in every version that there was, by id and version."""
    rows = tx.execute(
        """
        SELECT v.rule_id, v.version, v.definition_json FROM rule r JOIN rule_version v ON v.rule_id = r.id
        WHERE r.kind = 'calendar'
        """
    )
    found = {(row["rule_id"], row["version"]): read(RuleKind.CALENDAR, row["definition_json"]) for row in rows}
    return {key: calendar for key, calendar in found.items() if isinstance(calendar, Calendar)}


def rotas(tx: Transaction) -> dict[str, Rota]:
    """Every rota as it stands, by id; archived ones too: tickets promised earlier are told by chains that name them."""
    rows = tx.execute(
        """
        SELECT r.id, v.definition_json FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.version = r.version
        WHERE r.kind = 'rota'
        """
    )
    found = {row["id"]: read(RuleKind.ROTA, row["definition_json"]) for row in rows}
    return {rule_id: rota for rule_id, rota in found.items() if isinstance(rota, Rota)}


def get_rule(tx: Transaction, rule_id: str, version: int | None = None) -> Rule:
    """A rule in one of its versions, the newest for None, archived or not. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT r.id, r.kind, r.position, v.version, v.name, v.definition_json, v.changed_by, v.changed_at,
                r.archived_at
            FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.version = COALESCE(:version, r.version)
            WHERE r.id = :id
            """,
            {"id": rule_id, "version": version},
        )
    )
    if row is None:
        raise NotFound(f"no rule {rule_id} in version {version}")
    return _rule(row)


def as_of(tx: Transaction, rule_id: str, at: int) -> Rule:
    """A rule as it stood at a moment; the first version if it is younger. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT r.id, r.kind, r.position, v.version, v.name, v.definition_json, v.changed_by, v.changed_at,
                r.archived_at
            FROM rule r JOIN rule_version v ON v.rule_id = r.id
            WHERE r.id = :id AND (v.changed_at <= :at OR v.version = 1)
            ORDER BY v.version DESC LIMIT 1
            """,
            {"id": rule_id, "at": at},
        )
    )
    if row is None:
        raise NotFound(f"no rule {rule_id}")
    return _rule(row)


def versions(tx: Transaction, rule_id: str) -> list[Rule]:
    """Every version of a rule, the newest first."""
    rows = tx.execute(
        """
        SELECT r.id, r.kind, r.position, v.version, v.name, v.definition_json, v.changed_by, v.changed_at,
            r.archived_at
        FROM rule r JOIN rule_version v ON v.rule_id = r.id
        WHERE r.id = :id ORDER BY v.version DESC
        """,
        {"id": rule_id},
    )
    return [_rule(row) for row in rows]


def names(tx: Transaction, kind: RuleKind | None = None) -> dict[str, str]:
    """What every rule, or every one of a kind, is called now, archived ones among them, by id; policies in the order in
    which they are asked."""
    rows = tx.execute(
        """
        SELECT r.id, v.name FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.version = r.version
        WHERE r.kind = COALESCE(:kind, r.kind)
        ORDER BY r.position, r.id
        """,
        {"kind": kind},
    )
    return {row["id"]: row["name"] for row in rows}


def archived(tx: Transaction, kind: RuleKind) -> list[Rule]:
    """The rules of a kind that are not chosen any more, the last archived first."""
    rows = tx.execute(
        """
        SELECT r.id, r.kind, r.position, v.version, v.name, v.definition_json, v.changed_by, v.changed_at,
            r.archived_at
        FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.version = r.version
        WHERE r.kind = :kind AND r.archived_at IS NOT NULL
        ORDER BY r.archived_at DESC, r.id
        """,
        {"kind": kind},
    )
    return [_rule(row) for row in rows]


def add(tx: Transaction, kind: RuleKind, name: str, definition: Definition, by: str, position: int, now: int) -> Rule:
    """A new rule in its first version. A position counts for policies alone."""
    rule = Rule(new_id(), kind, position, 1, name, definition, by, now, None)
    tx.change(
        "INSERT INTO rule (id, kind, position, version, archived_at) VALUES (:id, :kind, :position, 1, NULL)",
        {"id": rule.id, "kind": kind, "position": position},
    )
    _insert_version(tx, rule)
    return rule


def revise(
    tx: Transaction, rule_id: str, seen_version: int, name: str, definition: Definition, by: str, now: int
) -> Rule:
    """The rule in its next version. Raises NotFound, and Conflict if there is another version by now."""
    old = get_rule(tx, rule_id)
    changed = tx.change(
        "UPDATE rule SET version = version + 1 WHERE id = :id AND version = :seen AND archived_at IS NULL",
        {"id": rule_id, "seen": seen_version},
    )
    if changed == 0:
        raise Conflict(rule_id, ())
    rule = Rule(rule_id, old.kind, old.position, seen_version + 1, name, definition, by, now, None)
    _insert_version(tx, rule)
    return rule


def arrange(tx: Transaction, positions: Mapping[str, int]) -> None:
    """Give each of these policies its position."""
    tx.change_all(
        "UPDATE rule SET position = :position WHERE id = :id AND kind = 'policy'",
        [{"id": rule_id, "position": position} for rule_id, position in positions.items()],
    )


def archive(tx: Transaction, rule_id: str, now: int) -> bool:
    """Choose the rule no more; False if it was archived before."""
    changed = tx.change(
        "UPDATE rule SET archived_at = :now WHERE id = :id AND archived_at IS NULL", {"id": rule_id, "now": now}
    )
    return changed == 1


def revive(tx: Transaction, rule_id: str) -> bool:
    """Choose an archived rule again, where it stood; False if it was not archived."""
    changed = tx.change(
        "UPDATE rule SET archived_at = NULL WHERE id = :id AND archived_at IS NOT NULL", {"id": rule_id}
    )
    return changed == 1


def _insert_version(tx: Transaction, rule: Rule) -> None:
    tx.change(
        """
        INSERT INTO rule_version (rule_id, version, name, definition_json, changed_by, changed_at)
        VALUES (:id, :version, :name, :definition, :by, :at)
        """,
        {
            "id": rule.id,
            "version": rule.version,
            "name": rule.name,
            "definition": written(rule.kind, rule.definition),
            "by": rule.changed_by,
            "at": rule.changed_at,
        },
    )


def written(kind: RuleKind, definition: Definition) -> str:
    """A definition as it is kept: JSON."""
    return _ADAPTERS[kind].dump_json(definition).decode()


@lru_cache(maxsize=1_000)
def read(kind: RuleKind, definition_json: str) -> Definition:
    """A definition from what written() made."""
    return _ADAPTERS[kind].validate_json(definition_json)


def _rule(row: Row) -> Rule:
    kind = RuleKind(row["kind"])
    definition = read(kind, row["definition_json"])
    return Rule(
        row["id"],
        kind,
        row["position"],
        row["version"],
        row["name"],
        definition,
        row["changed_by"],
        row["changed_at"],
        row["archived_at"],
    )


def policies_using(rules: Sequence[Rule], rule_id: str) -> list[Rule]:
    """The policies that name this calendar or chain."""
    return [rule for rule in rules if isinstance(rule.definition, Policy) and rule_id in _named_by(rule.definition)]


def _named_by(policy: Policy) -> set[str | None]:
    budgets = (policy.first_response, policy.next_response, policy.resolution)
    return {policy.chain_id, *(budget.calendar_id for budget in budgets if budget is not None)}
