"""The console's route table: every address with who may use it. add_console() mounts it under /console."""

import asyncio

from aiohttp import web

from bot.console import acts, attaching, explanations, live, pages, session, setup, suggestions
from bot.console.access import PERMISSIONS, TAKING_FILES, TICKET_NUMBER, TOUCHED, Permission, Route, guard
from bot.console.deadlines import doors as deadlines_doors
from bot.console.desk import doors as desk_doors
from bot.console.knowledge import authoring, exporting, hints, images, importing, learning, publishing
from bot.console.knowledge.findings import FINDINGS, Findings
from bot.console.live import LIVE_PAGES, LivePages, close_pages, live_pages
from bot.console.login_delays import LoginDelays
from bot.console.mail import doors, letters
from bot.console.mail.news import bring_news
from bot.console.people import doors as people
from bot.console.problems import protect, translate_problems
from bot.console.rules import doors as rules
from bot.console.session import DELAYS
from bot.console.ways import doors as ways
from bot.gateway.files import Files

PREFIX = "/console"
FILES = Files("console")


TICKET = f"/tickets/{{number:{TICKET_NUMBER}}}"

ROUTES = (
    Route("GET", "/setup", setup.show_setup, Permission.ANYONE),
    Route("POST", "/setup", setup.set_up, Permission.ANYONE),
    Route("GET", "/login", session.show_login, Permission.ANYONE),
    Route("POST", "/login", session.log_in, Permission.ANYONE),
    Route("POST", "/language", session.choose_language, Permission.ANYONE),
    Route("POST", "/logout", session.log_out, Permission.READER),
    Route("GET", "", pages.show_queue, Permission.AGENT),
    Route("GET", "/explain", explanations.show_explanation, Permission.AGENT),
    Route("GET", "/ws", live.watch, Permission.AGENT),
    Route("GET", TICKET, pages.show_ticket, Permission.AGENT),
    Route("POST", f"{TICKET}/reply", acts.reply, Permission.AGENT),
    Route("POST", "/uploads", attaching.upload, Permission.AGENT),
    Route("POST", f"{TICKET}/note", acts.note, Permission.AGENT),
    Route("GET", f"{TICKET}/entries", suggestions.search_entries, Permission.AGENT),
    Route("POST", f"{TICKET}/mark", suggestions.mark_question, Permission.AGENT),
    Route("POST", f"{TICKET}/entry-change", suggestions.answer_about_change, Permission.AGENT),
    *(Route("POST", f"{TICKET}/{name}", acts.changing(act), Permission.AGENT) for name, act in acts.ACTS.items()),
    *authoring.ROUTES,
    *publishing.ROUTES,
    *images.ROUTES,
    *learning.ROUTES,
    *doors.ROUTES,
    *rules.ROUTES,
    *desk_doors.ROUTES,
    *people.ROUTES,
    *ways.ROUTES,
    *deadlines_doors.ROUTES,
)


def add_console(app: web.Application) -> None:
    """Mount the console on an application that carries the keys of bot/keys.py.

    DATABASE, RULES, CLOCK, TEMPLATES, CONSOLE_SETTINGS, LIBRARY, THRESHOLDS and TYPING have to be there when the
    application starts; what opens the database has to stand before this in app.cleanup_ctx.
    """
    app[DELAYS] = LoginDelays()
    app[TOUCHED] = {}
    app[explanations.PACE] = explanations.explanation_pace()
    app[FINDINGS] = Findings()
    app[hints.HINT_PACE] = hints.hint_pace()
    app[importing.WAITING_FILES] = importing.WaitingFiles()
    app[importing.TURN], app[exporting.TURN] = asyncio.Semaphore(1), asyncio.Semaphore(1)
    app[images.TURNS] = asyncio.Semaphore(images.AT_A_TIME)
    app[letters.TURNS] = asyncio.Semaphore(letters.AT_A_TIME)
    app[LIVE_PAGES] = LivePages()
    app.cleanup_ctx.append(live_pages)
    app.on_shutdown.append(close_pages)
    app.add_subapp(PREFIX, console_app())


def console_app() -> web.Application:
    """The console's own application: everything in it stands behind guard()."""
    console = web.Application(middlewares=[translate_problems, guard, bring_news])
    console[PERMISSIONS] = {}
    console[TAKING_FILES] = set()
    for route in ROUTES:
        added = console.router.add_route(route.method, route.path, route.handler)
        console[PERMISSIONS][added] = route.permission
        if route.takes_file:
            console[TAKING_FILES].add(added)
    console[PERMISSIONS][console.router.add_route("GET", "/static/{file}", send_file)] = Permission.ANYONE
    console.on_response_prepare.append(protect)
    return console


async def send_file(request: web.Request) -> web.Response:
    """GET …/static/…: a script, style or picture of the console, by its name alone."""
    return FILES.answer(request, request.match_info["file"])
