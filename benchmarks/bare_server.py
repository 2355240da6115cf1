"""The peer of idle.py: the least that an aiohttp WebSocket chat server can be. Prints its port, then serves."""

from aiohttp import WSMsgType, web


async def chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=25.0, max_msg_size=16_384, compress=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


async def started(app: web.Application) -> None:
    print("started", flush=True)


def main() -> None:
    app = web.Application()
    app.router.add_get("/chat/ws", chat)
    app.on_startup.append(started)
    web.run_app(app, host="127.0.0.1", port=0, print=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
