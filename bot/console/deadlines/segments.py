"""The segments of a receipt as a list that people read: by local day, with a word for each. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.console.story import isolated
from bot.console.texts import Say
from bot.console.times import Almanac
from tickets.business_time import Segment, SegmentKind
from tickets.model import StopReason

MOST_DAYS = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time of one sort. whole: it is all of its days, so that no time of day needs to be told."""

    start: int
    end: int
    kind: SegmentKind
    word: str
    whole: bool

    @property
    def counts(self) -> bool:
        """Whether it used up the budget."""
        return self.kind.counts

    @property
    def length(self) -> int:
        """How long it is, in milliseconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Days:
    """A day, or several in a row that are alike. last is None for a single one.

    closed: how much of a day with hours lies outside of them; its stretches tell of the rest.
    """

    first: str
    last: str | None
    stretches: tuple[Stretch, ...]
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt's segments. cut: there are more days than people want to read."""

    days: tuple[Days, ...]
    counted: int
    uncounted: int
    cut: bool


def tell(segments: Sequence[Segment], almanac: Almanac) -> Told:
    """The segments, grouped by day in the zone of the almanac."""
    pieces = [piece for segment in segments for piece in _by_day(segment, almanac.zone)]
    days = [list(group) for _, group in groupby(pieces, key=lambda piece: _date(piece.start, almanac.zone))]
    told = [_days(run, almanac) for run in _runs(days)]
    counted = sum(one.end - one.start for one in segments if one.kind.counts)
    whole = sum(one.end - one.start for one in segments)
    return Told(tuple(told[:MOST_DAYS]), counted, whole - counted, len(told) > MOST_DAYS)


def word(segment: Segment, say: Say) -> str:
    """What a time is, in a few words."""
    match segment.kind:
        case SegmentKind.HOLIDAY | SegmentKind.MAKE_UP:
            holiday = say(f"deadlines.holiday.{segment.reason}")
            return say(f"deadlines.segment.{segment.kind}", holiday=holiday)
        case SegmentKind.SPECIAL_OPEN | SegmentKind.SPECIAL_CLOSED:
            return say(f"deadlines.segment.{segment.kind}", name=isolated(segment.reason))
        case SegmentKind.PAUSED:
            return pause_word(segment.reason, say)
        case _:
            return say(f"deadlines.segment.{segment.kind}")


def pause_word(reason: str, say: Say) -> str:
    """Why a clock stands still."""
    key = f"deadlines.paused.{reason}"
    return say(key if say.knows(key) else "deadlines.paused.other")


def ended_word(reason: StopReason, say: Say) -> str:
    """How a clock ended."""
    return say(f"deadlines.ended.{reason}")


def _by_day(segment: Segment, zone: str) -> Iterator[Segment]:
    start = segment.start
    while start < segment.end:
        end = min(segment.end, _next_midnight(start, zone))
        yield Segment(start, end, segment.kind, segment.reason)
        start = end


def _runs(days: Iterable[list[Segment]]) -> Iterator[list[list[Segment]]]:
    """Days in a row that are one and the same all day long stand together."""
    run: list[list[Segment]] = []
    for day in days:
        if run and len(day) == len(run[-1]) == 1 and _alike(day[0], run[-1][0]) and day[0].start == run[-1][0].end:
            run.append(day)
            continue
        if run:
            yield run
        run = [day]
    if run:
        yield run


def _alike(one: Segment, other: Segment) -> bool:
    return (one.kind, one.reason) == (other.kind, other.reason)


def _days(run: Sequence[Sequence[Segment]], almanac: Almanac) -> Days:
    first, last = run[0], run[-1]
    label = almanac.day(first[0].start)
    if len(run) == 1:
        hours = [one for one in first if one.kind is not SegmentKind.CLOSED]
        closed = sum(one.end - one.start for one in first if one.kind is SegmentKind.CLOSED)
        told = tuple(_stretch(one, one.end, almanac) for one in hours or first)
        return Days(label, None, told, closed if hours else 0)
    return Days(label, almanac.day(last[0].start), (_stretch(first[0], last[0].end, almanac),))


def _stretch(segment: Segment, end: int, almanac: Almanac) -> Stretch:
    whole = _is_midnight(segment.start, almanac.zone) and _is_midnight(end, almanac.zone)
    return Stretch(segment.start, end, segment.kind, word(segment, almanac.say), whole)


def _date(at: int, zone: str) -> object:
    return _local(at, zone).date()


def _is_midnight(at: int, zone: str) -> bool:
    local = _local(at, zone)
    return (local.hour, local.minute, local.second) == (0, 0, 0)


def _next_midnight(at: int, zone: str) -> int:
    day = _local(at, zone).date() + timedelta(days=1)
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def _local(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))
