"""WeCom, DingTalk and Feishu on loopback, as their group robots behave: kind by default, unkind when told to be.

Each checks key, signature, clock, size and rate as its model does, and answers with HTTP 200 even where it refuses.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = "0f1e2d3c-canary-token"
SECRET = "SECcanary/+secret="
HOUR_S = 3600.0

Reply = Callable[[web.Request], web.Response]


@dataclass
class Robot:
    """What the three have in common. received: the messages that the group got; requests: whatever was asked."""

    token: str = TOKEN
    secret: str = ""
    clock: Callable[[], float] = time.time
    received: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    endpoint: str = ""
    _unkind: Reply | None = None
    _times: int = 0
    _hanging: bool = False
    _cutting: bool = False
    _minute: deque[float] = field(default_factory=deque)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    path = ""
    largest = 20_000
    per_minute = 20

    # Verbs: how it behaves from now on.

    def answer_with(self, code: int, message: str = "told to", status: int = 200, times: int = -1) -> None:
        """Refuse with this code, so many times or always."""
        self._be_unkind(lambda _: self.refusal(code, message, status), times)

    def answer_raw(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, times: int = -1
    ) -> None:
        """Answer with this, whatever it is, and take nothing."""
        self._be_unkind(lambda _: web.Response(body=body, status=status, headers=dict(headers or {})), times)

    def throttle(self, wait: int | None = None, times: int = -1) -> None:
        """Answer as to too many requests; with HTTP 429 and Retry-After if wait (seconds) is given."""
        if wait is None:
            self._be_unkind(lambda _: self.too_many(), times)
        else:
            self.answer_raw(b"slow down", 429, {"Retry-After": str(wait)}, times)

    def hang(self) -> None:
        """Take the message and never answer."""
        self._hanging = True

    def cut(self) -> None:
        """Take the message and hang up in the middle of the answer."""
        self._cutting = True

    def be_kind(self) -> None:
        """Behave as it should again."""
        self._unkind, self._times, self._hanging, self._cutting = None, 0, False, False

    @property
    def texts(self) -> list[str]:
        """The words that the group reads."""
        return [self.text_of(message) for message in self.received]

    # The model's own ways.

    def text_of(self, message: dict[str, Any]) -> str:
        return str(message["text"]["content"])

    def refusal(self, code: int, message: str, status: int = 200) -> web.Response:
        return web.json_response({"errcode": code, "errmsg": message}, status=status)

    def success(self) -> web.Response:
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def too_many(self) -> web.Response:
        raise NotImplementedError

    def objection(self, request: web.Request, body: bytes, message: dict[str, Any]) -> web.Response | None:
        """The refusal of what its documentation refuses."""
        raise NotImplementedError

    # Its life.

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        app = web.Application()
        app.router.add_post(self.path, self._receive)
        # No access log: it would hold the tokens that tests look for in logs.
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}{self.path.removesuffix('/{token}')}"
        try:
            yield self
        finally:
            self._ended.set()
            await runner.cleanup()

    def _be_unkind(self, reply: Reply, times: int) -> None:
        self._unkind, self._times = reply, times

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        message = json.loads(body)
        self.requests.append({"path": request.path_qs, "headers": dict(request.headers), "message": message})
        if self._unkind is not None and self._times != 0:
            self._times -= 1
            return self._unkind(request)
        refused = self.objection(request, body, message) or self._over_the_limit()
        if refused is not None:
            return refused
        self.received.append(message)
        if self._hanging:
            await self._ended.wait()
        if self._cutting:
            return await self._half(request)
        return self.success()

    async def _half(self, request: web.Request) -> web.StreamResponse:
        whole = self.success().body
        assert isinstance(whole, bytes)
        response = web.StreamResponse(headers={"Content-Length": str(len(whole))})
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    def _over_the_limit(self) -> web.Response | None:
        now = self.clock()
        while self._minute and self._minute[0] <= now - 60:
            self._minute.popleft()
        self._minute.append(now)
        return self.too_many() if len(self._minute) > self.per_minute else None

    def _is_now(self, seconds: float) -> bool:
        return abs(self.clock() - seconds) <= HOUR_S


@dataclass
class FakeWeCom(Robot):
    path = "/cgi-bin/webhook/send"

    def too_many(self) -> web.Response:
        return self.refusal(45009, "api freq out of limit")

    def objection(self, request: web.Request, body: bytes, message: dict[str, Any]) -> web.Response | None:
        if request.query.get("key") != self.token:
            return self.refusal(93000, "invalid webhook url")
        if message.get("msgtype") != "text":
            return self.refusal(40008, "invalid message type")
        if not message["text"].get("content"):
            return self.refusal(44004, "empty content")
        if len(message["text"]["content"].encode()) > 2048:
            return self.refusal(40058, "text.content exceed max length 2048")
        return None


@dataclass
class FakeDingTalk(Robot):
    """Over 20 messages a minute it is deaf for ten minutes."""

    secret: str = SECRET
    keyword: str = ""
    _deaf_until: float = 0.0

    path = "/robot/send"

    def too_many(self) -> web.Response:
        self._deaf_until = self.clock() + 600
        return self.refusal(130101, "send too fast, exceed 20 times per minute")

    def bar(self, wait: int, times: int = -1) -> None:
        """Answer as the shield before DingTalk does to an address that calls too much; wait in minutes."""
        fields = {"status": 1111, "wait": wait, "source": "x5", "punish": "deny", "uuid": "24ce64f6"}
        self._be_unkind(lambda _: web.json_response(fields), times)

    def objection(self, request: web.Request, body: bytes, message: dict[str, Any]) -> web.Response | None:
        if self.clock() < self._deaf_until:
            return self.refusal(410100, "发送速度太快而限流")
        if request.query.get("access_token") != self.token:
            return self.refusal(300005, "token is not exist")
        if self.secret and not self._is_now(int(request.query.get("timestamp", "0")) / 1000):
            return self.refusal(310000, "invalid timestamp")
        if self.secret and request.query.get("sign") != self._sign(request.query["timestamp"]):
            return self.refusal(310000, "sign not match")
        if self.keyword not in message["text"]["content"]:
            return self.refusal(310000, "keywords not in content")
        if len(body) > self.largest:
            return self.refusal(460101, "message too long, exceed 20000 bytes")
        return None

    def _sign(self, timestamp: str) -> str:
        signed = hmac.new(self.secret.encode(), f"{timestamp}\n{self.secret}".encode(), hashlib.sha256)
        return base64.b64encode(signed.digest()).decode()


@dataclass
class FakeFeishu(Robot):
    secret: str = SECRET
    keyword: str = ""

    path = "/open-apis/bot/v2/hook/{token}"
    per_minute = 100
    largest = 20 * 1024

    def text_of(self, message: dict[str, Any]) -> str:
        return str(message["content"]["text"])

    def refusal(self, code: int, message: str, status: int = 200) -> web.Response:
        return web.json_response({"code": code, "msg": message, "data": {}}, status=status)

    def success(self) -> web.Response:
        return web.json_response({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def too_many(self) -> web.Response:
        return self.refusal(11232, "frequency limited psm[lark.oapi.app_platform_runtime]")

    def objection(self, request: web.Request, body: bytes, message: dict[str, Any]) -> web.Response | None:
        if request.match_info["token"] != self.token:
            return self.refusal(19001, "param invalid: incoming webhook access token invalid")
        if self.secret and not self._signed(message):
            return self.refusal(19021, "sign match fail or timestamp is not within one hour from current time")
        if message.get("msg_type") != "text":
            return self.refusal(19002, "param invalid: msg_type")
        if len(body) > self.largest or not message["content"].get("text"):
            return self.refusal(9499, "Bad Request")
        if self.keyword not in message["content"]["text"]:
            return self.refusal(19024, "Key Words Not Found")
        return None

    def _signed(self, message: dict[str, Any]) -> bool:
        timestamp = str(message.get("timestamp", "0"))
        signed = hmac.new(f"{timestamp}\n{self.secret}".encode(), b"", hashlib.sha256)
        return self._is_now(float(timestamp)) and message.get("sign") == base64.b64encode(signed.digest()).decode()
