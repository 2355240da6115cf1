"""The widget with its demo page and files, and what monitors ask: health, readiness, metrics."""

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.alerting import readiness
from bot.gateway.addresses import client_address, is_loopback, is_within
from bot.gateway.files import Files
from bot.gateway.metrics import Encoding, Scrape, Standing, stand
from bot.keys import CHAT, CLOCK, CONFIG, DATABASE, LETTERHEAD, LIBRARY, METRICS, TEMPLATES, WAYS, WORKERS
from knowledgebase.encoders.store import VectorStore
from storage.errors import StorageUnavailable

PUBLIC_FILE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
LOADER = Files("", PUBLIC_FILE)
WIDGET = Files("widget", PUBLIC_FILE)
DEMO_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images} data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def home(_request: web.Request) -> web.StreamResponse:
    """The demo page is what a visitor of the bare address wants to see."""
    raise web.HTTPFound("/demo")


async def healthz(_request: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Whether messages can be accepted durably now, the loops go round and somebody can be told; 503 with the reasons
    if not.

    Only a monitor is told the storage's own words, which name folders of this machine, and what ways there are.
    """
    reasons, named = [], _is_monitor(request)
    try:
        await request.app[DATABASE].probe()
    except StorageUnavailable as error:
        reasons.append(f"storage: {error}" if named else "storage: nothing can be kept")
    topics = frozenset() if named else {way.topic for way in request.app[WAYS].values()}
    reasons += [f"worker: {name} has stopped" for name in request.app[WORKERS].stalled() if name not in topics]
    reasons += await readiness.of_alerts(request.app, named)
    body: dict[str, object] = {
        "status": "unavailable" if reasons else "ok",
        "reasons": reasons,
        "entries": request.app[LIBRARY].size,
    }
    return web.json_response(body, status=503 if reasons else 200)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus's text, for this machine and the networks of the settings; to anybody else there is no such page."""
    if not _is_monitor(request):
        raise web.HTTPNotFound
    scrape = Scrape(
        standing=await _standing(request, request.app[CLOCK]()),
        pages=request.app[CHAT].hub.seats,
        entries=request.app[LIBRARY].size,
        round_ages=request.app[WORKERS].ages(),
        encoding=_encoding(request.app[LIBRARY].store),
    )
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return web.Response(body=request.app[METRICS].text(scrape), headers=headers)


def _encoding(store: VectorStore | None) -> Encoding | None:
    return Encoding(store.is_up, store.progress.ready, store.progress.wanted) if store else None


async def _standing(request: web.Request, now: int) -> Standing | None:
    try:
        return await request.app[DATABASE].read(stand, request.app[WAYS], now)
    except StorageUnavailable:
        return None


def _is_monitor(request: web.Request) -> bool:
    """Whether this machine asks, or one of the networks of the settings.

    A proxy that we do not trust hides who asks, so what it passes on is not from this machine."""
    settings = request.app[CONFIG].server
    address = client_address(request, settings.trusted_proxies)
    relayed = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    local = is_loopback(address) and not relayed
    return local or is_within(address, settings.metrics_networks)


async def demo(request: web.Request) -> web.Response:
    """A page of the invented carmaker with the widget on it."""
    text = request.app[TEMPLATES].get_template("chat/demo.html.j2").render()
    policy = DEMO_POLICY.replace("{images}", request.app[LETTERHEAD].image_sources)
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


async def widget(request: web.Request) -> web.StreamResponse:
    """The script that any page embeds."""
    return LOADER.answer(request, "widget.js")


async def widget_file(request: web.Request) -> web.StreamResponse:
    """A module, style or picture of the widget, readable from every origin."""
    return WIDGET.answer(request, request.match_info["file"])


async def chat_texts(request: web.Request) -> web.Response:
    """The widget's words in every language it speaks."""
    environment = request.app[TEMPLATES]
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "chat/texts.json")
    headers = {**PUBLIC_FILE, "Cache-Control": "no-cache"}
    return web.Response(text=source, content_type="application/json", headers=headers)
