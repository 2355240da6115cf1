"""Alerts by apprise: real URLs of its own against a receiver on loopback, and what its process may not do."""

import asyncio
import json
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.tickets.alerts.peers import NOTICE, Receiver
from tickets.alerts import DeliveryError, Failure, apprise
from tickets.alerts.apprise import AppriseSettings

LOOPBACK = ("127.0.0.1/32",)
CANARY = "canary-0f1e2d3c"
# Each attempt starts an interpreter, which a busy machine may take its time for.
PATIENCE_S = 240.0


async def send(url: str, allow_networks: tuple[str, ...] = LOOPBACK, seconds: float = PATIENCE_S) -> None:
    await apprise.send(AppriseSettings(url, allow_networks, seconds), NOTICE)


async def fail(url: str, allow_networks: tuple[str, ...] = LOOPBACK, seconds: float = PATIENCE_S) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(url, allow_networks, seconds)
    return caught.value


async def test_a_service_gets_subject_and_text() -> None:
    async with Receiver().open() as receiver:
        await send(f"json://127.0.0.1:{receiver.port}/alerts")
        await send(f"form://localhost:{receiver.port}/alerts\n")
    first, second = receiver.bodies
    told = json.loads(first)
    assert (told["title"], told["message"], told["type"]) == (NOTICE.subject, NOTICE.text, "warning")
    assert second.startswith(b"version=1.0&title=%E3%80%90")


async def test_what_a_service_does_not_take_is_tried_again() -> None:
    async with Receiver(status=404).open() as receiver:
        refused = await fail(f"json://127.0.0.1:{receiver.port}/")
    unreached = await fail(f"json://127.0.0.1:{receiver.port}/")
    for error in (refused, unreached):
        assert (error.failure, error.code) == (Failure.RETRY, "not_taken")


async def test_an_address_that_is_not_public_is_not_connected_to() -> None:
    async with Receiver().open() as receiver:
        for host in ("127.0.0.1", "localhost", "2130706433", "127.0.0.2"):
            error = await fail(f"json://{host}:{receiver.port}/", allow_networks=())
            assert (error.failure, error.code) == (Failure.PERMANENT, "not_public"), host
        assert (await fail(f"json://[::ffff:127.0.0.1]:{receiver.port}/", allow_networks=())).permanent
    assert receiver.requests == []


async def test_a_redirect_to_a_private_address_leads_nowhere() -> None:
    async with (
        Receiver(host="127.0.0.2").open() as inside,
        Receiver(status=307, headers={"Location": inside.url}).open() as receiver,
    ):
        error = await fail(f"json://127.0.0.1:{receiver.port}/?redirect=yes")
    assert error.failure is Failure.RETRY
    assert (len(receiver.requests), inside.requests) == (1, [])


async def test_a_service_that_hangs_is_left_and_its_process_ended() -> None:
    async with Receiver(hang=True).open() as receiver:
        for seconds in (1.5, 6.0, 30.0):  # the process has to get as far as asking, and machines differ
            started = time.monotonic()
            error = await fail(f"json://127.0.0.1:{receiver.port}/?rto=100", seconds=seconds)
            assert error.failure is Failure.UNKNOWN
            assert time.monotonic() - started < seconds + 60
            assert children() == []
            if receiver.requests:
                break
    assert len(receiver.requests) == 1


OTHERS: set[str] = set()


def children() -> list[str]:
    """The processes that this one has started in this test and that still live."""
    return [one for one in _all_children() if one not in OTHERS]


def _all_children() -> list[str]:
    return Path("/proc/self/task").joinpath(str(main_thread()), "children").read_text().split()


@pytest.fixture(autouse=True)
def others() -> None:
    """What other tests left running, such as the browser that they share."""
    OTHERS.clear()
    OTHERS.update(_all_children())


def main_thread() -> int:
    return int(Path("/proc/self").resolve().name)


async def test_whoever_stops_waiting_ends_the_process() -> None:
    async with Receiver(hang=True).open() as receiver:
        waiting = asyncio.create_task(send(f"json://127.0.0.1:{receiver.port}/?rto=100", seconds=100))
        await receiver.arrived.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert children() == []


USELESS = {
    "": "unreadable",
    "nonsense": "unreadable",
    "file:///etc/passwd": "unreadable",
    "json://": "unreadable",
    "syslog://": "unreadable",  # it opens the log at once, and may not
    "rsyslog://127.0.0.1": "not_http",
    "mailto://a:b@example.com": "not_http",
    "dingtalk://aaaaaaaa": "own_transport",
    "lark://a": "own_transport",
    "wecombot://aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa": "own_transport",
}


async def test_a_url_that_is_of_no_use_closes_the_way_and_says_why() -> None:
    for url, code in USELESS.items():
        error = await fail(url)
        assert (error.failure, error.code) == (Failure.CLOSED, code), url


# The other end of the pipe may be anything: here it is a package of the same name.


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    (folder / "apprise").mkdir()
    (folder / "apprise" / "__init__.py").write_text(program)
    place = f"{folder}:{apprise.ENVIRONMENT['PYTHONPATH']}"
    monkeypatch.setitem(apprise.ENVIRONMENT, "PYTHONPATH", place)


async def test_without_the_package_the_reason_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "raise ImportError")
    error = await fail("json://example.com")
    assert (error.failure, error.code) == (Failure.CLOSED, "missing")
    assert "not installed" in error.reason


@pytest.mark.parametrize(
    "program",
    [
        "import os; os._exit(3)",
        "raise RuntimeError",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "huge = bytearray(4 * 1024**3)",
    ],
)
async def test_a_process_that_breaks_off_leaves_it_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    pretend(monkeypatch, tmp_path, program)
    assert (await fail("json://example.com")).failure is Failure.UNKNOWN


async def test_what_the_package_prints_is_not_its_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, 'print(\'{"finding": "sent"}\' * 100_000, flush=True); raise ImportError')
    assert (await fail("json://example.com")).code == "missing"


async def test_a_process_that_cannot_be_started_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "COMMAND", ("/nonexistent/python",))
    assert (await fail("json://example.com")).failure is Failure.RETRY


# What the process may not do

GUARDED = """
import encodings.idna, http.client, json, os, socket, subprocess, sys, urllib.request
from tickets.alerts.apprise_child import Warden
from tickets.alerts.egress import EgressGuard
attempts = json.load(sys.stdin)
sys.addaudithook(Warden(EgressGuard(["127.0.0.1/32"])).watch)
for attempt in attempts:
    try:
        exec(attempt)
    except PermissionError as error:
        print("refused:", error)
    except urllib.error.URLError as error:
        print("refused:", error.reason)
    else:
        print("done")
"""

REFUSED = (
    "urllib.request.urlopen('{url}', timeout=3)",  # redirected to another address
    "socket.create_connection(('127.0.0.2', {port}), 3)",
    "socket.socket().connect(('localhost', {port}))",
    "socket.socket().connect_ex(('127.0.0.2', {port}))",
    "socket.socket(socket.AF_INET6).connect(('::ffff:127.0.0.2', {port}))",
    "socket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "socket.socket().bind(('127.0.0.1', 0))",
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.fork()",
    "os.posix_spawn('/bin/true', ['true'], {{}})",
    "open('/etc/passwd')",
    "open(os.path.join(sys.prefix, '..', '..', 'etc', 'passwd'))",
    "open('{folder}/new', 'w')",
    "os.open(os.__file__, os.O_RDWR)",
    "open('pyproject.toml')",
)
ALLOWED = ("urllib.request.urlopen('{url}', timeout=3)", "open(os.__file__).close()", "import colorsys")


def tried(attempts: Iterable[str], **places: object) -> list[str]:
    """What became of each attempt in a guarded process."""
    program = [sys.executable, "-B", "-c", GUARDED]
    words = json.dumps([attempt.format(**places) for attempt in attempts])
    done = subprocess.run(program, input=words, capture_output=True, text=True, timeout=240, check=True)
    return done.stdout.splitlines()


async def test_the_process_connects_to_no_address_file_or_program_of_ours(tmp_path: Path) -> None:
    async with (
        Receiver(host="127.0.0.2").open() as inside,
        Receiver(status=302, headers={"Location": inside.url}).open() as receiver,
    ):
        told = await asyncio.to_thread(tried, REFUSED, url=receiver.url, port=inside.port, folder=tmp_path)
        receiver.status, receiver.headers = 200, {}
        allowed = await asyncio.to_thread(tried, ALLOWED, url=receiver.url)
    wrong = [(words, what) for words, what in zip(REFUSED, told, strict=True) if not what.startswith("refused: ")]
    assert wrong == []
    assert allowed == ["done"] * len(ALLOWED)
    assert inside.requests == []
    assert list(tmp_path.iterdir()) == []


def test_which_services_are_refused_is_known() -> None:
    """A new version of apprise may bring others: look at each before it is added here."""
    program = (
        "import apprise, sys; from tickets.alerts.apprise_child import _speaks_http as speaks\n"
        "apprise.Apprise.instantiate('json://localhost')\n"
        "kinds = set(apprise.plugins.N_MGR.plugins())\n"
        "print(len(kinds), *sorted({kind.__module__.split('.')[2] for kind in kinds if not speaks(kind)}))"
    )
    count, *refused = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(count) > 150
    assert refused == [
        "amqp", "aprs", "blink1", "dbus", "deltachat", "email", "glib", "gnome", "growl", "irc", "macosx", "mqtt",
        "rsyslog", "smpp", "syslog", "windows", "xmpp",
    ]  # fmt: skip


def test_the_server_does_not_load_apprise() -> None:
    program = "import bot.server, sys; print({'apprise', 'requests', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# Secrets


async def test_the_url_is_seen_nowhere(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("YINGSHENG_SECRET", f"{CANARY}-environment")
    told: list[str] = []
    async with Receiver(hang=True).open() as receiver:
        settings = AppriseSettings(f"json://user:{CANARY}@127.0.0.1:{receiver.port}/?rto=100", LOOPBACK, 100)
        waiting = asyncio.create_task(apprise.send(settings, NOTICE))
        await receiver.arrived.wait()
        for child in children():
            for name in ("cmdline", "environ"):
                told.append((Path("/proc") / child / name).read_bytes().decode(errors="replace"))
        assert len(told) == 2
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    for url in (f"tgram://{CANARY}", f"syslog://{CANARY}", f"json://u:{CANARY}@127.0.0.2/"):
        error = await fail(url)
        told += [*traceback.format_exception(error), repr(error), repr(error.__context__)]
    told += [repr(settings), *(record.getMessage() for record in caplog.records)]
    assert CANARY not in "\n".join(told)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver().open() as proxy, Receiver().open() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await send(f"json://127.0.0.1:{receiver.port}/")
    assert (len(receiver.requests), proxy.requests) == (1, [])
