"""A console on a real socket and a real database file, and browsers of its people."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from yarl import URL

from bot.config import Config
from bot.console.routes import add_console
from bot.files.intake import Intake
from bot.files.links import Links
from bot.files.types import Family
from bot.files.uploads import Uploads
from bot.keys import (
    BLOBS,
    CLOCK,
    CONFIG,
    CONSOLE_SETTINGS,
    DATABASE,
    LETTERHEAD,
    LIBRARY,
    LINKS,
    REPLAYING,
    RULES,
    SEND_REPLY,
    TEMPLATES,
    THRESHOLDS,
    TYPING,
    UPLOADS,
    WAYS,
    ConsoleSettings,
)
from bot.markup import Letterhead
from bot.replaying import Replaying, Settings
from bot.templates import load_templates
from knowledgebase.library import Library
from storage.blobs import Blobs
from storage.sqlite import SQLiteDatabase, open_database
from tests import rules
from tests.console import cast as people
from tickets.model import Agent, Role, Ticket


@dataclass(slots=True)
class Console:
    """A running console with everything a test wants to look at."""

    server: TestServer
    database: SQLiteDatabase
    clock: people.Clock
    typing: people.TypingHeard
    cast: people.Cast

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def ask(self, visitor: str = "v-1", text: str = "我要找人工") -> Ticket:
        """A customer's question that became a ticket just now."""
        return await self.database.write(people.ask, visitor, text, self.clock.now)

    async def customer_writes(self, text: str, visitor: str = "v-1") -> None:
        """The customer says something more."""
        await self.database.write(people.customer_writes, visitor, text, self.clock.now)


class Browser:
    """What a person at a browser does: opens pages, sends their forms. Keeps cookies."""

    def __init__(self, console: Console, session: ClientSession) -> None:
        self.console = console
        self.session = session
        self.csrf = ""

    async def open(self, path: str, **headers: str) -> tuple[int, str]:
        """GET a page without following redirects; remembers the token of its forms."""
        async with self.session.get(self.console.origin + path, headers=headers, allow_redirects=False) as response:
            text = await response.text()
            if found := re.search(r'name="csrf" value="([^"]+)"', text):
                self.csrf = found[1]
            return response.status, text

    async def send(
        self,
        path: str,
        origin: str | None = "own",
        csrf: str | None = "own",
        fetch: bool = True,
        **fields: Any,
    ) -> ClientResponse:
        """POST a form as the page's script (fetch) or as a plain form; origin and token can be forged."""
        headers = {"X-Fetch": "1"} if fetch else {}
        if origin is not None:
            headers["Origin"] = self.console.origin if origin == "own" else origin
        data = {name: str(value) for name, value in fields.items()}
        if csrf is not None:
            data["csrf"] = self.csrf if csrf == "own" else csrf
        response = await self.session.post(
            self.console.origin + path, data=data, headers=headers, allow_redirects=False
        )
        await response.read()
        return response

    async def log_in(self, agent: Agent | str, password: str = people.PASSWORD) -> ClientResponse:
        """Open the login page and send it."""
        login = agent if isinstance(agent, str) else agent.login
        await self.open("/console/login")
        response = await self.send("/console/login", fetch=False, login=login, password=password)
        if response.status == 303:
            await self.open("/console")
        return response

    def hold(self, value: str) -> None:
        """Put a session cookie into this browser, however it was come by."""
        self.session.cookie_jar.update_cookies({"yingsheng": value}, URL(self.console.origin))

    def cookie(self, name: str = "yingsheng") -> str | None:
        """The value of a cookie that this browser holds."""
        return next((cookie.value for cookie in self.session.cookie_jar if cookie.key == name), None)


def build(database: SQLiteDatabase, clock: people.Clock, typing: people.TypingHeard) -> web.Application:
    """An application that carries nothing but the console."""
    app = web.Application()
    app[DATABASE] = database
    app[BLOBS] = Blobs(database.folder)
    app[CONFIG] = Config.model_validate({})
    app[LINKS] = Links("a secret of tests", "")
    app[UPLOADS] = Uploads(Intake(app[BLOBS]), database, 1_000_000, frozenset({Family.PICTURE, Family.TEXT}))
    app[RULES] = people.RULES
    app[WAYS] = rules.WAYS
    tell_time: Callable[[], int] = clock
    app[CLOCK] = tell_time
    app[TYPING] = typing
    app[CONSOLE_SETTINGS] = ConsoleSettings("http://127.0.0.1:0")
    app[TEMPLATES] = load_templates()
    app[LETTERHEAD] = Letterhead("http://127.0.0.1")
    app[SEND_REPLY] = lambda tx, message, now: None
    app[LIBRARY] = library = Library(database)
    app[THRESHOLDS] = library.thresholds
    app[REPLAYING] = Replaying(database, library, Settings(0.97, lambda chosen: chosen, 100), tell_time)
    add_console(app)
    return app


@pytest.fixture
async def empty_console(tmp_path: Path) -> AsyncIterator[Console]:
    """A console just installed: nobody works here yet."""
    database = open_database(tmp_path / "data")
    await database.write(people.set_up)
    clock, typing = people.Clock(), people.TypingHeard()
    nobody = Agent("", "", "", None, Role.AGENT, None, 0)
    server = TestServer(build(database, clock, typing), host="127.0.0.1")
    await server.start_server()
    yield Console(server, database, clock, typing, people.Cast(nobody, nobody, nobody, nobody, nobody))
    await server.close()
    await database.close()


@pytest.fixture
async def console(empty_console: Console) -> Console:
    """A console with its staff and no ticket."""
    empty_console.cast = await empty_console.database.write(people.hire)
    return empty_console


@pytest.fixture
async def browsers(empty_console: Console) -> AsyncIterator[list[ClientSession]]:
    sessions: list[ClientSession] = []
    yield sessions
    for session in sessions:
        await session.close()


@pytest.fixture
def new_browser(empty_console: Console, browsers: list[ClientSession]) -> "NewBrowser":
    """Makes browsers without cookies."""
    return NewBrowser(empty_console, browsers)


@dataclass(slots=True)
class NewBrowser:
    """new_browser() opens one; new_browser.of(agent) one that is logged in."""

    console: Console
    sessions: list[ClientSession]

    def __call__(self) -> Browser:
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self.sessions.append(session)
        return Browser(self.console, session)

    async def of(self, agent: Agent) -> Browser:
        """A browser in which this agent is logged in."""
        browser = self()
        response = await browser.log_in(agent)
        assert response.status == 303
        return browser
