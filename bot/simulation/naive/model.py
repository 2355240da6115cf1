"""What the naive model keeps of a conversation: tickets, clocks, and the alarms that must have come."""

from dataclasses import dataclass, field

from bot.simulation.naive.looks import Look
from tickets.sla.model import Budget, Policy

FOREVER = 10**15
FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
NOT_PROMISED = "not_promised"
# Of an alarm: its conversation, the start of its clock, whether that is the solution's, and its level.
Key = tuple[int, int, bool, int]


@dataclass(frozen=True, slots=True)
class Expected:
    """An alarm that must have come: planned and raised by the wall's clock, at that look.

    since: when somebody could first have been told, in true time; up: whether the process was up then.
    """

    conversation: int
    started: int
    resolution: bool
    level: int
    planned: int
    look: Look
    since: int
    up: bool


@dataclass(slots=True)
class Alarm:
    """One that was raised. over: acknowledged or settled, at that true moment. told: who had to hear of it.

    unheard: the look at which it turns out that it has reached nobody. helped: the fallback was used by then.
    """

    expected: Expected
    clock: "Clock"
    over: int | None = None
    told: set[tuple[str, str]] | None = None
    unheard: Look | None = None
    helped: bool = False


@dataclass(slots=True)
class Ticket:
    """What a person has to answer."""

    place: int
    policy: Policy
    status: str = "new"
    answered: bool = False
    assignee_id: str | None = None
    resolved: int | None = None
    alarms: list[Alarm] = field(default_factory=list)


@dataclass(slots=True)
class Clock:
    """One wait. steps: the moments of its warnings and, last, its breach. level: what is raised next.

    goes_on: when the chain goes on after the level before. rests: until when an acknowledgement lets it rest.
    """

    metric: str
    started: int
    policy: Policy
    needs_person: bool
    ticket: Ticket | None = None
    pauses: list[list[int | None]] = field(default_factory=list)
    paused_for: str = ""
    steps: list[int] = field(default_factory=list)
    level: int = 1
    planned: int | None = None
    planned_since: int = 0
    goes_on: int | None = None
    rests: int | None = None
    ended: str | None = None
    ended_at: int = 0
    ended_true: int = 0
    awaiting: Alarm | None = None

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None

    @property
    def budget(self) -> Budget:
        """What its policy promises for it."""
        named = {FIRST: self.policy.first_response, NEXT: self.policy.next_response, RESOLUTION: self.policy.resolution}
        budget = named[self.metric]
        assert budget is not None, "nobody starts a clock for nothing"
        return budget
