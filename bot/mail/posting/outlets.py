"""The mailboxes as senders: their addresses, and the SMTP server of each. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.config import Config, Mail, MailboxSettings
from bot.mail.addresses import unsigned
from tickets.mail.smtp import Security, SmtpServer

TOPIC = "letter"
# Tencent's and NetEase's mailboxes.
_WITHOUT_PLUS = frozenset({
    "qq.com", "vip.qq.com", "foxmail.com", "163.com", "vip.163.com", "126.com", "vip.126.com", "yeah.net", "188.com"
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outlet:
    """A mailbox that sends. signed: what is sent to name+anything@domain arrives in it."""

    name: str
    address: str
    title: str
    signed: bool
    server: SmtpServer

    @property
    def topic(self) -> str:
        """The outbox topic of what people wrote."""
        return f"{TOPIC}.{self.name}"

    @property
    def automatic_topic(self) -> str:
        """The outbox topic of what the bot wrote: it can be held while people's mails go on."""
        return f"{TOPIC}.{self.name}.automatic"


class Outlets:
    """All mailboxes of the settings, the first one for whoever has written to none; and every address of ours."""

    def __init__(self, outlets: Iterable[Outlet], own: Iterable[str]) -> None:
        self.all = tuple(outlets)
        self._by_name = {outlet.name: outlet for outlet in self.all}
        self._own = frozenset(address.lower() for address in own)

    def get(self, name: str) -> Outlet | None:
        """The mailbox of this name, or None."""
        return self._by_name.get(name)

    def is_ours(self, address: str) -> bool:
        """Whether what is sent there comes back to us."""
        bare = unsigned(address.lower())
        local, _, domain = bare.rpartition("@")
        return bare in self._own or f"{local.partition('+')[0]}@{domain}" in self._own


def outlets_of(config: Config) -> Outlets:
    """The mailboxes of these settings."""
    mail = config.mail
    own = [mail.sender] if mail.host else []
    own += [address for mailbox in mail.mailboxes for address in (mailbox.address, *mailbox.aliases)]
    return Outlets((_outlet(mailbox, mail) for mailbox in mail.mailboxes), own)


def _outlet(mailbox: MailboxSettings, mail: Mail) -> Outlet:
    return Outlet(mailbox.name, mailbox.address, mailbox.title, _is_signed(mailbox), _server(mailbox, mail))


def _is_signed(mailbox: MailboxSettings) -> bool:
    """As the settings say; where they do not, at every provider but those that lose what is sent to name+anything."""
    if mailbox.signed_addresses is not None:
        return mailbox.signed_addresses
    return mailbox.address.rpartition("@")[2] not in _WITHOUT_PLUS


def _server(mailbox: MailboxSettings, mail: Mail) -> SmtpServer:
    """The mailbox's own server; that of [mail], with its login, where it has none."""
    timeout = mail.timeout / 1000
    if mailbox.smtp_host is None:
        security = Security(mail.security)
        return SmtpServer(mail.host or "", mail.port, security, mail.username, mail.password, timeout)
    username = mailbox.smtp_username or (mailbox.username if mailbox.smtp_password else None)
    security = Security(mailbox.smtp_security)
    return SmtpServer(mailbox.smtp_host, mailbox.smtp_port, security, username, mailbox.smtp_password, timeout)
