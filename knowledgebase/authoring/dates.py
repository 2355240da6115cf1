"""Validity dates as people write them: a day, or a moment with its zone. Pure.

A day as valid_until is meant to its end: what is valid until 2026-11-30 is valid on that day.
"""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

# China has had one time without summer time since 1992.
CHINA = timezone(timedelta(hours=8))


def parse_from(text: str, zone: tzinfo = CHINA) -> int:
    """The first moment of validity in epoch milliseconds. Raises ValueError."""
    return _moment(text, zone, 0)


def parse_until(text: str, zone: tzinfo = CHINA) -> int:
    """The moment at which validity is over, in epoch milliseconds. Raises ValueError."""
    return _moment(text, zone, 1)


def write_from(moment: int, zone: tzinfo = CHINA) -> str:
    """What parse_from reads as this moment: a day if it begins one, else day and time."""
    local = _local(moment, zone)
    return local.date().isoformat() if _begins_day(local) else _exact(local)


def write_until(moment: int, zone: tzinfo = CHINA) -> str:
    """What parse_until reads as this moment."""
    local = _local(moment, zone)
    return (local.date() - timedelta(days=1)).isoformat() if _begins_day(local) else _exact(local)


def _moment(text: str, zone: tzinfo, days: int) -> int:
    try:
        if len(text) <= len("2026-11-30"):
            read = datetime.combine(date.fromisoformat(text) + timedelta(days=days), datetime.min.time())
        else:
            read = datetime.fromisoformat(text)
        aware = read if read.tzinfo else read.replace(tzinfo=zone)
        return round((aware - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    except OverflowError as error:
        raise ValueError(text) from error


def _local(moment: int, zone: tzinfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(zone)


def _begins_day(local: datetime) -> bool:
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)


def _exact(local: datetime) -> str:
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")
