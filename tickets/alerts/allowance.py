"""How many messages a transport may still send today: in all, and to one recipient.

For transports that cost money by the piece: those whose settings have daily_budget and per_number_daily. A day is one
of the installation's time zone. What was sent counts, and so does what may have been sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from storage.database import Transaction, first


class Bound(StrEnum):
    """Which limit was reached: that of all messages of a day, or that of one recipient's."""

    DAY = "day"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most messages in a day, in all and to one recipient; 0: no limit."""

    daily: int = 0
    per_recipient: int = 0

    @property
    def is_bounded(self) -> bool:
        """Whether there is any limit."""
        return self.daily > 0 or self.per_recipient > 0


@dataclass(frozen=True, slots=True)
class Use:
    """Messages of today, in all and to one recipient."""

    today: int
    to_recipient: int


def budget_of(settings: object) -> Budget:
    """The budget in a transport's settings; none where they have no such fields."""
    return Budget(getattr(settings, "daily_budget", 0), getattr(settings, "per_number_daily", 0))


def refusal(tx: Transaction, budget: Budget, transport: str, recipient: str, now: int, zone: str) -> Bound | None:
    """Why one more message may not go out now (epoch ms), None if it may. transport: its name in the settings.

    To be asked in the transaction that lets the message go.
    """
    if not budget.is_bounded:
        return None
    return decide(budget, count(tx, transport, recipient, now, zone))


def decide(budget: Budget, use: Use) -> Bound | None:
    """The limit that one more message would break, if any; that of the whole day first."""
    if 0 < budget.daily <= use.today:
        return Bound.DAY
    if 0 < budget.per_recipient <= use.to_recipient:
        return Bound.RECIPIENT
    return None


def count(tx: Transaction, transport: str, recipient: str, now: int, zone: str) -> Use:
    """What went out since midnight. recipient "" counts nobody's, for a page that shows the whole."""
    row = first(
        tx.execute(
            """
            SELECT COUNT(*) AS today, COUNT(CASE WHEN recipient = :recipient THEN 1 END) AS to_recipient
            FROM notice
            WHERE transport = :transport AND state IN ('sent', 'unknown') AND sent_at >= :since
            """,
            {"transport": transport, "recipient": recipient, "since": day_start(now, zone)},
        )
    )
    assert row is not None  # a count without groups has one row
    return Use(row["today"], row["to_recipient"])


def counts(tx: Transaction, since: int) -> dict[str, int]:
    """What went out since then by each transport that sent anything."""
    rows = tx.execute(
        """
        SELECT transport, COUNT(*) AS sent FROM notice
        WHERE state IN ('sent', 'unknown') AND sent_at >= :since GROUP BY transport
        """,
        {"since": since},
    )
    return {row["transport"]: int(row["sent"]) for row in rows}


def day_start(now: int, zone: str) -> int:
    """The midnight before now, in that zone."""
    there = ZoneInfo(zone)
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(there).date()
    return int(datetime.combine(day, time(), there).timestamp() * 1000)
