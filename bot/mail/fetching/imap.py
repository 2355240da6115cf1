"""A mailbox that is read by IMAP: looked through, waited on, looked through again, for as long as the server lives."""

import asyncio
import contextlib
import hashlib
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bot.config import MailboxSettings
from bot.mail.fetching.errors import MailboxTrouble, MailRefused
from bot.mail.fetching.identity import LARGEST_HEADER, identity
from bot.mail.fetching.session import Folder, Listed, Session, connect, patience
from bot.mail.fetching.threads import in_thread
from storage.blobs import Blobs
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from tickets.mail import inbox, mailboxes
from tickets.mail.inbox import Arrival, Withheld
from tickets.mail.mailboxes import Position

log = logging.getLogger(__name__)

AT_ONCE = 100
TRIES = 2
GOODBYE_S = 1.0
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 120.0
LEAST_REST_S = 0.1
LONGEST_IDLE_S = 29 * 60.0  # RFC 2177

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Post:
    """What every way in shares. largest: bytes of the largest mail that is kept whole; timeout_s: for each step.

    taken(mailbox) is called after each commit of a mail that is new.
    """

    database: Database
    blobs: Blobs
    clock: Callable[[], int]
    largest: int
    timeout_s: float
    taken: Callable[[str], None]


class Fetcher:
    """One mailbox that is read by IMAP. Lives as long as its live() runs."""

    def __init__(self, mailbox: MailboxSettings, post: Post) -> None:
        self._mailbox = mailbox
        self._name = mailbox.name
        self._post = post
        self._failures = 0
        self._stumbled: tuple[int, int] = (0, 0)

    async def live(self) -> None:
        """Read the mailbox until cancelled, whatever its server does."""
        while True:
            try:
                await self._visit()
            except StorageUnavailable as error:
                log.warning("mailbox=%s waits for storage: %s", self._name, error)
            except (MailboxTrouble, TimeoutError) as error:
                await self._in_trouble(str(error) or "the server does not answer in time")
            except Exception:
                log.exception("mailbox=%s failed unforeseen", self._name)
                await self._in_trouble("an unforeseen failure; the log tells more")
            await asyncio.sleep(self._backoff())

    async def _in_trouble(self, reason: str) -> None:
        log.warning("mailbox=%s cannot be read, failures=%d", self._name, self._failures + 1)
        with contextlib.suppress(StorageUnavailable):
            await self._post.database.write(mailboxes.in_trouble, self._name, reason, self._post.clock())

    def _backoff(self) -> float:
        longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads reconnections, keeps no secret

    async def _visit(self) -> None:
        """Log in and stay for as long as the connection lives. The position is begun first: what arrives counts."""
        await self._position()
        session = await self._connected()
        try:
            while True:
                while await self._look(session):
                    pass
                await self._rest(session)
        finally:
            with contextlib.suppress(TimeoutError):
                await in_thread(session.cut, GOODBYE_S, session.leave)

    async def _connected(self) -> Session:
        given_up = threading.Event()

        def connect_unless_given_up() -> Session:
            session = connect(self._mailbox, self._post.timeout_s)
            if given_up.is_set():
                session.leave()
            return session

        return await in_thread(given_up.set, 2 * self._post.timeout_s, connect_unless_given_up)

    async def _call(self, session: Session, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(session.cut, 2 * session.timeout_s, call, *args, **kwargs)

    async def _rest(self, session: Session) -> None:
        """Until the server announces something or it is time to look anyway."""
        seconds = max(LEAST_REST_S, self._mailbox.poll / 1000)
        if not session.announces:
            await asyncio.sleep(seconds)
            return
        seconds = min(seconds, max(LEAST_REST_S, self._mailbox.idle / 1000), LONGEST_IDLE_S)
        await in_thread(session.cut, seconds + 2 * session.timeout_s, session.wait, seconds)

    async def _look(self, session: Session) -> int:
        """Take in what is new; how many positions were. Afterwards the mailbox counts as seen whole."""
        folder = await self._call(session, session.select)
        position = await self._position(folder)
        uids = await self._call(session, session.search, position.last_uid, folder.newest_uid)
        for start in range(0, len(uids), AT_ONCE):
            some = uids[start : start + AT_ONCE]
            for mail in await self._call(session, session.listed, some):
                if _is_wanted(mail, position):
                    await self._take(session, folder, position, mail)
            await self._post.database.write(mailboxes.move_on, self._name, folder.uid_validity, some[-1])
        await self._post.database.write(mailboxes.seen_whole, self._name, self._post.clock())
        self._failures = 0
        return len(uids)

    async def _position(self, folder: Folder | None = None) -> Position:
        """Where reading goes on; at the start of the folder where it is another one, or was made anew."""
        since = self._post.clock() - self._mailbox.backlog
        return await self._post.database.write(_position, self._mailbox, folder, since)

    async def _take(self, session: Session, folder: Folder, position: Position, mail: Listed) -> None:
        """Keep one mail, durably, and only then show in the mailbox that we have it."""
        found = await self._content(session, mail)
        if found is None:
            return
        content, withheld = found
        arrival = await asyncio.to_thread(self._kept, content, withheld, folder, position, mail)
        self._failures = 0
        if await self._post.database.write(_take_in, arrival):
            self._post.taken(self._name)
            log.info("mailbox=%s uid=%d taken in", self._name, mail.uid)
        with contextlib.suppress(MailRefused):
            await self._call(session, session.mark_seen, mail.uid)

    def _kept(
        self, content: bytes, withheld: Withheld | None, folder: Folder, position: Position, mail: Listed
    ) -> Arrival:
        """Bring the bytes to the disk. Blocks."""
        now = self._post.clock()
        message_id, content_hash = identity(content)
        if not content:
            content_hash = hashlib.sha256(f"{folder.uid_validity}.{mail.uid}".encode()).hexdigest()
            message_id = f"{content_hash}@missing.local"
        return Arrival(
            mailbox=self._name,
            message_id=message_id,
            content_hash=content_hash,
            raw_hash=self._post.blobs.keep(content),
            size=max(mail.size, len(content)),
            received_at=min(now, max(position.since, mail.arrived_at or now)),
            folder=self._mailbox.folder,
            uid_validity=folder.uid_validity,
            uid=mail.uid,
            withheld=withheld,
        )

    async def _content(self, session: Session, mail: Listed) -> tuple[bytes, Withheld | None] | None:
        """The bytes to keep, and why they are the header alone; None for a mail that is gone.

        What broke the connection before is asked for its header first: that shows whether the server is well, and only
        then counts against the mail, so that one mail cannot keep the others from coming in.
        """
        if mail.size > self._post.largest:
            return await self._header(session, mail), Withheld.TOO_LARGE
        stumbled = self._stumbled[1] if self._stumbled[0] == mail.uid else None
        if stumbled is not None:
            header = await self._header(session, mail)
            if stumbled >= TRIES:
                return header, Withheld.UNREADABLE
        try:
            raw = await self._whole(session, mail)
        except MailRefused:
            return await self._header(session, mail), Withheld.UNREADABLE
        except (MailboxTrouble, TimeoutError):
            self._stumbled = (mail.uid, 0 if stumbled is None else stumbled + 1)
            raise
        if raw is not None and len(raw) > self._post.largest:
            return _header_of(raw), Withheld.TOO_LARGE
        return None if raw is None else (raw, None)

    async def _whole(self, session: Session, mail: Listed) -> bytes | None:
        """The mail; None if it is gone. Raises MailboxTrouble for one that is there and is not given out."""
        within = patience(mail.size, session.timeout_s)
        raw = await in_thread(session.cut, within, session.raw, mail.uid)
        if raw is None:
            still_there = await self._call(session, session.listed, [mail.uid])
            if still_there:
                raise MailRefused("the server lists a mail and does not give it out")
        return raw

    async def _header(self, session: Session, mail: Listed) -> bytes:
        """The header of a mail whose body we leave; nothing where that is refused too."""
        with contextlib.suppress(MailRefused):
            header = await self._call(session, session.header, mail.uid)
            return (header or b"")[:LARGEST_HEADER]
        return b""


def _is_wanted(mail: Listed, position: Position) -> bool:
    """Whether it came to us: later than we began, by its time or because it was not there when we first looked."""
    return mail.uid > position.old_uid or mail.arrived_at is None or mail.arrived_at >= position.since


def _header_of(raw: bytes) -> bytes:
    header, _, _ = raw[:LARGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")
    return header + b"\n\n"


def _position(tx: Transaction, mailbox: MailboxSettings, folder: Folder | None, since: int) -> Position:
    found = mailboxes.position(tx, mailbox.name, since)
    if folder is None or (found.folder, found.uid_validity) == (mailbox.folder, folder.uid_validity):
        return found
    mailboxes.begin_again(tx, mailbox.name, mailbox.folder, folder.uid_validity, folder.newest_uid)
    return mailboxes.position(tx, mailbox.name, since)


def _take_in(tx: Transaction, arrival: Arrival) -> bool:
    """The mail and the position after it, in one transaction."""
    is_new = inbox.take_in(tx, arrival)
    assert arrival.uid_validity is not None
    assert arrival.uid is not None
    mailboxes.move_on(tx, arrival.mailbox, arrival.uid_validity, arrival.uid)
    return is_new
