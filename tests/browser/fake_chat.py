"""A chat server that misbehaves on demand: cuts, late and lost acks, repeated and missing frames, 503.

It speaks docs/protocol.md and writes down every breach of it by the page in `violations`, which each test
expects to be empty.
"""

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "bot" / "static"
CHAT = ROOT / "templates" / "chat"
MESSAGE_CHARS = 2000
FRAME_BYTES = 16384
POLL_LATENCY_S = 0.1
ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
FIELDS = {
    "hello": {"token", "after", "page", "language"},
    "message": {"client_message_id", "text"},
    "press": {"client_message_id", "action", "about"},
    "contact": {"client_message_id", "value", "refused"},
    "resume": {"after"},
    "suggest": {"text"},
    "typing": set[str](),
}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
Frame = dict[str, Any]


@dataclass
class Visitor:
    """One conversation and the ways that lead to its pages."""

    token: str
    messages: list[Frame] = field(default_factory=list)
    acks: dict[str, Frame] = field(default_factory=dict)
    state: Frame = field(default_factory=lambda: {"mode": "bot"})
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]


class FakeChat:
    """Start it with `async with`; its verbs make trouble, its lists tell what arrived."""

    def __init__(self) -> None:
        self.visitors: dict[str, Visitor] = {}
        self.received: list[Frame] = []
        self.violations: list[str] = []
        self.hellos = 0
        self.sockets_refused = False
        self.http_refused = False
        self.silent = False
        self.acks_to_lose = 0
        self.echo_before_ack = False
        self.page = ""
        self.polls: list[int] = []
        self.questions: list[str] = []
        self.suggested_for: list[str] = []
        self._errors: list[Frame] = []
        self._acks_allowed = asyncio.Event()
        self._acks_allowed.set()
        self._runner: web.AppRunner | None = None
        self.port = free_port()

    async def __aenter__(self) -> "FakeChat":
        app = web.Application()
        app.router.add_get("/widget.js", self._widget)
        app.router.add_static("/static", STATIC)
        app.router.add_get("/chat/texts.json", self._texts)
        app.router.add_get("/demo", self._demo)
        app.router.add_get("/page", self._page)
        app.router.add_get("/chat/ws", self._socket)
        app.router.add_post("/chat/frames", self._post)
        app.router.add_get("/chat/frames", self._poll)
        app.router.add_route("OPTIONS", "/chat/frames", self._preflight)
        app.on_response_prepare.append(_allow_any_origin)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self.cut()
        await self._runner.cleanup()

    async def listen(self) -> None:
        """Opens the port, again after `go_away`."""
        assert self._runner
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()

    async def go_away(self) -> None:
        """As a restart looks from outside: the port is closed and every socket is cut."""
        assert self._runner
        for site in list(self._runner.sites):
            await site.stop()
        await self.cut()

    async def cut(self) -> None:
        """Drops every WebSocket without a close frame."""
        for visitor in self.visitors.values():
            for socket in list(visitor.sockets):
                if socket._req and socket._req.transport:
                    socket._req.transport.abort()
            visitor.sockets.clear()

    def hold_acks(self) -> None:
        self._acks_allowed.clear()

    def release_acks(self) -> None:
        self._acks_allowed.set()

    def answer_next_with(self, *errors: Frame) -> None:
        """The next frames that want an ack get these errors instead and are not kept."""
        self._errors.extend(errors)

    def be_kind(self) -> None:
        """Keep and acknowledge again, whatever errors were still to come."""
        self._errors.clear()

    def forget_visitors(self) -> None:
        self.visitors.clear()

    @property
    def visitor(self) -> Visitor:
        """The only visitor there is."""
        (visitor,) = self.visitors.values()
        return visitor

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_url(self) -> str:
        """The same server under another origin."""
        return f"http://localhost:{self.port}"

    async def say(self, text: str, author: str = "bot", times: int = 1, at: str | None = None, **more: Any) -> Frame:
        """Appends a message and sends it to every page of the visitor, as often as asked."""
        visitor = self.visitor
        message = _append(visitor, {"author": author, "text": text, "at": at or _now(), **more})
        for _ in range(times):
            await self.push({"type": "messages", "items": [message], "last": len(visitor.messages)})
        visitor.changed.set()
        return message

    async def keep_to_itself(self, text: str) -> None:
        """Stores a message of the bot without telling any page: the next one leaves a gap."""
        _append(self.visitor, {"author": "bot", "text": text, "at": _now()})

    async def become(self, mode: str, **more: str) -> None:
        self.visitor.state = {"mode": mode, **more}
        await self.push({"type": "state", **self.visitor.state})

    async def push(self, frame: Frame) -> None:
        for socket in list(self.visitor.sockets):
            await socket.send_json(frame)

    def arrived(self, kind: str) -> list[Frame]:
        return [frame for frame in self.received if frame["type"] == kind]

    async def _widget(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "widget.js")

    async def _texts(self, _: web.Request) -> web.Response:
        return web.json_response(text=(CHAT / "texts.json").read_text(encoding="utf-8"))

    async def _demo(self, _: web.Request) -> web.Response:
        text = (CHAT / "demo.html.j2").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": STRICT})

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=self.page, content_type="text/html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.sockets_refused:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=FRAME_BYTES, compress=False)
        await socket.prepare(request)
        visitor = None
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or self.silent:
                    continue
                frame = self._check(json.loads(message.data))
                if visitor is None and frame["type"] != "hello":
                    self.violations.append("the first frame was no hello")
                visitor = await self._greet(frame, socket) if frame["type"] == "hello" else visitor
                if visitor and frame["type"] != "hello":
                    await self._answer(visitor, frame, socket)
        except ConnectionError:
            pass
        finally:
            if visitor:
                visitor.sockets.discard(socket)
        return socket

    async def _greet(self, frame: Frame, socket: web.WebSocketResponse) -> Visitor | None:
        visitor = self._visitor_of(frame)
        if visitor is None:
            await socket.send_json(_error("bad_token", "会话已失效。"))
            await socket.close(code=1008)
            return None
        visitor.sockets.add(socket)
        for answer in _welcome(visitor, frame.get("after", 0)):
            await socket.send_json(answer)
        return visitor

    async def _answer(self, visitor: Visitor, frame: Frame, socket: web.WebSocketResponse) -> None:
        if frame["type"] == "resume":
            await socket.send_json(_messages(visitor, frame["after"]))
        elif frame["type"] == "suggest":
            items = [{"id": question, "question": question} for question in self.questions]
            await socket.send_json({"type": "suggestions", "text": frame["text"], "items": items})
        elif frame["type"] != "typing":
            asyncio.get_running_loop().create_task(self._keep_and_tell(visitor, frame, socket))

    async def _keep_and_tell(self, visitor: Visitor, frame: Frame, socket: web.WebSocketResponse) -> None:
        answer = self._keep(visitor, frame)
        echo = _messages(visitor, answer["number"] - 1) if answer.get("number") else None
        if answer["type"] == "ack":
            if echo and self.echo_before_ack:
                await self.push(echo)
            await self._acks_allowed.wait()
            if self.acks_to_lose:
                self.acks_to_lose -= 1
                return
        if not socket.closed:
            await socket.send_json(answer)
        if echo:
            await self.push(echo)

    def _visitor_of(self, frame: Frame) -> Visitor | None:
        self.hellos += 1
        if "token" in frame:
            return self.visitors.get(frame["token"])
        token = f"visitor-{self.hellos}"
        self.visitors[token] = Visitor(token)
        return self.visitors[token]

    def _keep(self, visitor: Visitor, frame: Frame) -> Frame:
        """Stores once and returns the ack, or the error that was ordered."""
        key = frame["client_message_id"]
        if self._errors:
            return {**self._errors.pop(0), "client_message_id": key}
        if frame["type"] == "contact":
            return self._keep_contact(visitor, frame)
        if key not in visitor.acks:
            text = frame.get("text") or _label(visitor, frame)
            more = {"action": frame["action"]} if frame["type"] == "press" else {}
            at = _now()
            draft = {"author": "contact", "text": text, "at": at, "client_message_id": key, **more}
            number = _append(visitor, draft)["number"]
            visitor.acks[key] = {"type": "ack", "client_message_id": key, "number": number, "at": at}
            visitor.changed.set()
        return visitor.acks[key]

    def _keep_contact(self, visitor: Visitor, frame: Frame) -> Frame:
        """What was typed into the form is a message like any other."""
        key = frame["client_message_id"]
        value = frame.get("value", "不用了")
        if not frame.get("refused") and not re.search(r"@.+\.|\d{11}", value):
            return _error("contact_invalid", "这个手机号少了几位，请检查。", client_message_id=key)
        at = _now()
        number = _append(visitor, {"author": "contact", "text": value, "at": at, "client_message_id": key})["number"]
        return {"type": "ack", "client_message_id": key, "number": number, "at": at}

    def _check(self, frame: Frame) -> Frame:
        kind = frame.get("type", "")
        if kind == "suggest":
            self.suggested_for.append(frame["text"])
        else:
            self.received.append(frame)
        unknown = set(frame) - {"type"} - FIELDS.get(kind, set())
        if kind not in FIELDS or unknown:
            self.violations.append(f"{kind}: {sorted(unknown)}")
        if "client_message_id" in FIELDS.get(kind, set()) and not ID.fullmatch(frame.get("client_message_id", "")):
            self.violations.append(f"{kind}: bad client_message_id")
        if kind == "message" and not 0 < len(frame["text"].strip()) <= MESSAGE_CHARS:
            self.violations.append(f"message of {len(frame['text'])} characters")
        return frame

    async def _preflight(self, _: web.Request) -> web.Response:
        allowed = {
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        }
        return web.Response(status=204, headers=allowed)

    async def _post(self, request: web.Request) -> web.Response:
        if self.http_refused:
            return web.json_response(_error("unavailable", "系统繁忙。", retry=True), status=503)
        frame = self._check(await request.json())
        if frame["type"] == "hello":
            visitor = self._visitor_of(frame)
            frames = _welcome(visitor, frame.get("after", 0)) if visitor else []
        else:
            visitor = self._bearer(request)
            frames = [self._keep(visitor, frame)] if visitor and "client_message_id" in frame else []
        if visitor is None:
            return web.json_response(_error("bad_token", "会话已失效。"), status=401)
        return web.json_response({"frames": frames})

    async def _poll(self, request: web.Request) -> web.Response:
        visitor = self._bearer(request)
        if visitor is None:
            return web.json_response(_error("bad_token", "会话已失效。"), status=401)
        after = int(request.query["after"])
        self.polls.append(after)
        greeting = _welcome(visitor, after)
        visitor.changed.clear()
        if len(visitor.messages) <= after:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(visitor.changed.wait(), timeout=min(25, int(request.query["wait"])))
                # Slower on its way than the answer to the POST that woke it.
                await asyncio.sleep(POLL_LATENCY_S)
        state = {"type": "state", **visitor.state}
        return web.json_response({"frames": [greeting[0], state, _messages(visitor, after)]})

    def _bearer(self, request: web.Request) -> Visitor | None:
        return self.visitors.get(request.headers.get("Authorization", "").removeprefix("Bearer "))


async def _allow_any_origin(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Access-Control-Allow-Origin"] = "*"


def _append(visitor: Visitor, draft: Frame) -> Frame:
    message = {"number": len(visitor.messages) + 1, "kind": "text", "actions": [], **draft}
    visitor.messages.append(message)
    return message


def _welcome(visitor: Visitor, after: int) -> list[Frame]:
    limits = {"message_chars": MESSAGE_CHARS, "frame_bytes": FRAME_BYTES}
    last = len(visitor.messages)
    welcome = {
        "type": "welcome",
        "token": visitor.token,
        "last": last,
        "state": visitor.state,
        "limits": limits,
    }
    return [welcome, _messages(visitor, after)]


def _messages(visitor: Visitor, after: int) -> Frame:
    return {"type": "messages", "items": visitor.messages[after:], "last": len(visitor.messages)}


def _label(visitor: Visitor, frame: Frame) -> str:
    offered = [action for message in visitor.messages for action in message["actions"]]
    return next((action["label"] for action in offered if action["id"] == frame["action"]), "转人工")


def _error(code: str, text: str, retry: bool = False, **more: Any) -> Frame:
    return {"type": "error", "code": code, "text": text, "retry": retry, **more}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
