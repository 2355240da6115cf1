"""Numbers as forms and addresses hold them."""

from aiohttp import web

LONGEST = 9


def whole(text: str | None) -> int | None:
    """The number that this text is, at most LONGEST digits; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= LONGEST else None


def version_in(text: str | None) -> int:
    """The version on which a form was based. Raises HTTPBadRequest."""
    version = whole(text)
    if version is None:
        raise web.HTTPBadRequest(reason="A version is missing from the form")
    return version


def page_in(text: str) -> int:
    """Which page of a list is asked for; the first where none is."""
    return max(1, whole(text) or 1)
