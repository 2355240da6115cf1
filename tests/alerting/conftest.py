"""A desk with a database, and offices that send for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from storage.sqlite import SQLiteDatabase, open_database
from tests import rules
from tests.alerting.office import Office, Peer
from tests.fakes import Clock
from tests.tickets.cast import MORNING, ServiceDesk

OpenOffice = Callable[..., Awaitable[Office]]


@pytest.fixture
def clock() -> Clock:
    """The morning on which customers write."""
    return Clock(MORNING)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path / "data")
    yield database
    await database.close()


@pytest.fixture
async def shop(database: SQLiteDatabase) -> ServiceDesk:
    await database.write(rules.seed, MORNING)
    return ServiceDesk(database)


@pytest.fixture
async def open_office(database: SQLiteDatabase, clock: Clock) -> AsyncIterator[OpenOffice]:
    opened: list[Office] = []

    async def open_one(*peers: Peer) -> Office:
        opened.append(Office(database, clock, *peers))
        return opened[-1]

    yield open_one
    for office in opened:
        await office.close()
