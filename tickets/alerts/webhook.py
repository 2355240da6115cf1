"""Alerts as signed JSON to one configured URL.

The X-Yingsheng-Signature header is ``v1=`` and the hex HMAC-SHA256, under the shared secret, of the
X-Yingsheng-Timestamp header, a full stop and the body's bytes. The receiver checks it and refuses old
timestamps; Idempotency-Key is the same at every attempt of one delivery.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from tickets.alerts.egress import EgressGuard
from tickets.alerts.errors import DeliveryError
from tickets.alerts.notice import Notice

LONGEST_RETRY_AFTER_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where to and with which secret. allow_networks: CIDR texts of non-public networks that may be reached."""

    url: str
    secret: str
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 15.0


async def send(settings: WebhookSettings, notice: Notice) -> None:
    """Return when the receiver has answered 2xx. Redirects are not followed.

    Raises DeliveryError: permanent for a URL that may not be called, a redirect, and 4xx but 408 and 429.
    """
    url = _checked_url(settings.url)
    body = _body(notice)
    guard = EgressGuard(settings.allow_networks)
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=guard.open_socket, force_close=True),
                timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds),
            ) as session,
            session.post(url, data=body, headers=_headers(settings, notice, body), allow_redirects=False) as response,
        ):
            _judge(response.status, response.headers.get("Retry-After"))
    except aiohttp.InvalidURL as error:
        raise DeliveryError("the webhook's URL cannot be used", permanent=True) from error
    except TimeoutError as error:
        raise DeliveryError("the webhook did not answer in time", permanent=False) from error
    except (aiohttp.ClientError, OSError) as error:
        if guard.refused_all:
            raise DeliveryError("the webhook's address is not a public one", permanent=True) from error
        raise DeliveryError(f"the webhook failed ({type(error).__name__})", permanent=False) from error


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of the signature header."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def _checked_url(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError as error:
        raise DeliveryError("the webhook's URL cannot be read", permanent=True) from error
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
        raise DeliveryError("the webhook's URL must be http(s)://host/... without a user", permanent=True)
    return url


def _body(notice: Notice) -> bytes:
    fields = {
        "type": "alert",
        "key": notice.key,
        "alert_id": notice.alert_id,
        "ticket_number": notice.ticket_number,
        "level": notice.level,
        "recipient": notice.recipient,
        "subject": notice.subject,
        "text": notice.text,
        "facts": notice.facts,
    }
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", errors="replace")


def _headers(settings: WebhookSettings, notice: Notice, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": hashlib.sha256(notice.key.encode()).hexdigest(),
        "X-Yingsheng-Timestamp": timestamp,
        "X-Yingsheng-Signature": signature(settings.secret, timestamp, body),
    }


def _judge(status: int, retry_after: str | None) -> None:
    if 200 <= status <= 299:
        return
    temporary = status in (408, 429) or status >= 500
    wait = retry_after_ms(retry_after) if temporary else None
    raise DeliveryError(f"the webhook answered {status}", permanent=not temporary, retry_after_ms=wait)


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
