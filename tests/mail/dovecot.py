"""A real Dovecot on a port of 127.0.0.1, with a mailbox for whoever is named, and verbs to do things to it."""

import contextlib
import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.fakes import MONDAY_TEN_OCLOCK, PATIENCE_S
from tests.ports import free_port

PASSWORD = "open-sesame"
UP_WITHIN_S = 60.0
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {base}/run
state_dir = {base}/state
instance_name = tests
log_path = {base}/log
ssl = yes
ssl_cert = <{base}/certificate
ssl_key = <{base}/key
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{base}/mail/%u
mailbox_list_index = no
maildir_very_dirty_syncs = no
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 100
imap_capability = {capability}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
"""


class Dovecot:
    """The server. Its folder has a short name, for the names of its sockets may not be long."""

    _names = itertools.count(1)

    def __init__(self, capability: str = "") -> None:
        self.base = Path(tempfile.mkdtemp(prefix="mt", dir="/tmp"))
        self.port = free_port()
        self.tls_port = free_port()
        self.certificate = self.base / "certificate"
        root = os.geteuid() == 0
        self._owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        self._capability = capability
        self.base.chmod(0o755)
        (self.base / "mail").mkdir()
        self._give(self.base / "mail")
        self._certify()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, on the port of the last time."""
        values = {
            "base": self.base,
            "port": self.port,
            "tls_port": self.tls_port,
            "user": self._owner.pw_name,
            "group": grp.getgrgid(self._owner.pw_gid).gr_name,
            "password": PASSWORD,
            "capability": self._capability,
        }
        (self.base / "conf").write_text(CONFIGURATION.format(**values))
        command = ["dovecot", "-F", "-c", str(self.base / "conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        while time.monotonic() - begun < UP_WITHIN_S:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None, (self.base / "log").read_text()
            time.sleep(0.02)
        raise AssertionError("dovecot does not listen")

    def stop(self) -> None:
        """End it and every connection; the mails stay."""
        if self._process is not None:
            serving = self._children()  # they outlive their master, and go on serving whoever is connected
            self._process.terminate()
            self._process.wait(UP_WITHIN_S)
            for child in serving:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self._process = None

    def _certify(self) -> None:
        """Make a certificate for 127.0.0.1 that nobody has signed."""
        name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        files = ["-keyout", str(self.base / "key"), "-out", str(self.certificate)]
        subprocess.run(["openssl", "req", "-x509", *kind, *name, *files], check=True, capture_output=True)

    def _children(self) -> list[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def remove(self) -> None:
        """End it and forget everything."""
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def deliver(self, user: str, raw: bytes, arrived_at: int | None = None) -> None:
        """Put a mail into the inbox of a user as a mail server does: whole or not at all.

        It arrives now, as the machine's clock says, and not before the day on which the clocks of the tests begin.
        """
        inbox = self.inbox(user)
        name = f"{int(time.time())}.M{time.time_ns() % 10**9}P{os.getpid()}Q{next(self._names)}.tests"
        beside = inbox / "tmp" / name
        beside.write_bytes(raw)
        moment = max(time.time(), MONDAY_TEN_OCLOCK / 1000) if arrived_at is None else arrived_at / 1000
        os.utime(beside, (moment, moment))
        self._give(beside)
        beside.rename(inbox / "new" / name)

    def inbox(self, user: str) -> Path:
        """The folder of a user's mails."""
        inbox = self.base / "mail" / user
        for folder in (inbox, inbox / "tmp", inbox / "new", inbox / "cur"):
            if not folder.is_dir():
                folder.mkdir()
                self._give(folder)
        return inbox

    def lose_index(self, user: str) -> None:
        """Forget the positions of all mails, as a server does that was restored from a backup."""
        for one in self.inbox(user).glob("dovecot*"):
            one.unlink()

    @contextlib.contextmanager
    def client(self, user: str) -> Iterator[IMAPClient]:
        """Somebody else's client, logged in to the same mailbox and looking at its inbox."""
        with IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=PATIENCE_S) as client:
            client.login(user, PASSWORD)
            client.select_folder("INBOX")
            yield client

    def settings(self, name: str, **others: Any) -> dict[str, Any]:
        """The settings of a mailbox of this server that looks often."""
        return {
            "name": name,
            "address": f"{name}@example.com",
            "imap_host": "127.0.0.1",
            "imap_port": self.port,
            "imap_security": "none",
            "username": name,
            "password": PASSWORD,
            "smtp_host": "127.0.0.1",
            "smtp_port": 9,
            "poll": 1_000,
            **others,
        }

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)


def _wanted() -> None:
    if shutil.which("dovecot") is None:
        pytest.skip("dovecot is not installed")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot for the whole run; each test uses mailboxes of its own."""
    _wanted()
    server = Dovecot()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def own_dovecot() -> Iterator[Dovecot]:
    """A Dovecot that was not started yet, for a test that ends it."""
    _wanted()
    server = Dovecot()
    yield server
    server.remove()
