"""The queue, its counts and a ticket's timeline."""

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.tickets.cast import HOUR, MORNING, CountingTransaction, ServiceDesk
from tickets import desk, tickets
from tickets.errors import NotFound
from tickets.model import Author, Reason, Status, Ticket


async def open_for(shop: ServiceDesk, address: str, at: int) -> Ticket:
    await shop.customer_says(f"{address} 要人工", at, address)
    conversation = await shop.conversation(address)
    return await shop.database.write(
        desk.open_ticket, conversation, Reason.ASKED_FOR_PERSON, address, [], shop.rules, at
    )


async def test_the_queue_is_sorted_by_due_time_and_those_who_wait_for_nothing_come_last(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    late = await open_for(shop, "v-late", MORNING + HOUR)
    answered = await open_for(shop, "v-answered", MORNING)
    early = await open_for(shop, "v-early", MORNING + 1)
    await database.write(desk.reply, answered.number, zhou, "好了，已换胎。", 1, "r-1", False, MORNING + HOUR)
    rows = await database.read(tickets.queue, "all_live", None, 10)
    assert [row.number for row in rows] == [early.number, late.number, answered.number]
    assert rows[-1].due_at is None


async def test_a_row_shows_all_that_the_queue_needs(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    ticket = await open_for(shop, "v-1", MORNING)
    await database.write(desk.take_over, ticket.number, zhou, ticket.version, MORNING + 1)
    await database.write(rules.sweep_and_tell, MORNING + 12 * HOUR)
    (row,) = await database.read(tickets.queue, "waiting", None, 10)
    assert (row.number, row.subject, row.status, row.channel) == (ticket.number, "v-1", Status.OPEN, "chat")
    assert (row.last_text, row.last_author, row.last_at) == ("v-1 要人工", Author.CONTACT, MORNING)
    assert (row.assignee_id, row.assignee_name) == (zhou.id, "Zhou")
    assert (row.waiting_since, row.due_at, row.open_alerts) == (MORNING, MORNING + 12 * HOUR, 1)


async def test_each_view_shows_its_own(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    free = await open_for(shop, "v-free", MORNING)
    mine = await open_for(shop, "v-mine", MORNING + 1)
    answered = await open_for(shop, "v-answered", MORNING + 2)
    theirs = await open_for(shop, "v-theirs", MORNING + 3)
    done = await open_for(shop, "v-done", MORNING + 4)
    await database.write(desk.take_over, mine.number, zhou, mine.version, MORNING + 5)
    await database.write(desk.reply, answered.number, zhou, "已换胎。", 1, "r-1", False, MORNING + 5)
    await database.write(desk.take_over, theirs.number, chen, theirs.version, MORNING + 5)
    await database.write(desk.resolve, done.number, zhou, done.version, MORNING + 5)
    views = {
        view: [row.subject for row in await database.read(tickets.queue, view, zhou.id, 10)] for view in tickets.VIEWS
    }
    assert views == {
        "waiting": [free.subject, mine.subject, theirs.subject],
        "mine": [mine.subject, answered.subject],
        "unassigned": [free.subject],
        "all_live": [free.subject, mine.subject, theirs.subject, answered.subject],
        "done": [done.subject],
    }
    counts = await database.read(tickets.counts, zhou.id)
    assert counts == {**{view: len(rows) for view, rows in views.items()}, "alerts": 0}


async def test_an_empty_desk_counts_nothing(database: SQLiteDatabase) -> None:
    counts = await database.read(tickets.counts, None)
    assert set(counts.values()) == {0}


async def test_the_queue_costs_one_statement_however_long_it_is(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    for n in range(12):
        await open_for(shop, f"v-{n}", MORNING + n)

    def statements(tx: Transaction) -> tuple[int, int]:
        counting = CountingTransaction(tx)
        rows = tickets.queue(counting, "all_live", None, 50)
        return len(rows), counting.statements

    assert await database.read(statements) == (12, 1)


async def test_an_unknown_view_is_not_found(database: SQLiteDatabase) -> None:
    with pytest.raises(NotFound):
        await database.read(tickets.queue, "everything; DROP TABLE ticket", None, 10)


async def test_the_timeline_holds_messages_events_notes_and_alerts_in_order(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await open_for(shop, "v-1", MORNING)
    await database.write(rules.sweep_and_tell, MORNING + 12 * HOUR)
    await database.write(desk.note, ticket.number, zhou, "先查库存", MORNING + 13 * HOUR)
    await database.write(desk.reply, ticket.number, zhou, "已换胎。", 1, "r-1", False, MORNING + 14 * HOUR)
    timeline = await database.read(tickets.timeline, ticket)
    assert [message.author for message in timeline.messages] == [Author.CONTACT, Author.AGENT]
    assert [event.action for event in timeline.events] == ["open", "alert", "note", "take_over", "reply"]
    assert [note.text for note in timeline.notes] == ["先查库存"]
    assert [(alert.level, alert.settled_at) for alert in timeline.alerts] == [(1, MORNING + 14 * HOUR)]
