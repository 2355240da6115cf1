"""What the knowledge base refuses, in an operator's words."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from knowledgebase.model import Entry

if TYPE_CHECKING:
    from knowledgebase.wording.word_lists import LineProblem


class KnowledgeError(Exception):
    """Base of everything that knowledgebase raises."""


class EntryNotFound(KnowledgeError):
    """No entry with this id, or none at this version."""


class EntryInvalid(KnowledgeError):
    """An entry that may not be stored; the sentence names its id and what is wrong."""


class EntryConflict(KnowledgeError):
    """Somebody else changed the entry meanwhile.

    theirs is the entry as it stands now; mine what was to be saved, None if only its status was to change.
    """

    def __init__(self, theirs: Entry, mine: Entry | None = None) -> None:
        super().__init__(f"entry {theirs.id} has been changed meanwhile; it is at version {theirs.version}")
        self.theirs = theirs
        self.mine = mine


class ActionNotAllowed(KnowledgeError):
    """The entry does not stand where this can be done to it."""


class NothingLeft(KnowledgeError):
    """Somebody else has dealt with the questions meanwhile."""


class BatchNotFound(KnowledgeError):
    """No act on many entries has this id."""


class CalibrationAbandoned(KnowledgeError):
    """The entries that were being calibrated are no longer in force."""


class ReplayAbandoned(KnowledgeError):
    """Nobody wants to know the result of this replay any more."""


class FileUnreadable(KnowledgeError):
    """The file as a whole is not a table of entries or questions: wrong format, encoding or size."""


class LineFlaw(StrEnum):
    """Why a line of a file of questions cannot be read."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    WRONG_FIELDS = "wrong_fields"
    WRONG_QUERY = "wrong_query"
    WRONG_IDS = "wrong_ids"


class LineUnreadable(FileUnreadable):
    """A line that makes the whole unreadable: its number, counted from 1, and what is wrong with it."""

    def __init__(self, name: str, line: int, flaw: LineFlaw, sentence: str) -> None:
        super().__init__(f"{name}: line {line}: {sentence}")
        self.line = line
        self.flaw = flaw


class WeightsInvalid(KnowledgeError):
    """The file of matching weights does not fit this version of the program."""


class EncoderUnavailable(KnowledgeError):
    """No vectors can be had now.

    permanent: trying again will not help before an operator has changed something. retry_after_ms: how long the
    other side asked us to wait.
    """

    def __init__(self, reason: str, permanent: bool = False, retry_after_ms: int | None = None) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after_ms = retry_after_ms


class WordListConflict(KnowledgeError):
    """Somebody else has changed the word list since it was read."""


class WordListInvalid(KnowledgeError):
    """Lines that a word list cannot have; problems holds one LineProblem for each reason."""

    def __init__(self, problems: "Sequence[LineProblem]") -> None:
        super().__init__("; ".join(f"{problem.line!r}: {problem.flaw}" for problem in problems))
        self.problems = tuple(problems)


class PublicationNotFound(KnowledgeError):
    """There is no publication with this id."""


class PublicationRefused(KnowledgeError):
    """What was asked of the publication cannot be done as it stands.

    about: the entry or list that has moved on; empty when the publication itself has.
    """

    def __init__(self, sentence: str, about: str = "") -> None:
        super().__init__(sentence)
        self.about = about


class LabelConflict(KnowledgeError):
    """Somebody else has changed or removed the labelled question since it was read."""
