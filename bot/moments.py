"""Times as people say them; the words themselves are in templates/words/."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ROUND_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a time zone, seen from another. day is 'yesterday', 'today', 'tomorrow', 'date' (this year)
    or 'other_year'; weekday is 0 (Monday) to 6; clock is 24-hour HH:MM."""

    day: str
    year: int
    month: int
    date: int
    weekday: int
    clock: str


def moment(at: int, now: int, zone: str) -> Moment:
    """The moment ``at`` as told at ``now`` (both epoch milliseconds) in this IANA time zone."""
    return _told(_local(at, zone), _local(now, zone))


def promise(due_at: int, now: int, zone: str) -> Moment:
    """A due time as promised to a customer: rounded down to ten minutes, so that we never promise too late.

    A wait too short for that is told to the minute, and never as a time that has passed.
    """
    due, present = _local(due_at, zone), _local(now, zone)
    to_the_minute = due.replace(second=0, microsecond=0)
    rounded = to_the_minute - timedelta(minutes=due.minute % ROUND_MINUTES)
    nearest = (rounded, to_the_minute)
    return _told(next((time for time in nearest if time > present), _next_minute(max(due, present))), present)


def _next_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _told(at: datetime, now: datetime) -> Moment:
    near = {timedelta(-1): "yesterday", timedelta(0): "today", timedelta(1): "tomorrow"}
    day = near.get(at.date() - now.date(), "date" if at.year == now.year else "other_year")
    return Moment(day, at.year, at.month, at.day, at.weekday(), f"{at:%H:%M}")


def _local(ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone))
