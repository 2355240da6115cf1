"""The ways an alert reaches people outside the console: one module per transport, and their registry."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tickets.alerts import mail, webhook
from tickets.alerts.errors import DeliveryError
from tickets.alerts.notice import EVERYONE, Notice

__all__ = ["EVERYONE", "TRANSPORTS", "DeliveryError", "Notice", "Transport"]


@dataclass(frozen=True, slots=True)
class Transport:
    """A way out. personal: one delivery per person; otherwise one per alert, addressed to EVERYONE.

    send(settings, notice) takes the settings class of its module and raises DeliveryError.
    """

    name: str
    topic: str
    personal: bool
    send: Callable[[Any, Notice], Awaitable[None]]


TRANSPORTS = {
    "mail": Transport("mail", "alert.mail", personal=True, send=mail.send),
    "webhook": Transport("webhook", "alert.webhook", personal=False, send=webhook.send),
}
