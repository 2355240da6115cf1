"""A real database in a real folder, with the cast's entries published."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from storage.sqlite import SQLiteDatabase, open_database
from tests import rules
from tests.bot.cast import BRAKES, COMPLAINTS, NOW, PRICE, SERVICE, TYRES, Customer, ScriptedShelf


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path / "data")
    await database.write(rules.seed, NOW)
    await database.write(entries.save, [TYRES, SERVICE, PRICE, COMPLAINTS, BRAKES], "test", NOW)
    yield database
    await database.close()


@pytest.fixture
def shelf() -> ScriptedShelf:
    return ScriptedShelf()


@pytest.fixture
def lin(database: SQLiteDatabase) -> Customer:
    return Customer(database)
