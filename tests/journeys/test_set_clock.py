"""The machine's clock is set forward and back under a running server: no alert is lost, none is raised twice."""

from typing import Any

import aiohttp
import pytest

from bot.keys import WORKERS
from storage.database import Row, Transaction
from tests.conftest import StartServer
from tests.fakes import Clock, Server, eventually
from tests.rules import open_alerts

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LEVELS = [
    {"name": "agents", "after": "0s", "transports": ["webhook"], "to": ["assignee"]},
    {"name": "supervisors", "after": "30m", "transports": ["webhook"], "to": ["assignee"]},
]
ESCALATION: dict[str, Any] = {"sweep_every": "10ms", "levels": LEVELS, "repeat": "1h"}


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """A server that looks at its deadlines all the time."""
    return await start_server(sla={"warn_at": 0}, escalation=ESCALATION)


class Wall:
    """The clock on the machine's wall, and the alerts that there are once everybody has looked at it."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def move(self, ms: int) -> list[tuple[int, bool]]:
        """Set it forward or back; level and lateness of every alert so far, after two rounds of the sweep."""
        self._clock.advance(ms)
        await self._round()  # this one may have begun before
        await self._round()
        found = await self._server.database.read(_alerts)
        return [(row["level"], bool(row["late"])) for row in found]

    async def _round(self) -> None:
        workers = self._server.app[WORKERS]
        before = workers.rounds["sweep"]
        await eventually(lambda: workers.rounds["sweep"] != before)


def _alerts(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT level, late FROM alert ORDER BY level")


@pytest.fixture
def wall(server: Server, clock: Clock) -> Wall:
    return Wall(server, clock)


async def asks_for_a_person(server: Server) -> None:
    async with server.page() as page:
        await page.say("转人工")
        await page.reads()


async def test_an_hour_back_and_forth_moves_no_promise_and_doubles_no_alert(server: Server, wall: Wall) -> None:
    await asks_for_a_person(server)
    assert await wall.move(12 * HOUR_MS - 1) == []
    assert await wall.move(-HOUR_MS) == []
    assert await wall.move(HOUR_MS + 1) == [(1, False)]
    assert await wall.move(-HOUR_MS) == [(1, False)]
    assert await wall.move(HOUR_MS) == [(1, False)]
    assert await wall.move(30 * MINUTE_MS) == [(1, False), (2, False)]
    assert await wall.move(-DAY_MS) == [(1, False), (2, False)]


async def test_a_clock_far_ahead_raises_what_it_must_and_once_it_is_right_again_nothing_is_lost(
    server: Server, wall: Wall
) -> None:
    await asks_for_a_person(server)
    assert await wall.move(DAY_MS) == [(1, True)]
    assert await wall.move(-DAY_MS) == [(1, True)]
    alarms = await server.database.read(open_alerts)
    assert [alarm["level"] for alarm in alarms] == [1], "it stays until somebody acknowledges it"
    levels = [level for level, _ in await wall.move(DAY_MS + 30 * MINUTE_MS)]
    assert levels == [1, 2]


async def test_a_clock_set_a_day_forward_is_no_reason_to_call_a_loop_dead(server: Server, wall: Wall) -> None:
    await wall.move(DAY_MS)
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/readyz") as response:
        assert (response.status, (await response.json())["reasons"]) == (200, [])
