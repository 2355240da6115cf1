"""Logging in and out."""

import logging
import secrets

from aiohttp import web

from bot.console.access import (
    LANGUAGE_COOKIE,
    LOGIN,
    SESSION_COOKIE,
    cookie_name,
    hash_token,
    keep_token,
    read_form,
    split_address,
)
from bot.console.login_delays import LoginDelays
from bot.console.passwords import LONGEST, verified
from bot.console.render import page, say_for
from bot.console.texts import Language
from bot.gateway.addresses import client_address, subscriber
from bot.keys import CLOCK, CONSOLE_SETTINGS, DATABASE
from storage.database import Transaction
from tickets import agents, sessions
from tickets.model import Agent, Role

logger = logging.getLogger(__name__)

DELAYS = web.AppKey("console_login_delays", LoginDelays)
HOME = "/console"
READERS_HOME = "/console/knowledge"


async def show_login(request: web.Request) -> web.StreamResponse:
    """GET /console/login: the form; somebody who is logged in is led on."""
    after = safe_path(request.query.get("next", HOME))
    if LOGIN in request:
        raise web.HTTPSeeOther(_place_for(request[LOGIN].agent, after))
    return page(request, "login.html", after=after, login="", problem=None)


async def log_in(request: web.Request) -> web.StreamResponse:
    """POST /console/login: a new session, or the same short refusal for every reason."""
    form = await read_form(request)
    login, password = form.get("login", ""), form.get("password", "")
    after = safe_path(form.get("next", HOME))
    address = subscriber(client_address(request, request.config_dict[CONSOLE_SETTINGS].trusted_proxies))
    delays, now = request.config_dict[DELAYS], request.config_dict[CLOCK]()
    if wait := delays.begin(login, address, now):
        seconds = -(-wait // 1000)
        text = say_for(request)("login.wait", seconds=seconds)
        response = page(request, "login.html", 429, after=after, login=login, problem=text)
        response.headers["Retry-After"] = str(seconds)
        return response
    agent = await _authenticate(request, login, password)
    if agent is None:
        logger.info("login_refused")
        text = say_for(request)("login.wrong")
        return page(request, "login.html", 401, after=after, login=login, problem=text)
    delays.succeed(login, address)
    return await start_session(request, agent, after)


async def start_session(request: web.Request, agent: Agent, after: str) -> web.Response:
    """A redirect that logs this agent in under a new random id; a session held before is ended."""
    settings, now = request.config_dict[CONSOLE_SETTINGS], request.config_dict[CLOCK]()
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    old = request[LOGIN].token_hash if LOGIN in request else None
    await request.config_dict[DATABASE].write(_replace_session, agent.id, hash_token(token), csrf_token, old, now)
    logger.info("login agent=%s", agent.id)
    response = web.Response(status=303, headers={"Location": _place_for(agent, after)})
    keep_token(request, response, token, settings.absolute_ms)
    return response


async def log_out(request: web.Request) -> web.StreamResponse:
    """POST /console/logout: this session ends here and in every page that holds it."""
    login = request[LOGIN]
    await request.config_dict[DATABASE].write(sessions.close_session, login.token_hash)
    logger.info("logout agent=%s", login.agent.id)
    response = web.Response(status=303, headers={"Location": "/console/login"})
    secure = request.config_dict[CONSOLE_SETTINGS].secure
    response.del_cookie(cookie_name(request, SESSION_COOKIE), path="/", httponly=True, secure=secure, samesite="Lax")
    return response


async def choose_language(request: web.Request) -> web.StreamResponse:
    """POST /console/language: remember the reader's choice and go back."""
    form = await read_form(request)
    chosen = form.get("language", "")
    if chosen not in set(Language):
        raise web.HTTPForbidden(reason="Unknown language")
    place = _readable(request.app, safe_path(form.get("next", HOME)))
    response = web.Response(status=303, headers={"Location": place})
    secure = request.config_dict[CONSOLE_SETTINGS].secure
    response.set_cookie(LANGUAGE_COOKIE, chosen, path="/console", max_age=31536000, secure=secure, samesite="Lax")
    return response


def safe_path(wanted: str) -> str:
    """A path of the console to go to, whatever was asked for: never another site, never an act."""
    parts = split_address(wanted)
    if parts is None:
        return HOME
    inside = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    plain = wanted.isprintable() and "\\" not in wanted and ".." not in wanted
    if parts.scheme or parts.netloc or not inside or not plain or wanted.startswith("//"):
        return HOME
    return wanted


def _readable(app: web.Application, place: str) -> str:
    """This place if it can be looked at, else the nearest above it: a page that answers an act stands at the act's."""
    while place != HOME and not _has_page(app, place.partition("?")[0]):
        place = place.partition("?")[0].rpartition("/")[0]
    return place


def _has_page(app: web.Application, path: str) -> bool:
    resources = (route.resource for route in app.router.routes() if route.method == "GET")
    return any(_fits(resource, path) for resource in resources if resource is not None)


def _fits(resource: web.AbstractResource, path: str) -> bool:
    info = resource.get_info()
    pattern = info.get("pattern")
    return info.get("path") == path or (pattern is not None and pattern.fullmatch(path) is not None)


def _place_for(agent: Agent, wanted: str) -> str:
    """Where somebody goes after the login: a reader has no queue."""
    return READERS_HOME if wanted == HOME and agent.role is Role.READER else wanted


async def _authenticate(request: web.Request, login: str, password: str) -> Agent | None:
    found = await request.config_dict[DATABASE].read(agents.by_login, login)
    agent, password_hash = found if found else (None, None)
    right = await verified(password_hash, password[: LONGEST + 1])
    return agent if right and agent and agent.disabled_at is None else None


def _replace_session(
    tx: Transaction, agent_id: str, token_hash: str, csrf_token: str, old: str | None, now: int
) -> None:
    if old:
        sessions.close_session(tx, old)
    sessions.open_session(tx, agent_id, token_hash, csrf_token, now)
