"""The pictures of answers, for whoever has their address."""

from aiohttp import web

from bot.keys import DATABASE
from knowledgebase.authoring import pictures

# What is under this address never changes. Other people's pages show it too, inside the widget.
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


async def show_picture(request: web.Request) -> web.Response:
    """GET /media/{name}: the picture, or 304 where the browser has it. Raises HTTPNotFound."""
    name = request.match_info["name"]
    found = await request.app[DATABASE].read(pictures.find, name)
    if found is None:
        raise web.HTTPNotFound
    content_type, body = found
    headers = {**HEADERS, "ETag": f'"{name}"'}
    if any(known.value in (name, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, headers=headers)
