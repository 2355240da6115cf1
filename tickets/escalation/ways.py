"""The ways of telling people that are set up: a transport with its settings, under the name that chains use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tickets.alerts.transport import Transport


@dataclass(frozen=True, slots=True)
class Way:
    """One configured transport."""

    name: str
    transport: Transport
    settings: Any = field(repr=False)

    @property
    def topic(self) -> str:
        """The outbox topic of its messages."""
        return f"alert.{self.name}"


Ways = Mapping[str, Way]
