"""Real servers on loopback that take alerts, or refuse, hang, cut and lie."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.fakes import eventually
from tickets.alerts import Notice

NOTICE = Notice(
    key="alert:0199-alert:mail:zhou@example.com",
    recipient="zhou@example.com",
    subject="【应声】工单 2611-0001 超时未回复",
    text="客户已等待 12 小时。\n请尽快回复。",
    numbers=("2611-0001",),
    facts=({"alert_id": "0199-alert", "ticket_number": "2611-0001", "level": 1, "late": False},),
)


class _Connection(SMTP):
    """Is in the set of those that are open as long as it is."""

    def __init__(self, mailbox: "Mailbox", connections: set["_Connection"]) -> None:
        super().__init__(mailbox, enable_SMTPUTF8=True, loop=asyncio.get_running_loop())
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(error)


@dataclass
class Mailbox:
    """An SMTP server that keeps what it accepts; refuse maps a command to the reply given instead."""

    refuse: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.refuse.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.refuse.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Mailbox"]:
        connections: set[_Connection] = set()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self, connections), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for connection in connections:
                if connection.transport is not None:
                    connection.transport.close()
            await eventually(lambda: not connections)


@dataclass
class MoodySmtp:
    """An SMTP server that stops answering, or hangs up, when it comes to one step; otherwise it is polite.

    Steps: GREETING, EHLO, MAIL, RCPT, DATA, BODY (the end of the mail), QUIT. hung: how often it stopped answering.
    """

    step: str
    cut: bool
    bodies: list[bytes] = field(default_factory=list)
    hung: int = 0
    port: int = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["MoodySmtp"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._answer("GREETING", "220 moody", reader, writer):
            return
        while line := await reader.readline():
            verb = line.split()[0].decode().upper()
            reply = {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 OK")
            if not await self._answer(verb, reply, reader, writer):
                return
            if verb == "DATA":
                self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                if not await self._answer("BODY", "250 kept", reader, writer):
                    return

    async def _answer(self, step: str, reply: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if step != self.step:
            writer.write(reply.encode() + b"\r\n")
            return True
        if not self.cut:
            self.hung += 1
            await reader.read()  # until the other side gives up
        return False


@dataclass
class Receiver:
    """A webhook receiver that keeps what it gets and answers as told."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    host: str = "127.0.0.1"
    requests: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def fields(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Receiver"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, self.host, 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self.url = f"http://{self.host}:{self.port}/alerts"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        self.requests.append({**request.headers, "path": request.path})
        self.bodies.append(await request.read())
        self.arrived.set()
        if self.cut and request.transport is not None:
            request.transport.abort()
        if self.hang:
            await asyncio.Event().wait()
        return web.Response(status=self.status, headers=self.headers)
