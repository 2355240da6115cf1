"""What monitors and programs ask: health, readiness, metrics, and the description of the API."""

import asyncio
import re
from typing import Any, get_args

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.decide import Decision
from bot.gateway.frames import Text
from bot.gateway.metrics import KINDS
from bot.keys import WORKERS
from storage import outbox
from tests.conftest import StartServer
from tests.fakes import Clock, Server, eventually

Sample = tuple[str, tuple[tuple[str, str], ...]]


async def scrape(server: Server) -> dict[Sample, float]:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        families = text_string_to_metric_families(await response.text())
        return {
            (one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples
        }


async def status_of(server: Server, path: str, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}{path}", headers=headers) as response:
        return response.status


async def test_the_process_says_that_it_lives_and_can_accept(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/healthz") as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
        async with session.get(f"{server.url}/readyz") as response:
            assert (response.status, await response.json()) == (200, {"status": "ok", "reasons": [], "entries": 3})


async def test_a_loop_that_has_ended_is_told(server: Server) -> None:
    sweeping = server.app[WORKERS].tasks["sweep"]
    sweeping.cancel()
    await asyncio.wait([sweeping])
    await says_that_it_has_stopped(server)


async def test_a_loop_whose_round_takes_too_long_is_told(server: Server) -> None:
    server.app[WORKERS].longest["sweep"] = -1  # no round is as short as that, however often it goes round meanwhile
    await says_that_it_has_stopped(server)


async def says_that_it_has_stopped(server: Server) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/readyz") as response:
        assert response.status == 503
        assert "worker: sweep has stopped" in (await response.json())["reasons"]


async def test_metrics_count_what_happened(server: Server, clock: Clock) -> None:
    before = await scrape(server)
    async with server.page() as page:
        await page.say("轮胎多久换一次？", "counted-once")
        await page.say("轮胎多久换一次？", "counted-once")
        await page.reads()
        await page.press("human")
        await page.reads()
        await page.expect("state")
        clock.advance(13 * 3_600_000)
        await server.database.write(outbox.enqueue, "mail", "key-1", {}, clock())
        now = await scrape(server)
    assert before[("yingsheng_messages_accepted_total", ())] == 0
    assert now[("yingsheng_messages_accepted_total", ())] == 2
    assert now[("yingsheng_decisions_total", (("kind", "answer"),))] == 1
    assert now[("yingsheng_decisions_total", (("kind", "handoff"),))] == 1
    assert now[("yingsheng_answer_seconds_count", ())] == 2
    assert now[("yingsheng_connected_pages", ())] == 1
    assert now[("yingsheng_knowledge_entries", ())] == 3
    assert now[("yingsheng_tickets_live", ())] == 1
    assert now[("yingsheng_waits_overdue", ())] == 1
    assert now[("yingsheng_messages_undecided", ())] == 0
    assert now[("yingsheng_storage_up", ())] == 1
    assert now[("yingsheng_outbox_rows", (("state", "queued"), ("topic", "mail")))] == 1
    assert now[("yingsheng_worker_round_age_seconds", (("worker", "answer"),))] >= 0
    await eventually(lambda: server.pages == 0)
    assert (await scrape(server))[("yingsheng_connected_pages", ())] == 0


def test_every_kind_of_decision_has_a_counter() -> None:
    assert len(set(KINDS)) == len(get_args(Decision))


async def test_a_dead_letter_is_counted(server: Server, clock: Clock) -> None:
    await server.database.write(outbox.enqueue, "webhook", "key-1", {}, clock())
    (row,) = await server.database.write(outbox.claim_due, ["webhook"], clock(), 1_000, 1)
    await server.database.write(outbox.mark_failed, row, "gone", True, clock(), 0.0)
    told = await scrape(server)
    assert told[("yingsheng_outbox_rows", (("state", "dead"), ("topic", "webhook")))] == 1


async def test_metrics_are_told_while_the_database_cannot_be_read(server: Server) -> None:
    await server.database.close()
    told = await scrape(server)
    assert told[("yingsheng_storage_up", ())] == 0
    assert ("yingsheng_tickets_live", ()) not in told
    assert ("yingsheng_messages_accepted_total", ()) in told


async def test_metrics_are_for_this_machine_only(server: Server) -> None:
    assert await status_of(server, "/metrics") == 200
    relayed = {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "198.51.100.1"}, {"Forwarded": "for=127.0.0.1"}
    for headers in relayed:
        assert await status_of(server, "/metrics", **headers) == 404, headers


async def test_metrics_are_for_the_networks_of_the_settings_too(start_server: StartServer) -> None:
    server = await start_server(server={"metrics_networks": ["198.51.100.0/24"], "trusted_proxies": ["127.0.0.0/8"]})
    assert await status_of(server, "/metrics", **{"X-Forwarded-For": "198.51.100.9"}) == 200
    assert await status_of(server, "/metrics", **{"X-Forwarded-For": "203.0.113.9"}) == 404
    assert await status_of(server, "/metrics", **{"X-Forwarded-For": "198.51.100.9, 203.0.113.9"}) == 404


async def described(server: Server) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/api/openapi.json") as response:
        assert response.status == 200
        told: dict[str, Any] = await response.json()
        return told


PAGES = {"/", "/demo", "/widget.js", "/robots.txt", "/sitemap.xml"}
ROOMS = ("/help", "/static/", "/console", "/media/", "/files/", "/sitemaps/")
API_WITHIN_ROOMS = {"/help/suggest"}


async def test_every_public_api_route_is_described_and_no_other(server: Server) -> None:
    told = await described(server)
    described_routes = {(method.upper(), path) for path, operations in told["paths"].items() for method in operations}
    served = {
        (route.method, route.resource.canonical)
        for route in server.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    api = {
        (method, path)
        for method, path in served
        if path in API_WITHIN_ROOMS or (path not in PAGES and not path.startswith(ROOMS))
    }
    assert described_routes == api
    assert {path for _, path in served} - {path for _, path in api} >= PAGES


async def test_the_description_is_whole(server: Server) -> None:
    told = await described(server)
    assert told["openapi"] == "3.1.0"
    schemas = told["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", str(told)))
    assert used <= set(schemas)
    assert schemas["Text"]["properties"].keys() == Text.model_fields.keys()
    assert schemas["Text"]["additionalProperties"] is False
    names = [operation["operationId"] for operations in told["paths"].values() for operation in operations.values()]
    assert len(names) == len(set(names))
    for operations in told["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["responses"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/chat/texts.json"])
async def test_what_monitors_ask_has_careful_headers(server: Server, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}{path}") as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Server"] == "Yingsheng"
        assert "Strict-Transport-Security" not in response.headers
