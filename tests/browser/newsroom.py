"""A running console with a small knowledge base, whose publications are replayed in the background."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page

from bot.keys import LIBRARY, REPLAYING
from bot.replaying import Replaying
from bot.workers import Workers, ringing
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.judging.trials import Question
from knowledgebase.library import Library
from knowledgebase.model import Entry
from knowledgebase.publishing import questions
from storage.database import Transaction
from storage.signals import Bell
from storage.sqlite import SQLiteDatabase, open_database
from tests import rules
from tests.console import cast as people
from tests.console.conftest import build
from tickets.model import Agent

TYRE = Entry("tyre", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("轮胎几年换", "轮胎的寿命是多久"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗", "首保收费吗"))
LOOK_AGAIN_S = 30.0
MakeContext = Callable[..., Awaitable[BrowserContext]]


@dataclass(slots=True)
class Newsroom:
    """A running console whose publications are replayed in the background."""

    url: str
    database: SQLiteDatabase
    cast: people.Cast
    library: Library
    new_context: MakeContext

    async def page(self, agent: Agent, path: str, **wishes: Any) -> Page:
        """A page on which this agent is logged in. A script error on it fails the test."""
        page = await (await self.new_context(**wishes)).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.url}{path}")
        return page

    async def draft(self, entry: Entry) -> None:
        """A new entry that nobody has published."""
        await self.database.write(entries.create, entry, Change(self.cast.li.id, people.NOON))


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


def _fill(tx: Transaction) -> None:
    entries.save(tx, [TYRE, FREE], "test", people.NOON)
    asked = [("轮胎多久换一次？", "tyre"), ("首保免费吗？", "free"), ("怎么开发票？", "invoice")]
    questions.bring_in(tx, [Question(text, frozenset({one})) for text, one in asked], "test", people.NOON)


@contextlib.asynccontextmanager
async def open_newsroom(folder: Path, new_context: MakeContext) -> AsyncIterator[Newsroom]:
    """The console, while it runs."""
    database = open_database(folder)
    clock = people.Clock()
    await database.write(rules.seed, people.NOON - 90 * 24 * people.HOUR, own=people.CHAIN)
    cast = await database.write(people.hire)
    await database.write(_fill)
    app = build(database, clock, people.TypingHeard())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    await app[LIBRARY].reload()
    workers = _working(app[LIBRARY], app[REPLAYING])
    yield Newsroom(f"http://127.0.0.1:{server.port}", database, cast, app[LIBRARY], new_context)
    app[REPLAYING].close()
    await workers.stop()
    await app[LIBRARY].close()
    await server.close()
    await database.close()


def _working(library: Library, replaying: Replaying) -> Workers:
    """The two loops of a server that matter here."""
    workers = Workers(people.Clock())
    signals = replaying.database.signals
    workers.start("knowledge", library.reload, ringing(Bell(signals, "entries"), LOOK_AGAIN_S), 60_000)
    waiting = ringing(Bell(signals, "publications", "calibrated"), LOOK_AGAIN_S)
    workers.start("replay", replaying.turn, waiting, 60_000)
    return workers
