"""Alerts to a group of Feishu (飞书) or Lark through its custom robot.

POST /open-apis/bot/v2/hook/TOKEN with a text message; the request has at most 20 KB. With a secret it carries
timestamp (seconds) and sign, the Base64 HMAC-SHA256 of nothing under the key "timestamp, line feed, secret"; the
robot's clock and ours may differ by an hour. At most 100 messages a minute and 5 a second, and at full and half hours
less. Format, limits and codes: open.feishu.cn, "custom bot usage guide". A robot knows nobody's phone number, so
single people cannot be mentioned.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tickets.alerts import robots
from tickets.alerts.egress import check_networks
from tickets.alerts.errors import Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.robots import Meaning, Told
from tickets.alerts.transport import Addressing, Transport

WHO = "the Feishu robot"
LARGEST_REQUEST = 20_000


@dataclass(frozen=True, slots=True)
class FeishuSettings:
    """token: the last part of the robot's address, or all of the address.

    secret: the one of the signature check (签名校验), "" if the robot has none. keyword: one of the robot's keywords
    (自定义关键词), "" if it has none; it is added where the subject does not hold it. endpoint: Lark has another.
    """

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    keyword: str = ""
    mention_all: bool = False
    endpoint: str = "https://open.feishu.cn/open-apis/bot/v2/hook"
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError for a network that is none."""
        check_networks(self.allow_networks)


_TOO_MUCH = Meaning(Failure.RETRY, "was sent too much", 10_000)

# Closed: the robot is gone or switched off, or its security settings do not let any of our messages in.
# Permanent: it does not take this message.
MEANINGS = {
    11232: _TOO_MUCH,
    99991400: _TOO_MUCH,
    19001: Meaning(Failure.CLOSED, "does not know the token"),
    19007: Meaning(Failure.CLOSED, "was switched off"),
    19021: Meaning(Failure.CLOSED, "refused the signature: the secret or our clock is wrong"),
    19022: Meaning(Failure.CLOSED, "refused our address: it is not in its list"),
    19024: Meaning(Failure.CLOSED, "refused the message for want of its keyword"),
    9499: Meaning(Failure.PERMANENT, "does not take this message"),
    19002: Meaning(Failure.PERMANENT, "does not take this kind of message"),
}


async def send(settings: FeishuSettings, notice: Notice) -> Sent:
    """Return when the robot has answered code 0. Raises DeliveryError, as MEANINGS and robots.judge say."""
    answer = await robots.post(
        WHO,
        f"{settings.endpoint.rstrip('/')}/{quote(robots.secret_of(WHO, settings.token), safe='')}",
        message(settings, notice, int(time.time())),
        settings.allow_networks,
        settings.timeout_seconds,
    )
    # StatusCode is the name of old; beside a code it is 0 even in failures.
    said = robots.told(answer, "code", "StatusCode")
    robots.judge(WHO, answer, said.code, _meanings(said))
    return Sent()


def message(settings: FeishuSettings, notice: Notice, timestamp: int) -> dict[str, Any]:
    """The message as the robot takes it; timestamp in seconds."""
    after = f"\n{settings.keyword}" * (settings.keyword not in notice.subject)
    after += '\n<at user_id="all"></at>' * settings.mention_all
    secret = settings.secret.strip()
    proof = {"timestamp": str(timestamp), "sign": signature(secret, timestamp)} if secret else {}
    room = LARGEST_REQUEST - len(robots.encoded(_shell("", proof)))
    return _shell(robots.fitted(notice, room, robots.json_size, after), proof)


def _shell(text: str, proof: Mapping[str, str]) -> dict[str, Any]:
    return {**proof, "msg_type": "text", "content": {"text": text}}


def signature(secret: str, timestamp: int) -> str:
    """The Base64 text of the signature; timestamp in seconds."""
    signed = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _meanings(said: Told) -> Mapping[int, Meaning]:
    """MEANINGS, but 9499 is also what an old part of Feishu answers to too many requests."""
    if said.code == 9499 and "too many" in str(said.fields.get("msg", "")).lower():
        return {9499: _TOO_MUCH}
    return MEANINGS


# 90 of 100 a minute, for our clock and theirs begin their minutes apart. 200 alerts leave 90 bytes for each.
TRANSPORT = Transport("feishu", Addressing.EVERYONE, FeishuSettings, send, per_minute=90, most_alerts=200)
