"""What a customer sees while the storage is away, or when a page does not read what it is sent."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.gateway import websocket
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Server

MEGABYTE = 1024 * 1024


@asynccontextmanager
async def storage_away(server: Server) -> AsyncIterator[None]:
    """The data folder is not where it was, until the end of the block."""
    elsewhere = server.folder.with_name("elsewhere")
    server.folder.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(server.folder)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            await asyncio.sleep(0.05)


async def ready(server: Server) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/readyz") as response:
        body = await response.json()
        assert (response.status == 200) == (body["reasons"] == [])
        return int(response.status)


async def test_while_the_storage_is_away_the_page_is_told_to_send_again_and_nothing_is_acknowledged(
    server: Server,
) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？", "before-0001")
        await page.reads()
        async with storage_away(server):
            for _ in range(30):
                error = await page.refused(type="message", client_message_id="during-0001", text="怎么联系道路救援？")
                assert (error["code"], error["retry"]) == ("unavailable", True)
                assert error["client_message_id"] == "during-0001"
            assert (await page.refused(type="resume", after=0))["code"] in ("unavailable", "too_fast")
            newcomer = server.page()
            await newcomer.connect()
            error = await newcomer.refused(type="hello")
            assert (error["code"], error["retry"], error["retry_after"]) == ("unavailable", True, 2.0)
            assert (await newcomer.refused(type="resume", after=0))["code"] == "not_greeted"
            assert server.pages == 1
            await newcomer.leave()
    assert not [frame for frame in page.seen if frame["type"] == "ack" and frame["number"] > 1]


async def test_a_page_that_could_not_be_greeted_again_is_greeted_and_kept_up_to_date_later(server: Server) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
        async with storage_away(server):
            assert (await page.refused(type="hello", token=page.token, after=2))["code"] == "unavailable"

        async def greeted() -> bool:
            await page.send(type="hello", token=page.token, after=2)
            while (frame := await page.next_frame())["type"] not in ("welcome", "error"):
                pass
            return bool(frame["type"] == "welcome")

        await until(greeted)
        async with server.page(token=page.token) as other:
            await other.reads_up_to(2)
            async with asyncio.timeout(PATIENCE_S):
                ack = await other.say("谢谢")
            assert (await page.reads_up_to(ack["number"]))[-1]["number"] >= 3


async def test_the_same_message_is_accepted_once_when_the_storage_is_back(start_server: StartServer) -> None:
    server = await start_server(chat={"messages_per_minute": 1_000})
    async with server.page() as page:
        await page.say("轮胎多久换一次？", "before-0001")
        await page.reads()
        async with storage_away(server):
            await page.refused(type="message", client_message_id="during-0001", text="怎么联系道路救援？")
        numbers = set()

        async def accepted() -> bool:
            await page.send(type="message", client_message_id="during-0001", text="怎么联系道路救援？")
            while (frame := await page.next_frame())["type"] not in ("ack", "error"):
                pass
            numbers.update({frame["number"]} if frame["type"] == "ack" else set())
            return bool(frame["type"] == "ack")

        await until(accepted)
        await accepted()
        answer = await page.reads()
        while answer["kind"] != "answer":
            answer = await page.reads()
        texts = [one["text"] for one in page.messages if one["author"] == "contact"]
    assert len(numbers) == 1
    assert texts == ["轮胎多久换一次？", "怎么联系道路救援？"]


async def test_readiness_tells_the_truth_and_heals(server: Server) -> None:
    assert await ready(server) == 200
    async with storage_away(server):
        async with asyncio.timeout(PATIENCE_S):
            assert await ready(server) == 503
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.url}/healthz") as response:
                assert response.status == 200
            async with session.get(f"{server.url}/help") as response:
                assert response.status in (200, 503)
            async with session.get(f"{server.url}/metrics") as response:
                assert "yingsheng_storage_up 0.0" in await response.text()

    async def healed() -> bool:
        return await ready(server) == 200

    await until(healed)


async def test_over_http_the_storage_being_away_is_503_and_send_again(server: Server) -> None:
    async with server.page() as page:
        token = page.token
    headers = {"Origin": server.url, "Authorization": f"Bearer {token}"}
    body = '{"type":"message","client_message_id":"during-0001","text":"在吗"}'
    async with storage_away(server), aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{server.url}/chat/frames", data=body) as response:
            assert response.status == 503
            (error,) = (await response.json())["frames"]
            assert (error["code"], error["retry"]) == ("unavailable", True)
        async with session.get(f"{server.url}/chat/frames?wait=5") as response:
            assert response.status == 503


class DeafPage:
    """A page that says hello, asks again and again for everything, and never reads."""

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._token = token
        self._socket = socket.socket()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.setblocking(False)
        await loop.sock_connect(self._socket, ("127.0.0.1", self._server.port))
        handshake = (
            f"GET /chat/ws HTTP/1.1\r\nHost: x\r\nOrigin: {self._server.url}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        )
        await loop.sock_sendall(self._socket, handshake.encode())
        await self._send(f'{{"type":"hello","token":"{self._token}"}}')

    async def ask_for_everything(self, times: int) -> None:
        for _ in range(times):
            await self._send('{"type":"resume","after":0}')

    async def _send(self, text: str) -> None:
        raw = text.encode()
        mask = b"\x00\x00\x00\x00"
        head = bytes([0x81, 0x80 | len(raw)]) if len(raw) < 126 else b"\x81\xfe" + len(raw).to_bytes(2, "big")
        await asyncio.get_running_loop().sock_sendall(self._socket, head + mask + raw)

    def close(self) -> None:
        self._socket.close()


async def test_pages_that_do_not_read_are_cut_off_and_cost_little(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(websocket, "SEND_WITHIN_S", 0.5)
    server = await start_server(chat={"messages_per_minute": 1_000, "connections_per_address": 100})
    async with server.page() as page:
        for _ in range(40):
            await page.say("很长的一句话" * 250)
        token = page.token
        assert token is not None
        before = resident()
        deaf = [DeafPage(server, token) for _ in range(40)]
        for one in deaf:
            await one.open()
            await one.ask_for_everything(5)
        await page.say("轮胎多久换一次？", "still-served")

        async def cut() -> bool:
            return server.pages == 1

        await until(cut)
        assert resident() - before < 60 * MEGABYTE
        await page.say("轮胎换位要多少钱？", "still-served-too")
    for one in deaf:
        one.close()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def resident() -> int:
    """The memory of this process, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_page_that_does_not_answer_pings_is_let_go(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server.page() as page:
        token = page.token
        assert token is not None
    monkeypatch.setattr(websocket, "HEARTBEAT_S", 0.05)
    silent = DeafPage(server, token)
    await silent.open()

    async def gone() -> bool:
        return server.pages == 0 and server.connections == 0

    await until(gone)
    silent.close()
