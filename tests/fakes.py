"""The cast of the end-to-end tests: a clock that stands still, a server on a real port, and a customer's page."""

import asyncio
import itertools
import json
import socket
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web
from pydantic import TypeAdapter

from bot.app import build_app
from bot.config import Config
from bot.gateway.answers import ServerFrame
from bot.keys import CHAT, LIBRARY
from bot.server import make_runner
from knowledgebase.authoring import entries
from knowledgebase.model import Entry
from storage.sqlite import SQLiteDatabase, open_database
from tests.ports import free_port

MONDAY_TEN_OCLOCK = 1_795_399_200_000  # 2026-11-23 10:00 in Asia/Shanghai
# Nothing takes so long; a machine that is busy with others may stand still for a while.
PATIENCE_S = 60.0

Frame = dict[str, Any]
T = TypeVar("T")
PROTOCOL: TypeAdapter[Any] = TypeAdapter(ServerFrame)

ENTRIES = (
    Entry(
        id="tyre-when",
        question="轮胎多久换一次？",
        answer="一般 5 年或 6 万公里更换一次轮胎。\n胎纹深度低于 1.6 毫米时请马上更换，预约电话 400-000-0101。",
        category="轮胎",
        similar=("轮胎几年换", "车胎多长时间换一次", "輪胎多久換一次"),
    ),
    Entry(
        id="tyre-rotate",
        question="轮胎换位要多少钱？",
        answer="轮胎换位收费 80 元，做保养时免费。",
        category="轮胎",
        similar=("轮胎换位收费吗", "四轮换位价格"),
    ),
    Entry(
        id="rescue-call",
        question="怎么联系道路救援？",
        answer="请按下面做：\n1. 开双闪，人到护栏外。\n2. 拨打 400-000-0102，全天有人接听。\n3. 说出位置和车牌。",
        category="道路救援",
        similar=("车坏路上了怎么办", "道路救援电话"),
    ),
)


class Clock:
    """Now, in epoch milliseconds UTC; moves only when told to."""

    def __init__(self, now: int = MONDAY_TEN_OCLOCK) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


class Server:
    """The real application on a real port of 127.0.0.1, on a data folder that outlives it."""

    def __init__(self, folder: Path, settings: dict[str, Any], clock: Callable[[], int]) -> None:
        self.folder = folder
        self.config = Config.model_validate(settings)
        self.clock = clock
        self.port = free_port()
        self.database: SQLiteDatabase
        self.app: web.Application
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pages(self) -> int:
        """How many pages are connected."""
        return self.app[CHAT].hub.seats

    @property
    def connections(self) -> int:
        """How many connections of pages are counted against their addresses."""
        return self.app[CHAT].traffic.connections

    async def start(self) -> None:
        """Listen, always on one port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.database = open_database(self.folder)
        self.app = build_app(self.config, self.database, self.url, self.clock)
        self._runner = make_runner(self.app, self.config)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Say goodbye to every page and release the data folder; harmless when repeated."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
            await self.database.close()

    async def publish(self, published: Iterable[Entry] = ENTRIES) -> None:
        """Save entries and put them in force at once."""
        await self.database.write(entries.save, list(published), "test", self.clock())
        await self.app[LIBRARY].reload()

    def page(self, **options: Any) -> "ChatClient":
        """A customer's page of our own origin, not yet connected."""
        return ChatClient(self.url, **options)


class Closed(Exception):
    """The server ended the connection."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class ChatClient:
    """A customer's page over WebSocket. Keeps what it has read, so that repeats and gaps show."""

    _ids = itertools.count(1)

    def __init__(
        self, url: str, *, token: str | None = None, origin: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.url = url
        self.token = token
        self.messages: list[Frame] = []
        self.state: Frame = {}
        self.seen: list[Frame] = []
        self._headers = {"Origin": origin or url, **(headers or {})}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._read = 0

    async def __aenter__(self) -> Self:
        await self.connect()
        await self.greet()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def connect(self) -> None:
        """Open the socket without saying hello."""
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(
                f"{self.url}/chat/ws", headers=self._headers, max_msg_size=0, autoping=True
            )
        except BaseException:
            await self._session.close()
            raise

    async def leave(self) -> None:
        """Close the page."""
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    async def drop(self) -> None:
        """Lose the network without a goodbye."""
        assert self._socket is not None
        assert self._session is not None
        transport = self._socket.get_extra_info("socket")
        transport.shutdown(socket.SHUT_RDWR)
        await self._socket.close()
        await self._session.close()

    async def greet(self, **fields: Any) -> Frame:
        """Say hello and return the welcome; goes on after the last message this page has."""
        hello = {"after": self.last, **({"token": self.token} if self.token else {}), **fields}
        await self.send(type="hello", **hello)
        welcome = await self.expect("welcome")
        self.token, self.state = welcome["token"], welcome["state"]
        return welcome

    async def say(self, text: str, client_message_id: str | None = None) -> Frame:
        """Send a message and return its acknowledgement."""
        return await self._delivered(type="message", text=text, client_message_id=client_message_id or self.new_id())

    async def press(self, action: str, about: int | None = None) -> Frame:
        """Press a button and return the acknowledgement."""
        fields = {"action": action} | ({"about": about} if about is not None else {})
        return await self._delivered(type="press", client_message_id=self.new_id(), **fields)

    async def reads(self, author: str = "bot") -> Frame:
        """The next message of this author that has not been read."""
        while True:
            for message in self.messages[self._read :]:
                self._read += 1
                if message["author"] == author:
                    return message
            await self.expect("messages")

    async def reads_up_to(self, number: int) -> list[Frame]:
        """Everything, once the message of this number is there."""
        while self.last < number:
            await self.expect("messages")
        return self.messages

    async def resume(self, after: int) -> list[Frame]:
        """Ask for everything after this number and return what comes in one go."""
        await self.send(type="resume", after=after)
        items: list[Frame] = (await self.expect("messages"))["items"]
        return items

    async def refused(self, **frame: Any) -> Frame:
        """Send a frame and return the error that answers it."""
        await self.send(**frame)
        return await self.expect("error")

    async def refused_text(self, text: str) -> Frame:
        """Send raw text and return the error that answers it."""
        await self.send_text(text)
        return await self.expect("error")

    async def expect(self, kind: str) -> Frame:
        """The next frame of this type; others are taken note of. An error that was not expected fails."""
        while True:
            frame = await self.next_frame()
            if frame["type"] == kind:
                return frame
            assert frame["type"] != "error", frame

    async def next_frame(self) -> Frame:
        """The next frame of any type. Raises Closed."""
        assert self._socket is not None
        message = await self._socket.receive(timeout=PATIENCE_S)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Closed(self._socket.close_code)
        frame: Frame = json.loads(message.data)
        PROTOCOL.validate_python(frame)
        self._note(frame)
        return frame

    async def closed(self) -> int | None:
        """The code with which the server closes, after whatever it says before."""
        try:
            while True:
                await self.next_frame()
        except Closed as closed:
            return closed.code

    async def send(self, **frame: Any) -> None:
        """Send a frame as it is."""
        await self.send_text(json.dumps(frame, ensure_ascii=False))

    async def send_text(self, text: str) -> None:
        """Send one text message as it is."""
        assert self._socket is not None
        await self._socket.send_str(text)

    async def send_bytes(self, raw: bytes) -> None:
        """Send one binary message."""
        assert self._socket is not None
        await self._socket.send_bytes(raw)

    async def send_raw_text(self, raw: bytes) -> None:
        """Send bytes as a text message, whether or not they are UTF-8."""
        assert self._socket is not None
        await self._socket.send_frame(raw, aiohttp.WSMsgType.TEXT)

    @property
    def last(self) -> int:
        """The number of the last message this page has."""
        return int(self.messages[-1]["number"]) if self.messages else 0

    @classmethod
    def new_id(cls) -> str:
        """A client_message_id never used before."""
        return f"message-{next(cls._ids):08d}"

    async def _delivered(self, **frame: Any) -> Frame:
        await self.send(**frame)
        while True:
            ack = await self.expect("ack")
            if ack["client_message_id"] == frame["client_message_id"]:
                return ack

    def _note(self, frame: Frame) -> None:
        self.seen.append(frame)
        if frame["type"] == "messages":
            self.messages += [one for one in frame["items"] if one["number"] > self.last]
        if frame["type"] == "state":
            self.state = {key: value for key, value in frame.items() if key != "type"}


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once this holds; fails after a while."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


def skip(seconds: float) -> None:
    """For all that waits by the clock of this test's loop so much time has passed."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]


async def outlast(call: Coroutine[Any, Any, T], hangs: Callable[[], bool]) -> T:
    """What comes of a call with PATIENCE_S of a peer that hangs: nobody waits for it, and no peer is given up early."""
    called = asyncio.create_task(call)
    await eventually(lambda: hangs() or called.done())
    if not called.done():
        skip(PATIENCE_S + 1)
    return await called
