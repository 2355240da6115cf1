"""What every end-to-end test may ask for: a server that runs, and a clock that obeys."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Clock, Server

StartServer = Callable[..., Awaitable[Server]]


@pytest.fixture
def clock() -> Clock:
    """Monday morning."""
    return Clock()


@pytest.fixture
async def start_server(tmp_path: Path, clock: Clock) -> AsyncIterator[StartServer]:
    """Starts servers, each with these settings over the defaults: ``await start_server(chat={...})``."""
    started: list[Server] = []

    async def start(**settings: Any) -> Server:
        server = Server(tmp_path / f"data-{len(started)}", settings, clock)
        started.append(server)
        await server.start()
        await server.publish()
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """A server with the default settings and the cast's entries."""
    return await start_server()
