"""The server is killed at every point of an alert's way, by six ways at once. Each delivers it: once, or a second
time under the same key where the peer had taken it and cannot be asked, and never not at all."""

import asyncio
import contextlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.server import wall_clock
from knowledgebase.authoring import entries
from storage.sqlite import open_database
from tests.alerting.gates import (
    Gate,
    GatedDingTalk,
    GatedFeishu,
    GatedMailbox,
    GatedReceiver,
    GatedSms,
    GatedWeCom,
    Point,
)
from tests.fakes import ENTRIES
from tests.journeys.program import Program
from tests.journeys.witness import chatting, rows, until
from tests.tickets.alerts.robots import SECRET, TOKEN
from tickets import agents
from tickets.model import Role

WAYS = ("mail", "webhook", "ding", "wecom", "feishu", "sms")
LOOPBACK = ["127.0.0.0/8"]


@dataclass
class Peers:
    """The six services behind one gate."""

    gate: Gate
    mailbox: GatedMailbox
    receiver: GatedReceiver
    ding: GatedDingTalk
    wecom: GatedWeCom
    feishu: GatedFeishu
    sms: GatedSms

    def keys(self, ticket: str) -> dict[str, list[str]]:
        """For each way, the key of every delivery about this ticket that its peer has taken."""
        told = [fields["key"] for fields in self.receiver.fields if fields["ticket_number"] == ticket]
        mails = [str(mail["Message-ID"]) for mail in self.mailbox.mails if ticket in str(mail["Subject"])]
        robots = {"ding": self.ding, "wecom": self.wecom, "feishu": self.feishu}
        texts = {name: [ticket for text in robot.texts if ticket in text] for name, robot in robots.items()}
        sms = [taken.our_id for taken in self.sms.taken if ticket in taken.values]
        return {"webhook": told, "mail": mails, **texts, "sms": sms}

    @property
    def settings(self) -> dict[str, str]:
        robot = {"allow_networks": LOOPBACK}
        transports: list[dict[str, Any]] = [
            {"name": "ding", "kind": "dingtalk", "access_token": TOKEN, "secret": SECRET, **robot},
            {"name": "wecom", "kind": "wecom", "key": TOKEN, **robot},
            {"name": "feishu", "kind": "feishu", "token": TOKEN, "secret": SECRET, **robot},
            {"name": "sms", "kind": "sms_aliyun", "access_key_id": "id", "access_key_secret": "secret", **robot,
             "sign_name": "应声科技", "template_code": "SMS_1", "daily_budget": 0, "per_number_daily": 0,
             "endpoint": self.sms.url},
        ]  # fmt: skip
        for one, peer in zip(transports, (self.ding, self.wecom, self.feishu), strict=False):
            one["endpoint"] = peer.endpoint
        return {
            "YINGSHENG_SERVER__LOG_LEVEL": "INFO",
            "YINGSHENG_SLA__REPLY": "1s",
            "YINGSHENG_SLA__WARN_AT": "0",
            "YINGSHENG_CHAT__VISITORS_PER_HOUR": "100000",
            "YINGSHENG_ESCALATION__SWEEP_EVERY": "100ms",
            "YINGSHENG_ESCALATION__REPEAT": "30d",
            "YINGSHENG_ESCALATION__LEVELS": json.dumps([{"name": "all", "transports": WAYS, "to": ["assignee"]}]),
            "YINGSHENG_ALERTS__TRANSPORTS": json.dumps(transports),
            "YINGSHENG_MAIL__HOST": "127.0.0.1",
            "YINGSHENG_MAIL__PORT": str(self.mailbox.port),
            "YINGSHENG_MAIL__SECURITY": "none",
            "YINGSHENG_WEBHOOK__URL": self.receiver.url,
            "YINGSHENG_WEBHOOK__SECRET": "a secret of the webhook",
            "YINGSHENG_WEBHOOK__ALLOW_NETWORKS": json.dumps(LOOPBACK),
        }


@contextlib.asynccontextmanager
async def open_peers() -> AsyncIterator[Peers]:
    gate = Gate()
    peers = Peers(
        gate,
        GatedMailbox(gate=gate),
        GatedReceiver(gate=gate),
        GatedDingTalk(gate=gate),
        GatedWeCom(gate=gate),
        GatedFeishu(gate=gate),
        GatedSms("id", "secret", {"SMS_1": ["ticket"]}, gate=gate),
    )
    async with contextlib.AsyncExitStack() as stack:
        for peer in (peers.mailbox, peers.receiver, peers.ding, peers.wecom, peers.feishu, peers.sms):
            await stack.enter_async_context(peer.open())
        yield peers


@pytest.mark.slow
@pytest.mark.timeout(7_200)
async def test_an_alert_gets_out_by_every_way_wherever_the_server_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds = max(1, int(request.config.getoption("--alert-kills")) // len(Point))
    found: dict[Point, dict[str, Counter[int]]] = {point: defaultdict(Counter) for point in Point}
    async with open_peers() as peers:
        program = Program(await prepared(tmp_path / "data"), peers.settings)
        await asyncio.to_thread(program.start)
        try:
            for turn in range(rounds):
                for point in Point:
                    ticket = await one(program, peers, point, f"customer-{turn}-{point.name}")
                    for way, keys in peers.keys(ticket).items():
                        found[point][way][len(keys)] += 1
                        assert len(set(keys)) == 1, (point, way, keys)
        finally:
            peers.gate.open_up()
            await asyncio.to_thread(program.kill)
    print(f"\n{rounds} kills at each point, by each of {len(WAYS)} ways; deliveries of one alert: how often")
    for point in Point:
        print(f"{point:13}", {way: dict(found[point][way]) for way in WAYS})
    for point in Point:
        for way in WAYS:
            twice_at_most = point is Point.AFTER_ACCEPT and way != "sms"
            assert set(found[point][way]) <= ({1, 2} if twice_at_most else {1}), (point, way)


async def prepared(folder: Path) -> Path:
    """Data with an agent who is to be told by mail and by phone."""
    database = open_database(folder)
    await database.write(entries.save, list(ENTRIES), "test", wall_clock())
    zhou = await database.write(agents.create, "zhou", "Zhou", Role.AGENT, "hash", "zhou@example.com", wall_clock())
    await database.write(
        lambda tx: tx.change("UPDATE agent SET phone = '+8613800000001' WHERE id = :id", {"id": zhou.id})
    )
    await database.close()
    return folder


async def one(program: Program, peers: Peers, point: Point, customer: str) -> str:
    """A customer waits, the server is killed at this point and started again; the ticket that everybody is told of."""
    peers.gate.close_at(point)
    if point is Point.BEFORE_CLAIM:
        await asyncio.to_thread(_change_while_dead, program, _REST)
    ticket = await _hand_over(program, customer)
    await _until_there(program, peers, point, ticket)
    await asyncio.to_thread(_change_while_dead, program, _LATER, peers.gate)
    peers.gate.open_up()
    await until(partial(_all_told, program, ticket))
    return ticket


async def _hand_over(program: Program, customer: str) -> str:
    known = {row["number"] for row in rows(program, "SELECT number FROM ticket")}
    async with chatting(program, customer) as (page,):
        page.say(customer, "转人工")
        await until(lambda: _new_tickets(program, known) != [])
    return _new_tickets(program, known)[0]


def _new_tickets(program: Program, known: set[str]) -> list[str]:
    return [row["number"] for row in rows(program, "SELECT number FROM ticket") if row["number"] not in known]


async def _until_there(program: Program, peers: Peers, point: Point, ticket: str) -> None:
    match point:
        case Point.BEFORE_CLAIM:
            await until(lambda: _states(program, ticket) == ["queued"] * len(WAYS))
        case Point.AFTER_CLAIM | Point.AFTER_ACCEPT:
            await until(lambda: len(peers.gate.reached) == len(WAYS))
        case Point.AFTER_MARK:
            await until(partial(_all_told, program, ticket))


def _all_told(program: Program, ticket: str) -> bool:
    return _states(program, ticket) == ["sent"] * len(WAYS)


def _states(program: Program, ticket: str) -> list[str]:
    told = rows(
        program,
        "SELECT n.state, t.number FROM notice n JOIN notice_alert x ON x.notice_id = n.id "
        "JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id",
    )
    return [row["state"] for row in told if row["number"] == ticket]


_REST = (
    """
    INSERT INTO transport_state (transport, rests_until, code, error)
    SELECT value, 9000000000000, '', '' FROM json_each('["mail", "webhook", "ding", "wecom", "feishu", "sms"]') WHERE 1
    ON CONFLICT (transport) DO UPDATE SET rests_until = 9000000000000
    """,
)
# Some minutes have passed: claims of the dead have run out, and the SMS service knows of everything that it has taken.
_LATER = (
    "UPDATE transport_state SET rests_until = NULL",
    "UPDATE outbox SET available_at = 0 WHERE status = 'queued'",
    "UPDATE notice SET sent_at = sent_at - 600000 WHERE state = 'unknown'",
)


def _change_while_dead(program: Program, statements: tuple[str, ...], gate: Gate | None = None) -> None:
    program.kill()
    if gate is not None:
        gate.closed = None
    with contextlib.closing(sqlite3.connect(program.folder / "yingsheng.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    program.start()
