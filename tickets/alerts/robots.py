"""What the group robots of WeCom, DingTalk and Feishu have in common.

Each takes JSON at a URL that is a secret, and says with HTTP 200 and a code in JSON what became of it. The code
decides, whatever the status, the words beside it do not: they change. Only code 0 with a 2xx status is "sent".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tickets import phones
from tickets.alerts import http
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice

MOST_MENTIONS = 20
LARGEST_CODE = 10**12

Size = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means. words continue a sentence that begins with the robot's name."""

    failure: Failure
    words: str
    wait_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the robot's JSON says: its code, None if there is none, and everything else that it holds."""

    code: int | None
    fields: Mapping[str, Any]


async def post(
    who: str, url: str, payload: Mapping[str, Any], networks: tuple[str, ...], timeout_s: float
) -> http.Answer:
    """Hand the robot a message, as JSON. networks: those of our own that may be reached. Raises DeliveryError."""
    return await http.post(
        who, url, encoded(payload), {"Content-Type": "application/json; charset=utf-8"}, networks, timeout_s
    )


def told(answer: http.Answer, *names: str) -> Told:
    """The answer read; its code is what stands under the first of these names that it has, if that is a code."""
    try:
        fields = json.loads(answer.body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Told(None, {})
    code = next((fields[name] for name in names if name in fields), None)
    # A bool is an int to Python; "code": true says nothing.
    return Told(code if type(code) is int and abs(code) < LARGEST_CODE else None, fields)


def judge(who: str, answer: http.Answer, code: int | None, meanings: Mapping[int, Meaning]) -> None:
    """Return if the robot has taken it. Raises DeliveryError otherwise.

    A code that is not in the table passes, and so does a refusal without a code, which something before the robot
    has sent. A success or a failure of the server without a code leaves open whether the group has the message.
    """
    if code is None:
        raise _without_code(who, answer)
    if code == 0 and answer.status // 100 == 2:
        return
    if code == 0:
        raise DeliveryError(f"{who} answered success with status {answer.status}", Failure.UNKNOWN)
    meaning = meanings.get(code) or Meaning(Failure.RETRY, f"answered {code}, which is not known")
    wait = max(filter(None, (meaning.wait_ms, answer.retry_after_ms)), default=None)
    passes = meaning.failure is Failure.RETRY
    raise DeliveryError(
        f"{who} {meaning.words}", meaning.failure, wait if passes else None, str(code), code in meanings
    )


def _without_code(who: str, answer: http.Answer) -> DeliveryError:
    status = answer.status
    if 200 <= status <= 299:
        return DeliveryError(f"{who} answered something that is no answer", Failure.UNKNOWN)
    failure = Failure.UNKNOWN if status >= 500 and status != 503 else Failure.RETRY
    wait = answer.retry_after_ms
    if status == 429 and wait is None:
        wait = 60_000
    return DeliveryError(f"{who} answered {status}", failure, wait, code=str(status))


def secret_of(who: str, text: str, parameter: str | None = None) -> str:
    """The secret of a robot's address: people paste the whole address where its last part is asked for.

    parameter: under which name it stands in the query, None if it is the last part of the path. Raises DeliveryError
    if there is none.
    """
    secret = _secret(text.strip(), parameter)
    if not secret:
        raise DeliveryError(f"{who} cannot be asked: its token is missing", Failure.CLOSED)
    return secret


def _secret(text: str, parameter: str | None) -> str:
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parameter is None:
        return parts.path.rstrip("/").rpartition("/")[2]
    return parse_qs(parts.query).get(parameter, [""])[0]


def mentioned(notice: Notice) -> list[str]:
    """The phone numbers to mention, in the form that providers in China want."""
    return [phones.national(phone) for phone in notice.mentions[:MOST_MENTIONS]]


def encoded(payload: Mapping[str, Any]) -> bytes:
    """The JSON of a message, its characters as they are."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace")


def plain_size(text: str) -> int:
    """How many bytes of UTF-8 a text takes."""
    return len(text.encode("utf-8", errors="replace"))


def json_size(text: str) -> int:
    """How many bytes a text takes inside of a JSON string."""
    return len(encoded({"": text})) - len(b'{"":""}')


def fitted(notice: Notice, most: int, size: Size, after: str = "") -> str:
    """Subject and text in at most so many bytes, with after behind them.

    Where not all of it fits, what is cut off makes room for the notice's own words about that and for the numbers of
    all its tickets: a digest names each of them.
    """
    whole = f"{notice.subject}\n{notice.text}"
    if size(whole) + size(after) <= most:
        return whole + after
    rest = "\n".join(("", notice.more, " ".join(notice.numbers))).rstrip() + after
    return cut(cut(whole, most - size(rest), size) + rest, most, size)


def cut(text: str, most: int, size: Size) -> str:
    """The longest beginning of at most so many bytes, whole characters only."""
    sizes = accumulate(map(size, text))
    return text[: next((place for place, total in enumerate(sizes) if total > most), len(text))]
