"""One POST to somebody else's server: which failures mean that it may have been taken, and what bounds it."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes import PATIENCE_S, outlast
from tickets.alerts import DeliveryError, Failure, http
from tickets.alerts.apprise import AppriseSettings
from tickets.alerts.dingtalk import DingTalkSettings
from tickets.alerts.feishu import FeishuSettings
from tickets.alerts.webhook import WebhookSettings
from tickets.alerts.wecom import WeComSettings

LOOPBACK = ("127.0.0.0/8",)
QUICK = 0.8
OK = b"HTTP/1.1 200 OK\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def post(port: int, scheme: str = "http", body: bytes = b"{}", seconds: float = PATIENCE_S) -> http.Answer:
    return await http.post("the peer", f"{scheme}://127.0.0.1:{port}/", body, {}, LOOPBACK, seconds)


async def fail(port: int, scheme: str = "http", body: bytes = b"{}", seconds: float = PATIENCE_S) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await post(port, scheme, body, seconds)
    assert caught.value.__context__ is None
    return caught.value


@contextlib.asynccontextmanager
async def peer(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that talks as told with each connection; its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*parts: bytes, again: bytes = b"", pause: float = 0.0, asked: asyncio.Event | None = None) -> Talk:
    """After the request these parts, then again for ever, a pause between; without again it hangs up.

    asked is set when the request is there.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.set()
        writer.writelines(parts)
        while again:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)
        await writer.drain()

    return talk


# It may have been taken


@pytest.mark.parametrize(
    "talk",
    [
        says(),
        says(b"HTTP/1.1 2"),
        says(b"nonsense\r\n\r\n"),
        says(OK),
        says(OK, b"Content-Length: 100\r\n\r\nhalf"),
        says(OK, b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        says(OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        says(OK, again=b"X: " + b"y" * 1000 + b"\r\n"),
        says(again=b"x" * 1000),
    ],
)
async def test_after_the_request_everything_but_a_whole_answer_is_unclear(talk: Talk) -> None:
    async with peer(talk) as port:
        assert (await fail(port)).failure is Failure.UNKNOWN


@pytest.mark.parametrize(
    ("begun", "again"),
    [(OK + b"\r\n", b" "), (OK, b"X: y\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["body", "header", "interim answers"],
)
async def test_a_trickle_is_left_when_the_time_is_over(begun: bytes, again: bytes) -> None:
    asked = asyncio.Event()
    async with peer(says(begun, again=again, pause=0.05, asked=asked)) as port:
        error = await outlast(fail(port), asked.is_set)
    assert error.failure is Failure.UNKNOWN
    assert "in time" in error.reason


async def test_a_server_that_hangs_up_within_a_long_request_leaves_it_open() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1000)

    async with peer(talk) as port:
        assert (await fail(port, body=b"x" * 1_000_000)).failure is Failure.UNKNOWN


# It was not


async def test_nobody_listening_passes() -> None:
    async with peer(says()) as port:
        pass
    assert (await fail(port)).failure is Failure.RETRY


async def test_a_connection_that_does_not_come_about_in_time_passes() -> None:
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):  # fill what the kernel accepts for it
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        error = await fail(server.getsockname()[1], seconds=QUICK)
    assert error.failure is Failure.RETRY


async def test_a_name_that_nobody_knows_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryError) as caught:
        await http.post("the peer", "http://nobody.example.com/", b"", {}, (), PATIENCE_S)
    assert caught.value.failure is Failure.RETRY


async def test_without_tls_nothing_was_sent() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        await asyncio.sleep(10)

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    for talk in (silent, plain):
        async with peer(talk) as port:
            assert (await fail(port, "https", seconds=QUICK)).failure is Failure.RETRY


async def test_a_certificate_that_is_not_trusted_passes_and_is_told(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *kind, *name], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with peer(says(OK, b"Content-Length: 0\r\n\r\n"), tls) as port:
        error = await fail(port, "https")
    assert error.failure is Failure.RETRY
    assert "secure" in error.reason


# Bounds


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    async with peer(says(OK, b"\r\n", again=b"x" * 10_000)) as port:
        answer = await post(port)
    assert (answer.status, len(answer.body)) == (200, http.LONGEST_ANSWER)


async def test_a_packed_answer_is_not_unpacked() -> None:
    asked: list[bytes] = []
    packed = gzip.compress(bytes(50_000_000))[:60_000]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
        await writer.drain()

    async with peer(talk) as port:
        answer = await post(port)
    assert answer.body == packed
    assert b"Accept-Encoding: identity\r\n" in asked[0]


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Fri, 31 Dec 9998 23:59:59 GMT", http.LONGEST_RETRY_AFTER_MS),
        ("Mon, 01 Jan 1900 00:00:00 +1400", 0),
    ],
)
def test_a_retry_after_from_beyond_the_calendar_is_no_error(value: str, wait: int | None) -> None:
    assert http.retry_after_ms(value) == wait


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0.1/8", "intranet", ""])
def test_a_network_that_is_none_is_met_when_the_settings_are_read(network: str) -> None:
    for make in (
        lambda: WebhookSettings("https://example.com/", "secret", (network,)),
        lambda: WeComSettings("key", allow_networks=(network,)),
        lambda: DingTalkSettings("token", allow_networks=(network,)),
        lambda: FeishuSettings("token", allow_networks=(network,)),
        lambda: AppriseSettings("json://example.com", allow_networks=(network,)),
    ):
        with pytest.raises(ValueError, match=r"network|host bits"):
            make()
