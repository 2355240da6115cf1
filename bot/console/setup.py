"""The first administrator: made once, with a link that only whoever started the server has seen."""

import logging
import secrets

from aiohttp import web

from bot.console.access import hash_token, read_form
from bot.console.passwords import hashed, password_problem
from bot.console.render import page, say_for
from bot.console.session import HOME, start_session
from bot.keys import CLOCK, DATABASE, ConsoleSettings, SignallingDatabase
from storage.database import Transaction
from tickets import agents, sessions
from tickets.model import Agent, Role

logger = logging.getLogger(__name__)

VALID_MS = 30 * 60_000
LONGEST_NAME = 64


async def new_setup_link(database: SignallingDatabase, settings: ConsoleSettings, now: int) -> str | None:
    """The one-time set-up link to print at start, valid for 30 minutes; None once an administrator exists."""
    token = secrets.token_urlsafe(32)
    if not await database.write(_offer_setup, hash_token(token), now):
        return None
    return f"{settings.public_url}{HOME}/setup?token={token}"


async def show_setup(request: web.Request) -> web.StreamResponse:
    """GET /console/setup: the form, as long as there is no administrator."""
    await _require_no_admin(request)
    token, now = request.query.get("token", ""), request.config_dict[CLOCK]()
    if not token:
        return _form(request, "", "", "", "setup.no_token")
    if not await request.config_dict[DATABASE].read(sessions.has_setup_token, hash_token(token), now):
        return _form(request, "", "", "", "setup.link_ended")
    return _form(request, token, "", "", None)


async def set_up(request: web.Request) -> web.StreamResponse:
    """POST /console/setup: make the first administrator and log them in."""
    await _require_no_admin(request)
    form = await read_form(request)
    token, login, name, password = (form.get(field, "") for field in ("token", "login", "name", "password"))
    login, name = login.strip(), name.strip()
    if problem := _problem(login, name, password, form.get("again", "")):
        return _form(request, token, login, name, problem)
    agent = await request.config_dict[DATABASE].write(
        _make_admin, hash_token(token), login, name, await hashed(password), request.config_dict[CLOCK]()
    )
    if agent is None:
        return _form(request, "", login, name, "setup.link_ended")
    logger.info("first_admin agent=%s", agent.id)
    return await start_session(request, agent, HOME)


def _problem(login: str, name: str, password: str, again: str) -> str | None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return "setup.name_needed"
    if not login or len(login) > LONGEST_NAME or not login.isprintable() or " " in login:
        return "setup.login_needed"
    if problem := password_problem(password, login):
        return f"password.{problem}"
    return None if password == again else "password.differs"


def _form(request: web.Request, token: str, login: str, name: str, problem: str | None) -> web.Response:
    """The page; without a token it has nothing to fill in, only what is wrong."""
    text = say_for(request)(problem) if problem else None
    status = 422 if problem else 200
    return page(request, "setup.html", status, token=token, usable=bool(token), login=login, name=name, problem=text)


async def _require_no_admin(request: web.Request) -> None:
    if await request.config_dict[DATABASE].read(agents.count_admins):
        raise web.HTTPNotFound


def _offer_setup(tx: Transaction, token_hash: str, now: int) -> bool:
    if agents.count_admins(tx):
        return False
    sessions.put_setup_token(tx, token_hash, now + VALID_MS)
    return True


def _make_admin(tx: Transaction, token_hash: str, login: str, name: str, password_hash: str, now: int) -> Agent | None:
    if agents.count_admins(tx) or not sessions.use_setup_token(tx, token_hash, now):
        return None
    return agents.create(tx, login, name, Role.ADMIN, password_hash, None, now)
