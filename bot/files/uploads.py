"""A file that somebody uploads before it goes into a message: bounded, allowed by its kind, kept."""

import asyncio
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

from bot.files.intake import Found, Intake
from bot.files.types import Family, family
from storage.database import Database
from tickets import attachments
from tickets.attachments import Attachment

NAME_HEADER = "X-File-Name"
LONGEST_TOLD = 2_000
CHUNK = 64 * 1024
WITHIN_S = 120.0
AT_ONCE = 8


class UploadRefused(Exception):
    """A file that is not taken. reason: 'too_large', 'empty', 'kind', 'too_slow', 'busy'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


STATUS = {"too_large": 413, "empty": 422, "kind": 415, "too_slow": 408, "busy": 503}


@dataclass(slots=True)
class Uploads:
    """What an upload may be. Lives as long as the server; holds at most AT_ONCE files in memory."""

    intake: Intake
    database: Database
    largest: int
    families: frozenset[Family]
    under_way: int = 0

    async def take(self, request: web.Request, owner: str, now: int) -> Attachment:
        """The body of this request as a kept file of this owner, not yet of a message. Raises UploadRefused."""
        if self.under_way >= AT_ONCE:
            raise UploadRefused("busy")
        self.under_way += 1
        try:
            return await self._keep(Found(told_name(request), await self._body(request)), owner, now)
        finally:
            self.under_way -= 1

    async def _keep(self, found: Found, owner: str, now: int) -> Attachment:
        if not found.content:
            raise UploadRefused("empty")
        kept = await self.intake.take_in(found, owner, now)
        if family(kept.content_type) not in self.families:
            raise UploadRefused("kind")
        await self.database.write(attachments.keep, kept)
        return kept

    async def _body(self, request: web.Request) -> bytes:
        """The whole body; what is larger than it may be is not read to its end, what trickles in is cut."""
        if (request.content_length or 0) > self.largest:
            raise UploadRefused("too_large")
        body = bytearray()
        try:
            async with asyncio.timeout(WITHIN_S):
                async for part in request.content.iter_chunked(CHUNK):
                    body += part
                    if len(body) > self.largest:
                        raise UploadRefused("too_large")
        except TimeoutError as error:
            raise UploadRefused("too_slow") from error
        return bytes(body)


def told_name(request: web.Request) -> str:
    """What the page calls the file: a header, since the body is the file itself."""
    return unquote(request.headers.get(NAME_HEADER, "")[:LONGEST_TOLD])
