"""What becomes of a message: taken, tried again, asked about, given up, or stopped with its way."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from bot.alerting.delivery.settling import settle
from storage import outbox
from storage.errors import StorageUnavailable
from storage.sqlite import SQLiteDatabase
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Office, Peer
from tests.fakes import Clock
from tests.tickets.cast import HOUR, MINUTE, MORNING, SECOND, ServiceDesk
from tickets.alerts import Addressing, DeliveryError, Failure, allowance
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.escalation import outages, results, way_states
from tickets.escalation.people import Person

DAY = 24 * HOUR
ROBOT = Addressing.EVERYONE
SMS = Addressing.PHONE


async def the_notice(office: Office) -> dict[str, object]:
    (row,) = await office.rows(
        "SELECT state, attempts, tried_at, sent_at, finished_at, reference, code, error FROM notice"
    )
    return row


async def test_what_the_peer_takes_is_sent_once(open_office: OpenOffice, clock: Clock) -> None:
    office = await open_office(peer := Peer())
    await office.queue(peer)
    await office.deliver()
    await office.pass_time(HOUR, MINUTE)
    assert len(peer.attempts) == 1
    assert await the_notice(office) == {
        "state": "sent", "attempts": 1, "tried_at": clock() - HOUR, "sent_at": clock() - HOUR,
        "finished_at": clock() - HOUR, "reference": "reference-1", "code": "", "error": "",
    }  # fmt: skip


async def test_what_passes_is_tried_again_for_three_days_and_every_five_minutes_at_least(
    open_office: OpenOffice, clock: Clock
) -> None:
    office = await open_office(peer := Peer(lasting=True))
    peer.fail(Failure.RETRY, code="busy")
    await office.queue(peer)
    begun = clock()
    await office.deliver()
    await office.pass_time(3 * HOUR, 5 * SECOND)
    times = [at for at, _ in peer.attempts]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= 5 * MINUTE + 5 * SECOND
    assert len(times) > 36
    assert (await the_notice(office))["state"] == "queued"
    await office.pass_time(72 * HOUR, HOUR)
    told = await the_notice(office)
    assert (told["state"], told["code"]) == ("failed", "busy")
    assert begun + 72 * HOUR <= clock()


async def test_the_peers_wait_is_kept(open_office: OpenOffice, clock: Clock) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.RETRY, wait_ms=10 * MINUTE)
    await office.queue(peer)
    await office.deliver()
    await office.pass_time(11 * MINUTE)
    first, second = (at for at, _ in peer.attempts)
    assert 10 * MINUTE <= second - first <= 10 * MINUTE + 31 * SECOND
    assert await office.states() == ["sent"]


async def test_a_robot_that_asks_for_patience_gets_it_for_all_messages_and_over_a_restart(
    open_office: OpenOffice,
) -> None:
    office = await open_office(peer := Peer(addressing=ROBOT))
    peer.fail(Failure.RETRY, wait_ms=10 * MINUTE)
    await office.queue(peer, ["everyone"])
    await office.deliver()
    await office.start_again()
    await office.queue(peer, ["everyone"] * 3)
    await office.pass_time(9 * MINUTE, 10 * SECOND)
    assert len(peer.attempts) == 1
    await office.pass_time(2 * MINUTE)
    assert await office.states() == ["sent"] * 4


async def test_one_number_that_was_written_to_too_often_holds_up_no_other(open_office: OpenOffice) -> None:
    office = await open_office(peer := Peer(addressing=SMS))
    peer.fail(Failure.RETRY, wait_ms=HOUR)
    await office.queue(peer, ["+8613800000001", "+8613800000002"])
    await office.pass_time(MINUTE)
    assert Counter(await office.states()) == {"queued": 1, "sent": 1}


async def test_a_code_that_nobody_knows_is_tried_four_times(open_office: OpenOffice) -> None:
    office = await open_office(peer := Peer(lasting=True))
    peer.fail(Failure.RETRY, code="E777", is_known=False)
    await office.queue(peer)
    await office.pass_time(HOUR, 5 * SECOND)
    assert len(peer.attempts) == 4
    told = await the_notice(office)
    assert (told["state"], told["code"]) == ("failed", "E777")


async def test_what_is_refused_for_good_is_not_tried_again(open_office: OpenOffice, database: SQLiteDatabase) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.PERMANENT, code="400")
    await office.queue(peer)
    await office.pass_time(HOUR, MINUTE)
    assert len(peer.attempts) == 1
    (dead,) = await database.read(results.dead_letters, 10)
    assert (dead.state, dead.code, dead.attempts, dead.recipient) == ("failed", "400", 1, "z***@example.com")


async def test_what_is_unclear_is_sent_again_under_the_same_key_where_nobody_can_be_asked(
    open_office: OpenOffice,
) -> None:
    office = await open_office(peer := Peer())
    peer.takes_in_trouble = True
    peer.fail(Failure.UNKNOWN)
    await office.queue(peer)
    await office.pass_time(MINUTE)
    assert len(peer.took) == 2
    assert len(set(peer.keys)) == 1
    assert await office.states() == ["sent"]


async def test_what_stays_unclear_is_given_up_and_may_have_arrived(
    open_office: OpenOffice, database: SQLiteDatabase
) -> None:
    office = await open_office(peer := Peer(lasting=True))
    peer.fail(Failure.UNKNOWN)
    await office.queue(peer)
    await office.pass_time(HOUR, 5 * SECOND)
    assert len(peer.attempts) == 4
    assert [one.state for one in await database.read(results.dead_letters, 10)] == ["unknown"]


async def test_a_peer_that_can_be_asked_is_asked_before_a_second_attempt(open_office: OpenOffice, clock: Clock) -> None:
    office = await open_office(peer := Peer(addressing=SMS, known=True, takes_in_trouble=True))
    peer.fail(Failure.UNKNOWN)
    begun = clock()
    await office.queue(peer)
    await office.pass_time(MINUTE)
    assert len(peer.took) == 1
    assert peer.questions == [(begun + SECOND, peer.keys[0])]
    assert (await the_notice(office))["reference"] == "found"


async def test_what_has_certainly_not_arrived_is_sent_again(open_office: OpenOffice) -> None:
    office = await open_office(peer := Peer(addressing=SMS, known=True))
    peer.fail(Failure.UNKNOWN)
    await office.queue(peer)
    await office.pass_time(MINUTE)
    assert (len(peer.questions), len(peer.attempts), len(peer.took)) == (1, 2, 1)


async def test_a_peer_that_cannot_tell_is_asked_again_and_never_sent_to(open_office: OpenOffice) -> None:
    office = await open_office(peer := Peer(addressing=SMS, known=True))
    peer.fail(Failure.UNKNOWN)
    peer.cannot_tell = DeliveryError("does not know yet", Failure.UNKNOWN, 2 * MINUTE)
    await office.queue(peer)
    await office.pass_time(10 * MINUTE)
    assert len(peer.attempts) == 1
    assert 3 <= len(peer.questions) <= 5
    await office.pass_time(HOUR, 10 * SECOND)
    assert (len(peer.attempts), len(peer.questions)) == (1, 11)
    assert await office.states() == ["unknown"]


@pytest.mark.parametrize("known", [True, False])
async def test_a_process_that_dies_in_the_middle_leaves_a_message_to_ask_about(
    open_office: OpenOffice, known: bool
) -> None:
    office = await open_office(peer := Peer(addressing=SMS, known=known, hangs=True))
    await office.queue(peer, ["+8613800000001"])
    await office.deliver()
    await office.start_again()
    peer.hangs = False
    await office.pass_time(31 * SECOND)
    assert len(peer.questions) == int(known)
    assert (len(peer.attempts), len(peer.took)) == (2, 1)
    assert await office.states() == ["sent"]


async def test_a_restart_waits_for_what_is_under_way(open_office: OpenOffice) -> None:
    office = await open_office(peer := Peer(hangs=True))
    await office.queue(peer)
    await office.deliver()
    closing = asyncio.gather(*(loop.close(within_s=10) for loop in office.loops))
    peer.go_on()
    await closing
    assert (len(peer.attempts), await office.states()) == (1, ["sent"])


async def test_a_closed_way_fails_fast_until_a_test_arrives(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(addressing=ROBOT))
    peer.fail(Failure.CLOSED, code="300005")
    await office.queue(peer, ["everyone"])
    await office.deliver()
    await office.queue(peer, ["everyone"] * 3)
    await office.start_again()
    await office.deliver()
    assert await office.states() == ["failed"] * 4
    assert len(peer.attempts) == 1
    outage = await database.read(outages.look, office.ways, clock())
    assert [(state.transport, state.code) for state in outage.closed] == [("peer", "300005")]

    peer.fail(Failure.RETRY)
    way, nobody = office.ways["peer"], Person(None, None, None)
    assert await database.write(results.try_out, way, nobody, clock())
    await office.pass_time(MINUTE)
    assert len(peer.attempts) == 2
    assert (await office.states())[-1] == "failed"
    tested = await database.write(results.try_out, way, nobody, clock())
    assert tested is not None
    await office.deliver()
    told = await database.read(results.get, tested)
    assert told is not None
    assert told.state == "sent"
    await office.queue(peer, ["everyone"])
    await office.deliver()
    assert (await office.states())[-2:] == ["sent", "sent"]
    assert await database.read(outages.look, office.ways, clock()) == outages.Outage(closed=[], spent=[])


async def test_a_way_that_is_closed_until_tomorrow_opens_by_itself(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(addressing=SMS))
    peer.fail(Failure.CLOSED, wait_ms=8 * HOUR, code="isv.DAY_LIMIT_CONTROL")
    await office.queue(peer)
    await office.deliver()
    await office.pass_time(7 * HOUR, HOUR)
    await office.queue(peer)
    await office.deliver()
    assert await office.states() == ["failed", "failed"]
    await office.pass_time(HOUR, HOUR)
    await office.queue(peer)
    await office.deliver()
    assert await office.states() == ["failed", "failed", "sent"]
    assert (await database.read(way_states.get, "peer")).closed_at is None


async def test_an_error_that_nobody_foresaw_is_unclear_and_stops_nothing(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await open_office(peer := Peer())
    monkeypatch.setattr("bot.alerting.words.notice", lambda *_: 1 / 0)
    await office.queue(peer)
    await office.deliver()
    assert (await the_notice(office))["error"] == "unforeseen: ZeroDivisionError"
    monkeypatch.undo()
    await office.pass_time(MINUTE)
    assert await office.states() == ["sent"]


async def test_a_dead_letter_is_sent_again_when_asked_for(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.PERMANENT)
    (notice_id,) = await office.queue(peer)
    await office.deliver()
    assert await database.write(results.retry, notice_id, clock())
    assert not await database.write(results.retry, notice_id, clock())
    await office.deliver()
    assert await office.states() == ["sent"]
    assert not await database.write(results.retry, notice_id, clock())
    assert await database.read(results.dead_letters, 10) == []


async def test_an_unclear_dead_letter_is_asked_about_first(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(addressing=SMS, known=True, takes_in_trouble=True))
    peer.fail(Failure.UNKNOWN)
    peer.cannot_tell = DeliveryError("does not know", Failure.UNKNOWN)
    (notice_id,) = await office.queue(peer)
    await office.pass_time(2 * HOUR, 10 * SECOND)
    assert await office.states() == ["unknown"]
    peer.cannot_tell = None
    assert await database.write(results.retry, notice_id, clock())
    await office.deliver()
    assert await office.states() == ["sent"]
    assert len(peer.took) == 1


async def test_messages_that_cost_money_stop_at_the_days_budget(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    settings = AliyunSmsSettings("id", "secret", "应声", "SMS_1", daily_budget=3, per_number_daily=2)
    office = await open_office(peer := Peer(addressing=SMS, settings=settings))
    await office.queue(peer, ["+8613800000001"] * 3 + ["+8613800000002"] * 3)
    await office.deliver()
    codes = [row["code"] for row in await office.rows("SELECT code FROM notice ORDER BY id")]
    assert codes == ["", "", "per_number", "", "budget", "budget"]
    assert len(peer.took) == 3
    outage = await database.read(outages.look, office.ways, clock())
    assert [state.transport for state in outage.spent] == ["peer"]
    await office.pass_time(DAY, HOUR)
    await office.queue(peer, ["+8613800000001"])
    await office.deliver()
    assert len(peer.took) == 4
    assert await database.read(outages.look, office.ways, clock()) == outages.Outage(closed=[], spent=[])


async def test_old_notices_are_forgotten_and_what_waits_is_not(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.PERMANENT)
    await office.queue(peer, ["zhou@example.com", "chen@example.com"])
    await office.deliver()
    peer.fail(Failure.RETRY, wait_ms=HOUR)
    await office.queue(peer)
    await office.deliver()
    clock.advance(DAY)
    assert await database.write(results.forget, clock()) == 2
    assert await office.states() == ["queued"]
    assert await office.rows("SELECT key FROM outbox WHERE status = 'dead'") == []


@pytest.mark.parametrize(("messages", "wait"), [(1_000, None), (300, MINUTE)])
async def test_a_thousand_that_fail_together_do_not_come_back_together(
    open_office: OpenOffice, clock: Clock, messages: int, wait: int | None
) -> None:
    """No second of retries holds more than three times the mean, though all were told to wait as long."""
    office = await open_office(peer := Peer(lasting=True))
    peer.fail(Failure.RETRY, wait_ms=wait)
    await office.queue(peer, [f"person{number}@example.com" for number in range(messages)])
    await office.deliver()
    due = [row["available_at"] - clock() for row in await office.rows("SELECT available_at FROM outbox")]
    assert len(due) == len(peer.attempts) == messages
    assert min(due) >= (wait or 0)
    seconds = Counter(at // SECOND for at in due)
    mean = messages / (max(seconds) - min(seconds) + 1)
    print(f"\nwait {wait}: at most {max(seconds.values())} of {messages} in a second, {mean:.0f} on average")
    assert max(seconds.values()) <= 3 * mean


async def test_all_dead_letters_of_a_way_are_sent_again_together_and_no_others(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(), other := Peer("other"))
    peer.fail(Failure.PERMANENT)
    peer.fail(Failure.PERMANENT)
    other.fail(Failure.PERMANENT)
    await office.queue(peer, ["a@example.com", "b@example.com", "c@example.com"])
    await office.queue(other)
    await office.deliver()
    assert await database.read(results.count_dead, "peer") == 2
    assert await database.write(results.retry_all, "peer", clock()) == 2
    assert await database.write(results.retry_all, "peer", clock()) == 0
    await office.deliver()
    assert (len(peer.took), await database.read(results.count_dead, "peer")) == (3, 0)
    assert [one.transport for one in await database.read(results.dead_letters, 10)] == ["other"]
    sent = await database.read(allowance.counts, clock() - DAY)
    assert sent == {"peer": 3}


async def test_an_outcome_waits_for_storage_and_the_message_is_not_sent_again(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [StorageUnavailable("the disk is away")] * 5

    def troubled(*told: Any) -> bool:
        if failures:
            raise failures.pop()
        return settle(*told)

    monkeypatch.setattr("bot.alerting.delivery.dispatch.settle", troubled)
    monkeypatch.setattr("bot.workers.AFTER_TROUBLE_S", 0.01)
    office = await open_office(peer := Peer())
    await office.queue(peer)
    await office.deliver()
    assert (failures, len(peer.attempts), await office.states()) == ([], 1, ["sent"])


async def test_a_claim_that_ran_out_while_its_holder_lives_stays_with_it(
    open_office: OpenOffice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storage was away for longer than a lease: the row is due again, and the delivery that is under way is the one."""
    office = await open_office(peer := Peer(hangs=True))
    await office.queue(peer)
    await office.deliver()
    clock.advance(MINUTE)
    await office.deliver()
    assert len(peer.attempts) == 1
    peer.go_on()
    await office.deliver()
    assert (len(peer.attempts), await office.states()) == (1, ["sent"])


async def test_what_cannot_be_kept_beside_the_row_is_kept_at_the_row(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.alerting.delivery.settling.outcomes.sent", lambda *_, **__: 1 / 0)
    office = await open_office(peer := Peer())
    await office.queue(peer)
    await office.pass_time(MINUTE)
    assert len(peer.attempts) == 1
    assert [row["status"] for row in await office.rows("SELECT status FROM outbox")] == ["sent"]


async def test_the_command_line_revives_a_dead_letter_too(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.PERMANENT)
    await office.queue(peer)
    await office.deliver()
    (dead,) = await database.read(outbox.dead_letters, 10)
    assert await database.write(outbox.retry_dead, dead.id, clock())
    await office.deliver()
    assert await office.states() == ["sent"]


async def test_the_results_of_a_way_are_listed_with_what_they_tell_of(
    open_office: OpenOffice, shop: ServiceDesk, database: SQLiteDatabase, clock: Clock
) -> None:
    await shop.hire("zhou", email="zhou@example.com")
    first, second = [await shop.ticket_from("转人工", MORNING, f"visitor-{number}") for number in range(2)]
    office = await open_office(peer := Peer("mail"))
    clock.advance(12 * HOUR)
    await office.sweep()
    peer.fail(Failure.PERMANENT, code="550")
    await office.deliver()
    (told,) = await database.read(results.of_way, "mail", 10)
    assert (told.recipient, told.code, told.ticket_numbers) == (
        "z***@example.com",
        "550",
        (first.number, second.number),
    )
    assert await database.read(results.dead_letters, 10) == [told]
    assert await database.read(results.get, told.id) == told
    assert await database.read(results.get, "none") is None
    assert await database.read(results.of_way, "webhook", 10) == []
    nobody = Person(None, None, None)
    assert await database.write(results.try_out, office.ways["mail"], nobody, clock()) is None


@pytest.mark.parametrize("addressing", [Addressing.AGENT, Addressing.MAIL])
async def test_that_nobody_was_there_is_no_dead_letter_and_no_failure_of_the_way(
    open_office: OpenOffice, database: SQLiteDatabase, addressing: Addressing
) -> None:
    office = await open_office(peer := Peer(addressing=addressing))
    peer.fail(Failure.ABSENT, code="no_page")
    await office.queue(peer)
    await office.pass_time(HOUR, MINUTE)
    assert len(peer.attempts) == 1
    told = await the_notice(office)
    assert (told["state"], told["code"], told["sent_at"]) == ("absent", "no_page", None)
    assert told["finished_at"] is not None
    assert await database.read(results.dead_letters, 10) == []
    assert await database.read(outbox.dead_letters, 10) == []
    assert (await database.read(way_states.get, "peer")).failed_at is None


async def test_where_somebody_may_come_back_it_is_tried_again_but_for_a_test(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(addressing=ROBOT))
    peer.fail(Failure.ABSENT, 0, "no_answer")
    peer.fail(Failure.ABSENT, 0, "no_answer")
    await office.queue(peer, ["everyone"])
    await office.deliver()
    assert await office.states() == ["queued"]
    await database.write(results.try_out, peer.way, Person(None, None, None), clock())
    await office.deliver()
    assert await office.states() == ["queued", "absent"]
    assert not (await database.read(way_states.get, "peer")).is_failing
    await office.pass_time(MINUTE)
    assert await office.states() == ["sent", "absent"]
    assert await database.read(outbox.dead_letters, 10) == []
