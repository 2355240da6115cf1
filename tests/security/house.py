"""The whole house with its people in it: two visitors with a ticket each, and somebody of every role."""

import json
import re
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from storage.folder import DATABASE_NAME
from tests.console import cast as people
from tests.fakes import ChatClient, Server
from tickets.model import Agent

ALICES_SECRET = "我的车牌是云A·甲乙丙"
BOBS_SECRET = "我的订单是二零二六"
# Everybody of these tests comes from one address and is in a hurry.
GENEROUS = {"messages_per_minute": 10_000, "visitors_per_hour": 10_000, "connections_per_address": 200}


@dataclass(frozen=True, slots=True)
class House:
    """A running server, its staff, and what each visitor holds."""

    server: Server
    staff: people.Cast
    alice: str
    bob: str
    alices_ticket: str
    bobs_ticket: str

    @property
    def url(self) -> str:
        return self.server.url

    def of(self, role: str) -> Agent:
        """Somebody of this role; two are agents, 'agent' and 'colleague'."""
        return {
            "agent": self.staff.li,
            "colleague": self.staff.chen,
            "supervisor": self.staff.supervisor,
            "admin": self.staff.admin,
            "reader": self.staff.reader,
        }[role]

    def content(self) -> dict[str, str]:
        """A digest of each table, without what may change whenever somebody only reads."""
        kept = {"session": "token_hash, agent_id, csrf_token, created_at"}
        with sqlite3.connect(f"file:{self.server.folder / DATABASE_NAME}?mode=ro", uri=True) as reader:
            names = [row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {
                name: sorted(map(repr, reader.execute(f"SELECT {kept.get(name, '*')} FROM {name}")))
                for name in names
                if name != "heartbeat"
            }
        reader.close()
        return {name: sha256(json.dumps(found).encode()).hexdigest() for name, found in rows.items()}


async def inhabit(server: Server) -> House:
    """Fill a running server."""
    staff = await server.database.write(people.hire)
    alice, alices_ticket = await hand_over(server, ALICES_SECRET)
    bob, bobs_ticket = await hand_over(server, BOBS_SECRET)
    return House(server, staff, alice, bob, alices_ticket, bobs_ticket)


async def hand_over(server: Server, secret: str, **hello: Any) -> tuple[str, str]:
    """A new visitor says this and asks for a person; the visitor's token and the ticket's number."""
    page = server.page()
    await page.connect()
    await page.greet(**hello)
    await page.say(secret)
    await page.reads()
    await page.press("human")
    number = await ticket_of(page)
    await page.leave()
    assert page.token is not None
    return page.token, number


async def ticket_of(page: ChatClient) -> str:
    """The number of this visitor's ticket, once the bot has told it."""
    while not (found := re.search(r"\d{4}-\d{4}", (await page.reads())["text"])):
        pass
    return found[0]


class Person:
    """Somebody at a browser: a session with cookies, the token of the forms, and no scripts."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.csrf = ""
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Open a page without following where it leads; remembers the token of its forms."""
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as response:
            text = await response.text(errors="replace")
            if found := re.search(r'name="csrf" value="([^"]+)"', text):
                self.csrf = found[1]
            return response.status, text

    async def post(
        self, path: str, fields: dict[str, str], origin: str | None = "own", csrf: str | None = "own", **headers: str
    ) -> tuple[int, str]:
        """Send a form as the page's own script does; origin and token can be forged."""
        if origin is not None:
            headers["Origin"] = self.url if origin == "own" else origin
        if csrf is not None:
            fields = {**fields, "csrf": self.csrf if csrf == "own" else csrf}
        async with self.session.post(
            self.url + path, data=fields, headers={"X-Fetch": "1", **headers}, allow_redirects=False
        ) as response:
            return response.status, await response.text(errors="replace")

    async def log_in(self, agent: Agent | str, password: str = people.PASSWORD) -> tuple[int, str]:
        """Open the login page, send it, and open the queue."""
        await self.get("/console/login")
        login = agent if isinstance(agent, str) else agent.login
        answer = await self.post("/console/login", {"login": login, "password": password})
        if answer[0] == 303:
            await self.get("/console")
        return answer


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    """Every route of the application and those mounted in it, as (method, pattern)."""
    return sorted(
        {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    )
