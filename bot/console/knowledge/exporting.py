"""Every entry as a file, in each format that can be read back."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bot.console.access import Permission, Route
from bot.keys import CLOCK, DATABASE
from knowledgebase.authoring import entries
from knowledgebase.authoring.transfer import write_entries
from knowledgebase.model import Entry

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
}
TURN = web.AppKey("console_export_turn", asyncio.Semaphore)


async def export(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/export.csv, .xlsx, .jsonl: the working copy of every entry."""
    ending = request.match_info["ending"]
    found = await request.config_dict[DATABASE].read(entries.every_entry)
    async with request.config_dict[TURN]:
        body = await asyncio.to_thread(_written, found, ending)
    day = datetime.fromtimestamp(request.config_dict[CLOCK]() / 1000, UTC).strftime("%Y-%m-%d")
    headers = {"Content-Type": TYPES[ending], "Content-Disposition": f'attachment; filename="entries-{day}.{ending}"'}
    return web.Response(body=body, headers=headers)


def _written(found: Sequence[Entry], ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"entries.{ending}"
        write_entries(path, found)
        return path.read_bytes()


ROUTES = (Route("GET", "/knowledge/export.{ending:csv|xlsx|jsonl}", export, Permission.SUPERVISOR),)
