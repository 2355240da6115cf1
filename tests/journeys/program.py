"""A real server in a process of its own, and customers who talk to it over real sockets."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from click.testing import CliRunner

from bot.command_line import main
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
# Patience with a busy machine, no promise.
READY_WITHIN_S = 240.0
STOPPED_WITHIN_S = 60.0


class Program:
    """`main.py serve` on a data folder; start and end it as often as a journey needs."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.setup_link: str | None = None
        self.exit_code: int | None = None
        self.log = folder.parent / f"{folder.name}.log"
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The environment of every command on this data folder."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("YINGSHENG_")}
        return {**own, "YINGSHENG_SERVER__DATA_FOLDER": str(self.folder), **self._settings}

    def start(self) -> float:
        """Start and wait until it is ready; the seconds that took."""
        begun = time.monotonic()
        offset = self.log.stat().st_size if self.log.is_file() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "main.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await_ready(begun, offset)
        except BaseException:
            self.kill()
            raise
        return time.monotonic() - begun

    def _await_ready(self, begun: float, offset: int) -> None:
        while time.monotonic() - begun < READY_WITHIN_S:
            said = self.log.read_bytes()[offset:].decode(errors="replace") if self.log.is_file() else ""
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(f"the server ended by itself:\n{said[-2000:]}")
            if found := re.search(rf"console +{self.url}/", said):
                link = re.search(r"(http://\S+/console/setup\?token=\S+)", said)
                self.setup_link = link[1] if link else self.setup_link
            if (found or not self.log.is_file()) and self.ready()[0] == 200:
                return
            time.sleep(0.02)
        raise AssertionError(f"not ready within {READY_WITHIN_S} s")

    def ready(self) -> tuple[int, dict[str, Any]]:
        """What /readyz answers: the status and the body."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def kill(self) -> None:
        """End it as a power cut would, as far as the process can tell."""
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """Ask it to end; the seconds it took."""
        begun = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - begun

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(with_signal)
        self.exit_code = self._process.wait(STOPPED_WITHIN_S)
        self._process = None

    def command(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run another `main.py` command on the same data folder."""
        return subprocess.run(
            [sys.executable, "main.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def command_here(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same within this process, for a command whose own process is not what a test is about."""
        foreign = {name: None for name in os.environ if name.startswith("YINGSHENG_")}
        done = CliRunner().invoke(main, arguments, env={**foreign, **self.environment()}, catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


class Customer:
    """A chat page that never gives up: reconnects, says hello with its token, sends again what was not acked."""

    def __init__(self, program: Program, session: aiohttp.ClientSession, name: str, token: str | None = None) -> None:
        self._program = program
        self._session = session
        self.name = name
        self.token = token
        self.acked: dict[str, int] = {}
        self.received: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.closed_with: list[int | None] = []
        self.welcomes = 0
        self._unsent: dict[str, str] = {}
        self._sent: set[str] = set()

    def say(self, client_message_id: str, text: str) -> None:
        """Keep a message to send; it is sent until it is acknowledged."""
        self._unsent[client_message_id] = text

    @property
    def waiting(self) -> int:
        """How many messages have not been acknowledged yet."""
        return len(self._unsent)

    @property
    def last(self) -> int:
        """The number of the last message received."""
        return int(self.received[-1]["number"]) if self.received else 0

    @property
    def answers(self) -> list[str]:
        """What the bot has said, in order."""
        return [str(item["text"]) for item in self.received if item["author"] == "bot"]

    async def live(self) -> None:
        """Stay connected, whatever happens to the server, until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, asyncio.TimeoutError):
                await self._talk()
            await asyncio.sleep(0.05)

    async def _talk(self) -> None:
        headers = {"Origin": self._program.url}
        async with self._session.ws_connect(
            f"{self._program.url}/chat/ws", headers=headers, timeout=aiohttp.ClientWSTimeout(ws_close=1)
        ) as socket:
            hello: dict[str, Any] = {"type": "hello", "after": self.last}
            if self.token:
                hello["token"] = self.token
            await socket.send_json(hello)
            welcome = asyncio.Event()
            sending = asyncio.create_task(self._send(socket, welcome))
            try:
                async for message in socket:
                    frame = json.loads(message.data)
                    self._read(frame)
                    if frame["type"] == "welcome":
                        welcome.set()
                    elif frame["type"] == "error" and not welcome.is_set():
                        await asyncio.sleep(min(frame.get("retry_after", 1), 1))
                        return
            finally:
                sending.cancel()
                self.closed_with.append(socket.close_code)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, welcome: asyncio.Event) -> None:
        await welcome.wait()
        self._sent.clear()
        while not socket.closed:
            for client_message_id in [one for one in self._unsent if one not in self._sent]:
                self._sent.add(client_message_id)
                text = self._unsent[client_message_id]
                frame = {"type": "message", "client_message_id": client_message_id, "text": text}
                await socket.send_json(frame)
            await asyncio.sleep(0.01)

    def _read(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "welcome":
                self.token = frame["token"]
                self.welcomes += 1
            case "ack":
                self.acked[frame["client_message_id"]] = frame["number"]
                self._unsent.pop(frame["client_message_id"], None)
            case "messages":
                self.received += frame["items"]
            case "error":
                self._take_error(frame)

    def _take_error(self, frame: dict[str, Any]) -> None:
        """Keep it; what may be sent again goes out again after the pause that was asked for."""
        self.errors.append(frame)
        if frame["retry"] and "client_message_id" in frame:
            pause = float(frame.get("retry_after", 0.5))
            asyncio.get_running_loop().call_later(pause, self._sent.discard, frame["client_message_id"])
