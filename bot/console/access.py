"""The one door of the console: who asks, from where, and whether they may.

Every console route is declared with a Permission (routes.py) and reached only through guard(). Whatever changes
something is not a GET, comes from our own origin and carries the token of its session (or, before login, of its
form).
"""

import asyncio
import contextlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

from aiohttp import BodyPartReader, MultipartReader, web

from bot.console.texts import Language, chosen_language
from bot.keys import CLOCK, CONSOLE_SETTINGS, DATABASE, ConsoleSettings
from storage.errors import StorageUnavailable
from tickets import sessions
from tickets.model import Agent, Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SAFE_METHODS = frozenset({"GET", "HEAD"})
SESSION_COOKIE = "yingsheng"
LANGUAGE_COOKIE = "yingsheng-language"
FORM_COOKIE = "yingsheng-form"
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
BACKGROUND_HEADER = "X-Background"
FETCH_HEADER = "X-Fetch"
NO_TEXT = re.compile(r"[\ud800-\udfff]")
FORM_TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
TICKET_NUMBER = "[0-9]{4}-[0-9]{4,9}"
TOUCH_EVERY_MS = 60_000
MOST_TOUCHED = 10_000
FORM_WITHIN_S = 15.0
LONGEST_TOKEN = 100


class Permission(StrEnum):
    """Who may use a route; each includes those below it. WALL: agents, and screens that show the wall-board."""

    ANYONE = "anyone"
    READER = "reader"
    WALL = "wall"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


_ROLES = {
    Permission.READER: frozenset(Role),
    Permission.WALL: frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}),
    Permission.AGENT: frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}),
    Permission.SUPERVISOR: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Permission.ADMIN: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method of the console; path is below /console. takes_file: its form may hold a file."""

    method: str
    path: str
    handler: Handler
    permission: Permission
    takes_file: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in. wall: a screen is, and nothing but the wall-board is shown to it."""

    agent: Agent
    token_hash: str
    csrf_token: str
    wall: bool = False


PERMISSIONS = web.AppKey("console_permissions", dict[web.AbstractRoute, Permission])
TAKING_FILES = web.AppKey("console_taking_files", set[web.AbstractRoute])
TOUCHED = web.AppKey("console_touched", dict[str, int])
LOGIN = web.RequestKey("console_login", Login)
LANGUAGE = web.RequestKey("console_language", Language)
FORM_TOKEN = web.RequestKey("console_form_token", str)
UPLOAD = web.RequestKey("console_upload", MultipartReader)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through only with the permission that its route declares."""
    request[LANGUAGE] = chosen_language(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
    )
    request[FORM_TOKEN] = _form_token(request)
    permission = request.app[PERMISSIONS].get(request.match_info.route)
    login = await find_login(request)
    if login is not None and login.wall and permission is not Permission.WALL:
        login = None
    if login is not None:
        request[LOGIN] = login
    if request.match_info.http_exception is not None:
        return await handler(request)
    if permission is None:
        raise web.HTTPForbidden(reason="This route declares no permission")
    _require_permission(request, permission, login)
    if request.method not in SAFE_METHODS:
        require_own_origin(request)
        await _require_token(request, login)
    return await handler(request)


async def find_login(request: web.Request) -> Login | None:
    """Who is logged in by this request's cookie; a request that a person caused keeps the login alive."""
    token = request.cookies.get(cookie_name(request, SESSION_COOKIE))
    if not token:
        return None
    token_hash = hash_token(token)
    found = await _find_session(request, token_hash)
    if found is None:
        return None
    if BACKGROUND_HEADER not in request.headers and "Upgrade" not in request.headers:
        await _keep_alive(request, token_hash, request.config_dict[CLOCK]())
    return Login(found.agent, token_hash, found.csrf_token, found.wall)


async def login_holds(request: web.Request, token_hash: str) -> bool:
    """Whether a login that was good when this request came is good still."""
    return await _find_session(request, token_hash) is not None


async def _find_session(request: web.Request, token_hash: str) -> sessions.Session | None:
    lifetime, now = request.config_dict[CONSOLE_SETTINGS].lifetime, request.config_dict[CLOCK]()
    return await request.config_dict[DATABASE].read(sessions.find_session, token_hash, now, lifetime)


async def _keep_alive(request: web.Request, token_hash: str, now: int) -> None:
    """Note the use of a login, at most once a minute: a write costs a disk flush.

    While nothing can be written agents may still read; the login then only ages as if it were unused.
    """
    touched = request.config_dict[TOUCHED]
    if now - touched.get(token_hash, 0) < TOUCH_EVERY_MS:
        return
    if len(touched) >= MOST_TOUCHED:
        touched.clear()
    touched[token_hash] = now
    with contextlib.suppress(StorageUnavailable):
        await request.config_dict[DATABASE].write(sessions.touch, token_hash, now)


def cookie_name(request: web.Request, name: str) -> str:
    """The cookie's name; over HTTPS with the prefix by which browsers pin it to this host."""
    return f"__Host-{name}" if request.config_dict[CONSOLE_SETTINGS].secure else name


def keep_token(request: web.Request, response: web.Response, token: str, lasts_ms: int) -> None:
    """Let the browser keep a session's token and send it to us alone, out of reach of scripts."""
    response.set_cookie(
        cookie_name(request, SESSION_COOKIE),
        token,
        path="/",
        max_age=lasts_ms // 1000,
        httponly=True,
        secure=request.config_dict[CONSOLE_SETTINGS].secure,
        samesite="Lax",
    )


def hash_token(token: str) -> str:
    """What is stored of a secret that only its owner keeps."""
    return sha256(_bytes(token)).hexdigest()


def form_token(request: web.Request) -> str:
    """The token that a form on this page has to send back."""
    login = request.get(LOGIN)
    return login.csrf_token if login else request[FORM_TOKEN]


def is_own_origin(settings: ConsoleSettings, origin: str | None, host: str) -> bool:
    """Whether a page of this origin is our own. On a loopback address its other names count as well."""
    if not origin or origin == "null":
        return False
    ours, theirs = urlsplit(settings.public_url), split_address(origin)
    if theirs is None:
        return False
    if (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc):
        return True
    here = (ours.scheme, host) == (theirs.scheme, theirs.netloc)
    return here and _is_loopback(ours.hostname) and _is_loopback(theirs.hostname)


def split_address(address: str) -> SplitResult | None:
    """The parts of an address that came from outside; None if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def require_own_origin(request: web.Request) -> None:
    """Raise HTTPForbidden unless the request names our own origin."""
    settings = request.config_dict[CONSOLE_SETTINGS]
    if not is_own_origin(settings, request.headers.get("Origin"), request.host):
        raise web.HTTPForbidden(reason="Foreign or missing Origin")


def is_fetch(request: web.Request) -> bool:
    """Whether the page's own script asks, which wants short answers instead of whole pages."""
    return FETCH_HEADER in request.headers


def _require_permission(request: web.Request, permission: Permission, login: Login | None) -> None:
    if permission is Permission.ANYONE:
        return
    if login is None:
        if request.method == "GET" and not is_fetch(request) and "Upgrade" not in request.headers:
            raise web.HTTPSeeOther(f"/console/login?next={quote(request.path_qs, safe='/')}")
        raise web.HTTPUnauthorized()
    if login.agent.role not in _ROLES[permission]:
        raise web.HTTPForbidden(reason="This needs another role")


async def _require_token(request: web.Request, login: Login | None) -> None:
    expected = login.csrf_token if login else request.cookies.get(cookie_name(request, FORM_COOKIE), "")
    given = request.headers.get(CSRF_HEADER)
    if request.content_type == "multipart/form-data" and request.match_info.route in request.app[TAKING_FILES]:
        given = await _begin_upload(request)
    elif given is None:
        given = (await read_form(request)).get(CSRF_FIELD, "")
    if not expected or not hmac.compare_digest(_bytes(given), _bytes(expected)):
        raise web.HTTPForbidden(reason="The form's token is missing or not of this session")


async def _begin_upload(request: web.Request) -> str:
    """The token, which has to be the first field of a form with a file: nothing is read for strangers."""
    try:
        async with asyncio.timeout(FORM_WITHIN_S):
            reader = MultipartReader(request.headers, request.content)
            part = await reader.next()
            if not isinstance(part, BodyPartReader) or part.name != CSRF_FIELD:
                return ""
            token = (await part.read_chunk(LONGEST_TOKEN)).decode("ascii", "replace")
            await part.release()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ValueError, LookupError, RuntimeError) as error:
        raise web.HTTPBadRequest(reason="Not a form") from error
    request[UPLOAD] = reader
    return token


def _form_token(request: web.Request) -> str:
    """The token of forms before login: the browser's own, if it is one of ours, else a new one."""
    kept = request.cookies.get(cookie_name(request, FORM_COOKIE), "")
    return kept if FORM_TOKEN_SHAPE.fullmatch(kept) else secrets.token_urlsafe(32)


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The text fields of a form.

    Raises HTTPBadRequest for what is no form, or holds by an odd charset half a character, which no database takes;
    HTTPRequestTimeout if it trickles in.
    """
    if request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(reason="No form of ours holds files")
    try:
        async with asyncio.timeout(FORM_WITHIN_S):
            fields = await request.post()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ValueError, LookupError) as error:
        raise web.HTTPBadRequest(reason="Not a form") from error
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    if any(NO_TEXT.search(text) for pair in form.items() for text in pair):
        raise web.HTTPBadRequest(reason="Not text")
    return form


def _bytes(text: str) -> bytes:
    """Headers and cookies may hold anything, also what is no Unicode."""
    return text.encode("utf-8", "surrogatepass")


def _is_loopback(host: str | None) -> bool:
    if host is None or host == "localhost":
        return host == "localhost"
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
