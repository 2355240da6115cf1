"""The public route table: every address that needs no login, with what its API operation takes and gives."""

from aiohttp import web

from bot.gateway import kept_files, media, polling, websocket
from bot.gateway import web as pages
from bot.gateway.answers import AttachmentItem, Frames, Health, Problem, Readiness
from bot.gateway.openapi import API, Operation, Reply, Route, describe, show_api
from bot.help import crawlers, feedback
from bot.help import pages as centre
from bot.help import search as finder
from bot.help.search import HelpSuggestions

_REFUSALS = {
    400: Reply("Not a frame of this protocol, or nothing in it", Frames),
    401: Reply("No token, or not one of ours", Frames),
    403: Reply("The origin is not allowed", "text/plain"),
    429: Reply("Too fast, or too many connections; Retry-After says when", Frames),
    503: Reply("Nothing was kept: send the same frame again", Frames),
}

HEALTHZ = Operation("Whether the process lives", {200: Reply("It does", Health)})
READYZ = Operation(
    "Whether messages can be accepted durably now",
    {200: Reply("They can", Readiness), 503: Reply("They cannot; the reasons say why", Readiness)},
)
METRICS = Operation(
    "Figures for Prometheus",
    {200: Reply("Text exposition format", "text/plain"), 404: Reply("Not for this address", "text/plain")},
)
SOCKET = Operation(
    "The chat over WebSocket: a text message is a PageFrame, each one back a ServerFrame",
    {
        101: Reply("The socket is open; hello within 10 s"),
        400: Reply("Not a WebSocket handshake", "text/plain"),
        403: _REFUSALS[403],
        429: Reply("Too many connections of one address", "text/plain"),
    },
    origin=True,
)
POST = Operation(
    "Send one frame",
    {
        200: Reply("The frames that follow from it", Frames),
        408: Reply("The body came too slowly", "text/plain"),
        413: Reply("The frame or the message is too large", Frames),
        **_REFUSALS,
    },
    takes_frame=True,
    token=True,
    origin=True,
)
WAIT = Operation(
    "Wait for news: `welcome`, then whatever came after the message named",
    {200: Reply("Nothing new but the welcome, or the news", Frames), **_REFUSALS},
    token=True,
    origin=True,
    query={
        "after": ({"type": "integer", "minimum": 0, "default": 0}, "The last message number that the page has"),
        "wait": ({"type": "integer", "minimum": 0, "maximum": 25, "default": 0}, "Seconds to wait at most"),
    },
)
UPLOAD = Operation(
    "Keep a file that the next message shall carry: the body is the file, X-File-Name its percent-encoded name",
    {
        200: Reply("Kept for a day: name its id in a message", AttachmentItem),
        401: Reply("No token, or not one of ours", Problem),
        403: _REFUSALS[403],
        408: Reply("The body came too slowly", Problem),
        413: Reply("The file is too large", Problem),
        415: Reply("Files of this kind are not taken", Problem),
        422: Reply("The file is empty", Problem),
        429: Reply("Too many files", Problem),
        503: Reply("Nothing was kept: send the same file again", Problem),
    },
    token=True,
    origin=True,
)
PREFLIGHT = Operation(
    "CORS preflight",
    {204: Reply("A page of this origin may send frames"), 403: _REFUSALS[403]},
    origin=True,
)
TEXTS = Operation("The widget's words by language", {200: Reply("By language, then by name", "application/json")})
SUGGEST = Operation(
    "A few questions of the help centre that a text may become",
    {
        200: Reply("At most six, the likeliest first", HelpSuggestions),
        429: Reply("Too fast; Retry-After says when", Problem),
    },
    query={
        "q": ({"type": "string", "maxLength": 200}, "What has been typed so far"),
        "lang": ({"enum": ["zh-CN", "zh-TW", "en"]}, "For the links; by default what the browser prefers"),
    },
)
DESCRIPTION = Operation("This description", {200: Reply("OpenAPI 3.1", "application/json")})

ROUTES = (
    Route("GET", "/healthz", pages.healthz, "healthz", HEALTHZ),
    Route("GET", "/readyz", pages.readyz, "readyz", READYZ),
    Route("GET", "/metrics", pages.metrics, "metrics", METRICS),
    Route("GET", "/api/openapi.json", show_api, "openapi", DESCRIPTION),
    Route("GET", "/chat/ws", websocket.chat_socket, "chat-socket", SOCKET),
    Route("POST", "/chat/frames", polling.post_frame, "chat-post", POST),
    Route("GET", "/chat/frames", polling.wait_for_frames, "chat-wait", WAIT),
    Route("OPTIONS", "/chat/frames", polling.preflight, "chat-preflight", PREFLIGHT),
    Route("POST", "/chat/files", kept_files.upload, "chat-upload", UPLOAD),
    Route("OPTIONS", "/chat/files", polling.preflight, "chat-upload-preflight", PREFLIGHT),
    Route("GET", "/files/{token}", kept_files.show_file, "kept-file"),
    Route("GET", "/chat/texts.json", pages.chat_texts, "chat-texts", TEXTS),
    Route("GET", "/", pages.home, "home"),
    Route("GET", "/demo", pages.demo, "demo"),
    Route("GET", "/widget.js", pages.widget, "widget"),
    Route("GET", "/static/widget/{file}", pages.widget_file, "widget-file"),
    Route("GET", "/help", centre.show_index, "help"),
    Route("GET", "/help/search", finder.search, "help-search"),
    Route("GET", "/help/suggest", finder.suggest, "help-suggest", SUGGEST),
    Route("POST", "/help/entries/{id}/feedback", feedback.take_feedback, "help-feedback"),
    Route("GET", "/help/entries/{id}", centre.show_entry, "help-entry"),
    Route("GET", "/help/{category}", centre.show_category, "help-category"),
    Route("GET", "/media/{name}", media.show_picture, "media"),
    Route("GET", "/robots.txt", crawlers.robots, "robots"),
    Route("GET", "/sitemap.xml", crawlers.sitemap, "sitemap"),
    Route("GET", "/sitemaps/{number:[0-9]{1,4}}.xml", crawlers.sitemap_part, "sitemap-part"),
    Route("GET", "/static/help/{file}", centre.file, "help-file"),
)


def add_public_routes(app: web.Application) -> None:
    """Everything that is served without a login."""
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler, name=route.name)
        else:
            app.router.add_route(route.method, route.path, route.handler, name=route.name)
    app[API] = describe(ROUTES)
