"""One HTTP request to somebody else's server, with every way in which it can fail told apart.

No redirect and no proxy is followed, addresses are checked when connecting (egress.py), what comes back is bounded
in size and the whole in time. What aiohttp says of an error holds addresses, and with them tokens: no error leaves
this module with another one behind it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from tickets.alerts.egress import EgressGuard
from tickets.alerts.errors import DeliveryError, Failure

LONGEST_RETRY_AFTER_MS = 24 * 3_600_000
LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. body is at most LONGEST_ANSWER bytes; retry_after_ms is its Retry-After, if any."""

    status: int
    body: bytes
    retry_after_ms: int | None


async def post(
    who: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allow_networks: tuple[str, ...],
    timeout_seconds: float,
) -> Answer:
    """The server's answer, whatever its status. who names the server in errors, such as "the webhook".

    Raises DeliveryError: CLOSED for a URL that may not be called, PERMANENT for an address that is not public, RETRY
    when no connection came about, UNKNOWN when the request may have been taken but no whole answer came.
    """
    return await _request("POST", who, url, body, headers, allow_networks, timeout_seconds)


async def get(who: str, url: str, allow_networks: tuple[str, ...], timeout_seconds: float) -> Answer:
    """As post(), with nothing sent along."""
    return await _request("GET", who, url, None, {}, allow_networks, timeout_seconds)


async def _request(
    method: str,
    who: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    allow_networks: tuple[str, ...],
    timeout_seconds: float,
) -> Answer:
    target = checked_url(who, url)
    guard, connected = EgressGuard(allow_networks), asyncio.Event()
    told = {**headers, **_UNPACKED}
    try:
        async with (
            _session(guard, connected, timeout_seconds) as session,
            session.request(method, target, data=body, headers=told, allow_redirects=False) as response,
        ):
            answer = await _bounded(response.content)
            return Answer(response.status, answer, retry_after_ms(response.headers.get("Retry-After")))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failed = _failed(who, error, guard, connected.is_set())
    raise failed


# A packed answer could be small on its way and huge here.
_UNPACKED = {"Accept-Encoding": "identity"}


def _session(guard: EgressGuard, connected: asyncio.Event, timeout_seconds: float) -> aiohttp.ClientSession:
    """A session for one request; connected is set when the connection stands, TLS included."""

    async def note(*_: object) -> None:
        connected.set()

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(note)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=guard.open_socket, force_close=True),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=[tracing],
    )


def _failed(who: str, error: Exception, guard: EgressGuard, connected: bool) -> DeliveryError:
    if connected:
        how = "did not answer in time" if isinstance(error, TimeoutError) else f"failed ({type(error).__name__})"
        return DeliveryError(f"{who} {how}", Failure.UNKNOWN)
    if guard.refused_all:
        return DeliveryError(f"{who}'s address is not a public one", Failure.PERMANENT)
    if isinstance(error, aiohttp.ClientSSLError):
        return DeliveryError(f"{who} offers no secure connection ({type(error).__name__})", Failure.RETRY)
    if isinstance(error, ValueError):  # aiohttp.InvalidURL and names that no resolver takes
        return DeliveryError(f"{who}'s URL cannot be used", Failure.CLOSED)
    return DeliveryError(f"{who} cannot be reached", Failure.RETRY)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    """The body to its end or to LONGEST_ANSWER bytes."""
    answer = b""
    while len(answer) < LONGEST_ANSWER and (part := await content.read(LONGEST_ANSWER - len(answer))):
        answer += part
    return answer


def checked_url(who: str, text: str) -> URL:
    """The URL, if it is http(s)://host/... without a user. Raises DeliveryError, CLOSED."""
    url = _read(text)
    if url is None:
        raise DeliveryError(f"{who}'s URL cannot be read", Failure.CLOSED)
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
        raise DeliveryError(f"{who}'s URL must be http(s)://host/... without a user", Failure.CLOSED)
    return url


def _read(text: str) -> URL | None:
    try:
        return URL(text)
    except ValueError:
        return None


def retry_after_ms(value: str | None) -> int | None:
    """A Retry-After header (RFC 9110 section 10.2.3) as milliseconds from now, at most a day."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value[:9]) * 1000, LONGEST_RETRY_AFTER_MS)
    try:
        wait = parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(0, int(wait.total_seconds() * 1000)), LONGEST_RETRY_AFTER_MS)
