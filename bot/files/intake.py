"""A file taken in: named, recognised, drawn small and kept, so that only its row is still to be written.

Whoever has the row writes it with tickets.attachments.keep. A file that gets none is swept a day later.
"""

import asyncio
from dataclasses import dataclass

from bot.files.names import safe_name
from bot.files.types import sniff
from bot.pictures import Drawing, PictureRefused, draw
from storage.blobs import Blobs
from storage.database import new_id
from tickets.attachments import Attachment

NAMELESS = "file"
THUMBNAIL_SIDE = 480
LARGEST_THUMBNAIL = 200 * 1024
# A second and 200 MB for the worst of them: a WebP of two kilobytes may hold forty million pixels.
MOST_DRAWN_PIXELS = 10_000_000
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it arrived: what its sender calls it, its bytes, and what a mail says of it beside that."""

    name: str
    content: bytes
    content_id: str | None = None
    inline: bool = False
    mark: str | None = None


class Intake:
    """Takes files in, a few at once, off the event loop. Lives as long as the server."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def take_in(self, found: Found, owner: str, now: int, position: int = 0, drawing: bool = True) -> Attachment:
        """The row to be written for this file, whose bytes are on the disk when this returns; a picture gets its
        small one if drawing.

        owner: 'contact:<id>', 'agent:<id>' or 'mail:<id>'. Raises StorageUnavailable; nothing in a file raises.
        """
        async with self._turns:
            return await asyncio.to_thread(take_in, self._blobs, found, owner, now, position, drawing)


def take_in(blobs: Blobs, found: Found, owner: str, now: int, position: int = 0, drawing: bool = True) -> Attachment:
    """The same in this thread: it computes and waits for the disk."""
    name = safe_name(found.name, NAMELESS)
    content_type = sniff(found.content, name)
    small = _thumbnail(found.content) if drawing and content_type.startswith("image/") else None
    return Attachment(
        id=new_id(),
        owner=owner,
        message_id=None,
        position=position,
        name=name,
        content_type=content_type,
        size=len(found.content),
        hash=blobs.keep(found.content),
        created_at=now,
        thumbnail_hash=blobs.keep(small.body) if small else None,
        width=small.seen_width if small else None,
        height=small.seen_height if small else None,
        content_id=found.content_id,
        inline=found.inline,
        mark=found.mark,
    )


def _thumbnail(content: bytes) -> Drawing | None:
    """None of what is no picture after all, or one that takes more than it may."""
    try:
        return draw(content, THUMBNAIL_SIDE, LARGEST_THUMBNAIL, MOST_DRAWN_PIXELS)
    except PictureRefused:
        return None
