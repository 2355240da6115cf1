"""From a template to a page of the help centre, with what every page of it needs."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.gateway.languages import LANGUAGES
from bot.help.reader import Reader, words
from bot.keys import LETTERHEAD, RULES, TEMPLATES
from bot.markup import prepare
from knowledgebase.authoring.markup import plain
from knowledgebase.authoring.tree import Document
from knowledgebase.model import Entry

HELP = "help"
LONGEST_QUERY = 200
SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images} data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(
    request: web.Request,
    reader: Reader,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> web.Response:
    """A page, or 304 when the browser already has it."""
    letterhead = request.app[LETTERHEAD]
    text = (
        request.app[TEMPLATES]
        .get_template(f"help/{template}")
        .render(
            say=words(reader.language),
            reader=reader,
            languages=LANGUAGES,
            quote=lambda part: quote(part, safe=""),
            base=letterhead.base,
            here=request.rel_url.raw_path,
            longest_query=LONGEST_QUERY,
            preview=lambda entry: in_one_line(request, reader, entry),
            **{"query": "", "structured": [], **context},
        )
    )
    kept = {
        "Content-Security-Policy": SECURITY_POLICY.replace("{images}", letterhead.image_sources),
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
        "ETag": f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"',
        "Content-Language": reader.language,
        **(headers or {}),
    }
    if status == 200 and kept["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=kept)
    return web.Response(text=text, content_type="text/html", status=status, headers=kept)


def told(request: web.Request, reader: Reader, entry: Entry) -> Document:
    """What the entry says here, as this reader writes Chinese."""
    return prepare(entry.answer_for(HELP), request.app[LETTERHEAD], write=reader.in_script)


def in_one_line(request: web.Request, reader: Reader, entry: Entry) -> str:
    """The words of the entry's answer."""
    return " ".join(plain(told(request, reader, entry)).split())


def day(request: web.Request, reader: Reader, at: int) -> dict[str, str]:
    """A date as this reader says it ('text'), and as machines do ('iso')."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(request.app[RULES].time_zone))
    say = words(reader.language)
    month = say["months"].split()[local.month - 1]
    text = say["date"] % {"year": local.year, "month": month, "day": local.day}
    return {"text": text, "iso": f"{local:%Y-%m-%d}"}
