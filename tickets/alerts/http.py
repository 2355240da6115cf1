"""One HTTP POST to somebody else's server, with every way in which it can fail told apart.

No redirect is followed, addresses are checked when connecting (egress.py), and what comes back is bounded.
"""

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

    Raises DeliveryError: PERMANENT for a URL that may not be called, RETRY when no connection came about, UNKNOWN when
    the request may have been taken but no whole answer came.
    """
    target = checked_url(who, url)
    guard = EgressGuard(allow_networks)
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=guard.open_socket, force_close=True),
                timeout=aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=timeout_seconds),
            ) as session,
            session.post(target, data=body, headers=headers, allow_redirects=False) as response,
        ):
            answer = await _bounded(response.content)
            return Answer(response.status, answer, retry_after_ms(response.headers.get("Retry-After")))
    except aiohttp.InvalidURL as error:
        raise DeliveryError(f"{who}'s URL cannot be used", Failure.PERMANENT) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        if guard.refused_all:
            raise DeliveryError(f"{who}'s address is not a public one", Failure.PERMANENT) from error
        raise DeliveryError(f"{who} cannot be reached", Failure.RETRY) from error
    except TimeoutError as error:
        raise DeliveryError(f"{who} did not answer in time", Failure.UNKNOWN) from error
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryError(f"{who} failed ({type(error).__name__})", Failure.UNKNOWN) from error


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    """The body to its end or to LONGEST_ANSWER bytes."""
    answer = b""
    while len(answer) < LONGEST_ANSWER and (part := await content.read(LONGEST_ANSWER - len(answer))):
        answer += part
    return answer


def checked_url(who: str, text: str) -> URL:
    """The URL, if it is http(s)://host/… without a user. Raises DeliveryError."""
    try:
        url = URL(text)
    except ValueError as error:
        raise DeliveryError(f"{who}'s URL cannot be read", Failure.PERMANENT) from error
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
        raise DeliveryError(f"{who}'s URL must be http(s)://host/... without a user", Failure.PERMANENT)
    return url


def retry_after_ms(value: str | None) -> int | None:
    """A Retry-After header (RFC 9110 section 10.2.3) as milliseconds from now, at most a day."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value[:9]) * 1000, LONGEST_RETRY_AFTER_MS)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait = moment.astimezone(UTC) - datetime.now(UTC)
    return min(max(0, int(wait.total_seconds() * 1000)), LONGEST_RETRY_AFTER_MS)
