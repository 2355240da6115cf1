"""Who gets through which door of the whole house: one row for each route, and a route without a row fails."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.fakes import PATIENCE_S
from tests.security.house import ALICES_SECRET, House, Person, routes_of
from tickets import conversations, tickets

EVERYBODY = frozenset({"stranger", "visitor", "reader", "agent", "supervisor", "admin"})
READERS = frozenset({"reader", "agent", "supervisor", "admin"})
STAFF = frozenset({"agent", "supervisor", "admin"})
EDITORS = frozenset({"supervisor", "admin"})
ADMINS = frozenset({"admin"})
VISITORS = frozenset({"visitor"})
NOBODY: frozenset[str] = frozenset()
DENIED = {401, 403, 404}


@dataclass(frozen=True, slots=True)
class Row:
    """Who may use a route, an address of it, what it wants to hear, and what it answers to those who may."""

    may: frozenset[str]
    path: str
    status: frozenset[int] = frozenset({200})
    form: Mapping[str, str] = field(default_factory=dict)
    frame: Mapping[str, Any] | None = None
    upgrade: bool = False


TICKET = "/console/tickets/{ticket}"
ENTRY = "/console/knowledge/entries/tyre-when"
ENTRY_FORM = {"id": "fresh", "question": "问？", "answer": "答。", "version": "1", "to": "1"}
CHANGED = frozenset({303, 409, 422})
MAIL = "/console/mail/x"
RULE = "00000000-0000-7000-8000-000000000000"
PUBLICATION = "/console/knowledge/publications/x"
WAY = "/console/rules/ways/mail"
HELLO = {"type": "resume", "after": 0}
ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/"): Row(EVERYBODY, "/", frozenset({302})),
    ("GET", "/api/openapi.json"): Row(EVERYBODY, "/api/openapi.json"),
    ("GET", "/chat/frames"): Row(VISITORS, "/chat/frames?after=0&wait=0"),
    ("POST", "/chat/frames"): Row(VISITORS, "/chat/frames", frame=HELLO),
    ("OPTIONS", "/chat/frames"): Row(EVERYBODY, "/chat/frames", frozenset({204})),
    ("GET", "/chat/texts.json"): Row(EVERYBODY, "/chat/texts.json"),
    ("GET", "/chat/ws"): Row(EVERYBODY, "/chat/ws", frozenset({101}), upgrade=True),
    ("POST", "/chat/files"): Row(VISITORS, "/chat/files", frame=HELLO),
    ("OPTIONS", "/chat/files"): Row(EVERYBODY, "/chat/files", frozenset({204})),
    # No such link; tests/gateway/test_files.py has some.
    ("GET", "/files/{token}"): Row(EVERYBODY, "/files/x", frozenset({404})),
    ("POST", "/console/uploads"): Row(STAFF, "/console/uploads", frozenset({200, 415, 422})),
    ("GET", "/demo"): Row(EVERYBODY, "/demo"),
    ("GET", "/healthz"): Row(EVERYBODY, "/healthz"),
    ("GET", "/help"): Row(EVERYBODY, "/help"),
    ("GET", "/help/entries/{id}"): Row(EVERYBODY, "/help/entries/tyre-when"),
    ("POST", "/help/entries/{id}/feedback"): Row(
        EVERYBODY, "/help/entries/tyre-when/feedback", frozenset({303}), {"helped": "yes"}
    ),
    ("GET", "/help/suggest"): Row(EVERYBODY, "/help/suggest?q=a"),
    ("GET", "/robots.txt"): Row(EVERYBODY, "/robots.txt"),
    ("GET", "/sitemap.xml"): Row(EVERYBODY, "/sitemap.xml"),
    ("GET", "/sitemaps/{number}.xml"): Row(EVERYBODY, "/sitemaps/9.xml", frozenset({404})),
    ("GET", "/help/search"): Row(EVERYBODY, "/help/search?q=a"),
    ("GET", "/help/{category}"): Row(EVERYBODY, "/help/%E8%BD%AE%E8%83%8E"),
    # No such picture; tests/gateway/test_media.py has one.
    ("GET", "/media/{name}"): Row(EVERYBODY, "/media/x.png", frozenset({404})),
    # This machine alone: tests/gateway/test_monitors.py has the networks.
    ("GET", "/metrics"): Row(EVERYBODY, "/metrics"),
    ("GET", "/readyz"): Row(EVERYBODY, "/readyz"),
    ("GET", "/static/help/{file}"): Row(EVERYBODY, "/static/help/help.css"),
    ("GET", "/static/widget/{file}"): Row(EVERYBODY, "/static/widget/app.js"),
    ("GET", "/widget.js"): Row(EVERYBODY, "/widget.js"),
    ("GET", "/console"): Row(STAFF, "/console"),
    ("POST", "/console/language"): Row(EVERYBODY, "/console/language", frozenset({303}), {"language": "en"}),
    ("GET", "/console/login"): Row(EVERYBODY, "/console/login", frozenset({200, 303})),
    ("POST", "/console/login"): Row(
        EVERYBODY, "/console/login", frozenset({303}), {"login": "li", "password": "correct horse battery"}
    ),
    # There is an administrator, so nobody can become the first one any more.
    ("GET", "/console/setup"): Row(NOBODY, "/console/setup?token=t"),
    ("POST", "/console/setup"): Row(
        NOBODY,
        "/console/setup",
        form={"token": "t", "login": "new", "name": "新人", "password": "x" * 12, "again": "x" * 12},
    ),
    ("GET", "/console/static/{file}"): Row(EVERYBODY, "/console/static/console.css"),
    ("GET", "/console/knowledge"): Row(READERS, "/console/knowledge?q=a"),
    ("POST", "/console/knowledge/images"): Row(STAFF, "/console/knowledge/images", frozenset({422})),
    ("GET", "/console/knowledge/learning"): Row(STAFF, "/console/knowledge/learning"),
    ("GET", "/console/knowledge/learning/questions"): Row(STAFF, "/console/knowledge/learning/questions?of=asked"),
    # There is nothing to be done: each of them leads back and says so.
    **{
        ("POST", f"/console/knowledge/learning/{name}"): Row(
            STAFF, f"/console/knowledge/learning/{name}", frozenset({303}), {"do": "dismiss", "topic": "t", "act": "a"}
        )
        for name in ("topics", "wordings", "disputes", "notes", "undo")
    },
    ("GET", "/console/knowledge/export.{ending}"): Row(EDITORS, "/console/knowledge/export.csv"),
    ("GET", "/console/knowledge/import"): Row(EDITORS, "/console/knowledge/import"),
    ("POST", "/console/knowledge/import"): Row(EDITORS, "/console/knowledge/import", frozenset({422})),
    # Nobody has sent a file, and nothing has been done to many entries.
    ("GET", "/console/knowledge/import/{id}"): Row(EDITORS, "/console/knowledge/import/1", frozenset({410})),
    ("POST", "/console/knowledge/import/{id}"): Row(EDITORS, "/console/knowledge/import/1", frozenset({410})),
    ("POST", "/console/knowledge/batches/{id}/undo"): Row(
        EDITORS, "/console/knowledge/batches/1/undo", frozenset({404})
    ),
    ("POST", "/console/knowledge/bulk"): Row(
        EDITORS, "/console/knowledge/bulk", form={"act": "submit", "pick/tyre-when": "on"}
    ),
    ("POST", "/console/knowledge/bulk/confirm"): Row(
        EDITORS, "/console/knowledge/bulk/confirm", frozenset({303}), {"act": "submit", "seen": "tyre-when@1"}
    ),
    ("GET", "/console/knowledge/new"): Row(STAFF, "/console/knowledge/new"),
    ("POST", "/console/knowledge/new"): Row(STAFF, "/console/knowledge/new", frozenset({303, 422}), ENTRY_FORM),
    ("GET", "/console/knowledge/find"): Row(STAFF, "/console/knowledge/find?q=a"),
    ("POST", "/console/knowledge/check"): Row(STAFF, "/console/knowledge/check", form=ENTRY_FORM),
    ("POST", "/console/knowledge/preview"): Row(STAFF, "/console/knowledge/preview", form=ENTRY_FORM),
    ("GET", "/console/knowledge/entries/{id}"): Row(READERS, f"{ENTRY}"),
    ("GET", "/console/knowledge/entries/{id}/versions"): Row(STAFF, f"{ENTRY}/versions"),
    ("POST", "/console/knowledge/entries/{id}/save"): Row(STAFF, f"{ENTRY}/save", CHANGED, ENTRY_FORM),
    ("POST", "/console/knowledge/entries/{id}/merge"): Row(STAFF, f"{ENTRY}/merge", form=ENTRY_FORM),
    **{
        ("POST", f"/console/knowledge/entries/{{id}}/{act}"): Row(who, f"{ENTRY}/{act}", CHANGED, ENTRY_FORM)
        for who, acts in (
            (STAFF, ("submit", "send-back", "discard")),
            (EDITORS, ("restore", "roll-back", "publish", "archive")),
        )
        for act in acts
    },
    ("GET", "/console/knowledge/publications"): Row(STAFF, "/console/knowledge/publications"),
    ("POST", "/console/knowledge/publications"): Row(EDITORS, "/console/knowledge/publications", frozenset({303})),
    # No such publication or question; tests/console/test_publications.py and test_labels.py have some.
    ("GET", "/console/knowledge/publications/{id}"): Row(STAFF, PUBLICATION, frozenset({404})),
    ("POST", "/console/knowledge/publications/{id}/accept"): Row(
        EDITORS, f"{PUBLICATION}/accept", frozenset({404}), {"kind": "all"}
    ),
    ("POST", "/console/knowledge/publications/{id}/publish"): Row(EDITORS, f"{PUBLICATION}/publish", frozenset({404})),
    ("POST", "/console/knowledge/publications/{id}/withdraw"): Row(
        EDITORS, f"{PUBLICATION}/withdraw", frozenset({404})
    ),
    ("POST", "/console/knowledge/publications/{id}/again"): Row(EDITORS, f"{PUBLICATION}/again", frozenset({404})),
    ("GET", "/console/knowledge/questions"): Row(STAFF, "/console/knowledge/questions?q=a"),
    ("POST", "/console/knowledge/questions"): Row(
        STAFF, "/console/knowledge/questions", frozenset({303}), {"utterance": "几点开门", "none": "1"}
    ),
    ("POST", "/console/knowledge/questions/import"): Row(
        EDITORS, "/console/knowledge/questions/import", frozenset({303}), {"lines": '{"query": "几点关门", "id": null}'}
    ),
    ("POST", "/console/knowledge/questions/{id}"): Row(
        STAFF, "/console/knowledge/questions/x", frozenset({409}), {"version": "1"}
    ),
    ("POST", "/console/knowledge/questions/{id}/remove"): Row(
        EDITORS, "/console/knowledge/questions/x/remove", frozenset({409}), {"version": "1"}
    ),
    ("GET", "/console/knowledge/words"): Row(STAFF, "/console/knowledge/words?list=stop_words"),
    ("POST", "/console/knowledge/words/{id}"): Row(
        EDITORS, "/console/knowledge/words/stop_words", frozenset({303, 409}), {"version": "0", "added": "咕噜"}
    ),
    ("POST", "/console/knowledge/words/{id}/try"): Row(
        STAFF, "/console/knowledge/words/synonyms/try", form={"version": "0", "sentence": "a"}
    ),
    ("POST", "/console/knowledge/words/{id}/restore"): Row(
        EDITORS, "/console/knowledge/words/synonyms/restore", frozenset({303}), {"version": "0", "to": "0"}
    ),
    ("GET", "/console/knowledge/precision"): Row(STAFF, "/console/knowledge/precision"),
    ("POST", "/console/knowledge/precision"): Row(
        EDITORS, "/console/knowledge/precision", frozenset({303}), {"all": "95", "seen": ""}
    ),
    ("GET", "/console/explain"): Row(STAFF, "/console/explain?text=a"),
    ("GET", "/console/news"): Row(STAFF, "/console/news"),
    ("GET", "/console/rules"): Row(EDITORS, "/console/rules"),
    **{
        ("GET", f"/console/rules/{place}"): Row(EDITORS, f"/console/rules/{place}")
        for place in ("calendars", "chains", "rotas", "people", "ways")
    },
    ("GET", "/console/me"): Row(STAFF, "/console/me"),
    ("POST", "/console/me"): Row(STAFF, "/console/me", frozenset({409}), {"version": "99"}),
    # No such person, team, test or message; tests/console has some.
    **{
        (method, f"/console/rules/{place}/{{id}}{act}"): Row(
            ADMINS, f"/console/rules/{place}/{RULE}{act}", frozenset({404}), {"version": "1", "name": "x"}
        )
        for place, acts in (("people", ("disable", "enable")), ("teams", ("archive", "revive")))
        for method, act in (("GET", ""), ("POST", ""), *(("POST", f"/{act}") for act in acts))
    },
    ("POST", "/console/rules/teams"): Row(ADMINS, "/console/rules/teams", frozenset({422}), {"name": ""}),
    ("GET", "/console/rules/ways/{name}"): Row(EDITORS, WAY, frozenset({200, 404})),
    ("GET", "/console/rules/ways/{name}/tests/{id}"): Row(EDITORS, f"{WAY}/tests/{RULE}", frozenset({404})),
    ("POST", "/console/rules/ways/{name}/test"): Row(ADMINS, f"{WAY}/test", frozenset({404, 422}), {"to": "other"}),
    ("POST", "/console/rules/ways/{name}/retry"): Row(ADMINS, f"{WAY}/retry", frozenset({303, 404})),
    ("POST", "/console/rules/notices/{id}/retry"): Row(
        ADMINS, f"/console/rules/notices/{RULE}/retry", frozenset({409})
    ),
    ("GET", "/console/rules/recompute"): Row(EDITORS, "/console/rules/recompute"),
    ("POST", "/console/rules/recompute"): Row(ADMINS, "/console/rules/recompute", frozenset({303})),
    **{
        route: row
        for place in ("policies", "calendars", "chains", "rotas")
        for route, row in {
            ("GET", f"/console/rules/{place}/new"): Row(ADMINS, f"/console/rules/{place}/new"),
            ("POST", f"/console/rules/{place}/new"): Row(ADMINS, f"/console/rules/{place}/new", frozenset({422})),
            ("POST", f"/console/rules/{place}/try"): Row(ADMINS, f"/console/rules/{place}/try", form={"version": "0"}),
            # No such rule; tests/console/rules has some.
            ("GET", f"/console/rules/{place}/{{id}}"): Row(EDITORS, f"/console/rules/{place}/{RULE}", frozenset({404})),
            ("POST", f"/console/rules/{place}/{{id}}"): Row(ADMINS, f"/console/rules/{place}/{RULE}", frozenset({404})),
        }.items()
    },
    ("POST", "/console/rules/policies/{id}/move"): Row(
        ADMINS, f"/console/rules/policies/{RULE}/move", frozenset({409}), {"past": RULE}
    ),
    ("GET", "/console/rules/{id}/versions"): Row(EDITORS, f"/console/rules/{RULE}/versions", frozenset({404})),
    **{
        ("POST", f"/console/rules/{{id}}/{act}"): Row(
            ADMINS, f"/console/rules/{RULE}/{act}", frozenset({404}), {"version": "1", "to": "1"}
        )
        for act in ("archive", "revive", "restore")
    },
    ("GET", "/console/rules/recompute/{id}"): Row(EDITORS, f"/console/rules/recompute/{RULE}", frozenset({404})),
    ("POST", "/console/rules/recompute/{id}"): Row(ADMINS, f"/console/rules/recompute/{RULE}", frozenset({404})),
    ("GET", "/console/mail"): Row(EDITORS, "/console/mail?q=a"),
    # No such mail; tests/console/test_mail.py has some, and who of the agents may see which.
    ("GET", "/console/mail/{id}"): Row(STAFF, MAIL, frozenset({404})),
    ("GET", "/console/mail/{id}/text"): Row(STAFF, f"{MAIL}/text", frozenset({404})),
    ("GET", "/console/mail/{id}/html"): Row(STAFF, f"{MAIL}/html", frozenset({404})),
    ("GET", "/console/mail/{id}/raw.eml"): Row(STAFF, f"{MAIL}/raw.eml", frozenset({404})),
    **{
        ("POST", f"/console/mail/{{id}}/{act}"): Row(EDITORS, f"{MAIL}/{act}", frozenset({404}), {"seen": "1"})
        for act in ("read-again", "release", "open-ticket", "done")
    },
    ("GET", "/console/deadlines"): Row(STAFF, "/console/deadlines?span=overdue"),
    ("GET", "/console/deadlines/breaches"): Row(STAFF, "/console/deadlines/breaches?metric=resolution"),
    ("GET", "/console/deadlines/breaches.csv"): Row(EDITORS, "/console/deadlines/breaches.csv"),
    ("GET", "/console/deadlines/report"): Row(STAFF, "/console/deadlines/report"),
    ("GET", "/console/tickets/{number}/deadlines"): Row(STAFF, f"{TICKET}/deadlines"),
    ("GET", "/console/wall"): Row(STAFF, "/console/wall"),
    ("GET", "/console/wall/ws"): Row(STAFF, "/console/wall/ws", frozenset({101}), upgrade=True),
    ("POST", "/console/wall/leave"): Row(STAFF, "/console/wall/leave", frozenset({303})),
    ("POST", "/console/wall/keep"): Row(EDITORS, "/console/wall/keep", frozenset({303})),
    ("POST", "/console/wall/end"): Row(EDITORS, "/console/wall/end", frozenset({303})),
    ("GET", "/console/ws"): Row(STAFF, "/console/ws", frozenset({101}), upgrade=True),
    ("GET", "/console/tickets/{number}"): Row(STAFF, TICKET),
    ("POST", "/console/tickets/{number}/note"): Row(STAFF, f"{TICKET}/note", form={"text": "备注"}),
    ("GET", "/console/tickets/{number}/entries"): Row(STAFF, f"{TICKET}/entries?q=a"),
    # Of no question and no message of this ticket anything can be said.
    ("POST", "/console/tickets/{number}/mark"): Row(
        STAFF, f"{TICKET}/mark", frozenset({422}), {"message": "m", "entry": "tyre-when"}
    ),
    ("POST", "/console/tickets/{number}/entry-change"): Row(
        STAFF, f"{TICKET}/entry-change", frozenset({422}), {"message": "m", "do": "no"}
    ),
    # No mail of this ticket; tests/console/test_mail.py has some.
    ("POST", "/console/tickets/{number}/letters/{sent}/retry"): Row(
        STAFF, f"{TICKET}/letters/x/retry", frozenset({404})
    ),
    ("POST", "/console/tickets/{number}/acknowledge"): Row(STAFF, f"{TICKET}/acknowledge"),
    ("POST", "/console/tickets/{number}/properties"): Row(
        STAFF, f"{TICKET}/properties", frozenset({200, 409}), {"version": "1", "priority": "high"}
    ),
    ("GET", "/console/tickets/{number}/properties/outlook"): Row(STAFF, f"{TICKET}/properties/outlook?priority=high"),
    ("POST", "/console/tickets/{number}/customer"): Row(
        STAFF, f"{TICKET}/customer", frozenset({200, 409}), {"contact_version": "1", "value_class": "VIP"}
    ),
    ("GET", "/console/tickets/{number}/customer/outlook"): Row(STAFF, f"{TICKET}/customer/outlook?value_class=VIP"),
    ("GET", "/console/tickets/{number}/merge"): Row(STAFF, f"{TICKET}/merge"),
    # A chat's ticket, and no other; tests/console/test_desk.py merges and splits.
    ("POST", "/console/tickets/{number}/merge"): Row(
        STAFF, f"{TICKET}/merge", frozenset({409, 422}), {"version": "1", "into": "2611-9999", "into_version": "1"}
    ),
    ("GET", "/console/tickets/{number}/split"): Row(STAFF, f"{TICKET}/split"),
    ("POST", "/console/tickets/{number}/split"): Row(
        STAFF, f"{TICKET}/split", frozenset({409, 422}), {"version": "1", "subject": "另一件事"}
    ),
    ("POST", "/console/tickets/{number}/reply"): Row(
        STAFF,
        f"{TICKET}/reply",
        frozenset({200, 409}),
        {"text": "您好，周六可以到店。", "last_seen": "1", "client_id": "client-0001"},
    ),
    **{
        ("POST", f"/console/tickets/{{number}}/{act}"): Row(
            STAFF, f"{TICKET}/{act}", frozenset({200, 409, 422}), {"version": "1"}
        )
        for act in ("take-over", "hand-back", "hold", "resume", "resolve", "reopen")
    },
    ("POST", "/console/logout"): Row(READERS, "/console/logout", frozenset({303})),
}
CHANGING = {route: row for route, row in ROWS.items() if route[0] not in ("GET", "HEAD", "OPTIONS")}
# What an attacker would like a form or a frame to carry along.
SMUGGLED = {
    "id": "0",
    "agent_id": "{colleague}",
    "assignee_id": "{colleague}",
    "role": "admin",
    "author": "agent",
    "is_admin": "1",
    "password": "taken over now",
    "password_hash": "x",
    "conversation_id": "1",
    "contact_id": "1",
    "number": "{other_ticket}",
    "ticket": "{other_ticket}",
    "status": "closed",
    "owner": "bot",
    "created_at": "0",
}


def sockets_heads(route: tuple[str, str]) -> tuple[str, str]:
    """HEAD comes with each GET and answers as it does."""
    return ("GET", route[1]) if route[0] == "HEAD" else route


def test_every_route_of_the_house_has_a_row_and_every_row_a_route(house: House) -> None:
    there = {sockets_heads(route) for route in routes_of(house.server.app)}
    assert there == set(ROWS), there ^ set(ROWS)


@contextlib.asynccontextmanager
async def someone(house: House, role: str) -> AsyncIterator[Person]:
    """A person of this role; a visitor carries Bob's token, on whatever is asked."""
    headers = {"Authorization": f"Bearer {house.bob}"} if role == "visitor" else {}
    async with Person(house.url, **headers) as person:
        if role in READERS:
            assert (await person.log_in(house.of(role)))[0] == 303
        else:
            await person.get("/console/login")
        yield person


async def use(house: House, person: Person, route: tuple[str, str], row: Row, ticket: str, **forged: Any) -> int:
    """Knock at a route with everything that it wants to hear; the status, and Alice's secret is not in the answer."""
    method, path = route[0], row.path.format(ticket=ticket)
    if row.upgrade:
        return await upgrade(person, path)
    if method == "POST" and row.frame is None:
        return (await person.post(path, dict(row.form), **forged))[0]
    headers = {"X-Fetch": "1", "Origin": person.url, **forged.pop("headers", {})}
    body = json.dumps(row.frame) if row.frame is not None else None
    async with person.session.request(
        method, person.url + path, headers=headers, data=body, allow_redirects=False
    ) as response:
        text = await response.text(errors="replace")
        assert ALICES_SECRET not in text or path.startswith("/console"), path
        return response.status


async def upgrade(person: Person, path: str, origin: str | None = "own") -> int:
    headers = {} if origin is None else {"Origin": person.url if origin == "own" else origin}
    try:
        async with person.session.ws_connect(person.url + path, headers=headers):
            return 101
    except aiohttp.WSServerHandshakeError as refusal:
        return refusal.status


@pytest.mark.parametrize("role", sorted(EVERYBODY))
async def test_each_person_gets_through_exactly_the_doors_that_are_theirs(house: House, role: str) -> None:
    """One person reads everything; for each act somebody else comes, as an act may end a login or change a form."""
    found = {}
    async with someone(house, role) as reader:
        for route, row in ROWS.items():
            if route not in CHANGING:
                found[route] = await use(house, reader, route, row, house.bobs_ticket)
    for route, row in CHANGING.items():
        async with someone(house, role) as person:
            found[route] = await use(house, person, route, row, house.bobs_ticket)
    wrong = [
        (route, found[route])
        for route, row in ROWS.items()
        if found[route] not in (row.status if role in row.may else DENIED)
    ]
    assert wrong == []


async def test_a_visitors_token_is_no_login_and_a_login_is_no_visitors_token(house: House) -> None:
    async with Person(house.url) as thief:
        for stolen in (house.alice, house.alice.split(".")[0], "", "null", "undefined", "0", "' OR 1=1 --"):
            thief.session.cookie_jar.clear()
            headers = {"Cookie": f"yingsheng={stolen}; __Host-yingsheng={stolen}"}
            assert (await thief.get("/console", **headers, **{"X-Fetch": "1"}))[0] == 401, stolen
    async with Person(house.url) as agent:
        await agent.log_in(house.staff.admin)
        cookie = next(one.value for one in agent.session.cookie_jar if one.key == "yingsheng")
        for token in (cookie, agent.csrf, ""):
            headers = {"Authorization": f"Bearer {token}", "Origin": agent.url}
            assert (await agent.get("/chat/frames", **headers))[0] == 401


async def test_what_is_smuggled_into_a_form_changes_nothing_more_than_the_form(house: House) -> None:
    """Nothing but the act itself happens: no role, password, owner or other ticket is changed by a field's name."""
    smuggled = {
        name: value.format(colleague=house.staff.chen.id, other_ticket=house.alices_ticket)
        for name, value in SMUGGLED.items()
    }
    before = house.content()
    async with someone(house, "agent") as agent:
        before_other = await house.server.database.read(tickets.by_number, house.alices_ticket)
        for route, row in CHANGING.items():
            if row.frame is not None or route[1] == "/console/logout":
                continue
            form = {**smuggled, **row.form}
            status, _ = await agent.post(row.path.format(ticket=house.bobs_ticket), form)
            assert status < 500, route
            if route[1] == "/console/login":
                await agent.log_in(house.staff.li)
    after = house.content()
    assert after["agent"] == before["agent"]
    assert after["contact"] == before["contact"]
    assert await house.server.database.read(tickets.by_number, house.alices_ticket) == before_other
    ours = await house.server.database.read(tickets.by_number, house.bobs_ticket)
    assert ours.assignee_id in (None, house.staff.li.id)
    written = await house.server.database.read(conversations.latest, ours.conversation_id, 100)
    assert {one.agent_id for one in written} <= {None, house.staff.li.id}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello"},
        {"type": "message", "client_message_id": "message-0001", "text": "在吗"},
        {"type": "press", "client_message_id": "message-0002", "action": "human"},
        {"type": "contact", "client_message_id": "message-0003", "value": "13900000000"},
        {"type": "resume", "after": 0},
        {"type": "typing"},
    ],
    ids=lambda frame: str(frame["type"]),
)
async def test_a_frame_with_a_field_that_is_not_its_own_is_refused(house: House, frame: dict[str, Any]) -> None:
    before = house.content()
    async with someone(house, "visitor") as visitor:
        for name, value in SMUGGLED.items():
            async with visitor.session.post(
                f"{house.url}/chat/frames", json={**frame, name: value}, headers={"Origin": house.url}
            ) as response:
                assert response.status == 400, name
                assert (await response.json())["frames"][0]["code"] == "malformed"
    assert house.content() == before


async def test_an_agent_cannot_speak_in_a_conversation_that_a_colleague_has(house: House) -> None:
    async with someone(house, "agent") as li, Person(house.url) as chen:
        await chen.log_in(house.staff.chen)
        path = f"/console/tickets/{house.bobs_ticket}"
        assert (await chen.post(f"{path}/take-over", {"version": "1"}))[0] == 200
        form = {"text": "抢答", "last_seen": "99", "client_id": "client-0001"}
        assert (await li.post(f"{path}/reply", form))[0] == 409
        for act in ("take-over", "hand-back", "hold", "resolve"):
            assert (await li.post(f"{path}/{act}", {"version": "1"}))[0] == 409, act
    ticket = await house.server.database.read(tickets.by_number, house.bobs_ticket)
    said = await house.server.database.read(conversations.latest, ticket.conversation_id, 100)
    assert "抢答" not in [message.text for message in said]
    assert ticket.assignee_id == house.staff.chen.id


OF_NOBODY = {("POST", "/help/entries/{id}/feedback")}
FORGED: dict[str, dict[str, Any]] = {
    "no origin": {"origin": None},
    "null origin": {"origin": "null"},
    "foreign origin": {"origin": "https://evil.example.net"},
    "longer origin": {"origin": "http://127.0.0.1.evil.example.net"},
    "no token": {"csrf": None},
    "empty token": {"csrf": ""},
    "guessed token": {"csrf": "x" * 43},
    "colleague's token": {"csrf": "{colleague}"},
    "token before login": {"csrf": "{stranger}"},
}


@pytest.mark.parametrize("kind", FORGED)
async def test_nothing_is_changed_without_our_origin_and_the_session_s_own_token(house: House, kind: str) -> None:
    async with (
        someone(house, "admin") as admin,
        someone(house, "supervisor") as colleague,
        someone(house, "stranger") as stranger,
    ):
        tokens = {"colleague": colleague.csrf, "stranger": stranger.csrf}
        forged = {
            name: value.format(**tokens) if isinstance(value, str) else value for name, value in FORGED[kind].items()
        }
        before = house.content()
        let_in = []
        for route, row in CHANGING.items():
            # A frame carries no cookie's authority: its token stands in a header that only scripts send. A word on an
            # article is nobody's in particular: that our own page sends it is all there is to ask.
            if "csrf" in forged and (row.frame is not None or route in OF_NOBODY):
                continue
            if row.frame is not None:
                origin = forged["origin"]
                async with admin.session.post(
                    admin.url + row.path,
                    json={"type": "hello"},
                    headers={"Authorization": f"Bearer {house.bob}", **({"Origin": origin} if origin else {})},
                ) as response:
                    status = response.status
            else:
                status = await use(house, admin, route, row, house.bobs_ticket, **forged)
            if status != 403:
                let_in.append((route, status))
        assert let_in == []
        assert house.content() == before


async def test_no_get_writes(house: House) -> None:
    """Every address that only reads leaves the database as it was, whoever asks."""
    people = ["stranger", "visitor", "admin"]
    async with contextlib.AsyncExitStack() as stack:
        present = [await stack.enter_async_context(someone(house, role)) for role in people]
        before = house.content()
        for method, path in routes_of(house.server.app):
            if method in ("GET", "HEAD", "OPTIONS"):
                row = ROWS[sockets_heads((method, path))]
                for person in present:
                    await use(house, person, (method, path), row, house.bobs_ticket)
        await asyncio.sleep(0)
        assert house.content() == before


async def test_an_act_is_not_done_by_the_wrong_method(house: House) -> None:
    async with someone(house, "admin") as admin:
        before = house.content()
        for _, path in CHANGING:
            row = CHANGING["POST", path]
            if ("GET", path) in ROWS:
                continue
            target = admin.url + row.path.format(ticket=house.bobs_ticket)
            for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"):
                if (method, path) in ROWS:
                    continue
                headers = {"Origin": admin.url, "X-CSRF-Token": admin.csrf, "X-HTTP-Method-Override": "POST"}
                async with admin.session.request(
                    method, target, params=dict(row.form), headers=headers, allow_redirects=False
                ) as response:
                    assert response.status in (403, 404, 405), (method, path)
        assert house.content() == before


HOSTILE_ORIGINS = [
    None,
    "",
    "null",
    "https://evil.example.net",
    "http://127.0.0.1.evil.example.net",
    "http://localhost.evil.example.net",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}0",
    "http://127.0.0.1:{port}.evil.example.net",
    "http://evil@127.0.0.1:{port}",
    "http://[",
    "file://",
]


async def test_a_console_socket_opens_for_our_own_origin_alone(house: House) -> None:
    port = house.url.rpartition(":")[2]
    async with someone(house, "agent") as agent:
        let_in = [
            origin
            for origin in HOSTILE_ORIGINS
            if await upgrade(agent, "/console/ws", origin and origin.format(port=port)) != 403
        ]
        assert let_in == []
        assert await upgrade(agent, "/console/ws") == 101


@pytest.mark.parametrize("number", ["%", "____-____", "26__-0001", "2611-000%", "2611-0001%00", "2611-0001'--", "*"])
async def test_wildcards_in_a_number_or_an_id_match_nothing(house: House, number: str) -> None:
    async with someone(house, "agent") as agent:
        for path in (f"/console/tickets/{number}", f"/help/entries/{number}", f"/help/{number}"):
            status, text = await agent.get(path.replace("%", "%25") if "%00" not in path else path)
            assert status == 404, path
            assert ALICES_SECRET not in text
        await agent.get("/console")
        async with agent.session.ws_connect(f"{house.url}/console/ws", headers={"Origin": house.url}) as socket:
            await socket.send_json({"type": "watch", "number": number})
            await agent.post(f"/console/tickets/{house.bobs_ticket}/note", {"text": "备注"})
            heard = await socket.receive_json(timeout=PATIENCE_S)
            assert heard == {"type": "queue", "number": house.bobs_ticket}
