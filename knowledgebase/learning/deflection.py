"""What entries would buy that are not written yet: questions that no person has to answer. Pure.

The shares are estimates and are called so: of the questions for which there is an entry, so many are answered without
a person and without 没解决. With little experience the share is held near PRIOR.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from knowledgebase.learning.asked import AskedQuestion, Decided, given_entry
from knowledgebase.learning.topics import WEEK_MS, WINDOW_MS, Suggestion, Topic

PRIOR = 0.7
PRIOR_COUNTS = 20


@dataclass(frozen=True, slots=True)
class Experience:
    """What the questions of the window show. weeks: how long they cover, at least one week.

    with_entry: those for which there is an entry; solved: those of them that were answered at once and not disputed.
    """

    weeks: float
    asked: int
    with_entry: int
    solved: int

    @property
    def share(self) -> float:
        """The share of questions with an entry that needs no person."""
        return (self.solved + PRIOR * PRIOR_COUNTS) / (self.with_entry + PRIOR_COUNTS)


@dataclass(frozen=True, slots=True)
class Worth:
    """A topic that wants an entry. per_week: how often it is asked; deflected: how many of these the entry would
    answer; gain: the share of everything that is asked which this and the entries before it would answer."""

    topic: Topic
    per_week: float
    deflected: float
    gain: float


def experience(questions: Sequence[AskedQuestion], now: int) -> Experience:
    """What the questions of the last WINDOW_MS show."""
    recent = [one for one in questions if one.asked_at > now - WINDOW_MS]
    with_entry = [one for one in recent if has_entry(one)]
    oldest = min((one.asked_at for one in recent), default=now)
    return Experience(
        weeks=max((now - oldest) / WEEK_MS, 1.0),
        asked=len(recent),
        with_entry=len(with_entry),
        solved=sum(was_solved(one) for one in with_entry),
    )


def has_entry(question: AskedQuestion) -> bool:
    """Whether there is an entry for it: one was given, or an agent named one."""
    return given_entry(question) is not None or question.corrected_entry_id is not None


def was_solved(question: AskedQuestion) -> bool:
    """Whether an entry answered it at once and nobody said that it did not help."""
    return has_entry(question) and question.decision is Decided.ANSWER and question.solved is not False


def next_entries(topics: Sequence[Topic], known: Experience, count: int = 10) -> list[Worth]:
    """The new entries that would answer most, the best first, at most count."""
    wanted = [topic for topic in topics if topic.suggestion is Suggestion.NEW_ENTRY]
    best = sorted(wanted, key=lambda topic: -len(topic.questions))[:count]
    rates = [len(topic.questions) / known.weeks for topic in best]
    everything = max(known.asked / known.weeks, 1e-9)
    gains = accumulate(rate * known.share / everything for rate in rates)
    return [Worth(topic, rate, rate * known.share, gain) for topic, rate, gain in zip(best, rates, gains, strict=True)]
