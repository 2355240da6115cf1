"""The reply clock with a promise of seconds: a real server, a real mail server, a real webhook receiver."""

import asyncio
import contextlib
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.desk import AgentAtDesk, Peers, open_peers
from tests.journeys.program import Customer, Program
from tests.journeys.witness import stocked, until
from tickets.model import Role

REPLY_S = 2
# Where something has to be done in time, on a machine that may stand still for a while.
LONG_REPLY_S = 8
in_time = pytest.mark.parametrize("scene", [LONG_REPLY_S], indirect=True)
LEVELS = [
    {"name": "agents", "after": "0s", "transports": ["mail", "webhook"], "to": ["assignee"]},
    {"name": "supervisors", "after": "2s", "transports": ["mail", "webhook"], "to": ["role:supervisor"]},
]
SETTINGS = {
    "YINGSHENG_SLA__WARN_AT": "0",
    "YINGSHENG_ESCALATION__LEVELS": json.dumps(LEVELS),
    "YINGSHENG_ESCALATION__REPEAT": "2s",
    "YINGSHENG_ESCALATION__LATE_AFTER": "1s",
    "YINGSHENG_ESCALATION__SWEEP_EVERY": "100ms",
}


@dataclass
class Scene:
    program: Program
    peers: Peers
    customer: Customer
    agent: AgentAtDesk

    async def ticket_for(self, text: str) -> str:
        """The customer says this; the number of the ticket that the bot names."""
        self.customer.say(f"message-{len(self.customer.acked):04d}", text)
        await until(lambda: any("工单" in item["text"] for item in self.customer.received))
        said = next(item["text"] for item in self.customer.received if "工单" in item["text"])
        number = re.search(r"\d{4}-\d{4}", said)
        assert number
        return number[0]

    def alerts(self) -> list[dict[str, Any]]:
        """The alert rows, oldest first."""
        connection = sqlite3.connect(f"file:{self.program.folder / 'yingsheng.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            return [dict(row) for row in connection.execute("SELECT * FROM alert ORDER BY raised_at")]


@pytest.fixture
async def scene(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """A server, its peers, an agent (Li), a supervisor (Wang), and a customer who is online."""
    reply_s = getattr(request, "param", REPLY_S)
    async with open_peers() as peers, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        folder = await stocked(tmp_path / "data", li=Role.AGENT, wang=Role.SUPERVISOR)
        program = Program(folder, {**SETTINGS, "YINGSHENG_SLA__REPLY": f"{reply_s}s", **peers.settings})
        await asyncio.to_thread(program.start)
        customer = Customer(program, session, "customer")
        life = asyncio.create_task(customer.live())
        agent = AgentAtDesk(program, session)
        try:
            await agent.log_in("li")
            yield Scene(program, peers, customer, agent)
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await asyncio.to_thread(program.stop)


@in_time
@pytest.mark.slow
async def test_an_answer_in_time_raises_no_alert(scene: Scene) -> None:
    number = await scene.ticket_for("转人工")
    assert await scene.agent.reply(number, "您好，已经为您安排好了。", scene.customer.last) == 200
    await until(lambda: scene.customer.received[-1]["author"] == "agent")
    await asyncio.sleep(LONG_REPLY_S + 0.5)
    assert scene.alerts() == []
    assert scene.peers.mails == []


@pytest.mark.slow
async def test_words_of_patience_do_not_stop_the_clock(scene: Scene) -> None:
    number = await scene.ticket_for("转人工")
    assert await scene.agent.reply(number, "请稍候", scene.customer.last) == 200
    await until(lambda: len(scene.alerts()) == 1)
    await until(lambda: bool(scene.peers.mails_of(number) and scene.peers.calls_of(number)))
    assert scene.peers.mails[0].rcpt_tos == ["li@example.com"]
    assert "【超时】" in str(scene.peers.mails_of(number)[0]["Subject"])


@pytest.mark.slow
async def test_unacknowledged_alerts_go_up_the_chain_and_an_acknowledgement_ends_it(scene: Scene) -> None:
    number = await scene.ticket_for("我要投诉，太过分了")
    await until(lambda: len(scene.alerts()) >= 2)
    assert [alert["level"] for alert in scene.alerts()[:2]] == [1, 2]
    await until(
        lambda: {to for mail in scene.peers.mails for to in mail.rcpt_tos} >= {"li@example.com", "wang@example.com"}
    )
    assert number in await scene.agent.queue()
    assert await scene.agent.acknowledge(number) == 200
    acknowledged = len(scene.alerts())
    await asyncio.sleep(2.5)
    assert len(scene.alerts()) == acknowledged
    assert all(alert["acknowledged_at"] for alert in scene.alerts())


@pytest.mark.slow
async def test_without_an_acknowledgement_the_last_level_is_repeated(scene: Scene) -> None:
    await scene.ticket_for("转人工")
    await until(lambda: len(scene.alerts()) >= 3)
    assert [alert["level"] for alert in scene.alerts()[:3]] == [1, 2, 3]


@in_time
@pytest.mark.slow
async def test_a_server_that_was_down_at_the_due_time_sends_one_late_alert_when_it_is_back(scene: Scene) -> None:
    number = await scene.ticket_for("转人工")
    await asyncio.to_thread(scene.program.kill)
    await asyncio.sleep(LONG_REPLY_S + 2.5)
    assert scene.peers.mails == []
    await asyncio.to_thread(scene.program.start)
    await until(lambda: bool(scene.peers.mails_of(number)))
    late = scene.alerts()[0]
    assert (late["level"], late["late"]) == (1, 1)
    assert "补发" in str(scene.peers.mails_of(number)[0]["Subject"])
    assert scene.peers.calls_of(number)[0]["facts"]["late"] is True


@in_time
@pytest.mark.slow
async def test_the_clock_starts_again_with_the_next_message_and_a_kill_does_not_lose_it(scene: Scene) -> None:
    number = await scene.ticket_for("转人工")
    await scene.agent.reply(number, "好了，已经处理完成。", scene.customer.last)
    scene.customer.say("message-after", "还有一件事要问")
    await until(lambda: "message-after" in scene.customer.acked)
    await asyncio.to_thread(scene.program.kill)
    await asyncio.sleep(LONG_REPLY_S + 1.5)
    await asyncio.to_thread(scene.program.start)
    await until(lambda: len(scene.alerts()) == 1)
