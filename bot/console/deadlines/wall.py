"""The wall-board: how things stand, for a big screen in the office. It tells nobody's name and nobody's words."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, hash_token, is_fetch, keep_token, read_form
from bot.console.deadlines.listing import day_after
from bot.console.render import page
from bot.keys import CLOCK, CONSOLE_SETTINGS, DATABASE, RULES, WAYS, WORKERS
from storage.database import Transaction
from tickets import sessions
from tickets.clocks import due
from tickets.clocks.due import DueRow, Moments, Waiting, Wanted
from tickets.escalation import history
from tickets.escalation.history import RecentAlert
from tickets.escalation.outages import Outage, look
from tickets.escalation.ways import Ways

logger = logging.getLogger(__name__)

ADDRESS = "/console/wall"
MOST_ROWS = 9
MOST_ALERTS = 6
SWEEP = "sweep"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Service:
    """Whether people are told. still_ms: how long nobody has looked what is due, None while somebody does."""

    outage: Outage
    still_ms: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the wall at one moment. screens: how many show it by a login of their own."""

    waiting: Waiting
    hour: int
    overdue: int
    rows: Sequence[DueRow]
    alerts: Sequence[RecentAlert]
    outage: Outage
    screens: int


async def show_wall(request: web.Request) -> web.StreamResponse:
    """GET /console/wall: the board, or to its script what is on it now."""
    settings, now = request.config_dict[CONSOLE_SETTINGS], request.config_dict[CLOCK]()
    moments = Moments(now, day_after(now, request.config_dict[RULES].time_zone))
    board = await request.config_dict[DATABASE].read(_board, request.config_dict[WAYS], moments, settings.wall_ms)
    return page(
        request,
        "deadlines/wall_part.html" if is_fetch(request) else "deadlines/wall.html",
        board=board,
        service=Service(board.outage, _still_ms(request)),
        screen=request[LOGIN].wall,
        days=settings.wall_ms // DAY_MS,
    )


async def keep(request: web.Request) -> web.StreamResponse:
    """POST /console/wall/keep: the login of whoever asks ends, and this browser becomes a screen of the wall."""
    await read_form(request)
    settings, now, login = request.config_dict[CONSOLE_SETTINGS], request.config_dict[CLOCK](), request[LOGIN]
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    await request.config_dict[DATABASE].write(
        _become_screen, login.agent.id, hash_token(token), csrf, login.token_hash, now
    )
    logger.info("wall_begun agent=%s", login.agent.id)
    response = web.Response(status=303, headers={"Location": ADDRESS})
    keep_token(request, response, token, settings.wall_ms)
    return response


async def leave(request: web.Request) -> web.StreamResponse:
    """POST /console/wall/leave: this screen shows the wall no more; somebody else's login stays as it is."""
    await read_form(request)
    if request[LOGIN].wall:
        await request.config_dict[DATABASE].write(sessions.close_session, request[LOGIN].token_hash)
    return web.Response(status=303, headers={"Location": "/console/login"})


async def end_all(request: web.Request) -> web.StreamResponse:
    """POST /console/wall/end: no screen shows the wall any more until somebody begins anew."""
    await read_form(request)
    ended = await request.config_dict[DATABASE].write(sessions.close_walls)
    logger.info("walls_ended screens=%d agent=%s", ended, request[LOGIN].agent.id)
    return web.Response(status=303, headers={"Location": f"{ADDRESS}?done=walls_ended"})


def _still_ms(request: web.Request) -> int | None:
    """How long the sweep has been silent, if it takes longer than it should."""
    workers = request.config_dict.get(WORKERS)
    if workers is None or SWEEP not in workers.stalled():
        return None
    return round(workers.ages()[SWEEP] * 1000)


def _board(tx: Transaction, ways: Ways, moments: Moments, wall_ms: int) -> Board:
    counts = due.counts(tx, Wanted(), moments)
    return Board(
        waiting=due.waiting(tx),
        hour=counts.hour,
        overdue=counts.overdue,
        rows=due.listed(tx, Wanted(), moments, limit=MOST_ROWS),
        alerts=history.recent(tx, MOST_ALERTS),
        outage=look(tx, ways, moments.now),
        screens=sessions.walls(tx, moments.now, wall_ms),
    )


def _become_screen(tx: Transaction, agent_id: str, token_hash: str, csrf: str, old: str, now: int) -> None:
    sessions.close_session(tx, old)
    sessions.open_session(tx, agent_id, token_hash, csrf, now, wall=True)
