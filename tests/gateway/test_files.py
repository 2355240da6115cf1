"""Files in chat: uploaded, put into one message, shown by links that are signed and end, and never as anything else."""

import asyncio
import contextlib
import io
import logging
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.files import uploads
from bot.files.links import GOOD_FOR_MS, ROUNDED_TO_MS, View
from bot.files.sweeping import sweep
from bot.keys import BLOBS, LINKS, UPLOADS
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, ChatClient, Clock, Frame, Server, eventually
from tests.files import hostile
from tickets import attachments
from tickets.attachments import Attachment

DAY_MS = 24 * 3_600_000
Told = tuple[int, dict[str, Any]]


async def upload(server: Server, token: str | None, content: bytes, name: str = "照片.png", **headers: str) -> Told:
    """What the server says to a file of this visitor."""
    told = {"Origin": server.url, "X-File-Name": quote(name), "Content-Type": "application/octet-stream", **headers}
    if token:
        told["Authorization"] = f"Bearer {token}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/chat/files", data=io.BytesIO(content), headers=told) as response,
    ):
        return response.status, await response.json() if "json" in response.content_type else {}


async def fetch(url: str) -> tuple[aiohttp.ClientResponse, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response, await response.read()


async def send(page: ChatClient, *ids: str, text: str = "", client_id: str | None = None) -> Frame:
    """The acknowledgement of a message with these files, or the error."""
    frame = {"text": text, "attachments": list(ids), "client_message_id": client_id or page.new_id()}
    await page.send(type="message", **frame)
    while (answer := await page.next_frame())["type"] not in ("ack", "error"):
        pass
    return answer


class SlowUpload:
    """A file that has begun and does not end."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def answer(self) -> bytes:
        """The head of what the server says."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readuntil(b"\r\n\r\n")


@contextlib.asynccontextmanager
async def slow_upload(server: Server, token: str | None) -> AsyncIterator[SlowUpload]:
    """Send the head and the first bytes of a file, and no more; hang up in the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /chat/files HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.url}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n"
    )
    writer.write(head.encode() + b"only the beginning")
    try:
        await writer.drain()
        yield SlowUpload(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def row(server: Server, attachment_id: str) -> Attachment | None:
    return await server.database.read(attachments.find, attachment_id)


async def test_a_file_lies_beside_the_database_that_is_open(server: Server) -> None:
    async with server.page() as page:
        status, told = await upload(server, page.token, hostile.picture())
    assert status == 200, told
    kept = [path for path in (server.folder / "blobs").rglob("*") if path.is_file()]
    assert hostile.picture() in [path.read_bytes() for path in kept]


async def test_a_picture_is_sent_in_a_message_and_seen_by_its_visitor(server: Server) -> None:
    content = hostile.picture("JPEG", (1_200, 900))
    async with server.page() as page:
        status, item = await upload(server, page.token, content, "../照片.jpg")
        assert (status, item["name"], item["content_type"], item["size"]) == (
            200,
            "_照片.jpg",
            "image/jpeg",
            len(content),
        )
        ack = await send(page, item["id"], text="胎纹是这样的")
        [message] = await page.reads_up_to(ack["number"])
        [shown] = message["attachments"]
        assert (shown["id"], shown["width"], shown["height"]) == (item["id"], 1_200, 900)
        whole, body = await fetch(shown["url"])
        small, drawn = await fetch(shown["thumbnail"])
    assert body == content
    assert (small.content_type, len(drawn) < len(content)) == ("image/jpeg", True)
    assert whole.headers["Content-Disposition"] == f"inline; filename*=UTF-8''{quote('_照片.jpg')}"


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.svg", hostile.SVG), ("x.html", hostile.HTML), ("x.png", hostile.PROGRAM), ("x.zip", hostile.zip_bomb())],
)
async def test_what_is_not_on_the_list_is_refused_and_no_row_is_kept(server: Server, name: str, content: bytes) -> None:
    async with server.page() as page:
        assert await upload(server, page.token, content, name) == (415, {"error": "file_kind"})
    assert await server.database.read(lambda tx: tx.execute("SELECT id FROM attachment", {})) == []


@pytest.mark.parametrize("content", [hostile.SVG, hostile.HTML, hostile.XML, hostile.POLYGLOT, hostile.pixel_bomb()])
async def test_what_a_mail_brings_is_offered_for_saving_alone(start_server: StartServer, content: bytes) -> None:
    server = await start_server(files={"kinds": ["picture", "other"]})
    async with server.page() as page:
        status, item = await upload(server, page.token, content, "\u202egnp.svg\r\nX-Evil: 1")
    assert (status, "thumbnail" in item) == (200, False)
    response, body = await fetch(item["url"])
    assert body == content
    told = response.headers
    assert told["Content-Disposition"].startswith("attachment; filename*=UTF-8''gnp.svgX-Evil")
    assert "X-Evil" not in told
    assert told["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in told["Content-Security-Policy"]
    assert "default-src 'none'" in told["Content-Security-Policy"]
    assert told["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cache-Control"].startswith("private")


async def test_a_link_is_good_for_its_file_and_view_until_its_time_and_a_forged_one_never(
    server: Server, clock: Clock
) -> None:
    async with server.page() as page:
        _, item = await upload(server, page.token, hostile.picture())
        _, other = await upload(server, page.token, b"just text", "a.txt")
    token = item["url"].rpartition("/")[2]
    head, _, signature = token.rpartition(".")
    forged = [
        head.replace(item["id"], other["id"]) + "." + signature,
        head.replace(".w.", ".t.") + "." + signature,
        f"{head}0.{signature}",
        f"{head}.{'A' * len(signature)}",
        item["id"],
        "%00",
        "..%2f..%2fyingsheng.db",
    ]
    for one in forged:
        assert (await fetch(f"{server.url}/files/{one}"))[0].status == 404
    gone = server.app[LINKS].make(other["id"], View.THUMBNAIL, server.clock())
    assert (await fetch(gone))[0].status == 404
    clock.advance(GOOD_FOR_MS + ROUNDED_TO_MS + 1)
    response, body = await fetch(item["url"])
    assert response.status == 410
    assert "过期" in body.decode()
    assert "style=" not in body.decode()
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert (await fetch(f"{server.url}/static/widget/gone.css"))[0].status == 200


async def test_a_file_goes_into_one_message_of_the_visitor_who_uploaded_it(server: Server) -> None:
    async with server.page() as alice, server.page() as bob:
        _, item = await upload(server, alice.token, b"mine", "a.txt")
        assert (await send(bob, item["id"], text="给我"))["code"] == "file_gone"
        client_id = alice.new_id()
        first = await send(alice, item["id"], client_id=client_id)
        assert (await send(alice, item["id"], client_id=client_id))["number"] == first["number"]
        refused = await send(alice, item["id"], text="再发一次")
        assert (refused["code"], refused["retry"]) == ("file_gone", False)
        assert (await send(alice, "00000000-0000-0000-0000-000000000000"))["code"] == "file_gone"
        assert (await send(alice, *(f"{n:036}" for n in range(6))))["code"] == "malformed"
        assert (await send(alice))["code"] == "empty"


async def test_a_message_of_files_alone_goes_to_a_person_and_the_bot_says_why(server: Server) -> None:
    async with server.page() as page:
        _, item = await upload(server, page.token, b"%PDF-1.7 ...", "发票.pdf")
        await send(page, item["id"])
        said = await page.reads()
        assert said["kind"] == "handoff"
        assert "看不了文件" in said["text"]
        _, more = await upload(server, page.token, b"%PDF-1.7 2..", "发票2.pdf")
        await send(page, more["id"])
        assert (await page.reads())["kind"] != "clarify"
    tickets = await server.database.read(lambda tx: tx.execute("SELECT subject, reason FROM ticket", {}))
    assert tickets == [{"subject": "发票.pdf", "reason": "file"}]


async def test_uploads_are_bounded_in_size_and_number_and_need_a_visitor_of_ours(start_server: StartServer) -> None:
    server = await start_server(files={"largest": 2_048, "per_hour": 2})
    async with server.page() as page:
        assert await upload(server, page.token, b"x" * 3_000, "a.txt") == (413, {"error": "file_too_large"})
        assert await upload(server, page.token, b"", "a.txt") == (422, {"error": "file_empty"})
        assert await upload(server, page.token, b"x", "a.txt") == (429, {"error": "too_fast"})
        assert (await upload(server, None, b"x"))[0] == 401
        assert (await upload(server, "forged.token", b"x"))[0] == 401
        assert (await upload(server, page.token, b"x", Origin="https://evil.example.net"))[0] == 403


async def test_a_file_that_trickles_in_is_cut_off_and_the_next_one_is_taken(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.page() as page:
        with monkeypatch.context() as patch:
            patch.setattr(uploads, "WITHIN_S", 0.2)
            async with slow_upload(server, page.token) as trickling:
                told = await trickling.answer()
        assert (await upload(server, page.token, b"x", "a.txt"))[0] == 200
    assert told.startswith(b"HTTP/1.1 408")
    assert b"Connection: close" in told
    assert server.app[UPLOADS].under_way == 0


async def test_only_so_many_files_are_under_way_at_once_and_a_page_that_leaves_gives_way(server: Server) -> None:
    under_way = server.app[UPLOADS]
    async with server.page() as page, contextlib.AsyncExitStack() as open_ones:
        for _ in range(uploads.AT_ONCE):
            await open_ones.enter_async_context(slow_upload(server, page.token))
        await eventually(lambda: under_way.under_way == uploads.AT_ONCE)
        assert await upload(server, page.token, b"x", "a.txt") == (503, {"error": "file_busy"})
        await open_ones.aclose()
        await eventually(lambda: under_way.under_way == 0)
        assert (await upload(server, page.token, b"x", "a.txt"))[0] == 200


async def test_links_lead_to_the_origin_for_files_which_needs_no_cookie_and_sets_none(
    start_server: StartServer, clock: Clock
) -> None:
    server = await start_server(server={"files_url": "https://files.example.com"})
    content = hostile.picture()
    async with server.page() as page:
        _, item = await upload(server, page.token, content)
        ack = await send(page, item["id"])
        [message] = await page.reads_up_to(ack["number"])
    [shown] = message["attachments"]
    for url in (item["url"], item["thumbnail"], shown["url"], shown["thumbnail"]):
        assert url.startswith("https://files.example.com/files/")
    response, body = await fetch(shown["url"].replace("https://files.example.com", server.url))
    assert (response.status, body) == (200, content)
    assert "Set-Cookie" not in response.headers
    demo, _ = await fetch(f"{server.url}/demo")
    assert "https://files.example.com" in demo.headers["Content-Security-Policy"]


async def test_a_link_to_the_small_picture_gives_neither_the_whole_one_nor_anything_else(server: Server) -> None:
    async with server.page() as page:
        _, item = await upload(server, page.token, hostile.picture("JPEG", (1_200, 900)))
        _, other = await upload(server, page.token, hostile.picture("PNG", (30, 30)))
    small, whole, strange = (url.rpartition("/")[2] for url in (item["thumbnail"], item["url"], other["thumbnail"]))
    _, drawn = await fetch(item["thumbnail"])
    mixed = [
        small.replace(".t.", ".w."),
        whole.replace(".w.", ".t."),
        small.replace(item["id"], other["id"]),
        strange.replace(other["id"], item["id"]),
        f"{small.rpartition('.')[0]}.{whole.rpartition('.')[2]}",
    ]
    for one in mixed:
        assert (await fetch(f"{server.url}/files/{one}"))[0].status == 404
    for asked in ("?view=w", "?size=full"):
        assert (await fetch(item["thumbnail"] + asked))[1] == drawn


async def test_no_link_is_logged_whatever_becomes_of_it(
    server: Server, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server.page() as page:
        _, item = await upload(server, page.token, hostile.picture())
        _, lost = await upload(server, page.token, b"lost", "a.txt")
        await send(page, item["id"])
    told = await row(server, lost["id"])
    assert told is not None
    server.app[BLOBS].path(told.hash).unlink()
    tried = [item["url"], item["thumbnail"], lost["url"], f"{item['url']}x"]
    responses = [(await fetch(url))[0] for url in tried]
    clock.advance(GOOD_FOR_MS + ROUNDED_TO_MS + 1)
    responses.append((await fetch(item["url"]))[0])
    assert [response.status for response in responses] == [200, 200, 503, 404, 410]
    assert {response.headers["Referrer-Policy"] for response in responses} <= {"no-referrer", "same-origin"}
    assert [responses[one].headers["Referrer-Policy"] for one in (0, 1, 4)] == ["no-referrer"] * 3
    assert "kept-file" in caplog.text
    for url in tried:
        token = url.rpartition("/")[2]
        assert token not in caplog.text
        assert token.rpartition(".")[2] not in caplog.text


async def test_what_nobody_sent_is_forgotten_a_day_later_and_what_was_sent_stays(server: Server) -> None:
    async with server.page() as page:
        _, sent = await upload(server, page.token, b"sent", "a.txt")
        _, left = await upload(server, page.token, b"left", "b.txt")
        await send(page, sent["id"])
    blobs = server.app[BLOBS]
    kept, lost = await row(server, sent["id"]), await row(server, left["id"])
    assert kept is not None
    assert lost is not None
    orphan = blobs.keep(b"a crash left me")
    young = blobs.keep(b"my row is on its way")
    _age(server, kept.hash, lost.hash, orphan)
    assert await sweep(server.database, blobs, server.clock() + DAY_MS + 1) == 2
    assert [blobs.path(one).exists() for one in (kept.hash, lost.hash, orphan, young)] == [True, False, False, True]
    assert await row(server, left["id"]) is None
    response, body = await fetch(sent["url"])
    assert (response.status, body) == (200, b"sent")


async def test_bytes_that_are_kept_again_are_young_again(server: Server) -> None:
    blobs = server.app[BLOBS]
    name = blobs.keep(b"twice")
    _age(server, name)
    assert blobs.keep(b"twice") == name
    assert await sweep(server.database, blobs, server.clock()) == 0
    assert blobs.read(name) == b"twice"


def _age(server: Server, *names: str) -> None:
    for name in names:
        os.utime(server.app[BLOBS].path(name), (1, 1))
