"""What was promised and who is told when the promise is broken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the escalation chain.

    after_ms: how long after the due time (first level) or after the level before it.
    transports: names of tickets.alerts transports ('mail', 'webhook'); the console always shows an alert.
    recipients: 'assignee', 'role:admin', 'role:supervisor', 'role:agent' or a mail address.
    """

    name: str
    after_ms: int
    transports: tuple[str, ...]
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplyPolicy:
    """How long a contact may wait for a real answer, in natural time, and the chain that follows.

    repeat_ms: after the last level, how often it is raised again until someone acknowledges.
    late_after_ms: an alert raised later than this after its planned moment is marked late.
    reopen_within_ms: a new hand-off this soon after a ticket was resolved reopens that ticket.
    time_zone: IANA name in which ticket months and promised times are told.
    """

    budget_ms: int
    levels: tuple[Level, ...]
    repeat_ms: int
    late_after_ms: int
    reopen_within_ms: int
    time_zone: str
