"""What search engines are told: which pages there are (https://www.sitemaps.org/protocol.html, RFC 9309), and what
stands on them (https://schema.org, JSON-LD)."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

from bot.gateway.languages import LANGUAGES
from bot.help.reader import Reader, words
from bot.help.shelves import SHELVES, Contents
from bot.keys import LETTERHEAD
from knowledgebase.model import Entry

PAGES_PER_FILE = 10_000
FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}
XML = "application/xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
NOT_FOR_CRAWLERS = ("/console", "/chat", "/help/search", "/help/suggest", "/metrics", "/readyz", "/healthz")


async def robots(request: web.Request) -> web.Response:
    """robots.txt: the help centre, and nothing that only costs."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_CRAWLERS), ""]
    text = "\n".join([*lines, f"Sitemap: {request.app[LETTERHEAD].base}/sitemap.xml", ""])
    return web.Response(text=text, content_type="text/plain", headers=FOR_AN_HOUR)


async def sitemap(request: web.Request) -> web.Response:
    """Every page of the help centre; the files that hold them, when they are too many for one."""
    base, contents = request.app[LETTERHEAD].base, await request.app[SHELVES].contents()
    count = 1 + len(contents.shelves) + len(contents.by_id)
    if count <= PAGES_PER_FILE:
        return await _file(base, contents, 0)
    files = range(-(-count // PAGES_PER_FILE))
    told = "".join(f"<sitemap><loc>{escape(base)}/sitemaps/{number}.xml</loc></sitemap>\n" for number in files)
    text = f'{HEAD}<sitemapindex xmlns="{SITEMAPS}">\n{told}</sitemapindex>\n'
    return web.Response(text=text, content_type=XML, headers=FOR_AN_HOUR)


async def sitemap_part(request: web.Request) -> web.Response:
    """One of the files of a large sitemap. Raises HTTPNotFound."""
    contents = await request.app[SHELVES].contents()
    return await _file(request.app[LETTERHEAD].base, contents, int(request.match_info["number"]))


def trail_data(request: web.Request, reader: Reader, trail: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """The way from the start to this page; its own step has no address."""
    base = request.app[LETTERHEAD].base
    steps = [(words(reader.language)["name"], "/help"), *trail]
    told = []
    for place, (name, path) in enumerate(steps, start=1):
        item = {"item": base + reader.link(quote(path))} if path else {}
        told.append({"@type": "ListItem", "position": place, "name": name, **item})
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": told}


def question_data(request: web.Request, reader: Reader, entry: Entry, answer: str, at: int) -> dict[str, Any]:
    """The page's question with its answer."""
    question = {
        "@type": "Question",
        "name": reader.in_script(entry.question),
        "acceptedAnswer": {"@type": "Answer", "text": answer},
    }
    return {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "inLanguage": "zh-TW" if reader.language == "zh-TW" else "zh-CN",
        "url": request.app[LETTERHEAD].base + reader.link(request.rel_url.raw_path),
        "dateModified": _iso(at),
        "mainEntity": [question],
    }


def _pages(contents: Contents) -> Iterator[tuple[str, int | None]]:
    """The path of each page, and when it changed last."""
    newest = max(contents.published_at.values(), default=None)
    yield "/help", newest
    for shelf in contents.shelves:
        yield f"/help/{quote(shelf.slug, safe='')}", max(contents.published_at[entry.id] for entry in shelf.entries)
    for entry_id in contents.by_id:
        yield f"/help/entries/{quote(entry_id, safe='')}", contents.published_at[entry_id]


async def _file(base: str, contents: Contents, number: int) -> web.Response:
    """The pages of one file. Thousands of them are written beside the event loop. Raises HTTPNotFound for none."""
    told = await asyncio.to_thread(_told, base, contents, number * PAGES_PER_FILE)
    if not told:
        raise web.HTTPNotFound
    text = f'{HEAD}<urlset xmlns="{SITEMAPS}" xmlns:xhtml="{XHTML}">\n{told}</urlset>\n'
    return web.Response(text=text, content_type=XML, headers=FOR_AN_HOUR)


def _told(base: str, contents: Contents, begin: int) -> str:
    return "".join(_page(base + path, at) for path, at in islice(_pages(contents), begin, begin + PAGES_PER_FILE))


def _page(address: str, at: int | None) -> str:
    changed = f"<lastmod>{_iso(at)}</lastmod>" if at is not None else ""
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href="{escape(address)}?lang={language}"/>'
        for language in LANGUAGES
    )
    return f"<url><loc>{escape(address)}</loc>{changed}{others}</url>\n"


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
