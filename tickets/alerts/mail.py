"""Alerts by mail, through one configured SMTP server."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum

import aiosmtplib

from tickets.alerts.errors import DeliveryError
from tickets.alerts.notice import Notice
from tickets.mail.headers import checked, one_line

GOODBYE_SECONDS = 2.0
# aiosmtplib raises its bare base class where the server does not offer STARTTLS or a login.
_LACKING = (aiosmtplib.SMTPNotSupported, aiosmtplib.SMTPException)


class Security(StrEnum):
    """How the connection is protected: not at all, upgraded by STARTTLS, or TLS from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The SMTP server and who we are to it. timeout_seconds bounds each step, three times that the whole."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = None
    timeout_seconds: float = 20.0


async def send(settings: MailSettings, notice: Notice) -> None:
    """Return when the server has accepted the mail; its Message-ID is the same at every attempt.

    Raises DeliveryError: permanent for what the server refuses for good (5xx) or cannot be written as a mail.
    """
    message = compose(settings, notice)
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.security is Security.TLS,
        start_tls=settings.security is Security.STARTTLS,
        username=settings.username,
        password=settings.password,
        timeout=settings.timeout_seconds,
    )
    try:
        async with asyncio.timeout(3 * settings.timeout_seconds):
            await _hand_over(client, message)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _delivery_error(error) from error
    finally:
        client.close()


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
        raise DeliveryError(f"the mail for alert {notice.alert_id} cannot be written", permanent=True) from error


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    """Deliver, then leave politely: what happens after the server's 250 no longer decides anything."""
    await client.connect()
    await client.send_message(message)
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=GOODBYE_SECONDS)


def _message_id(key: str, domain: str) -> str:
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _delivery_error(error: Exception) -> DeliveryError:
    """Addresses and the server's text stay out of the reason: it is logged."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[refused, *_]):
            return _by_code(refused.code)
        case aiosmtplib.SMTPResponseException(code=code):
            return _by_code(code)
        case TimeoutError():
            return DeliveryError("the SMTP server did not answer in time", permanent=False)
        case _ if type(error) in _LACKING:
            return DeliveryError("the SMTP server lacks STARTTLS, a login or SMTPUTF8", permanent=True)
        case _:
            return DeliveryError(f"the SMTP connection failed ({type(error).__name__})", permanent=False)


def _by_code(code: int) -> DeliveryError:
    return DeliveryError(f"the SMTP server answered {code}", permanent=500 <= code <= 599)
