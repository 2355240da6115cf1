"""One message on its way to one recipient about one or more alerts, and what came of it."""

from dataclasses import dataclass, field
from typing import Any

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a transport sends. key names this delivery and is the same at every attempt.

    recipient is what the transport addresses: a mail address, a phone number in E.164, an agent's id, or EVERYONE for
    one that addresses no one. mentions are phone numbers (E.164) of people whom a robot's message should name.
    subject and text are the finished words, and more those that stand where a transport has to cut them. numbers are
    the tickets that it is about, the most urgent first; facts tells more of each, for transports that pass on data.
    Nothing here is a customer's own words.
    """

    key: str
    recipient: str
    subject: str
    text: str
    numbers: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    facts: tuple[dict[str, Any], ...] = field(default=())
    more: str = "…"


@dataclass(frozen=True, slots=True)
class Sent:
    """The peer has taken it. reference is the peer's own name for it, by which its staff can find it; "" if none."""

    reference: str = ""
