"""Business time: which moments count towards a deadline, and which moment that deadline is. Pure.

Moments are epoch milliseconds in UTC, durations are milliseconds, spans are seconds of the local day. Nothing here
reads a clock, and the time zone of the process does not matter: only the calendar's does.
"""

from tickets.business_time.checking import Fault, Problem, is_always_open, problems
from tickets.business_time.model import NATURAL, Calendar, Pause, Segment, SegmentKind, Span, SpecialDay
from tickets.business_time.public_holidays import Holiday, known_until
from tickets.business_time.reckoning import deadline, segments, unknown_years, working_ms

__all__ = [
    "NATURAL",
    "Calendar",
    "Fault",
    "Holiday",
    "Pause",
    "Problem",
    "Segment",
    "SegmentKind",
    "Span",
    "SpecialDay",
    "deadline",
    "is_always_open",
    "known_until",
    "problems",
    "segments",
    "unknown_years",
    "working_ms",
]
