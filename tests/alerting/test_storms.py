"""Many alerts at once, and a way that hangs: nobody waits for another, and no peer gets more than it takes."""

import time

import pytest

from bot.workers import Workers
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Peer
from tests.fakes import Clock, eventually
from tests.rules import chain
from tests.tickets.alerts.robots import TOKEN, FakeDingTalk
from tests.tickets.cast import HOUR, MINUTE, MORNING, SECOND, ServiceDesk
from tickets import desk, staff
from tickets.alerts import Addressing, dingtalk
from tickets.escalation.acknowledging import acknowledge
from tickets.escalation.ways import Way
from tickets.profiles import Profile
from tickets.sla.model import Level

DUE = MORNING + 12 * HOUR
TICKETS = 100


@pytest.fixture
async def shop(database: SQLiteDatabase) -> ServiceDesk:
    await database.write(rules.seed, MORNING, own=chain((Level("group", 0, ("assignee",), ("ding",)),)))
    return ServiceDesk(database)


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(1 for other in times if at <= other < at + 60) for at in times)


@pytest.mark.parametrize("sweep_every", [1, 5])
async def test_a_hundred_alerts_in_a_minute_are_all_named_and_never_too_fast(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, sweep_every: int
) -> None:
    """Against a robot that is deaf for ten minutes after more than twenty messages in a minute."""
    tickets = [
        await shop.ticket_from("转人工", MORNING + number * 600, f"visitor-{number}") for number in range(TICKETS)
    ]
    times: list[float] = []
    async with FakeDingTalk(secret="", clock=lambda: clock() / 1000).open() as robot:
        settings = dingtalk.DingTalkSettings(TOKEN, endpoint=robot.endpoint, allow_networks=("127.0.0.0/8",))
        office = await open_office(Peer("ding"))
        office.use(Way("ding", dingtalk.TRANSPORT, settings))
        clock.now = DUE
        named_all_after = 0
        for second in range(150):
            if second % sweep_every == 0:
                await office.sweep()
            await office.deliver()
            times += [second] * (len(robot.requests) - len(times))
            if not named_all_after and all(any(one.number in text for text in robot.texts) for one in tickets):
                named_all_after = second
            clock.advance(SECOND)
    print(
        f"\nsweep every {sweep_every} s: {len(robot.requests)} messages, at most {most_in_a_minute(times)} a minute, "
        f"all {TICKETS} named {named_all_after - 59} s after the last was due"
    )
    assert all(any(one.number in text for text in robot.texts) for one in tickets)
    assert len(robot.received) == len(robot.requests), "the robot has refused something"
    assert most_in_a_minute(times) <= 18
    assert 0 < named_all_after <= 75


async def test_what_waits_takes_in_what_comes_and_leaves_out_what_is_over(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    zhou = await shop.hire("zhou")
    tickets = [await shop.ticket_from("转人工", MORNING + number, f"visitor-{number}") for number in range(8)]
    office = await open_office(robot := Peer("ding", Addressing.EVERYONE, per_minute=18))
    for number in range(8):
        clock.now = DUE + number
        await office.sweep()
        await office.deliver()
    assert [notice.numbers for notice in robot.took] == [(one.number,) for one in tickets[:3]]
    await database.write(acknowledge, tickets[5].number, zhou, clock())
    await office.pass_time(5 * SECOND)
    assert robot.took[3].numbers == tuple(one.number for number, one in enumerate(tickets) if number in (3, 4, 6, 7))
    assert len(robot.took) == 4


async def test_nothing_is_sent_when_all_of_it_is_over(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    office = await open_office(robot := Peer("ding", Addressing.EVERYONE))
    clock.now = DUE
    await office.sweep()
    await database.write(acknowledge, ticket.number, zhou, clock())
    await office.deliver()
    assert robot.attempts == []
    assert await office.states() == ["withdrawn"]
    assert [row["status"] for row in await office.rows("SELECT status FROM outbox")] == ["withdrawn"]


async def test_a_way_that_hangs_for_ten_minutes_holds_up_no_other(open_office: OpenOffice, clock: Clock) -> None:
    """Ten minutes of the office's clock, a message to each way every four seconds, by the loops of a server."""
    hung = Peer("hung", Addressing.EVERYONE, hangs=True)
    others = [Peer(f"other-{number}") for number in range(3)]
    office = await open_office(hung, *others)
    workers = Workers(clock)
    for way, loop in zip(office.ways.values(), office.loops, strict=True):
        workers.start(way.topic, loop.turn, loop.wait, MINUTE)
    waits: list[float] = []
    try:
        for wanted in range(1, 151):
            await office.queue(hung, ["everyone"])
            begun = time.monotonic()
            for peer in others:
                await office.queue(peer)
            await eventually(lambda wanted=wanted: all(len(peer.took) == wanted for peer in others))  # type: ignore[misc]
            waits.append(time.monotonic() - begun)
            clock.advance(4 * SECOND)
    finally:
        await workers.stop()
    waits.sort()
    print(f"\n600 s of hanging: p99 of the others' wait {waits[148]:.3f} s, longest {waits[-1]:.3f} s")
    assert hung.hanging > 0
    assert hung.took == []


async def test_whoever_is_responsible_for_an_alert_that_joins_a_message_is_named_in_it_too(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    phones = ["+8613800000001", "+8613800000002"]
    for number, phone in enumerate(phones):
        agent = await shop.hire(f"agent-{number}", email=f"agent-{number}@example.com")
        profile = Profile(f"agent-{number}@example.com", phone, None, None, None, None)
        await shop.database.write(staff.change_profile, agent.id, 1, profile)
        ticket = await shop.ticket_from("转人工", MORNING + number * SECOND, f"visitor-{number}")
        await shop.database.write(desk.take_over, ticket.number, agent, ticket.version, MORNING + MINUTE)
    robot = Peer("ding", Addressing.EVERYONE)
    office = await open_office(robot)
    for moment in (DUE, DUE + SECOND):
        clock.now = moment
        await office.sweep()
    await office.deliver()
    (told,) = robot.took
    assert (len(told.numbers), list(told.mentions)) == (2, phones)
