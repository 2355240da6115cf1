"""When alerts would not get out, somebody outside notices: /readyz turns red and the heartbeat stays away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from bot.alerting.delivery.dispatch import Dispatch
from bot.alerting.heartbeat import Heart
from bot.config import load_config
from bot.errors import ConfigError
from bot.keys import WORKERS
from storage.database import Transaction
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Clock, Server, eventually
from tests.gateway.test_monitors import scrape
from tests.tickets.alerts.peers import Mailbox, Receiver
from tests.tickets.cast import HOUR, MINUTE
from tickets import agents
from tickets.escalation import way_states
from tickets.model import Role

BEAT = 20
LOOPBACK = ["127.0.0.0/8"]


async def ready(server: Server, **headers: str) -> tuple[int, list[str]]:
    url = f"{server.url}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, (await response.json())["reasons"]


async def start(start_server: StartServer, monitor: Receiver, **more: Any) -> Server:
    alerts = {"heartbeat_url": monitor.url, "heartbeat_every": BEAT, "allow_networks": LOOPBACK}
    return await start_server(alerts=alerts, escalation={"sweep_every": BEAT}, sla={"warn_at": 0}, **more)


async def beats(monitor: Receiver) -> None:
    """The monitor is called again."""
    before = len(monitor.requests)
    await eventually(lambda: len(monitor.requests) > before + 1)


@pytest.fixture(autouse=True)
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each round of a heartbeat that has ended."""
    ended: list[None] = []
    beat = Heart.beat

    async def counted(heart: Heart) -> None:
        await beat(heart)
        ended.append(None)

    monkeypatch.setattr(Heart, "beat", counted)
    return ended


async def stays_silent(monitor: Receiver, rounds: list[None]) -> None:
    """The call that may be under way is the last for ten rounds."""
    for more in (2, 10):
        called, wanted = len(monitor.requests), len(rounds) + more
        await eventually(lambda wanted=wanted: len(rounds) >= wanted)  # type: ignore[misc]
    assert len(monitor.requests) == called


async def test_as_long_as_deadlines_are_watched_the_monitor_is_called(start_server: StartServer) -> None:
    async with Receiver().open() as monitor:
        server = await start(start_server, monitor)
        await beats(monitor)
        assert await ready(server) == (200, [])
        assert monitor.requests[0]["path"] == "/alerts"


async def test_a_sweeper_that_hangs_turns_readyz_red_and_the_monitor_is_called_no_more(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, rounds: list[None]
) -> None:
    hangs, hung, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def watch_deadlines(*_: object) -> Callable[[], Awaitable[None]]:
        async def turn() -> None:
            if hangs.is_set():
                hung.set()
                await go_on.wait()

        return turn

    monkeypatch.setattr("bot.workers.watch_deadlines", watch_deadlines)
    async with Receiver().open() as monitor:
        server = await start(start_server, monitor)
        await beats(monitor)
        hangs.set()
        await hung.wait()
        workers = server.app[WORKERS]
        later = workers.steady() + 61
        monkeypatch.setattr(workers, "steady", lambda: later)
        for name in workers.rounds.keys() - {"sweep"}:
            workers.rounds[name] = later
        status, reasons = await ready(server)
        assert status == 503
        assert reasons == ["worker: sweep has stopped", "alerts: nobody watches the deadlines, the sweep has stopped"]
        await stays_silent(monitor, rounds)
        go_on.set()
        hangs.clear()
        await beats(monitor)
        assert await ready(server) == (200, [])


async def test_a_way_whose_loop_has_died_is_named(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, rounds: list[None]
) -> None:
    async def dies(_self: Dispatch) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(Dispatch, "turn", dies)
    async with Receiver().open() as monitor:
        server = await start(start_server, monitor, mail={"host": "127.0.0.1"})
        loops = server.app[WORKERS].tasks
        await eventually(lambda: loops["alert.mail"].done() and loops["alert.console"].done())
        status, reasons = await ready(server)
        assert status == 503
        assert "alerts: nothing goes out by mail, its loop has stopped" in reasons
        assert await ready(server, Forwarded="for=198.51.100.1") == (
            503,
            ["alerts: nothing goes out by 2 of the ways, their loops have stopped"],
        )
        await stays_silent(monitor, rounds)


async def overdue(server: Server, clock: Clock, broken: bool = False) -> None:
    """Somebody has waited for twelve hours. broken: nobody can be told of it."""
    if not await server.database.read(agents.by_login, "zhou"):
        await server.database.write(agents.create, "zhou", "Zhou", Role.AGENT, "hash", "zhou@example.com", clock())
    async with server.page() as page:
        await page.say("转人工")
        await page.reads()
    if broken:
        await server.database.write(lambda tx: tx.change("UPDATE clock SET plan_json = '['"))
    clock.advance(12 * HOUR)


async def test_an_alert_that_nobody_can_be_told_of_turns_readyz_red_until_another_was_told(
    start_server: StartServer, clock: Clock, rounds: list[None]
) -> None:
    async with Receiver().open() as monitor, Mailbox().open() as mailbox:
        post = {"host": "127.0.0.1", "port": mailbox.port, "security": "none"}
        server = await start(start_server, monitor, mail=post)
        await overdue(server, clock, broken=True)
        await eventually_raised(server, 1)
        assert await ready(server) == (200, [])
        clock.advance(2 * MINUTE)
        told = "alerts: nobody could be told of 1, the log says which and why"
        assert await ready(server) == (503, [told])
        await stays_silent(monitor, rounds)
        assert (await scrape(server))[("yingsheng_alerts_unreached", ())] == 1
        await overdue(server, clock)
        await eventually_raised(server, 2)
        async with asyncio.timeout(PATIENCE_S):
            while not any(await delivered(server)):
                await asyncio.sleep(BEAT / 1000)
        assert await ready(server) == (200, [])
        assert (await scrape(server))[("yingsheng_alerts_unreached", ())] == 1


async def eventually_raised(server: Server, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(await delivered(server)) < count:
            await asyncio.sleep(BEAT / 1000)


async def delivered(server: Server) -> list[bool]:
    rows = await server.database.read(lambda tx: tx.execute("SELECT delivered_at FROM alert"))
    return [row["delivered_at"] is not None for row in rows]


async def test_when_every_way_is_down_readyz_says_so_until_one_works_again(
    start_server: StartServer, clock: Clock, rounds: list[None]
) -> None:
    async with Receiver().open() as monitor, Mailbox(refuse={"MAIL": "451 later"}).open() as mailbox:
        post = {"host": "127.0.0.1", "port": mailbox.port, "security": "none"}
        server = await start(start_server, monitor, mail=post)
        await overdue(server, clock)

        def failing(tx: Transaction) -> bool:
            return way_states.get(tx, "mail").is_failing

        while not await server.database.read(failing):
            await asyncio.sleep(BEAT / 1000)
        assert await ready(server) == (200, [])
        await beats(monitor)
        clock.advance(2 * MINUTE)
        status, reasons = await ready(server)
        assert (status, len(reasons)) == (503, 1)
        assert reasons[0].startswith("alerts: ")
        assert reasons[0].endswith("have reached nobody, every way is closed or failing (mail)")
        _, others = await ready(server, Forwarded="for=198.51.100.1")
        assert others[0].endswith("have reached nobody, every way is closed or failing")
        await stays_silent(monitor, rounds)
        told = await scrape(server)
        assert told[("yingsheng_transport_up", (("transport", "mail"),))] == 0
        assert told[("yingsheng_alerts_unreached", ())] >= 1
        mailbox.refuse.clear()
        clock.advance(6 * MINUTE)
        await beats(monitor)
        assert await ready(server) == (200, [])
        told = await scrape(server)
        assert told[("yingsheng_transport_up", (("transport", "mail"),))] == 1
        assert told[("yingsheng_alerts_unreached", ())] == 0
        assert told[("yingsheng_notices", (("state", "sent"), ("transport", "mail")))] >= 1
        assert told[("yingsheng_sweep_lateness_seconds", ())] == 0


async def test_a_monitor_that_fails_or_lies_inside_stops_nothing(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with Receiver(status=500).open() as monitor:
        server = await start(start_server, monitor)
        await beats(monitor)
        assert "no heartbeat: the heartbeat's service answered 500" in caplog.text
        assert await ready(server) == (200, [])
        own = await start_server(alerts={"heartbeat_url": monitor.url + "?own", "heartbeat_every": BEAT})
        await eventually(lambda: "no heartbeat: the heartbeat's service's address is not a public one" in caplog.text)
        assert await ready(own) == (200, [])
        assert monitor.url not in caplog.text


@pytest.mark.parametrize("url", ["ping.example.com/me", "ftp://watch.example.com", "https://me:pass@example.com/p"])
def test_an_address_that_cannot_be_called_is_met_when_settings_are_read(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(None, {"YINGSHENG_ALERTS__HEARTBEAT_URL": url, "YINGSHENG_ALERTS__HEARTBEAT_EVERY": "0s"})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "alerts.heartbeat_url",
        "alerts.heartbeat_every",
    ]
    assert url not in str(refused.value)
