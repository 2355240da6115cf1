"""One day of the desk as an SVG: a row for each ticket, its waits as bars, alarms and answers as marks.

The drawing and its words are templates; here is only what lies where.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import jinja2

from bot.simulation.comparing import Verdict
from bot.simulation.naive.desk import Desk
from bot.simulation.naive.minutes import Minutes
from bot.simulation.naive.model import RESOLUTION, Clock
from bot.simulation.scenario import DAY, HOUR, MINUTE, Deed, Log, Raised

WIDTH, LEFT, RIGHT, TOP, ROW = 1200, 128, 28, 100, 34
LEGEND = 110
MOST_ROWS = 16
# Bars that are shorter cannot be seen.
_THINNEST = 1.5


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the day over all rows."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a wait. thin: of the solution's."""

    x: float
    width: float
    thin: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment. thin: to the wait for a solution."""

    kind: str
    x: float
    level: int = 0
    late: bool = False
    thin: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket; number None: no ticket was opened."""

    number: str | None
    y: float
    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """A line of the grid."""

    x: float
    name: str


@dataclass(frozen=True, slots=True)
class Day:
    """Everything on the picture."""

    date: str
    policy: str
    seed: int
    rows: tuple[Row, ...]
    closed: tuple[Band, ...]
    outages: tuple[Band, ...]
    hours: tuple[Hour, ...]
    width: int = WIDTH
    left: int = LEFT
    top: int = TOP
    row: int = ROW

    @property
    def bottom(self) -> int:
        """Where the rows end."""
        return self.top + ROW * len(self.rows)

    @property
    def height(self) -> int:
        """The whole picture's."""
        return self.bottom + LEGEND


def draw(log: Log, verdict: Verdict, policy: str, seed: int, language: str, templates: jinja2.Environment) -> str:
    """The day on which most different things happened, as SVG."""
    canvas = _Canvas(log, _telling_day(log))
    day = Day(
        canvas.date,
        policy,
        seed,
        tuple(_rows(canvas, log, verdict)),
        tuple(canvas.bands(_closed_hours(canvas, log))),
        tuple(canvas.bands(_outages(log))),
        tuple(Hour(canvas.x(canvas.start + hour * HOUR), f"{hour:02d}") for hour in range(0, 25, 2)),
    )
    words = templates.get_template(f"words/simulation.{language}.jinja").module
    return templates.get_template("simulation/day.svg.jinja").render(day=day, words=words)


class _Canvas:
    """Where a moment of the day lies."""

    def __init__(self, log: Log, start: int) -> None:
        self.start, self.end = start, start + DAY
        local = datetime.fromtimestamp(start / 1000, UTC).astimezone(ZoneInfo(log.setup.zone))
        self.date = f"{local:%Y-%m-%d}"

    def x(self, moment: int) -> float:
        share = (min(max(moment, self.start), self.end) - self.start) / DAY
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def holds(self, moment: int) -> bool:
        return self.start <= moment < self.end

    def cut(self, stretches: Iterable[tuple[int, int]]) -> Iterable[tuple[float, float]]:
        """What of the stretches lies within the day, as (x, width)."""
        for begins, ends in stretches:
            if begins < self.end and ends > self.start and begins < ends:
                x = self.x(begins)
                yield x, max(_THINNEST, round(self.x(ends) - x, 1))

    def bands(self, stretches: Iterable[tuple[int, int]]) -> list[Band]:
        return [Band(x, width) for x, width in self.cut(stretches)]


def _telling_day(log: Log) -> int:
    """When the day begins (local midnight) that has most kinds of things on it, and a right clock all day."""
    zone = ZoneInfo(log.setup.zone)
    kinds: dict[int, set[str]] = defaultdict(set)
    many: dict[int, int] = defaultdict(int)
    for alarm in log.raised:
        kinds[_midnight(alarm.true, zone)] |= {alarm.kind, *(["late"] if alarm.late else [])}
        many[_midnight(alarm.true, zone)] += 1
    for deed in log.happened:
        if deed.deed in (Deed.ACKNOWLEDGED, Deed.SET_ASIDE):
            kinds[_midnight(deed.true, zone)].add(deed.deed)
    for begins, ends in _outages(log):
        if 10 * MINUTE < ends - begins < 8 * HOUR:
            kinds[_midnight(begins, zone)].add("outage")
    wrong = {_midnight(one.true, zone) for one in log.settings[1:]}
    days = [day for day in many if day not in wrong and log.runs[0].start <= day] or [log.runs[0].start]
    return max(days, key=lambda day: (len(kinds[day]), -abs(many[day] - 3 * MOST_ROWS), -day))


def _midnight(moment: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _outages(log: Log) -> list[tuple[int, int]]:
    return [(before.end, after.start) for before, after in pairwise(log.runs) if not after.stalled]


def _closed_hours(canvas: _Canvas, log: Log) -> list[tuple[int, int]]:
    """Those of the policy that holds for everybody."""
    calendar_id = log.setup.policies[-1].policy.first_response.calendar_id
    if calendar_id is None:
        return []
    return Minutes(log.setup.calendars[calendar_id], canvas.start, canvas.end).closed(canvas.start, canvas.end)


def _rows(canvas: _Canvas, log: Log, verdict: Verdict) -> list[Row]:
    alarms: dict[int, list[Raised]] = defaultdict(list)
    for alarm in log.raised:
        if canvas.holds(alarm.true):
            alarms[alarm.conversation].append(alarm)
    marks: dict[int, list[Mark]] = defaultdict(list)
    for deed in log.happened:
        if canvas.holds(deed.true) and deed.deed in (Deed.ANSWERED, Deed.ACKNOWLEDGED):
            marks[deed.conversation].append(Mark(str(deed.deed.value), canvas.x(deed.true)))
    chosen = sorted(alarms, key=lambda one: (-_interest(alarms[one], marks[one], verdict.desks[one]), one))[:MOST_ROWS]
    placed = sorted(chosen, key=lambda one: min(alarm.started for alarm in alarms[one]))
    rows = []
    for place, conversation in enumerate(placed):
        desk = verdict.desks[conversation]
        told = [Mark(one.kind, canvas.x(one.true), one.level, one.late, one.resolution) for one in alarms[conversation]]
        dues = [
            Mark("due", canvas.x(one.steps[-1]), thin=one.metric == RESOLUTION)
            for one in desk.clocks
            if canvas.holds(one.steps[-1])
        ]
        numbers = log.numbers.get(conversation, [])
        pieces = tuple(piece for clock in desk.clocks for piece in _pieces(canvas, clock, log.end))
        shown = (*dues, *marks[conversation], *told)
        rows.append(Row(numbers[-1] if numbers else None, TOP + place * ROW, pieces, shown))
    return rows


def _interest(alarms: Sequence[Raised], marks: Sequence[Mark], desk: Desk) -> int:
    """How much there is to see in a row."""
    kinds = len({alarm.kind for alarm in alarms}) + len({mark.kind for mark in marks})
    paused = any(clock.pauses for clock in desk.clocks)
    return (
        2 * kinds
        + paused
        + any(alarm.late for alarm in alarms)
        - len(alarms) // 3
        - max(alarm.level for alarm in alarms) // 6
    )


def _pieces(canvas: _Canvas, clock: Clock, end: int) -> Iterable[Piece]:
    """The wait, cut where it stood still."""
    thin = clock.metric == RESOLUTION
    until = clock.ended_at if clock.ended is not None else end
    moment = clock.started
    over: list[int | None] = [until, until]
    for begins, ends in (*clock.pauses, over):
        stops = min(begins if begins is not None else until, until)
        for x, width in canvas.cut([(moment, stops)]):
            yield Piece(x, width, thin, paused=False)
        moment = min(ends if ends is not None else until, until)
        for x, width in canvas.cut([(stops, moment)]):
            yield Piece(x, width, thin, paused=True)
