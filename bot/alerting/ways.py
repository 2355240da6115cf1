"""The ways of telling people that the settings set up."""

from bot.config import Config
from tickets.alerts import TRANSPORTS, Notice
from tickets.alerts.console import PagesSettings, Show, Shown
from tickets.alerts.mail import MailSettings
from tickets.alerts.webhook import WebhookSettings
from tickets.escalation.ways import Way, Ways
from tickets.mail.smtp import Security


async def no_pages(notice: Notice) -> Shown:
    """What a process that serves no console shows of an alarm."""
    return Shown.NOWHERE


def ways_of(config: Config, show: Show = no_pages) -> Ways:
    """Every way by its name: the console always, shown by ``show``; mail and webhook where they have a peer; and those
    of [[alerts.transports]]."""
    ways = [Way(one.name, one.transport, one.settings) for one in config.alerts.transports]
    ways.append(Way("console", TRANSPORTS["console"], PagesSettings(show)))
    if config.mail.host:
        ways.append(Way("mail", TRANSPORTS["mail"], _mail_settings(config)))
    if config.webhook.url:
        ways.append(Way("webhook", TRANSPORTS["webhook"], _webhook_settings(config)))
    return {way.name: way for way in ways}


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
