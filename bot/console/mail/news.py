"""What of mail and alerts needs somebody, for the bar on top of every page."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from bot.console.access import LOGIN, Handler
from bot.keys import CLOCK, DATABASE, WAYS
from storage.database import Transaction
from tickets.escalation.outages import Outage, look
from tickets.escalation.ways import Ways
from tickets.mail import ledger, mailboxes, undelivered
from tickets.mail.mailboxes import Trouble
from tickets.mail.undelivered import Undelivered
from tickets.model import Agent, Role

UNREAD_MS = 600_000
ANNOUNCED = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class News:
    """What is wrong now. quarantined: mails that nobody could read. undelivered: live tickets with mails of ours that
    did not arrive. unread: mailboxes that were not read for UNREAD_MS. outage: what keeps people from being told.
    """

    quarantined: int = 0
    undelivered: Sequence[Undelivered] = ()
    unread: Sequence[Trouble] = ()
    outage: Outage = field(default_factory=Outage)

    @property
    def more(self) -> bool:
        """Whether there is anything to say beside that alerts reach nobody."""
        return bool(self.quarantined or self.undelivered or self.unread or self.outage.closed or self.outage.spent)

    @property
    def failed(self) -> int:
        """How many mails of ours did not arrive."""
        return sum(one.mails for one in self.undelivered)


NEWS = web.RequestKey("console_news", News)


@web.middleware
async def bring_news(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Look what is to be announced before a page is made for somebody who is logged in."""
    login = request.get(LOGIN)
    if login is not None and "Upgrade" not in request.headers and not request.path.startswith("/console/static/"):
        request[NEWS] = await _gather(request, login.agent)
    return await handler(request)


async def _gather(request: web.Request, agent: Agent) -> News:
    if agent.role not in ANNOUNCED:
        return News()
    return await request.config_dict[DATABASE].read(_gathered, request.config_dict[WAYS], request.config_dict[CLOCK]())


def _gathered(tx: Transaction, ways: Ways, now: int) -> News:
    unread = [one for one in mailboxes.troubles(tx, now) if one.since <= now - UNREAD_MS]
    return News(ledger.quarantined(tx), undelivered.of_live_tickets(tx), unread, look(tx, ways, now))
