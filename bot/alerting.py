"""Alerts put into words and handed to their transport."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2

from bot.config import Config
from bot.moments import Moment, moment
from bot.workers import Deliver
from storage.outbox import OutboxRow
from tickets.alerts import TRANSPORTS, Notice, Transport
from tickets.alerts.mail import MailSettings
from tickets.alerts.webhook import WebhookSettings
from tickets.mail import incidents
from tickets.mail.smtp import Security

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Overdue:
    """What the words of an alert may use."""

    ticket: str
    level: int
    level_name: str
    waiting_since: Moment
    due: Moment
    planned: Moment
    waited_minutes: int
    overdue_minutes: int
    late: bool
    link: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What the words about a mailbox that is not read may use. over: it is read again."""

    mailbox: str
    over: bool
    since: Moment
    minutes: int
    error: str | None


def notice(
    row: OutboxRow, templates: jinja2.Environment, language: str, zone: str, public_url: str, now: int
) -> Notice:
    """The alert of an outbox row as its reader gets it, told at the moment of sending."""
    facts = row.payload
    if facts.get("kind") == incidents.KIND:
        return _mailbox_notice(row, templates, language, zone, now)
    if facts.get("kind") == incidents.BUSY:
        return _busy_notice(row, templates, language)
    overdue = Overdue(
        ticket=facts["ticket_number"],
        level=facts["level"],
        level_name=facts["level_name"],
        waiting_since=moment(facts["waiting_since"], now, zone),
        due=moment(facts["due_at"], now, zone),
        planned=moment(facts["planned_at"], now, zone),
        waited_minutes=(now - facts["waiting_since"]) // MINUTE_MS,
        overdue_minutes=(now - facts["due_at"]) // MINUTE_MS,
        late=facts["late"],
        link=f"{public_url}/console/tickets/{facts['ticket_number']}",
    )
    words: Any = templates.get_template(f"alerts/{language}.jinja").module
    return Notice(
        key=row.key,
        recipient=facts["recipient"],
        subject=str(words.subject(overdue)).strip(),
        text=str(words.text(overdue)).strip(),
        numbers=(facts["ticket_number"],),
        facts=(facts,),
    )


def _mailbox_notice(row: OutboxRow, templates: jinja2.Environment, language: str, zone: str, now: int) -> Notice:
    """The word about a mailbox that is not read, or is read again."""
    facts = row.payload
    unread = Unread(
        mailbox=facts["mailbox"],
        over=facts["over"],
        since=moment(facts["since"], now, zone),
        minutes=(now - facts["since"]) // MINUTE_MS,
        error=facts["error"],
    )
    words: Any = templates.get_template(f"alerts/mailbox.{language}.jinja").module
    return _about_mailbox(row, str(words.subject(unread)), str(words.text(unread)))


def _busy_notice(row: OutboxRow, templates: jinja2.Environment, language: str) -> Notice:
    """The word about a mailbox that has sent as much by itself as it may."""
    words: Any = templates.get_template(f"alerts/mailbox.{language}.jinja").module
    mailbox = row.payload["mailbox"]
    return _about_mailbox(row, str(words.busy_subject(mailbox)), str(words.busy_text(mailbox)))


def _about_mailbox(row: OutboxRow, subject: str, text: str) -> Notice:
    facts = row.payload
    return Notice(row.key, facts["recipient"], subject.strip(), text.strip(), facts=(facts,))


def transports(
    config: Config, templates: jinja2.Environment, public_url: str, clock: Callable[[], int]
) -> dict[str, Deliver]:
    """How to deliver each outbox topic that is configured."""
    settings: dict[str, Any] = {}
    if config.mail.host:
        settings["mail"] = _mail_settings(config)
    if config.webhook.url:
        settings["webhook"] = _webhook_settings(config)

    async def deliver(transport: Transport, row: OutboxRow) -> None:
        language, zone = config.escalation.language, config.sla.time_zone
        told = notice(row, templates, language, zone, public_url, clock())
        await transport.send(settings[transport.kind], told)

    return {f"alert.{name}": partial(deliver, TRANSPORTS[name]) for name in settings}


def _mail_settings(config: Config) -> MailSettings:
    mail = config.mail
    return MailSettings(
        host=mail.host or "",
        port=mail.port,
        sender=mail.sender,
        security=Security(mail.security),
        username=mail.username,
        password=mail.password,
        timeout_seconds=mail.timeout / 1000,
    )


def _webhook_settings(config: Config) -> WebhookSettings:
    webhook = config.webhook
    return WebhookSettings(
        url=webhook.url or "",
        secret=webhook.secret or "",
        allow_networks=tuple(str(network) for network in webhook.allow_networks),
        timeout_seconds=webhook.timeout / 1000,
    )
