"""Who may connect, how often, and what a socket does not let through."""

import asyncio
from ipaddress import IPv4Address, IPv6Network, ip_network

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.errors import FrameError
from bot.gateway import websocket
from bot.gateway.addresses import client_address, subscriber
from bot.gateway.frames import LARGEST_FRAME
from bot.gateway.limits import Pace, Traffic
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Server, skip

SHOP = "https://shop.example.com"


def hostile_origins(server: Server) -> list[str | None]:
    own = server.url
    port = own.rsplit(":", 1)[1]
    return [
        None,
        "",
        "null",
        "https://evil.example.net",
        f"{SHOP}.evil.example.net",
        "https://evil-shop.example.com",
        "https://shop.example.com:8443",
        "http://shop.example.com",
        "https://sub.shop.example.com",
        f"{SHOP}/",
        f"{SHOP}, {SHOP}",
        f"{own}.evil.example.net",
        f"http://127.0.0.1:{port}0",
        f"https://127.0.0.1:{port}",
        "file://",
        "chrome-extension://abcdef",
    ]


async def test_only_pages_of_allowed_origins_connect(start_server: StartServer) -> None:
    server = await start_server(chat={"allowed_origins": [SHOP]})
    for origin in (SHOP, server.url, SHOP.upper(), server.url.replace("127.0.0.1", "localhost")):
        async with server.page(origin=origin) as page:
            assert page.token
    async with aiohttp.ClientSession() as session:
        for hostile in hostile_origins(server):
            headers = {} if hostile is None else {"Origin": hostile}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(f"{server.url}/chat/ws", headers=headers)
            assert refusal.value.status == 403, hostile
            async with session.post(f"{server.url}/chat/frames", headers=headers, data='{"type":"hello"}') as response:
                assert response.status == 403, hostile
                assert "Access-Control-Allow-Origin" not in response.headers
            async with session.get(f"{server.url}/chat/frames", headers=headers) as response:
                assert response.status == 403, hostile
            async with session.options(f"{server.url}/chat/frames", headers=headers) as response:
                assert response.status == 403, hostile


async def test_two_origin_headers_are_no_origin(start_server: StartServer) -> None:
    server = await start_server(chat={"allowed_origins": [SHOP]})
    headers = CIMultiDict([("Origin", SHOP), ("Origin", "https://evil.example.net")])
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/chat/frames", headers=headers, data='{"type":"hello"}') as response,
    ):
        assert response.status == 403


async def test_a_binary_frame_closes_with_1003(server: Server) -> None:
    async with server.page() as page:
        await page.send_bytes(b'{"type":"typing"}')
        assert await page.closed() == 1003


async def test_text_that_is_not_utf8_closes_with_1007(server: Server) -> None:
    for raw in (b"\xff\xfe", b'{"type":"message","text":"\xed\xa0\x80"}', b"\xc3("):
        async with server.page() as page:
            await page.send_raw_text(raw)
            assert await page.closed() == 1007


async def test_a_frame_of_exactly_16_kib_is_read_and_one_byte_more_closes_with_1009(server: Server) -> None:
    async with server.page() as page:
        frame = '{"type":"message","client_message_id":"just-fits","text":"x"}'
        error = await page.refused_text(frame.replace('"x"', '"' + "x" * (LARGEST_FRAME - len(frame) + 1) + '"'))
        assert (error["code"], error["client_message_id"]) == ("too_large", "just-fits")
        await page.send_text(" " * (LARGEST_FRAME + 1))
        assert await page.closed() == 1009


async def test_a_message_of_a_megabyte_ends_the_connection_and_nothing_is_kept(server: Server) -> None:
    async with server.page() as page:
        sending = asyncio.create_task(
            page.send(type="message", client_message_id="a-megabyte", text="大" * 350_000),
        )
        # The system may drop the goodbye when it resets a connection that is still being written to.
        assert await page.closed() in (1009, 1006)
        await asyncio.gather(sending, return_exceptions=True)
    async with server.page(token=page.token) as later:
        assert (await later.say("在吗"))["number"] == 1


async def test_a_frame_in_many_small_pieces_over_the_limit_closes_with_1009(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{server.url}/chat/ws", headers={"Origin": server.url})
        connection = socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        opening = b"\x01\x81\x00\x00\x00\x00 "
        connection.transport.write(opening + b"\x00\x81\x00\x00\x00\x00 " * (LARGEST_FRAME + 10))
        message = await socket.receive(timeout=PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1009
        await socket.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_who_sends_no_request_or_only_a_part_of_one_is_cut_off(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("bot.server.IDLE_S", 0.1)
    server = await start_server()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE_S):
        assert not (await reader.read()).strip() or sent.endswith(b"\r\n\r\n")
    writer.close()


async def test_a_chat_that_is_quiet_for_longer_than_that_stays(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.server.IDLE_S", PATIENCE_S)
    server = await start_server()
    async with server.page() as page:
        skip(3 * PATIENCE_S)
        assert (await page.say("在吗"))["number"] == 1


async def test_who_never_says_hello_is_sent_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "HELLO_WITHIN_S", 0.05)
    page = server.page()
    await page.connect()
    assert await page.closed() == 1008
    await page.leave()


async def test_saying_other_things_does_not_put_off_the_hello(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "HELLO_WITHIN_S", 0.1)
    monkeypatch.setattr(websocket, "PATIENCE", 1e9)
    page = server.page()
    await page.connect()

    async def chatter() -> None:
        while True:
            await page.send(type="typing")
            await asyncio.sleep(0.001)

    chatting = asyncio.create_task(chatter())
    assert await page.closed() == 1008
    chatting.cancel()
    await asyncio.gather(chatting, return_exceptions=True)
    await page.leave()


async def test_who_sends_nonsense_only_is_sent_away(server: Server) -> None:
    async with server.page() as page:
        for _ in range(20):
            assert (await page.refused_text("nonsense"))["code"] == "malformed"
        assert await page.closed() == 1008


async def test_who_makes_a_mistake_now_and_then_may_stay(server: Server) -> None:
    async with server.page() as page:
        for _ in range(40):
            await page.refused_text("nonsense")
            await page.send(type="resume", after=0)
            await page.send(type="typing")
        await page.say("轮胎多久换一次？")


async def test_one_address_has_so_many_connections_and_a_closed_one_frees_its_place(
    start_server: StartServer,
) -> None:
    server = await start_server(chat={"connections_per_address": 3})
    pages = [server.page() for _ in range(3)]
    for page in pages:
        await page.connect()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await server.page().connect()
    assert refusal.value.status == 429
    assert refusal.value.headers is not None
    assert refusal.value.headers["Retry-After"]
    await pages.pop().leave()
    async with asyncio.timeout(PATIENCE_S):
        while len(pages) < 3:
            page = server.page()
            try:
                await page.connect()
                pages.append(page)
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.01)
    for page in pages:
        await page.leave()


async def test_behind_a_trusted_proxy_the_limit_is_per_client(start_server: StartServer) -> None:
    server = await start_server(
        chat={"connections_per_address": 1}, server={"trusted_proxies": ["127.0.0.1/32", "10.0.0.0/8"]}
    )
    async with (
        server.page(headers={"X-Forwarded-For": "198.51.100.1, 10.1.1.1"}),
        server.page(headers={"X-Forwarded-For": "198.51.100.2"}),
    ):
        for forged in ("198.51.100.2", "203.0.113.9, 198.51.100.2", "198.51.100.2, 10.9.9.9"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await server.page(headers={"X-Forwarded-For": forged}).connect()
            assert refusal.value.status == 429


async def test_an_untrusted_client_cannot_name_its_own_address(start_server: StartServer) -> None:
    server = await start_server(chat={"connections_per_address": 1})
    async with server.page(headers={"X-Forwarded-For": "198.51.100.1"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await server.page(headers={"X-Forwarded-For": "198.51.100.2"}).connect()
    assert refusal.value.status == 429


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ([], "127.0.0.1"),
        (["198.51.100.7"], "198.51.100.7"),
        (["203.0.113.1, 198.51.100.7"], "198.51.100.7"),
        (["203.0.113.1", "198.51.100.7, 10.0.0.5"], "198.51.100.7"),
        (["198.51.100.7, unknown"], "127.0.0.1"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["<script>, 198.51.100.7"], "198.51.100.7"),
    ],
)
def test_the_clients_address_is_the_nearest_that_no_proxy_of_ours_has(forwarded: list[str], expected: str) -> None:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="127.0.0.1")
    assert client_address(request, (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))) == expected


def test_an_ipv6_subscriber_is_counted_once_however_many_addresses_he_has() -> None:
    assert subscriber("2001:db8:1:2::1") == subscriber("2001:db8:1:2:ffff::9") == str(IPv6Network("2001:db8:1:2::/64"))
    assert subscriber("2001:db8:1:3::1") != subscriber("2001:db8:1:2::1")
    assert subscriber("198.51.100.7") == str(IPv4Address("198.51.100.7"))


def test_a_pace_lets_so_many_pass_in_any_window_and_says_when_the_next_may() -> None:
    pace = Pace(3, 60.0)
    assert [pace.hit("a", now) for now in (0.0, 10.0, 20.0)] == [None, None, None]
    assert pace.hit("a", 30.0) == 30.0
    assert pace.hit("b", 30.0) is None
    assert pace.hit("a", 59.9) == pytest.approx(0.1)
    assert pace.hit("a", 60.0) is None
    assert pace.hit("a", 61.0) == pytest.approx(9.0)


def test_a_pace_forgets_who_has_gone_quiet() -> None:
    pace = Pace(3, 60.0)
    for number in range(50_000):
        pace.hit(f"visitor-{number}", number / 100)
    assert len(pace) < 20_000


def test_retry_after_is_never_below_a_second() -> None:
    now = [0.0]
    traffic = Traffic(1, 1, 1, seconds=lambda: now[0])
    traffic.message("a", "message-0001")
    now[0] = 59.99
    with pytest.raises(FrameError) as refusal:
        traffic.message("a", "message-0002")
    assert refusal.value.retry_after == 1.0
    assert refusal.value.client_message_id == "message-0002"


async def test_new_visitors_of_one_address_are_counted(start_server: StartServer) -> None:
    server = await start_server(chat={"visitors_per_hour": 2})
    async with server.page() as page, server.page():
        third = server.page()
        await third.connect()
        error = await third.refused(type="hello")
        assert error["code"] == "too_fast"
        assert error["retry_after"] > 3_000
        third.token = page.token
        await third.greet()
        await third.leave()


async def test_five_hundred_messages_a_minute_are_slowed_and_nothing_acknowledged_is_lost(server: Server) -> None:
    wanted = {f"burst-{number:05d}" for number in range(500)}
    acked: set[str] = set()
    refused: list[dict[str, object]] = []
    async with server.page() as page:

        async def flood() -> None:
            for one in sorted(wanted):
                await page.send(type="message", client_message_id=one, text=f"第 {one} 条")

        flooding = asyncio.create_task(flood())
        code = await page.closed()
        await asyncio.gather(flooding, return_exceptions=True)
        for frame in page.seen:
            if frame["type"] == "ack":
                acked.add(frame["client_message_id"])
            elif frame["type"] == "error":
                refused.append(frame)
    assert code == 1008
    assert len(acked) == 20
    assert {frame["code"] for frame in refused} == {"too_fast"}
    assert all(frame["retry"] is True and frame["retry_after"] for frame in refused)
    assert {frame["client_message_id"] for frame in refused} <= wanted - acked
    async with server.page(token=page.token) as later:
        while len([one for one in later.messages if one["author"] == "contact"]) < 20:
            await later.expect("messages")
    stored = [one["client_message_id"] for one in later.messages if one["author"] == "contact"]
    assert sorted(stored) == sorted(acked)
