"""Pictures for answers: one upload, answered with what to write into the answer."""

import asyncio

from aiohttp import web

from bot.console.access import LOGIN, Permission, Route
from bot.console.render import problem, say_for
from bot.keys import CLOCK, DATABASE
from bot.pictures import LARGEST_UPLOAD, PictureRefused, develop
from knowledgebase.authoring import pictures
from knowledgebase.authoring.inlines import PICTURES

UPLOAD_WITHIN_S = 30.0
AT_A_TIME = 2
TURNS = web.AppKey("picture_turns", asyncio.Semaphore)


async def upload(request: web.Request) -> web.Response:
    """POST /knowledge/images, the body is the file: {"source", "width", "height", "text"}.

    What is no picture gets 422, one that is too large 413, each with the reason.
    """
    try:
        async with asyncio.timeout(UPLOAD_WITHIN_S):
            body = await _body(request)
        async with request.config_dict[TURNS]:
            picture = await asyncio.to_thread(develop, body)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except PictureRefused as refused:
        return problem(request, 422 if refused.reason == "not_a_picture" else 413, f"picture_{refused.reason}")
    now = request.config_dict[CLOCK]()
    await request.config_dict[DATABASE].write(pictures.keep, picture, request[LOGIN].agent.id, now)
    told = {"source": PICTURES + picture.name, "width": picture.width, "height": picture.height}
    return web.json_response({**told, "text": say_for(request)("done.picture_kept")})


async def _body(request: web.Request) -> bytes:
    """The whole body; what is larger than it may be is not read to its end."""
    body = bytearray()
    async for part in request.content.iter_chunked(64 * 1024):
        body += part
        if len(body) > LARGEST_UPLOAD:
            raise PictureRefused("too_large")
    return bytes(body)


ROUTES = (Route("POST", "/knowledge/images", upload, Permission.AGENT),)
