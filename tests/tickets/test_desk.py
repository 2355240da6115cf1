"""What agents do, together and against each other."""

import asyncio

import pytest

from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import HOUR, MORNING, ServiceDesk
from tickets import conversations, desk
from tickets.clocks import rows
from tickets.errors import Change, Conflict, NotAllowed, NotFound
from tickets.model import MessageKind, Owner, Priority, Reason, Status

NOON = MORNING + 2 * HOUR


async def test_tickets_are_numbered_by_the_month_of_the_time_zone(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    # 2026-11-30 16:30 UTC is already December in Shanghai.
    december = 1_796_056_200_000
    numbers = []
    for address, at in (("v-1", MORNING), ("v-2", MORNING), ("v-3", december)):
        await shop.customer_says("转人工", at, address)
        conversation = await shop.conversation(address)
        ticket = await database.write(
            desk.open_ticket, conversation, Reason.COMPLAINT, "  投诉\n\t门店 ", [{"id": "e1"}], shop.rules, at
        )
        numbers.append(ticket.number)
    assert numbers == ["2611-0001", "2611-0002", "2612-0001"]
    assert (ticket.subject, ticket.candidates, ticket.status) == ("投诉 门店", [{"id": "e1"}], Status.NEW)


async def test_a_second_hand_off_finds_the_live_ticket(shop: ServiceDesk) -> None:
    first = await shop.ticket_from("转人工", MORNING)
    assert await shop.hand_over(MORNING + 5) == first


async def test_a_hand_off_soon_after_resolving_reopens_the_ticket_under_its_number(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.resolve, ticket.number, zhou, ticket.version, NOON)
    await shop.customer_says("还是不行", NOON + HOUR)
    assert (await shop.ticket(ticket.number)).status is Status.RESOLVED
    again = await shop.hand_over(NOON + HOUR, Reason.NOT_SOLVED)
    assert (again.number, again.status, again.reason) == (ticket.number, Status.OPEN, Reason.NOT_SOLVED)
    events = await shop.rows("SELECT action, actor FROM ticket_event ORDER BY id")
    assert events[-1] == {"action": "reopen", "actor": "bot"}


async def test_a_hand_off_long_after_resolving_or_after_closing_makes_a_new_ticket(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    first = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.resolve, first.number, zhou, first.version, MORNING)
    later = MORNING + shop.rules.reopen_within_ms + 1
    second = await shop.hand_over(later)
    await database.write(desk.close, second.number, zhou, second.version, later)
    third = await shop.hand_over(later)
    assert len({first.number, second.number, third.number}) == 3


async def test_a_real_answer_takes_over_stops_the_clock_and_waits_for_the_customer(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    message = await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    after, conversation = await shop.ticket(ticket.number), await shop.conversation()
    assert (message.number, message.kind, message.agent_id) == (2, MessageKind.TEXT, zhou.id)
    assert (after.status, after.assignee_id) == (Status.PENDING, zhou.id)
    assert (conversation.owner, conversation.owner_agent_id) == (Owner.AGENT, zhou.id)
    assert await shop.clock() is None


@pytest.mark.parametrize(("text", "holding"), [("我去仓库看一眼再告诉您", True), ("您好，请稍候", False)])
async def test_a_holding_message_leaves_clock_and_status_alone(
    shop: ServiceDesk, database: SQLiteDatabase, text: str, holding: bool
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    taken = await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON)
    message = await database.write(desk.reply, ticket.number, zhou, text, 1, "r-1", holding, NOON)
    assert message.kind is MessageKind.HOLDING
    assert await shop.ticket(ticket.number) == taken
    assert await shop.clock() is not None


async def test_sending_the_same_reply_again_returns_it_without_a_second_effect(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    first = await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    await shop.customer_says("还有一个问题", NOON + 1)
    again = await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON + 2)
    assert again == first
    assert (await shop.conversation()).last_number == 3
    assert await shop.clock() is not None


async def test_two_agents_replying_at_once_get_one_reply_and_one_conflict(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    ticket = await shop.ticket_from("转人工", MORNING)
    outcomes = await asyncio.gather(
        database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON),
        database.write(desk.reply, ticket.number, chen, "看磨损。", 1, "r-2", False, NOON),
        return_exceptions=True,
    )
    (conflict,) = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    winner = zhou if outcomes[1] is conflict else chen
    assert {(change.kind, change.who) for change in conflict.changes} == {
        ("reply", winner.name),
        ("owner", winner.name),
    }
    assert (await shop.conversation()).last_number == 2


async def test_an_agent_who_missed_a_message_is_shown_it_and_nothing_is_sent(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await shop.customer_says("等等，是卡车的轮胎", NOON)
    with pytest.raises(Conflict) as caught:
        await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON + 1)
    assert caught.value.changes == (Change("message", "contact", "等等，是卡车的轮胎", NOON),)
    assert (await shop.ticket(ticket.number)).status is Status.NEW
    assert (await shop.conversation()).owner is Owner.BOT


async def test_an_answer_that_the_bot_gave_meanwhile_is_a_conflict_and_a_notice_is_not(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await shop.bot_says("已为您登记。", MORNING + 1, MessageKind.NOTICE)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    await database.write(desk.hand_back, ticket.number, zhou, (await shop.ticket(ticket.number)).version, NOON)
    await shop.bot_says("轮胎每六万公里更换。", NOON + 1)
    with pytest.raises(Conflict) as caught:
        await database.write(desk.reply, ticket.number, zhou, "补充一下", 3, "r-2", False, NOON + 2)
    assert [(change.kind, change.who) for change in caught.value.changes] == [("reply", "bot")]


async def test_ones_own_reply_from_another_window_is_no_conflict(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    second = await database.write(desk.reply, ticket.number, zhou, "或者四年。", 1, "r-2", False, NOON)
    assert second.number == 3


async def test_a_reply_id_that_another_used_is_a_conflict_not_their_message(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    with pytest.raises(Conflict):
        await database.write(desk.reply, ticket.number, chen, "看磨损。", 2, "r-1", False, NOON)


async def test_a_resolved_ticket_has_to_be_reopened_before_it_is_answered(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.resolve, ticket.number, zhou, ticket.version, NOON)
    with pytest.raises(NotAllowed):
        await database.write(desk.reply, ticket.number, zhou, "补充一下", 1, "r-1", False, NOON)
    assert (await shop.conversation()).owner is Owner.BOT


async def test_of_fifty_agents_taking_over_at_once_one_wins(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    staff = [await shop.hire(f"agent-{n}") for n in range(50)]
    ticket = await shop.ticket_from("转人工", MORNING)
    outcomes = await asyncio.gather(
        *(database.write(desk.take_over, ticket.number, agent, ticket.version, NOON) for agent in staff),
        return_exceptions=True,
    )
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(conflicts) == 49
    after = await shop.ticket(ticket.number)
    winner = next(agent for agent, outcome in zip(staff, outcomes, strict=True) if outcome == after)
    assert after.assignee_id == winner.id
    assert all(change.who == winner.name for conflict in conflicts for change in conflict.changes)
    assert len(await shop.rows("SELECT id FROM ticket_event WHERE action = 'take_over'")) == 1


async def test_a_colleagues_ticket_can_be_taken_over_with_fresh_knowledge_only(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    ticket = await shop.ticket_from("转人工", MORNING)
    owned = await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON)
    with pytest.raises(Conflict) as caught:
        await database.write(desk.take_over, ticket.number, chen, ticket.version, NOON)
    assert [(change.kind, change.who) for change in caught.value.changes] == [("owner", "Zhou")]
    taken = await database.write(desk.take_over, ticket.number, chen, owned.version, NOON + 1)
    assert taken.assignee_id == chen.id
    assert (await shop.conversation()).owner_agent_id == chen.id
    with pytest.raises(Conflict):
        await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON + 2)


async def test_taking_over_ones_own_ticket_changes_nothing(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    first = await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON)
    assert await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON + 1) == first


async def test_handing_back_lets_the_bot_speak_and_keeps_a_waiting_customers_clock(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    taken = await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON)
    handed = await database.write(desk.hand_back, ticket.number, zhou, taken.version, NOON + 1)
    conversation, clock = await shop.conversation(), await shop.clock()
    assert (conversation.owner, conversation.owner_agent_id, handed.assignee_id) == (Owner.BOT, None, None)
    assert clock is not None
    assert clock.needs_person
    assert (await shop.rows("SELECT action FROM ticket_event ORDER BY id"))[-1] == {"action": "hand_back"}


async def test_resolving_stops_the_clock_with_its_reason_and_gives_the_word_to_the_bot(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    taken = await database.write(desk.take_over, ticket.number, zhou, ticket.version, NOON)
    resolved = await database.write(desk.resolve, ticket.number, zhou, taken.version, NOON + 1)
    assert (resolved.status, resolved.resolved_at) == (Status.RESOLVED, NOON + 1)
    assert (await shop.conversation()).owner is Owner.BOT
    assert await shop.rows("SELECT stopped_at, stop_reason, next_alert_at FROM clock WHERE metric <> 'resolution'") == [
        {"stopped_at": NOON + 1, "stop_reason": "resolved", "next_alert_at": None}
    ]


async def test_resolving_without_having_seen_the_newest_message_is_a_conflict_that_shows_it(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await shop.customer_says("还没好", NOON)
    with pytest.raises(Conflict) as caught:
        await database.write(desk.resolve, ticket.number, zhou, ticket.version, NOON + 1)
    assert caught.value.changes == (Change("message", "contact", "还没好", NOON),)
    assert await shop.clock() is not None


async def test_reopening_a_ticket_resolved_without_an_answer_revives_the_promise(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    before = await shop.clock()
    resolved = await database.write(desk.resolve, ticket.number, zhou, ticket.version, NOON)
    await database.write(desk.reopen, ticket.number, zhou, resolved.version, NOON + 1)
    after = await shop.clock()
    assert before is not None
    assert after is not None
    assert (after.id, after.due_at, after.next_alert_at) == (before.id, before.due_at, before.next_alert_at)


async def test_reopening_an_answered_ticket_starts_no_clock(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, NOON)
    version = (await shop.ticket(ticket.number)).version
    resolved = await database.write(desk.resolve, ticket.number, zhou, version, NOON)
    reopened = await database.write(desk.reopen, ticket.number, zhou, resolved.version, NOON + 1)
    assert (reopened.status, reopened.resolved_at) == (Status.OPEN, None)
    assert await shop.clock() is None


async def test_a_ticket_whose_conversation_went_on_in_another_cannot_be_reopened(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    resolved = await database.write(desk.resolve, ticket.number, zhou, ticket.version, MORNING)
    await shop.hand_over(MORNING + shop.rules.reopen_within_ms + 1)
    with pytest.raises(NotAllowed):
        await database.write(desk.reopen, ticket.number, zhou, resolved.version, NOON)


async def test_a_customers_message_opens_a_ticket_that_was_set_aside(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, NOON)
    await shop.customer_says("有消息吗?", NOON + 1)
    woken = await shop.ticket(ticket.number)
    assert (held.status, woken.status) == (Status.ON_HOLD, Status.OPEN)
    assert woken.version > held.version


async def test_holding_a_ticket_leaves_the_customers_clock_running(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    before = await shop.clock()
    held = await database.write(desk.hold, ticket.number, zhou, ticket.version, NOON)
    assert await shop.clock() == before
    resumed = await database.write(desk.resume, ticket.number, zhou, held.version, NOON)
    assert resumed.status is Status.OPEN


async def test_a_note_is_kept_beside_the_conversation_and_changes_nothing_else(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    note = await database.write(desk.note, ticket.number, zhou, "老客户, 注意态度", NOON)
    history = await database.read(conversations.history, ticket.conversation_id)
    assert [message.text for message in history] == ["转人工"]
    assert await shop.ticket(ticket.number) == ticket
    assert await shop.rows("SELECT id, text FROM note") == [{"id": note.id, "text": "老客户, 注意态度"}]
    assert "老客户" not in str(await shop.rows("SELECT detail_json FROM ticket_event"))


async def test_a_refused_act_leaves_nothing_behind(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    heard: list[str] = []
    database.signals.listen("queue", lambda _, key: heard.append(key))
    before = await shop.rows("SELECT COUNT(*) AS n FROM ticket_event")
    with pytest.raises(NotAllowed):
        await database.write(desk.reopen, ticket.number, zhou, ticket.version, NOON)
    assert await shop.ticket(ticket.number) == ticket
    assert await shop.rows("SELECT COUNT(*) AS n FROM ticket_event") == before
    assert heard == []


async def test_an_unknown_ticket_is_not_found(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    with pytest.raises(NotFound):
        await database.write(desk.reply, "2611-9999", zhou, "你好", 0, "r-1", False, NOON)


async def test_the_promise_told_to_the_customer_is_the_clocks_own(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    clock = await database.read(rows.running_reply, ticket.conversation_id)
    assert clock is not None
    assert clock.due_at == MORNING + 12 * HOUR


async def test_danger_makes_a_ticket_urgent_from_the_start(shop: ServiceDesk) -> None:
    await shop.customer_says("刹车失灵了", MORNING)
    ticket = await shop.hand_over(MORNING, Reason.DANGER)
    assert (ticket.reason, ticket.priority) == (Reason.DANGER, Priority.URGENT)


async def test_danger_makes_a_ticket_that_waits_urgent_once(shop: ServiceDesk) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    await shop.customer_says("刹车失灵了", MORNING + 1)
    hurried = await shop.hand_over(MORNING + 1, Reason.DANGER)
    again = await shop.hand_over(MORNING + 2, Reason.DANGER)
    assert (hurried.number, hurried.priority) == (ticket.number, Priority.URGENT)
    assert again == hurried == await shop.ticket(ticket.number)
    told = await shop.rows("SELECT action FROM ticket_event WHERE action = 'danger'")
    assert len(told) == 1
