"""What `main.py doctor` looks at: settings, data folder, transports. Nothing is changed or sent."""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.alerting.ways import ways_of
from bot.config import Config, EncoderChoice
from bot.encoding import open_encoder
from bot.mail.fetching.diagnosis import mailbox_findings
from bot.mail.posting.diagnosis import login_finding, outlet_findings
from knowledgebase.authoring import entries
from knowledgebase.encoders import cache
from knowledgebase.encoders.vectors import texts_of
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.publishing import publications, register
from storage import outbox
from storage.check import Finding, Severity, check
from storage.database import Transaction
from storage.errors import StorageError
from storage.folder import DATABASE_NAME
from storage.sqlite import read_folder
from tickets import teams
from tickets.business_time import known_until
from tickets.escalation import way_states
from tickets.escalation.outages import LOST_AFTER_MS, untold_alerts
from tickets.escalation.people import Staff
from tickets.escalation.reaching import Gap, reach_of
from tickets.escalation.telling import staff_now
from tickets.escalation.ways import Ways
from tickets.mail.smtp import Security, SmtpServer
from tickets.sla import rulebook
from tickets.sla.model import Chain, Level, Policy

PEER_TIMEOUT_S = 10.0
PROBE = ("请问怎么申请退款？",)


async def diagnose(config: Config, now: int) -> list[Finding]:
    """Every finding, the settings' first. now is in epoch ms. Raises nothing for what it finds."""
    settings = Finding(Severity.FINE, "The settings can be read.")
    return [
        settings,
        *check(config.server.data_folder),
        *_dead_letters(config.server.data_folder),
        *_answers(config.server.data_folder),
        chains(config, now),
        *closed_ways(config, now),
        *untold(config, now),
        calendar_years(now, config.sla.time_zone),
        await _mail(config),
        *await mailbox_findings(config.mail),
        *await outlet_findings(config),
        await _webhook(config),
        await asyncio.to_thread(_encoder, config.encoder),
        *_vectors(config),
    ]


def _encoder(choice: EncoderChoice) -> Finding:
    """Whether the encoder gives a vector; without one we match by words, so its absence is no problem."""
    try:
        with open_encoder(choice) as encoder:
            encoder.encode(PROBE)
            begun = time.perf_counter()
            rows = encoder.encode(PROBE)
            took = (time.perf_counter() - begun) * 1000
    except EncoderUnavailable as error:
        return Finding(Severity.WARNING, f"encoder {choice.kind}: {error}; matching goes on without.")
    return Finding(Severity.FINE, f"encoder {choice.kind}: {rows.shape[1]} dimensions, {took:.1f} ms for a question.")


def _vectors(config: Config) -> list[Finding]:
    """How many of the published wordings have their vectors."""
    folder = config.server.data_folder
    if config.encoder.kind == "distilled" or not (folder / DATABASE_NAME).is_file():
        return []
    with open_encoder(config.encoder) as encoder:
        name = encoder.name
    try:
        texts = texts_of(read_folder(folder, entries.published))
        kept = read_folder(folder, partial(cache.read_rows, encoder=name, texts=texts))
    except StorageError as error:
        return [Finding(Severity.PROBLEM, f"vectors: {error}")]
    sentence = f"vectors: {len(kept)} of {len(texts)} wordings have theirs."
    missing = "" if len(kept) == len(texts) else " The server makes the others when it runs."
    return [Finding(Severity.WARNING if missing else Severity.FINE, sentence + missing)]


def _dead_letters(folder: Path) -> list[Finding]:
    if not (folder / DATABASE_NAME).is_file():
        return []
    try:
        dead = read_folder(folder, partial(outbox.dead_letters, limit=100))
    except StorageError as error:
        return [Finding(Severity.PROBLEM, f"outbox: {error}")]
    if dead:
        return [Finding(Severity.PROBLEM, f"outbox: {len(dead)} deliveries were given up; see `main.py outbox list`.")]
    return [Finding(Severity.FINE, "outbox: nothing was given up.")]


def _answers(folder: Path) -> list[Finding]:
    """Whether a calibration, a model or a setting has changed answers that nobody has looked at."""
    if not (folder / DATABASE_NAME).is_file():
        return []
    try:
        waiting = read_folder(folder, register.live)
    except StorageError as error:
        return [Finding(Severity.PROBLEM, f"answers: {error}")]
    changed = [one for one in waiting if one.requested_by == publications.NOBODY and one.summary]
    flips = sum(one.summary.flips for one in changed if one.summary)
    if flips:
        sentence = f"answers: {flips} have changed by themselves; accept them at /console/knowledge/publications."
        return [Finding(Severity.WARNING, sentence)]
    return [Finding(Severity.FINE, "answers: none has changed by itself since it was accepted.")]


def chains(config: Config, now: int) -> Finding:
    """Whether each level of each chain in use can reach somebody outside the console."""
    ways = {name: way for name, way in ways_of(config).items() if way.is_outside}
    if not ways:
        sentence = "Escalation is shown in the console only: no transport is set up."
        return Finding(Severity.WARNING, sentence)
    try:
        asked = partial(_silent_levels, ways=ways, zone=config.sla.time_zone, now=now)
        levels, silent = read_folder(config.server.data_folder, asked)
    except StorageError:
        levels, silent = len(config.escalation.levels), []
    if silent:
        sentence = f"Escalation levels {', '.join(silent)} reach nobody: they have no transport or no address."
        return Finding(Severity.WARNING, sentence)
    return Finding(Severity.FINE, f"The escalation chains in use have {levels} levels, and each reaches somebody.")


def _silent_levels(tx: Transaction, ways: Ways, zone: str, now: int) -> tuple[int, list[str]]:
    """How many levels the chains have that policies use, and those, with their chain's name, that reach nobody now."""
    book, staff = rulebook.in_force(tx), staff_now(tx, ways, now, zone)
    active = [team.id for team in teams.all_teams(tx)]
    used = {rule.definition.chain_id for rule in book.policies if isinstance(rule.definition, Policy)}
    levels = [
        (rule.name, level)
        for rule in sorted(book.others.values(), key=lambda one: one.name)
        if rule.id in used and isinstance(rule.definition, Chain)
        for level in rule.definition.levels
    ]
    silent = [f"{level.name} ({name})" for name, level in levels if not _reaches(level, staff, ways, active)]
    return len(levels), silent


def _reaches(level: Level, staff: Staff, ways: Ways, active: Sequence[str]) -> bool:
    """Whether this level or its fallback does; ways are those outside the console."""
    both = replace(level, transports=(*level.transports, *level.fallback))
    return not {one.gap for one in reach_of(both, staff, ways, active).missing} & {Gap.NOBODY, Gap.NO_OUTSIDE_WAY}


def untold(config: Config, now: int) -> list[Finding]:
    """The alerts that nobody could be told of."""
    try:
        broken, _ = read_folder(config.server.data_folder, partial(untold_alerts, raised_by=now - LOST_AFTER_MS))
    except StorageError:
        return []
    sentence = f"alerts: nobody was told of {broken} that are due; the server's log names those that are broken."
    return [Finding(Severity.PROBLEM, sentence)] if broken else []


def closed_ways(config: Config, now: int) -> list[Finding]:
    """The transports that are not used until somebody has mended and tested them."""
    try:
        states = read_folder(config.server.data_folder, partial(way_states.of_ways, ways=ways_of(config)))
    except StorageError:
        return []
    return [
        Finding(Severity.PROBLEM, f"transport {state.transport}: closed, {state.error}. Mend it and test it.")
        for state in states
        if state.is_closed(now)
    ]


def calendar_years(now: int, zone: str) -> Finding:
    """Until when public holidays are known: from 1 December on, that the next year is not is worth a warning."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    needed, known = today.year + (today.month == 12), known_until()
    if known >= needed:
        return Finding(Severity.FINE, f"calendars: public holidays and make-up workdays are known until {known}.")
    sentence = (
        f"calendars: public holidays and make-up workdays of {needed} are not known. Until an update brings them, "
        "working time has no holidays in that year, its weekends count as workdays, and alarms come early."
    )
    return Finding(Severity.WARNING, sentence)


async def _mail(config: Config) -> Finding:
    mail = config.mail
    if mail.host is None:
        return Finding(Severity.WARNING, "mail: no SMTP server is set up; alerts are not sent by mail.")
    server = SmtpServer(mail.host, mail.port, Security(mail.security), mail.username, mail.password, PEER_TIMEOUT_S)
    return await login_finding("mail", server)


async def _webhook(config: Config) -> Finding:
    if config.webhook.url is None:
        return Finding(Severity.WARNING, "webhook: none is set up.")
    parts = urlsplit(config.webhook.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Finding(Severity.PROBLEM, f"webhook: {parts.hostname} cannot be resolved: {error}")
    return Finding(Severity.FINE, f"webhook: {parts.hostname} can be resolved.")
