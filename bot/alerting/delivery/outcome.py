"""What follows from how an attempt to tell somebody went. Pure."""

from dataclasses import dataclass

from tickets.alerts import DeliveryError, Failure

MOST_TRIES_OF_UNKNOWN_CODE = 4
MOST_UNCLEAR = 4
MOST_QUESTIONS = 12
LONGEST_BACKOFF_MS = 300_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """The peer has taken it. reference: its name for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class Again:
    """It did not arrive, and may the next time; not before wait_ms."""

    reason: str
    code: str
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have arrived. final: nothing more is done to find out."""

    reason: str
    code: str
    wait_ms: int
    final: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never arrive this way."""

    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Nor will anything else, for so long (ms), or until somebody has mended the way."""

    reason: str
    code: str
    for_ms: int | None


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody was there to be told, which says nothing of the way and needs nobody's care.

    wait_ms: somebody may be the next time, not before that; None: it is left.
    """

    reason: str
    code: str
    wait_ms: int | None


Outcome = Arrived | Again | Unclear | Refused | Closed | Absent


def judge(error: DeliveryError, attempts: int, can_inquire: bool) -> Outcome:
    """What to do about the attempts-th attempt, which failed. can_inquire: the peer can be asked what became of it."""
    match error.failure:
        case Failure.CLOSED:
            return Closed(error.reason, error.code, error.retry_after_ms)
        case Failure.PERMANENT:
            return Refused(error.reason, error.code)
        case Failure.ABSENT:
            return Absent(error.reason, error.code, error.retry_after_ms)
        case Failure.UNKNOWN:
            most = MOST_QUESTIONS if can_inquire else MOST_UNCLEAR
            if not error.is_known:
                most = min(most, MOST_TRIES_OF_UNKNOWN_CODE)
            return Unclear(error.reason, error.code, error.retry_after_ms or 0, attempts >= most)
        case Failure.RETRY:
            if not error.is_known and attempts >= MOST_TRIES_OF_UNKNOWN_CODE:
                return Refused(error.reason, error.code)
            return Again(error.reason, error.code, error.retry_after_ms or 0)
