"""What crosses from any channel into the house."""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    CHAT = "chat"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Page:
    """Where on the web a visitor was writing from."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message from a person, of any channel; received_at is epoch milliseconds UTC.

    external_id is the sender's own id for it and makes a repeat harmless; sender is the address by which the
    channel knows the person. action is the id of a button that was pressed, about the number of the message
    that offered it.
    """

    channel: Channel
    external_id: str
    sender: str
    text: str
    received_at: int
    action: str | None = None
    about: int | None = None
    page: Page | None = None
