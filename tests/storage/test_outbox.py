import asyncio
import random

import pytest

from storage import outbox
from storage.database import Transaction
from storage.errors import StatementRefused
from storage.outbox import OutboxRow
from storage.sqlite import SQLiteDatabase

NOW = 1_700_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
LEASE = 5 * MINUTE


@pytest.fixture
async def queued(database: SQLiteDatabase) -> SQLiteDatabase:
    """One mail is waiting."""
    await database.write(outbox.enqueue, "mail", "welcome", {"to": "wu@example.com"}, NOW)
    return database


async def claim(database: SQLiteDatabase, now: int) -> OutboxRow:
    (row,) = await database.write(outbox.claim_due, ["mail"], now, LEASE, 10)
    return row


async def fail(database: SQLiteDatabase, row: OutboxRow, now: int, jitter: float = 0.5, **more: int | None) -> bool:
    return await database.write(outbox.mark_failed, row, "busy", False, now, jitter, more.get("retry_after_ms"))


async def test_a_key_is_queued_once_however_often_it_is_asked_for(database: SQLiteDatabase) -> None:
    first = await database.write(outbox.enqueue, "mail", "k", {"text": "应声"}, NOW)
    again = await database.write(outbox.enqueue, "mail", "k", {"text": "other"}, NOW + 1)
    assert (first, again) == (True, False)
    assert (await claim(database, NOW)).payload == {"text": "应声"}


async def test_enqueuing_rings_the_bell_only_for_something_new(database: SQLiteDatabase) -> None:
    rings: list[str] = []
    database.signals.listen("outbox", lambda _topic, key: rings.append(key))
    for _ in range(2):
        await database.write(outbox.enqueue, "mail", "k", {}, NOW)
    assert rings == [""]


async def test_two_claimers_at_once_never_both_get_a_row(database: SQLiteDatabase) -> None:
    for n in range(40):
        await database.write(outbox.enqueue, "mail", f"k{n}", {}, NOW)
    claims = await asyncio.gather(
        *(database.write(outbox.claim_due, ["mail", "webhook"], NOW, LEASE, 7) for _ in range(8))
    )
    ids = [row.id for rows in claims for row in rows]
    assert [len(rows) for rows in claims] == [7, 7, 7, 7, 7, 5, 0, 0]
    assert len(set(ids)) == 40
    assert ids == sorted(ids)


async def test_only_the_topics_asked_for_are_claimed(queued: SQLiteDatabase) -> None:
    assert await queued.write(outbox.claim_due, ["webhook", "sms"], NOW, LEASE, 10) == []
    assert await queued.write(outbox.claim_due, [], NOW, LEASE, 10) == []
    assert len(await queued.write(outbox.claim_due, ["webhook", "mail"], NOW, LEASE, 10)) == 1
    with pytest.raises(ValueError, match="at most 8 topics"):
        await queued.read(outbox.next_due, list("abcdefghi"))


async def test_nothing_is_claimed_before_it_is_due(queued: SQLiteDatabase) -> None:
    assert await queued.write(outbox.claim_due, ["mail"], NOW - 1, LEASE, 10) == []


async def test_a_sent_row_is_never_claimed_again(queued: SQLiteDatabase) -> None:
    row = await claim(queued, NOW)
    assert await queued.write(outbox.mark_sent, row, NOW + 1)
    assert not await queued.write(outbox.mark_sent, row, NOW + 2)
    assert await queued.write(outbox.claim_due, ["mail"], NOW + 1000 * HOUR, LEASE, 10) == []
    assert await queued.read(outbox.next_due, ["mail"]) is None
    assert not await queued.write(outbox.enqueue, "mail", "welcome", {}, NOW)


async def test_the_row_of_a_claimer_that_died_comes_back_when_its_lease_ends(queued: SQLiteDatabase) -> None:
    dead_mans = await claim(queued, NOW)
    assert await queued.read(outbox.next_due, ["mail"]) == NOW + LEASE
    assert await queued.write(outbox.claim_due, ["mail"], NOW + LEASE - 1, LEASE, 10) == []
    taken_over = await claim(queued, NOW + LEASE)
    assert taken_over.key == dead_mans.key
    assert (dead_mans.attempts, taken_over.attempts) == (1, 2)


async def test_a_stale_lease_token_can_finish_nothing(queued: SQLiteDatabase) -> None:
    stale = await claim(queued, NOW)
    fresh = await claim(queued, NOW + LEASE)
    assert not await queued.write(outbox.mark_sent, stale, NOW + LEASE)
    assert not await queued.write(outbox.mark_failed, stale, "busy", False, NOW + LEASE, 0.5)
    assert not await queued.write(outbox.mark_failed, stale, "refused", True, NOW + LEASE, 0.5)
    assert await queued.write(outbox.mark_sent, fresh, NOW + LEASE)


async def test_a_late_mark_counts_as_long_as_nobody_else_has_claimed(queued: SQLiteDatabase) -> None:
    row = await claim(queued, NOW)
    assert await queued.write(outbox.mark_sent, row, NOW + 10 * LEASE)


@pytest.mark.parametrize(
    ("attempts", "jitter", "pause"),
    [
        (1, 0.0, 0),
        (1, 0.5, 15_000),
        (2, 0.5, 30_000),
        (3, 0.999, 119_880),
        (7, 0.5, 16 * MINUTE),
        (8, 0.5, 30 * MINUTE),
        (10_000, 0.999, 3_596_400),
    ],
)
def test_the_backoff_doubles_up_to_an_hour(attempts: int, jitter: float, pause: int) -> None:
    assert outbox.backoff_ms(attempts, jitter) == pause


async def test_a_failed_row_is_due_again_after_its_backoff(queued: SQLiteDatabase) -> None:
    assert await fail(queued, await claim(queued, NOW), NOW + 1)
    assert await queued.read(outbox.next_due, ["mail", "webhook"]) == NOW + 1 + 15_000
    assert await fail(queued, await claim(queued, NOW + 20_000), NOW + 20_000)
    assert await queued.read(outbox.next_due, ["mail"]) == NOW + 20_000 + 30_000


async def test_a_peer_that_asks_for_patience_gets_it_but_not_for_ever(queued: SQLiteDatabase) -> None:
    assert await fail(queued, await claim(queued, NOW), NOW, retry_after_ms=10 * MINUTE)
    assert await queued.read(outbox.next_due, ["mail"]) == NOW + 10 * MINUTE
    assert await fail(queued, await claim(queued, NOW + HOUR), NOW + HOUR, retry_after_ms=10_000 * HOUR)
    assert await queued.read(outbox.next_due, ["mail"]) == NOW + 25 * HOUR


async def test_a_permanent_failure_dies_at_once(queued: SQLiteDatabase) -> None:
    row = await claim(queued, NOW)
    assert await queued.write(outbox.mark_failed, row, "no such user", True, NOW + 1, 0.5)
    (dead,) = await queued.read(outbox.dead_letters, 10)
    assert (dead.key, dead.attempts, dead.error, dead.died_at) == ("welcome", 1, "no such user", NOW + 1)
    assert await queued.read(outbox.next_due, ["mail"]) is None


async def test_after_72_hours_of_failures_a_row_dies_after_one_last_attempt(queued: SQLiteDatabase) -> None:
    now, attempts = NOW, 0
    while (due := await queued.read(outbox.next_due, ["mail"])) is not None:
        now = due
        await fail(queued, await claim(queued, now), now, jitter=0.999)
        attempts += 1
    assert now == NOW + 72 * HOUR
    (dead,) = await queued.read(outbox.dead_letters, 10)
    assert dead.attempts == attempts > 72


async def test_a_dead_row_can_be_sent_again_with_another_72_hours(queued: SQLiteDatabase) -> None:
    row = await claim(queued, NOW)
    await queued.write(outbox.mark_failed, row, "no", True, NOW, 0.5)
    rings: list[str] = []
    queued.signals.listen("outbox", lambda _topic, key: rings.append(key))
    later = NOW + 100 * HOUR
    assert await queued.write(outbox.retry_dead, row.id, later)
    assert not await queued.write(outbox.retry_dead, row.id, later)
    assert rings == [""]
    assert await queued.read(outbox.dead_letters, 10) == []
    again = await claim(queued, later)
    assert again.attempts == 1
    assert again.lease_token > row.lease_token
    assert await fail(queued, again, later)
    assert await queued.read(outbox.next_due, ["mail"]) == later + 15_000


async def test_dead_letters_come_newest_first_and_no_more_than_asked_for(database: SQLiteDatabase) -> None:
    def die(tx: Transaction, key: str, now: int) -> None:
        outbox.enqueue(tx, "mail", key, {}, now)
        (row,) = outbox.claim_due(tx, ["mail"], now, LEASE, 1)
        outbox.mark_failed(tx, row, "no", True, now, 0.0)

    for n in range(4):
        await database.write(die, f"k{n}", NOW + n)
    assert [dead.key for dead in await database.read(outbox.dead_letters, 3)] == ["k3", "k2", "k1"]


async def test_a_peers_strange_words_do_not_keep_its_failure_from_being_recorded(
    queued: SQLiteDatabase,
) -> None:
    row = await claim(queued, NOW)
    words = "550 \udcff\0 no " + "x" * 10_000
    assert await queued.write(outbox.mark_failed, row, words, True, NOW, 0.5)
    (dead,) = await queued.read(outbox.dead_letters, 10)
    assert dead.error.startswith("550 ? no x")
    assert len(dead.error) == outbox.LONGEST_ERROR


async def test_a_payload_that_could_not_be_sent_later_is_refused_now(database: SQLiteDatabase) -> None:
    with pytest.raises(StatementRefused):
        await database.write(outbox.enqueue, "mail", "k", {"text": "\ud800"}, NOW)


async def test_due_rows_are_found_through_an_index(database: SQLiteDatabase) -> None:
    plan = await database.read(
        lambda tx: tx.execute(
            """
            EXPLAIN QUERY PLAN SELECT id FROM outbox
            WHERE status = 'queued' AND available_at <= 1 AND topic IN ('mail', 'webhook')
            """
        )
    )
    assert "outbox_queued" in plan[0]["detail"]


async def test_waits_that_begin_ahead_of_the_clock_are_found_through_an_index(database: SQLiteDatabase) -> None:
    plan = await database.read(
        lambda tx: tx.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE status = 'queued' AND waits_since > 1 LIMIT 1"
        )
    )
    assert "outbox_waits" in plan[0]["detail"]


async def test_the_topics_that_wait_are_found_by_a_step_each_into_the_index(database: SQLiteDatabase) -> None:
    assert await database.read(outbox.waiting_topics) == []
    for n in range(3_000):
        await database.write(outbox.enqueue, ("mail", "alert.sms", "test.sms")[n % 3], f"k{n}", {}, NOW)
    for row in await database.write(outbox.claim_due, ["test.sms"], NOW, LEASE, 1_000):
        await database.write(outbox.mark_sent, row, NOW)
    assert await database.read(outbox.waiting_topics) == ["alert.sms", "mail"]


async def test_what_was_withdrawn_stays_withdrawn(queued: SQLiteDatabase) -> None:
    row = await claim(queued, NOW)
    assert await queued.write(outbox.mark_withdrawn, row, NOW)
    assert await queued.write(outbox.mark_sent, row, NOW) is False
    assert await fail(queued, row, NOW) is False


async def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(queued: SQLiteDatabase) -> None:
    await queued.write(outbox.enqueue, "mail", "later", {}, NOW)
    rows = await queued.write(outbox.claim_due, ["mail"], NOW, LEASE, 1)
    await queued.write(outbox.mark_sent, rows[0], NOW)
    assert await queued.write(outbox.forget_sent, NOW) == 0
    assert await queued.write(outbox.forget_sent, NOW + 1) == 1
    assert (await claim(queued, NOW)).key == "later"


async def test_a_thousand_rows_that_fail_together_come_back_spread_out(database: SQLiteDatabase) -> None:
    def fail_all(tx: Transaction, attempts: int, now: int) -> list[int]:
        chance = random.Random(attempts)
        for row in outbox.claim_due(tx, ["mail"], now, LEASE, 1_000):
            outbox.mark_failed(tx, row, "busy", False, now, chance.random())
        rows = tx.execute("SELECT available_at FROM outbox")
        return [row["available_at"] - now for row in rows]

    def fill(tx: Transaction) -> None:
        for number in range(1_000):
            outbox.enqueue(tx, "mail", f"letter:{number}", {}, NOW)

    await database.write(fill)
    now = NOW
    for attempts in range(1, 4):
        pauses = await database.write(fail_all, attempts, now)
        seconds = [pause // 1_000 for pause in pauses]
        mean = len(seconds) / (30 * 2 ** (attempts - 1))
        assert max(seconds.count(one) for one in set(seconds)) <= 3 * mean, attempts
        now += HOUR
