"""The ledger as a list: filtered, counted, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.knowledge.numbers import page_in
from bot.console.render import page
from bot.keys import DATABASE, RULES
from storage.database import Transaction
from tickets.mail import ledger
from tickets.mail.inbox import State
from tickets.mail.ledger import PAGE, Authentic, LedgerRow, MailFilter, Tallies

LONGEST_QUERY = 200
LONGEST_VALUE = 60
ADDRESS = "/console/mail"


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a filter as its form writes them, both included; empty for no bound."""

    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the ledger and what stands around it."""

    wanted: MailFilter
    days: Days
    number: int
    pages: int
    total: int
    rows: Sequence[LedgerRow]
    tallies: Tallies

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter leaves something out."""
        return self.wanted != MailFilter()

    def address(self, **changes: object) -> str:
        """The address of this list with something else wanted; another filter begins at its first page."""
        wanted = self.wanted
        query: dict[str, object] = {
            "q": wanted.text,
            "state": wanted.state,
            "outcome": wanted.outcome,
            "reason": wanted.reason,
            "mailbox": wanted.mailbox,
            "sender": wanted.authentic,
            "first": self.days.first,
            "last": self.days.last,
            **changes,
        }
        kept = {name: value for name, value in query.items() if value not in ("", None)}
        return ADDRESS + (f"?{urlencode(kept)}" if kept else "")


async def show_ledger(request: web.Request) -> web.StreamResponse:
    """GET /console/mail: every mail that came in, the newest first."""
    days = Days(_day(request.query.get("first", "")), _day(request.query.get("last", "")))
    wanted = filter_from(request.query, days, request.config_dict[RULES].time_zone)
    listing = await request.config_dict[DATABASE].read(_listing, wanted, days, page_in(request.query.get("page", "")))
    return page(request, "mail/list.html", listing=listing, states=list(State), senders=list(Authentic))


def filter_from(query: Mapping[str, str], days: Days, zone: str) -> MailFilter:
    """What the query of an address asks for; what it says wrongly excludes nothing."""
    return MailFilter(
        state=_one_of(query.get("state", ""), State),
        outcome=query.get("outcome", "")[:LONGEST_VALUE],
        reason=query.get("reason", "")[:LONGEST_VALUE],
        mailbox=query.get("mailbox", "")[:LONGEST_VALUE],
        authentic=_one_of(query.get("sender", ""), Authentic),
        text=" ".join(query.get("q", "").split())[:LONGEST_QUERY],
        since=_begin(days.first, zone),
        until=_begin(days.last, zone, after=1),
    )


def _listing(tx: Transaction, wanted: MailFilter, days: Days, number: int) -> Listing:
    total = ledger.count(tx, wanted)
    pages = max(1, -(-total // PAGE))
    number = min(number, pages)
    rows = ledger.listed(tx, wanted, (number - 1) * PAGE)
    return Listing(wanted, days, number, pages, total, rows, ledger.tallies(tx))


def _one_of(value: str, known: Iterable[str]) -> str:
    return value if value in set(known) else ""


def _day(text: str) -> str:
    """The text if it is a day such as 2026-11-24 of a year that people live in, else nothing."""
    try:
        told = date.fromisoformat(text)
    except ValueError:
        return ""
    return told.isoformat() if 1990 <= told.year <= 2200 else ""


def _begin(day: str, zone: str, after: int = 0) -> int | None:
    """When this day begins, or the one so many days after it."""
    if not day:
        return None
    begin = date.fromisoformat(day) + timedelta(days=after)
    return int(datetime(begin.year, begin.month, begin.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
