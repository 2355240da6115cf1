"""Handing one mail to an SMTP server (RFC 5321), each step bounded, with an outcome that can be told apart."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

import aiosmtplib

GOODBYE_SECONDS = 2.0
LONGEST_SECONDS = 60.0
# A large mail gets the time that a slow line needs for it, beyond the bounds that hold for all.
SLOWEST_BYTES_PER_SECOND = 128 * 1024
SMALL_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Security(StrEnum):
    """How the connection is protected: not at all, upgraded by STARTTLS, or TLS from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Step(StrEnum):
    """How far a delivery came. ENTRY: connected, encrypted, logged in. CONTENT: the mail itself was on its way."""

    ENTRY = "entry"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server and who we are to it. timeout_seconds bounds each step."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail on its way: where bounces go, the one recipient, and the bytes with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes


class SmtpFailure(Exception):
    """The server did not take the mail, or nobody knows whether it did.

    code and status are those of its reply (RFC 5321, RFC 3463), words what it said. lacking: it does not offer what
    the settings or the address ask for. uncertain: the whole mail was handed over and no reply came. The sentence is
    fit for a log: no address, no words of the server.
    """

    def __init__(
        self,
        reason: str,
        step: Step,
        code: int | None = None,
        words: str | None = None,
        lacking: bool = False,
        uncertain: bool = False,
    ) -> None:
        super().__init__(reason)
        self.step = step
        self.code = code
        self.words = words
        self.lacking = lacking
        self.uncertain = uncertain

    @property
    def permanent(self) -> bool:
        """Whether the same attempt would fail again."""
        return self.lacking or (self.code is not None and 500 <= self.code <= 599)

    @property
    def status(self) -> str | None:
        """The enhanced status code in the reply, such as 5.1.1."""
        found = _STATUS.search(self.words or "")
        return found[1] if found else None


async def hand_over(server: SmtpServer, mail: Envelope) -> str:
    """What the server said when it accepted the mail; whatever happens after its 250 decides nothing any more.

    Raises SmtpFailure, within a minute and what a large mail needs beyond.
    """
    progress = _Progress()
    extra = max(0, len(mail.content) - SMALL_BYTES) / SLOWEST_BYTES_PER_SECOND
    async with _connection(server) as client:
        async with _bounded(progress, min(3 * server.timeout_seconds, LONGEST_SECONDS) + extra):
            await client.connect()
            said = await _deliver(client, mail, progress, server.timeout_seconds + extra)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=GOODBYE_SECONDS)
    return said


async def try_login(server: SmtpServer) -> None:
    """Return if the server lets us in. Raises SmtpFailure."""
    progress = _Progress()
    async with _connection(server) as client:
        async with _bounded(progress, min(3 * server.timeout_seconds, LONGEST_SECONDS)):
            await client.connect()
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=GOODBYE_SECONDS)


@dataclass(slots=True)
class _Progress:
    step: Step = Step.ENTRY
    handed_over: bool = False


@contextlib.asynccontextmanager
async def _connection(server: SmtpServer) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        username=server.username,
        password=server.password,
        timeout=server.timeout_seconds,
    )
    try:
        yield client
    finally:
        client.close()


@contextlib.asynccontextmanager
async def _bounded(progress: _Progress, seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
        raise _failure(error, progress) from error


async def _deliver(client: aiosmtplib.SMTP, mail: Envelope, progress: _Progress, patience: float) -> str:
    wide = not (mail.sender.isascii() and mail.recipient.isascii())
    if wide and not client.supports_extension("smtputf8"):
        raise SmtpFailure("the SMTP server lacks SMTPUTF8", progress.step, lacking=True)
    encoding, options = ("utf-8", ["SMTPUTF8"]) if wide else ("ascii", [])
    progress.step = Step.SENDER
    await client.mail(mail.sender, options=options, encoding=encoding)
    progress.step = Step.RECIPIENT
    await client.rcpt(mail.recipient, encoding=encoding)
    progress.step = Step.DATA
    _expect(await client.execute_command(b"DATA"), 354)
    progress.step = Step.CONTENT
    return _expect(await _content(client, mail.content, progress, patience), 250)


async def _content(
    client: aiosmtplib.SMTP, content: bytes, progress: _Progress, patience: float
) -> aiosmtplib.SMTPResponse:
    """The mail, then the dot that ends it; only once that dot is written may the server have taken the mail."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    for begin in range(0, len(stuffed), CHUNK_BYTES):
        await _write(client, stuffed[begin : begin + CHUNK_BYTES])
    progress.handed_over = True
    if client.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    client.protocol.write(b".\r\n")
    return await client.protocol.read_response(timeout=patience)


async def _write(client: aiosmtplib.SMTP, piece: bytes) -> None:
    """Write, and wait until the system has taken it."""
    if client.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    client.protocol.write(piece)
    while client.protocol is not None and isinstance(client.protocol.transport, asyncio.WriteTransport):
        if client.protocol.transport.get_write_buffer_size() == 0:
            return
        await asyncio.sleep(0.01)


def _expect(response: aiosmtplib.SMTPResponse, code: int) -> str:
    if response.code != code:
        raise aiosmtplib.SMTPResponseException(response.code, response.message)
    return f"{response.code} {response.message}"


def _failure(error: Exception, progress: _Progress) -> SmtpFailure:
    """Addresses and the server's text stay out of the sentence: it is logged."""
    step = progress.step
    match error:
        case aiosmtplib.SMTPResponseException(code=code, message=words) if 200 <= code <= 599:
            return SmtpFailure(f"the SMTP server answered {code}", step, code, str(words))
        case TimeoutError():
            sentence = "the SMTP server did not answer in time"
            return SmtpFailure(sentence, step, uncertain=progress.handed_over)
        case UnicodeError():
            return SmtpFailure("an address cannot be written", step, lacking=True)
        # aiosmtplib raises its bare base class where the server does not offer STARTTLS or a login.
        case _ if type(error) in (aiosmtplib.SMTPNotSupported, aiosmtplib.SMTPException):
            return SmtpFailure("the SMTP server lacks STARTTLS or a login", step, lacking=True)
        case _:
            sentence = f"the SMTP connection failed ({type(error).__name__})"
            return SmtpFailure(sentence, step, uncertain=progress.handed_over)
