"""The words of business time as types: calendars as people set them up, pauses, and stretches of time."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

DAY_S = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Hours that count: from second start of the local day until before second end; 24:00 is 86400."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day of one's own, which goes before public holidays and the week. Without spans nothing of it counts."""

    date: date
    name: str
    spans: tuple[Span, ...] = ()


ALL_DAY = (Span(0, DAY_S),)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which moments count: those at which a clock on the wall in that zone shows a time within a span of its day.

    So an hour that a clock change skips does not count, and one that it repeats counts twice.

    zone: IANA name. week: the spans of seven days, Monday first.
    holidays: "CN" closes public holidays and opens make-up workdays (调休); None knows neither.
    make_up: the hours of a make-up workday; None means those of the first weekday that has any, mostly Monday.
    special: days of one's own. Of two on one date the first counts.
    """

    zone: str = "Asia/Shanghai"
    week: tuple[tuple[Span, ...], ...] = (ALL_DAY,) * 7
    holidays: str | None = None
    make_up: tuple[Span, ...] | None = None
    special: tuple[SpecialDay, ...] = ()

    def make_up_spans(self) -> tuple[Span, ...]:
        """The hours of a make-up workday."""
        return next(filter(None, self.week), ()) if self.make_up is None else self.make_up


# Every moment counts.
NATURAL = Calendar()


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which nothing counts, in epoch ms; end is None while it lasts. One without length takes nothing."""

    start: int
    end: int | None
    reason: str = ""


class SegmentKind(StrEnum):
    """Whether a stretch of time counts, and why.

    POSSIBLE_MAKE_UP: hours of a weekend that may yet become a workday, because no notice for that year is known. They
    count, so that no alarm is late. PAUSED: what would have counted; a pause outside of the hours is CLOSED as ever.
    """

    COUNTING = "counting"
    MAKE_UP = "make_up"
    POSSIBLE_MAKE_UP = "possible_make_up"
    SPECIAL_OPEN = "special_open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    SPECIAL_CLOSED = "special_closed"
    PAUSED = "paused"

    @property
    def counts(self) -> bool:
        """Whether time of this kind uses up a budget."""
        return self in _COUNTS


_COUNTS = (SegmentKind.COUNTING, SegmentKind.MAKE_UP, SegmentKind.POSSIBLE_MAKE_UP, SegmentKind.SPECIAL_OPEN)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch from start until before end, in epoch ms.

    reason: that of the pause; the key of the public holiday (of MAKE_UP: the one that is made up for); the name of the
    day of one's own; empty for the rest.
    """

    start: int
    end: int
    kind: SegmentKind
    reason: str = ""
