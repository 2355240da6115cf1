"""Alerts by mail, through one configured SMTP server."""

import hashlib
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.transport import Addressing, Transport
from tickets.mail.headers import checked, one_line
from tickets.mail.smtp import Envelope, Security, SmtpFailure, SmtpServer, hand_over


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The SMTP server and who we are to it. timeout_seconds bounds each step, the whole takes a minute at most."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 20.0

    @property
    def server(self) -> SmtpServer:
        """The server alone."""
        return SmtpServer(self.host, self.port, self.security, self.username, self.password, self.timeout_seconds)


async def send(settings: MailSettings, notice: Notice) -> Sent:
    """Return when the server has accepted the mail; its Message-ID is the same at every attempt.

    Raises DeliveryError: PERMANENT for what the server refuses for good (5xx) or cannot be written as a mail.
    """
    message = compose(settings, notice)
    mail = Envelope(settings.sender, notice.recipient, message.as_bytes())
    try:
        await hand_over(settings.server, mail)
    except SmtpFailure as failure:
        raise DeliveryError(str(failure), Failure.PERMANENT if failure.permanent else Failure.RETRY) from failure
    return Sent()


def compose(settings: MailSettings, notice: Notice) -> EmailMessage:
    """The mail, with exactly the headers written here. Raises DeliveryError for what cannot be a mail."""
    message = EmailMessage(policy=policy.SMTP)
    try:
        sender = Address(addr_spec=settings.sender)
        message["From"] = sender
        message["To"] = Address(addr_spec=notice.recipient)
        message["Subject"] = one_line(notice.subject)
        message["Date"] = formatdate()
        message["Message-ID"] = _message_id(notice.key, sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        return checked(message)
    except (ValueError, IndexError, MessageError) as error:
        # IndexError: what the standard parser raises for some malformed addresses.
        raise DeliveryError("the mail of an alert cannot be written", Failure.PERMANENT) from error


def _message_id(key: str, domain: str) -> str:
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


TRANSPORT = Transport("mail", Addressing.MAIL, MailSettings, send)
