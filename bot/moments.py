"""Times as people say them; the words themselves are in templates/words/."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


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
    told, today = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone)) for ms in (at, now))
    distance = told.date() - today.date()
    near = {timedelta(-1): "yesterday", timedelta(0): "today", timedelta(1): "tomorrow"}
    day = near.get(distance, "date" if told.year == today.year else "other_year")
    return Moment(day, told.year, told.month, told.day, told.weekday(), f"{told:%H:%M}")


def promise(due_at: int, now: int, zone: str) -> Moment:
    """A due time as promised to a customer: rounded down to ten minutes, so that we never promise too late."""
    rounded = due_at - due_at % 600_000
    return moment(rounded if rounded > now else due_at, now, zone)
