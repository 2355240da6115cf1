"""Promises that were broken (or kept) in a period, on a page and as a file."""

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.deadlines.listing import id_in, one_of
from bot.console.deadlines.segments import ended_word
from bot.console.knowledge.exporting import TURN
from bot.console.knowledge.numbers import page_in
from bot.console.render import page, say_for
from bot.console.ways.labels import Labels
from bot.keys import CLOCK, DATABASE, RULES, WAYS
from storage.database import Transaction
from tickets import agents
from tickets.escalation import promises
from tickets.escalation.promises import MOST_EXPORTED, PAGE, Asked, Outcome, Promise
from tickets.escalation.results import NoticeFact
from tickets.model import Metric
from tickets.sla import rulebook
from tickets.sla.model import RuleKind

ADDRESS = "/console/deadlines/breaches"
USUAL_DAYS = 7
MINUTE_MS = 60_000
# What a spreadsheet would take for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "ticket",
    "metric",
    "policy",
    "started",
    "budget",
    "due",
    "promised",
    "ended",
    "how",
    "taken",
    "late",
    "told",
    "acknowledged",
    "acknowledged_by",
    "assignee",
)


@dataclass(frozen=True, slots=True)
class Period:
    """The days of the filter, both included, as its form writes them."""

    first: str
    last: str

    def bounds(self, zone: str) -> tuple[int, int]:
        """From when, until before when, in epoch milliseconds."""
        return _begin(self.first, zone), _begin(self.last, zone, 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of promises and what stands around it. told: who was told, by the clock's id."""

    asked: Asked
    period: Period
    outcome: Outcome
    number: int
    pages: int
    total: int
    rows: Sequence[Promise]
    told: Mapping[str, Sequence[NoticeFact]]
    policies: Mapping[str, str]
    names: Mapping[str, str]

    def address(self, ending: str = "", **changes: object) -> str:
        """The address of this list, or of its file, with something else wanted."""
        query: dict[str, object] = {
            "first": self.period.first,
            "last": self.period.last,
            "metric": self.asked.metric,
            "policy": self.asked.policy_id,
            "outcome": "" if self.outcome is Outcome.BROKEN else self.outcome,
            **changes,
        }
        kept = {name: value for name, value in query.items() if value not in ("", None)}
        return f"{ADDRESS}{ending}?{urlencode(kept)}"


async def show_breaches(request: web.Request) -> web.StreamResponse:
    """GET /console/deadlines/breaches: the promises that were broken, or kept, in some days."""
    period, asked, outcome = _asked(request)
    now = request.config_dict[CLOCK]()
    listing = await request.config_dict[DATABASE].read(
        _listing, period, asked, outcome, page_in(request.query.get("page", "")), now
    )
    return page(
        request,
        "deadlines/breaches.html",
        area="breaches",
        listing=listing,
        metrics=list(Metric),
        most=MOST_EXPORTED,
        ended_word=lambda reason: ended_word(reason, say_for(request)),
    )


async def export(request: web.Request) -> web.StreamResponse:
    """GET /console/deadlines/breaches.csv: the same as a file, whole; one such file is made at a time."""
    period, asked, outcome = _asked(request)
    now, zone = request.config_dict[CLOCK](), request.config_dict[RULES].time_zone
    label = Labels(request.config_dict[WAYS], say_for(request))
    async with request.config_dict[TURN]:
        found, told, names = await request.config_dict[DATABASE].read(_everything, asked, outcome, now)
        body = await asyncio.to_thread(written, found, told, names, zone, now, label)
    name = f"{outcome}-{period.first}-{period.last}.csv"
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, headers=headers)


def written(
    found: Iterable[Promise],
    told: Mapping[str, Sequence[NoticeFact]],
    names: Mapping[str, str],
    zone: str,
    now: int,
    label: Labels,
) -> bytes:
    """The promises as CSV with a byte order mark, which spreadsheets want; nothing in it is read as a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([label.say(f"deadlines.file.{column}") for column in COLUMNS])
    for one in found:
        row = _row(one, told.get(one.clock_id, ()), names, zone, now, label)
        table.writerow([harmless(row[column]) for column in COLUMNS])
    return text.getvalue().encode("utf-8-sig", "replace")


def harmless(value: str | int | None) -> str | int:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _row(
    one: Promise, told: Sequence[NoticeFact], names: Mapping[str, str], zone: str, now: int, label: Labels
) -> dict[str, str | int | None]:
    say = label.say

    def at(moment: int | None) -> str | None:
        return None if moment is None else datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).isoformat(sep=" ")[:19]

    return {
        "ticket": one.number,
        "metric": say(f"deadlines.metric.{one.metric}"),
        "policy": one.policy,
        "started": at(one.started_at),
        "budget": one.budget_ms // MINUTE_MS,
        "due": at(one.due_at),
        "promised": at(one.promised_at),
        "ended": at(one.stopped_at),
        "how": None if one.stop_reason is None else ended_word(one.stop_reason, say),
        "taken": None if one.counted_ms is None else one.counted_ms // MINUTE_MS,
        "late": one.late_ms // MINUTE_MS,
        "told": " · ".join(dict.fromkeys(_told(notice, names, label) for notice in told)),
        "acknowledged": at(one.acknowledged_at),
        "acknowledged_by": names.get(one.acknowledged_by or ""),
        "assignee": names.get(one.assignee_id or ""),
    }


def _told(notice: NoticeFact, names: Mapping[str, str], label: Labels) -> str:
    """Who was told by what, in plain text."""
    who = label.say("deadlines.told.everyone") if notice.to_everyone else notice.recipient
    who = names.get(notice.agent_id or "", who)
    return f"{who} ({label(notice.transport)}, {label.say(f'deadlines.told.state.{notice.state}')})"


def _asked(request: web.Request) -> tuple[Period, Asked, Outcome]:
    zone, query = request.config_dict[RULES].time_zone, request.query
    today = datetime.fromtimestamp(request.config_dict[CLOCK]() / 1000, UTC).astimezone(ZoneInfo(zone)).date()
    last = _day(query.get("last", "")) or today
    first = min(_day(query.get("first", "")) or last - timedelta(days=USUAL_DAYS - 1), last)
    period = Period(first.isoformat(), last.isoformat())
    metric, policy_id = one_of(query.get("metric", ""), Metric), id_in(query.get("policy", ""))
    outcome = Outcome.KEPT if query.get("outcome") == Outcome.KEPT else Outcome.BROKEN
    return period, Asked(*period.bounds(zone), metric, policy_id), outcome


def _listing(tx: Transaction, period: Period, asked: Asked, outcome: Outcome, number: int, now: int) -> Listing:
    total = promises.count(tx, asked, outcome, now)
    pages = max(1, -(-total // PAGE))
    number = min(number, pages)
    rows = promises.listed(tx, asked, outcome, now, (number - 1) * PAGE)
    policies, told = rulebook.names(tx, RuleKind.POLICY), _told_of(tx, asked, rows)
    return Listing(asked, period, outcome, number, pages, total, rows, told, policies, agents.names(tx))


def _everything(
    tx: Transaction, asked: Asked, outcome: Outcome, now: int
) -> tuple[Sequence[Promise], Mapping[str, Sequence[NoticeFact]], Mapping[str, str]]:
    found = promises.listed(tx, asked, outcome, now, limit=MOST_EXPORTED)
    return found, _told_of(tx, asked, found), agents.names(tx)


def _told_of(tx: Transaction, asked: Asked, rows: Sequence[Promise]) -> Mapping[str, Sequence[NoticeFact]]:
    """Who was told of these, the one due last first, and of no others: there may be very many."""
    if not rows:
        return {}
    return promises.told_of(tx, Asked(rows[-1].due_at, rows[0].due_at + 1, asked.metric, asked.policy_id))


def _day(text: str) -> date | None:
    """The day that a form names, of a year that people live in."""
    try:
        told = date.fromisoformat(text)
    except ValueError:
        return None
    return told if 1990 <= told.year <= 2200 else None


def _begin(day: str, zone: str, after: int = 0) -> int:
    begin = date.fromisoformat(day) + timedelta(days=after)
    return int(datetime(begin.year, begin.month, begin.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
