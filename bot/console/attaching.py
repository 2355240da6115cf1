"""Files that agents send: uploaded one by one, named by the reply that carries them."""

from aiohttp import web

from bot.console.access import LOGIN
from bot.console.render import problem
from bot.files.uploads import STATUS, UploadRefused
from bot.keys import CLOCK, LINKS, UPLOADS


async def upload(request: web.Request) -> web.Response:
    """POST /uploads, the body is the file: {"id", "name", …}; what is refused is said in a sentence."""
    now = request.config_dict[CLOCK]()
    uploads = request.config_dict[UPLOADS]
    try:
        kept = await uploads.take(request, f"agent:{request[LOGIN].agent.id}", now)
    except UploadRefused as refused:
        megabytes = uploads.largest // (1024 * 1024)
        response = problem(request, STATUS[refused.reason], f"file_{refused.reason}", megabytes=megabytes)
        response.force_close()
        return response
    return web.json_response(request.config_dict[LINKS].item(kept, now))
