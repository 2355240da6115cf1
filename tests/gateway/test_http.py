"""The chat over plain HTTP means the same as over WebSocket."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest

from bot.gateway import polling
from bot.gateway.frames import LARGEST_FRAME
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, PROTOCOL, Frame, Server

Reply = tuple[int, list[Frame]]


class HttpPage:
    """A customer's page where WebSocket does not get through."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = f"{server.url}/chat/frames"
        self._origin = server.url
        self.token: str | None = None

    async def post(self, frame: Frame | bytes, **headers: str) -> Reply:
        """Send one frame; the status and the frames that come back."""
        body = io.BytesIO(frame if isinstance(frame, bytes) else json.dumps(frame).encode())
        async with self._session.post(self._url, data=body, headers={**self._headers(), **headers}) as response:
            return await self._frames(response)

    async def wait(self, after: int | str, wait: int | str = 0, **headers: str) -> Reply:
        """Ask for news."""
        query = {"after": str(after), "wait": str(wait)}
        async with self._session.get(self._url, params=query, headers={**self._headers(), **headers}) as response:
            return await self._frames(response)

    async def greet(self, **fields: Any) -> list[Frame]:
        status, frames = await self.post({"type": "hello", **({"token": self.token} if self.token else {}), **fields})
        assert status == 200
        self.token = frames[0]["token"]
        return frames

    async def say(self, text: str, client_message_id: str) -> Frame:
        status, frames = await self.post({"type": "message", "client_message_id": client_message_id, "text": text})
        assert status == 200, frames
        return frames[0]

    async def reads(self, after: int) -> list[Frame]:
        """Everything after this number, once there is something."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                _, frames = await self.wait(after, 10)
                items: list[Frame] = [one for frame in frames if frame["type"] == "messages" for one in frame["items"]]
                if items:
                    return items

    def _headers(self) -> dict[str, str]:
        authority = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Origin": self._origin, **authority}

    @staticmethod
    async def _frames(response: aiohttp.ClientResponse) -> Reply:
        assert response.content_type == "application/json", await response.text()
        frames: list[Frame] = (await response.json())["frames"]
        for frame in frames:
            PROTOCOL.validate_python(frame)
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, frames


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def page(server: Server, session: aiohttp.ClientSession) -> HttpPage:
    return HttpPage(server, session)


async def test_the_same_conversation_is_seen_over_both(server: Server, page: HttpPage) -> None:
    await page.greet()
    ack = await page.say("轮胎多久换一次？", "over-http-1")
    over_http = await page.reads(0)
    while len(over_http) < 2:
        over_http += await page.reads(len(over_http))
    async with server.page(token=page.token) as socket_page:
        over_socket = await socket_page.reads_up_to(2)
        assert await socket_page.say("轮胎多久换一次？", "over-http-1") == ack
    assert over_http == over_socket


async def test_every_kind_of_frame_is_carried_out(page: HttpPage) -> None:
    frames = await page.greet(language="en", page={"url": "https://www.example.com/", "title": "Shop"})
    assert [frame["type"] for frame in frames] == ["welcome"]
    assert (await page.post({"type": "press", "client_message_id": "press-0001", "action": "human"}))[0] == 200
    assert await page.reads(1)
    status, frames = await page.post({"type": "contact", "client_message_id": "contact-01", "refused": True})
    assert (status, frames[0]["type"]) == (200, "ack")
    status, frames = await page.post({"type": "resume", "after": 1})
    assert frames[0]["items"][0]["number"] == 2
    assert await page.post({"type": "typing"}) == (200, [])


async def test_waiting_ends_with_the_news(page: HttpPage) -> None:
    await page.greet()
    await page.say("在吗", "message-0001")
    waiting = asyncio.create_task(page.wait(2, 20))
    await page.say("轮胎多久换一次？", "message-0002")
    status, frames = await waiting
    assert status == 200
    assert frames[0]["type"] == "welcome"


async def test_waiting_for_a_conversation_that_has_not_begun_ends_with_its_first_message(page: HttpPage) -> None:
    await page.greet()
    waiting = asyncio.create_task(page.wait(0, 20))
    await asyncio.sleep(0)
    await page.say("轮胎多久换一次？", "message-0001")
    async with asyncio.timeout(15):
        await waiting


async def test_the_state_is_told_with_every_answer(page: HttpPage) -> None:
    await page.greet()
    await page.post({"type": "press", "client_message_id": "press-0001", "action": "human"})
    await page.reads(1)
    _, frames = await page.wait(0)
    assert frames[0]["state"]["mode"] == "waiting"


@pytest.mark.parametrize("token", [None, "", "forged.token", "x" * 300, "é", "a.b.c"])
async def test_every_frame_but_hello_needs_a_token(page: HttpPage, token: str | None) -> None:
    page.token = token
    for frame in ({"type": "typing"}, {"type": "resume", "after": 0}):
        status, frames = await page.post(frame)
        assert status == 401
        assert frames[0]["code"] in ("not_greeted", "bad_token")
    assert (await page.wait(0))[0] == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b'{"type":"bye"}', 400, "unknown_type"),
        (b'{"type":"message","client_message_id":"message-0001","text":" "}', 400, "empty"),
        (b'{"type":"message","client_message_id":"message-0001","text":"\\ud800"}', 400, "bad_text"),
        (b'{"type":"message","client_message_id":"message-0001","text":"\xed\xa0\x80"}', 400, "bad_text"),
        (b'{"type":"message","client_message_id":"message-0001","text":"\\u0000"}', 400, "bad_text"),
        (b'{"type":"message","client_message_id":"message-0001","text":"' + b"x" * 2_001 + b'"}', 413, "too_large"),
        (b" " * (LARGEST_FRAME + 1), 413, "too_large"),
        (b"[" * LARGEST_FRAME, 400, "malformed"),
        (b"x" * 900_000, 413, "too_large"),
        (b"x" * 3_000_000, 413, "too_large"),
    ],
)
async def test_a_bad_body_gets_the_same_error_as_over_a_socket(
    page: HttpPage, body: bytes, status: int, code: str
) -> None:
    await page.greet()
    told, frames = await page.post(body)
    assert (told, frames[0]["code"]) == (status, code)


@pytest.mark.parametrize(("after", "wait"), [("-1", 0), ("x", 0), ("1" * 16, 0), ("١", 0), (0, "-5"), (0, "1.5")])
async def test_a_bad_question_for_news_is_refused(page: HttpPage, after: str, wait: str) -> None:
    await page.greet()
    status, frames = await page.wait(after, wait)
    assert (status, frames[0]["code"]) == (400, "malformed")


async def test_too_fast_says_when_to_come_back(start_server: StartServer, session: aiohttp.ClientSession) -> None:
    page = HttpPage(await start_server(chat={"messages_per_minute": 1}), session)
    await page.greet()
    await page.say("在吗", "message-0001")
    status, frames = await page.post({"type": "message", "client_message_id": "message-0002", "text": "在吗"})
    assert status == 429
    assert frames[0]["code"] == "too_fast"
    assert frames[0]["client_message_id"] == "message-0002"
    assert frames[0]["retry_after"] > 1


async def test_waiting_pages_count_as_connections(start_server: StartServer, session: aiohttp.ClientSession) -> None:
    server = await start_server(chat={"connections_per_address": 2})
    page = HttpPage(server, session)
    await page.greet()
    waiting = [asyncio.create_task(page.wait(0, 20)) for _ in range(2)]
    while server.pages < 2:
        await asyncio.sleep(0.001)
    status, frames = await page.wait(0, 20)
    assert (status, frames[0]["code"]) == (429, "too_many_connections")
    await page.say("在吗", "message-0001")
    assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200]


async def test_a_page_that_stops_waiting_frees_its_place(start_server: StartServer) -> None:
    server = await start_server(chat={"connections_per_address": 1})
    async with aiohttp.ClientSession() as session:
        page = HttpPage(server, session)
        await page.greet()
        waiting = asyncio.create_task(page.wait(0, 20))
        while server.pages < 1:
            await asyncio.sleep(0.001)
        waiting.cancel()
        while server.pages:
            await asyncio.sleep(0.001)
        assert (await page.wait(0))[0] == 200


async def test_who_waits_is_let_go_when_the_server_stops(server: Server, page: HttpPage) -> None:
    await page.greet()
    await page.say("在吗", "message-0001")
    await page.reads(1)
    waiting = asyncio.create_task(page.wait(2, 25))
    while not server.pages:
        await asyncio.sleep(0.001)
    async with asyncio.timeout(15):
        await server.stop()
        assert (await waiting)[0] == 200


async def test_a_body_that_trickles_in_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "BODY_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"POST /chat/frames HTTP/1.1\r\nHost: x\r\nOrigin: {server.url}\r\nContent-Length: 100\r\n\r\n{{"
    writer.write(head.encode())
    async with asyncio.timeout(PATIENCE_S):
        assert b" 408 " in await reader.readline()
    writer.close()


async def test_a_page_of_another_allowed_origin_may_read_the_answer(start_server: StartServer) -> None:
    shop = "https://shop.example.com"
    server = await start_server(chat={"allowed_origins": [shop]})
    async with aiohttp.ClientSession(headers={"Origin": shop}) as session:
        async with session.options(f"{server.url}/chat/frames") as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == shop
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
            assert "Access-Control-Allow-Credentials" not in response.headers
        async with session.post(f"{server.url}/chat/frames", data=b'{"type":"hello"}') as response:
            assert response.headers["Access-Control-Allow-Origin"] == shop
            assert response.headers["Vary"] == "Origin"
        async with session.post(f"{server.url}/chat/frames", data=b"nonsense") as response:
            assert response.status == 400
            assert response.headers["Access-Control-Allow-Origin"] == shop


async def test_our_own_page_may_wait_without_an_origin(server: Server, page: HttpPage) -> None:
    await page.greet()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {page.token}"}) as session:
        url = f"{server.url}/chat/frames"
        async with session.get(url, headers={"Sec-Fetch-Site": "same-origin"}) as response:
            assert response.status == 200
        for site in ("cross-site", "same-site", "none"):
            async with session.get(url, headers={"Sec-Fetch-Site": site}) as response:
                assert response.status == 403
        async with session.post(url, headers={"Sec-Fetch-Site": "same-origin"}, data=b"{}") as response:
            assert response.status == 403


async def test_errors_speak_the_browsers_language(page: HttpPage) -> None:
    await page.greet()
    _, frames = await page.post(
        {"type": "contact", "client_message_id": "contact-01", "value": "x"}, **{"Accept-Language": "en"}
    )
    assert frames[0]["code"] == "contact_invalid"
    assert frames[0]["text"].isascii()


async def test_what_is_being_written_is_looked_up_over_http_too(page: HttpPage) -> None:
    await page.greet()
    status, frames = await page.post({"type": "suggest", "text": "轮胎多久"})
    assert status == 200
    assert [(frame["type"], frame["items"][0]["id"]) for frame in frames] == [("suggestions", "tyre-when")]
    status, frames = await page.post({"type": "suggest", "text": "輪胎多久"}, **{"Accept-Language": "zh-TW"})
    assert frames[0]["items"][0]["question"] == "輪胎多久換一次？"
