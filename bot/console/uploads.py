"""A file that comes with a form: read within bounds of size and time, kept nowhere but in memory."""

import asyncio
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from bot.console.access import UPLOAD

MOST_FIELDS = 5
CHUNK = 64 * 1024
WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser sent it; the name is what somebody typed, and good for showing and its ending alone."""

    name: str
    content: bytes


async def read_upload(request: web.Request, field: str, largest: int) -> Upload | None:
    """The file of this field, None if the form has none.

    Raises HTTPRequestEntityTooLarge for more than largest bytes, HTTPRequestTimeout, HTTPBadRequest.
    """
    if UPLOAD not in request:
        return None
    try:
        async with asyncio.timeout(WITHIN_S):
            return await _find(request, field, largest)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ValueError, LookupError, RuntimeError) as error:
        raise web.HTTPBadRequest(reason="Not a form") from error


async def _find(request: web.Request, field: str, largest: int) -> Upload | None:
    for _ in range(MOST_FIELDS):
        part = await request[UPLOAD].next()
        if part is None:
            return None
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest(reason="A form within a form")
        content = await _read(part, largest)
        if part.name == field and part.filename:
            return Upload(part.filename, content)
    raise web.HTTPBadRequest(reason="More fields than the form has")


async def _read(part: BodyPartReader, largest: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        content += chunk
        if len(content) > largest:
            raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=len(content))
    return bytes(content)
