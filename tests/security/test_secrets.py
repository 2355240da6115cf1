"""A day with everything in it that must not be told; then nothing of it stands in what a log or a monitor keeps."""

import asyncio
import contextlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.control import SOCKET_NAME, open_control
from bot.logs import IN_A_TRACE, visible
from storage.backup import backup_folder, restore
from storage.sqlite import open_database
from tests.bot.endpoint import KEY, FakeEndpoint
from tests.conftest import StartServer
from tests.console import cast as people
from tests.fakes import PATIENCE_S, Clock, eventually
from tests.journeys.desk import open_peers
from tests.journeys.program import ROOT, Program
from tests.security.house import GENEROUS, Person, hand_over, ticket_of
from tests.tickets.alerts.peers import Mailbox
from tickets import agents
from tickets.model import Role

# Every canary is a thing that somebody would miss if it were found in a log.
CANARY = {
    "phone": "13900000000",
    "phone as written": "139 0000 0000",
    "id card": "11010119000101000X",
    "mail address": "canary.customer@example.com",
    "staff address": "canary.staff@example.com",
    "message": "金丝雀问题甲乙丙丁",
    "reply": "金丝雀回复戊己庚辛",
    "note": "金丝雀备注壬癸子丑",
    "page title": "金丝雀标题寅卯辰巳",
    "page address": "canary-page-address",
    "login": "canary-login",
    "agent's name": "金丝雀坐席午未",
    "password": "canary password 1234",
    "wrong password": "canary wrong password",
    "wrong login": "canary-wrong-login",
    "SMTP user": "canary-smtp-user",
    "SMTP password": "canary-smtp-password",
    "webhook secret": "canary-webhook-secret",
    "webhook key": "canary-webhook-key",
    "encoder key": KEY,
    "bad token": "canary-bad-token",
    "bad cookie": "canary-bad-cookie",
    "path": "canary-path",
    "query": "canary-query",
    "search": "金丝雀搜索申酉",
    "forged address": "203.0.113.77",
}
FORGED_LINE = "2026-11-21 00:00:00,000 INFO bot.console.session login agent=forged"
HOSTILE = f"\x1b[31m\x1b]0;owned\x07\r\n{FORGED_LINE}\n\x9b2J\u2028\u202e"


@contextlib.asynccontextmanager
async def a_day(folder: Path) -> AsyncIterator[tuple[Program, dict[str, str]]]:
    """A server at the most talkative level, with peers of which one takes alerts, one refuses and one makes vectors
    after it has failed; and its secrets."""
    async with open_peers() as peers, FakeEndpoint([500, "garbage", "cut"]).open() as endpoint:
        settings = {
            **peers.settings,
            "YINGSHENG_SERVER__LOG_LEVEL": "DEBUG",
            "YINGSHENG_SLA__REPLY": "1s",
            "YINGSHENG_ESCALATION__SWEEP_EVERY": "100ms",
            "YINGSHENG_ESCALATION__LEVELS": json.dumps(
                [{"name": "all", "transports": ["mail", "webhook"], "to": [CANARY["staff address"], "assignee"]}]
            ),
            "YINGSHENG_ENCODER__KIND": "endpoint",
            "YINGSHENG_ENCODER__URL": endpoint.url.replace("127.0.0.1", "localhost"),
            "YINGSHENG_ENCODER__MODEL": "small",
            "YINGSHENG_ENCODER__KEY": CANARY["encoder key"],
            "YINGSHENG_ENCODER__ALLOW_NETWORKS": '["127.0.0.0/8"]',
            "YINGSHENG_MAIL__USERNAME": CANARY["SMTP user"],
            "YINGSHENG_MAIL__PASSWORD": CANARY["SMTP password"],
            "YINGSHENG_WEBHOOK__SECRET": CANARY["webhook secret"],
            "YINGSHENG_WEBHOOK__URL": f"{peers.settings['YINGSHENG_WEBHOOK__URL']}?key={CANARY['webhook key']}",
        }
        program = Program(folder, settings)
        await asyncio.to_thread(program.start)
        try:
            secrets = await live_through(program)
            async with asyncio.timeout(PATIENCE_S):
                while not peers.calls or "topic=alert.mail outcome=refused" not in program.log.read_text(
                    encoding="utf-8"
                ):
                    await asyncio.sleep(0.05)
            yield program, secrets
        finally:
            await asyncio.to_thread(program.stop)


async def live_through(program: Program) -> dict[str, str]:
    """Everything that people and attackers do; returns the tokens that came up on the way."""
    async with Person(program.url) as admin, Person(program.url) as stranger:
        setup = await set_up_path(program)
        await admin.get(setup)
        form = {"login": CANARY["login"], "name": CANARY["agent's name"], "token": setup.partition("token=")[2]}
        passwords = {"password": CANARY["password"], "again": CANARY["password"]}
        assert (await admin.post("/console/setup", {**form, **passwords}))[0] == 303
        await break_in(program, stranger)
        visitor, number = await chat(program)
        await admin.log_in(CANARY["login"], CANARY["password"])
        await work(admin, number)
        await malformed(program, admin, visitor)
        cookies = {f"cookie {one.key}": one.value for one in admin.session.cookie_jar if one.key != "language"}
        return {"visitor": visitor, "csrf": admin.csrf, **cookies}


async def set_up_path(program: Program) -> str:
    """Where the link leads that is printed a moment after the server has begun to listen."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := re.search(r"(/console/setup\?token=\S+)\n", program.log.read_text(encoding="utf-8"))):
            await asyncio.sleep(0.02)
    return found[1]


async def break_in(program: Program, stranger: Person) -> None:
    """Bad logins, wrong doors, and addresses that would like to be two lines of the log."""
    for login in (CANARY["login"], CANARY["wrong login"], HOSTILE[:60]):
        await stranger.get("/console/login")
        await stranger.post("/console/login", {"login": login, "password": CANARY["wrong password"]})
    forged = {"X-Forwarded-For": CANARY["forged address"], "User-Agent": CANARY["path"]}
    for path in (
        f"/console/{CANARY['path']}%0d%0a{FORGED_LINE.replace(' ', '%20')}%1b%5b31m",
        f"/console/tickets/{CANARY['path']}?q={CANARY['query']}%0a",
        f"/console/static/{CANARY['path']}%00%0a",
        f"/{CANARY['path']}%0a{CANARY['query']}",
        f"/static/widget/{CANARY['path'] * 100}%0a",
        f"/help/search?q={CANARY['search']}%0a%1b%5b31m",
        f"/console/setup?token={CANARY['bad token']}",
        f"/console?next={CANARY['query']}",
    ):
        await stranger.get(path, Accept="text/html", **forged)
        await stranger.post(path, {"a": CANARY["query"]}, csrf=CANARY["bad token"], **forged)
    await stranger.get("/console", Cookie=f"yingsheng={CANARY['bad cookie']}")
    await stranger.get("/chat/frames", Authorization=f"Bearer {CANARY['bad token']}", Origin=program.url)
    await stranger.get("/chat/frames", Origin=f"https://{CANARY['path']}.example.net")


async def chat(program: Program) -> tuple[str, str]:
    """A customer tells everything; the token and the ticket."""
    from tests.fakes import ChatClient

    page = ChatClient(program.url)
    await page.connect()
    await page.greet(page={"url": f"https://{CANARY['page address']}.example.com/", "title": CANARY["page title"]})
    await page.say(f"{CANARY['message']} 我的身份证是{CANARY['id card']}，电话 {CANARY['phone as written']}")
    await page.say(f"{CANARY['message']}{HOSTILE}")
    await page.press("human")
    number = await ticket_of(page)
    for value in (CANARY["phone"], CANARY["mail address"]):
        await page.send(type="contact", client_message_id=page.new_id(), value=value)
        await page.expect("ack")
    await page.refused(type="contact", client_message_id=page.new_id(), value=f"{CANARY['phone']}9{HOSTILE}")
    await page.refused(type="hello", token=CANARY["bad token"])
    await page.refused_text(f'{{"type":"message","text":"{CANARY["message"]}')
    await page.leave()
    assert page.token is not None
    return page.token, number


async def work(admin: Person, number: str) -> None:
    """A reply, a note, a conflict, and forms that are wrong."""
    path = f"/console/tickets/{number}"
    await admin.get(path)
    reply = {"text": f"{CANARY['reply']}{HOSTILE}", "client_id": "client-0001"}
    assert (await admin.post(f"{path}/reply", {**reply, "last_seen": "1"}))[0] == 409
    assert (await admin.post(f"{path}/note", {"text": f"{CANARY['note']}{HOSTILE}"}))[0] == 200
    await admin.post(f"{path}/reply", {**reply, "last_seen": CANARY["query"]})
    await admin.post(f"{path}/resolve", {"version": HOSTILE})
    await admin.post(f"{path}/note", {"text": CANARY["note"] * 1_000})
    await admin.post(f"{path}/note", {"text": CANARY["note"]}, csrf=CANARY["bad token"])


async def malformed(program: Program, admin: Person, visitor: str) -> None:
    """Requests that are no HTTP, with everything in them that a browser would send along."""
    cookie = next(one.value for one in admin.session.cookie_jar if one.key == "yingsheng")
    credentials = f"Cookie: yingsheng={cookie}\r\nAuthorization: Bearer {visitor}\r\n".encode()
    for raw in (
        b"GET / HTTP/1.1\r\nHost: a\r\n" + credentials + f"X: {CANARY['path']}\x01\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: yingsheng=" + cookie.encode() + b"\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer " + visitor.encode() + b"\r\n\r\n",
        CANARY["path"].encode() + b" \x1b[31m\r\n\r\n",
        f"GET /{CANARY['query']} HTTP/9.9\r\n\r\n".encode(),
        b"POST /chat/frames HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + CANARY["message"].encode(),
        b"GET /" + b"a" * 9_000 + CANARY["path"].encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
        writer.write(raw)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await reader.read()
        writer.close()


async def monitors_page(program: Program, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{program.url}{path}") as response:
        return await response.text()


async def test_a_day_leaves_no_secret_and_no_forged_line_in_the_log(tmp_path: Path) -> None:
    async with a_day(tmp_path / "data") as (program, tokens):
        told = {path: await monitors_page(program, path) for path in ("/metrics", "/readyz", "/healthz")}
    raw = program.log.read_bytes().decode("utf-8")
    # The one line with the link is for the operator, and worth nothing once it was used.
    offered = [line for line in raw.splitlines() if "token=" in line]
    assert len(offered) == 1
    assert offered[0].startswith("set up the first administrator")
    told["log"] = raw.replace(offered[0], "")
    setup = offered[0].partition("token=")[2]
    secrets = {**CANARY, **tokens, "set-up token": setup, "client's address": "127.0.0.1"}
    addresses = [line for line in told["log"].splitlines() if re.match(r"(demo page|help centre|console) ", line)]
    for line in addresses:
        told["log"] = told["log"].replace(line, "")
    found = [(place, name) for place, text in told.items() for name, secret in secrets.items() if secret in text]
    assert found == []
    assert all(len(secret) >= 7 for secret in secrets.values())
    assert "login agent=" in raw, "the day was logged"
    assert "decided message=" in raw
    assert "login_refused" in raw
    hidden = [char for char in raw if not char.isprintable() and char != "\n"]
    assert hidden == []
    line_of_ours = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [a-z_.]+ \S")
    said = re.compile(r"(demo page|help centre|console|set up the first|stopping)")
    odd = [line for line in raw.splitlines() if not line_of_ours.match(line) and not said.match(line)]
    assert [line for line in odd if not line.startswith(IN_A_TRACE.strip("\n"))] == []
    assert FORGED_LINE not in raw
    assert "forged" not in raw


def test_a_line_can_be_written_when_no_file_can_be_opened(tmp_path: Path) -> None:
    """Whoever exhausts our files must not blind us as well."""
    program = (
        "import logging, resource; from bot import logs; logs.set_up('INFO')\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "logging.getLogger('bot').error('full \\x1b \\u2028 %s', '\\ud800')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stderr.endswith("ERROR bot full \\x1b \\u2028 \\ud800\n"), run.stderr


def test_what_is_no_printable_character_is_shown_as_its_escape() -> None:
    assert visible("a\r\nb\x1b[0m\x9b\u2028\u202e\ud800，好") == "a\\r\\nb\\x1b[0m\\x9b\\u2028\\u202e\\ud800，好"


# --- alert mails ------------------------------------------------------------------------------------------------

LEVELS = [
    "a\r\nBcc: x@evil.example.net",
    "=?utf-8?q?=0ABcc=3Ax=40evil.org?=",
    "a\n\nContent-Type: text/html",
    "a\u2028Bcc: x@evil.example.net\x00",
]
EXPECTED = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "content-type",
    "content-transfer-encoding",
    "mime-version",
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", LEVELS)
async def test_an_alert_mail_has_our_headers_and_no_word_of_the_customer(
    start_server: StartServer, clock: Clock, name: str, language: str
) -> None:
    async with Mailbox().open() as mailbox:
        server = await start_server(
            chat=GENEROUS,
            sla={"warn_at": 0},
            escalation={
                "levels": [{"name": name, "transports": ["mail"], "to": ["role:agent", "duty@example.com"]}],
                "sweep_every": 20,
                "language": language,
            },
            mail={"host": "127.0.0.1", "port": mailbox.port, "security": "none"},
        )
        await server.database.write(
            agents.create,
            "mallory",
            "a\r\nBcc: x@evil.example.net",
            Role.AGENT,
            people.PASSWORD_HASH,
            "mallory@example.com",
            clock(),
        )
        await hand_over(server, "主题\r\nBcc: x@evil.example.net\r\n\r\n=?utf-8?q?=0ABcc=3Ax=40evil.example.net?=")
        clock.advance(13 * 3_600_000)
        await eventually(lambda: len(mailbox.mails) == 2)
    assert sorted(mailbox.recipients) == [["duty@example.com"], ["mallory@example.com"]]
    for mail, recipients in zip(mailbox.mails, mailbox.recipients, strict=True):
        assert {header.lower() for header in mail} - {"x-peer", "x-mailfrom", "x-rcptto"} == EXPECTED
        assert len(mail.keys()) == len({header.lower() for header in mail})
        assert [mail["To"]] == recipients
        assert mail.get_content_type() == "text/plain"
        assert "主题" not in mail.as_string()
        assert "主题" not in mail.get_content()
        assert "evil" not in str(mail["Subject"])


# --- files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("generous_umask")
async def test_nobody_else_can_open_what_we_keep(tmp_path: Path) -> None:
    """Also where the system would let new files be everybody's."""
    folder, copy = tmp_path / "deep" / "data", tmp_path / "copy.db"
    database = open_database(folder)
    await database.probe()
    control = await open_control(folder, database, Clock())
    try:
        assert mode(folder) == 0o700
        files = {path.name: oct(mode(path)) for path in folder.iterdir()}
        assert files.pop(SOCKET_NAME) == "0o600"
        assert set(files.values()) == {"0o600"}, files
        assert len(files) >= 3
        await asyncio.to_thread(backup_folder, folder, copy)
        assert mode(copy) == 0o600
    finally:
        await control.cleanup()
        await database.close()
    restore(folder, copy)
    assert {oct(mode(path)) for path in folder.iterdir() if path.is_file()} == {"0o600"}


async def test_the_control_socket_is_never_open_to_others_not_even_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made closed, not closed after it was made."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("the mode is changed after the socket was there")

    monkeypatch.setattr(Path, "chmod", forbidden)
    monkeypatch.setattr(os, "chmod", forbidden)
    os.chown(tmp_path, os.geteuid(), os.getegid())
    database = open_database(tmp_path / "data")
    control = await open_control(tmp_path / "data", database, Clock())
    assert mode(tmp_path / "data" / SOCKET_NAME) & 0o077 == 0
    await control.cleanup()
    await database.close()


async def test_only_a_monitor_reads_where_our_files_are(start_server: StartServer) -> None:
    server = await start_server(server={"trusted_proxies": ["127.0.0.0/8"]})
    (server.folder / "yingsheng.db").rename(server.folder / "gone.db")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/readyz") as response:
            ours = await response.json()
        async with session.get(f"{server.url}/readyz", headers={"X-Forwarded-For": "198.51.100.1"}) as response:
            assert response.status == 503
            told = await response.json()
    assert str(server.folder) in str(ours["reasons"])
    assert told["reasons"]
    assert str(server.folder) not in str(told)
    assert "yingsheng.db" not in str(told)
    (server.folder / "gone.db").rename(server.folder / "yingsheng.db")
