"""What the settings say about the desk's work beside the rules that people edit in the console."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeskRules:
    """late_after_ms: an alert raised later than this after its planned moment is marked late.
    reopen_within_ms: a new hand-off this soon after a ticket was resolved reopens that ticket.
    time_zone: IANA name in which ticket months, promised times and people's quiet hours are told.
    """

    late_after_ms: int
    reopen_within_ms: int
    time_zone: str
