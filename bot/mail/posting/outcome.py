"""What follows from how a delivery went. Pure."""

import re
from dataclasses import dataclass

from bot.mail.model import Failure
from bot.mail.reports.statuses import Severity, severity
from tickets.mail.sent import SentState, Trouble, trouble_of
from tickets.mail.smtp import SmtpFailure, Step

MINUTE_MS = 60_000
UNCERTAIN_PAUSE_MS = 10 * MINUTE_MS
BUSY_PAUSE_MS = MINUTE_MS
THROTTLED_PAUSE_MS = 10 * MINUTE_MS
# Servers that mean "later" and say 5xx.
_THROTTLED = re.compile(
    r"frequency limit|too (?:many|frequent|fast)|rate.?limit|rate exceeded|try again later|频率|过于频繁", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has taken it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not arrive. words: the server's, if it said any. dead: the address will never work."""

    trouble: Trouble
    sentence: str
    status: str | None = None
    words: str | None = None
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Later. pause_ms: not before then. rest_domain_ms: nor anything else for the recipient's domain."""

    sentence: str
    words: str | None = None
    pause_ms: int = 0
    rest_domain_ms: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """The server has the whole mail and did not say that it took it. resting: it was so before, no more attempts."""

    sentence: str
    resting: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Not attempted: it waits until this moment."""

    until: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Not attempted, and not needed or not allowed any more. told: people see it at the ticket."""

    trouble: Trouble
    told: bool


Outcome = Accepted | Refused | Again | Unknown | Held | Withdrawn


def judge(failure: SmtpFailure, state: SentState) -> Outcome:
    """What to do about a delivery that failed, of a mail that stood so before it."""
    sentence, words = str(failure), failure.words
    if failure.uncertain:
        return Unknown(sentence, resting=state is SentState.UNCERTAIN)
    throttled = words is not None and _THROTTLED.search(words[:1_000]) is not None
    if failure.step is Step.ENTRY:
        # Whoever may not come in has a problem with the mailbox, not with this mail.
        return Again(sentence, words)
    if throttled:
        return Again(sentence, words, THROTTLED_PAUSE_MS, THROTTLED_PAUSE_MS)
    if failure.permanent:
        dead = _is_dead(failure)
        trouble = Trouble.NO_SUCH_ADDRESS if dead else _trouble(failure)
        return Refused(trouble, sentence, failure.status, words, dead)
    busy = BUSY_PAUSE_MS if failure.code in (421, 450, 451) else 0
    return Again(sentence, words, busy, busy)


def _is_dead(failure: SmtpFailure) -> bool:
    """Whether the server says that there is no such recipient; what it says of a sender is about us."""
    if failure.lacking or failure.step is Step.SENDER:
        return False
    return severity(Failure(None, "failed", failure.status, failure.words)) is Severity.HARD


def _trouble(failure: SmtpFailure) -> Trouble:
    if failure.lacking:
        return Trouble.UNWRITABLE
    told = trouble_of(failure.status, failure.words)
    return Trouble.SENDER_REFUSED if told is Trouble.REFUSED and failure.step is Step.SENDER else told
