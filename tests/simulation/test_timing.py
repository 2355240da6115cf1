"""When alarms come: the real loops on a virtual clock, before, during and after a downtime, and when it is set."""

import asyncio
import itertools
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.alerting import watching
from bot.alerting.delivery.attempt import Delivery
from bot.alerting.delivery.dispatch import Dispatch
from bot.alerting.delivery.outcome import LONGEST_BACKOFF_MS
from bot.alerting.words import Speech
from bot.clock_gap import ClockGap
from bot.simulation.house import House, open_house
from bot.simulation.scenario import TICK
from bot.simulation.setups import setup_of
from bot.templates import load_templates
from bot.workers import Workers, watch_deadlines
from storage.database import Transaction
from storage.sqlite import open_database
from tests import rules
from tests.journeys.program import ROOT
from tests.simulation.virtual import VirtualLoop
from tests.tickets.cast import HOUR, MINUTE, MORNING, SECOND, ServiceDesk
from tickets import desk
from tickets.alerts import Addressing, DeliveryError, Failure, Notice, Sent, Transport
from tickets.escalation.sweeping import sweep
from tickets.escalation.ways import Way
from tickets.model import Agent

# 2026-03-02 00:00 in Shanghai, a Monday.
START = 1_772_380_800_000


@dataclass
class Machine:
    """A desk in a process that can be stopped and started, on a machine whose clock can be set."""

    house: House
    loop: VirtualLoop
    offset_ms: int = 0
    refuses: bool = False
    told: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    running: list[Any] = field(default_factory=list)

    def true(self) -> int:
        return START + round(self.loop.time() * 1000)

    def wall(self) -> int:
        return self.true() + self.offset_ms

    async def send(self, _: None, notice: Notice) -> Sent:
        """The peer takes it, half a second later."""
        await asyncio.sleep(0.5)
        if self.refuses:
            raise DeliveryError("the peer is busy", Failure.RETRY)
        self.told.append((self.true(), notice.numbers))
        return Sent()

    def start(self) -> None:
        workers = Workers(self.wall, self.loop.time)
        house, database = self.house, self.house.scratch
        turn = watch_deadlines(database, house.rules, house.ways, self.wall, self.loop.time)
        workers.start("sweep", turn, partial(asyncio.sleep, TICK / 1000), MINUTE)
        speech = Speech(load_templates(), "zh", house.rules.time_zone, "http://127.0.0.1")
        ways = [Dispatch(Delivery(database, way, speech, self.wall)) for way in house.ways.values()]
        for one in ways:
            workers.start("robot", one.turn, one.wait, MINUTE)
        self.running = [workers, *ways]

    async def stop(self) -> None:
        running, self.running = self.running, []
        for one in running:
            await (one.stop() if isinstance(one, Workers) else one.close())

    async def until(self, true: int) -> None:
        await asyncio.sleep(max(0, true - self.true()) / 1000)

    def alarms(self) -> list[dict[str, Any]]:
        return self.house.scratch.ask(
            lambda tx: tx.execute(
                """
                SELECT a.level, a.planned_at, a.raised_at, a.late, t.number FROM alert a
                JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
                WHERE a.level <= 1 ORDER BY a.rowid
                """
            )
        )


def lived(tmp_path: Path, life: Callable[[Machine], Awaitable[None]]) -> Machine:
    """A machine that has lived this life."""
    loop = VirtualLoop()
    machine = Machine(open_house(tmp_path, setup_of("standard"), {}, START), loop)
    transport = Transport("room", Addressing.EVERYONE, type(None), machine.send)
    machine.house.ways = {"robot": Way("robot", transport, None)}
    try:
        loop.run_until_complete(life(machine))
        return machine
    finally:
        loop.run_until_complete(machine.stop())
        machine.house.scratch.release()
        loop.close()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, watching.__name__)


def test_deadlines_are_never_early_soon_while_up_and_all_out_within_half_a_minute_after_a_downtime(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    count, rng = pytestconfig.getoption("--deadlines"), Random(pytestconfig.getoption("--seed"))
    starts = sorted(START - rng.randrange(12 * HOUR) for _ in range(count))
    down, up = START + 4 * HOUR + 123, START + 6 * HOUR + 456
    seen: list[dict[str, Any]] = []

    async def life(machine: Machine) -> None:
        for key, at in enumerate(starts):
            machine.house.writes(key, "chat", None, at)
        machine.start()
        await machine.until(down)
        await machine.stop()
        await machine.until(up)
        machine.start()
        await machine.until(up + 30 * SECOND)
        out = {number for _, numbers in machine.told for number in numbers}
        overdue = [one for one in machine.alarms() if one["level"] == 1 and one["planned_at"] <= up]
        assert {one["number"] for one in overdue} <= out, "everything overdue is out"
        await machine.until(START + 12 * HOUR + MINUTE)
        await machine.stop()
        seen.extend(machine.alarms())

    lived(tmp_path, life)
    breaches = [one for one in seen if one["level"] == 1]
    assert sorted(one["planned_at"] for one in breaches) == [at + 12 * HOUR for at in starts], "each once"
    for one in breaches:
        planned, raised = one["planned_at"], one["raised_at"]
        since, bound = (up, 30 * SECOND) if down <= planned < up else (planned, 15 * SECOND)
        assert planned <= raised <= since + bound
        assert one["late"] == int(raised - planned > MINUTE)


JUMPS = {
    "an hour back": (-HOUR, 40 * MINUTE),
    "an hour forward": (HOUR, 40 * MINUTE),
    "a day forward": (24 * HOUR, 30 * MINUTE),
    "a day forward, right at once": (24 * HOUR, 7 * SECOND),
}


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_is_set_and_set_right_again_loses_no_alarm_and_doubles_none(
    jump: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong, lasts = JUMPS[jump]
    starts = [START - 12 * HOUR + number * 10 * MINUTE + 77 for number in range(1, 40)]
    seen: list[dict[str, Any]] = []
    caplog.set_level(logging.WARNING, "bot.clock_gap")

    async def life(machine: Machine) -> None:
        for key, at in enumerate(starts):
            machine.house.writes(key, "chat", None, at)
        machine.start()
        await machine.until(START + 2 * HOUR)
        machine.offset_ms = wrong
        await machine.until(START + 2 * HOUR + lasts)
        machine.offset_ms = 0
        await machine.until(START + 7 * HOUR)
        await machine.stop()
        seen.extend(machine.alarms())

    lived(tmp_path, life)
    breaches = [one for one in seen if one["level"] == 1]
    assert sorted(one["planned_at"] for one in breaches) == [at + 12 * HOUR for at in starts]
    assert all(one["raised_at"] >= one["planned_at"] for one in breaches)
    gaps = [record.getMessage() for record in caplog.records if record.name == "bot.clock_gap"]
    assert gaps == [f"the machine's clock was set by {by / 1000:.0f} s since the last look" for by in (wrong, -wrong)]


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
def test_what_waits_for_another_attempt_goes_out_although_the_clock_is_set_back_by_a_day(
    tmp_path: Path, down: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    notices: dict[str, str] = {}

    async def life(machine: Machine) -> None:
        machine.house.writes(0, "chat", None, START - 12 * HOUR + MINUTE)
        machine.refuses = True
        machine.start()
        await machine.until(START + 5 * MINUTE)
        if down:
            await machine.stop()
        machine.offset_ms, machine.refuses = -24 * HOUR, False
        await machine.until(START + 6 * MINUTE)
        if down:
            machine.start()
        await machine.until(START + 6 * MINUTE + LONGEST_BACKOFF_MS + 15 * SECOND)
        await machine.stop()
        notices.update({one.notice: one.state for one in machine.house.addressed()})

    machine = lived(tmp_path, life)
    assert set(notices.values()) == {"sent"}
    assert len(machine.told) == len(notices), "each once"


def test_a_clock_that_drifts_is_told_of_when_it_is_a_minute_wrong(caplog: pytest.LogCaptureFixture) -> None:
    steady = itertools.count(0, 5)
    walls = (START + round(seconds * 1000 * 1.004) for seconds in itertools.count(0, 5))
    with caplog.at_level(logging.WARNING):
        gap = ClockGap(lambda: next(walls), lambda: float(next(steady)))
        for _ in range(3_100):
            gap.look()
    assert len(caplog.records) == 1
    assert "set by 60 s" in caplog.text


def _answer(number: str, agent: Agent, order: list[str], tx: Transaction, now: int) -> None:
    desk.reply(tx, number, agent, "六万公里。", 1, f"r-{number}", False, now)
    order.append("answer")


def _look(order: list[str], tx: Transaction, now: int) -> None:
    sweep(tx, now, rules.RULES.late_after_ms)
    order.append("sweep")


async def test_answer_and_deadline_at_once_agree_on_who_was_first(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    races, rng = pytestconfig.getoption("--races"), Random(pytestconfig.getoption("--seed"))
    database = open_database(tmp_path / "data")
    await database.write(rules.seed, MORNING)
    shop = ServiceDesk(database)
    zhou = await shop.hire("zhou")
    answered_first: dict[str, bool] = {}
    try:
        for race in range(races):
            at = MORNING + race * 24 * HOUR
            ticket = await shop.ticket_from("转人工", at, f"visitor-{race}")
            order: list[str] = []
            both = [partial(_answer, ticket.number, zhou, order), partial(_look, order)]
            rng.shuffle(both)
            due = at + 12 * HOUR
            await asyncio.gather(*(database.write(one, due) for one in both))
            answered_first[ticket.id] = order[0] == "answer"
        alerts = await shop.rows("SELECT ticket_id, level, settled_at FROM alert JOIN clock ON clock.id = clock_id")
    finally:
        await database.close()
    raised = [row["ticket_id"] for row in alerts if row["level"] == 1]
    assert sorted(raised) == sorted(one for one, first in answered_first.items() if not first)
    assert all(row["settled_at"] is not None for row in alerts)
    assert 0 < len(raised) < races


SCHEDULE = """
import hashlib, random, sys
from bot.simulation.setups import setup_of
from tickets.business_time import NATURAL, Pause
from tickets.sla import dues
from tickets.escalation.people import on_duty
rng, told = random.Random(int(sys.argv[2])), hashlib.sha256()
setup = setup_of("working")
for _ in range(int(sys.argv[1])):
    start = rng.randrange(1_735_660_800_000, 1_790_000_000_000)
    begins = start + rng.randrange(3 * 86_400_000)
    pauses = (Pause(begins, begins + rng.randrange(86_400_000)),)
    for named in setup.policies:
        for budget in (named.policy.first_response, named.policy.next_response, named.policy.resolution):
            if budget is not None:
                calendar = setup.calendars[budget.calendar_id] if budget.calendar_id else NATURAL
                told.update(repr(dues.due(start, budget, calendar, pauses, start)).encode())
    told.update(repr(on_duty(setup.rotas["duty"], start)).encode())
print(told.hexdigest())
"""


def test_the_time_zone_of_the_process_changes_no_due_time(pytestconfig: pytest.Config) -> None:
    arguments = [str(pytestconfig.getoption("--deadlines")), str(pytestconfig.getoption("--seed"))]
    schedules = {
        subprocess.run(
            [sys.executable, "-c", SCHEDULE, *arguments],
            cwd=ROOT,
            env={**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Asia/Shanghai", "America/New_York")
    }
    assert len(schedules) == 1
    assert len(schedules.pop()) == 65
