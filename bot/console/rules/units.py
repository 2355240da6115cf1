"""How lengths, hours and days are typed, and what they mean. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, time

from tickets.business_time import Span

MINUTE_MS = 60_000
UNITS: Mapping[str, int] = {"minutes": MINUTE_MS, "hours": 60 * MINUTE_MS, "days": 24 * 60 * MINUTE_MS}
LONGEST_NUMBER = 9
LONGEST_HOURS = 200
YEARS = range(2000, 2101)

_TO = re.compile(r" ?(?:-|–|—|―|~|〜|至|到|to) ?")
_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?")
_BETWEEN = re.compile(r"[\s,;、，；/|]+")


def read_length(amount: str, unit: str) -> int | None:
    """A number and its unit in ms; None for what is no number of a known unit. Half hours may be written 1.5."""
    text = _plain(amount)
    if unit not in UNITS or not text or len(text) > LONGEST_NUMBER or not re.fullmatch(r"\d+(?:\.\d+)?", text):
        return None
    return round(float(text) * UNITS[unit])


def write_length(length_ms: int, days: bool) -> tuple[str, str]:
    """A length as a form shows it: the largest unit that leaves no rest; days only where days are 24 hours."""
    for unit in ("days", "hours"):
        if length_ms and length_ms % UNITS[unit] == 0 and (unit != "days" or days):
            return str(length_ms // UNITS[unit]), unit
    return f"{length_ms / MINUTE_MS:g}", "minutes"


def read_hours(text: str) -> tuple[Span, ...] | None:
    """The spans of a day, such as 09:00-12:00 13:30-18:00; none for an empty text, None for what cannot be read."""
    # What is longer is not what a person writes, and would take long to read.
    if len(text) > LONGEST_HOURS:
        return None
    parts = [part for part in _BETWEEN.split(_TO.sub("-", " ".join(_plain(text).split()))) if part]
    found = [_SPAN.fullmatch(part) for part in parts]
    if not all(found):
        return None
    return tuple(sorted(_span(one) for one in found if one is not None))


def write_hours(spans: tuple[Span, ...]) -> str:
    """The spans of a day as they are typed."""
    return " ".join(f"{clock(span.start)}-{clock(span.end)}" for span in spans)


def clock(second: int) -> str:
    """A second of the day as a time of day; the seconds only where there are some."""
    hours, rest = divmod(second, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def read_date(text: str) -> date | None:
    """A day within YEARS, where every zone can still tell the days around it; None for what is none."""
    try:
        found = date.fromisoformat(_plain(text))
    except ValueError:
        return None
    return found if found.year in YEARS else None


def read_minute(text: str) -> int | None:
    """The minute of the day that a time of day is, such as 22:30; None for what is none."""
    try:
        told = time.fromisoformat(_plain(text))
    except ValueError:
        return None
    return None if told.tzinfo is not None else told.hour * 60 + told.minute


def _span(found: re.Match[str]) -> Span:
    numbers = [int(part or 0) for part in found.groups()]
    start, end = (hours * 3_600 + minutes * 60 + seconds for hours, minutes, seconds in (numbers[:3], numbers[3:]))
    # A minute that no clock shows must not become a time that one does.
    wrong = any(part > 59 for part in (*numbers[1:3], *numbers[4:6]))
    return Span(start, -1 if wrong else end)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
