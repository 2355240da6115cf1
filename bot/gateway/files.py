"""Our own scripts, styles and pictures: read once at the start, sent from memory, checked again by their ETag."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: str
    etag: str


class Files:
    """The files of one folder below bot/static/. Never changes: what was not there at the start is not found."""

    def __init__(self, folder: str, headers: Mapping[str, str] | None = None) -> None:
        self._headers = {"Cache-Control": "no-cache", **(headers or {})}
        self._files = {path.name: _read(path) for path in (STATIC / folder).iterdir() if path.is_file()}

    def answer(self, request: web.Request, name: str) -> web.Response:
        """The file, or 304 where the browser has this very one. Raises HTTPNotFound."""
        file = self._files.get(name)
        if file is None:
            raise web.HTTPNotFound
        headers = {**self._headers, "ETag": f'"{file.etag}"'}
        if any(known.value in (file.etag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})


def _read(path: Path) -> _File:
    body = path.read_bytes()
    return _File(body, TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:32])
