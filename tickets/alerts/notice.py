"""One alert on its way to one recipient."""

from dataclasses import dataclass, field
from typing import Any

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a transport sends. key names this delivery and is the same at every attempt.

    recipient is a mail address, or EVERYONE for a transport that addresses no one. subject and text are the
    finished words; facts are the outbox row's payload, for transports that pass on data.
    """

    alert_id: str
    key: str
    ticket_number: str
    level: int
    recipient: str
    subject: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)
