"""Broken promises: raised once, late rather than never, until somebody acknowledges or answers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests.rules import RULES, WAYS, ZONE, open_alerts, sweep_and_tell
from tests.tickets.cast import HOUR, MINUTE, MORNING, SECOND, Explained, ServiceDesk
from tickets import desk
from tickets.errors import NotFound
from tickets.escalation import outages, outcomes, rescuing
from tickets.escalation.acknowledging import acknowledge
from tickets.escalation.notices import addressees
from tickets.escalation.people import Staff, told
from tickets.escalation.raised import Raised
from tickets.escalation.sweeping import next_due
from tickets.escalation.sweeping import sweep as raise_due
from tickets.escalation.telling import tell, untold_at
from tickets.model import Agent, AlertKind, MessageKind, Metric, Role, Status
from tickets.sla.model import Level

DUE = MORNING + 12 * HOUR


async def sweep(shop: ServiceDesk, now: int) -> list[Raised]:
    return await shop.database.write(sweep_and_tell, now)


async def queued(shop: ServiceDesk) -> list[tuple[str, str]]:
    """Who is to be told of each alert, in the order in which they were raised: topic and recipient."""
    rows = await shop.rows(
        """
        SELECT n.transport, n.recipient
        FROM notice_alert x JOIN notice n ON n.id = x.notice_id JOIN alert a ON a.id = x.alert_id
        WHERE n.state = 'queued' ORDER BY a.raised_at, n.transport, n.recipient
        """
    )
    return [(f"alert.{row['transport']}", row["recipient"]) for row in rows]


async def test_an_answer_in_time_raises_nothing(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, DUE - 1)
    assert await sweep(shop, DUE + HOUR) == []
    assert await queued(shop) == []


async def test_silence_raises_an_alert_at_the_due_time_and_not_before(shop: ServiceDesk) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await sweep(shop, DUE - 1) == []
    (alert,) = await sweep(shop, DUE)
    assert (alert.ticket_id, alert.level, alert.planned_at, alert.raised_at, alert.late) == (
        ticket.id, 1, DUE, DUE, False,
    )  # fmt: skip
    assert await sweep(shop, DUE) == []
    assert await queued(shop) == [("alert.mail", "zhou@example.com")]


async def test_who_only_reads_entries_is_not_alerted(shop: ServiceDesk) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    await shop.hire("he", Role.READER, "he@example.com")
    await shop.ticket_from("转人工", MORNING)
    await sweep(shop, DUE)
    assert await queued(shop) == [("alert.mail", "zhou@example.com")]


async def test_being_acknowledged_by_the_bot_is_no_answer(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await shop.bot_says("工单 2611-0001 已登记。", MORNING + 1, MessageKind.HANDOFF)
    await shop.bot_says("请留下电话。", MORNING + 2, MessageKind.NOTICE)
    await database.write(desk.reply, ticket.number, zhou, "收到，请稍候", 3, "r-1", False, MORNING + 3)
    assert len(await sweep(shop, DUE)) == 1


async def test_a_wait_that_never_became_a_ticket_becomes_one(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎多久换一次?", MORNING)
    (alert,) = await sweep(shop, DUE)
    (row,) = await shop.rows("SELECT id, subject, reason, status FROM ticket")
    assert row == {"id": alert.ticket_id, "subject": "轮胎多久换一次?", "reason": "unanswered", "status": "new"}
    clock = await shop.clock()
    assert clock is not None
    assert (clock.needs_person, clock.due_at) == (True, DUE)
    assert not await shop.bot_says("六万公里。", DUE + 1)


async def test_a_resolved_ticket_is_reopened_for_a_wait_that_came_soon_after(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.resolve, ticket.number, zhou, ticket.version, MORNING + HOUR)
    await shop.customer_says("还是不行", MORNING + 2 * HOUR)
    (alert,) = await sweep(shop, DUE + 2 * HOUR)
    assert alert.ticket_id == ticket.id
    assert (await shop.ticket(ticket.number)).status is Status.OPEN


async def test_the_chain_rises_by_level_and_then_repeats_with_the_last_levels_people(shop: ServiceDesk) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    await shop.hire("chen", Role.SUPERVISOR, "chen@example.com")
    await shop.ticket_from("转人工", MORNING)
    moments = [DUE, DUE + 30 * MINUTE, DUE + 90 * MINUTE, DUE + 150 * MINUTE]
    levels = []
    for moment in moments:
        assert await sweep(shop, moment - 1) == []
        levels += [alert.level for alert in await sweep(shop, moment)]
    assert levels == [1, 2, 3, 4]
    leads = [("alert.mail", "chen@example.com"), ("alert.mail", "duty@example.com"), ("alert.webhook", "everyone")]
    first = [("alert.mail", "chen@example.com"), ("alert.mail", "zhou@example.com")]
    assert await queued(shop) == [*first, *leads, *leads, *leads]


async def test_after_a_downtime_there_is_one_late_alert_and_the_chain_counts_from_it(shop: ServiceDesk) -> None:
    await shop.ticket_from("转人工", MORNING)
    back = DUE + 24 * HOUR
    (alert,) = await sweep(shop, back)
    assert (alert.planned_at, alert.raised_at, alert.late, alert.level) == (DUE, back, True, 1)
    assert await sweep(shop, back + 30 * MINUTE - 1) == []
    (second,) = await sweep(shop, back + 30 * MINUTE)
    assert (second.level, second.late) == (2, False)


@pytest.mark.parametrize(("delay", "late"), [(0, False), (MINUTE, False), (MINUTE + 1, True)])
async def test_an_alert_is_late_only_beyond_the_allowance(shop: ServiceDesk, delay: int, late: bool) -> None:
    await shop.ticket_from("转人工", MORNING)
    (alert,) = await sweep(shop, DUE + delay)
    assert alert.late is late


async def test_a_clock_set_back_raises_nothing_twice(shop: ServiceDesk) -> None:
    await shop.ticket_from("转人工", MORNING)
    assert len(await sweep(shop, DUE)) == 1
    assert await sweep(shop, DUE - HOUR) == []
    assert await sweep(shop, DUE + 1) == []


async def test_a_backlog_is_swept_in_order_and_none_is_skipped(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    for n in range(7):
        await shop.customer_says("在吗?", MORNING + n * SECOND, f"visitor-{n}")
    late = DUE + HOUR
    sizes, planned = [], []
    for _ in range(4):
        sizes.append(await database.write(raise_due, late, MINUTE, 3))
        planned += [alert.planned_at for alert in await database.write(tell, late, RULES, WAYS)]
    assert sizes == [3, 3, 1, 0]
    assert planned == [DUE + n * SECOND for n in range(7)]


async def test_of_racing_sweeps_one_raises_the_alert(shop: ServiceDesk) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    await shop.ticket_from("转人工", MORNING)
    raised = await asyncio.gather(*(sweep(shop, DUE) for _ in range(20)))
    assert sorted(len(alerts) for alerts in raised) == [0] * 19 + [1]
    assert len(await queued(shop)) == 1


@pytest.mark.parametrize("answer_first", [True, False])
async def test_answer_and_deadline_at_once_agree_on_who_was_first(
    shop: ServiceDesk, database: SQLiteDatabase, answer_first: bool
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    answer = database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, DUE)
    swept = database.write(sweep_and_tell, DUE)
    await asyncio.gather(*((answer, swept) if answer_first else (swept, answer)))
    alerts = await shop.rows("SELECT settled_at FROM alert")
    assert alerts == ([] if answer_first else [{"settled_at": DUE}])
    assert await database.read(open_alerts) == []
    assert await shop.clock() is None


async def test_a_real_answer_settles_open_alerts_and_ends_the_chain(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await sweep(shop, DUE)
    await database.write(desk.reply, ticket.number, zhou, "请稍候", 1, "r-1", False, DUE + 1)
    assert len(await database.read(open_alerts)) == 1
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 2, "r-2", False, DUE + 2)
    assert await database.read(open_alerts) == []
    assert await sweep(shop, DUE + 99 * HOUR) == []


async def test_acknowledging_stops_the_chain_and_says_who_and_when(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await sweep(shop, DUE)
    await sweep(shop, DUE + 30 * MINUTE)
    assert await database.write(acknowledge, ticket.number, zhou, DUE + HOUR) == 2
    assert await database.write(acknowledge, ticket.number, zhou, DUE + HOUR) == 0
    assert await sweep(shop, DUE + 99 * HOUR) == []
    assert await database.read(next_due) is None
    events = await shop.rows("SELECT action, agent_id, at, detail_json FROM ticket_event ORDER BY id")
    assert events[-1] == {
        "action": "acknowledge", "agent_id": zhou.id, "at": DUE + HOUR,
        "detail_json": '{"levels": [1, 2], "until": null, "snoozed": false, "reason": ""}',
    }  # fmt: skip
    assert await shop.clock() is not None


async def test_a_promise_not_yet_broken_cannot_be_silenced(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await database.write(acknowledge, ticket.number, zhou, MORNING + 1) == 0
    assert len(await sweep(shop, DUE)) == 1
    with pytest.raises(NotFound):
        await database.write(acknowledge, "2611-9999", zhou, DUE)


async def test_the_next_wait_after_an_acknowledged_one_is_watched_again(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await sweep(shop, DUE)
    await database.write(acknowledge, ticket.number, zhou, DUE)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, DUE + 1)
    await shop.customer_says("那多少钱?", DUE + HOUR)
    (alert,) = await sweep(shop, DUE + 13 * HOUR)
    assert alert.level == 1


async def test_what_is_acknowledged_or_answered_is_left_out_of_what_is_still_queued(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")
    acknowledged = await shop.ticket_from("转人工", MORNING)
    answered = await shop.ticket_from("转人工", MORNING, "visitor-other")
    third = await shop.ticket_from("转人工", MORNING, "visitor-third")
    assert len(await sweep(shop, DUE)) == 3
    await database.write(acknowledge, acknowledged.number, zhou, DUE + 1)
    await database.write(desk.reply, answered.number, zhou, "六万公里。", 1, "r-1", False, DUE + 2)
    (row,) = await shop.rows("SELECT id FROM notice")
    waiting = await database.read(outcomes.waiting, row["id"])
    assert waiting is not None
    assert [one.ticket_number for one in waiting.alerts] == [third.number]


async def test_the_next_due_time_is_the_earliest_running_clocks(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    assert await database.read(next_due) is None
    await shop.customer_says("在吗?", MORNING + HOUR, "visitor-late")
    await shop.customer_says("在吗?", MORNING)
    assert await database.read(next_due) == DUE
    await shop.bot_says("在的。六万公里。", MORNING + 1)
    assert await database.read(next_due) == DUE + HOUR


async def test_the_outbox_carries_facts_and_not_a_word_of_the_customer(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    ticket = await shop.ticket_from("我的车牌是沪A00000", MORNING)
    (alert,) = await sweep(shop, DUE)
    (row,) = await shop.rows("SELECT topic, key, payload_json FROM outbox")
    (notice,) = await shop.rows("SELECT id FROM notice")
    assert (row["topic"], row["key"]) == ("alert.mail", f"notice:{notice['id']}")
    assert json.loads(row["payload_json"]) == {"notice_id": notice["id"], "purpose": "alerts", "mentions": []}
    waiting = await database.read(outcomes.waiting, notice["id"])
    assert waiting is not None
    assert waiting.recipient == "zhou@example.com"
    assert waiting.alerts == (
        outcomes.Told(
            alert.alert_id, ticket.number, AlertKind.BREACH, Metric.FIRST_RESPONSE, 1, MORNING, DUE, DUE, late=False
        ),
    )


async def test_an_alert_for_nobody_reachable_still_stands_in_the_console(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await shop.ticket_from("转人工", MORNING)
    (alert,) = await sweep(shop, DUE)
    assert await queued(shop) == []
    (shown,) = await database.read(open_alerts)
    assert (shown["id"], shown["due_at"], shown["started_at"]) == (alert.alert_id, DUE, MORNING)


async def test_raising_and_acknowledging_wake_queue_conversation_and_outbox(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")
    ticket = await shop.ticket_from("转人工", MORNING)
    heard: list[tuple[str, str]] = []
    for topic in ("queue", "conversation", "outbox"):
        database.signals.listen(topic, lambda topic, key: heard.append((topic, key)))
    await sweep(shop, DUE)
    assert set(heard) == {("queue", ticket.number), ("conversation", ticket.conversation_id), ("outbox", "")}
    heard.clear()
    await database.write(acknowledge, ticket.number, zhou, DUE)
    assert ("queue", ticket.number) in heard


async def test_each_raised_alert_is_an_event_of_the_system(shop: ServiceDesk) -> None:
    await shop.ticket_from("转人工", MORNING)
    (alert,) = await sweep(shop, DUE + HOUR)
    event = (await shop.rows("SELECT actor, action, detail_json FROM ticket_event ORDER BY id"))[-1]
    assert (event["actor"], event["action"]) == ("system", "alert")
    assert json.loads(event["detail_json"]) == {
        "alert_id": alert.alert_id, "kind": "breach", "level": 1, "level_name": "agents", "late": True,
    }  # fmt: skip


def person(name: str, role: Role = Role.AGENT, email: str | None = "") -> Agent:
    return Agent(name, name, name, f"{name}@example.com" if email == "" else email, role, None, MORNING)


STAFF = [
    person("zhou"), person("chen", Role.SUPERVISOR), person("wang", Role.ADMIN), person("silent", email=None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("named", "assignee", "addresses"),
    [
        (("assignee",), "zhou", ["zhou@example.com"]),
        (("assignee",), None, ["zhou@example.com", "chen@example.com", "wang@example.com"]),
        (("assignee",), "silent", ["zhou@example.com", "chen@example.com", "wang@example.com"]),
        (("assignee",), "left-the-company", ["zhou@example.com", "chen@example.com", "wang@example.com"]),
        (("role:supervisor",), "zhou", ["chen@example.com"]),
        (("role:admin", "duty@example.com"), None, ["wang@example.com", "duty@example.com"]),
        (("assignee", "role:agent", "ZHOU@example.com"), "zhou", ["zhou@example.com"]),
        ((), "zhou", []),
    ],
)
def test_a_level_names_people_each_once(named: tuple[str, ...], assignee: str | None, addresses: list[str]) -> None:
    level = Level("people", 0, named, ("mail",))
    people = told(level, assignee, None, Staff({one.id: one for one in STAFF}, {}, {}, {}, MORNING, ZONE))
    assert [one.recipient for one in addressees(WAYS, ("mail",), people)] == addresses


@pytest.mark.parametrize(
    ("call", "told", "index"),
    [
        (tell, (DUE, RULES, WAYS), "alert_open"),
        (untold_at, (0,), "alert_open"),
        (outages.untold_alerts, (DUE,), "alert_open"),
        (outages.unreached_alerts, (DUE,), "alert_undelivered"),
        (rescuing.stuck_at, (DUE, 0), "alert_undelivered"),
    ],
)
async def test_what_a_turn_asks_about_open_alerts_is_found_by_an_index_of_such_alone(
    database: SQLiteDatabase, call: Callable[..., Any], told: tuple[Any, ...], index: str
) -> None:
    """The index has the statement's condition; where they part, every alert there ever was is looked at."""

    def plan(tx: Transaction) -> list[str]:
        explained = Explained(tx)
        call(explained, *told)
        return explained.plan.splitlines()

    steps = await database.write(plan)
    assert any(f"INDEX {index} " in step for step in steps), steps
    assert not any(step.startswith("SCAN alert") for step in steps), steps
