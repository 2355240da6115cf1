"""A real database in a real folder, with a desk on top."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.sqlite import SQLiteDatabase, open_database
from tests import rules
from tests.tickets.cast import MORNING, ServiceDesk


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path / "data")
    await database.write(rules.seed, MORNING)
    yield database
    await database.close()


@pytest.fixture
def shop(database: SQLiteDatabase) -> ServiceDesk:
    return ServiceDesk(database)
