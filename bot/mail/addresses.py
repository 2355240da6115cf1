"""Addresses and Message-IDs of ours that prove by themselves what they belong to. Pure.

A token is a letter for its purpose, the id as 26 characters of base32, a dot, and 16 characters (80 bits) of an
HMAC-SHA-256 over letter and id. Base32, because the local part of an address loses its case on the way. A token says
what a mail belongs to, never who wrote it.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

LONGEST_LOCAL_PART = 64  # RFC 5321, section 4.5.3.1.1
TAG_CHARACTERS = 16
_TOKEN = re.compile(r"([a-z])([a-z2-7]{26})\.([a-z2-7]{16})")


class Purpose(StrEnum):
    """What a token stands in: an address to reply to, an address for bounces, a Message-ID."""

    REPLY = "c"
    BOUNCE = "b"
    MESSAGE = "m"


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads tokens with the key of this installation."""

    key: str = field(repr=False)

    def reply_address(self, mailbox: str, conversation_id: str) -> str:
        """Where an answer within this conversation goes; the mailbox's own address if a token would not fit into it."""
        return self._signed_address(mailbox, Purpose.REPLY, conversation_id)

    def bounce_address(self, mailbox: str, sent_id: str) -> str:
        """Where a report about this mail of ours goes; the mailbox's own address if a token would not fit into it."""
        return self._signed_address(mailbox, Purpose.BOUNCE, sent_id)

    def message_id(self, sent_id: str, domain: str) -> str:
        """The Message-ID of a mail of ours, without angle brackets."""
        return f"{self._token(Purpose.MESSAGE, sent_id)}@{domain}"

    def conversation_of(self, address: str) -> str | None:
        """The conversation whose reply address this is, or None."""
        return self._id_in_address(Purpose.REPLY, address)

    def sent_of_bounce(self, address: str) -> str | None:
        """The mail of ours whose bounce address this is, or None."""
        return self._id_in_address(Purpose.BOUNCE, address)

    def sent_of(self, message_id: str) -> str | None:
        """The mail of ours that bears this Message-ID, or None."""
        return self._read(Purpose.MESSAGE, message_id.partition("@")[0])

    def _signed_address(self, mailbox: str, purpose: Purpose, id: str) -> str:
        local, _, domain = mailbox.rpartition("@")
        signed = f"{local}+{self._token(purpose, id)}"
        return f"{signed}@{domain}" if len(signed.encode()) <= LONGEST_LOCAL_PART else mailbox

    def _id_in_address(self, purpose: Purpose, address: str) -> str | None:
        return self._read(purpose, address.rpartition("@")[0].rpartition("+")[2])

    def _read(self, purpose: Purpose, token: str) -> str | None:
        """The id in a token of this purpose, if we made it."""
        found = _TOKEN.fullmatch(token.lower())
        if found is None or found[1] != purpose:
            return None
        id = str(UUID(bytes=b32decode(found[2].upper() + "======")))
        return id if hmac.compare_digest(self._token(purpose, id), found[0]) else None

    def _token(self, purpose: Purpose, id: str) -> str:
        told = f"{purpose}{_base32(UUID(id).bytes)}"
        tag = hmac.digest(self.key.encode(), told.encode(), hashlib.sha256)
        return f"{told}.{_base32(tag)[:TAG_CHARACTERS]}"


def unsigned(address: str) -> str:
    """The mailbox's own address behind a reply or bounce address, signed rightly or not; any other unchanged."""
    local, _, domain = address.rpartition("@")
    own, _, token = local.rpartition("+")
    return f"{own}@{domain}" if own and _TOKEN.fullmatch(token.lower()) else address


def _base32(content: bytes) -> str:
    return b32encode(content).decode("ascii").rstrip("=").lower()
