"""Peers that keep the line waiting at one point of a delivery, so that a process can be killed just there."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.tickets.alerts.aliyun_peer import AliyunSms
from tests.tickets.alerts.peers import Mailbox, Receiver
from tests.tickets.alerts.robots import FakeDingTalk, FakeFeishu, FakeWeCom, Robot


class Point(StrEnum):
    """Where a process dies: before it has claimed a message, with it claimed and not yet taken by the peer, with it
    taken and not yet known to be, or with that kept."""

    BEFORE_CLAIM = "before claim"
    AFTER_CLAIM = "after claim"
    AFTER_ACCEPT = "after accept"
    AFTER_MARK = "after mark"


@dataclass
class Gate:
    """One gate for all peers. reached: how many deliveries wait at it, by peer."""

    closed: Point | None = None
    reached: Counter[str] = field(default_factory=Counter)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def close_at(self, point: Point) -> None:
        self.closed, self.reached, self.opened = point, Counter(), asyncio.Event()

    def open_up(self) -> None:
        self.closed = None
        self.opened.set()

    async def held(self, peer: str, point: Point) -> bool:
        """Wait if the gate is closed here; whether it was."""
        if self.closed is not point:
            return False
        self.reached[peer] += 1
        await self.opened.wait()
        return True


GONE = 503


@dataclass
class GatedRobot(Robot):
    gate: Gate = field(default_factory=Gate)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        if await self.gate.held(self.path, Point.AFTER_CLAIM):
            return web.Response(status=GONE)
        answer = await super()._receive(request)
        await self.gate.held(self.path, Point.AFTER_ACCEPT)
        return answer


@dataclass
class GatedWeCom(GatedRobot, FakeWeCom):
    pass


@dataclass
class GatedDingTalk(GatedRobot, FakeDingTalk):
    pass


@dataclass
class GatedFeishu(GatedRobot, FakeFeishu):
    pass


@dataclass
class GatedReceiver(Receiver):
    gate: Gate = field(default_factory=Gate)

    async def _receive(self, request: web.Request) -> web.Response:
        if await self.gate.held("webhook", Point.AFTER_CLAIM):
            return web.Response(status=GONE)
        answer = await super()._receive(request)
        await self.gate.held("webhook", Point.AFTER_ACCEPT)
        return answer


@dataclass
class GatedSms(AliyunSms):
    gate: Gate = field(default_factory=Gate)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        sends = request.headers["x-acs-action"] == "SendSms"
        if sends and await self.gate.held("sms", Point.AFTER_CLAIM):
            return web.Response(status=GONE)
        answer = await super()._serve(request)
        if sends:
            await self.gate.held("sms", Point.AFTER_ACCEPT)
        return answer


@dataclass
class GatedMailbox(Mailbox):
    gate: Gate = field(default_factory=Gate)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        await self.gate.held("mail", Point.AFTER_CLAIM)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await self.gate.held("mail", Point.AFTER_ACCEPT)
        return answer
