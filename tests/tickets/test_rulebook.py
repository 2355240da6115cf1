"""Rules as rows: versions, what is in force, which policy is chosen, and the first rules."""

from dataclasses import replace

import pytest

from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.tickets import test_people
from tests.tickets.cast import HOUR, MORNING
from tickets.business_time import NATURAL, Calendar
from tickets.errors import Conflict, NotFound
from tickets.model import Status
from tickets.sla import choice, rulebook, seeding
from tickets.sla.model import Budget, Condition, ConditionField, Definition, Facts, Policy, Rule, RuleKind, Warning

Field = ConditionField


def policy(*conditions: Condition, chain_id: str = "c") -> Policy:
    budget = Budget(HOUR, None, (Warning(share=50), Warning(lead_ms=60_000)), (Status.ON_HOLD,))
    return Policy(budget, replace(budget, length_ms=2 * HOUR), None, chain_id, conditions)


def rule(name: str, position: int, *conditions: Condition) -> Rule:
    return Rule(name, RuleKind.POLICY, position, 1, name, policy(*conditions), "settings", 0, None)


GOLD = Facts("chat", "high", "投诉", "t1", "金卡", (("车型", "EV6"), ("Vehicle model", "EV6")))


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        (Condition(Field.CHANNEL, ("mail", "chat")), True),
        (Condition(Field.CHANNEL, ("mail",)), False),
        (Condition(Field.PRIORITY, ("high",)), True),
        (Condition(Field.CATEGORY, ("投诉",)), True),
        (Condition(Field.TEAM, ("t1", "t2")), True),
        (Condition(Field.VALUE_CLASS, (" 金卡 ",)), True),
        (Condition(Field.VALUE_CLASS, ()), False),
        (Condition(Field.ATTRIBUTE, ("ev6",), "车型"), True),
        (Condition(Field.ATTRIBUTE, ("ev6",), "城市"), False),
        (Condition(Field.ATTRIBUTE, ("ev6",), "vehicle  Model"), True),
    ],
)
def test_a_condition_fits_one_of_its_values(condition: Condition, fits: bool) -> None:
    assert choice.fits(condition, GOLD) is fits


def test_the_first_policy_counts_whose_conditions_all_fit() -> None:
    book = [
        rule("both", 1, Condition(Field.CHANNEL, ("chat",)), Condition(Field.VALUE_CLASS, ("白金",))),
        rule("gold", 2, Condition(Field.VALUE_CLASS, ("金卡",))),
        rule("rest", 3),
    ]
    assert choice.choose(book, GOLD).id == "gold"
    assert choice.choose(book, Facts("mail")).id == "rest"


async def test_a_rule_keeps_every_version_and_refuses_who_did_not_see_the_newest(database: SQLiteDatabase) -> None:
    made = await database.write(rulebook.add, RuleKind.POLICY, "甲", policy(), "zhou", 5, MORNING)
    second = await database.write(rulebook.revise, made.id, 1, "乙", policy(chain_id="d"), "chen", MORNING + 1)
    with pytest.raises(Conflict):
        await database.write(rulebook.revise, made.id, 1, "丙", policy(), "zhou", MORNING + 2)
    assert [(one.version, one.name, one.changed_by) for one in await database.read(rulebook.versions, made.id)] == [
        (2, "乙", "chen"), (1, "甲", "zhou"),
    ]  # fmt: skip
    assert await database.read(rulebook.get_rule, made.id, 1) == replace(made, version=1)
    assert await database.read(rulebook.get_rule, made.id) == second
    with pytest.raises(NotFound):
        await database.read(rulebook.get_rule, made.id, 9)


async def test_a_rule_can_be_asked_as_it_stood_at_a_moment(database: SQLiteDatabase) -> None:
    made = await database.write(rulebook.add, RuleKind.CALENDAR, "甲", NATURAL, "zhou", 0, MORNING)
    await database.write(rulebook.revise, made.id, 1, "乙", Calendar(holidays="CN"), "zhou", MORNING + 10)
    for at, name in ((MORNING - 1, "甲"), (MORNING, "甲"), (MORNING + 9, "甲"), (MORNING + 10, "乙")):
        assert (await database.read(rulebook.as_of, made.id, at)).name == name


async def test_an_archived_rule_is_not_in_force_and_can_still_be_read(database: SQLiteDatabase) -> None:
    made = await database.write(rulebook.add, RuleKind.POLICY, "甲", policy(), "zhou", 5, MORNING)
    assert await database.write(rulebook.archive, made.id, MORNING)
    assert not await database.write(rulebook.archive, made.id, MORNING)
    assert made.id not in {one.id for one in (await database.read(rulebook.in_force)).policies}
    assert (await database.read(rulebook.get_rule, made.id)).archived_at == MORNING


async def test_a_changed_setting_is_followed_until_somebody_edits_the_rule(database: SQLiteDatabase) -> None:
    async def reply_ms() -> int:
        last = (await database.read(rulebook.in_force)).policies[-1].definition
        assert isinstance(last, Policy)
        return last.first_response.length_ms

    seed = seeding.Seed(6 * HOUR, 80, rules.chain(), rules.ZONE, rules.NAMES)
    await database.write(seeding.seed, seed, MORNING + 1)
    assert await reply_ms() == 6 * HOUR
    await database.write(seeding.seed, seed, MORNING + 2)
    last = (await database.read(rulebook.in_force)).policies[-1]
    assert last.version == 2
    edited = replace(policy(), chain_id=last.definition.chain_id)  # type: ignore[union-attr]
    await database.write(rulebook.revise, last.id, 2, "自己定的", edited, "zhou", MORNING + 3)
    await database.write(seeding.seed, replace(seed, reply_ms=3 * HOUR), MORNING + 4)
    assert await reply_ms() == HOUR


async def test_the_first_rules_hold_a_calendar_of_working_hours(database: SQLiteDatabase) -> None:
    book = await database.read(rulebook.in_force)
    assert book.named(RuleKind.CALENDAR).keys() == {
        one.id for one in book.others.values() if one.kind is RuleKind.CALENDAR
    }
    ((calendar_id, name),) = book.named(RuleKind.CALENDAR).items()
    assert name == "工作时间"
    assert book.calendar(calendar_id).holidays == "CN"
    assert book.calendar(None) is NATURAL


@pytest.mark.parametrize("kind", list(RuleKind))
def test_every_kind_of_rule_is_written_and_read_alike(kind: RuleKind) -> None:
    examples: dict[RuleKind, Definition] = {
        RuleKind.POLICY: policy(Condition(Field.ATTRIBUTE, ("EV6",), "车型")),
        RuleKind.CALENDAR: Calendar(holidays="CN"),
        RuleKind.CHAIN: rules.chain(),
        RuleKind.ROTA: test_people.ROTA,
    }
    assert rulebook.read(kind, rulebook.written(kind, examples[kind])) == examples[kind]
