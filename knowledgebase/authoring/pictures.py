"""The pictures of answers in the database, each under the hash of its bytes."""

import hashlib
import re
from dataclasses import dataclass

from knowledgebase.authoring.inlines import PICTURE_NAME
from storage.database import Transaction, first

ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_NAME = re.compile(PICTURE_NAME)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be shown; content_type is one of ENDINGS, width and height are pixels."""

    content_type: str
    width: int
    height: int
    body: bytes

    @property
    def name(self) -> str:
        """Its name below /media/: what it is and how large, so that a page can keep the room for it."""
        digest = hashlib.sha256(self.body).hexdigest()[:32]
        return f"{digest}-{self.width}x{self.height}.{ENDINGS[self.content_type]}"


def keep(tx: Transaction, picture: Picture, by: str, now: int) -> None:
    """Keep the picture; one that is there already stays as it is."""
    tx.change(
        "INSERT INTO picture (name, content_type, body, uploaded_by, uploaded_at)"
        " VALUES (:name, :content_type, :body, :by, :now) ON CONFLICT (name) DO NOTHING",
        {
            "name": picture.name,
            "content_type": picture.content_type,
            "body": picture.body,
            "by": by,
            "now": now,
        },
    )


def find(tx: Transaction, name: str) -> tuple[str, bytes] | None:
    """The content type and the bytes of the picture of this name, or None."""
    if not _NAME.fullmatch(name):
        return None
    row = first(tx.execute("SELECT content_type, body FROM picture WHERE name = :name", {"name": name}))
    return (row["content_type"], bytes(row["body"])) if row else None
