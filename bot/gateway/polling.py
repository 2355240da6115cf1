"""The chat over plain HTTP, for networks without WebSocket: docs/protocol.md, "Over HTTP"."""

import asyncio
import contextlib

from aiohttp import web

from bot.errors import FrameError
from bot.gateway.addresses import client_address, origin_allowed, subscriber
from bot.gateway.chat import ChatPage
from bot.gateway.frames import LARGEST_FRAME, Hello, parse_frame
from bot.gateway.hub import Hub
from bot.gateway.languages import preferred
from bot.keys import CHAT, CONFIG, ORIGINS
from storage.errors import StorageUnavailable

LONGEST_WAIT_S = 25.0
BODY_WITHIN_S = 10.0
STATUS = {
    "bad_token": 401,
    "not_greeted": 401,
    "too_large": 413,
    "too_fast": 429,
    "too_many_connections": 429,
    "unavailable": 503,
}


async def post_frame(request: web.Request) -> web.Response:
    """Carry out one frame and answer with the frames that follow from it."""
    page = _page(request)
    try:
        raw = await _body(request)
        frame = parse_frame(raw, request.app[CHAT].max_message_chars)
        if not isinstance(frame, Hello):
            await page.greet(_hello(request, after=2**53))
        return _frames(request, await page.take(frame))
    except FrameError as error:
        return _refused(request, page, error)
    except StorageUnavailable:
        return _refused(request, page, FrameError("unavailable"))
    finally:
        page.leave()


async def wait_for_frames(request: web.Request) -> web.Response:
    """The news after message N, at once or when there is some, at latest after ``wait`` seconds."""
    page = _page(request)
    traffic, counted = request.app[CHAT].traffic, subscriber(visitor_address(request))
    try:
        after, wait = _number(request, "after"), min(float(_number(request, "wait")), LONGEST_WAIT_S)
        traffic.connect(counted)
    except FrameError as error:
        return _refused(request, page, error)
    try:
        frames = await page.greet(_hello(request, after=after))
        if len(frames) == 1 and wait:
            frames += await _news(page, request.app[CHAT].hub, wait)
        return _frames(request, frames)
    except FrameError as error:
        return _refused(request, page, error)
    except StorageUnavailable:
        return _refused(request, page, FrameError("unavailable"))
    finally:
        page.leave()
        traffic.release(counted)


async def _news(page: ChatPage, hub: Hub, wait: float) -> list[dict[str, object]]:
    """What comes within so many seconds; a bell that rings for nothing is not the end of the wait."""
    frames: list[dict[str, object]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait):
            while not frames and page.seat is not None and not hub.closing:
                await page.seat.bell.wait()
                page.seat.bell.clear()
                frames += await page.news()
    return frames


async def preflight(request: web.Request) -> web.Response:
    """Tell a browser that a page of an allowed origin may send frames."""
    check_origin(request)
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, X-File-Name",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers={**cors(request), **headers})


def _page(request: web.Request) -> ChatPage:
    check_origin(request)
    return ChatPage(request.app[CHAT], visitor_address(request))


def check_origin(request: web.Request) -> None:
    """Browsers leave the Origin out of a GET to the page's own server; then Sec-Fetch-Site says so."""
    allowed: frozenset[str] = request.app[ORIGINS]
    own = "Origin" not in request.headers and request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not (own and request.method == "GET") and not origin_allowed(request, allowed):
        raise web.HTTPForbidden(text="origin not allowed")


def visitor_address(request: web.Request) -> str:
    """Where the page is."""
    return client_address(request, request.app[CONFIG].server.trusted_proxies)


async def _body(request: web.Request) -> bytes:
    """The body, cut just above what a frame may have; a sender who trickles it gets no more time than others."""
    raw = b""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while len(raw) <= LARGEST_FRAME and (more := await request.content.read(LARGEST_FRAME + 1 - len(raw))):
                raw += more
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    return raw


def _hello(request: web.Request, after: int) -> Hello:
    token = bearer(request)
    language = preferred(request.headers.get("Accept-Language", ""))
    return Hello(type="hello", token=token, after=after, language=language)


def bearer(request: web.Request) -> str:
    """The visitor's token. Raises FrameError("not_greeted")."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise FrameError("not_greeted")
    return token.strip()[:200]


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise FrameError("malformed")
    return int(text)


def _frames(request: web.Request, frames: list[dict[str, object]]) -> web.Response:
    return web.json_response({"frames": frames}, headers=cors(request))


def _refused(request: web.Request, page: ChatPage, error: FrameError) -> web.Response:
    headers = cors(request)
    if error.retry_after is not None:
        headers["Retry-After"] = str(int(error.retry_after + 0.999))
    body = {"frames": [page.explain(error)]}
    return web.json_response(body, status=STATUS.get(error.code, 400), headers=headers)


def cors(request: web.Request) -> dict[str, str]:
    """What lets a page of another origin read the answer."""
    origin = request.headers.get("Origin")
    headers = {"Vary": "Origin", "Cache-Control": "no-store"}
    return {**headers, "Access-Control-Allow-Origin": origin} if origin else headers
