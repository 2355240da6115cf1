"""The knowledge base's words as types."""

from dataclasses import dataclass, field
from enum import StrEnum


class EntryStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that we can answer; similar are other wordings of the same question."""

    id: str
    question: str
    answer: str
    category: str = ""
    similar: tuple[str, ...] = ()
    status: EntryStatus = EntryStatus.PUBLISHED
    version: int = 1


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
