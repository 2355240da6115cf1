"""What a code of an SMS service means for the message and for those after it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tickets.alerts.errors import DeliveryError, Failure

CHINA = timezone(timedelta(hours=8))
"""The zone in which both services count days. China has no daylight saving time."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
UNTIL_TOMORROW = -1
"""Instead of a wait: until the next midnight in China."""

_CODE = re.compile(r"[A-Za-z0-9_.:+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A failure, and how long to wait at least before the next attempt (ms, or UNTIL_TOMORROW).

    is_known: False for a code of which nothing is known.
    """

    failure: Failure
    wait_ms: int | None = None
    is_known: bool = True


CodeTable = Mapping[str, Verdict]


def look_up(codes: CodeTable, classes: CodeTable, code: str, status: int) -> Verdict:
    """What is known of a code: of itself, else of the longest class that it begins with.

    A code of which nothing is known is tried again; with an HTTP status of the server's own failures (5xx) the message
    may have gone out all the same.
    """
    if code in codes:
        return codes[code]
    known = [name for name in classes if code.startswith(name)]
    if known:
        return classes[max(known, key=len)]
    return Verdict(Failure.UNKNOWN if status >= 500 else Failure.RETRY, is_known=False)


def failed(who: str, code: object, verdict: Verdict, now: int, retry_after_ms: int | None = None) -> DeliveryError:
    """The error to raise. code is what the service sent, which is trusted with nothing; now: epoch ms.

    retry_after_ms: what the answer itself said of waiting, where the code says nothing.
    """
    wait = until_tomorrow(now) if verdict.wait_ms == UNTIL_TOMORROW else verdict.wait_ms
    wait = retry_after_ms if wait is None else wait
    name = plain_code(code)
    return DeliveryError(
        f"{who} answered {name or 'with an unreadable code'}", verdict.failure, wait, name, verdict.is_known
    )


def plain_code(code: object) -> str:
    """The code if it looks like one, else "": it goes to logs and pages."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def until_tomorrow(now: int) -> int:
    """Milliseconds from now (epoch ms) to the next midnight in China."""
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(CHINA)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp() * 1000) - now
