"""Agents over real HTTP, and the peers that alerts go to."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import aiohttp
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.console.cast import PASSWORD
from tests.journeys.program import Program

__all__ = ["PASSWORD", "AgentAtDesk", "Peers", "open_peers"]


class AgentAtDesk:
    """An agent's browser without the browser: logs in, reads the ticket page, presses its buttons."""

    def __init__(self, program: Program, session: aiohttp.ClientSession) -> None:
        self._program = program
        self._session = session
        self._csrf = ""

    async def log_in(self, login: str) -> None:
        page = await self._get("/console/login")
        form = {"login": login, "password": PASSWORD, "csrf": _csrf(page), "next": "/console"}
        async with self._session.post(f"{self._program.url}/console/login", data=form, headers=self._own) as answer:
            assert answer.status == 200, answer.status
            self._csrf = _csrf(await answer.text())

    async def ticket(self, number: str) -> str:
        """The ticket's page."""
        return await self._get(f"/console/tickets/{number}")

    async def queue(self, view: str = "waiting") -> str:
        """The queue's page."""
        return await self._get(f"/console?view={view}")

    async def reply(self, number: str, text: str, last_seen: int, holding: bool = False) -> int:
        """Answer the customer; the HTTP status."""
        form = {"text": text, "last_seen": str(last_seen), "client_id": f"reply-{last_seen:08d}"}
        return await self._press(number, "reply", {**form, "holding": "yes"} if holding else form)

    async def acknowledge(self, number: str) -> int:
        """Take notice of the ticket's alerts; the HTTP status."""
        return await self._press(number, "acknowledge", {})

    async def compare_answers(self) -> str:
        """Have what is in force compared with what was accepted last; the id of that publication."""
        url, data = f"{self._program.url}/console/knowledge/publications", {"csrf": self._csrf}
        async with self._session.post(url, data=data, headers=self._own, allow_redirects=False) as answer:
            assert answer.status == 303, answer.status
            return answer.headers["Location"].rpartition("/")[2]

    async def _press(self, number: str, act: str, form: dict[str, str]) -> int:
        headers = {**self._own, "X-CSRF-Token": self._csrf, "X-Fetch": "1", "Accept": "application/json"}
        url = f"{self._program.url}/console/tickets/{number}/{act}"
        data = {**form, "csrf": self._csrf}
        async with self._session.post(url, data=data, headers=headers) as answer:
            return answer.status

    async def _get(self, path: str) -> str:
        async with self._session.get(f"{self._program.url}{path}") as answer:
            assert answer.status == 200, f"{path}: {answer.status}"
            return await answer.text()

    @property
    def _own(self) -> dict[str, str]:
        return {"Origin": self._program.url}


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf"[^>]*(?:value|content)="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found[1]


@dataclass
class Peers:
    """A mail server and a webhook receiver that keep what they get."""

    mails: list[Envelope] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    on_call: Callable[[], object] | None = None

    def mails_of(self, number: str) -> list[EmailMessage]:
        """The mails whose subject names this ticket."""
        parsed = [
            message_from_bytes(envelope.original_content or b"", policy=policy.default) for envelope in self.mails
        ]
        return [mail for mail in parsed if isinstance(mail, EmailMessage) and number in str(mail["Subject"])]

    def calls_of(self, number: str) -> list[dict[str, Any]]:
        """The webhook calls about this ticket."""
        return [call for call in self.calls if call["ticket_number"] == number]


class _Keeper:
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self._peers.mails.append(envelope)
        return "250 kept"


@contextlib.asynccontextmanager
async def open_peers() -> AsyncIterator[Peers]:
    """Both peers on loopback; settings are what the server needs to reach them."""
    peers = Peers()

    async def take(request: web.Request) -> web.Response:
        peers.calls.append(await request.json())
        if peers.on_call is not None:
            peers.on_call()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook_port = runner.addresses[0][1]
    loop = asyncio.get_running_loop()
    mail_server = await loop.create_server(lambda: SMTP(_Keeper(peers), loop=loop), "127.0.0.1", 0)
    mail_port = mail_server.sockets[0].getsockname()[1]
    peers.settings = {
        "YINGSHENG_MAIL__HOST": "127.0.0.1",
        "YINGSHENG_MAIL__PORT": str(mail_port),
        "YINGSHENG_MAIL__SECURITY": "none",
        "YINGSHENG_WEBHOOK__URL": f"http://127.0.0.1:{hook_port}/hook",
        "YINGSHENG_WEBHOOK__SECRET": "a shared secret",
        "YINGSHENG_WEBHOOK__ALLOW_NETWORKS": '["127.0.0.0/8"]',
    }
    try:
        yield peers
    finally:
        mail_server.close()
        await mail_server.wait_closed()
        await runner.cleanup()
