"""Changes of the rulebook: checked where they are kept, never over what another has done."""

from dataclasses import replace

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import HOUR, MORNING
from tickets.errors import Conflict
from tickets.sla import editing, rulebook
from tickets.sla.checking import RuleRefused, Surroundings
from tickets.sla.model import Budget, Condition, ConditionField, Policy, Rule, RuleKind


def around(tx: Transaction, now: int = MORNING) -> Surroundings:
    return editing.surroundings(tx, frozenset({"chat", "mail"}), frozenset({"mail"}), now)


def add(tx: Transaction, name: str, *values: str) -> Rule:
    here = around(tx)
    last = here.policies[-1].definition
    assert isinstance(last, Policy)
    conditions = (Condition(ConditionField.VALUE_CLASS, values or (name,)),)
    return editing.add(tx, RuleKind.POLICY, name, replace(last, conditions=conditions), here, "admin")


def names(tx: Transaction) -> list[str]:
    return [rule.name for rule in rulebook.in_force(tx).policies]


async def test_a_new_policy_stands_before_the_one_for_everybody(database: SQLiteDatabase) -> None:
    for name in ("金", "银", "铜"):
        await database.write(add, name)
    assert await database.read(names) == ["金", "银", "铜", "标准时限"]


async def test_policies_change_places_and_never_with_the_last(database: SQLiteDatabase) -> None:
    gold, silver = [await database.write(add, name) for name in ("金", "银")]
    await database.write(lambda tx: editing.move(tx, silver.id, gold.id, around(tx)))
    assert await database.read(names) == ["银", "金", "标准时限"]
    with pytest.raises(RuleRefused):
        await database.write(lambda tx: editing.move(tx, gold.id, around(tx).policies[-1].id, around(tx)))
    with pytest.raises(Conflict):
        await database.write(lambda tx: editing.move(tx, silver.id, around(tx).policies[-1].id, around(tx)))


async def test_a_change_that_saw_another_version_changes_nothing(database: SQLiteDatabase) -> None:
    gold = await database.write(add, "金")

    def change(tx: Transaction, seen: int, name: str) -> Rule:
        return editing.change(tx, gold.id, seen, name, gold.definition, around(tx), "a")

    assert (await database.write(change, 1, "白金")).version == 2
    with pytest.raises(Conflict):
        await database.write(change, 1, "黄金")
    assert (await database.read(rulebook.get_rule, gold.id)).name == "白金"


async def test_an_old_version_comes_back_as_a_new_one(database: SQLiteDatabase) -> None:
    gold = await database.write(add, "金")
    await database.write(lambda tx: editing.change(tx, gold.id, 1, "白金", gold.definition, around(tx), "a"))
    again = await database.write(lambda tx: editing.restore(tx, gold.id, 1, 2, around(tx), "b"))
    assert (again.version, again.name, again.changed_by) == (3, "金", "b")


def archive(tx: Transaction, rule: Rule) -> None:
    editing.archive(tx, rule.id, 1, around(tx))


async def test_what_is_in_use_is_not_archived(database: SQLiteDatabase) -> None:
    here = await database.read(around)
    calendar = next(here.named(RuleKind.CALENDAR))
    chain = next(here.named(RuleKind.CHAIN))
    everybody = here.policies[-1]
    for rule in (chain, everybody):
        with pytest.raises(RuleRefused):
            await database.write(archive, rule)
    await database.write(lambda tx: editing.archive(tx, calendar.id, 1, around(tx)))
    policy = everybody.definition
    assert isinstance(policy, Policy)
    by_it = replace(policy, first_response=Budget(HOUR, calendar.id))
    with pytest.raises(RuleRefused):
        await database.write(lambda tx: editing.change(tx, everybody.id, 1, "标准时限", by_it, around(tx), "a"))
    await database.write(lambda tx: editing.revive(tx, calendar.id, around(tx)))
    await database.write(lambda tx: editing.change(tx, everybody.id, 1, "标准时限", by_it, around(tx), "a"))
    with pytest.raises(RuleRefused):
        await database.write(lambda tx: editing.archive(tx, calendar.id, 1, around(tx)))


async def test_an_archived_policy_comes_back_where_it_stood(database: SQLiteDatabase) -> None:
    gold, _ = [await database.write(add, name) for name in ("金", "银")]
    await database.write(lambda tx: editing.archive(tx, gold.id, 1, around(tx)))
    assert await database.read(names) == ["银", "标准时限"]
    assert [one.id for one in await database.read(rulebook.archived, RuleKind.POLICY)] == [gold.id]
    await database.write(lambda tx: editing.revive(tx, gold.id, around(tx)))
    assert await database.read(names) == ["金", "银", "标准时限"]
