"""The due list: every promise that is still open, filtered, a page at a time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.access import LOGIN, is_fetch
from bot.console.render import page
from bot.keys import CLOCK, DATABASE, RULES
from storage.database import Transaction
from tickets import agents, teams
from tickets.clocks import due
from tickets.clocks.due import PAGE, Counts, DueRow, Edge, Moments, Span, Wanted
from tickets.model import Metric
from tickets.sla import rulebook
from tickets.sla.model import RuleKind
from tickets.teams import Team

ADDRESS = "/console/deadlines"
EDGE = re.compile(r"([0-9]{1,15})-([0-9A-Za-z.-]{1,64})")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address asks for. mine: only what the reader is assigned."""

    span: Span = Span.OPEN
    metric: str = ""
    policy_id: str = ""
    team_id: str = ""
    mine: bool = False

    def wanted(self, agent_id: str) -> Wanted:
        """The same for the agent who asks."""
        return Wanted(
            self.span, self.metric, self.policy_id, agent_id if self.mine else "", "" if self.mine else self.team_id
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list and what stands around it. more: where the next page begins, None on the last."""

    filter: Filter
    rows: Sequence[DueRow]
    more: Edge | None
    later: bool
    counts: Counts
    policies: Mapping[str, str]
    teams: Sequence[Team]
    names: Mapping[str, str]

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter leaves something out."""
        return self.filter != Filter()

    def address(self, **changes: object) -> str:
        """The address of this list with something else wanted, at its first page."""
        wanted = self.filter
        query: dict[str, object] = {
            "span": "" if wanted.span is Span.OPEN else wanted.span,
            "metric": wanted.metric,
            "policy": wanted.policy_id,
            "team": wanted.team_id,
            "whose": "mine" if wanted.mine else "",
            **changes,
        }
        kept = {name: value for name, value in query.items() if value not in ("", None)}
        return ADDRESS + (f"?{urlencode(kept)}" if kept else "")

    @property
    def next_address(self) -> str | None:
        """The address of the next page."""
        return None if self.more is None else self.address(after=f"{self.more.at}-{self.more.id}")


async def show_due(request: web.Request) -> web.StreamResponse:
    """GET /console/deadlines: what is due next and what is overdue."""
    wanted, now = filter_from(request.query), request.config_dict[CLOCK]()
    moments = Moments(now, day_after(now, request.config_dict[RULES].time_zone))
    after = edge_in(request.query.get("after", ""))
    listing = await request.config_dict[DATABASE].read(_listing, wanted, request[LOGIN].agent.id, moments, after)
    return page(
        request,
        "deadlines/due_part.html" if is_fetch(request) else "deadlines/due.html",
        area="due",
        listing=listing,
        spans=list(Span),
        metrics=list(Metric),
    )


def filter_from(query: Mapping[str, str]) -> Filter:
    """What the query of an address asks for; what it says wrongly excludes nothing."""
    span = one_of(query.get("span", ""), Span)
    return Filter(
        span=Span(span) if span else Span.OPEN,
        metric=one_of(query.get("metric", ""), Metric),
        policy_id=id_in(query.get("policy", "")),
        team_id=id_in(query.get("team", "")),
        mine=query.get("whose") == "mine",
    )


def one_of(value: str, known: Iterable[str]) -> str:
    """The value if it is known, else nothing."""
    return value if value in set(known) else ""


def id_in(value: str) -> str:
    """The value if it looks like an id of ours, else nothing."""
    return value if re.fullmatch(r"[0-9A-Za-z-]{1,64}", value) else ""


def edge_in(text: str) -> Edge | None:
    """Where a page begins, as its address says; None at the start."""
    found = EDGE.fullmatch(text)
    return Edge(int(found[1]), found[2]) if found else None


def day_after(now: int, zone: str, days: int = 1) -> int:
    """When the local day so many days after today begins."""
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def _listing(tx: Transaction, wanted: Filter, agent_id: str, moments: Moments, after: Edge | None) -> Listing:
    asked = wanted.wanted(agent_id)
    rows = due.listed(tx, asked, moments, after, PAGE + 1)
    shown = rows[:PAGE]
    return Listing(
        filter=wanted,
        rows=shown,
        more=shown[-1].edge if len(rows) > PAGE else None,
        later=after is not None,
        counts=due.counts(tx, asked, moments),
        policies=rulebook.in_force(tx).named(RuleKind.POLICY),
        teams=teams.all_teams(tx),
        names=agents.names(tx),
    )
