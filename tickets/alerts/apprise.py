"""Alerts to any other service that apprise knows and that speaks HTTP, by one URL.

The URL holds the service's secrets; its form is told in apprise's documentation, service by service. apprise says
only whether a service has taken the message, and it does so in a process of its own (apprise_child.py): its code
opens connections by itself, and this process neither pays for it nor can be held up by it.
"""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass, field

from tickets.alerts.apprise_child import PROJECT, Finding
from tickets.alerts.egress import check_networks
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.transport import Addressing, Transport

WHO = "the service behind apprise"
LONGEST_ANSWER = 1024
COMMAND = (sys.executable, "-B", "-P", "-c", "from tickets.alerts.apprise_child import answer; answer()")
# Nothing of our own environment: no proxy, no password, no home with a .netrc.
ENVIRONMENT = {"PYTHONPATH": str(PROJECT), "HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class AppriseSettings:
    """url: one URL of apprise, secrets and all, such as tgram://TOKEN/CHAT."""

    url: str = field(repr=False)
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 20.0

    def __post_init__(self) -> None:
        """Raises ValueError for a network that is none."""
        check_networks(self.allow_networks)


FAILURES = {
    Finding.NOT_TAKEN: (Failure.RETRY, "did not take the message"),
    Finding.NOT_PUBLIC: (Failure.PERMANENT, "is not at a public address"),
    Finding.UNREADABLE: (Failure.CLOSED, "cannot be told: apprise does not understand the URL"),
    Finding.NOT_HTTP: (Failure.CLOSED, "does not speak HTTP, and no other is allowed"),
    Finding.OWN_TRANSPORT: (Failure.CLOSED, "has a transport of its own: wecom, dingtalk or feishu"),
    Finding.MISSING: (Failure.CLOSED, "cannot be told: the package apprise is not installed"),
}


async def send(settings: AppriseSettings, notice: Notice) -> Sent:
    """Return when apprise says that the service has taken it.

    Raises DeliveryError: as FAILURES says, and UNKNOWN if apprise did not end in time or broke off.
    """
    asked = {
        "url": settings.url.strip(),
        "title": notice.subject,
        "body": notice.text,
        "allow_networks": settings.allow_networks,
    }
    finding = _read(await _asked(json.dumps(asked).encode(), settings.timeout_seconds))
    if finding is None:
        raise DeliveryError("apprise broke off", Failure.UNKNOWN)
    if finding is not Finding.SENT:
        failure, words = FAILURES[finding]
        raise DeliveryError(f"{WHO} {words}", failure, code=finding.value)
    return Sent()


async def _asked(question: bytes, timeout_seconds: float) -> bytes:
    """What the process answers. Raises DeliveryError, UNKNOWN, if it has to be ended."""
    process = await _started()
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _talk(process, question)
    except TimeoutError:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    raise DeliveryError(f"{WHO} did not answer in time", Failure.UNKNOWN)


async def _started() -> asyncio.subprocess.Process:
    """The process, in a session of its own: a Ctrl-C is for the server. Raises DeliveryError, RETRY."""
    try:
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise DeliveryError(f"apprise could not be started ({type(error).__name__})", Failure.RETRY) from error


async def _talk(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()
    answer = b""
    while len(answer) < LONGEST_ANSWER and (part := await process.stdout.read(LONGEST_ANSWER)):
        answer += part
    return answer


def _read(answer: bytes) -> Finding | None:
    try:
        return Finding(json.loads(answer)["finding"])
    except (ValueError, KeyError, TypeError):
        return None


# Services differ; 18 a minute is within what the well-known ones take of a bot in one group.
TRANSPORT = Transport("apprise", Addressing.EVERYONE, AppriseSettings, send, per_minute=18, most_alerts=50)
