"""Translates what the rooms below refuse into what an agent reads, once, and guards every answer's headers."""

import logging

from aiohttp import web

from bot.console.access import Handler
from bot.console.render import problem
from bot.keys import CONSOLE_SETTINGS, LETTERHEAD
from knowledgebase.errors import (
    ActionNotAllowed,
    BatchNotFound,
    EntryConflict,
    EntryInvalid,
    EntryNotFound,
    PublicationNotFound,
    PublicationRefused,
)
from storage.errors import StorageUnavailable
from tickets.errors import NotAllowed, NotFound

logger = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": under it browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images} data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATUS_KEYS = {
    400: "malformed",
    401: "logged_out",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    409: "not_allowed",
    413: "too_large",
    429: "too_many",
}


@web.middleware
async def translate_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal with a sentence in the reader's language."""
    try:
        return await handler(request)
    except NotFound:
        return problem(request, 404, "not_found")
    except NotAllowed:
        return problem(request, 422, "not_allowed")
    except (EntryNotFound, BatchNotFound):
        return problem(request, 404, "entry_not_found")
    except EntryConflict:
        return problem(request, 409, "entry_conflict")
    except ActionNotAllowed:
        return problem(request, 422, "entry_not_allowed")
    except EntryInvalid:
        return problem(request, 422, "entry_invalid")
    except PublicationNotFound:
        return problem(request, 404, "not_found")
    except PublicationRefused as refused:
        return problem(request, 409, "moved_on" if refused.about else "publication_moved")
    except StorageUnavailable:
        logger.exception("console_storage_unavailable route=%s", route_of(request))
        return problem(request, 503, "unavailable")
    except web.HTTPRedirection:
        raise
    except web.HTTPException as refusal:
        if refusal.status not in STATUS_KEYS:
            raise
        logger.info("console_refused status=%d route=%s reason=%s", refusal.status, route_of(request), refusal.reason)
        return problem(request, refusal.status, STATUS_KEYS[refusal.status])


def route_of(request: web.Request) -> str:
    """The pattern of the address that was asked for, fit for a log; the address itself is whatever somebody typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on everything the console sends."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    images = request.config_dict[LETTERHEAD].image_sources
    response.headers.setdefault("Content-Security-Policy", POLICY.replace("{images}", images))
    kept = "no-cache" if request.path.startswith("/console/static/") else "no-store"
    response.headers.setdefault("Cache-Control", kept)
    if request.config_dict[CONSOLE_SETTINGS].secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
