"""SMS services on loopback. They check what the real ones check, by code of their own, and can fail as those do.

What a service takes it keeps with our id, and answers questions from that.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from enum import Enum, auto
from typing import Any

from aiohttp import web

CHINA = timezone(timedelta(hours=8))


class Mood(Enum):
    KIND = auto()
    HANG = auto()
    ACCEPT_AND_HANG = auto()
    CUT = auto()
    ACCEPT_AND_CUT = auto()
    HALF = auto()
    PAGE = auto()
    RAW = auto()


@dataclass
class Taken:
    """A message that the service has taken. receipt: "" until the carrier reports, then its code."""

    number: str
    template: str
    values: list[str]
    our_id: str
    serial: str
    at: float
    receipt: str = ""
    delivered: bool = True


@dataclass
class Refusal(Exception):
    """What the service answers instead of taking the message."""

    code: str
    message: str = "no"
    status: int = 200


@dataclass
class SmsService:
    """What both services have in common. templates: the names or number of the variables of each approved template."""

    key_id: str
    secret: str
    templates: dict[str, list[str]]
    sign_name: str = "应声科技"
    skew_seconds: float = 0
    taken: list[Taken] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    questions: int = 0
    url: str = ""
    mood: Mood = Mood.KIND
    refusal: Refusal | None = None
    lagging: int = 0
    page_status: int = 403
    raw: bytes = b""

    def answer_with(self, code: str, message: str = "no", status: int = 200) -> None:
        self.refusal = Refusal(code, message, status)

    def throttle(self) -> None:
        raise NotImplementedError

    def hang(self) -> None:
        self.mood = Mood.HANG

    def accept_and_hang(self) -> None:
        self.mood = Mood.ACCEPT_AND_HANG

    @property
    def hangs(self) -> bool:
        return self.mood in (Mood.HANG, Mood.ACCEPT_AND_HANG)

    def cut(self, accept: bool = False) -> None:
        self.mood = Mood.ACCEPT_AND_CUT if accept else Mood.CUT

    def answer_half(self) -> None:
        self.mood = Mood.HALF

    def answer_page(self, status: int) -> None:
        """An HTML page, as from a proxy in between."""
        self.mood, self.page_status = Mood.PAGE, status

    def answer_raw(self, body: bytes, status: int = 200) -> None:
        """Anything, whatever the request was."""
        self.mood, self.raw, self.page_status = Mood.RAW, body, status

    def lag(self, questions: int) -> None:
        """The next questions are answered as if nothing had been taken."""
        self.lagging = questions

    def recover(self) -> None:
        self.mood, self.refusal = Mood.KIND, None

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["SmsService"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(f"{request.raw_path}\n{dict(request.headers)}\n{body.decode()}")
        if self.mood in (Mood.CUT, Mood.HANG, Mood.PAGE, Mood.RAW):
            return await self._fail(request, b"")
        try:
            answer = self.answer(request, body)
        except Refusal as refusal:
            return web.json_response(self.refused(refusal), status=refusal.status)
        if self.mood is not Mood.KIND:
            return await self._fail(request, json.dumps(answer).encode())
        return web.json_response(answer)

    async def _fail(self, request: web.Request, whole: bytes) -> web.StreamResponse:
        match self.mood:
            case Mood.HANG | Mood.ACCEPT_AND_HANG:
                await asyncio.Event().wait()
            case Mood.CUT | Mood.ACCEPT_AND_CUT:
                assert request.transport is not None
                request.transport.abort()
            case Mood.RAW:
                return web.Response(body=self.raw, content_type="application/json", status=self.page_status)
            case Mood.HALF:
                return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        return web.Response(text="<html>blocked</html>", content_type="text/html", status=self.page_status)

    def answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        raise NotImplementedError

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        raise NotImplementedError

    def keep(self, number: str, template: str, values: list[str], our_id: str) -> Taken:
        taken = Taken(number, template, values, our_id, f"serial-{len(self.taken) + 1}", self.clock())
        self.taken.append(taken)
        return taken

    def known(self) -> list[Taken]:
        self.questions += 1
        if self.lagging:
            self.lagging -= 1
            return []
        return self.taken

    def clock(self) -> float:
        return time.time() + self.skew_seconds


def hmac_of(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
