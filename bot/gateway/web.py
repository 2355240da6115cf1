"""The public pages and files: the widget with its demo page, static files, health."""

from pathlib import Path

from aiohttp import web

from bot.gateway import polling, websocket
from bot.keys import DATABASE, LIBRARY, TEMPLATES, WORKERS
from storage.errors import StorageUnavailable

STATIC = Path(__file__).parent.parent / "static"
PUBLIC_FILE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
DEMO_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_public_routes(app: web.Application) -> None:
    """Everything that is served without a login."""
    app.router.add_get("/", home, name="home")
    app.router.add_get("/healthz", healthz, name="healthz")
    app.router.add_get("/readyz", readyz, name="readyz")
    app.router.add_get("/demo", demo, name="demo")
    app.router.add_get("/widget.js", widget, name="widget")
    app.router.add_get("/chat/texts.json", chat_texts, name="chat-texts")
    app.router.add_get("/chat/ws", websocket.chat_socket, name="chat-socket")
    app.router.add_post("/chat/frames", polling.post_frame, name="chat-post")
    app.router.add_get("/chat/frames", polling.wait_for_frames, name="chat-wait")
    app.router.add_options("/chat/frames", polling.preflight, name="chat-preflight")
    app.router.add_get("/static/widget/{file}", widget_file, name="widget-file")


async def home(_request: web.Request) -> web.StreamResponse:
    """The demo page is what a visitor of the bare address wants to see."""
    raise web.HTTPFound("/demo")


async def healthz(_request: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Whether messages can be accepted durably now and the loops go round; 503 with the reasons if not."""
    reasons = []
    try:
        await request.app[DATABASE].probe()
    except StorageUnavailable as error:
        reasons.append(f"storage: {error}")
    reasons += [f"worker: {name} has stopped" for name in request.app[WORKERS].stalled()]
    body: dict[str, object] = {
        "status": "unavailable" if reasons else "ok",
        "reasons": reasons,
        "entries": request.app[LIBRARY].size,
    }
    return web.json_response(body, status=503 if reasons else 200)


async def demo(request: web.Request) -> web.Response:
    """A page of the invented carmaker with the widget on it."""
    text = request.app[TEMPLATES].get_template("chat/demo.html.j2").render()
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": DEMO_POLICY})


async def widget(_request: web.Request) -> web.StreamResponse:
    """The script that any page embeds."""
    return _file(STATIC / "widget.js")


async def widget_file(request: web.Request) -> web.StreamResponse:
    """A module, style or picture of the widget, readable from every origin."""
    path = STATIC / "widget" / Path(request.match_info["file"]).name
    if not path.is_file():
        raise web.HTTPNotFound
    return _file(path)


async def chat_texts(request: web.Request) -> web.Response:
    """The widget's words in every language it speaks."""
    environment = request.app[TEMPLATES]
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "chat/texts.json")
    headers = {**PUBLIC_FILE, "Cache-Control": "public, max-age=300"}
    return web.Response(text=source, content_type="application/json", headers=headers)


def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={**PUBLIC_FILE, "Cache-Control": "public, max-age=300"})
