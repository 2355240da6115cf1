"""What each second of one local day is for a calendar."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from tickets.business_time.model import ALL_DAY, DAY_S, Calendar, SegmentKind, Span, SpecialDay
from tickets.business_time.public_holidays import PublicHolidays, library

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Stretch:
    """From second start of a local day until before second end."""

    start: int
    end: int
    kind: SegmentKind
    reason: str


_Layer = tuple[tuple[Span, ...], SegmentKind, str]


class Days:
    """A calendar ready to be asked for days. Raises ValueError for public holidays that nobody knows."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._public = None if calendar.holidays is None else library(calendar.holidays)
        self._special = {day.date: day for day in reversed(calendar.special)}

    def stretches(self, day: date) -> tuple[Stretch, ...]:
        """The whole day without gaps."""
        if special := self._special.get(day):
            return _painted(_own(special))
        spans = self._calendar.week[day.weekday()]
        if self._public is None:
            return _painted((spans, SegmentKind.COUNTING, ""))
        return _painted(*_public(day, spans, self._calendar.make_up_spans(), self._public))


def _own(day: SpecialDay) -> _Layer:
    return (
        (day.spans, SegmentKind.SPECIAL_OPEN, day.name)
        if day.spans
        else (ALL_DAY, SegmentKind.SPECIAL_CLOSED, day.name)
    )


def _public(day: date, spans: tuple[Span, ...], make_up: tuple[Span, ...], public: PublicHolidays) -> list[_Layer]:
    if day in public.closed:
        return [(ALL_DAY, SegmentKind.HOLIDAY, public.closed[day])]
    if day in public.make_up:
        return [(make_up, SegmentKind.MAKE_UP, public.make_up[day])]
    usual: _Layer = (spans, SegmentKind.COUNTING, "")
    if day.weekday() >= _SATURDAY and not public.knows(day):
        # No more than this can count, whatever the notice will say, so nothing is due later than it will turn out.
        return [usual, (make_up, SegmentKind.POSSIBLE_MAKE_UP, "")]
    return [usual]


@lru_cache(maxsize=2048)
def _painted(*layers: _Layer) -> tuple[Stretch, ...]:
    """The day from 0 to 86400: the first layer that covers a second says what it is, and none of them means closed."""
    edges = {edge for spans, _, _ in layers for span in spans for edge in (span.start, span.end) if 0 < edge < DAY_S}
    return tuple(Stretch(start, end, *_at(start, layers)) for start, end in pairwise(sorted({0, DAY_S, *edges})))


def _at(second: int, layers: tuple[_Layer, ...]) -> tuple[SegmentKind, str]:
    for spans, kind, reason in layers:
        if any(span.start <= second < span.end for span in spans):
            return kind, reason
    return SegmentKind.CLOSED, ""
