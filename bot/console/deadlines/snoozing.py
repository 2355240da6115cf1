"""What the forms for a ticket's open alerts offer: taking notice, and for how long nobody else is to be told. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.console.times import MINUTE_MS
from tickets.escalation.acknowledging import LONGEST_REASON, Rest
from tickets.model import Alert

USUAL_MS = tuple(minutes * MINUTE_MS for minutes in (30, 60, 120, 240, 480, 720, 1_440, 2_880, 4_320))


@dataclass(frozen=True, slots=True)
class Snooze:
    """What the form offers. lengths: for how long, in milliseconds; seen: what tells whether more was raised since.

    rests_until: until when a plain acknowledgement rests, None for as long as the contact waits. breached: a promise
    is broken, not only about to be; a warning that is acknowledged rests until the promise breaks.
    """

    lengths: Sequence[int]
    rests_until: int | None
    breached: bool
    seen: str
    chosen: int = 0
    reason: str = ""
    longest_reason: int = LONGEST_REASON


def seen_of(open_alerts: Sequence[Alert]) -> str:
    """What tells these open alerts from any others of their ticket."""
    return f"{len(open_alerts)}-{max((one.raised_at for one in open_alerts), default=0)}"


def snooze_of(open_alerts: Sequence[Alert], rest: Rest, now: int) -> Snooze | None:
    """What the form offers for these alerts; None where none is open."""
    if not open_alerts:
        return None
    longest = rest.longest_snooze_ms
    lengths = [length for length in USUAL_MS if length <= longest]
    if longest > 0 and longest not in lengths and len(lengths) < len(USUAL_MS):
        lengths.append(longest)
    until = None if rest.acknowledged_for_ms is None else now + rest.acknowledged_for_ms
    return Snooze(lengths, until, any(one.level > 0 for one in open_alerts), seen_of(open_alerts))
