"""A mail of ours before it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Passage:
    """One message of the conversation as the mail carries it: its text, and its blocks where it has any."""

    text: str
    blocks: Sequence[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with the mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """All that a mail of ours says.

    sender is the mailbox's address, title how we call ourselves, reply_to where an answer shall go. Message ids are
    without angle brackets; references are oldest first and end with the mail that is answered. sent_at: epoch
    milliseconds. automatic: no person wrote it. invites_reply: a person answers whoever replies to it, and it says so.
    language: 'zh', 'zh-TW' or 'en'. asked: what the customer wrote, to be quoted; None if nothing of it may be
    repeated. agent: who signs, if a person does. base: our address on the web, for what is linked.
    """

    sender: str
    title: str
    recipient: str
    reply_to: str
    message_id: str
    sent_at: int
    subject: str
    automatic: bool
    language: str
    said: tuple[Passage, ...]
    invites_reply: bool = False
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    asked: str | None = None
    agent: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    base: str = ""
