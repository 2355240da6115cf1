"""One conversation with an IMAP server, as blocking calls: each belongs into a thread of its own (see threads.py)."""

import contextlib
import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError

from bot.config import MailboxSettings
from bot.mail.fetching.errors import MailboxTrouble, MailRefused

US = {"name": "Yingsheng", "version": "0.1", "vendor": "Yingsheng"}
WINDOW = 50_000
FIRST_IDLE_S = 0.5
BYTES_A_SECOND = 32 * 1024
LONGEST_REASON = 200
UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffef]+")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as the server tells of it: which generation its positions belong to, and the newest of them."""

    uid_validity: int
    newest_uid: int
    mails: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail in a folder: its position, its size in bytes, when it reached the server (epoch milliseconds)."""

    uid: int
    size: int
    arrived_at: int | None


class Session:
    """A connection that is logged in. Every method blocks, each read at most timeout_s, and raises MailboxTrouble."""

    def __init__(self, client: IMAPClient, mailbox: MailboxSettings, timeout_s: float) -> None:
        self._client = client
        self._mailbox = mailbox
        self.timeout_s = timeout_s
        with self._trouble():
            self.announces = bool(client.has_capability("IDLE"))
            self.identifies = bool(client.has_capability("ID"))

    def select(self, *, readonly: bool = False) -> Folder:
        """The folder of the mailbox as it is now."""
        with self._trouble():
            told = self._client.select_folder(self._mailbox.folder, readonly=readonly)
        mails = int(told.get(b"EXISTS", 0))
        uid_next = told.get(b"UIDNEXT")
        newest = int(uid_next) - 1 if uid_next is not None else self._newest() if mails else 0
        return Folder(int(told.get(b"UIDVALIDITY", 0)), newest, mails)

    def _newest(self) -> int:
        """The newest position, from a server that does not tell the next one."""
        with self._trouble():
            return max(self._client.search("UID *"), default=0)

    def search(self, after: int, newest: int) -> list[int]:
        """The positions above after, in order. Servers answer n:* with the newest even where it is below n."""
        found: set[int] = set()
        with self._trouble():
            for start in range(after + 1, newest + 1, WINDOW):
                end = min(start + WINDOW - 1, newest)
                found.update(self._client.search(f"UID {start}:{end}"))
        return sorted(uid for uid in found if uid > after)

    def listed(self, uids: Sequence[int]) -> list[Listed]:
        """What the server tells of these mails, in order; those that are gone by now are left out."""
        with self._trouble():
            told = self._client.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE"])
        return [
            Listed(uid, int(facts.get(b"RFC822.SIZE", 0)), _moment(facts.get(b"INTERNALDATE")))
            for uid, facts in sorted(told.items())
        ]

    def raw(self, uid: int) -> bytes | None:
        """The whole mail; None if it is gone. Raises MailRefused. Nothing in the mailbox changes by that."""
        return self._part(uid, "BODY.PEEK[]", b"BODY[]")

    def header(self, uid: int) -> bytes | None:
        """The header of the mail; None if it is gone. Raises MailRefused."""
        return self._part(uid, "BODY.PEEK[HEADER]", b"BODY[HEADER]")

    def _part(self, uid: int, what: str, key: bytes) -> bytes | None:
        with self._trouble():
            told = self._client.fetch([uid], [what])
        content = told.get(uid, {}).get(key)
        return content if isinstance(content, bytes) else None

    def mark_seen(self, uid: int) -> None:
        """Show everybody who looks into the mailbox that we have it. Raises MailRefused."""
        with self._trouble():
            self._client.add_flags([uid], [SEEN], silent=True)

    def wait(self, seconds: float) -> None:
        """Return when the server announces something, or after this many seconds.

        What it announces together with its consent to IDLE is read already, so that no poll sees it; only the end of
        IDLE tells. Hence IDLE is ended soon at first, then after longer and longer.
        """
        end, pause = time.monotonic() + seconds, FIRST_IDLE_S
        while (left := end - time.monotonic()) > 0:
            if self._idle(min(pause, left)):
                return
            pause *= 2

    def _idle(self, seconds: float) -> bool:
        """Whether the server announced anything within these seconds."""
        with self._trouble():
            self._client.idle()
            waiting = select.poll()
            waiting.register(self._client.socket(), select.POLLIN)
            waiting.poll(seconds * 1000)
            _, announced = self._client.idle_done()
        return bool(announced)

    def cut(self) -> None:
        """End the connection at once, from any thread: whatever is waiting on it fails. Never raises."""
        with contextlib.suppress(OSError, AttributeError, ValueError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """Say goodbye and end the connection."""
        with contextlib.suppress(MailboxTrouble), self._trouble():
            self._client.logout()
        with contextlib.suppress(MailboxTrouble), self._trouble():
            self._client.shutdown()

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        with told_plainly(self._mailbox):
            yield


def connect(mailbox: MailboxSettings, timeout_s: float) -> Session:
    """A session with the mailbox's server, logged in. Raises MailboxTrouble."""
    with told_plainly(mailbox):
        client = IMAPClient(
            mailbox.imap_host,
            port=mailbox.imap_port,
            ssl=mailbox.imap_security == "tls",
            timeout=SocketTimeout(timeout_s, timeout_s),
        )
        client.normalise_times = False
        try:
            return _logged_in(client, mailbox, timeout_s)
        except BaseException:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()
            raise


def _logged_in(client: IMAPClient, mailbox: MailboxSettings, timeout_s: float) -> Session:
    if mailbox.imap_security == "starttls":
        client.starttls()
    login = client.login if (mailbox.password or "").isascii() else client.plain_login
    login(mailbox.username, mailbox.password)
    session = Session(client, mailbox, timeout_s)
    if session.identifies:
        with contextlib.suppress(MailRefused), told_plainly(mailbox):
            client.id_(US)
    return session


@contextlib.contextmanager
def told_plainly(mailbox: MailboxSettings) -> Iterator[None]:
    """Say what goes wrong in here as MailboxTrouble, in a sentence for an operator."""
    place = f"{mailbox.imap_host}:{mailbox.imap_port}"
    try:
        yield
    except MailboxTrouble:
        raise
    except LoginError as error:
        raise MailboxTrouble(
            f"{place} refuses the login: {_reason(error, mailbox)}; "
            "some providers want an authorisation code instead of the password"
        ) from error
    except ssl.SSLError as error:
        raise MailboxTrouble(f"{place}: no safe connection: {error.reason or 'TLS failed'}") from error
    except TimeoutError as error:
        raise MailboxTrouble(f"{place} does not answer in time") from error
    except (imaplib.IMAP4.abort, ProtocolError) as error:
        raise MailboxTrouble(f"{place} broke off: {_reason(error, mailbox)}") from error
    except IMAPClientError as error:
        raise _refusal(place, error, mailbox) from error
    except OSError as error:
        raise MailboxTrouble(f"{place} cannot be reached: {error.strerror or type(error).__name__}") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as error:
        # What the libraries raise where a server's answer makes no sense, or the connection was cut under them.
        raise MailboxTrouble(f"{place} answered something unintelligible ({type(error).__name__})") from error


def _refusal(place: str, error: Exception, mailbox: MailboxSettings) -> MailboxTrouble:
    reason = _reason(error, mailbox)
    if "unsafe login" in reason.lower():
        return MailboxTrouble(
            f"{place} takes us for an unsafe program: {reason}; allow IMAP clients in the mailbox's settings "
            "and use the authorisation code as its password"
        )
    return MailRefused(f"{place} refuses: {reason}")


def _reason(error: Exception, mailbox: MailboxSettings) -> str:
    """The server's words on one line, without the password."""
    words = UNPRINTABLE.sub(" ", str(error)).replace(mailbox.password or "\0", "***")
    return words[:LONGEST_REASON]


def _moment(told: object) -> int | None:
    """Epoch milliseconds of an INTERNALDATE; None for one that makes no sense."""
    if not isinstance(told, datetime):
        return None
    aware = told if told.tzinfo else told.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def patience(size: int, timeout_s: float) -> float:
    """How many seconds so many bytes may take: a server that sends them drop by drop is not waited for."""
    return timeout_s + size / BYTES_A_SECOND
