"""What crosses from any channel into the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    CHAT = "chat"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Page:
    """Where on the web a visitor was writing from."""

    url: str
    title: str


class Thread(StrEnum):
    """Which conversation a message goes into: the sender's one, a new one, or a certain one."""

    SENDERS = "senders"
    NEW = "new"
    THIS = "this"


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message from a person, of any channel; received_at is epoch milliseconds UTC.

    external_id is the sender's own id for it and makes a repeat harmless; sender is the address by which the
    channel knows the person. action is the id of a button that was pressed, about the number of the message
    that offered it.

    thread says how the conversation is found; conversation_id is the one that the channel has proved this to belong
    to (Thread.THIS). subject and name are the sender's own words. silent: why the bot must say nothing to this, if
    anything forbids it; a person then answers. facts: what the channel knows about the message, for agents alone.
    attachments: ids of kept files of this owner that belong to the message.
    """

    channel: Channel
    external_id: str
    sender: str
    text: str
    received_at: int
    action: str | None = None
    about: int | None = None
    page: Page | None = None
    thread: Thread = Thread.SENDERS
    conversation_id: str | None = None
    subject: str | None = None
    name: str | None = None
    silent: str | None = None
    facts: Mapping[str, Any] | None = None
    attachments: tuple[str, ...] = ()
    attachment_owner: str | None = None
