"""The knowledge base's words as types."""

from dataclasses import dataclass, field
from enum import StrEnum

# Where an answer is given: each of them may have a text of its own.
ANSWER_CHANNELS = ("chat", "mail", "help")


class EntryStatus(StrEnum):
    """Where a version of an entry stands; archived takes part in nothing any more."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Visibility(StrEnum):
    """Who may read an entry: everybody, whoever may enter the console, or only those who serve customers."""

    PUBLIC = "public"
    INTERNAL = "internal"
    AGENTS = "agents"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that we can answer; similar are other wordings of the same question.

    valid_from and valid_until, epoch milliseconds UTC, bound the time in which customers get it: from the first,
    until just before the second. channel_answers holds texts that take the answer's place on a channel, by
    channel; related the ids of entries that a reader may want next; internal_note what only the console shows.
    """

    id: str
    question: str
    answer: str
    category: str = ""
    similar: tuple[str, ...] = ()
    status: EntryStatus = EntryStatus.PUBLISHED
    version: int = 1
    internal_note: str = ""
    visibility: Visibility = Visibility.PUBLIC
    valid_from: int | None = None
    valid_until: int | None = None
    channel_answers: tuple[tuple[str, str], ...] = ()
    related: tuple[str, ...] = ()

    def answer_for(self, channel: str) -> str:
        """The text that is given on this channel."""
        return dict(self.channel_answers).get(channel, self.answer)

    def is_valid(self, now: int) -> bool:
        """Whether this moment lies within the dates of the entry."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_until is None or now < self.valid_until)

    def is_for_customers(self, now: int) -> bool:
        """Whether a customer may read it at this moment, once it is published."""
        return self.visibility is Visibility.PUBLIC and self.is_valid(now)


@dataclass(frozen=True, slots=True)
class Match:
    """A published entry that may answer an utterance.

    score is raw and only orders matches of one search; confidence is the calibrated probability that this
    entry answers the utterance. wording is the question of the entry that was nearest; why holds the features.
    """

    entry: Entry
    score: float
    confidence: float
    wording: str
    why: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """answer: lowest confidence for an automatic answer; clarify: lowest for asking back."""

    answer: float
    clarify: float
