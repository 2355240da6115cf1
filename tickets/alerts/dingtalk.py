"""Alerts to a group of DingTalk (钉钉) through its custom robot.

POST /robot/send?access_token=TOKEN&timestamp=MS&sign=SIGN with a text message; the request has at most 20 000 bytes.
sign is the Base64 HMAC-SHA256, under the secret, of timestamp, a line feed and the secret; the robot's clock and ours
may differ by an hour. More than 20 messages a minute block the robot for ten minutes. Format, limits and codes:
open.dingtalk.com, "custom robot". Members are mentioned by phone number, which has to stand in the text too.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tickets.alerts import http, robots
from tickets.alerts.egress import check_networks
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.robots import Meaning, Told
from tickets.alerts.transport import Addressing, Transport

WHO = "the DingTalk robot"
LARGEST_REQUEST = 20_000
BLOCKED_MS = 600_000


@dataclass(frozen=True, slots=True)
class DingTalkSettings:
    """access_token: the part of the robot's address behind access_token=, or all of the address.

    secret: the one of "sign" (加签), SEC..., "" if the robot has none. keyword: one of the robot's keywords
    (自定义关键词), "" if it has none; it is added where the subject does not hold it.
    """

    access_token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    keyword: str = ""
    mention_all: bool = False
    endpoint: str = "https://oapi.dingtalk.com/robot/send"
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError for a network that is none."""
        check_networks(self.allow_networks)


_TOO_MUCH = Meaning(Failure.RETRY, "was sent too much and is blocked for ten minutes", BLOCKED_MS)
_NO_TOKEN = Meaning(Failure.CLOSED, "does not know the token")
_UNFIT = Meaning(Failure.PERMANENT, "does not take this message")
_CENSORED = Meaning(Failure.PERMANENT, "holds the content of this message for unfit")

# Closed: robot, group or token is gone, or its security settings do not let any of our messages in.
# Permanent: it does not take this message.
MEANINGS = {
    -1: Meaning(Failure.RETRY, "is busy"),
    130101: _TOO_MUCH,
    410100: _TOO_MUCH,
    300001: _NO_TOKEN,
    300005: _NO_TOKEN,
    400101: _NO_TOKEN,
    400013: Meaning(Failure.CLOSED, "has no group any more"),
    400102: Meaning(Failure.CLOSED, "was switched off"),
    400106: Meaning(Failure.CLOSED, "does not exist"),
    310000: Meaning(Failure.CLOSED, "refused us by its security settings"),
    40035: _UNFIT,
    43004: _UNFIT,
    400105: _UNFIT,
    460101: Meaning(Failure.PERMANENT, "does not take a message of this length"),
    430101: _CENSORED,
    430102: _CENSORED,
    430103: _CENSORED,
    430104: _CENSORED,
}

# 310000 stands for four things, which only the words tell apart, in English or in Chinese; all of them close the way.
# The Chinese words about a wrong signature speak of the time as well.
_REFUSALS = (
    (("keyword", "关键词"), "refused the message for want of its keyword"),
    (("sign not", "签名"), "refused the signature: the secret is wrong"),
    (("timestamp", "时间戳"), "refused the time of the message: our clock is wrong"),
    (("whitelist", "白名单"), "refused our address: it is not in its list"),
)


async def send(settings: DingTalkSettings, notice: Notice) -> Sent:
    """Return when the robot has answered code 0. Raises DeliveryError, as MEANINGS and robots.judge say."""
    answer = await robots.post(
        WHO,
        f"{settings.endpoint}?{_query(settings, int(time.time() * 1000))}",
        message(settings, notice),
        settings.allow_networks,
        settings.timeout_seconds,
    )
    said = robots.told(answer, "errcode")
    _check_address_blocked(answer, said.fields)
    robots.judge(WHO, answer, said.code, _meanings(said))
    return Sent()


def message(settings: DingTalkSettings, notice: Notice) -> dict[str, Any]:
    """The message as the robot takes it."""
    phones = robots.mentioned(notice)
    after = "".join(f"\n{settings.keyword}" * (settings.keyword not in notice.subject))
    after += "\n" * bool(phones) + " ".join(f"@{phone}" for phone in phones)
    shell = _shell("", phones, settings.mention_all)
    room = LARGEST_REQUEST - len(robots.encoded(shell))
    return _shell(robots.fitted(notice, room, robots.json_size, after), phones, settings.mention_all)


def _shell(content: str, phones: list[str], everybody: bool) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}, "at": {"atMobiles": phones, "isAtAll": everybody}}


def signature(secret: str, timestamp: int) -> str:
    """The Base64 text of the signature; timestamp in ms."""
    signed = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _query(settings: DingTalkSettings, timestamp: int) -> str:
    query: dict[str, Any] = {"access_token": robots.secret_of(WHO, settings.access_token, "access_token")}
    secret = settings.secret.strip()
    if secret:
        query |= {"timestamp": timestamp, "sign": signature(secret, timestamp)}
    return urlencode(query)


def _meanings(said: Told) -> Mapping[int, Meaning]:
    """MEANINGS, and what the words say where a code has several."""
    words = str(said.fields.get("errmsg", "")).lower()
    if said.code == 300001 and any(word in words for word in ("too fast", "频", "限流")):
        return {300001: _TOO_MUCH}
    if said.code == 310000:
        for marks, sentence in _REFUSALS:
            if any(mark in words for mark in marks):
                return {310000: Meaning(Failure.CLOSED, sentence)}
    return MEANINGS


def _check_address_blocked(answer: http.Answer, fields: Mapping[str, Any]) -> None:
    """DingTalk's shield before all its services bars addresses that call too much, in a form of its own.

    {"status": 1111, "wait": 5, "punish": "deny", ...}, wait in minutes; sometimes inside of an HTML page.
    """
    blocked = fields.get("punish") == "deny" or (not fields and b'"punish":"deny"' in answer.body.replace(b" ", b""))
    if blocked:
        wait = fields.get("wait")
        minutes = wait if type(wait) is int and 1 <= wait <= 60 else 5
        raise DeliveryError(f"{WHO} bars our address for a while", Failure.RETRY, minutes * 60_000, code="1111")


# 18 of 20 a minute, for our clock and theirs begin their minutes apart. 200 alerts leave 90 bytes for each.
TRANSPORT = Transport("dingtalk", Addressing.EVERYONE, DingTalkSettings, send, per_minute=18, most_alerts=200)
