"""Who may use which route, and what a request must carry to change anything."""

import asyncio
import re
from typing import Any

import pytest
from aiohttp import ClientResponse

from bot.console.access import PERMISSIONS, Permission, Route, is_own_origin
from bot.console.routes import ROUTES, console_app
from bot.console.rules.around import RULE_ID
from bot.console.ways.doors import WAY_NAME
from bot.keys import ConsoleSettings
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tickets.model import Role

MAY: dict[Permission, set[Role]] = {
    Permission.ANYONE: set(Role),
    Permission.READER: set(Role),
    Permission.WALL: set(Role) - {Role.READER},
    Permission.AGENT: set(Role) - {Role.READER},
    Permission.SUPERVISOR: {Role.SUPERVISOR, Role.ADMIN},
    Permission.ADMIN: {Role.ADMIN},
}
ENTRY_FORM = {"id": "fresh", "question": "问？", "answer": "答。", "version": 1, "to": 1}
ENTRY_ACTS = ("/submit", "/send-back", "/discard", "/restore", "/roll-back", "/publish", "/archive")
NO_RULE = "00000000-0000-7000-8000-000000000000"
# Everything that each address wants to hear; an address that is not here fails the tests.
RULES = ("policies", "calendars", "chains", "rotas")
WHOLE: dict[str, dict[str, Any]] = {
    "/setup": {"token": "t", "login": "new", "name": "新人", "password": "x" * 12, "again": "x" * 12},
    "/login": {"login": "li", "password": people.PASSWORD},
    "/language": {"language": "en"},
    "/logout": {},
    "": {},
    "/explain": {},
    "/knowledge": {},
    "/knowledge/new": ENTRY_FORM,
    "/knowledge/find": {},
    "/uploads": {},
    "/knowledge/images": {},
    "/knowledge/import": {},
    "/knowledge/import/{id}": {"then": "draft"},
    "/knowledge/batches/{id}/undo": {},
    "/knowledge/bulk": {"act": "submit"},
    "/knowledge/bulk/confirm": {"act": "submit", "seen": ""},
    "/knowledge/export.{ending:csv|xlsx|jsonl}": {},
    "/knowledge/learning": {},
    "/knowledge/learning/questions": {},
    **{f"/knowledge/learning/{act}": {} for act in ("topics", "wordings", "disputes", "notes", "undo")},
    "/knowledge/check": ENTRY_FORM,
    "/knowledge/preview": ENTRY_FORM,
    **{f"/knowledge/entries/{{id}}{act}": ENTRY_FORM for act in ("", "/save", "/merge", "/versions", *ENTRY_ACTS)},
    "/knowledge/publications": {},
    "/knowledge/publications/{id}": {},
    "/knowledge/publications/{id}/accept": {"base": "x", "kind": "all"},
    "/knowledge/publications/{id}/publish": {},
    "/knowledge/publications/{id}/withdraw": {},
    "/knowledge/publications/{id}/again": {},
    "/knowledge/questions": {"utterance": "几点开门", "none": "1"},
    "/knowledge/questions/import": {"lines": ""},
    "/knowledge/questions/{id}": {"version": 1},
    "/knowledge/questions/{id}/remove": {"version": 1},
    "/knowledge/words": {},
    "/knowledge/words/{id}": {"version": 0},
    "/knowledge/words/{id}/try": {"version": 0},
    "/knowledge/words/{id}/restore": {"version": 0, "to": 0},
    "/knowledge/precision": {"all": "95"},
    "/ws": {},
    "/news": {},
    "/mail": {},
    **{
        f"/mail/{{id}}{ending}": {"seen": 1}
        for ending in ("", "/text", "/html", "/raw.eml", "/read-again", "/release", "/open-ticket", "/done")
    },
    "/rules": {},
    **{f"/rules/{place}/new": {"version": 0} for place in RULES},
    **{f"/rules/{place}/try": {"version": 0} for place in RULES},
    **{f"/rules/{place}": {} for place in ("calendars", "chains", "rotas", "people", "ways")},
    "/rules/recompute": {},
    **{f"/rules/{place}/{{id}}": {"version": 1} for place in (*RULES, "recompute", "people", "teams")},
    "/rules/policies/{id}/move": {"past": "x"},
    "/me": {"version": 99},
    **{f"/rules/people/{{id}}/{act}": {"version": 1} for act in ("disable", "enable")},
    "/rules/teams": {"name": ""},
    **{f"/rules/teams/{{id}}/{act}": {"version": 1} for act in ("archive", "revive")},
    **{f"/rules/ways/{{name}}{act}": {"to": "other"} for act in ("", "/tests/{id}", "/test", "/retry")},
    "/rules/notices/{id}/retry": {},
    **{f"/rules/{{id}}/{act}": {"version": 1, "to": 1} for act in ("versions", "restore", "archive", "revive")},
    "/tickets": {},
    "/deadlines": {},
    "/deadlines/breaches": {},
    "/deadlines/breaches.csv": {},
    "/deadlines/report": {},
    "/wall": {},
    "/wall/ws": {},
    "/wall/leave": {},
    "/wall/keep": {},
    "/wall/end": {},
    "/reply": {"text": "您好，周六可以到店。", "last_seen": 1, "client_id": "client-0001"},
    "/note": {"text": "已联系门店"},
    "/acknowledge": {},
    "/properties": {"version": 1, "priority": "high"},
    "/properties/outlook": {},
    "/customer": {"contact_version": 1, "value_class": "VIP", "attribute_lines": ""},
    "/customer/outlook": {},
    "/merge": {"version": 1, "into": "2611-0001", "into_version": 1},
    "/split": {"version": 1, "subject": "另一件事"},
    "/retry": {},
    "/entries": {},
    "/mark": {},
    "/entry-change": {},
    **{f"/{act}": {"version": 1} for act in ("take-over", "hand-back", "hold", "resume", "resolve", "reopen")},
}
FORGED: tuple[dict[str, str | None], ...] = (
    {"origin": None},
    {"origin": "null"},
    {"origin": "https://evil.example.com"},
    {"origin": "http://127.0.0.1.evil.example.com"},
    {"origin": "http://127.0.0.1:1"},
    {"csrf": None},
    {"csrf": ""},
    {"csrf": "guessed"},
)


async def knock(
    browser: Browser, route: Route, number: str, origin: str | None = "own", csrf: str | None = "own"
) -> ClientResponse:
    """Use a route with everything that it wants to hear."""
    pattern = route.path.replace(RULE_ID, "{id}").replace(WAY_NAME, "{name}")
    thing = NO_RULE if pattern.startswith("/rules") else "tyre-01"
    path = "/console" + re.sub(r"\{number.*?\}\}", number, pattern).replace("{id}", thing).replace(
        "{name}", "mail"
    ).replace("{sent}", "x")
    path = re.sub(r"\{ending.*\}", "csv", path)
    whole = "{" not in route.path or route.path.startswith(("/knowledge", "/mail", "/rules"))
    name = pattern if whole else route.path.rpartition("}")[2] or "/tickets"
    if route.method == "POST":
        return await browser.send(path, origin, csrf, **WHOLE[name])
    assert name in WHOLE
    headers = {"X-Fetch": "1", "Origin": browser.console.origin}
    response = await browser.session.get(browser.console.origin + path, headers=headers, allow_redirects=False)
    await response.read()
    return response


def test_every_route_of_the_console_declares_its_permission() -> None:
    app = console_app()
    assert [route for route in app.router.routes() if route not in app[PERMISSIONS]] == []
    assert len(list(app.router.routes())) >= len(ROUTES)


def test_nothing_is_changed_by_a_get() -> None:
    assert {route.path for route in ROUTES if route.method == "GET"} == {
        "",
        "/setup",
        "/login",
        "/explain",
        "/ws",
        "/deadlines",
        "/deadlines/breaches",
        "/deadlines/breaches.csv",
        "/deadlines/report",
        "/wall",
        "/wall/ws",
        "/knowledge",
        "/knowledge/new",
        "/knowledge/find",
        "/knowledge/import",
        "/knowledge/import/{id}",
        "/knowledge/export.{ending:csv|xlsx|jsonl}",
        "/knowledge/learning",
        "/knowledge/learning/questions",
        "/knowledge/entries/{id}",
        "/knowledge/entries/{id}/versions",
        "/knowledge/publications",
        "/knowledge/publications/{id}",
        "/knowledge/questions",
        "/knowledge/words",
        "/mail",
        "/mail/{id}",
        "/mail/{id}/text",
        "/mail/{id}/html",
        "/mail/{id}/raw.eml",
        "/news",
        "/knowledge/precision",
        "/rules",
        "/rules/policies/new",
        f"/rules/policies/{RULE_ID}",
        *(f"/rules/{place}" for place in ("calendars", "chains", "rotas", "people", "ways")),
        *(f"/rules/{place}/new" for place in ("calendars", "chains", "rotas")),
        *(f"/rules/{place}/{RULE_ID}" for place in ("calendars", "chains", "rotas", "people", "teams")),
        f"/rules/ways/{WAY_NAME}",
        f"/rules/ways/{WAY_NAME}/tests/{RULE_ID}",
        "/me",
        f"/rules/{RULE_ID}/versions",
        "/rules/recompute",
        f"/rules/recompute/{RULE_ID}",
        "/tickets/{number:[0-9]{4}-[0-9]{4,9}}",
        "/tickets/{number:[0-9]{4}-[0-9]{4,9}}/entries",
        *(
            f"/tickets/{{number:[0-9]{{4}}-[0-9]{{4,9}}}}/{what}"
            for what in ("properties/outlook", "customer/outlook", "merge", "split")
        ),
        "/tickets/{number:[0-9]{4}-[0-9]{4,9}}/deadlines",
    }


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_passes_exactly_the_doors_that_it_may(
    console: Console, new_browser: NewBrowser, role: Role
) -> None:
    person = {
        Role.READER: console.cast.reader,
        Role.AGENT: console.cast.li,
        Role.SUPERVISOR: console.cast.supervisor,
        Role.ADMIN: console.cast.admin,
    }[role]
    ticket = await console.ask()
    wrong = []
    for route in ROUTES:
        response = await knock(await new_browser.of(person), route, ticket.number)
        passed = response.status not in (401, 403)
        if passed != (role in MAY[route.permission]) or response.status >= 500:
            wrong.append((route.method, route.path, response.status))
    assert wrong == []


async def test_strangers_reach_only_what_is_open_to_anyone(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    wrong = []
    for route in ROUTES:
        browser = new_browser()
        await browser.open("/console/login")
        response = await knock(browser, route, ticket.number)
        if (response.status == 401) != (route.permission is not Permission.ANYONE):
            wrong.append((route.method, route.path, response.status))
    assert wrong == []


async def test_a_screen_sees_the_wall_alone_and_changes_nothing(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    screen = await new_browser.of(console.cast.supervisor)
    await screen.open("/console/wall")
    before = screen.cookie()
    assert (await screen.send("/console/wall/keep", fetch=False)).status == 303
    assert screen.cookie() != before
    token = screen.cookie()
    wrong = []
    for route in ROUTES:
        if route.path in ("/wall/leave", "/login", "/setup"):
            continue
        await screen.open("/console/wall")
        response = await knock(screen, route, ticket.number)
        may = route.permission in (Permission.ANYONE, Permission.WALL)
        if may != (response.status not in (401, 403)) and route.path != "/language":
            wrong.append((route.method, route.path, response.status))
        assert screen.cookie() == token
    assert wrong == []


async def test_strangers_are_led_to_the_login_and_back(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = new_browser()
    path = f"/console/tickets/{ticket.number}"
    response = await browser.session.get(console.origin + path, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, f"/console/login?next={path}")
    await browser.open(f"/console/login?next={path}")
    response = await browser.send("/console/login", fetch=False, login="li", password=people.PASSWORD, next=path)
    assert (response.status, response.headers["Location"]) == (303, path)


async def test_a_change_needs_our_origin_and_the_token_of_its_session(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.admin)
    let_in = [
        (route.path, forged)
        for route in ROUTES
        for forged in FORGED
        if route.method == "POST" and (await knock(browser, route, ticket.number, **forged)).status != 403
    ]
    assert let_in == []


async def test_the_token_of_a_colleague_is_refused(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    li, chen = await new_browser.of(console.cast.li), await new_browser.of(console.cast.chen)
    response = await li.send(f"/console/tickets/{ticket.number}/note", csrf=chen.csrf, text="备注")
    assert response.status == 403
    response = await li.send(f"/console/tickets/{ticket.number}/note", text="备注")
    assert response.status == 200


async def test_every_answer_carries_the_security_headers(console: Console, new_browser: NewBrowser) -> None:
    browser = await new_browser.of(console.cast.li)
    for path in ("/console", "/console/login", "/console/nothing", "/console/static/console.css"):
        response = await browser.session.get(console.origin + path, allow_redirects=False)
        await response.read()
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert response.headers["X-Content-Type-Options"] == "nosniff", path
        # "no-referrer" would make browsers send "Origin: null" with our own forms
        assert response.headers["Referrer-Policy"] == "same-origin", path


async def test_pages_with_somebodys_data_are_not_kept_by_caches(console: Console, new_browser: NewBrowser) -> None:
    browser = await new_browser.of(console.cast.li)
    response = await browser.session.get(f"{console.origin}/console")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("public_url", "origin", "host", "own"),
    [
        ("https://desk.example.com", "https://desk.example.com", "desk.example.com", True),
        ("https://desk.example.com", "http://desk.example.com", "desk.example.com", False),
        ("https://desk.example.com", "https://desk.example.com.evil.example", "desk.example.com", False),
        ("https://desk.example.com", "https://evil.example", "evil.example", False),
        ("https://desk.example.com", "null", "desk.example.com", False),
        ("https://desk.example.com", None, "desk.example.com", False),
        ("http://127.0.0.1:8080", "http://localhost:8080", "localhost:8080", True),
        ("http://127.0.0.1:8080", "http://localhost:9999", "localhost:8080", False),
        ("http://127.0.0.1:8080", "http://rebound.example", "rebound.example", False),
    ],
)
def test_which_origins_are_our_own(public_url: str, origin: str | None, host: str, own: bool) -> None:
    assert is_own_origin(ConsoleSettings(public_url), origin, host) is own


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"csrf=\xff\xfe"),
        ("application/x-www-form-urlencoded; charset=no-such", b"csrf=a"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\xff\r\n--x--'),
        ("multipart/form-data; boundary=x", b"--y"),
        ("multipart/form-data", b"--y"),
        ("application/json", b"{}"),
    ],
)
async def test_bodies_that_are_no_form_are_refused_and_the_server_lives(
    console: Console, new_browser: NewBrowser, content_type: str, body: bytes
) -> None:
    browser = new_browser()
    await browser.open("/console/login")
    response = await browser.session.post(
        f"{console.origin}/console/login",
        data=body,
        headers={"Content-Type": content_type, "Origin": console.origin},
    )
    assert response.status in (400, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "yingsheng=\udcff; yingsheng-form=\udcff"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:99999999"},
        {"X-CSRF-Token": "\udcff"},
        {"Accept-Language": "\udcff;q=,,"},
    ],
    ids=str,
)
async def test_headers_that_are_nonsense_are_refused_and_the_server_lives(
    console: Console, new_browser: NewBrowser, headers: dict[str, str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", console.server.port)
    lines = {"Host": "127.0.0.1", "Content-Length": "0", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST /console/logout HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape"))
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"400", b"401", b"403")
