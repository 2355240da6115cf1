"""How long a customer waits for an automatic answer, against the limit of one second."""

import asyncio
import sys
import tempfile
import time
from statistics import quantiles

import aiohttp

from benchmarks.server import SETTINGS, running, until_ready

LIMIT_S = 1.0
VISITORS = 10
ROUNDS = 20
QUESTIONS = ("轮胎多久换一次", "首保什么时候做", "充电要多久", "积分怎么用", "救援电话是多少")


def run() -> dict[str, float]:
    """Ten visitors ask at once, again and again; from sending to reading the reply."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**SETTINGS, "YINGSHENG_SERVER__DATA_FOLDER": folder}
        waits = asyncio.run(_measure([sys.executable, "main.py", "serve", "--port", "0"], settings))
    cuts = quantiles(waits, n=100)
    p50, p95 = cuts[49], cuts[94]
    print(f"{len(waits)} questions, {VISITORS} visitors at once: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, ")
    print(f"slowest {max(waits) * 1000:.0f} ms: {max(waits) / LIMIT_S:.2f} of the limit of {LIMIT_S:.0f} s")
    return {"p50_s": p50, "p95_s": p95, "slowest_s": max(waits), "ratio slowest to limit": max(waits) / LIMIT_S}


async def _measure(command: list[str], settings: dict[str, str]) -> list[float]:
    with running(command, settings) as (_, url):
        await until_ready(f"{url}/readyz")
        async with aiohttp.ClientSession() as session:
            asked = await asyncio.gather(*(_ask(session, url, number) for number in range(VISITORS)))
    return [wait for waits in asked for wait in waits]


async def _ask(session: aiohttp.ClientSession, url: str, number: int) -> list[float]:
    waits = []
    async with session.ws_connect(f"{url}/chat/ws", headers={"Origin": url}) as socket:
        await socket.send_json({"type": "hello"})
        for turn in range(ROUNDS):
            text = QUESTIONS[(number + turn) % len(QUESTIONS)]
            begun = time.perf_counter()
            client_id = f"visitor{number:02d}-{turn:04d}"
            await socket.send_json({"type": "message", "client_message_id": client_id, "text": text})
            await _reply(socket)
            waits.append(time.perf_counter() - begun)
    return waits


async def _reply(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for message in socket:
        frame = message.json()
        if frame["type"] == "messages" and frame["items"][-1]["author"] == "bot":
            return
