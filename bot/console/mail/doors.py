"""The addresses of mail in the console, with who may use them."""

from aiohttp import web

from bot.console.access import TICKET_NUMBER, Permission, Route
from bot.console.mail.acts import ACTS, doing, retry
from bot.console.mail.listing import show_ledger
from bot.console.mail.page import download, show_letter, show_mail, show_whole_text
from bot.console.render import page

ONE = "/mail/{id}"
RETRY = f"/tickets/{{number:{TICKET_NUMBER}}}/letters/{{sent}}/retry"


async def show_news(request: web.Request) -> web.StreamResponse:
    """GET /console/news: the bar on top of every page, for one that is open."""
    return page(request, "mail/news_part.html")


# Agents see a mail that belongs to a ticket, and no other: letters.allowed_row.
ROUTES = (
    Route("GET", "/news", show_news, Permission.AGENT),
    Route("GET", "/mail", show_ledger, Permission.SUPERVISOR),
    Route("GET", ONE, show_mail, Permission.AGENT),
    Route("GET", f"{ONE}/text", show_whole_text, Permission.AGENT),
    Route("GET", f"{ONE}/html", show_letter, Permission.AGENT),
    Route("GET", f"{ONE}/raw.eml", download, Permission.AGENT),
    Route("POST", RETRY, retry, Permission.AGENT),
    *(Route("POST", f"{ONE}/{name}", doing(act), Permission.SUPERVISOR) for name, act in ACTS.items()),
)
