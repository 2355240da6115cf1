"""The ways of telling people that are set up: a transport with its settings, under the name that chains use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tickets.alerts.transport import Addressing, Transport

CONSOLE = "console"
"""The name of the way within the console, as chains use it; its lists are there whether that is set up or not."""

ALERTS = "alert."
TESTS = "test."
"""What the outbox topics of ways begin with; the way's name follows."""


@dataclass(frozen=True, slots=True)
class Way:
    """One configured transport."""

    name: str
    transport: Transport
    settings: Any = field(repr=False)

    @property
    def topic(self) -> str:
        """The outbox topic of its messages."""
        return f"{ALERTS}{self.name}"

    @property
    def test_topic(self) -> str:
        """The outbox topic of its tests, which go out although it is closed."""
        return f"{TESTS}{self.name}"

    @property
    def is_outside(self) -> bool:
        """Whether it leaves the console. That a page there is open does not mean that anybody looks at it."""
        return self.transport.addressing is not Addressing.AGENT


Ways = Mapping[str, Way]


def way_of_topic(topic: str) -> str | None:
    """The name of the way, set up or not, whose messages have this outbox topic; None for what no way sends."""
    return next((topic.removeprefix(kind) for kind in (ALERTS, TESTS) if topic.startswith(kind)), None)
