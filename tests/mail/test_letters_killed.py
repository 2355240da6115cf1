"""The server is killed at every point of a letter's way: it arrives once, or a second time as the same mail."""

import asyncio
import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.journeys.program import Program
from tests.journeys.witness import PATIENCE_S, rows, started, until
from tests.mail.test_responders import hand_over
from tests.ports import free_port
from tests.tickets.alerts.peers import Mailbox

ADDRESS = "service@example.com"
AFTER_CLAIM, AFTER_ACCEPT, AFTER_MARK, BEFORE_CLAIM = "after claim", "after accept", "after mark", "before claim"


@dataclass
class Gate(Mailbox):
    """A mail server that keeps the line waiting at one point, for as long as it is told to."""

    closed: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        await self._pass(AFTER_CLAIM)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await self._pass(AFTER_ACCEPT)
        return answer

    def close_at(self, point: str) -> None:
        self.closed, self.reached, self.opened = point, asyncio.Event(), asyncio.Event()

    def open_up(self) -> None:
        self.closed = ""
        self.opened.set()

    async def _pass(self, point: str) -> None:
        if self.closed == point:
            self.reached.set()
            await self.opened.wait()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_a_letter_arrives_once_wherever_the_server_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds = max(1, int(request.config.getoption("--letter-kills")) // 4)
    gate, port = Gate(), free_port()
    async with gate.open():
        program = await started(tmp_path / "data", _settings(port, gate.port))
        try:
            for turn in range(rounds):
                for point in (AFTER_CLAIM, AFTER_ACCEPT, AFTER_MARK, BEFORE_CLAIM):
                    await _one(program, gate, port, point, f"customer{turn}@{point.replace(' ', '-')}.example.cn")
        finally:
            gate.open_up()
            await asyncio.to_thread(program.kill)
    print(f"\n{4 * rounds} letters, each with the server killed under it; {len(gate.mails)} deliveries")
    assert {row["state"] for row in rows(program, "SELECT state FROM sent_mail")} == {"sent"}


async def _one(program: Program, gate: Gate, port: int, point: str, customer: str) -> None:
    """A customer asks, the server is killed at this point and started again; the answer arrives."""
    # What is killed before its claim must not get past it meanwhile, however long the kill takes.
    gate.close_at(AFTER_CLAIM if point == BEFORE_CLAIM else point)
    before = len(gate.mails)
    await hand_over(port, customer, ADDRESS, _question(customer))
    match point:
        case "after claim" | "after accept":
            async with asyncio.timeout(PATIENCE_S):
                await gate.reached.wait()
        case "after mark":
            await until(partial(_is_sent, program, customer))
    await asyncio.to_thread(program.kill)
    gate.open_up()
    _leases_run_out(program)
    await asyncio.to_thread(program.start)
    await until(partial(_is_sent, program, customer))
    arrived = [mail["Message-ID"] for mail in gate.mails[before:]]
    assert len(arrived) == (2 if point == AFTER_ACCEPT else 1), point
    assert len(set(arrived)) == 1


def _question(customer: str) -> bytes:
    lines = (f"From: {customer}", f"To: {ADDRESS}", "Subject: tyres", f"Message-ID: <ask-{customer}>", "")
    return ("\r\n".join(lines) + "\r\n轮胎多久换一次？\r\n").encode()


def _is_sent(program: Program, customer: str) -> bool:
    sent = rows(program, "SELECT recipient FROM sent_mail WHERE state = 'sent'")
    queued = rows(program, "SELECT id FROM outbox WHERE status = 'queued' AND topic LIKE 'letter.%'")
    return customer in [row["recipient"] for row in sent] and not queued


def _leases_run_out(program: Program) -> None:
    """The two minutes have passed for which a dead server's claim holds."""
    with contextlib.closing(sqlite3.connect(program.folder / "yingsheng.db")) as connection, connection:
        connection.execute("UPDATE outbox SET available_at = 0 WHERE status = 'queued'")


def _settings(port: int, smtp_port: int) -> dict[str, str]:
    box: dict[str, Any] = {
        "name": "service",
        "address": ADDRESS,
        "receive": "listener",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_security": "none",
    }
    return {
        "YINGSHENG_MAIL__MAILBOXES": json.dumps([box]),
        "YINGSHENG_MAIL__LISTEN_PORT": str(port),
        "YINGSHENG_MAIL__LISTEN_PROTOCOL": "smtp",
        "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
    }
