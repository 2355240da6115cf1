"""The process in which apprise sends: it reads one message from stdin and writes what became of it to stdout.

apprise speaks to some hundred and fifty services, each with code of its own that opens its connections itself.
Whatever that code does, within this process the interpreter asks us before it connects, opens a file or starts a
program (PEP 578), and then only public addresses, or those of the allowed networks, are connected to. Import nothing
of apprise outside of this process.
"""

import ipaddress
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from tickets.alerts.egress import EgressGuard

PROJECT = Path(__file__).parents[2]
MOST_MEMORY = 1024 * 1024 * 1024
# For a process that nobody waits for any more: its server was killed.
LONGEST_LIFE_S = 300
# Their modules in apprise take refusals for success, or say less than our own do.
OWN = frozenset({"dingtalk", "feishu", "lark", "wecombot"})


class Finding(StrEnum):
    """What became of the message. Only the first is good."""

    SENT = "sent"
    NOT_TAKEN = "not_taken"
    NOT_PUBLIC = "not_public"
    UNREADABLE = "unreadable"
    NOT_HTTP = "not_http"
    OWN_TRANSPORT = "own_transport"
    MISSING = "missing"


class Warden:
    """Stands between the interpreter and everything outside of this process."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._readable = tuple(_real(place) for place in {sys.prefix, sys.base_prefix, *_library()})
        self.refused_addresses = 0

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook. Raises PermissionError for what may not be done."""
        if event == "socket.connect":
            self._check_address(arguments[1])
        elif event in ("socket.sendto", "socket.sendmsg") and arguments[1] is not None:
            raise PermissionError("no datagrams")
        elif event == "open":
            self._check_file(arguments[0], arguments[2])
        elif event.startswith(("subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "os.system", "os.fork", "pty.")):
            raise PermissionError("no other programs")
        elif event in ("socket.bind", "ctypes.dlopen", "syslog.syslog", "syslog.openlog"):
            raise PermissionError("not needed by services that speak HTTP")

    def _check_address(self, address: object) -> None:
        """HTTP libraries resolve names first; who connects to a name, or to a file, wants something else."""
        try:
            target = ipaddress.ip_address(address[0]) if isinstance(address, tuple) else None
        except ValueError:
            target = None
        if target is None or not self._guard.allows(target):
            self.refused_addresses += 1
            raise PermissionError("not a public address")

    def _check_file(self, path: object, flags: int) -> None:
        if isinstance(path, int):
            return
        writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if writing or not _real(os.fsdecode(str(path))).startswith(self._readable):
            raise PermissionError("not a file of the program")


def _library() -> Iterator[str]:
    """Where modules are loaded from, without the project itself: its folder may hold settings and data."""
    return (place for place in sys.path if place and Path(place) != PROJECT)


def _real(place: str) -> str:
    return os.path.realpath(place) + os.sep


def send(url: str, title: str, body: str, guard: EgressGuard) -> Finding:
    """Send by apprise, in this process, which is guarded from then on."""
    try:
        import apprise
    except ImportError:
        return Finding.MISSING
    # This loads the code of all services; only then is the guard on, for it begins with trying out what there is.
    apprise.Apprise.instantiate("json://localhost")
    warden = Warden(guard)
    sys.addaudithook(warden.watch)
    asset = apprise.AppriseAsset(app_id="Yingsheng", storage_mode="memory", allow_templates=False)
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        return Finding.UNREADABLE
    if not _speaks_http(type(service)):
        return Finding.NOT_HTTP
    if type(service).__module__.rpartition(".")[2] in OWN:
        return Finding.OWN_TRANSPORT
    # What a URL says of these does not count: a redirect would lead elsewhere, a text cut off would lose tickets.
    service.redirects, service.overflow_mode = False, apprise.OverflowMode.SPLIT
    alone = apprise.Apprise([service], asset=asset)
    if alone.notify(body, title, apprise.NotifyType.WARNING, apprise.NotifyFormat.TEXT):
        return Finding.SENT
    return Finding.NOT_PUBLIC if warden.refused_addresses else Finding.NOT_TAKEN


def _speaks_http(service: type) -> bool:
    """Whether its code, or that which it is built on, uses the HTTP library."""
    return any(hasattr(sys.modules[kind.__module__], "requests") for kind in service.__mro__)


def answer() -> None:
    """Read a message from the process that asks, send it, and say what became of it."""
    words = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # apprise may print
    logging.disable(logging.CRITICAL)
    signal.alarm(LONGEST_LIFE_S)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    asked = json.load(sys.stdin)
    found = send(asked["url"], asked["title"], asked["body"], EgressGuard(asked["allow_networks"]))
    words.write(json.dumps({"finding": found}))
    words.close()
    # Threads that apprise has left behind are not waited for.
    os._exit(0)
