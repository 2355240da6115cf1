"""Requests to one server outside, from a thread of their own: public addresses only, in time, of bounded size."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import aiohttp

from bot.errors import BotError
from tickets.alerts.egress import EgressGuard
from tickets.alerts.http import retry_after_ms

LARGEST_ANSWER = 32 * 1024 * 1024


class RequestFailed(BotError):
    """Nothing usable came back. permanent: nor will it before an operator has changed something."""

    def __init__(self, reason: str, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. retry_after_ms: how long we were asked to wait, if we were."""

    status: int
    body: bytes
    retry_after_ms: int | None


class Outgoing:
    """Sends POST requests to one URL and keeps the connection. Redirects are not followed.

    post blocks, so it is for threads without an event loop; the requests live in a loop and thread of their own.
    Addresses that are not public are refused at the moment of connecting, but for those in allow_networks.
    """

    def __init__(self, url: str, headers: Mapping[str, str], allow_networks: Iterable[str], timeout_s: float) -> None:
        self._url = url
        self._headers = dict(headers)
        self._guard = EgressGuard(allow_networks)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._one_at_a_time = threading.Lock()
        self._line: _Line | None = None
        self._closed = False

    def post(self, body: bytes) -> Answer:
        """What the server answered. Raises RequestFailed, whose sentence names neither URL nor headers."""
        with self._one_at_a_time:
            if self._closed:
                raise RequestFailed("it is not asked any more", permanent=True)
            self._line = self._line or _Line(self._session)
            waiting = self._line.call(self._post(self._line.session, body))
        try:
            return waiting.result()
        except CancelledError as error:
            raise RequestFailed("it is not asked any more", permanent=True) from error

    def close(self) -> None:
        """Give up the connection and whatever waits on it."""
        with self._one_at_a_time:
            self._closed = True
        if self._line is not None:
            self._line.close()

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=self._guard.open_socket),
            timeout=self._timeout,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> Answer:
        try:
            async with session.post(self._url, data=body, allow_redirects=False) as response:
                wait = retry_after_ms(response.headers.get("Retry-After"))
                return Answer(response.status, await _whole(response), wait)
        except TimeoutError as error:
            raise RequestFailed("it did not answer in time", permanent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            if self._guard.refused_all:
                raise RequestFailed("its address is not a public one", permanent=True) from error
            raise RequestFailed(f"it could not be asked ({type(error).__name__})", permanent=False) from error


class _Line:
    """A session in an event loop and thread of its own, from construction to close."""

    def __init__(self, make_session: Callable[[], aiohttp.ClientSession]) -> None:
        self._make_session = make_session
        started: Future[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="outgoing", daemon=True)
        self._thread.start()
        self._loop, self.session = started.result()

    def call(self, work: Coroutine[None, None, Answer]) -> "Future[Answer]":
        """Begin the work; cancelled at the end of the line."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Harmless when repeated."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()

    def _run(self, started: "Future[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]]") -> None:
        try:
            asyncio.run(self._live(started))
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _live(self, started: "Future[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]]") -> None:
        async with self._make_session() as session:
            self._ending = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), session))
            await self._ending.wait()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    held = bytearray()
    async for piece in response.content.iter_any():
        held += piece
        if len(held) > LARGEST_ANSWER:
            raise RequestFailed("its answer is too large", permanent=True)
    return bytes(held)
