"""The machine's clock is set back: nothing that waits to be sent waits longer than it was meant to, and none less."""

import pytest

from storage.sqlite import SQLiteDatabase
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Office, Peer
from tests.alerting.test_rescuing import TWO, overdue
from tests.fakes import Clock
from tests.tickets.cast import HOUR, MINUTE, SECOND, ServiceDesk
from tickets.alerts import Addressing, Failure
from tickets.escalation import setbacks, way_states

DAY = 24 * HOUR
SWEEP = 5 * SECOND
LONGEST_RETRY = 5 * MINUTE


async def live(office: Office, ms: int) -> None:
    """The clock goes on from here; the sweep and the loops look every few seconds."""
    for _ in range(0, ms, SWEEP):
        await office.sweep()
        await office.deliver()
        office.clock.advance(SWEEP)


@pytest.fixture(params=[HOUR, DAY], ids=["an hour", "a day"])
def back(request: pytest.FixtureRequest) -> int:
    return int(request.param)


async def test_a_retry_comes_within_the_longest_pause(open_office: OpenOffice, clock: Clock, back: int) -> None:
    office = await open_office(peer := Peer())
    for _ in range(8):
        peer.fail(Failure.RETRY)
    await office.queue(peer)
    await office.deliver()
    while peer.troubles:
        tried = len(peer.attempts)
        clock.advance(-back)
        await live(office, LONGEST_RETRY + 2 * SWEEP)
        assert len(peer.attempts) > tried, "it was tried again"
    await live(office, LONGEST_RETRY + 2 * SWEEP)
    assert len(peer.took) == 1
    assert await office.states() == ["sent"]


async def test_it_is_the_same_when_the_clock_is_set_back_while_nobody_looks(
    open_office: OpenOffice, clock: Clock, back: int
) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.RETRY)
    await office.queue(peer, ["zhou@example.com", "chen@example.com"])
    await office.loops[0].close()
    clock.advance(-back)
    await office.start_again()
    await live(office, LONGEST_RETRY + 2 * SWEEP)
    assert sorted(notice.recipient for notice in peer.took) == ["chen@example.com", "zhou@example.com"]


async def test_a_wait_that_the_peer_stated_is_kept_whole(open_office: OpenOffice, clock: Clock, back: int) -> None:
    office = await open_office(peer := Peer())
    peer.fail(Failure.RETRY, wait_ms=8 * HOUR)
    await office.queue(peer)
    await office.deliver()
    clock.advance(10 * MINUTE - back)
    await office.sweep()
    noticed = clock()
    await office.pass_time(8 * HOUR - 1 * MINUTE, MINUTE)
    assert len(peer.attempts) == 1
    await office.pass_time(3 * MINUTE, SWEEP)
    assert len(peer.took) == 1
    assert 8 * HOUR <= peer.attempts[1][0] - noticed <= 8 * HOUR + MINUTE


async def test_what_a_dead_process_was_sending_goes_on_when_its_lease_would_have_ended(
    open_office: OpenOffice, clock: Clock, back: int
) -> None:
    office = await open_office(peer := Peer(hangs=True))
    await office.queue(peer)
    await office.deliver()
    await office.start_again()
    peer.go_on()
    clock.advance(-back)
    started = clock()
    await live(office, MINUTE)
    assert len(peer.took) == 1
    assert 30 * SECOND <= peer.attempts[1][0] - started <= 30 * SECOND + SWEEP
    assert await office.states() == ["sent"]


async def test_what_is_being_sent_stays_with_its_sender(open_office: OpenOffice, clock: Clock, back: int) -> None:
    office = await open_office(peer := Peer(hangs=True))
    await office.queue(peer)
    await office.deliver()
    clock.advance(-back)
    await live(office, 2 * MINUTE)
    peer.go_on()
    await live(office, 2 * MINUTE)
    assert len(peer.attempts) == 1
    assert await office.states() == ["sent"]


@pytest.mark.parametrize("failure", [Failure.RETRY, Failure.CLOSED])
async def test_a_way_rests_as_long_as_its_peer_wants(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock, failure: Failure, back: int
) -> None:
    office = await open_office(peer := Peer(addressing=Addressing.EVERYONE))
    peer.fail(failure, wait_ms=20 * MINUTE)
    await office.queue(peer, ["everyone"])
    await office.deliver()
    clock.advance(MINUTE - back)
    noticed = clock()
    await live(office, 20 * MINUTE)
    assert len(peer.attempts) == 1
    assert (await database.read(way_states.get, peer.name)).rests_until == noticed + 20 * MINUTE
    await office.queue(peer, ["everyone"])
    await live(office, MINUTE)
    assert len(peer.took) == (2 if failure is Failure.RETRY else 1)


@pytest.mark.parametrize("last_works", [True, False])
async def test_whether_a_way_works_is_what_was_heard_of_it_last(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock, last_works: bool
) -> None:
    office = await open_office(peer := Peer())
    for works in (not last_works, last_works):
        if not works:
            peer.fail(Failure.PERMANENT)
        await office.queue(peer)
        await office.deliver()
        clock.advance(SECOND)
    clock.advance(-DAY)
    await office.sweep()
    assert (await database.read(way_states.get, peer.name)).works(clock()) is last_works
    clock.advance(MINUTE)
    if last_works:
        peer.fail(Failure.PERMANENT)
    await office.queue(peer)
    await office.deliver()
    assert (await database.read(way_states.get, peer.name)).works(clock()) is not last_works


async def test_a_way_that_never_failed_has_not_failed_since(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer())
    await office.queue(peer)
    await office.deliver()
    clock.advance(-DAY)
    await office.sweep()
    state = await database.read(way_states.get, peer.name)
    assert (state.sent_at, state.failed_at) == (clock(), None)


async def test_who_is_not_reached_is_told_by_another_way_within_a_minute(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, back: int
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(robot := Peer("robot", Addressing.EVERYONE, lasting=True), mail := Peer("mail"))
    robot.fail(Failure.RETRY)
    await office.sweep()
    await office.deliver()
    clock.advance(-back)
    noticed = clock()
    await live(office, 2 * MINUTE)
    (at,) = {at for at, _ in mail.attempts}
    assert 45 * SECOND <= at - noticed <= MINUTE


async def test_a_clock_that_only_runs_forward_changes_no_wait(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(peer := Peer(addressing=Addressing.EVERYONE))
    peer.fail(Failure.RETRY, wait_ms=8 * HOUR)
    await office.queue(peer, ["everyone", "somebody"])
    await office.deliver()
    kept = "SELECT id, available_at, lease_until, waits_since FROM outbox UNION ALL"
    kept += " SELECT transport, rests_until, rests_until, rests_since FROM transport_state"
    before = await office.rows(kept)
    for ahead in (0, 1, MINUTE, HOUR, DAY):
        assert not await database.read(setbacks.begun_ahead, clock() + ahead)
        await database.write(setbacks.begin_anew, clock() + ahead)
    assert await office.rows(kept) == before
    assert not await database.read(setbacks.begun_ahead, clock() - MINUTE), "clocks that are read one after the other"
