"""What an idle chat costs: memory per connected page and time to be ready, beside a bare aiohttp server."""

import asyncio
import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.server import ROOT, SETTINGS, running, until_ready

WARM_UP = 1_000
CHATS = 1_000
SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """ready_s: from process start to the first accepted request. Resident memory in KiB: with no page, with WARM_UP
    pages, which fill what was free inside the heap, and with CHATS more."""

    ready_s: float
    rss_empty: int
    rss_warm: int
    rss_full: int

    @property
    def per_chat(self) -> float:
        """KiB of resident memory for each further idle chat."""
        return (self.rss_full - self.rss_warm) / CHATS


def run() -> dict[str, float]:
    """Measure both servers, one after the other, and print the comparison."""
    _allow_many_files()
    bare = asyncio.run(_measure([sys.executable, str(ROOT / "benchmarks" / "bare_server.py")], {}, "/"))
    with tempfile.TemporaryDirectory() as folder:
        own = [sys.executable, "main.py", "serve", "--port", "0"]
        settings = {**SETTINGS, "YINGSHENG_SERVER__DATA_FOLDER": folder}
        first = asyncio.run(_measure(own, settings, "/readyz"))
        second = asyncio.run(_measure(own, settings, "/readyz"))
    _tell(bare, first, second)
    return {
        "idle chats": CHATS,
        "ready_s first start": first.ready_s,
        "ready_s second start": second.ready_s,
        "ready_s bare aiohttp": bare.ready_s,
        "rss_mib empty": second.rss_empty / 1024,
        "rss_mib bare empty": bare.rss_empty / 1024,
        "kib per idle chat": second.per_chat,
        "kib per idle chat bare": bare.per_chat,
        "ratio per idle chat": second.per_chat / bare.per_chat,
    }


def _tell(bare: Cost, first: Cost, second: Cost) -> None:
    print(f"idle chats: {CHATS} beyond the first {WARM_UP}")
    print(f"{'':24}{'ready':>10}{'empty':>12}{'per chat':>14}")
    for name, cost in (("bare aiohttp", bare), ("first start", first), ("second start", second)):
        print(f"{name:24}{cost.ready_s:8.2f} s{cost.rss_empty / 1024:8.1f} MiB{cost.per_chat:10.1f} KiB")
    print(f"an idle chat costs {second.per_chat / bare.per_chat:.2f} times that of the bare server")


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))


async def _measure(command: list[str], settings: dict[str, str], ready_path: str) -> Cost:
    begun = time.monotonic()
    with running(command, settings) as (process, url):
        await until_ready(f"{url}{ready_path}")
        ready = time.monotonic() - begun
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.sleep(SETTLE_S)
            empty = _rss(process.pid)
            async with _pages(session, url, WARM_UP):
                await asyncio.sleep(SETTLE_S)
                warm = _rss(process.pid)
                async with _pages(session, url, CHATS):
                    await asyncio.sleep(SETTLE_S)
                    full = _rss(process.pid)
    return Cost(ready, empty, warm, full)


@contextlib.asynccontextmanager
async def _pages(session: aiohttp.ClientSession, url: str, count: int) -> AsyncIterator[None]:
    """So many connected pages, each greeted and silent since."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            socket = await stack.enter_async_context(session.ws_connect(f"{url}/chat/ws", headers={"Origin": url}))
            await socket.send_json({"type": "hello"})
            await socket.receive()
        yield


def _rss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")
