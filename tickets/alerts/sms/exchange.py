"""One request to an SMS service, and what may be concluded when it did not answer as it should."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yarl import URL

from tickets import phones
from tickets.alerts import http
from tickets.alerts.errors import DeliveryError, Failure

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service said. fields: the JSON object, empty if it was none."""

    status: int
    fields: dict[str, Any]
    retry_after_ms: int | None


def host_of(endpoint: str) -> str:
    """The Host header of requests to this URL, "" if it has none."""
    try:
        url = URL(endpoint)
    except ValueError:
        return ""
    return f"{url.host_subcomponent or ''}" + ("" if url.is_default_port() else f":{url.port}")


async def ask(
    who: str, url: str, body: bytes, headers: Mapping[str, str], allow_networks: tuple[str, ...], timeout_seconds: float
) -> Reply:
    """The service's answer, whatever it is. Raises DeliveryError as http.post does, CLOSED for an unusable address."""
    try:
        answer = await http.post(who, url, body, headers, allow_networks, timeout_seconds)
    except DeliveryError as error:
        if error.failure is Failure.PERMANENT:  # The address is a setting: no other message gets through either.
            raise DeliveryError(error.reason, Failure.CLOSED) from error
        raise
    return Reply(answer.status, _object(answer.body), answer.retry_after_ms)


def unreadable(who: str, reply: Reply) -> DeliveryError:
    """The error for an answer that is not of the service's form, such as half of one, or a proxy's page."""
    taken = 200 <= reply.status <= 299 or reply.status >= 500
    return DeliveryError(
        f"{who} answered {reply.status} in no readable form",
        Failure.UNKNOWN if taken else Failure.RETRY,
        reply.retry_after_ms,
        str(reply.status),
    )


def mobile(recipient: str) -> str:
    """The recipient if an SMS can go there, in E.164. Raises DeliveryError without the number in it."""
    try:
        return phones.parse(recipient)
    except phones.PhoneError as error:
        raise DeliveryError("the recipient has no mobile number", Failure.PERMANENT) from error


def cannot_tell(error: DeliveryError) -> DeliveryError:
    """A failure of the question whether a message arrived: it says nothing of the message."""
    return DeliveryError(error.reason, Failure.UNKNOWN, error.retry_after_ms, error.code)


def not_found(who: str, since: int, now: int, settled_after_ms: int) -> None:
    """Return if a message sent at since (epoch ms) would be known by now. Raises DeliveryError if it is too early."""
    wait = since + settled_after_ms - now
    if wait > 0:
        raise DeliveryError(f"{who} does not know of the message yet", Failure.UNKNOWN, wait)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
