"""Promise against fact: by metric, policy and week, how much was promised, how much was kept, and how long it took."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.deadlines.breaches import ADDRESS
from bot.console.render import page
from bot.keys import CLOCK, DATABASE, RULES
from storage.database import Transaction
from tickets.escalation import promises
from tickets.escalation.promises import MOST_EXPORTED, Asked, Measured, Outcome
from tickets.model import Metric
from tickets.sla import rulebook
from tickets.sla.model import RuleKind

WEEKS = (4, 8, 13, 26)


@dataclass(frozen=True, slots=True)
class Line:
    """The promises of one group. week: its Monday, None for all weeks. after_told: how many were kept after the time
    that the contact was told. Lengths are in each clock's own measure, None where there is nothing to measure."""

    metric: Metric
    policy_id: str
    policy: str
    week: date | None
    kept: int
    broken: int
    after_told: int
    taken_median: int | None
    taken_p90: int | None
    late_median: int | None
    late_p90: int | None
    first: date
    last: date

    @property
    def promised(self) -> int:
        """How many promises were due."""
        return self.kept + self.broken

    @property
    def share(self) -> float:
        """How many of a hundred were kept."""
        return 100 * self.kept / self.promised

    def address(self, outcome: str) -> str:
        """Where the promises that a number counts are listed."""
        query = {"first": self.first, "last": self.last, "metric": self.metric, "policy": self.policy_id}
        return f"{ADDRESS}?{urlencode({**query, **({'outcome': outcome} if outcome == Outcome.KEPT else {})})}"


async def show_report(request: web.Request) -> web.StreamResponse:
    """GET /console/deadlines/report: the last weeks, this one included."""
    asked_for = request.query.get("weeks", "")
    weeks = int(asked_for) if asked_for in {str(number) for number in WEEKS} else WEEKS[0]
    zone, now = request.config_dict[RULES].time_zone, request.config_dict[CLOCK]()
    monday = _monday(now, zone)
    first, last = monday - timedelta(weeks=weeks - 1), monday + timedelta(days=6)
    asked = Asked(_begin(first, zone), _begin(last + timedelta(days=1), zone))
    found, names = await request.config_dict[DATABASE].read(_measured, asked, now)
    groups = lines(found, names, zone, first, last)
    return page(
        request,
        "deadlines/report.html",
        area="report",
        groups=groups,
        weeks=weeks,
        choices=WEEKS,
        cut=len(found) >= MOST_EXPORTED,
        most=MOST_EXPORTED,
        day_of=lambda day: _begin(day, zone),
    )


def lines(
    found: Iterable[Measured], names: Mapping[str, str], zone: str, first: date, last: date
) -> list[tuple[Line, Sequence[Line]]]:
    """For each metric and policy its line of all weeks, with those of its weeks, the newest first."""
    groups: dict[tuple[Metric, str], dict[date, list[Measured]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        groups[one.metric, one.policy_id][_monday(one.due_at, zone)].append(one)
    told = []
    for (metric, policy_id), weeks in groups.items():
        name = names.get(policy_id, "")
        whole = [one for week in weeks.values() for one in week]
        by_week = [
            _line(metric, policy_id, name, week, weeks[week], week, week + timedelta(days=6))
            for week in sorted(weeks, reverse=True)
        ]
        told.append((_line(metric, policy_id, name, None, whole, first, last), by_week))
    return sorted(told, key=lambda pair: (list(Metric).index(pair[0].metric), -pair[0].promised))


def _line(
    metric: Metric, policy_id: str, policy: str, week: date | None, found: Sequence[Measured], first: date, last: date
) -> Line:
    taken = sorted(one.taken_ms for one in found if one.taken_ms is not None)
    late = sorted(one.late_ms for one in found if one.outcome is Outcome.BROKEN)
    return Line(
        metric=metric,
        policy_id=policy_id,
        policy=policy,
        week=week,
        kept=len(found) - len(late),
        broken=len(late),
        after_told=sum(one.after_told for one in found),
        taken_median=quantile(taken, 0.5),
        taken_p90=quantile(taken, 0.9),
        late_median=quantile(late, 0.5),
        late_p90=quantile(late, 0.9),
        first=first,
        last=last,
    )


def quantile(ordered: Sequence[int], share: float) -> int | None:
    """The smallest value that at least this share of them does not exceed (nearest rank); None of nothing."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _measured(tx: Transaction, asked: Asked, now: int) -> tuple[Sequence[Measured], Mapping[str, str]]:
    return promises.measured(tx, asked, now), rulebook.names(tx, RuleKind.POLICY)


def _monday(at: int, zone: str) -> date:
    day = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def _begin(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
