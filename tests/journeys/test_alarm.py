"""An alarm in the console, end to end: a promise is broken, an open page of the agent rings, a screen does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.console import live
from bot.console.live import LIVE_PAGES
from storage import outbox
from storage.database import Row, Transaction
from tests.conftest import StartServer
from tests.console import cast as people
from tests.fakes import PATIENCE_S, Clock, Server
from tests.security.house import Person
from tickets.alerts import Notice
from tickets.alerts.console import Shown
from tickets.model import Agent

MINUTE_MS = 60_000
LEVELS = [{"name": "agents", "transports": ["console"], "to": ["assignee"]}]


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """A server that promises an answer within ten minutes and alarms in the console alone."""
    return await start_server(
        sla={"reply": "10m", "warn_at": 0}, escalation={"sweep_every": "10ms", "levels": LEVELS, "repeat": "10d"}
    )


@asynccontextmanager
async def open_page(server: Server, agent: Agent, path: str = "/console/ws") -> AsyncIterator[Any]:
    """A page of this agent, as its socket."""
    async with Person(server.url) as person:
        assert (await person.log_in(agent))[0] == 303
        headers = {"Origin": server.url}
        async with person.session.ws_connect(server.url + path, headers=headers) as socket:
            yield socket


async def hears(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = await socket.receive_json(timeout=PATIENCE_S)
        if frame["type"] == kind:
            return frame


async def asks_for_a_person(server: Server) -> None:
    async with server.page() as page:
        await page.say("转人工")
        await page.reads()


def _notices(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT agent_id, transport, state, code FROM notice ORDER BY agent_id")


async def outcomes(server: Server, people_told: int) -> dict[str, tuple[str, str]]:
    """By agent, what became of the notice, once none is on its way."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await server.database.read(_notices)
            if len(rows) == people_told and all(row["state"] in ("sent", "absent") for row in rows):
                return {row["agent_id"]: (row["state"], row["code"]) for row in rows}
            await asyncio.sleep(0.01)


async def test_an_alarm_rings_on_the_open_page_and_is_refused_for_who_has_none(server: Server, clock: Clock) -> None:
    cast = await server.database.write(people.hire)
    await asks_for_a_person(server)
    async with open_page(server, cast.li) as page, open_page(server, cast.supervisor, "/console/wall/ws") as screen:
        clock.advance(10 * MINUTE_MS)
        frame = await hears(page, "alarm")
        assert frame["numbers"]
        assert frame["title"]
        await page.send_json({"type": "heard", "key": frame["key"]})
        told = await outcomes(server, 4)
        assert told[cast.li.id] == ("sent", "")
        assert {told[one.id] for one in (cast.chen, cast.supervisor, cast.admin)} == {("absent", "no_page")}
        assert await server.database.read(outbox.dead_letters, 10) == [], "nobody has to look after those"
        assert await server.app[LIVE_PAGES].alarm(Notice("notice:wall", cast.supervisor.id, "", "")) is Shown.NOWHERE
        assert (await hears(screen, "queue"))["number"] == frame["numbers"][0]


async def test_a_page_that_does_not_answer_is_no_place_where_it_was_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ANSWERED_WITHIN_S", 0.05)
    cast = await server.database.write(people.hire)
    pages, notice = server.app[LIVE_PAGES], Notice("notice:1", cast.li.id, "subject", "text", ("2611-0001",))
    assert await pages.alarm(notice) is Shown.NOWHERE
    async with open_page(server, cast.li) as page, open_page(server, cast.chen) as colleague:
        assert await pages.alarm(notice) is Shown.UNSEEN
        monkeypatch.setattr(live, "ANSWERED_WITHIN_S", PATIENCE_S)
        showing = asyncio.create_task(pages.alarm(notice))
        first, second = await hears(page, "alarm"), await hears(page, "alarm")
        assert first == second == {"type": "alarm", "key": "notice:1", "title": "subject", "numbers": ["2611-0001"]}
        # A colleague cannot answer for somebody else, and nobody for what is not asked.
        await colleague.send_str(json.dumps({"type": "heard", "key": "notice:1"}))
        await page.send_str(json.dumps({"type": "heard", "key": "notice:2"}))
        await colleague.send_str(json.dumps({"type": "watch", "number": None}))
        assert not showing.done()
        await page.send_str(json.dumps({"type": "heard", "key": "notice:1"}))
        assert await showing is Shown.SHOWN


async def test_a_screen_listens_and_says_nothing(server: Server) -> None:
    cast = await server.database.write(people.hire)
    async with open_page(server, cast.supervisor, "/console/wall/ws") as screen:
        await asks_for_a_person(server)
        assert (await hears(screen, "queue"))["number"]
        await screen.send_str(json.dumps({"type": "watch", "number": "2611-0001"}))
        while (message := await screen.receive(timeout=PATIENCE_S)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.data == aiohttp.WSCloseCode.POLICY_VIOLATION
