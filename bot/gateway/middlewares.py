"""What every response passes through: errors in one shape, and headers that keep browsers careful."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.help.pages import missing
from bot.keys import CONSOLE_SETTINGS
from storage.errors import StorageUnavailable

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@web.middleware
async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what no handler expected into 503 or 500, without a word about the inside."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
            raise
        return await missing(request)
    except web.HTTPException:
        raise
    except StorageUnavailable as error:
        log.warning("path=%s storage unavailable: %s", request.match_info.route.name, error)
        return web.json_response({"error": "unavailable"}, status=503, headers={"Retry-After": "5"})
    except Exception:
        log.exception("route=%s failed", request.match_info.route.name)
        return web.json_response({"error": "internal"}, status=500)


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that no handler has set itself (an on_response_prepare signal)."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "Yingsheng"
    if request.config_dict[CONSOLE_SETTINGS].secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
