"""A mail as it was read: everything decoded, nothing judged yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address of a header; address is lower-case without display name, name may be empty."""

    address: str
    name: str = ""


class PartMark(StrEnum):
    """What a part is beside a file: shown as such, never opened."""

    TNEF = "tnef"
    SMIME = "smime"
    PGP = "pgp"
    CALENDAR = "calendar"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Part:
    """A file in a mail. name is what the sender called it, made safe; content its decoded bytes.

    content_type is what the sender declared, lower-case; inline says that the text refers to it by content_id.
    """

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    inline: bool = False
    mark: PartMark | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What a delivery report says of one recipient (RFC 3464). action is failed, delayed, delivered, relayed or
    expanded; status the enhanced code such as 5.1.1, if one is known."""

    recipient: str | None
    action: str
    status: str | None
    diagnostic: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in readable form. Addresses are lower-case, message ids without angle brackets.

    senders: From as written, usually one. return_path: '' for the null sender, None if no such header stands there.
    in_reply_to and references: ids in their order. headers: every header by lower-case name, decoded, topmost first.
    text: the whole decoded text; written: what the sender wrote now, without quotes and signature, never empty where
    text is not. html: the decoded HTML body, if there is one. charset: the codec that decoded the text; doubtful says
    that it was a guess. report_type: of a multipart/report (or what a provider sends instead). error: why this could
    not be read whole; what could be read is there nevertheless.
    """

    senders: tuple[Mailbox, ...] = ()
    sender: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    return_path: str | None = None
    subject: str = ""
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sent_at: int | None = None
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text: str = ""
    written: str = ""
    html: str | None = None
    charset: str | None = None
    doubtful: bool = False
    parts: tuple[Part, ...] = ()
    report_type: str | None = None
    failures: tuple[Failure, ...] = ()
    original_id: str | None = None
    original_recipient: str | None = None
    error: str | None = None

    @property
    def from_address(self) -> str | None:
        """The one address in From; None if there is none or more than one, for then nobody is identified by it."""
        return self.senders[0].address if len(self.senders) == 1 else None

    def first(self, name: str) -> str | None:
        """The topmost header of this lower-case name, or None."""
        values = self.headers.get(name, ())
        return values[0] if values else None
