"""Durable writes: many waiting transactions in one fsync, against one fsync each, on the same disk."""

import asyncio
import tempfile
import time
from pathlib import Path

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database

WRITES = 2_000


def run() -> dict[str, float]:
    """Time the same writes one after the other and all at once; print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        alone, together = asyncio.run(_measure(Path(folder)))
    print(f"one after the other {WRITES / alone:10.0f} durable writes/s")
    print(f"all at once         {WRITES / together:10.0f} durable writes/s, {alone / together:.1f} times as many")
    return {
        "alone per second": WRITES / alone,
        "together per second": WRITES / together,
        "ratio": alone / together,
    }


async def _measure(folder: Path) -> tuple[float, float]:
    database = open_database(folder / "data")
    try:
        await _write(database, "warm-up")
        begun = time.perf_counter()
        for number in range(WRITES):
            await _write(database, f"alone-{number}")
        alone = time.perf_counter() - begun
        begun = time.perf_counter()
        await asyncio.gather(*(_write(database, f"together-{number}") for number in range(WRITES)))
        return alone, time.perf_counter() - begun
    finally:
        await database.close()


async def _write(database: SQLiteDatabase, name: str) -> None:
    await database.write(_keep, name)


def _keep(tx: Transaction, name: str) -> None:
    tx.change("INSERT INTO secret (name, value) VALUES (:name, :value)", {"name": name, "value": "x" * 200})
