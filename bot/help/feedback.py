"""A reader's word on an article: a form that works without scripts, once for each reader."""

import hashlib
import secrets

from aiohttp import web

from bot.console.access import read_form, require_own_origin
from bot.errors import FrameError
from bot.help.pages import missing
from bot.help.reader import reader_of
from bot.help.search import asker, busy
from bot.help.shelves import SHELVES
from bot.keys import CHAT, CLOCK, CONSOLE_SETTINGS, DATABASE
from knowledgebase.learning import articles
from knowledgebase.learning.articles import Reason

COOKIE = "yingsheng-reader"
COOKIE_DAYS = 365
WORDS = {"yes": True, "no": False}


async def take_feedback(request: web.Request) -> web.Response:
    """POST: helped=yes|no and, for no, perhaps a reason; then back to the article, which says thanks.

    Only from our own pages. The cookie that it sets tells two readers apart, and nothing else.
    """
    require_own_origin(request)
    form = await read_form(request)
    entry = (await request.app[SHELVES].contents()).by_id.get(request.match_info["id"])
    if entry is None:
        return await missing(request)
    helped, reason = WORDS.get(form.get("helped", "")), form.get("reason") or None
    if helped is None or (reason is not None and (helped or reason not in set(Reason))):
        raise web.HTTPBadRequest(reason="No such word")
    try:
        request.app[CHAT].traffic.feedback(asker(request))
    except FrameError as error:
        return busy(request, reader_of(request), error)
    token = _token(request)
    given = articles.Word(entry.id, entry.version, _hash(token), helped, Reason(reason) if reason else None)
    await request.app[DATABASE].write(articles.keep, given, request.app[CLOCK]())
    return _back(request, "yes" if helped else "reason" if reason else "no", token)


def _back(request: web.Request, heard: str, token: str) -> web.Response:
    path = request.rel_url.raw_path.removesuffix("/feedback")
    response = web.Response(status=303, headers={"Location": f"{reader_of(request).link(path, heard=heard)}#feedback"})
    response.set_cookie(
        COOKIE,
        token,
        path="/help",
        max_age=COOKIE_DAYS * 86_400,
        httponly=True,
        samesite="Lax",
        secure=request.app[CONSOLE_SETTINGS].secure,
    )
    return response


def _token(request: web.Request) -> str:
    """What this reader's browser keeps; a new one for somebody who has none of ours."""
    kept = request.cookies.get(COOKIE, "")
    return kept if 20 <= len(kept) <= 64 and kept.isascii() else secrets.token_urlsafe(16)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
