"""The reply clock: what starts it, what keeps it running, what stops it."""

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import HOUR, MINUTE, MORNING, CountingTransaction, ServiceDesk
from tickets import desk
from tickets.clocks import waits
from tickets.model import MessageKind


async def test_the_customers_message_starts_the_clock_in_its_own_transaction(shop: ServiceDesk) -> None:
    message = await shop.customer_says("轮胎多久换一次?", MORNING)
    clock = await shop.clock()
    assert clock is not None
    assert (clock.started_at, clock.due_at, clock.next_alert_at) == (MORNING, MORNING + 12 * HOUR, MORNING + 12 * HOUR)
    assert (clock.first_message_number, clock.needs_person, clock.next_level) == (message.number, False, 1)


async def test_a_wait_begins_with_one_look_at_the_rules(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    """The clock that runs, the contact's place, the rules, the clock that begins, and who looks at the queue."""
    conversation = await shop.conversation()

    def statements(tx: Transaction) -> int:
        counting = CountingTransaction(tx)
        waits.start_or_keep(counting, conversation, 1, MORNING)
        return counting.statements

    assert await database.write(statements) == 5


async def test_further_messages_keep_the_start_of_the_earliest_unanswered_one(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎?", MORNING)
    first = await shop.clock()
    await shop.customer_says("在吗?", MORNING + HOUR)
    assert await shop.clock() == first


@pytest.mark.parametrize("kind", [MessageKind.HOLDING, MessageKind.NOTICE, MessageKind.HANDOFF])
async def test_words_that_answer_nothing_leave_the_clock_running(shop: ServiceDesk, kind: MessageKind) -> None:
    await shop.customer_says("轮胎?", MORNING)
    assert not await shop.bot_says("请稍候", MORNING + 1, kind)
    assert await shop.clock() is not None


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.CLARIFY, MessageKind.SMALL_TALK])
async def test_the_bots_answer_stops_the_clock_and_the_next_message_starts_another(
    shop: ServiceDesk, kind: MessageKind
) -> None:
    await shop.customer_says("轮胎?", MORNING)
    assert await shop.bot_says("六万公里。", MORNING + 1, kind)
    assert await shop.clock() is None
    await shop.customer_says("那多少钱?", MORNING + HOUR)
    clock = await shop.clock()
    assert clock is not None
    assert clock.started_at == MORNING + HOUR


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.CLARIFY, MessageKind.SMALL_TALK])
async def test_once_a_person_is_needed_the_bot_cannot_stop_it(shop: ServiceDesk, kind: MessageKind) -> None:
    await shop.ticket_from("转人工", MORNING)
    assert not await shop.bot_says("六万公里。", MORNING + 1, kind)
    assert await shop.clock() is not None


async def test_the_tickets_clock_is_the_one_that_was_already_running(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎?", MORNING)
    before = await shop.clock()
    await shop.hand_over(MORNING + 20 * MINUTE)
    after = await shop.clock()
    assert before is not None
    assert after is not None
    assert (after.id, after.due_at, after.needs_person) == (before.id, before.due_at, True)


async def test_the_bots_answer_to_one_message_does_not_end_the_wait_for_the_next(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎?", MORNING)
    await shop.customer_says("电瓶呢?", MORNING + 1)
    assert not await shop.bot_says("六万公里。", MORNING + 2)
    assert await shop.clock() is not None
    assert await shop.bot_says("三年。", MORNING + 3)
    assert await shop.clock() is None


async def test_a_hand_off_without_a_running_clock_starts_one(shop: ServiceDesk) -> None:
    await shop.customer_says("轮胎?", MORNING)
    await shop.bot_says("六万公里。", MORNING + 1)
    await shop.hand_over(MORNING + HOUR)
    clock = await shop.clock()
    assert clock is not None
    assert (clock.started_at, clock.needs_person) == (MORNING + HOUR, True)


async def test_a_message_to_an_agent_needs_a_person_from_its_start(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, MORNING + HOUR)
    assert await shop.clock() is None
    await shop.customer_says("谢谢, 那多少钱?", MORNING + 2 * HOUR)
    clock = await shop.clock()
    assert clock is not None
    assert clock.needs_person


async def test_a_started_and_a_stopped_clock_wake_the_queue(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    heard: list[str] = []
    database.signals.listen("queue", lambda _, key: heard.append(key))
    await database.write(desk.reply, ticket.number, zhou, "六万公里。", 1, "r-1", False, MORNING + HOUR)
    assert heard == [ticket.number]
    await shop.customer_says("还有", MORNING + 2 * HOUR)
    assert heard == [ticket.number, ticket.number]
