"""An embeddings server on loopback that answers, or fails as real ones do."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "canary-encoder-key"


@dataclass
class FakeEndpoint:
    """moods: how the next requests are met, in turn: a status, 'slow', 'cut', 'huge', 'garbage', 'fewer',
    'longer'. After them it answers with vectors of three numbers that tell how long a text is.
    """

    moods: list[Any] = field(default_factory=list)
    retry_after: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["FakeEndpoint"]:
        app = web.Application()
        app.router.add_post("/v1/embeddings", self._embed)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        self.connections.add(request.transport)
        self.was_asked.set()
        mood = self.moods.pop(0) if self.moods else "fine"
        if isinstance(mood, int):
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return web.Response(status=mood, headers={**headers, "Location": "/v1/elsewhere"}, text="no")
        if mood == "slow":
            await asyncio.Event().wait()
        if mood == "cut":
            assert request.transport is not None
            request.transport.abort()
        if mood == "huge":
            return await self._pour(request)
        if mood == "garbage":
            return web.Response(text="<html>bad gateway</html>")
        return web.json_response({"data": self._rows(mood)})

    def _rows(self, mood: str) -> list[dict[str, Any]]:
        texts = self.asked[-1]["input"]
        tail = [0.0, 0.0] if mood == "longer" else []
        rows = [{"index": at, "embedding": [float(len(text)), 1.0, 0.0, *tail]} for at, text in enumerate(texts)]
        return rows[1:] if mood == "fewer" else rows

    async def _pour(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(1_000):
                await response.write(json.dumps([0.1] * 20_000).encode())
        return response
