"""Moments and waits as people say them. Times are epoch milliseconds UTC; `say` gives the words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.console.texts import Say

MINUTE_MS = 60_000
SOON_PART = 6


class Urgency(StrEnum):
    """How near the promised time is."""

    CALM = "calm"
    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Almanac:
    """Tells times in one place and language; soon_ms is the last part of a wait, in which it is urgent."""

    say: Say
    zone: ZoneInfo
    now: int
    soon_ms: int

    def day(self, at: int) -> str:
        """今天, 昨天, 明天, or the date with its weekday; the year only when it is not this one."""
        then, today = self._local(at), self._local(self.now)
        for days, key in ((0, "time.today"), (-1, "time.yesterday"), (1, "time.tomorrow")):
            if then.date() == (today + timedelta(days=days)).date():
                return self.say(key)
        key = "time.date" if then.year == today.year else "time.date_with_year"
        weekday = self.say(f"time.weekday.{then.weekday()}")
        month = self.say(f"time.month.{then.month}")
        return self.say(key, year=then.year, month=month, day=then.day, weekday=weekday)

    def clock(self, at: int) -> str:
        """The time of day, 24 hours."""
        return self._local(at).strftime("%H:%M")

    def moment(self, at: int) -> str:
        """Day and time of day."""
        return f"{self.day(at)} {self.clock(at)}"

    def iso(self, at: int) -> str:
        """For machines: the datetime attribute of <time>."""
        return self._local(at).isoformat(timespec="seconds")

    def length(self, milliseconds: int) -> str:
        """A duration in its two largest units."""
        minutes = abs(milliseconds) // MINUTE_MS
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days:
            return self.say("client.length.days", days=days, hours=hours)
        if hours:
            return self.say("client.length.hours", hours=hours, minutes=minutes)
        if minutes:
            return self.say("client.length.minutes", minutes=minutes)
        return self.say("client.length.moment")

    def urgency(self, due_at: int) -> Urgency:
        """What the countdown looks like now."""
        left = due_at - self.now
        if left <= 0:
            return Urgency.OVERDUE
        return Urgency.SOON if left <= self.soon_ms else Urgency.CALM

    def countdown(self, due_at: int) -> str:
        """还剩 1 小时 20 分, or 已超时 35 分."""
        key = "client.overdue_by" if due_at <= self.now else "client.time_left"
        return self.say(key, length=self.length(due_at - self.now))

    def ago(self, at: int) -> str:
        """How long somebody has been waiting since then."""
        return self.length(max(0, self.now - at))

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1000, self.zone)
