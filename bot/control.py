"""How the command line reaches a server that is running: a socket in the data folder, for its owner alone.

Only one process may write to a data folder, so a command that writes either does the work itself, when no server
runs there, or asks the server to do it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.commands import COMMANDS, CommandRefused
from bot.errors import PathTooLong
from storage.database import Database
from storage.errors import StorageError

SOCKET_NAME = "control.sock"
TIMEOUT_S = 120.0
LONGEST_PATH = 107


async def open_control(folder: Path, database: Database, clock: Callable[[], int]) -> web.AppRunner:
    """Listen for commands on this machine; the caller cleans the runner up.

    Raises PathTooLong: a Unix socket's path has an upper limit (unix(7): 108 bytes).
    """
    path = folder / SOCKET_NAME
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise PathTooLong(f"the path of the data folder is too long for its control socket: {path}")

    async def run(request: web.Request) -> web.Response:
        command = COMMANDS.get(request.match_info["name"])
        if command is None:
            raise web.HTTPNotFound
        try:
            result = await command(database, await request.json(), clock())
        except (CommandRefused, StorageError) as error:
            return web.json_response({"refused": str(error)}, status=409)
        return web.json_response(result)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/{name}", run)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    path.unlink(missing_ok=True)
    await web.UnixSite(runner, str(path)).start()
    path.chmod(0o600)
    return runner


async def ask_server(folder: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have the server that holds this folder carry out a command. Raises CommandRefused."""
    connector = aiohttp.UnixConnector(str(folder / SOCKET_NAME))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(f"http://server/{name}", data=json.dumps(arguments)) as response,
        ):
            answer: dict[str, Any] = await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise CommandRefused(f"the server using {folder} does not answer: {error}") from error
    if "refused" in answer:
        raise CommandRefused(answer["refused"])
    return answer
