"""What every test may ask for, the options of our own, and what is said about tests that could not be run."""

import asyncio
import os
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import PATIENCE_S, Clock, Server
from tests.fresh import Copies, make_pattern

StartServer = Callable[..., Awaitable[Server]]


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of which the tests' databases are copies."""
    return make_pattern(tmp_path_factory.mktemp("pattern") / "data")


@pytest.fixture(autouse=True)
def fresh_databases(pattern: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases that a test makes in this process are copies; the tests of the storage make real ones."""
    monkeypatch.setattr("storage.sqlite.make_file", Copies(pattern))


# How long the program waits for its own parts before it does without them: on a machine that is busy with others it
# would do without for no fault of its own. Tests of a limit set their own.
PATIENT = (
    "bot.console.live.ANSWERED_WITHIN_S",
    "bot.console.mail.apart.WITHIN_S",
    "bot.console.mail.letters.READ_WITHIN_S",
    "bot.mail.settling.loop.READ_WITHIN_S",
    "bot.mail.settling.loop.CHECK_WITHIN_S",
    "bot.mail.settling.loop.DRAW_WITHIN_S",
    "bot.mail.settling.signatures.LOOKUP_S",
    "knowledgebase.encoders.store.FEW_WITHIN_S",
)


@pytest.fixture(scope="session", autouse=True)
def patient_program() -> Iterator[None]:
    """What is waited for within the program may take as long as the tests have patience."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in PATIENT:
            patch.setattr(limit, PATIENCE_S)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_late_connections() -> Iterator[None]:
    """Close a connection that was accepted just before its server was closed: Python 3.11 leaves its socket open."""
    accept = BaseSelectorEventLoop._accept_connection2  # type: ignore[attr-defined]

    async def accept_in_time(
        loop: asyncio.AbstractEventLoop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        connection: socket.socket,
        extra: dict[str, Any],
        sslcontext: object = None,
        server: asyncio.Server | None = None,
        *more: float,
    ) -> None:
        if server is not None and not server.sockets:
            connection.close()
        else:
            await accept(loop, protocol_factory, connection, extra, sslcontext, server, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseSelectorEventLoop, "_accept_connection2", accept_in_time)
        yield


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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=15, help="how often the crash journey kills the server")
    parser.addoption("--mails", type=int, default=60, help="how many mails come in while the server is killed")
    parser.addoption("--mail-kills", type=int, default=6, help="how often the server is killed while mails come in")
    parser.addoption("--letter-kills", type=int, default=4, help="how often the server is killed with a letter")
    parser.addoption("--alert-kills", type=int, default=4, help="how often the server is killed with alerts")
    parser.addoption("--file-kills", type=int, default=8, help="how often a process is killed while it keeps files")
    parser.addoption("--tokens", type=int, default=5_000, help="how many damaged and guessed links are tried")
    parser.addoption("--races", type=int, default=60, help="how often an answer races with its deadline")
    parser.addoption("--bounces", type=int, default=30, help="how many bounces come in at once")
    parser.addoption("--deadlines", type=int, default=300, help="how many random deadlines are reckoned twice")
    parser.addoption("--desks", type=int, default=15, help="how many random days at the desk are played")
    parser.addoption("--cuts", type=int, default=300, help="how many messages of robots are cut to their length")
    parser.addoption("--seed", type=int, default=20261121, help="what random journeys start from")
    parser.addoption("--mutations", type=int, default=600, help="how many damaged mails are read")
    parser.addoption("--pictures", action="store_true", help="renew docs/pictures/ from the browser journey")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: no worker shall begin one when the others have nothing left to do."""
    long = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "browser")))}
    items.sort(key=lambda item: item.path not in long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test that was not run, with the reason: a skip must be seen."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(f"NOT RUN  {report.nodeid}: {reason.removeprefix('Skipped: ')}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything has to be there (CI=true), a test that was not run is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if skipped and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
