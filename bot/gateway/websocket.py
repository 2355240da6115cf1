"""The chat over WebSocket: docs/protocol.md, "Over WebSocket"."""

import asyncio
import contextlib
import json
import logging
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.errors import FrameError
from bot.gateway.addresses import client_address, origin_allowed, subscriber
from bot.gateway.chat import ChatPage
from bot.gateway.frames import LARGEST_FRAME, parse_frame
from bot.keys import CHAT, CONFIG, ORIGINS, SOCKETS
from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)

HEARTBEAT_S = 25.0
HELLO_WITHIN_S = 10.0
SEND_WITHIN_S = 15.0
CLOSE_WITHIN_S = 1.0
LOOK_AGAIN_S = 30.0
AFTER_TROUBLE_S = 5.0
SEND_BUFFER = 64 * 1024

# A page is sent away at this much patience lost since its last frame that was accepted. What is not the page's
# fault costs nothing, writing too fast a little, what is not this protocol a whole point.
PATIENCE = 20.0
PATIENCE_LOST = {"unavailable": 0.0, "empty": 0.0, "contact_invalid": 0.0, "too_fast": 0.1}


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """One page's socket, from hello to goodbye."""
    allowed: frozenset[str] = request.app[ORIGINS]
    if not origin_allowed(request, allowed):
        raise web.HTTPForbidden(text="origin not allowed")
    desk = request.app[CHAT]
    address = client_address(request, request.app[CONFIG].server.trusted_proxies)
    counted = subscriber(address)
    try:
        desk.traffic.connect(counted)
    except FrameError as error:
        raise web.HTTPTooManyRequests(headers={"Retry-After": "30"}) from error
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_FRAME + 1, compress=False)
    page = ChatPage(desk, address)
    try:
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        _keep_buffers_small(request.transport)
        await _Connection(socket, page, desk.max_message_chars, request.transport).run()
    finally:
        request.app[SOCKETS].discard(socket)
        page.leave()
        desk.traffic.release(counted)
        _drop_unread(request.transport)
    return socket


def _keep_buffers_small(transport: asyncio.Transport | None) -> None:
    """A page that does not read costs us no more than this in the system and once more in the process."""
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)
        transport.set_write_buffer_limits(high=SEND_BUFFER)


def _drop_unread(transport: asyncio.Transport | None) -> None:
    """Free a connection whose other end has not read what it was sent; closing it would wait for that for ever."""
    if transport is not None and transport.get_write_buffer_size():
        transport.abort()


class _Connection:
    """Reads frames and pushes news on one socket until either side ends it.

    Both take turns: what is read from the conversation for one of them is sent before the other looks.
    """

    def __init__(
        self, socket: web.WebSocketResponse, page: ChatPage, max_chars: int, transport: asyncio.Transport | None
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._page = page
        self._max_chars = max_chars
        self._patience = PATIENCE
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        deadline = asyncio.get_running_loop().time() + HELLO_WITHIN_S
        push: asyncio.Task[None] | None = None
        try:
            while (raw := await self._next(None if push else deadline)) is not None:
                await self._take(raw)
                if (push is None or push.done()) and self._page.seat is not None:
                    push = asyncio.create_task(self._push())
        except TimeoutError:
            await self._abandon()
        except ConnectionError:
            log.debug("a page went away while it was written to")
        finally:
            if push is not None:
                push.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await push

    async def _next(self, deadline: float | None) -> str | None:
        """The next frame's text, or None when the socket is over, or nothing came before the deadline."""
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._socket.receive()
        except TimeoutError:
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return None
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        if message.type is WSMsgType.BINARY:
            await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        return None

    async def _take(self, raw: str) -> None:
        async with self._turn:
            try:
                frames = await self._page.take(parse_frame(raw, self._max_chars))
            except FrameError as error:
                await self._refuse(error)
                return
            except StorageUnavailable:
                await self._refuse(FrameError("unavailable"))
                return
            self._patience = PATIENCE
            await self._send_all(frames)

    async def _refuse(self, error: FrameError) -> None:
        self._patience -= PATIENCE_LOST.get(error.code, 1.0)
        await self._send_all([self._page.explain(error)])
        if self._patience <= 0:
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)

    async def _push(self) -> None:
        """Send news when the bell rings, and look by itself now and then in case a ring was lost."""
        pause = LOOK_AGAIN_S
        while self._page.seat is not None and not self._socket.closed:
            bell = self._page.seat.bell
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await bell.wait()
            bell.clear()
            try:
                async with self._turn:
                    await self._send_all(await self._page.news())
                pause = LOOK_AGAIN_S
            except StorageUnavailable as error:
                log.warning("news not readable: %s", error)
                pause = AFTER_TROUBLE_S
            except TimeoutError:
                await self._abandon()
                return
            except ConnectionError:
                return

    async def _send_all(self, frames: list[dict[str, Any]]) -> None:
        """Raises TimeoutError when the page does not read, ConnectionError when it is gone."""
        for frame in frames:
            if not self._socket.closed:
                text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
                async with asyncio.timeout(SEND_WITHIN_S):
                    await self._socket.send_str(text)

    async def _abandon(self) -> None:
        """The page does not read: say why if it can be said at once, and go, whoever else still waits here."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        if self._transport is not None:
            self._transport.abort()
