"""The WebSocket of open console pages: who may listen, what is heard, and when it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bot.console import live
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.fakes import PATIENCE_S
from tickets import agents


class Ear:
    """One open page's socket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; others are let pass."""
        while True:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=PATIENCE_S)
            if frame["type"] == kind:
                return frame

    async def watch(self, number: str) -> None:
        """Open a ticket; returns when the server has understood."""
        await self.say({"type": "watch", "number": number})
        await self.hear("conversation")

    async def closed_with(self) -> int | None:
        """The code with which the server ends this."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE_S)
            if message.type is WSMsgType.CLOSE:
                return int(message.data)
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING):
                return self.socket.close_code


@asynccontextmanager
async def listening(browser: Browser, origin: str | None = "own") -> AsyncIterator[Ear]:
    headers = {} if origin is None else {"Origin": browser.console.origin if origin == "own" else origin}
    async with browser.session.ws_connect(browser.console.origin + "/console/ws", headers=headers) as socket:
        yield Ear(socket)


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example.com", "http://127.0.0.1.evil.example.com"])
async def test_pages_of_other_origins_may_not_listen(
    console: Console, new_browser: NewBrowser, origin: str | None
) -> None:
    browser = await new_browser.of(console.cast.li)
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with listening(browser, origin):
            pass
    assert refusal.value.status == 403


async def test_strangers_may_not_listen(console: Console, new_browser: NewBrowser) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with listening(new_browser()):
            pass
    assert refusal.value.status == 401


async def test_a_new_ticket_is_heard_by_number_and_nothing_else(console: Console, new_browser: NewBrowser) -> None:
    async with listening(await new_browser.of(console.cast.li)) as ear:
        ticket = await console.ask(text="车机黑屏")
        assert await ear.hear("queue") == {"type": "queue", "number": ticket.number}


async def test_a_message_is_heard_by_the_page_that_shows_its_ticket(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    async with listening(await new_browser.of(console.cast.li)) as ear:
        await ear.watch(ticket.number)
        await console.customer_writes("还有一件事")
        assert await ear.hear("conversation") == {"type": "conversation", "number": ticket.number}


async def test_typing_goes_both_ways_and_only_for_the_open_ticket(console: Console, new_browser: NewBrowser) -> None:
    ticket, other = await console.ask(), await console.ask("v-2")
    async with listening(await new_browser.of(console.cast.li)) as ear:
        await ear.say({"type": "typing"})
        await ear.watch(ticket.number)
        console.database.signals.publish([("typing", other.conversation_id), ("typing", ticket.conversation_id)])
        assert await ear.hear("typing") == {"type": "typing", "number": ticket.number}
        for _ in range(3):
            await ear.say({"type": "typing"})
        await ear.watch(ticket.number)
        assert console.typing.heard == [(ticket.conversation_id, "李工")]


def test_a_login_that_ended_without_a_signal_is_noticed_within_five_seconds() -> None:
    assert live.RECHECK_S < 5


async def test_logging_out_closes_every_page_of_that_login_at_once(
    console: Console, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_S", 3600.0)
    browser = await new_browser.of(console.cast.li)
    elsewhere = await new_browser.of(console.cast.li)
    async with listening(browser) as ear, listening(elsewhere) as other:
        await browser.send("/console/logout", fetch=False)
        assert await ear.closed_with() == live.LOGGED_OUT
        ticket = await console.ask()
        assert (await other.hear("queue"))["number"] == ticket.number


async def test_disabling_an_agent_closes_all_their_pages_at_once(
    console: Console, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_S", 3600.0)
    async with listening(await new_browser.of(console.cast.li)) as ear:
        await console.database.write(agents.disable, "li", console.clock())
        assert await ear.closed_with() == live.LOGGED_OUT


async def test_a_login_that_grew_too_old_is_noticed_without_any_signal(
    console: Console, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_S", 0.05)
    async with listening(await new_browser.of(console.cast.li)) as ear:
        console.clock.pass_by(31 * people.MINUTE)
        assert await ear.closed_with() == live.LOGGED_OUT


@pytest.mark.parametrize(
    "frame",
    ["not json", "[]", "{}", '{"type": "watch"}', '{"type": "watch", "number": 7}', "[" * 900, '"\\ud800"'],
)
async def test_frames_that_are_not_the_protocol_end_the_connection(
    console: Console, new_browser: NewBrowser, frame: str
) -> None:
    async with listening(await new_browser.of(console.cast.li)) as ear:
        await ear.socket.send_str(frame)
        assert await ear.closed_with() == 1008


async def test_a_frame_that_is_too_long_ends_the_connection(console: Console, new_browser: NewBrowser) -> None:
    async with listening(await new_browser.of(console.cast.li)) as ear:
        await ear.socket.send_str("x" * 5000)
        assert await ear.closed_with() == 1009


async def test_watching_a_ticket_that_does_not_exist_is_harmless(console: Console, new_browser: NewBrowser) -> None:
    async with listening(await new_browser.of(console.cast.li)) as ear:
        for number in ("9999-9999", "%", "\ud83d", "x" * 500, "2611-0001\x00"):
            await ear.say({"type": "watch", "number": number})
        ticket = await console.ask()
        assert (await ear.hear("queue"))["number"] == ticket.number


async def test_a_server_that_stops_asks_its_pages_to_come_back(console: Console, new_browser: NewBrowser) -> None:
    async with listening(await new_browser.of(console.cast.li)) as ear:
        stopping = asyncio.create_task(console.server.close())
        assert await ear.closed_with() == 1001
        await stopping
