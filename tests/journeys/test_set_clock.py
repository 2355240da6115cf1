"""The machine's clock is set forward and back under a running server: no alert is lost, doubled, or raised twice."""

from typing import Any

import pytest

from storage.database import Row, Transaction
from tests.conftest import StartServer
from tests.fakes import Clock, Server

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LEVELS = [
    {"name": "agents", "after": "0s", "transports": ["webhook"], "to": ["assignee"]},
    {"name": "supervisors", "after": "30m", "transports": ["webhook"], "to": ["assignee"]},
]
ESCALATION = {"sweep_every": "20ms", "levels": LEVELS, "repeat": "1h"}


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """A server that looks at its deadlines all the time; it has promised an answer within 12 hours."""
    return await start_server(escalation=ESCALATION)


async def alerts(server: Server) -> list[Row]:
    """Every alert, after the sweep has had the present moment to look at."""

    def read(tx: Transaction) -> list[Row]:
        return tx.execute("SELECT level, late, planned_at, raised_at FROM alert ORDER BY raised_at, level")

    await swept(server)
    return await server.database.read(read)
