"""What the journeys through trouble have in common: people on their pages, a monitor, and what must hold after."""

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bot.server import wall_clock
from knowledgebase.authoring import entries
from knowledgebase.model import Entry
from storage.sqlite import open_database
from tests.console.cast import PASSWORD_HASH
from tests.fakes import ENTRIES
from tests.journeys.program import Customer, Program
from tickets import agents
from tickets.model import Role

# Patience with a busy machine, no promise.
PATIENCE_S = 120.0


async def until(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
    """Return once it holds, with the seconds that took; fail after this many."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"did not come true within {seconds} s")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def until_ready_is(program: Program, status: int, seconds: float = PATIENCE_S) -> tuple[float, list[str]]:
    """Ask /readyz until it answers this; the seconds that took and the reasons it gives. Fails after these seconds."""
    begun = time.monotonic()
    while True:
        answered, body = await asyncio.to_thread(program.ready)
        took = time.monotonic() - begun
        assert took <= seconds, f"/readyz still answers {answered} {body} after {took:.1f} s"
        if answered == status:
            return took, body.get("reasons", [])
        await asyncio.sleep(0.05)


async def stocked(folder: Path, published: Sequence[Entry] = ENTRIES, **staff: Role) -> Path:
    """A data folder with a few entries, with which a server is ready sooner than with the demo's, and this staff.

    Everybody has PASSWORD and the address LOGIN@example.com.
    """
    database, now = open_database(folder), wall_clock()
    await database.write(entries.save, list(published), "test", now)
    for login, role in staff.items():
        address = f"{login}@example.com"
        await database.write(agents.create, login, login.title(), role, PASSWORD_HASH, address, now)
    await database.close()
    return folder


async def started(folder: Path, settings: Mapping[str, str] | None = None) -> Program:
    """A server that runs in a stocked folder."""
    program = Program(await stocked(folder), settings)
    await asyncio.to_thread(program.start)
    return program


@contextlib.asynccontextmanager
async def chatting(program: Program, *names: str) -> AsyncIterator[list[Customer]]:
    """Customers of these names, on their pages for as long as the block lasts."""
    async with aiohttp.ClientSession() as session:
        customers = [Customer(program, session, name) for name in names]
        async with living(customers):
            yield customers


@contextlib.asynccontextmanager
async def living(customers: Iterable[Customer]) -> AsyncIterator[None]:
    """These customers are on their pages for as long as the block lasts."""
    lives = [asyncio.create_task(customer.live()) for customer in customers]
    try:
        yield
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)


def answered(customer: Customer) -> bool:
    """Whether all is sent, the page shows it, and the last word is the bot's."""
    shown = customer.last > max(customer.acked.values(), default=0)
    return customer.waiting == 0 and shown and customer.received[-1]["author"] == "bot"


async def until_all_answered(program: Program, customers: Iterable[Customer]) -> float:
    """Return when nothing is on its way any more, in either direction, with the seconds that took."""
    waiting = list(customers)
    open_questions = "SELECT id FROM message WHERE decided_at IS NULL"
    return await until(lambda: all(answered(one) for one in waiting) and not rows(program, open_questions))


def rows(program: Program, sql: str) -> list[dict[str, Any]]:
    """What the server's database holds, looked at from outside."""
    connection = sqlite3.connect(f"file:{program.folder / 'yingsheng.db'}?mode=ro", uri=True, timeout=PATIENCE_S)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        return [dict(row) for row in connection.execute(sql)]


def check_kept(program: Program, customers: Iterable[Customer]) -> None:
    """Whatever was acknowledged is stored once, decided about, and on the page of whom it belongs to, in order."""
    assert rows(program, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    own = rows(program, "SELECT external_id, decided_at FROM message WHERE author = 'contact'")
    stored = Counter(row["external_id"] for row in own)
    for customer in customers:
        assert sorted(customer.acked.keys() - stored.keys()) == [], "acknowledged and missing"
        numbers = [item["number"] for item in customer.received]
        assert numbers == list(range(1, len(numbers) + 1)), "a page missed or repeated a message"
    assert [external_id for external_id, count in stored.items() if count > 1] == [], "stored twice"
    assert [row["external_id"] for row in own if row["decided_at"] is None] == [], "accepted and never decided"
