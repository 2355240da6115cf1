"""Logging in, cookies, addresses behind proxies, and what is no HTTP at all."""

import asyncio
import re
import time
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict
from yarl import URL

from bot.app import build_app
from bot.config import Config
from bot.console import access
from bot.console.login_delays import FREE_TRIES
from bot.console.passwords import hash_password
from bot.console.setup import new_setup_link
from bot.keys import CONSOLE_SETTINGS
from storage.sqlite import open_database
from tests.conftest import StartServer
from tests.console import cast as people
from tests.fakes import PATIENCE_S, Clock, Server
from tests.security.house import House, Person
from tickets import agents
from tickets.model import Role

MINUTE = 60_000
PUBLIC = "https://desk.example.com"


async def test_an_empty_or_known_token_opens_nothing(house: House) -> None:
    known = ["", '""', "0", "null", "None", "undefined", "%00", "e" * 43]
    async with Person(house.url) as person:
        for token in known:
            for name in ("yingsheng", "__Host-yingsheng"):
                status, _ = await person.get("/console", Cookie=f"{name}={token}", **{"X-Fetch": "1"})
                assert status == 401, token
            headers = {"Origin": house.url, "Authorization": f"Bearer {token}"}
            assert (await person.get("/chat/frames", **headers))[0] == 401, token
            assert (await person.get(f"/console/setup?token={token}"))[0] == 404
            form = {"csrf": token, "login": "li", "password": people.PASSWORD}
            person.session.cookie_jar.clear()
            for cookie in ("yingsheng-form=", "yingsheng-form=f", f"other={token}", "yingsheng="):
                status, _ = await person.post("/console/login", form, csrf=None, Cookie=cookie)
                assert status == 403, (token, cookie)


async def test_an_empty_set_up_token_makes_no_administrator(start_server: StartServer) -> None:
    server = await start_server()
    await new_setup_link(server.database, server.app[CONSOLE_SETTINGS], server.clock())
    async with Person(server.url) as person:
        for token in ("", " ", "null", "%", "'", "x" * 5_000):
            await person.get("/console/login")
            form = {
                "token": token,
                "login": "root",
                "name": "我",
                "password": "long enough 1",
                "again": "long enough 1",
            }
            assert (await person.post("/console/setup", form))[0] == 422, token


async def test_a_session_known_before_the_login_is_worth_nothing_after_it(house: House) -> None:
    """Session fixation, also by a colleague's own session and by the token of the form before login."""
    async with Person(house.url) as victim, Person(house.url) as attacker:
        await attacker.log_in(house.staff.chen)
        planted = cookie_of(attacker)
        victim.session.cookie_jar.update_cookies({"yingsheng": planted}, URL(house.url))
        _, page = await victim.get("/console")
        assert "陈晓雯" in page
        assert (await victim.post("/console/login", {"login": "zhou", "password": people.PASSWORD}))[0] == 303
        assert cookie_of(victim) != planted
        await victim.get("/console")
        assert (await attacker.get("/console", **{"X-Fetch": "1"}))[0] == 401, "the session that was left is over"


def cookie_of(person: Person) -> str:
    return next(one.value for one in person.session.cookie_jar if one.key == "yingsheng")


async def test_logging_in_again_changes_the_token_of_the_forms(house: House) -> None:
    async with Person(house.url) as person:
        await person.get("/console/login")
        before = person.csrf
        await person.log_in(house.staff.li)
        first = person.csrf
        await person.post("/console/logout", {})
        await person.log_in(house.staff.li)
        assert len({before, first, person.csrf}) == 3


async def test_bad_logins_are_slowed_by_account_from_anywhere(start_server: StartServer) -> None:
    server = await behind_a_proxy(start_server)
    statuses = []
    async with Person(server.url) as person:
        for number in range(FREE_TRIES + 1):
            statuses.append(await try_login(person, "li", f"198.51.100.{number}"))
        assert statuses == [401] * FREE_TRIES + [429]
        assert await try_login(person, "LI ", "198.51.100.99") == 429, "the same account"
        assert await try_login(person, "chen", "198.51.100.99") == 401


async def test_bad_logins_are_slowed_by_the_address_behind_the_proxy_and_not_by_the_proxys(
    start_server: StartServer,
) -> None:
    server = await behind_a_proxy(start_server)
    async with Person(server.url) as person:
        for number in range(FREE_TRIES):
            assert await try_login(person, f"nobody-{number}", "203.0.113.9, 198.51.100.1") == 401
        assert await try_login(person, "nobody-x", "198.51.100.1") == 429
        assert await try_login(person, "nobody-x", "192.0.2.7, 198.51.100.1") == 429, "what a client adds is nothing"
        assert await try_login(person, "nobody-y", "198.51.100.2") == 401, "somebody else behind the same proxy"
        for number in range(FREE_TRIES):
            await try_login(person, f"six-{number}", f"2001:db8:1:2::{number}")
        assert await try_login(person, "six-x", "2001:db8:1:2:ffff::1") == 429, "one subscriber has a whole network"


async def test_nobody_but_a_trusted_proxy_says_where_a_login_comes_from(house: House) -> None:
    async with Person(house.url) as person:
        statuses = [
            await try_login(person, f"nobody-{number}", f"198.51.100.{number}") for number in range(FREE_TRIES + 1)
        ]
    assert statuses == [401] * FREE_TRIES + [429]


async def behind_a_proxy(start_server: StartServer) -> Server:
    server = await start_server(server={"trusted_proxies": ["127.0.0.0/8"]})
    await server.database.write(people.hire)
    return server


async def try_login(person: Person, login: str, forwarded: str) -> int:
    await person.get("/console/login")
    form = {"login": login, "password": "wrong password"}
    headers = {"X-Forwarded-For": forwarded, "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1", "Client-IP": "10.1"}
    return (await person.post("/console/login", form, **headers))[0]


async def test_an_unknown_login_and_a_wrong_password_look_and_take_the_same(house: House) -> None:
    """Processor time of this process, in which the server runs too: it is the same on a busy machine."""
    await house.server.database.write(agents.create, "wu", "吴", Role.AGENT, hash_password(people.PASSWORD), None, 0)
    took: dict[str, list[float]] = {"wu": [], "nobody": []}
    told: dict[str, str] = {}
    async with Person(house.url) as person:
        for _ in range(16):
            for login, times in took.items():
                house.server.clock.advance(16 * MINUTE)  # type: ignore[attr-defined]  # the test's own clock
                await person.get("/console/login")
                begun = time.process_time()
                status, page = await person.post("/console/login", {"login": login, "password": "wrong password"})
                times.append(time.process_time() - begun)
                assert status == 401
                told[login] = re.sub(r'value="[^"]*"', "", page)
    assert told["wu"] == told["nobody"]
    known, unknown = min(took["wu"]), min(took["nobody"])
    print(f"\nknown {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms")
    assert abs(known - unknown) < 0.5 * max(known, unknown)


async def test_cookies_over_https_are_pinned_to_this_host_and_hidden(tmp_path: Path) -> None:
    database = open_database(tmp_path / "data")
    app = build_app(Config.model_validate({}), database, PUBLIC, Clock())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    await database.write(people.hire)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            url = f"http://127.0.0.1:{server.port}/console"
            async with session.get(f"{url}/login") as response:
                form = response.headers.getall("Set-Cookie")
                assert response.headers["Strict-Transport-Security"]
            token = form[0].partition("=")[2].partition(";")[0]
            headers = {"Origin": PUBLIC, "Cookie": f"__Host-yingsheng-form={token}"}
            fields = {"login": "li", "password": people.PASSWORD, "csrf": token}
            async with session.post(f"{url}/login", data=fields, headers=headers, allow_redirects=False) as response:
                assert response.status == 303
                login = response.headers.getall("Set-Cookie")
            plain = {"Origin": PUBLIC, "Cookie": f"yingsheng-form={token}"}
            async with session.post(f"{url}/login", data=fields, headers=plain) as response:
                assert response.status == 403, "a cookie without the prefix may be a neighbour's"
            for cookie, name in [(*form, "__Host-yingsheng-form="), (*login, "__Host-yingsheng=")]:
                assert cookie.startswith(name)
                assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
                assert "domain" not in cookie.lower()
    finally:
        await server.close()
        await database.close()


async def test_two_origins_or_none_are_no_origin_for_the_console(house: House) -> None:
    async with Person(house.url) as agent:
        await agent.log_in(house.staff.li)
        for origins in (["https://evil.example.net", house.url], [f"{house.url}, https://evil.example.net"], [" "]):
            headers = CIMultiDict([("Origin", one) for one in origins])
            headers["X-CSRF-Token"] = agent.csrf
            async with agent.session.post(
                f"{house.url}/console/tickets/{house.bobs_ticket}/note", data={"text": "a"}, headers=headers
            ) as response:
                assert response.status == 403, origins


async def test_a_form_that_trickles_in_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "FORM_WITHIN_S", 0.2)
    head = f"POST /console/login HTTP/1.1\r\nHost: a\r\nOrigin: {house.url}\r\nContent-Length: 100000\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf=".encode())
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_form_of_ten_thousand_parts_opens_no_ten_thousand_files(house: House) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\na\r\n'
    headers = {"Origin": house.url, "Content-Type": "multipart/form-data; boundary=x"}
    before = len(list(Path("/proc/self/fd").iterdir()))
    async with Person(house.url) as person:
        for body in (part * 10_000 + b"--x--\r\n", b"a=&" * 300_000):
            form = {"Origin": house.url, "Content-Type": "application/x-www-form-urlencoded"}
            kind = headers if body.startswith(b"--") else form
            async with person.session.post(f"{house.url}/console/login", data=BytesIO(body), headers=kind) as response:
                assert response.status in (400, 403, 413)
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 20


HEAD = b"Host: 127.0.0.1\r\n"
POST = b"POST /chat/frames HTTP/1.1\r\n" + HEAD
SMUGGLED = {
    "length and chunks": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "chunks and length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "a listed length": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a space before the colon": POST + b"Content-Length : 4\r\n\r\nabcd",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"GET /healthz HTTP/1.1\nHost: a\n\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\n" + HEAD + b"X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a chunk of minus one": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk with a bare line feed": POST + b"Transfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\n",
    "a NUL in a header": b"GET /healthz HTTP/1.1\r\n" + HEAD + b"X-A: \x00\r\n\r\n",
}


@pytest.mark.parametrize("kind", SMUGGLED)
async def test_a_request_that_a_proxy_could_read_otherwise_is_refused_and_ends_the_connection(
    house: House, kind: str
) -> None:
    answer = await answers_to(house, SMUGGLED[kind])
    assert re.findall(rb"HTTP/1\.[01] (\d\d\d)", answer) == [b"400"], answer
    async with Person(house.url) as person:
        assert (await person.get("/healthz"))[0] == 200


async def answers_to(house: House, raw: bytes) -> bytes:
    """Everything that comes back until the server ends the connection, as it has to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(raw)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    return answer
