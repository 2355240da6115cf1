"""Wake-ups for open console pages: a WebSocket that says which ticket to look at again, never what is in it.

A page says {"type": "watch", "number"} (null for none) and {"type": "typing"}; it hears {"type", "number"} with
type 'queue', 'conversation' or 'typing'. Losing one loses nothing: pages look again by themselves as well.

An alarm for its agent comes as {"type": "alarm", "key", "title", "numbers"}, which a page answers with {"type":
"heard", "key"} once it shows it. A screen that shows the wall hears 'queue' alone and says nothing.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.console.access import LOGIN, TICKET_NUMBER, Login, login_holds, require_own_origin
from bot.keys import CLOCK, DATABASE, TYPING
from storage.errors import StorageUnavailable
from tickets import tickets
from tickets.alerts import Notice
from tickets.alerts.console import Shown
from tickets.errors import NotFound

logger = logging.getLogger(__name__)

RECHECK_S = 4.0
HEARTBEAT_S = 25.0
LONGEST_FRAME = 1_024
GOODBYE_S = 3.0
MOST_PAGES_OF_AN_AGENT = 30
TYPING_EVERY_MS = 2_000
ANSWERED_WITHIN_S = 5.0
LOGGED_OUT = 4401


@dataclass(eq=False, slots=True)
class OpenPage:
    """One page of one login: the ticket it shows, and what it has yet to be told (each thing once).

    wall: it shows the wall-board to whoever passes, so it hears that the queue changed and is no place for alarms.
    """

    login: Login
    socket: web.WebSocketResponse
    wall: bool = False
    number: str | None = None
    conversation_id: str | None = None
    typed_at: int = 0
    untold: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    doubted: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int = WSCloseCode.OK

    def end(self, code: int) -> None:
        """Have the page closed with this code, by the task that holds its socket and by no other."""
        self.code = code
        self.ended.set()

    def tell(self, kind: str, number: str) -> None:
        """Nudge the page; a nudge that still waits to be sent is not repeated."""
        self._say((kind, number), {"type": kind, "number": number})

    def alarm(self, notice: Notice) -> None:
        """Have the page show an alarm."""
        told = {"type": "alarm", "key": notice.key, "title": notice.subject, "numbers": notice.numbers}
        self._say(("alarm", notice.key), told)

    def _say(self, what: tuple[str, str], frame: dict[str, Any]) -> None:
        self.untold[what] = frame
        self.bell.set()


class LivePages:
    """Every open console page of this process; passes on the database's signals."""

    def __init__(self) -> None:
        self.pages: set[OpenPage] = set()
        self._left = asyncio.Event()
        self._heard: dict[tuple[str, str], asyncio.Event] = {}

    def add(self, page: OpenPage) -> bool:
        """Count the page in; False if its agent has too many already."""
        same = sum(1 for other in self.pages if other.login.agent.id == page.login.agent.id)
        if same >= MOST_PAGES_OF_AN_AGENT:
            return False
        self.pages.add(page)
        return True

    def remove(self, page: OpenPage) -> None:
        """The page is gone."""
        self.pages.discard(page)
        self._left.set()

    def hear(self, topic: str, key: str) -> None:
        """A signal of the database: tell the pages that it concerns."""
        for page in self.pages:
            if topic == "queue":
                page.tell("queue", key)
            elif topic == "sessions" and page.login.agent.id == key:
                page.doubted.set()
            elif topic in ("conversation", "typing") and page.conversation_id == key and page.number:
                page.tell(topic, page.number)

    async def alarm(self, notice: Notice) -> Shown:
        """Show a notice on every page of the agent who is its recipient, and wait until one of them has answered."""
        pages = [page for page in self.pages if page.login.agent.id == notice.recipient and not page.wall]
        if not pages:
            return Shown.NOWHERE
        heard = self._heard.setdefault((notice.recipient, notice.key), asyncio.Event())
        for page in pages:
            page.alarm(notice)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await heard.wait()
        except TimeoutError:
            return Shown.UNSEEN
        finally:
            self._heard.pop((notice.recipient, notice.key), None)
        return Shown.SHOWN

    def heard(self, agent_id: str, key: str) -> None:
        """A page of the agent shows the alarm of this key."""
        if (agent_id, key) in self._heard:
            self._heard[agent_id, key].set()

    async def close(self) -> None:
        """Ask every page to come back later, and wait a little until they have heard it: the server stops."""
        for page in self.pages:
            page.end(WSCloseCode.GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while self.pages:
                    self._left.clear()
                    await self._left.wait()


LIVE_PAGES = web.AppKey("console_live_pages", LivePages)


async def live_pages(app: web.Application) -> AsyncIterator[None]:
    """Keep LIVE_PAGES listening for as long as the application runs."""
    signals = app[DATABASE].signals
    pages = app[LIVE_PAGES]
    stops = [signals.listen(topic, pages.hear) for topic in ("queue", "conversation", "typing", "sessions")]
    yield
    for stop in stops:
        stop()


async def close_pages(app: web.Application) -> None:
    """Let the open pages go before the server stops."""
    await app[LIVE_PAGES].close()


async def watch(request: web.Request) -> web.StreamResponse:
    """GET /console/ws: until the page leaves or its login ends."""
    return await _watch(request, wall=False)


async def watch_wall(request: web.Request) -> web.StreamResponse:
    """GET /console/wall/ws: the same for the wall-board, which only listens."""
    return await _watch(request, wall=True)


async def _watch(request: web.Request, wall: bool) -> web.StreamResponse:
    require_own_origin(request)
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LONGEST_FRAME, compress=False, timeout=2.0)
    page = OpenPage(request[LOGIN], socket, wall)
    pages = request.config_dict[LIVE_PAGES]
    if not pages.add(page):
        raise web.HTTPTooManyRequests
    try:
        await socket.prepare(request)
        await _serve(request, page)
    finally:
        pages.remove(page)
    return socket


async def _serve(request: web.Request, page: OpenPage) -> None:
    """Listen until the page leaves or has to go; only then is the socket closed, once, with the right code."""
    listening = asyncio.create_task(_listen(request, page))
    ended = asyncio.create_task(page.ended.wait())
    tasks = [listening, ended, asyncio.create_task(_tell(page)), asyncio.create_task(_doubt(request, page))]
    try:
        await asyncio.wait([listening, ended], return_when=asyncio.FIRST_COMPLETED)
        if page.ended.is_set():
            await page.socket.close(code=page.code)
        await listening
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(request: web.Request, page: OpenPage) -> None:
    async for message in page.socket:
        frame = _frame(message.data) if message.type is WSMsgType.TEXT and not page.wall else None
        match frame:
            case {"type": "watch", "number": str(number)}:
                await _watch_ticket(request, page, number)
            case {"type": "watch", "number": None}:
                page.number = page.conversation_id = None
            case {"type": "typing"}:
                _pass_on_typing(request, page)
            case {"type": "heard", "key": str(key)}:
                request.config_dict[LIVE_PAGES].heard(page.login.agent.id, key)
            case _:
                await page.socket.close(code=WSCloseCode.POLICY_VIOLATION)


def _frame(data: str) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


async def _watch_ticket(request: web.Request, page: OpenPage, number: str) -> None:
    page.number = page.conversation_id = None
    if not re.fullmatch(TICKET_NUMBER, number):
        return
    with contextlib.suppress(NotFound, StorageUnavailable):
        ticket = await request.config_dict[DATABASE].read(tickets.by_number, number)
        page.number, page.conversation_id = ticket.number, ticket.conversation_id
        page.tell("conversation", ticket.number)


def _pass_on_typing(request: web.Request, page: OpenPage) -> None:
    now = request.config_dict[CLOCK]()
    if page.conversation_id and now - page.typed_at >= TYPING_EVERY_MS:
        page.typed_at = now
        request.config_dict[TYPING].agent_typing(page.conversation_id, page.login.agent.name)


async def _tell(page: OpenPage) -> None:
    while True:
        await page.bell.wait()
        page.bell.clear()
        untold, page.untold = page.untold, {}
        for frame in untold.values():
            try:
                await page.socket.send_json(frame)
            except ConnectionError:
                return


async def _doubt(request: web.Request, page: OpenPage) -> None:
    """Look from time to time, and at every hint, whether the login still holds; else have the page closed."""
    while not page.ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(page.doubted.wait(), RECHECK_S)
        page.doubted.clear()
        try:
            holds = await login_holds(request, page.login.token_hash)
        except StorageUnavailable:
            page.end(WSCloseCode.TRY_AGAIN_LATER)
            return
        if not holds:
            logger.info("console_page_closed agent=%s", page.login.agent.id)
            page.end(LOGGED_OUT)
