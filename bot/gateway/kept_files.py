"""Files of messages, for whoever was given the link, and the upload of a chat page."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.errors import FrameError
from bot.files.links import Link, LinkExpired, LinkForged, View
from bot.files.types import Family, family
from bot.files.uploads import STATUS, UploadRefused
from bot.gateway.addresses import subscriber
from bot.gateway.polling import bearer, check_origin, cors, visitor_address
from bot.keys import BLOBS, CHAT, CLOCK, DATABASE, LINKS, TEMPLATES, UPLOADS
from storage.blobs import BlobMissing
from storage.errors import StorageUnavailable
from tickets import attachments
from tickets.attachments import Attachment

DRAWN = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
HEADERS = {
    "Cache-Control": "private, max-age=21600, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def show_file(request: web.Request) -> web.StreamResponse:
    """GET /files/{token}: the file, for saving unless it is a picture that was drawn; 410 once the link has ended."""
    try:
        link = request.app[LINKS].read(request.match_info["token"], request.app[CLOCK]())
    except LinkForged as error:
        raise web.HTTPNotFound from error
    except LinkExpired:
        return _gone(request)
    found = await request.app[DATABASE].read(attachments.find, link.attachment_id)
    if found is None:
        raise web.HTTPNotFound
    return await _sent(request, link, found)


async def _sent(request: web.Request, link: Link, found: Attachment) -> web.StreamResponse:
    name = found.thumbnail_hash if link.view is View.THUMBNAIL else found.hash
    if name is None:
        raise web.HTTPNotFound
    path = request.app[BLOBS].path(name)
    head = await asyncio.to_thread(_head, path)
    drawn = link.view is View.THUMBNAIL
    content_type = next((one for mark, one in DRAWN.items() if head.startswith(mark)), "") if drawn else ""
    inline = drawn or (found.thumbnail_hash is not None and family(found.content_type) is Family.PICTURE)
    kind = "inline" if inline else "attachment"
    headers = {**HEADERS, "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(found.name, safe='')}"}
    return web.FileResponse(path, headers={**headers, "Content-Type": content_type or found.content_type})


def _gone(request: web.Request) -> web.Response:
    words: Any = request.app[TEMPLATES].get_template("chat/gone.html")
    headers = {**HEADERS, "Cache-Control": "no-store", "Content-Security-Policy": PAGE_POLICY}
    return web.Response(text=words.render(), content_type="text/html", status=410, headers=headers)


async def upload(request: web.Request) -> web.Response:
    """POST /chat/files, the body is the file: {"id", "name", …}, to be named in the next message."""
    check_origin(request)
    desk = request.app[CHAT]
    try:
        visitor = desk.visitors.address(bearer(request))
        desk.traffic.upload(visitor, subscriber(visitor_address(request)))
        kept = await request.app[UPLOADS].take(request, f"contact:{visitor}", request.app[CLOCK]())
    except FrameError as error:
        return _refused(request, error.code, 429 if error.code == "too_fast" else 401)
    except UploadRefused as refused:
        return _refused(request, f"file_{refused.reason}", STATUS[refused.reason])
    except StorageUnavailable:
        return _refused(request, "unavailable", 503)
    return web.json_response(request.app[LINKS].item(kept, request.app[CLOCK]()), headers=cors(request))


def _refused(request: web.Request, code: str, status: int) -> web.Response:
    """The rest of the body is not read: the connection ends."""
    response = web.json_response({"error": code}, status=status, headers=cors(request))
    response.force_close()
    return response


def _head(path: Path) -> bytes:
    """The first bytes. Blocks on the disk. Raises StorageUnavailable."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except FileNotFoundError as error:
        raise BlobMissing(f"the file {path.name} is not on the disk") from error
    except OSError as error:
        raise StorageUnavailable(f"cannot read the file {path.name}: {error.strerror}") from error
