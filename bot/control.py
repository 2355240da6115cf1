"""How the command line reaches a server that is running: a socket in the data folder, for its owner alone.

Only one process may write to a data folder, so a command that writes either does the work itself, when no server
runs there, or asks the server to do it.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.commands import COMMANDS, CommandRefused
from storage.database import Database
from storage.errors import StorageError

SOCKET_NAME = "control.sock"
TIMEOUT_S = 120.0
SHUTDOWN_WITHIN_S = 2.0
LONGEST_ADDRESS = 100


async def open_control(folder: Path, database: Database, clock: Callable[[], int]) -> web.AppRunner:
    """Listen for commands on this machine; the caller cleans the runner up."""

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
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_WITHIN_S)
    await runner.setup()
    path = folder / SOCKET_NAME
    path.unlink(missing_ok=True)
    with _address(path) as address, _for_the_owner_alone():
        await web.UnixSite(runner, address).start()
    return runner


@contextlib.contextmanager
def _for_the_owner_alone() -> Iterator[None]:
    """What is made meanwhile nobody else may use, from its first moment on: a socket cannot be made with a mode."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """A name of this socket short enough to be a socket's address, however deep the folder is."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def ask_server(folder: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have the server that holds this folder carry out a command. Raises CommandRefused."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        with _address(folder / SOCKET_NAME) as address:
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(address), timeout=timeout) as session,
                session.post(f"http://server/{name}", data=json.dumps(arguments)) as response,
            ):
                answer: dict[str, Any] = await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise CommandRefused(f"the server using {folder} does not answer: {error}") from error
    if "refused" in answer:
        raise CommandRefused(answer["refused"])
    return answer
