"""What happens along the way: warnings, acknowledgements that end, snoozes, pauses, and refused answers."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.rules import sweep_and_tell
from tests.tickets.cast import HOUR, MINUTE, MORNING, ServiceDesk
from tickets import desk
from tickets.clocks import receipts, rows, terms, waits
from tickets.clocks.receipts import Cause
from tickets.errors import NotAllowed
from tickets.escalation.acknowledging import acknowledge, rest_of
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell
from tickets.model import AlertKind, Clock, Metric, Reason, Status
from tickets.sla import rulebook
from tickets.sla.model import Budget, Level, Policy, Rota, RuleKind, Warning

DUE = MORNING + 12 * HOUR
Levels = Callable[[int], Any]


@pytest.fixture
def raised(shop: ServiceDesk) -> Levels:
    """Sweeps and tells; the levels that were raised."""

    async def at(now: int) -> list[int]:
        return [one.level for one in await shop.database.write(sweep_and_tell, now)]

    return at


async def promise(database: SQLiteDatabase, definition: Callable[[str], Policy], **chain: Any) -> None:
    """Everybody gets this from now on."""

    def change(tx: Transaction) -> None:
        last = rulebook.in_force(tx).policies[-1]
        made = rulebook.add(tx, RuleKind.CHAIN, "链", rules.chain(**chain), "zhou", 0, MORNING - 1)
        rulebook.revise(tx, last.id, last.version, last.name, definition(made.id), "zhou", MORNING - 1)

    await database.write(change)


def half_day(chain_id: str) -> Policy:
    budget = Budget(12 * HOUR, warnings=(Warning(share=50), Warning(lead_ms=HOUR)), pauses=(Status.ON_HOLD,))
    resolution = Budget(48 * HOUR, pauses=(Status.PENDING, Status.ON_HOLD))
    return Policy(budget, budget, resolution, chain_id)


async def test_warnings_come_before_the_breach_and_the_chain_after_it(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day)
    await shop.ticket_from("转人工", MORNING)
    moments = [MORNING + 6 * HOUR, DUE - HOUR, DUE, DUE + 30 * MINUTE]
    for moment, level in zip(moments, (-1, 0, 1, 2), strict=True):
        assert await raised(moment - 1) == []
        assert await raised(moment) == [level]
    kinds = [row["kind"] for row in await shop.rows("SELECT kind FROM alert ORDER BY level")]
    assert kinds == [AlertKind.WARNING, AlertKind.WARNING, AlertKind.BREACH, AlertKind.ESCALATION]


async def test_a_warning_that_was_acknowledged_does_not_silence_the_breach(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await raised(MORNING + 6 * HOUR) == [-1]
    assert await database.write(acknowledge, ticket.number, zhou, MORNING + 7 * HOUR) == 1
    assert await raised(DUE - HOUR) == [0]
    assert await raised(DUE) == [1]


async def test_after_a_downtime_over_warning_and_breach_both_come_late(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day)
    await shop.ticket_from("转人工", MORNING)
    levels = [level for _ in range(4) for level in await raised(DUE + HOUR)]
    assert levels == [-1, 0, 1]
    assert {row["late"] for row in await shop.rows("SELECT late FROM alert")} == {1}


async def test_an_acknowledgement_rests_the_chain_for_as_long_as_it_says(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, acknowledged_for_ms=4 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await raised(MORNING + 6 * HOUR), await raised(DUE - HOUR), await raised(DUE)
    await database.write(acknowledge, ticket.number, zhou, DUE + MINUTE)
    assert await raised(DUE + 4 * HOUR + MINUTE - 1) == []
    assert await raised(DUE + 4 * HOUR + MINUTE) == [2]


async def test_a_snooze_needs_a_reason_and_is_bounded_by_the_chain(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, longest_snooze_ms=2 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert [await raised(DUE) for _ in range(3)] == [[-1], [0], [1]]
    assert (await database.read(rest_of, ticket.id)).longest_snooze_ms == 2 * HOUR
    for length, reason in ((HOUR, " "), (2 * HOUR + 1, "等配件"), (0, "等配件")):
        with pytest.raises(NotAllowed):
            await database.write(acknowledge, ticket.number, zhou, DUE + 1, length, reason)
    assert await database.write(acknowledge, ticket.number, zhou, DUE + 1, HOUR, "等配件") == 3
    (kept,) = await shop.rows("SELECT snoozed, until, reason FROM acknowledgement WHERE until IS NOT NULL")
    assert kept == {"snoozed": 1, "until": DUE + 1 + HOUR, "reason": "等配件"}
    assert await raised(DUE + HOUR) == []
    assert await raised(DUE + 1 + HOUR) == [2]


async def test_who_acknowledges_before_anybody_was_told_is_not_told_any_more(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await database.write(sweep, DUE, MINUTE) == 1
    assert await database.write(acknowledge, ticket.number, zhou, DUE) == 1
    assert await database.write(tell, DUE, rules.RULES, rules.WAYS) == []
    assert await database.write(sweep, DUE + 99 * HOUR, MINUTE) == 0


async def test_on_hold_stands_still_where_the_policy_says_so_and_moves_what_follows(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, MORNING + HOUR)
    assert await raised(DUE + 99 * HOUR) == []
    clock = await shop.clock()
    assert clock is not None
    assert (clock.paused_at, clock.next_alert_at) == (MORNING + HOUR, None)
    await database.write(desk.resume, ticket.number, zhou, held.version, MORNING + 4 * HOUR)
    clock = await shop.clock()
    assert clock is not None
    assert clock.plan == (MORNING + 9 * HOUR, DUE + 2 * HOUR, DUE + 3 * HOUR)
    causes = [one.cause for one in await database.read(receipts.of_clock, clock.id)]
    assert causes == ["opened", "paused", "resumed"]


async def test_an_acknowledgement_while_the_clock_stands_still_lasts_as_long_as_it_says_and_no_longer(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, acknowledged_for_ms=4 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert [await raised(DUE) for _ in range(3)] == [[-1], [0], [1]]
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, DUE + MINUTE)
    assert await database.write(acknowledge, ticket.number, zhou, DUE + 2 * MINUTE) == 3
    await database.write(desk.resume, ticket.number, zhou, held.version, DUE + HOUR)
    until = DUE + 2 * MINUTE + 4 * HOUR
    assert await raised(until - 1) == []
    assert await raised(until) == [2]


async def test_taking_notice_of_a_promise_that_lies_ahead_again_brings_nothing_forward(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, acknowledged_for_ms=4 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert [await raised(DUE) for _ in range(3)] == [[-1], [0], [1]]
    await promise(database, lambda chain: Policy(Budget(30 * HOUR), Budget(30 * HOUR), None, chain))
    terms_now = await database.read(lambda tx: terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), DUE))
    await database.write(waits.recompute, ticket, terms_now, Cause.CHANGED, DUE + 1, None)
    assert await database.write(acknowledge, ticket.number, zhou, DUE + 2) == 3
    assert await raised(MORNING + 30 * HOUR - 1) == []
    assert await raised(MORNING + 30 * HOUR) == [2]


async def test_an_acknowledgement_holds_although_the_promise_lay_ahead_for_a_while(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, acknowledged_for_ms=4 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    short = await database.read(lambda tx: terms.of_ticket(tx, ticket, DUE))
    assert [await raised(DUE) for _ in range(3)] == [[-1], [0], [1]]
    await database.write(acknowledge, ticket.number, zhou, DUE + 1)
    await promise(database, lambda chain: Policy(Budget(30 * HOUR), Budget(30 * HOUR), None, chain))
    longer = await database.read(lambda tx: terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), DUE))
    for terms_now, moment in ((longer, DUE + HOUR), (short, DUE + 2 * HOUR)):
        await database.write(waits.recompute, ticket, terms_now, Cause.CHANGED, moment, None)
    assert await raised(DUE + 4 * HOUR) == []
    assert await raised(DUE + 4 * HOUR + 1) == [2]


async def test_a_resolution_counts_only_the_time_in_which_it_is_ours(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await promise(database, half_day)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    taken = await database.write(desk.take_over, ticket.number, zhou, ticket.version, MORNING)
    await database.write(desk.reply, taken.number, zhou, "请问是哪辆车？", 1, "r-1", False, MORNING + HOUR)
    await shop.customer_says("EV6", MORNING + 5 * HOUR)
    (resolution,) = [one for one in await database.read(rows.of_ticket, ticket.id) if one.metric is Metric.RESOLUTION]
    assert resolution.due_at == MORNING + 52 * HOUR
    ticket = await shop.ticket(ticket.number)
    done = await database.write(desk.resolve, ticket.number, zhou, ticket.version, MORNING + 6 * HOUR)
    await database.write(desk.reopen, done.number, zhou, done.version, MORNING + 30 * HOUR)
    (resolution,) = [one for one in await database.read(rows.of_ticket, ticket.id) if one.metric is Metric.RESOLUTION]
    assert (resolution.stopped_at, resolution.due_at) == (None, MORNING + 76 * HOUR)


async def refused(shop: ServiceDesk) -> Clock:
    """The customer says in the afternoon that the answer was none; the clock that runs then."""
    await shop.customer_says("没解决", MORNING + 3 * HOUR)
    await shop.hand_over(MORNING + 3 * HOUR, Reason.NOT_SOLVED)
    clock = await shop.clock()
    assert clock is not None
    return clock


async def test_an_answer_that_the_customer_refuses_was_none(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎?", MORNING)
    assert await shop.bot_says("六万公里。", MORNING + 1_000)
    clock = await refused(shop)
    assert (clock.started_at, clock.due_at) == (MORNING, DUE + 3 * HOUR - 1_000)


async def test_an_answer_can_be_refused_although_the_clock_was_a_day_ahead_before(shop: ServiceDesk) -> None:
    await shop.customer_says("电瓶?", MORNING + 24 * HOUR)
    assert await shop.bot_says("三年。", MORNING + 24 * HOUR + 1_000)
    await shop.customer_says("轮胎?", MORNING)
    assert await shop.bot_says("六万公里。", MORNING + 1_000)
    assert (await refused(shop)).started_at == MORNING


async def test_an_acknowledgement_holds_although_the_clock_was_a_day_ahead_when_the_alert_was_raised(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day, acknowledged_for_ms=4 * HOUR)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    for level in (-1, 0, 1):
        assert await raised(DUE + 24 * HOUR) == [level]
    assert await database.write(acknowledge, ticket.number, zhou, DUE + HOUR) == 3
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, DUE + 2 * HOUR)
    await database.write(desk.resume, ticket.number, zhou, held.version, DUE + 2 * HOUR)
    assert await raised(DUE + 5 * HOUR - 1) == []
    assert await raised(DUE + 5 * HOUR) == [2]


async def test_the_first_answer_and_those_that_follow_are_measured_apart(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, MORNING + HOUR)
    await shop.customer_says("多少钱?", MORNING + 2 * HOUR)
    metrics = [one.metric for one in await database.read(rows.of_ticket, ticket.id)]
    assert metrics == [Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE]
    assert (await shop.ticket(ticket.number)).first_answered_at == MORNING + HOUR


async def test_clocks_from_before_there_were_policies_run_on(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    zhou = await shop.hire("zhou")
    await database.write(
        lambda tx: tx.change("UPDATE clock SET policy_id = NULL, policy_version = NULL, plan_json = '[]'")
    )
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, MORNING + HOUR)
    await database.write(desk.resume, ticket.number, zhou, held.version, MORNING + 2 * HOUR)
    assert [one.level for one in await database.write(sweep_and_tell, DUE)] == [1]
    assert [one.level for one in await database.write(sweep_and_tell, DUE + 30 * MINUTE)] == [2]
    assert await database.write(acknowledge, ticket.number, zhou, DUE + HOUR) == 2
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, DUE + HOUR)


async def test_an_old_clock_that_ended_before_anybody_was_told_goes_on_at_the_next_level(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    zhou = await shop.hire("zhou")
    await database.write(
        lambda tx: tx.change("UPDATE clock SET policy_id = NULL, policy_version = NULL, plan_json = '[]'")
    )
    assert await database.write(sweep, DUE, MINUTE) == 1
    done = await database.write(desk.resolve, ticket.number, zhou, ticket.version, DUE + MINUTE)
    await database.write(desk.reopen, done.number, zhou, done.version, DUE + 2 * MINUTE)
    assert await raised(DUE + 3 * MINUTE) == [2]


async def test_a_wait_that_goes_on_beside_a_live_ticket_is_that_tickets(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    await promise(database, half_day)
    zhou = await shop.hire("zhou")
    await shop.customer_says("轮胎?", MORNING)
    assert await shop.bot_says("六万公里。", MORNING + 1_000)
    ticket = await shop.ticket_from("转人工", MORNING + HOUR)
    await shop.customer_says("刚才的没解决", MORNING + 2 * HOUR)
    await shop.hand_over(MORNING + 2 * HOUR, Reason.NOT_SOLVED)
    clock = await shop.clock()
    assert clock is not None
    assert (clock.started_at, clock.ticket_id, clock.needs_person) == (MORNING, ticket.id, True)
    for level in (-1, 0, 1):
        assert await raised(DUE + HOUR) == [level]
    assert await database.write(acknowledge, ticket.number, zhou, DUE + HOUR) == 3
    assert await raised(DUE + 2 * HOUR) == []


async def test_what_a_clock_stood_still_until_the_answer_put_off_its_due_time(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await promise(database, half_day)
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.hold, ticket.number, zhou, ticket.version, MORNING + HOUR)
    await database.write(desk.reply, ticket.number, zhou, "换好了。", 1, "r-1", False, DUE + HOUR)
    (row,) = await shop.rows("SELECT due_at, stopped_at FROM clock WHERE metric = 'first_response'")
    assert row == {"due_at": DUE + 12 * HOUR, "stopped_at": DUE + HOUR}


async def test_who_is_promised_by_an_old_version_is_told_by_its_chain_and_rota_although_both_are_archived(
    shop: ServiceDesk, database: SQLiteDatabase, raised: Levels
) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")

    def on_duty(tx: Transaction) -> tuple[str, str]:
        rota = Rota((zhou.id,), date(2026, 11, 1), 7, 0, rules.ZONE)
        rota_id = rulebook.add(tx, RuleKind.ROTA, "值班", rota, "zhou", 0, MORNING - 1).id
        levels = (Level("duty", 0, (f"rota:{rota_id}",), ("mail",)),)
        last = rulebook.in_force(tx).policies[-1]
        chain_id = rulebook.add(tx, RuleKind.CHAIN, "值班链", rules.chain(levels), "zhou", 0, MORNING - 1).id
        rulebook.revise(tx, last.id, last.version, last.name, half_day(chain_id), "zhou", MORNING - 1)
        return rota_id, chain_id

    rota_id, chain_id = await database.write(on_duty)
    await shop.ticket_from("转人工", MORNING)
    await promise(database, half_day)
    for rule_id in (chain_id, rota_id):
        assert await database.write(rulebook.archive, rule_id, MORNING + HOUR)
    assert [await raised(DUE) for _ in range(3)] == [[-1], [0], [1]]
    assert [row["recipient"] for row in await shop.rows("SELECT recipient FROM notice")] == ["zhou@example.com"]
