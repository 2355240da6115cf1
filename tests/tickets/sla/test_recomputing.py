"""Running clocks under changed rules: what was shown is what is done, once, and not to what has changed since."""

import random
from dataclasses import replace
from typing import Any

import pytest

from bot.workers import keep_house
from storage.blobs import Blobs
from storage.database import Row, Transaction
from tests.fakes import Clock
from tests.tickets.cast import HOUR, MINUTE, MORNING, CountingTransaction, ServiceDesk
from tickets import desk
from tickets.business_time import Calendar, Span
from tickets.clocks import receipts, recomputations, recomputing, rows
from tickets.clocks.receipts import Cause
from tickets.clocks.recomputations import Recomputation
from tickets.clocks.recomputing import RulesMoved
from tickets.errors import NotFound
from tickets.model import Metric, Role, Status, Ticket
from tickets.sessions import Lifetime
from tickets.sla import rulebook
from tickets.sla.model import Budget, Condition, ConditionField, Policy, Rule, RuleKind, Warning

DAY = (Span(9 * 3600, 12 * 3600), Span(13 * 3600 + 1800, 18 * 3600))
OFFICE = Calendar(week=(DAY,) * 5 + ((), ()), holidays="CN")
PAUSES = (Status.PENDING, Status.ON_HOLD)
DAYS = 24 * HOUR
NOON = MORNING + 7 * 24 * HOUR


def last_policy(tx: Transaction) -> Rule:
    return rulebook.in_force(tx).policies[-1]


def edit(tx: Transaction, /, now: int, **more: Any) -> Rule:
    """The policy for everybody, changed."""
    rule = last_policy(tx)
    assert isinstance(rule.definition, Policy)
    return rulebook.revise(tx, rule.id, rule.version, rule.name, replace(rule.definition, **more), "admin", now)


def looked(tx: Transaction, rule_id: str | None, now: int, limit: int = 7) -> Recomputation:
    """The whole preview, a few tickets at a time."""
    asked = recomputing.begin(tx, rule_id, "admin", now)
    while asked.looked_at is None:
        asked = recomputing.keep(tx, asked, recomputing.look(tx, asked, now, limit), now)
    return asked


def applied(tx: Transaction, asked: Recomputation, now: int, limit: int = 5) -> Recomputation:
    asked = recomputing.start_applying(tx, asked, "admin", now)
    while recomputing.apply(tx, asked, now, limit):
        pass
    return recomputations.get(tx, asked.id)


def lines(tx: Transaction, asked: Recomputation) -> list[recomputations.Shown]:
    return recomputations.shown(tx, asked.id, "", 0, 1000)


def states(tx: Transaction) -> dict[str, Row]:
    """Every clock by id, without what a stop or a sweep writes."""
    found = tx.execute(
        """
        SELECT id, metric, due_at, policy_id, policy_version, calendar_id, calendar_version, paused_at, stopped_at
        FROM clock
        """
    )
    return {row["id"]: row for row in found}


async def busy(shop: ServiceDesk, seed: int, count: int = 18) -> list[Ticket]:
    """Tickets that wait, are answered, stand still, are done, some under a policy of their own."""
    dice = random.Random(seed)
    agent = await shop.hire("li")
    made = []
    for number in range(count):
        at = MORNING + dice.randrange(48 * HOUR)
        ticket = await shop.ticket_from("轮胎多久换一次?", at, f"visitor-{number}")
        ticket = await shop.database.write(desk.take_over, ticket.number, agent, ticket.version, at + MINUTE)
        act = dice.choice(("wait", "wait", "reply", "hold", "hold-resume", "resolve"))
        if act == "reply":
            await shop.database.write(desk.reply, ticket.number, agent, "五年。", 1, f"r{number}", False, at + HOUR)
        elif act.startswith("hold"):
            ticket = await shop.database.write(desk.hold, ticket.number, agent, ticket.version, at + HOUR)
            if act == "hold-resume":
                await shop.database.write(desk.resume, ticket.number, agent, ticket.version, at + 3 * HOUR)
        elif act == "resolve":
            await shop.database.write(desk.resolve, ticket.number, agent, ticket.version, at + HOUR)
        made.append(ticket)
    return made


def some_budget(dice: random.Random, calendar_id: str) -> Budget:
    return Budget(
        dice.randrange(30, 40 * 60) * MINUTE,
        dice.choice((None, calendar_id)),
        dice.choice(((), (Warning(share=80),), (Warning(lead_ms=10 * MINUTE),))),
        dice.choice(((), PAUSES, (Status.ON_HOLD,))),
    )


def reform(tx: Transaction, dice: random.Random, now: int) -> None:
    """Other budgets, other clocks, perhaps a policy for some, perhaps a calendar changed."""
    calendar = next(rule for rule in rulebook.in_force(tx).others.values() if rule.kind is RuleKind.CALENDAR)
    assert isinstance(calendar.definition, Calendar)
    if dice.random() < 0.5:
        week = (DAY[: dice.choice((1, 2))],) * 6 + ((),)
        rulebook.revise(
            tx, calendar.id, calendar.version, calendar.name, replace(calendar.definition, week=week), "admin", now
        )
    resolution = dice.choice((None, some_budget(dice, calendar.id)))
    first, following = some_budget(dice, calendar.id), some_budget(dice, calendar.id)
    rule = edit(tx, now, first_response=first, next_response=following, resolution=resolution)
    if dice.random() < 0.5:
        assert isinstance(rule.definition, Policy)
        condition = Condition(ConditionField.VALUE_CLASS, ("VIP",))
        vip = replace(rule.definition, first_response=some_budget(dice, calendar.id), conditions=(condition,))
        rulebook.add(tx, RuleKind.POLICY, f"vip-{rule.version}", vip, "admin", 10, now)
        tx.change("UPDATE contact SET value_class = 'vip' WHERE id IN (SELECT contact_id FROM ticket LIMIT 5)")


@pytest.mark.parametrize("seed", range(8))
async def test_what_was_shown_is_what_happens(shop: ServiceDesk, seed: int) -> None:
    """Through three changes of the rules: each line of the preview is the clock's due time afterwards, and what the
    preview does not name is as it was."""
    await busy(shop, seed)
    dice = random.Random(seed)
    for turn in range(3):
        now = NOON + turn * HOUR
        await shop.database.write(reform, dice, now)
        before = await shop.database.read(states)
        asked = await shop.database.write(looked, None, now)
        assert await shop.database.read(states) == before
        wanted = await shop.rows(f"SELECT * FROM recomputed_clock WHERE recomputation_id = '{asked.id}'")
        done = await shop.database.write(applied, asked, now + MINUTE)
        after = await shop.database.read(states)
        tally = await shop.database.read(recomputations.tally, asked.id)
        assert (tally.skipped, tally.open, done.finished_at) == (0, 0, now + MINUTE)
        named = set()
        for line in wanted:
            clock = await _clock_of(shop, line)
            if clock is None:
                assert line["effect"] == "later"
                continue
            named.add(clock["id"])
            _assert_as_shown(line, clock, before, now + MINUTE)
        assert {id: row for id, row in after.items() if id not in named} == {
            id: row for id, row in before.items() if id not in named
        }
        again = await shop.database.write(looked, None, now + 2 * MINUTE)
        assert await shop.database.read(lines, again) == []


async def _clock_of(shop: ServiceDesk, line: Row) -> Row | None:
    """The clock that a line is about; one that has begun is the ticket's newest for a solution."""
    if line["effect"] == "later":
        return None
    found = await shop.rows(
        f"SELECT * FROM clock WHERE ticket_id = '{line['ticket_id']}' AND metric = '{line['metric']}' ORDER BY id"
    )
    return next((row for row in found if row["id"] == line["clock_id"]), found[-1])


def _assert_as_shown(line: Row, clock: Row, before: dict[str, Row], now: int) -> None:
    if line["effect"] == "ends":
        assert (clock["stopped_at"], clock["stop_reason"]) == (now, "not_promised")
        return
    assert clock["stopped_at"] is None
    assert (clock["policy_id"], clock["policy_version"]) == (line["policy_id"], line["policy_version"])
    assert (clock["calendar_id"], clock["calendar_version"]) == (line["calendar_id"], line["calendar_version"])
    if line["effect"] != "begins":
        assert (clock["paused_at"] is not None) == (line["effect"] == "paused")
        assert before[clock["id"]]["due_at"] == line["old_due_at"]
    if line["new_due_at"] is not None:
        assert clock["due_at"] == line["new_due_at"]
    if line["effect"] == "same":
        assert line["new_due_at"] == line["old_due_at"]


async def test_the_receipt_and_the_ticket_say_who_had_it_done(shop: ServiceDesk) -> None:
    ticket = await shop.ticket_from("轮胎多久换一次?", MORNING)
    admin = await shop.hire("admin", Role.ADMIN)
    await shop.database.write(edit, MORNING + HOUR, first_response=Budget(2 * HOUR))
    asked = await shop.database.write(looked, None, MORNING + HOUR)
    asked = await shop.database.write(recomputing.start_applying, asked, admin.id, MORNING + HOUR)
    await shop.database.write(recomputing.apply, asked, MORNING + HOUR)
    clock = (await shop.database.read(rows.of_ticket, ticket.id))[0]
    told = (await shop.database.read(receipts.of_clock, clock.id))[-1]
    assert (told.cause, told.by_agent_id, told.due_at) == (Cause.RECOMPUTED, admin.id, MORNING + 2 * HOUR)
    assert (told.policy_version, told.budget_ms) == (2, 2 * HOUR)
    kept = await shop.ticket(ticket.number)
    assert (kept.policy_version, kept.policy_at) == (2, MORNING + HOUR)
    happened = await shop.rows("SELECT action, agent_id FROM ticket_event WHERE action = 'recompute'")
    assert happened == [{"action": "recompute", "agent_id": admin.id}]


async def test_a_clock_that_changed_since_is_skipped_and_named(shop: ServiceDesk) -> None:
    """Of three tickets one is answered and one held before it is done; only the third is recomputed."""
    agent = await shop.hire("li")
    made = [await shop.ticket_from("轮胎多久换一次?", MORNING + n, f"v-{n}") for n in range(3)]
    pausing = Budget(2 * HOUR, pauses=PAUSES)
    await shop.database.write(edit, MORNING + 1, first_response=Budget(3 * HOUR, pauses=PAUSES), next_response=pausing)
    asked = await shop.database.write(looked, None, MORNING + HOUR)
    answered = await shop.database.write(desk.take_over, made[0].number, agent, made[0].version, MORNING + HOUR)
    await shop.database.write(desk.reply, answered.number, agent, "五年。", 1, "r", False, MORNING + HOUR)
    taken = await shop.database.write(desk.take_over, made[1].number, agent, made[1].version, MORNING + HOUR)
    await shop.database.write(desk.hold, taken.number, agent, taken.version, MORNING + HOUR)
    await shop.database.write(applied, asked, MORNING + 2 * HOUR)
    found = {one.ticket_number: one.outcome for one in await shop.database.read(lines, asked)}
    assert found == {made[0].number: "skipped", made[1].number: "skipped", made[2].number: "done"}
    assert (await shop.database.read(rows.of_ticket, made[1].id))[0].policy_version == 1


async def test_applying_twice_does_it_once(shop: ServiceDesk) -> None:
    for number in range(6):
        await shop.ticket_from("轮胎多久换一次?", MORNING + number, f"v-{number}")
    await shop.database.write(edit, MORNING + 10, first_response=Budget(2 * HOUR))
    asked = await shop.database.write(looked, None, MORNING + HOUR)
    asked = await shop.database.write(recomputing.start_applying, asked, "admin", MORNING + HOUR)
    assert await shop.database.write(recomputing.apply, asked, MORNING + HOUR, 4)
    halfway = await shop.database.read(recomputations.tally, asked.id)
    assert (halfway.done, halfway.open) == (4, 2)
    await shop.database.write(applied, asked, MORNING + 2 * HOUR)
    await shop.database.write(applied, asked, MORNING + 3 * HOUR)
    count = await shop.rows("SELECT COUNT(*) AS n FROM receipt WHERE cause = 'recomputed'")
    assert count == [{"n": 6}]


async def test_nothing_is_done_under_rules_that_nobody_saw(shop: ServiceDesk) -> None:
    await shop.ticket_from("轮胎多久换一次?", MORNING)
    await shop.database.write(edit, MORNING + 1, first_response=Budget(2 * HOUR))
    asked = await shop.database.write(looked, None, MORNING + HOUR)
    await shop.database.write(edit, MORNING + HOUR, first_response=Budget(1 * HOUR))
    with pytest.raises(RulesMoved):
        await shop.database.write(applied, asked, MORNING + HOUR)
    assert await shop.rows("SELECT COUNT(*) AS n FROM receipt WHERE cause = 'recomputed'") == [{"n": 0}]


async def test_of_one_rule_only_the_tickets_that_it_concerns_are_looked_at(shop: ServiceDesk) -> None:
    await shop.ticket_from("轮胎多久换一次?", MORNING, "v-plain")
    vip = await shop.ticket_from("轮胎多久换一次?", MORNING, "v-vip")

    def reform(tx: Transaction) -> str:
        rule = edit(tx, MORNING + 1, first_response=Budget(3 * HOUR))
        assert isinstance(rule.definition, Policy)
        condition = Condition(ConditionField.VALUE_CLASS, ("VIP",))
        tx.change("UPDATE contact SET value_class = 'VIP' WHERE id = :id", {"id": vip.contact_id})
        special = replace(rule.definition, first_response=Budget(HOUR), conditions=(condition,))
        return rulebook.add(tx, RuleKind.POLICY, "vip", special, "admin", 10, MORNING + 1).id

    rule_id = await shop.database.write(reform)
    asked = await shop.database.write(looked, rule_id, MORNING + 2 * HOUR)
    found = await shop.database.read(lines, asked)
    assert [(one.ticket_number, one.newly_overdue, one.new_due_at) for one in found] == [
        (vip.number, True, MORNING + HOUR)
    ]


async def test_a_solution_promised_anew_counts_from_the_first_wait(shop: ServiceDesk) -> None:
    """Promised, promised no more, promised again: the clock is the same and counts as if it had run all the time."""
    ticket = await shop.ticket_from("轮胎多久换一次?", MORNING)
    for number, (budget, effect) in enumerate(
        ((Budget(24 * HOUR), "begins"), (None, "ends"), (Budget(48 * HOUR), "begins"), (None, "ends"))
    ):
        now = MORNING + (number + 1) * HOUR
        await shop.database.write(edit, now, resolution=budget)
        asked = await shop.database.write(looked, None, now)
        assert effect in {one.effect for one in await shop.database.read(lines, asked)}
        await shop.database.write(applied, asked, now)
        clocks = [
            clock for clock in await shop.database.read(rows.of_ticket, ticket.id) if clock.metric is Metric.RESOLUTION
        ]
        assert len(clocks) == 1
        assert (clocks[0].stopped_at is None) == (budget is not None)
        if budget is not None:
            assert clocks[0].due_at == MORNING + budget.length_ms


async def test_looking_takes_the_same_few_statements_however_many_tickets_there_are(shop: ServiceDesk) -> None:
    counts = []
    for start, more in ((0, 3), (3, 20)):
        for number in range(start, start + more):
            await shop.ticket_from("轮胎多久换一次?", MORNING + number, f"v-{number}")
        await shop.database.write(edit, MORNING + HOUR, first_response=Budget((3 + start) * HOUR))
        asked = await shop.database.write(recomputing.begin, None, "admin", MORNING + HOUR)

        def count(tx: Transaction, asked: Recomputation = asked) -> int:
            counting = CountingTransaction(tx)
            recomputing.look(counting, asked, MORNING + HOUR, 1000)
            return counting.statements

        counts.append(await shop.database.read(count))
    assert counts[0] == counts[1] <= 5


async def test_the_house_forgets_what_was_only_looked_at_after_a_week_and_what_was_done_after_200_days(
    shop: ServiceDesk,
) -> None:
    ticket = await shop.ticket_from("轮胎多久换一次?", MORNING)
    await shop.database.write(edit, MORNING, first_response=Budget(6 * HOUR))
    done = await shop.database.write(looked, None, MORNING)
    await shop.database.write(applied, done, MORNING)
    await shop.database.write(edit, MORNING, first_response=Budget(3 * HOUR))
    only_looked = [await shop.database.write(looked, None, MORNING + number) for number in range(2)]
    clock = Clock(MORNING + 7 * DAYS + 1)
    turn = keep_house(shop.database, Blobs(shop.database.folder), Lifetime(HOUR, HOUR, HOUR), clock)
    assert await kept(shop) == ({done.id, *(one.id for one in only_looked)}, 3)
    await turn()
    assert await kept(shop) == ({done.id, only_looked[1].id}, 2)
    with pytest.raises(NotFound):
        await shop.database.write(recomputing.start_applying, only_looked[0], "admin", clock())
    clock.now = MORNING + 200 * DAYS
    await turn()
    assert await kept(shop) == ({done.id}, 1)
    clock.advance(1)
    await turn()
    assert await kept(shop) == (set(), 0)
    (waiting,) = await shop.database.read(rows.of_ticket, ticket.id)
    assert (await shop.database.read(receipts.of_clock, waiting.id))[-1].cause is Cause.RECOMPUTED, "what it did stays"


async def kept(shop: ServiceDesk) -> tuple[set[str], int]:
    """The recomputations that are there, and how many clocks they tell of."""
    found = await shop.rows("SELECT id FROM recomputation")
    return {row["id"] for row in found}, len(await shop.rows("SELECT clock_id FROM recomputed_clock"))


async def test_clocks_reckoned_without_a_year_are_counted(shop: ServiceDesk) -> None:
    """60 working hours from 21 November 2026 end before the unknown part of the year; 300 do not."""
    calendar = next(
        rule for rule in (await shop.database.read(rulebook.in_force)).others.values() if rule.kind is RuleKind.CALENDAR
    )
    for hours in (60, 300):
        await shop.database.write(edit, MORNING, first_response=Budget(hours * HOUR, calendar.id))
        await shop.ticket_from("轮胎多久换一次?", MORNING, f"v-{hours}")
    assert await shop.database.read(recomputing.reckoned_without) == {(2027,): 1}
