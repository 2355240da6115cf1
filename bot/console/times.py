"""Moments and waits as people say them. Times are epoch milliseconds UTC; `say` gives the words."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.console.texts import Say
from bot.moments import moment

MINUTE_MS = 60_000
SOON_PART = 6


class Urgency(StrEnum):
    """How near the promised time is."""

    CALM = "calm"
    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Almanac:
    """Tells times in one language and zone (an IANA name); in the last soon_ms of a wait it is urgent."""

    say: Say
    zone: str
    now: int
    soon_ms: int

    def day(self, at: int) -> str:
        """今天, 昨天, 明天, or the date with its weekday; the year only when it is not this one."""
        told = moment(at, self.now, self.zone)
        return self.say(
            f"time.{told.day}",
            year=told.year,
            month=self.say(f"time.month.{told.month}"),
            day=told.date,
            weekday=self.say(f"time.weekday.{told.weekday}"),
        )

    def date(self, at: int) -> str:
        """The date without its weekday; the year only when it is not this one."""
        told = moment(at, self.now, self.zone)
        key = "time.short_other_year" if told.day == "other_year" else "time.short_date"
        return self.say(key, year=told.year, month=self.say(f"time.month.{told.month}"), day=told.date)

    def clock(self, at: int) -> str:
        """The time of day, 24 hours."""
        return moment(at, self.now, self.zone).clock

    def moment(self, at: int) -> str:
        """Day and time of day; a full-width bracket brings the space between them with it."""
        day = self.day(at)
        return f"{day}{'' if day.endswith('）') else ' '}{self.clock(at)}"

    def iso(self, at: int) -> str:
        """For machines: the datetime attribute of <time>."""
        return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")

    def length(self, milliseconds: int) -> str:
        """A duration in its two largest units."""
        minutes = abs(milliseconds) // MINUTE_MS
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days:
            return self.say("client.length.days" if hours else "client.length.whole_days", days=days, hours=hours)
        if hours:
            return self._hours(hours, minutes)
        if minutes:
            return self.say("client.length.minutes", minutes=minutes)
        return self.say("client.length.moment")

    def hours(self, milliseconds: int) -> str:
        """A duration of a clock's own time, in hours and minutes: of that a day has not always 24 hours."""
        minutes = abs(milliseconds) // MINUTE_MS
        return self._hours(minutes // 60, minutes % 60) if minutes >= 60 else self.length(milliseconds)

    def _hours(self, hours: int, minutes: int) -> str:
        key = "client.length.hours" if minutes else "client.length.whole_hours"
        return self.say(key, hours=hours, minutes=minutes)

    def urgency(self, due_at: int, soon_at: int | None = None) -> Urgency:
        """What the countdown looks like now; soon from soon_at on, without it in the last soon_ms."""
        if due_at <= self.now:
            return Urgency.OVERDUE
        soon = due_at - self.soon_ms if soon_at is None else soon_at
        return Urgency.SOON if soon <= self.now else Urgency.CALM

    def countdown(self, due_at: int) -> str:
        """还剩 1 小时 20 分, or 已超时 35 分."""
        key = "client.overdue_by" if due_at <= self.now else "client.time_left"
        return self.say(key, length=self.length(due_at - self.now))

    def ago(self, at: int) -> str:
        """How long somebody has been waiting since then."""
        return self.length(max(0, self.now - at))
