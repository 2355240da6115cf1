"""The words of publishing as types, and their form in the database."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from knowledgebase.judging.replay import FlipKind, Outcome, Replay, Replayed, Side
from knowledgebase.wording.word_lists import WordList


class PublicationState(StrEnum):
    """Where a publication stands. ready: flips wait to be accepted; stale: is to be replayed anew."""

    RUNNING = "running"
    READY = "ready"
    ACCEPTED = "accepted"
    PUBLISHED = "published"
    STALE = "stale"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


LIVE = frozenset({PublicationState.RUNNING, PublicationState.READY, PublicationState.ACCEPTED, PublicationState.STALE})


class Origin(StrEnum):
    """Who asked for it: somebody in the console, or a command."""

    CONSOLE = "console"
    COMMAND_LINE = "command_line"


class Failure(StrEnum):
    """Why a publication cannot go on."""

    MOVED_ON = "moved_on"
    INTERRUPTED = "interrupted"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What goes into force together.

    publish and archive: entry id -> the head version that was seen. words: list -> version; 0 is as shipped.
    precision: the share wanted by channel ('all' for the others), the whole of it; None leaves it as it is.
    Without any change a publication compares what is in force with what was accepted last.
    """

    publish: Mapping[str, int] = field(default_factory=dict)
    archive: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[WordList, int] = field(default_factory=dict)
    precision: Mapping[str, float] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.publish or self.archive or self.words) and self.precision is None

    def as_text(self) -> str:
        """Its form in the database."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "ChangeSet":
        """From its form in the database."""
        plain = json.loads(text)
        words = {WordList(name): version for name, version in plain["words"].items()}
        return cls(plain["publish"], plain["archive"], words, plain["precision"])


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay found, in numbers: what stays with the publication when the words are forgotten."""

    questions: int
    labelled: int
    flipped: int
    appeared: int
    vanished: int
    reworded: int
    asked_back: int
    before: Side
    after: Side

    @property
    def flips(self) -> int:
        """How many questions are answered otherwise."""
        return self.flipped + self.appeared + self.vanished

    @property
    def real(self) -> int:
        """How many of the questions nobody has labelled."""
        return self.questions - self.labelled


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication as it stands. base: fingerprint of what it was replayed against, '' before the first replay."""

    id: str
    origin: Origin
    state: PublicationState
    changes: ChangeSet
    requested_by: str
    requested_at: int
    base: str
    runs: int
    summary: Summary | None
    failure: Failure | None
    about: str
    accepted_by: str | None
    accepted_at: int | None
    finished_by: str | None
    finished_at: int | None

    @property
    def is_acceptance(self) -> bool:
        """Whether it only keeps that flips were accepted from the command line, for whoever proposes the same."""
        return self.origin is Origin.COMMAND_LINE and self.changes.is_empty

    @property
    def is_live(self) -> bool:
        """Whether it can still go into force."""
        return self.state in LIVE


def summarise(found: Replay) -> Summary:
    """The numbers of a replay."""
    return Summary(
        questions=found.questions,
        labelled=found.labelled,
        flipped=found.count(FlipKind.FLIPPED),
        appeared=found.count(FlipKind.APPEARED),
        vanished=found.count(FlipKind.VANISHED),
        reworded=found.reworded,
        asked_back=found.asked_back,
        before=found.before,
        after=found.after,
    )


def summary_from(text: str) -> Summary:
    """From its form in the database."""
    plain = json.loads(text)
    return Summary(**{**plain, "before": Side(**plain["before"]), "after": Side(**plain["after"])})


def outcome_as_text(outcome: Outcome) -> str:
    """Its form in the database."""
    return json.dumps(asdict(outcome), ensure_ascii=False)


def outcome_from(text: str) -> Outcome:
    """From its form in the database."""
    return Outcome(**json.loads(text))


def expected_as_text(question: Replayed) -> str | None:
    """The ids that are right, in order, or None where nobody has said so."""
    return None if question.expected is None else json.dumps(sorted(question.expected), ensure_ascii=False)


def expected_from(text: str | None) -> frozenset[str] | None:
    """From its form in the database."""
    return None if text is None else frozenset(json.loads(text))
