"""The server is killed again and again under load; what it acknowledged must be there, once."""

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.program import Customer, Program
from tests.journeys.witness import rows, stocked, until

CUSTOMERS = 20
SETTINGS = {
    "YINGSHENG_CHAT__MESSAGES_PER_MINUTE": "100000",
    "YINGSHENG_CHAT__CONNECTIONS_PER_ADDRESS": "1000",
    "YINGSHENG_CHAT__VISITORS_PER_HOUR": "100000",
    "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
}
QUESTIONS = ("轮胎多久换一次", "保养多少钱？充电要多久？", "你好", "转人工", "火星上能充电吗", "谢谢")


@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_what_was_acknowledged_survives_every_kill_and_is_stored_once(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills, seed = int(request.config.getoption("--kills")), int(request.config.getoption("--seed"))
    chance = random.Random(seed)
    program = Program(await stocked(tmp_path / "data"), SETTINGS)
    ready = [await asyncio.to_thread(program.start)]
    async with aiohttp.ClientSession() as session, Crowd(program, session, chance) as crowd:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 1.2))
            if chance.random() < 0.5:
                await crowd.is_heard()
            await asyncio.to_thread(program.kill)
            ready.append(await asyncio.to_thread(program.start))
        await crowd.hush()
    await asyncio.to_thread(program.stop)
    customers = crowd.customers
    acked = sum(len(customer.acked) for customer in customers)
    print(f"\n{kills} kills, seed {seed}: {acked} acknowledged, slowest start {max(ready):.1f} s")
    assert acked > kills * CUSTOMERS / 4, "too little load to prove anything"
    _check_database(program.folder / "yingsheng.db", customers)
    for customer in customers:
        numbers = [item["number"] for item in customer.received]
        assert numbers == list(range(1, len(numbers) + 1)), "a page missed or repeated a message"


class Crowd:
    """Customers who stay, and something that makes them talk. An asynchronous context."""

    def __init__(self, program: Program, session: aiohttp.ClientSession, chance: random.Random) -> None:
        self._program = program
        self.customers = [Customer(program, session, f"customer{number:02d}") for number in range(CUSTOMERS)]
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Crowd":
        self._tasks = [asyncio.create_task(one.live()) for one in self.customers]
        self._tasks.append(asyncio.create_task(self._chatter()))
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def is_heard(self) -> None:
        """As many messages as there are customers have been acknowledged from now on, however slow the machine is."""
        before = self._acked()
        await until(lambda: self._acked() >= before + CUSTOMERS)

    def _acked(self) -> int:
        return sum(len(customer.acked) for customer in self.customers)

    async def hush(self) -> None:
        """Say nothing new, and wait until all is sent, decided about and shown."""
        self._tasks.pop().cancel()
        await until(self._is_quiet)

    def _is_quiet(self) -> bool:
        if any(customer.waiting for customer in self.customers):
            return False
        undecided = rows(self._program, "SELECT id FROM message WHERE decided_at IS NULL LIMIT 1")
        [stored] = rows(self._program, "SELECT SUM(last_number) AS messages FROM conversation")
        return not undecided and sum(customer.last for customer in self.customers) == stored["messages"]

    async def _chatter(self) -> None:
        """Every customer says something twice a second or so, but no more while five go unacknowledged."""
        spoken = 0
        while True:
            for customer in self.customers:
                if customer.waiting < 5:
                    text = f"{self._chance.choice(QUESTIONS)} {spoken}"
                    customer.say(f"{customer.name}-{spoken:06d}", text)
            spoken += 1
            await asyncio.sleep(0.4)


def _check_database(path: Path, customers: list[Customer]) -> None:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with contextlib.closing(connection):
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        stored = Counter(
            row[0] for row in connection.execute("SELECT external_id FROM message WHERE author = 'contact'")
        )
        undecided = connection.execute(
            "SELECT count(*) FROM message WHERE author = 'contact' AND decided_at IS NULL"
        ).fetchone()[0]
    acked = {client_id for customer in customers for client_id in customer.acked}
    assert sorted(acked - stored.keys()) == [], "acknowledged and missing"
    assert [client_id for client_id, count in stored.items() if count > 1] == [], "stored twice"
    assert undecided == 0, "accepted and never decided"
