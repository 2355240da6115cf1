"""A server from start to stop: opens the data, listens, says where, and drains when told to end."""

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from aiohttp import web

from bot.app import build_app
from bot.config import Config
from bot.console.setup import new_setup_link
from bot.control import SOCKET_NAME, open_control
from bot.keys import CLOCK, CONSOLE_SETTINGS, DATABASE
from knowledgebase.authoring import entries
from knowledgebase.authoring.transfer import read_entries
from knowledgebase.judging.labelled import read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry
from knowledgebase.publishing import questions
from storage.check import Severity, engine
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database

log = logging.getLogger(__name__)

DEMO_ENTRIES = Path(__file__).parent.parent / "knowledgebase" / "data" / "demo.jsonl"
DEMO_QUESTIONS = DEMO_ENTRIES.with_name("questions-dev.jsonl")
BACKLOG = 1024
MOST_FILES = 65_536
IDLE_S = 15.0


def wall_clock() -> int:
    """Now, in epoch milliseconds UTC."""
    return time.time_ns() // 1_000_000


async def serve(config: Config, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. say gets each line for the operator.

    Raises StorageError or OSError when the data folder or the port cannot be used.
    """
    _allow_many_connections()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    listener = _listen(config)
    database = open_database(config.server.data_folder)
    try:
        await _load_demo(database)
        app = build_app(config, database, public_url(config, listener), wall_clock)
        runner = make_runner(app, config)
        await runner.setup()
        control = await open_control(config.server.data_folder, database, wall_clock)
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        await _announce(app, partial(_tell, say))
        await stop.wait()
        _tell(say, "stopping")
        await control.cleanup()
        await runner.cleanup()
    finally:
        with contextlib.suppress(OSError):  # a folder that cannot be written now; the next start removes it
            (config.server.data_folder / SOCKET_NAME).unlink(missing_ok=True)
        await database.close()


def _tell(say: Callable[[str], None], line: str) -> None:
    """A terminal that is gone or a log on a full disk is no reason not to serve, or not to stop properly."""
    with contextlib.suppress(OSError):
        say(line)


def make_runner(app: web.Application, config: Config) -> web.AppRunner:
    """The runner of this application: who sends no whole request within IDLE_S, or no other, is cut off."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=config.server.drain / 1000,
        keepalive_timeout=IDLE_S,
        handler_cancellation=True,
    )


def _allow_many_connections() -> None:
    """Each connection is an open file; a system's usual first limit is too low for the pages of one afternoon."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.server.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((config.server.host, config.server.port))
    return listener


def public_url(config: Config, listener: socket.socket) -> str:
    """What browsers see: the configured address, or the one we listen on."""
    if config.server.public_url is not None:
        return config.server.public_url
    host = config.server.host if config.server.host != "::1" else "[::1]"
    return f"http://{host}:{listener.getsockname()[1]}"


async def _load_demo(database: SQLiteDatabase) -> None:
    """On the very first start, fill the knowledge base with the demo's entries and labelled questions."""
    if await database.read(entries.is_untouched):
        found, _ = read_entries(DEMO_ENTRIES)
        await database.write(_save_demo, found, read_questions(DEMO_QUESTIONS), wall_clock())


def _save_demo(tx: Transaction, found: Sequence[Entry], labelled: Sequence[Question], now: int) -> None:
    entries.save(tx, found, "demo", now)
    questions.bring_in(tx, labelled, "demo", now)


async def _announce(app: web.Application, say: Callable[[str], None]) -> None:
    url = app[CONSOLE_SETTINGS].public_url
    lines = [f"demo page    {url}/demo", f"help centre  {url}/help", f"console      {url}/console"]
    link = await new_setup_link(app[DATABASE], app[CONSOLE_SETTINGS], app[CLOCK]())
    if link is not None:
        lines.append(f"set up the first administrator within 30 minutes: {link}")
    say("\n".join(lines))
    found = engine()
    if found.severity is not Severity.FINE:
        log.warning("%s", found.sentence)
