"""Local days laid on the line of moments, whatever the clocks of their zone do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tickets.business_time.days import Days
from tickets.business_time.model import DAY_S, Pause, Segment, SegmentKind

SECOND = 1_000
_DAY = DAY_S * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def pieces(days: Days, zone: ZoneInfo, start: int, end: int) -> Iterator[Segment]:
    """What a calendar says of every moment from start until before end, without gaps; neighbours may be alike."""
    for begins, ends, offset in _offsets(zone, start, end):
        for number in range((begins + offset) // _DAY, (ends + offset - 1) // _DAY + 1):
            midnight = number * _DAY - offset
            for stretch in days.stretches(date.fromordinal(_EPOCH_DAY + number)):
                since, until = midnight + stretch.start * SECOND, midnight + stretch.end * SECOND
                if since < ends and until > begins:
                    yield Segment(max(since, begins), min(until, ends), stretch.kind, stretch.reason)


def local_date(moment: int, zone: ZoneInfo) -> date:
    """The date that the calendars of the zone show at that moment."""
    return _local(moment // SECOND, zone).date()


def joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The same without a border between neighbours of one kind and reason."""
    held: Segment | None = None
    for segment in segments:
        if held and (held.kind, held.reason, held.end) == (segment.kind, segment.reason, segment.start):
            held = replace(held, end=segment.end)
            continue
        if held:
            yield held
        held = segment
    if held:
        yield held


def apart(pauses: Iterable[Pause], start: int, end: int) -> list[Segment]:
    """The pauses between start and end as they count once: in order, none over another; the one that began first stays.

    A pause without an end lasts until end.
    """
    found: list[Segment] = []
    for pause in sorted(pauses, key=lambda one: one.start):
        since = max(pause.start, found[-1].end if found else start)
        until = end if pause.end is None else min(pause.end, end)
        if since < until:
            found.append(Segment(since, until, SegmentKind.PAUSED, pause.reason))
    return found


def interrupted(segment: Segment, pauses: Sequence[Segment]) -> Iterator[Segment]:
    """A segment that counts, with what is paused of it cut out and put in its place."""
    since = segment.start
    for pause in pauses:
        if pause.end <= since or pause.start >= segment.end:
            continue
        if pause.start > since:
            yield replace(segment, start=since, end=pause.start)
        yield replace(pause, start=max(pause.start, since), end=min(pause.end, segment.end))
        since = min(pause.end, segment.end)
    if since < segment.end:
        yield replace(segment, start=since)


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The stretches (start, end, offset) from start to end in which the zone keeps one offset from UTC, all in ms.

    We look once a day: no zone changes its clocks twice within one.
    """
    begins, offset = start, _offset(start // SECOND, zone)
    for probe in (*range(start + _DAY, end, _DAY), end):
        if (found := _offset(probe // SECOND, zone)) != offset:
            changed = _change(max(begins, probe - _DAY) // SECOND, probe // SECOND, offset, zone) * SECOND
            yield begins, changed, offset * SECOND
            begins, offset = changed, found
    if begins < end:
        yield begins, end, offset * SECOND


def _change(before: int, after: int, offset: int, zone: ZoneInfo) -> int:
    """The first second at which the offset is no longer the one at before."""
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after


def _offset(second: int, zone: ZoneInfo) -> int:
    offset = _local(second, zone).utcoffset()
    assert offset is not None, "a zone has an offset at every moment"
    return offset // timedelta(seconds=1)


def _local(second: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(seconds=second)).astimezone(zone)
