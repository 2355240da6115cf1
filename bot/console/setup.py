"""The first administrator: made once, with a link that only whoever started the server has seen."""

import logging
import secrets
from dataclasses import dataclass, replace

from aiohttp import web

from bot.console.access import hash_token, read_form
from bot.console.passwords import hashed, password_problem
from bot.console.render import page, say_for
from bot.console.session import HOME, start_session
from bot.keys import CLOCK, DATABASE, ConsoleSettings, SignallingDatabase
from storage.database import Transaction
from tickets import agents, sessions
from tickets.contact_details import parse_details
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


@dataclass(frozen=True, slots=True)
class Wish:
    """What was filled in on the set-up page; the password is never shown again."""

    token: str = ""
    name: str = ""
    login: str = ""
    email: str = ""


async def show_setup(request: web.Request) -> web.StreamResponse:
    """GET /console/setup: the form, as long as there is no administrator."""
    await _require_no_admin(request)
    token, now = request.query.get("token", ""), request.config_dict[CLOCK]()
    if not token:
        return _form(request, Wish(), "setup.no_token")
    if not await request.config_dict[DATABASE].read(sessions.has_setup_token, hash_token(token), now):
        return _form(request, Wish(), "setup.link_ended")
    return _form(request, Wish(token), None)


async def set_up(request: web.Request) -> web.StreamResponse:
    """POST /console/setup: make the first administrator and log them in."""
    await _require_no_admin(request)
    form = await read_form(request)
    wish = Wish(*(form.get(field, "").strip() for field in ("token", "name", "login", "email")))
    password = form.get("password", "")
    if problem := _problem(wish, password, form.get("again", "")):
        return _form(request, wish, problem)
    agent = await request.config_dict[DATABASE].write(
        _make_admin, wish, await hashed(password), request.config_dict[CLOCK]()
    )
    if agent is None:
        return _form(request, replace(wish, token=""), "setup.link_ended")
    logger.info("first_admin agent=%s", agent.id)
    return await start_session(request, agent, HOME)


def _problem(wish: Wish, password: str, again: str) -> str | None:
    if not wish.name or len(wish.name) > LONGEST_NAME or not wish.name.isprintable():
        return "setup.name_needed"
    if not wish.login or len(wish.login) > LONGEST_NAME or not wish.login.isprintable() or " " in wish.login:
        return "setup.login_needed"
    if wish.email and _address(wish.email) is None:
        return "setup.email_wrong"
    if problem := password_problem(password, wish.login):
        return f"password.{problem}"
    return None if password == again else "password.differs"


def _address(typed: str) -> str | None:
    details = parse_details(typed)
    return details.value if details and details.kind == "email" else None


def _form(request: web.Request, wish: Wish, problem: str | None) -> web.Response:
    """The page; without a token it has nothing to fill in, only what is wrong."""
    text = say_for(request)(problem) if problem else None
    return page(request, "setup.html", 422 if problem else 200, wish=wish, usable=bool(wish.token), problem=text)


async def _require_no_admin(request: web.Request) -> None:
    if await request.config_dict[DATABASE].read(agents.count_admins):
        raise web.HTTPNotFound


def _offer_setup(tx: Transaction, token_hash: str, now: int) -> bool:
    if agents.count_admins(tx):
        return False
    sessions.put_setup_token(tx, token_hash, now + VALID_MS)
    return True


def _make_admin(tx: Transaction, wish: Wish, password_hash: str, now: int) -> Agent | None:
    if agents.count_admins(tx) or not sessions.use_setup_token(tx, hash_token(wish.token), now):
        return None
    return agents.create(tx, wish.login, wish.name, Role.ADMIN, password_hash, _address(wish.email), now)
