"""Servers in processes of their own, for benchmarks to measure."""

import asyncio
import contextlib
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
READY_WITHIN_S = 60.0
SETTINGS = {
    "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
    "YINGSHENG_CHAT__CONNECTIONS_PER_ADDRESS": "100000",
    "YINGSHENG_CHAT__VISITORS_PER_HOUR": "100000",
    "YINGSHENG_CHAT__MESSAGES_PER_MINUTE": "100000",
}


@contextlib.contextmanager
def running(command: list[str], settings: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that prints its address, and that address; ended at the end."""
    environment = {**os.environ, **settings}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process, address_of(process)
    finally:
        process.terminate()
        process.wait(15)
        assert process.stdout is not None
        process.stdout.close()


def address_of(process: subprocess.Popen[str]) -> str:
    """The first address of its own that the process prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise RuntimeError("the server did not start")


async def until_ready(url: str) -> None:
    """Return when this address answers at all."""
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            try:
                await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).close())
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == 404:
                    return
            else:
                return
        await asyncio.sleep(0.01)
    raise RuntimeError(f"{url} was not ready")
