"""A door for a mail server that hands its mails to us, by LMTP or SMTP: 250 means that the mail is on our disk.

Only mail for our mailboxes is taken, so nobody can send through us; only from this machine, or from the networks that
the settings name.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, AnyStr

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.config import Mail, MailboxSettings
from bot.mail.fetching.identity import identity
from bot.mail.fetching.imap import Post
from storage.database import Transaction
from storage.errors import StorageUnavailable
from tickets.mail import inbox, mailboxes
from tickets.mail.inbox import Arrival

log = logging.getLogger(__name__)

LONGEST_LINE = 4 * 1024 * 1024
MOST_CONNECTIONS = 20
MOST_RECIPIENTS = 100
CONNECTION_S = 300.0
BEAT_S = 30.0
AGAIN_AFTER_S = 5.0


class Listener:
    """The door. Lives as long as its live() runs; port is what it listens on, None while it does not."""

    def __init__(self, settings: Mail, owned: Sequence[MailboxSettings], post: Post) -> None:
        self.port: int | None = None
        self.settings = settings
        self.open: set[asyncio.Transport] = set()
        self._names = [one.name for one in owned]
        self._owners = {address: one.name for one in owned for address in (one.address, *one.aliases)}
        self._post = post

    async def live(self) -> None:
        """Listen until cancelled; where the port cannot be had, try again and again."""
        while True:
            try:
                await self._listen()
            except StorageUnavailable as error:
                log.warning("the mail listener waits for storage: %s", error)
            except OSError as error:
                log.warning("the mail listener cannot listen: %s", error.strerror)
                await self._in_trouble(f"cannot listen on {self.settings.listen_host}: {error.strerror}")
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self) -> None:
        await self._post.database.write(_begin, self._names, self._post.clock())
        server = await asyncio.get_running_loop().create_server(
            self._protocol, self.settings.listen_host, self.settings.listen_port
        )
        self.port = server.sockets[0].getsockname()[1]
        log.info("mail listener protocol=%s port=%d", self.settings.listen_protocol, self.port)
        try:
            while True:
                await self._post.database.write(_well, self._names, self._post.clock())
                await asyncio.sleep(BEAT_S)
        finally:
            self.port = None
            server.close()
            for transport in tuple(self.open):
                transport.close()

    async def _in_trouble(self, reason: str) -> None:
        try:
            await self._post.database.write(_in_trouble, self._names, reason, self._post.clock())
        except StorageUnavailable as error:
            log.warning("the mail listener waits for storage: %s", error)

    def _protocol(self) -> asyncio.BaseProtocol:
        protocol = _Lmtp if self.settings.listen_protocol == "lmtp" else _Smtp
        return protocol(self)

    def lets_in(self, peer: object) -> bool:
        """Whether this address may hand mails to us now."""
        if len(self.open) >= MOST_CONNECTIONS:
            return False
        address = ip_address(str(peer[0]) if isinstance(peer, tuple) else "0.0.0.0")  # noqa: S104 - no address
        return address.is_loopback or any(address in network for network in self.settings.listen_networks)

    def owner_of(self, address: str) -> str | None:
        """The mailbox of this address, with or without a +token, or None."""
        local, _, domain = address.lower().rpartition("@")
        return self._owners.get(f"{local}@{domain}") or self._owners.get(f"{local.partition('+')[0]}@{domain}")

    async def take(self, raw: bytes, sender: str, recipients: Iterable[str]) -> None:
        """Keep a mail for each of our mailboxes that it is addressed to, all or none. Raises StorageUnavailable."""
        addressed: dict[str, list[str]] = {}
        for recipient in recipients:
            if (owner := self.owner_of(recipient)) is not None:
                addressed.setdefault(owner, []).append(recipient)
        arrivals = await asyncio.to_thread(self._kept, raw, sender, addressed)
        for mailbox in await self._post.database.write(_take_in, arrivals):
            self._post.taken(mailbox)
            log.info("mailbox=%s taken in", mailbox)

    def _kept(self, raw: bytes, sender: str, addressed: Mapping[str, Sequence[str]]) -> list[Arrival]:
        """Bring the bytes to the disk. Blocks."""
        message_id, content_hash = identity(raw)
        raw_hash = self._post.blobs.keep(raw)
        return [
            Arrival(
                mailbox=mailbox,
                message_id=message_id,
                content_hash=content_hash,
                raw_hash=raw_hash,
                size=len(raw),
                received_at=self._post.clock(),
                envelope_from=sender,
                envelope_to=tuple(recipients),
            )
            for mailbox, recipients in addressed.items()
        ]


class _Door:
    """What the server says at each step, in aiosmtpd's form."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._listener.owner_of(address) is None:
            return "550 5.1.1 there is no such mailbox here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw, sender = envelope.original_content or b"", _plain(envelope.mail_from or "")
        try:
            await self._listener.take(raw, sender, [_plain(one) for one in envelope.rcpt_tos])
        except StorageUnavailable as error:
            log.warning("a mail was not taken in: %s", error)
            return "451 4.3.0 the mail cannot be kept now, try again later"
        return "250 2.0.0 the mail is kept"

    async def handle_exception(self, error: Exception) -> str:
        log.error("the mail listener failed unforeseen", exc_info=error)
        return "451 4.3.0 something went wrong here, try again later"


class _Smtp(SMTP):
    """One connection."""

    line_length_limit = LONGEST_LINE

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._refused = False
        super().__init__(
            _Door(listener),
            data_size_limit=listener.settings.largest,
            enable_SMTPUTF8=True,
            hostname="yingsheng",
            ident="mail",
            timeout=CONNECTION_S,
        )

    def connection_made(self, transport: Any) -> None:
        """Greet, or send away who may not come in."""
        self._refused = not self._listener.lets_in(transport.get_extra_info("peername"))
        if self._refused:
            transport.write(b"421 4.3.2 not now\r\n")
            transport.close()
            return
        self._listener.open.add(transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Nothing is read from who was sent away."""
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The peer has said everything."""
        return None if self._refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The place is free again."""
        if not self._refused:
            self._listener.open.discard(self.transport)
            super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """One connection of LMTP, where the end of a mail is answered once for each recipient (RFC 2033, section 4.2)."""

    _owed = 1

    async def smtp_DATA(self, arg: str) -> None:
        """Take the mail's text."""
        self._owed = len(self.envelope.rcpt_tos) if self.envelope and self.envelope.rcpt_tos else 1
        await super().smtp_DATA(arg)
        self._owed = 1

    async def push(self, status: AnyStr) -> None:
        """Answer; the mail's end as often as there are recipients."""
        line = status if isinstance(status, bytes) else status.encode("ascii", "replace")
        often = 1 if line.startswith((b"354", b"501", b"503")) else self._owed
        await super().push(b"\r\n".join([line.rstrip()] * often))


def _plain(address: str) -> str:
    """The address as text that can be kept; the null sender is empty."""
    return "" if address == "<>" else address.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _take_in(tx: Transaction, arrivals: Sequence[Arrival]) -> list[str]:
    """The mailboxes to which the mail is new."""
    return [arrival.mailbox for arrival in arrivals if inbox.take_in(tx, arrival)]


def _begin(tx: Transaction, names: Sequence[str], now: int) -> None:
    for name in names:
        mailboxes.position(tx, name, now)


def _well(tx: Transaction, names: Sequence[str], now: int) -> None:
    for name in names:
        mailboxes.seen_whole(tx, name, now)


def _in_trouble(tx: Transaction, names: Sequence[str], reason: str, now: int) -> None:
    for name in names:
        mailboxes.in_trouble(tx, name, reason, now)
