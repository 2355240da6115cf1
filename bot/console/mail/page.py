"""The page of one mail: its verdict in words, its headers, its text, and the mail as it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.access import LOGIN, is_fetch
from bot.console.mail.acts import possible
from bot.console.mail.apart import harmless
from bot.console.mail.letters import OVERSEERS, TURNS, Letter, allowed_row, open_letter, raw_bytes
from bot.console.mail.sanitising import PICTURE_TYPES, Picture
from bot.console.problems import POLICY as PAGE_POLICY
from bot.console.render import page
from bot.files.types import sniff
from bot.keys import DATABASE, LETTERHEAD
from bot.mail.model import Mail, Mailbox
from tickets.mail import ledger

VIEWS = ("written", "whole", "html", "source")
LONGEST_SOURCE = 200_000
LONGEST_VALUE = 2_000
MOST_VALUES = 6
# What a supervisor who asks "why?" looks at; addresses and the subject stand above them.
TELLING = (
    "date",
    "return-path",
    "authentication-results",
    "dkim-signature",
    "received-spf",
    "auto-submitted",
    "precedence",
    "x-auto-response-suppress",
    "list-id",
    "message-id",
    "in-reply-to",
    "references",
    "content-type",
)
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
LETTER_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self'; sandbox {SANDBOX}"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FILE_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Header:
    """A header by its name in lower case, with its values, topmost first."""

    name: str
    values: Sequence[str]


async def show_mail(request: web.Request) -> web.StreamResponse:
    """GET /console/mail/{id}?view=: one mail."""
    row = await allowed_row(request)
    letter = await open_letter(request, row)
    oversees = request[LOGIN].agent.role in OVERSEERS
    view = _view(request.query.get("view", ""), letter)
    response = page(
        request,
        "mail/mail.html",
        letter=letter,
        row=row,
        view=view,
        views=[one for one in VIEWS if _has(letter, one)],
        headers=headers_of(letter.mail),
        source=_source(letter) if view == "source" else None,
        oversees=oversees,
        acts=possible(row) if oversees else [],
        seen=row.attempts,
        sandbox=SANDBOX,
    )
    images = request.config_dict[LETTERHEAD].image_sources
    response.headers["Content-Security-Policy"] = PAGE_POLICY.replace("{images}", images) + "; frame-src 'self'"
    return response


async def show_whole_text(request: web.Request) -> web.StreamResponse:
    """GET …/{id}/text: all that the mail said, as a part of the ticket's page; a page of its own to a person."""
    row = await allowed_row(request)
    if not is_fetch(request):
        raise web.HTTPSeeOther(f"/console/mail/{row.id}?view=whole")
    text = await request.config_dict[DATABASE].read(ledger.whole_text, row.id)
    return page(request, "mail/whole.html", row=row, text=text)


async def show_letter(request: web.Request) -> web.StreamResponse:
    """GET …/{id}/html: the mail's HTML made harmless, for the sandboxed frame of its page."""
    letter = await open_letter(request, await allowed_row(request))
    mail = letter.mail
    if mail.html is None:
        raise web.HTTPNotFound
    async with request.config_dict[TURNS]:
        safe = await harmless(mail.html, pictures_of(mail), mail.text)
    response = page(request, "mail/letter.html", safe=safe)
    response.headers.update(LETTER_HEADERS)
    return response


async def download(request: web.Request) -> web.StreamResponse:
    """GET …/{id}/raw.eml: the mail as it came, as a file that nothing opens in the browser."""
    row = await allowed_row(request)
    raw = await raw_bytes(request, row)
    if raw is None:
        raise web.HTTPNotFound
    headers = {**FILE_HEADERS, "Content-Disposition": f'attachment; filename="mail-{row.id}.eml"'}
    return web.Response(body=raw, content_type="application/octet-stream", headers=headers)


def headers_of(mail: Mail) -> list[Header]:
    """The headers that tell something, cut where they are endless."""
    told = [
        Header("from", [_told(one) for one in mail.senders]),
        Header("sender", [_told(mail.sender)] if mail.sender else []),
        Header("reply-to", [_told(one) for one in mail.reply_to]),
        Header("to", [_told(one) for one in mail.to]),
        Header("cc", [_told(one) for one in mail.cc]),
        *(Header(name, list(mail.headers.get(name, ()))) for name in TELLING),
    ]
    return [
        Header(one.name, [value[:LONGEST_VALUE] for value in one.values[:MOST_VALUES]]) for one in told if one.values
    ]


def pictures_of(mail: Mail) -> dict[str, Picture]:
    """The pictures of a mail that its HTML may show, by content id."""
    found: dict[str, Picture] = {}
    for part in mail.parts:
        kind = sniff(part.content, part.name)
        if part.content_id and kind in PICTURE_TYPES:
            found.setdefault(part.content_id.strip("<>").casefold(), Picture(kind, part.content))
    return found


def _told(mailbox: Mailbox) -> str:
    return f"{mailbox.name} <{mailbox.address}>" if mailbox.name else mailbox.address


def _view(wanted: str, letter: Letter) -> str:
    if wanted in VIEWS and _has(letter, wanted):
        return wanted
    return "written" if _has(letter, "written") else "source"


def _has(letter: Letter, view: str) -> bool:
    mail = letter.mail
    has: dict[str, Any] = {
        "written": mail.written,
        "whole": mail.text and mail.text != mail.written,
        "html": mail.html is not None,
        "source": letter.raw is not None,
    }
    return bool(has[view])


def _source(letter: Letter) -> str:
    """The mail's bytes as text, as far as they can be shown; cut where nobody reads on."""
    shown = (letter.raw or b"")[:LONGEST_SOURCE].decode("utf-8", "replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in shown.replace("\r\n", "\n"))
