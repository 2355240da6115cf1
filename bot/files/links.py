"""Links to kept files: signed, ending, each for one file and one way of looking at it. Pure but for the clock given."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itsdangerous import Signer

from tickets.attachments import Attachment

GOOD_FOR_MS = 24 * 3_600_000
# Links of the same hours are the same: a page that looks again does not load every picture anew.
ROUNDED_TO_MS = 6 * 3_600_000
PATH = "/files/"


class View(StrEnum):
    """How much of a file a link shows."""

    WHOLE = "w"
    THUMBNAIL = "t"


class LinkForged(Exception):
    """Not a link of ours."""


class LinkExpired(Exception):
    """A link that was good once."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to."""

    attachment_id: str
    view: View


class Links:
    """Makes and reads links with one secret; origin is where they lead, without a trailing slash."""

    def __init__(self, secret: str, origin: str) -> None:
        self._signer = Signer(secret, salt="files", digest_method=hashlib.sha256)
        self._origin = origin

    def make(self, attachment_id: str, view: View, now: int) -> str:
        """The address; good for at least GOOD_FOR_MS."""
        until = (now // ROUNDED_TO_MS + 1) * ROUNDED_TO_MS + GOOD_FOR_MS
        return self._origin + PATH + self._signer.sign(f"{attachment_id}.{view}.{until}").decode()

    def read(self, token: str, now: int) -> Link:
        """What the token of an address leads to. Raises LinkForged, LinkExpired."""
        told = token.encode("utf-8", "replace")
        signed = told.rpartition(b".")[0]
        # Signed again and compared whole: a signature has other spellings in base64, which are none of ours.
        if not hmac.compare_digest(self._signer.sign(signed), told):
            raise LinkForged
        attachment_id, view, until = signed.decode().split(".")
        if int(until) < now:
            raise LinkExpired
        return Link(attachment_id, View(view))

    def item(self, attachment: Attachment, now: int) -> dict[str, Any]:
        """A file as pages get it: the thumbnail only where there is one."""
        told: dict[str, Any] = {
            "id": attachment.id,
            "name": attachment.name,
            "content_type": attachment.content_type,
            "size": attachment.size,
            "url": self.make(attachment.id, View.WHOLE, now),
        }
        if attachment.thumbnail_hash is not None:
            told["thumbnail"] = self.make(attachment.id, View.THUMBNAIL, now)
            told |= {"width": attachment.width, "height": attachment.height}
        return told
