"""The chat over WebSocket: docs/protocol.md, "Over WebSocket"."""

import asyncio
import contextlib
import json
import logging
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.errors import FrameError
from bot.gateway.addresses import client_address, origin_allowed
from bot.gateway.chat import ChatPage
from bot.gateway.frames import LARGEST_FRAME, parse_frame
from bot.keys import CHAT, CONFIG, ORIGINS, SOCKETS
from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)

HEARTBEAT_S = 25.0
HELLO_WITHIN_S = 10.0
SEND_WITHIN_S = 15.0
MOST_ERRORS = 20
LOOK_AGAIN_S = 30.0


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """One page's socket, from hello to goodbye."""
    allowed: frozenset[str] = request.app[ORIGINS]
    if not origin_allowed(request, allowed):
        raise web.HTTPForbidden(text="origin not allowed")
    desk = request.app[CHAT]
    address = client_address(request, request.app[CONFIG].server.trusted_proxies)
    try:
        desk.traffic.connect(address)
    except FrameError as error:
        raise web.HTTPTooManyRequests(headers={"Retry-After": "30"}) from error
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_FRAME, compress=False)
    page = ChatPage(desk, address)
    try:
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        await _Connection(socket, page, desk.max_message_chars).run()
    finally:
        request.app[SOCKETS].discard(socket)
        page.leave()
        desk.traffic.release(address)
    return socket


class _Connection:
    """Reads frames and pushes news on one socket until either side ends it."""

    def __init__(self, socket: web.WebSocketResponse, page: ChatPage, max_chars: int) -> None:
        self._socket = socket
        self._page = page
        self._max_chars = max_chars
        self._errors = 0

    async def run(self) -> None:
        push: asyncio.Task[None] | None = None
        try:
            while (raw := await self._next(greeted=push is not None)) is not None:
                await self._take(raw)
                if push is None and self._page.seat is not None:
                    push = asyncio.create_task(self._push())
        except TimeoutError:
            await self._abandon()
        finally:
            if push is not None:
                push.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await push

    async def _next(self, *, greeted: bool) -> str | None:
        """The next frame's text, or None when the socket is over."""
        try:
            message = await self._socket.receive(timeout=None if greeted else HELLO_WITHIN_S)
        except TimeoutError:
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return None
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        if message.type is WSMsgType.BINARY:
            await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        return None

    async def _take(self, raw: str) -> None:
        try:
            for frame in await self._page.take(parse_frame(raw, self._max_chars)):
                await self._send(frame)
        except FrameError as error:
            await self._refuse(error)
        except StorageUnavailable:
            await self._refuse(FrameError("unavailable"))

    async def _refuse(self, error: FrameError) -> None:
        self._errors += 1
        await self._send(self._page.explain(error))
        if self._errors >= MOST_ERRORS:
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)

    async def _push(self) -> None:
        """Send news when the bell rings, and look by itself now and then in case a ring was lost."""
        while self._page.seat is not None and not self._socket.closed:
            bell = self._page.seat.bell
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK_AGAIN_S)
            bell.clear()
            try:
                for frame in await self._page.news():
                    await self._send(frame)
            except StorageUnavailable as error:
                log.warning("news not readable: %s", error)
            except (TimeoutError, ConnectionError):
                await self._abandon()
                return

    async def _send(self, frame: dict[str, Any]) -> None:
        if not self._socket.closed:
            text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
            await asyncio.wait_for(self._socket.send_str(text), SEND_WITHIN_S)

    async def _abandon(self) -> None:
        """The page does not read: say why if it can be said at once, and go."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER), 1.0)
