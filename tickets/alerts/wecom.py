"""Alerts to a group of WeCom (企业微信) through its group robot.

POST /cgi-bin/webhook/send?key=KEY with a text message of at most 2048 bytes; at most 20 messages a minute. There is
no signature: who has the key may write. Format and limits: developer.work.weixin.qq.com, document 91770; codes:
document 90313. Members are mentioned by phone number.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tickets.alerts import robots
from tickets.alerts.egress import check_networks
from tickets.alerts.errors import Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.robots import Meaning
from tickets.alerts.transport import Addressing, Transport

WHO = "the WeCom robot"
LARGEST_TEXT = 2048


@dataclass(frozen=True, slots=True)
class WeComSettings:
    """key: the part of the robot's address behind key=, or all of the address."""

    key: str = field(repr=False)
    mention_all: bool = False
    endpoint: str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError for a network that is none."""
        check_networks(self.allow_networks)


# Closed: the robot is gone, was switched off or is in no group, so it takes nothing before somebody has seen to it.
# Permanent: it does not take this message.
MEANINGS = {
    -1: Meaning(Failure.RETRY, "is busy"),
    45009: Meaning(Failure.RETRY, "was sent too much", 60_000),
    45033: Meaning(Failure.RETRY, "was sent too much at once", 10_000),
    93000: Meaning(Failure.CLOSED, "does not exist: its key is wrong or it was removed from the group"),
    93004: Meaning(Failure.CLOSED, "was switched off"),
    93008: Meaning(Failure.CLOSED, "is not in the group"),
    40008: Meaning(Failure.PERMANENT, "does not take this kind of message"),
    40035: Meaning(Failure.PERMANENT, "does not take this message"),
    40058: Meaning(Failure.PERMANENT, "does not take this message"),
    44004: Meaning(Failure.PERMANENT, "does not take a message without text"),
    45002: Meaning(Failure.PERMANENT, "does not take a message of this length"),
}


async def send(settings: WeComSettings, notice: Notice) -> Sent:
    """Return when the robot has answered code 0. Raises DeliveryError, as MEANINGS and robots.judge say."""
    answer = await robots.post(
        WHO,
        f"{settings.endpoint}?key={quote(robots.secret_of(WHO, settings.key, 'key'), safe='')}",
        message(settings, notice),
        settings.allow_networks,
        settings.timeout_seconds,
    )
    robots.judge(WHO, answer, robots.told(answer, "errcode").code, MEANINGS)
    return Sent()


def message(settings: WeComSettings, notice: Notice) -> dict[str, Any]:
    """The message as the robot takes it."""
    text: dict[str, Any] = {"content": robots.fitted(notice, LARGEST_TEXT, robots.plain_size)}
    mentions = robots.mentioned(notice) + ["@all"] * settings.mention_all
    if mentions:
        text["mentioned_mobile_list"] = mentions
    return {"msgtype": "text", "text": text}


# 18 of 20 a minute, for our clock and theirs begin their minutes apart. 50 alerts leave 40 bytes for each.
TRANSPORT = Transport("wecom", Addressing.EVERYONE, WeComSettings, send, per_minute=18, most_alerts=50)
