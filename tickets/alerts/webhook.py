"""Alerts as signed JSON to one configured URL.

The X-Yingsheng-Signature header is ``v1=`` and the hex HMAC-SHA256, under the shared secret, of the
X-Yingsheng-Timestamp header, a full stop and the body's bytes. The receiver checks it and refuses old
timestamps; Idempotency-Key is the same at every attempt of one delivery.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field

from tickets.alerts import http
from tickets.alerts.egress import check_networks
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.transport import Addressing, Transport


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where to and with which secret. allow_networks: CIDR texts of non-public networks that may be reached."""

    url: str
    secret: str = field(repr=False)
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 15.0

    def __post_init__(self) -> None:
        """Raises ValueError for a network that is none."""
        check_networks(self.allow_networks)


async def send(settings: WebhookSettings, notice: Notice) -> Sent:
    """Return when the receiver has answered 2xx.

    Raises DeliveryError: CLOSED for a URL that may not be called and for 410, PERMANENT for an address that is not
    public, a redirect, and 4xx but 408 and 429. Other 4xx do not close the way: a receiver that is being changed
    answers them for a minute.
    """
    body = _body(notice)
    answer = await http.post(
        "the webhook",
        settings.url,
        body,
        _headers(settings, notice, body),
        settings.allow_networks,
        settings.timeout_seconds,
    )
    _judge(answer)
    return Sent()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of the signature header."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def _body(notice: Notice) -> bytes:
    """The first alert stands in fields of its own as well, for receivers that know of one alert a request."""
    first = notice.facts[0] if notice.facts else {}
    fields = {
        "type": "alert",
        "key": notice.key,
        "alert_id": first.get("alert_id", ""),
        "ticket_number": first.get("ticket_number", ""),
        "level": first.get("level", 0),
        "recipient": notice.recipient,
        "subject": notice.subject,
        "text": notice.text,
        "facts": first,
        "alerts": notice.facts,
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


def _judge(answer: http.Answer) -> None:
    status = answer.status
    if 200 <= status <= 299:
        return
    failure = _meaning(status)
    wait = answer.retry_after_ms if failure is Failure.RETRY else None
    raise DeliveryError(f"the webhook answered {status}", failure, wait, code=str(status))


def _meaning(status: int) -> Failure:
    if status in (408, 429) or status >= 500:
        return Failure.RETRY
    return Failure.CLOSED if status == 410 else Failure.PERMANENT


TRANSPORT = Transport("webhook", Addressing.EVERYONE, WebhookSettings, send)
