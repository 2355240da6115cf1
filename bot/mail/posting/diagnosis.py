"""What `main.py doctor` says of sending: whether each server lets us in and, when asked, takes a mail."""

import asyncio
from collections.abc import Collection

import jinja2

from bot.config import Config
from bot.mail.letters.writing import words
from bot.mail.posting.outlets import TOPIC, Outlet, outlets_of
from storage import outbox
from storage.check import Finding, Severity
from storage.database import new_id
from storage.errors import StorageError
from storage.folder import DATABASE_NAME
from storage.sqlite import read_folder
from tickets.alerts import DeliveryError, Notice
from tickets.alerts.mail import MailSettings, compose
from tickets.mail.smtp import Envelope, SmtpFailure, SmtpServer, hand_over, try_login


async def outlet_findings(config: Config) -> list[Finding]:
    """Whether the SMTP server of each mailbox lets us in; and that nothing is sent where that was stopped."""
    outlets = outlets_of(config).all
    logins = (login_finding(f"mailbox {one.name} (sending)", one.server) for one in outlets)
    found = list(await asyncio.gather(*logins))
    if outlets and not config.mail.sending:
        stopped = "mail.sending is false: what the bot writes is held; what agents write goes out."
        found.append(Finding(Severity.WARNING, stopped))
    return found + _stranded(config, {topic for one in outlets for topic in (one.topic, one.automatic_topic)})


def _stranded(config: Config, topics: Collection[str]) -> list[Finding]:
    """Letters of mailboxes that are not in the settings any more."""
    folder = config.server.data_folder
    if not (folder / DATABASE_NAME).is_file():
        return []
    try:
        held = read_folder(folder, outbox.depths)
    except StorageError:
        return []
    stranded = [
        (topic, rows)
        for topic, status, rows in held
        if status == "queued" and topic.startswith(f"{TOPIC}.") and topic not in topics
    ]
    return [
        Finding(Severity.PROBLEM, f"{rows} letters wait in {topic}, whose mailbox is not in the settings.")
        for topic, rows in stranded
    ]


async def login_finding(what: str, server: SmtpServer) -> Finding:
    """Whether this server lets us in, and whether we said who we are."""
    place = f"{what}: {server.host}:{server.port}"
    try:
        await try_login(server)
    except SmtpFailure as failure:
        return Finding(Severity.PROBLEM, f"{place} cannot be used: {_told(failure)}.")
    login = "" if server.username else ", but no login is set: it may take no mail from us"
    return Finding(Severity.FINE, f"{place} lets us in{login}.")


async def send_test_mails(config: Config, recipient: str, templates: jinja2.Environment) -> list[Finding]:
    """One mail from each mailbox, and what its server answered."""
    say = words(config.escalation.language, templates)
    outlets = outlets_of(config).all
    if not outlets:
        return [Finding(Severity.PROBLEM, "test mail: there is no mailbox in the settings.")]
    notice = Notice(f"test:{new_id()}", recipient, say("test_subject"), say("test_text"))
    return list(await asyncio.gather(*(_send(outlet, notice) for outlet in outlets)))


async def _send(outlet: Outlet, notice: Notice) -> Finding:
    server, what = outlet.server, f"test mail from {outlet.name}"
    try:
        message = compose(MailSettings(server.host, server.port, outlet.address), notice)
        said = await hand_over(server, Envelope(outlet.address, notice.recipient, message.as_bytes()))
    except SmtpFailure as failure:
        return Finding(Severity.PROBLEM, f"{what}: {_told(failure)}.")
    except DeliveryError:
        return Finding(Severity.PROBLEM, f"{what}: that address cannot be written.")
    return Finding(Severity.FINE, f"{what}: the server answered {' '.join(said.split())}.")


def _told(failure: SmtpFailure) -> str:
    """The failure, with the server's words for the operator who has to put it right."""
    return str(failure) + (f" {' '.join(failure.words.split())}" if failure.words else "")
