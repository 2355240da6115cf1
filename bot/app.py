"""The application, put together: what it carries, in the order in which it starts and stops."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial

from aiohttp import WSCloseCode, web

from bot.alerting.delivery.starting import start_delivering
from bot.alerting.heartbeat import start_heartbeat
from bot.alerting.seeding import seed_of
from bot.alerting.ways import ways_of
from bot.config import Config
from bot.console.live import LIVE_PAGES
from bot.console.routes import add_console
from bot.decide import Limits
from bot.encoding import make_store
from bot.files.intake import Intake
from bot.files.links import Links
from bot.files.types import Family
from bot.files.uploads import Uploads
from bot.gateway.chat import Desk
from bot.gateway.hub import Hub
from bot.gateway.limits import Traffic
from bot.gateway.metrics import Metrics
from bot.gateway.middlewares import harden, tell_errors
from bot.gateway.routes import add_public_routes
from bot.help.pages import open_shelves
from bot.help.search import questions_like
from bot.help.shelves import SHELVES
from bot.keys import (
    ARRIVALS,
    BLOBS,
    CHAT,
    CLOCK,
    CONFIG,
    CONSOLE_SETTINGS,
    DATABASE,
    LETTERHEAD,
    LIBRARY,
    LINKS,
    METRICS,
    OFFICE,
    ORIGINS,
    POSTMAN,
    REPLAYING,
    RULES,
    SEND_REPLY,
    SIGNER,
    SOCKETS,
    TEMPLATES,
    THRESHOLDS,
    TYPING,
    UPLOADS,
    WAYS,
    WORKERS,
    ConsoleSettings,
)
from bot.mail.addresses import Signer
from bot.mail.fetching.arrivals import Arrivals
from bot.mail.fetching.health import LOOK_EVERY_S, watch_over
from bot.mail.fetching.imap import Post
from bot.mail.posting.office import PostOffice, TellBusy
from bot.mail.posting.outlets import outlets_of
from bot.mail.posting.replies import send_reply
from bot.mail.posting.starting import start_posting
from bot.mail.postman import NO_POSTMAN
from bot.mail.settling.loop import LONGEST_MAIL_MS, Settling, Tools
from bot.mail.settling.settle import House
from bot.mail.settling.signatures import dns_lookup, sparing
from bot.mail.settling.words import ledger_words
from bot.markup import Letterhead
from bot.messages import Channel
from bot.receive import Answering
from bot.replaying import Replaying, Settings
from bot.templates import load_templates, neutral_words
from bot.visitors import Visitors
from bot.workers import HOUR_S, LONGEST_ROUND_MS, LOOK_AGAIN_S, Turn, Workers, keep_house, ringing, start_workers
from knowledgebase.authoring.placeholders import Placeholder
from knowledgebase.library import Library
from knowledgebase.model import Thresholds
from storage.blobs import Blobs
from storage.database import Transaction
from storage.secrets import keep_secret
from storage.signals import Bell
from storage.sqlite import SQLiteDatabase
from tickets.escalation.telling import operators
from tickets.mail import incidents, mailboxes
from tickets.sla import seeding

BODY_LIMIT = 1024 * 1024
GOODBYE_WITHIN_S = 2.0
LONGEST_HOURLY_MS = 2 * 3_600_000


def build_app(config: Config, database: SQLiteDatabase, public_url: str, clock: Callable[[], int]) -> web.Application:
    """The whole server on this open database. public_url is what browsers see, without a trailing slash."""
    app = web.Application(middlewares=[tell_errors], client_max_size=BODY_LIMIT)
    app[CONFIG] = config
    app[DATABASE] = database
    app[CLOCK] = clock
    app[BLOBS] = Blobs(database.folder)
    app[UPLOADS] = Uploads(
        Intake(app[BLOBS]), database, config.files.largest, frozenset(map(Family, config.files.kinds))
    )
    app[RULES] = config.rules
    app[WAYS] = ways_of(config, lambda notice: app[LIVE_PAGES].alarm(notice))
    app[TEMPLATES] = load_templates()
    app[LETTERHEAD] = letterhead(config, public_url)
    app[ORIGINS] = origins(config, public_url)
    app[SOCKETS] = set()
    ending = contextlib.ExitStack()
    store = make_store(config.encoder, database, ending)
    app[LIBRARY] = Library(database, config.answers.precision, store, least_precision(config))
    app[REPLAYING] = Replaying(database, app[LIBRARY], replay_settings(config), clock)
    app[WORKERS] = Workers(clock)
    app[METRICS] = Metrics()
    app[CONSOLE_SETTINGS] = ConsoleSettings(
        public_url, config.console.idle, config.console.absolute, config.console.wall, config.server.trusted_proxies
    )
    app[THRESHOLDS] = lambda channel="chat": limits_on(config, app[LIBRARY], channel).thresholds
    app.cleanup_ctx.extend(
        [
            _rulebook,
            partial(_knowledge, ending=ending),
            open_shelves,
            partial(_links, public_url=public_url),
            _chat,
            _mail,
            partial(_loops, public_url=public_url),
            _arriving,
        ]
    )
    app.on_shutdown.append(_say_goodbye)
    app.on_response_prepare.append(harden)
    add_public_routes(app)
    add_console(app)
    return app


def letterhead(config: Config, public_url: str) -> Letterhead:
    """What stands on every answer: our address, and what the settings say."""
    told = {Placeholder.SERVICE_PHONE: config.answers.service_phone, Placeholder.WEBSITE: config.answers.website}
    files = config.server.files_url
    hosts = {*config.answers.image_hosts, *([files.partition("://")[2]] if files else [])}
    values = {placeholder: value for placeholder, value in told.items() if value}
    return Letterhead(public_url, frozenset(hosts), values, neutral_words())


def origins(config: Config, public_url: str) -> frozenset[str]:
    """The origins whose pages may chat: those of the settings, and our own."""
    own = {public_url}
    if public_url.startswith("http://127.0.0.1:"):
        own.add(public_url.replace("127.0.0.1", "localhost"))
    return frozenset({*config.chat.allowed_origins, *own})


def limits_in_force(config: Config, calibrated: Thresholds) -> Limits:
    """The thresholds that the knowledge base was calibrated to, under those of the settings."""
    answers = config.answers
    answer = calibrated.answer if answers.answer_threshold is None else answers.answer_threshold
    clarify = calibrated.clarify if answers.clarify_threshold is None else answers.clarify_threshold
    return Limits(Thresholds(answer, min(answer, clarify)), answers.max_clarifications)


def replay_settings(config: Config) -> Settings:
    """What the settings say about replays."""
    answers = config.answers
    return Settings(
        answers.precision,
        lambda chosen: limits_in_force(config, chosen).thresholds,
        answers.replay_utterances,
        least_precision(config),
    )


def least_precision(config: Config) -> dict[str, float]:
    """By channel, the share of automatic answers that shall be right at least: a mail, where any comes, cannot ask
    back."""
    return {Channel.MAIL.value: config.answers.mail_precision} if config.mail.mailboxes else {}


def limits_on(config: Config, library: Library, channel: str) -> Limits:
    """The limits of a channel with the knowledge base in force."""
    return limits_in_force(config, library.thresholds(channel))


async def _rulebook(app: web.Application) -> AsyncIterator[None]:
    await app[DATABASE].write(seeding.seed, seed_of(app[CONFIG], app[TEMPLATES]), app[CLOCK]())
    yield


async def _knowledge(app: web.Application, ending: contextlib.ExitStack) -> AsyncIterator[None]:
    with ending:
        await app[LIBRARY].reload()
        yield
        await app[LIBRARY].close()


async def _links(app: web.Application, public_url: str) -> AsyncIterator[None]:
    secret = await app[DATABASE].write(keep_secret, "files", secrets.token_urlsafe(32))
    app[LINKS] = Links(secret, app[CONFIG].server.files_url or public_url)
    yield


async def _chat(app: web.Application) -> AsyncIterator[None]:
    config, database = app[CONFIG], app[DATABASE]
    secret = await database.write(keep_secret, "visitors", secrets.token_urlsafe(32))
    hub = Hub(database.signals)
    app[TYPING] = hub
    app[CHAT] = Desk(
        database=database,
        hub=hub,
        traffic=Traffic(
            config.chat.messages_per_minute,
            config.chat.visitors_per_hour,
            config.chat.connections_per_address,
            uploads_per_hour=config.files.per_hour,
        ),
        visitors=Visitors(secret),
        templates=app[TEMPLATES],
        clock=app[CLOCK],
        max_message_chars=config.chat.max_message_chars,
        accepted=app[METRICS].accepted,
        suggest=partial(questions_like, app[LIBRARY], app[SHELVES], app[THRESHOLDS]),
        links=app[LINKS],
        file_bytes=config.files.largest,
        files=config.files.per_message,
    )
    yield
    hub.close()


async def _mail(app: web.Application) -> AsyncIterator[None]:
    config, signer = app[CONFIG], Signer(await app[DATABASE].write(keep_secret, "mail", secrets.token_urlsafe(32)))
    app[SIGNER] = signer
    office = PostOffice(outlets_of(config), signer, config.mail.continue_chat_after, _tell_busy(app))
    app[POSTMAN] = office if config.mail.mailboxes else NO_POSTMAN
    app[SEND_REPLY] = partial(send_reply, app[POSTMAN], app[TEMPLATES])
    app[OFFICE] = office
    yield


async def _loops(app: web.Application, public_url: str) -> AsyncIterator[None]:
    config, database, library, workers = app[CONFIG], app[DATABASE], app[LIBRARY], app[WORKERS]
    clock = app[CLOCK]
    answering = Answering(
        database,
        library,
        app[TEMPLATES],
        app[RULES],
        partial(limits_on, config, library),
        clock,
        app[METRICS].decided,
        app[LETTERHEAD],
        app[POSTMAN],
    )
    start_heartbeat(app)
    posting, delivering = start_posting(app, public_url), start_delivering(app, public_url)
    start_workers(
        workers,
        database.signals,
        database,
        answering,
        app[RULES],
        app[WAYS],
        config.escalation.sweep_every,
    )
    workers.start(
        "house",
        keep_house(database, app[BLOBS], app[CONSOLE_SETTINGS].lifetime, clock),
        partial(asyncio.sleep, HOUR_S),
        LONGEST_HOURLY_MS,
    )
    changed = ringing(Bell(database.signals, "entries"), HOUR_S)
    workers.start("knowledge", _reloading_after(changed, library), _at_once, LONGEST_HOURLY_MS)
    waiting = ringing(Bell(database.signals, "publications", "calibrated"), HOUR_S)
    workers.start("replay", app[REPLAYING].turn, waiting, LONGEST_HOURLY_MS)
    taken = ringing(Bell(database.signals, "mail"), LOOK_AGAIN_S)
    settling = _settling(app)
    workers.start("mail", settling.turn, settling.resting(taken), LONGEST_MAIL_MS)
    yield
    app[REPLAYING].close()
    await workers.stop()
    for mailbox in posting:
        await mailbox.close()
    await asyncio.gather(*(way.close() for way in delivering))


def _tell_busy(app: web.Application) -> TellBusy:
    """Tells the people responsible of a mailbox that has sent as much by itself as it may."""

    def tell(tx: Transaction, mailbox: str, now: int) -> None:
        incidents.tell_busy(tx, mailbox, operators(tx, app[WAYS], app[RULES].time_zone, now), now)

    return tell


def _settling(app: web.Application) -> Settling:
    """What becomes of mails that were taken in."""
    mail = app[CONFIG].mail
    boxes = {box.name: box for box in mail.mailboxes}
    tools = Tools(app[BLOBS], Intake(app[BLOBS]), boxes, sparing(dns_lookup(mail.dns_servers)))
    house = House(app[SIGNER], app[RULES], ledger_words(app[TEMPLATES], app[CONFIG].escalation.language), tools.own)
    return Settling(app[DATABASE], tools, house, app[CLOCK])


async def _arriving(app: web.Application) -> AsyncIterator[None]:
    """Mails come in last and stop coming first."""
    mail = app[CONFIG].mail
    await app[DATABASE].write(mailboxes.forget_others, [one.name for one in mail.mailboxes])
    if mail.mailboxes:
        health = watch_over(app[DATABASE], mail.mailboxes, app[RULES], app[WAYS], app[CLOCK])
        app[WORKERS].start("mailboxes", health, partial(asyncio.sleep, LOOK_EVERY_S), LONGEST_ROUND_MS)
    post = Post(app[DATABASE], app[BLOBS], app[CLOCK], mail.largest, mail.timeout / 1000, app[METRICS].mail_taken)
    app[ARRIVALS] = arrivals = Arrivals(mail, post)
    arrivals.start()
    yield
    await arrivals.stop()


def _reloading_after(changed: Turn, library: Library) -> Turn:
    """A turn of the knowledge loop; the first knowledge base was built before the loop began.

    A change whose reload failed is not waited for again.
    """
    owed = False

    async def turn() -> None:
        nonlocal owed
        if not owed:
            await changed()
        owed = True
        await library.reload()
        owed = False

    return turn


async def _at_once() -> None:
    """No wait."""


async def _say_goodbye(app: web.Application) -> None:
    """Tell every page that the server goes away, so that it comes back by itself."""
    sockets: set[web.WebSocketResponse] = app[SOCKETS]
    app[CHAT].hub.dismiss()
    await asyncio.gather(*(_close(socket) for socket in tuple(sockets)))


async def _close(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(GOODBYE_WITHIN_S):
            await socket.close(code=WSCloseCode.GOING_AWAY)
