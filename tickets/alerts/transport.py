"""What every way of telling people looks like."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tickets.alerts.notice import Notice, Sent


class Addressing(StrEnum):
    """What a transport needs to know of the person it tells: one delivery per person, but for EVERYONE."""

    MAIL = "mail"
    PHONE = "phone"
    AGENT = "agent"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Transport:
    """A way to tell people about alerts.

    settings: the frozen dataclass of its module, validated from the settings file; its first argument everywhere.
    send(settings, notice) returns Sent when the peer has taken it and raises DeliveryError otherwise.
    inquire(settings, notice, since) asks the peer whether an earlier attempt, made at since (epoch ms) or later,
    arrived: Sent if so, None if certainly not. It raises DeliveryError: UNKNOWN if it cannot tell (yet), otherwise what
    became of that attempt. None: the peer cannot be asked.
    per_minute: how many messages the peer takes in a minute, 0 for no limit of its own.
    most_alerts: how many alerts one message may name at most.
    """

    kind: str
    addressing: Addressing
    settings: type[Any]
    send: Callable[[Any, Notice], Awaitable[Sent]]
    inquire: Callable[[Any, Notice, int], Awaitable[Sent | None]] | None = None
    per_minute: int = 0
    most_alerts: int = 100
