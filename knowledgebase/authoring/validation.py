"""What an entry must be before it may be stored or imported."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from knowledgebase.authoring import inlines
from knowledgebase.authoring.inlines import Remark
from knowledgebase.authoring.markup import read
from knowledgebase.model import ANSWER_CHANNELS, Entry

LONGEST = {
    "id": 64,
    "question": 200,
    "similar": 200,
    "answer": 4_000,
    "category": 40,
    "internal_note": 2_000,
    "channel_answers": 4_000,
    "related": 64,
}
MOST_SIMILAR = 100
MOST_RELATED = 10
# 9999-12-31: no date that anybody means lies after it.
LATEST = 253_402_214_400_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What no text of an entry, and nothing else that is kept beside entries, may hold.
BAD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WRONG_LINKS = frozenset({inlines.Problem.BAD_LINK, inlines.Problem.BAD_IMAGE})
_ONE_LINE = ("id", "question", "similar", "category", "related")


class Problem(StrEnum):
    """Why an entry, or a row that should become one, is refused."""

    MISSING_FIELD = "missing_field"
    DUPLICATE_ID = "duplicate_id"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    BAD_TEXT = "bad_text"
    BAD_ID = "bad_id"
    BAD_VALUE = "bad_value"
    BAD_DATE = "bad_date"
    DATES_REVERSED = "dates_reversed"
    BAD_LINK = "bad_link"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_COLUMN = "unknown_column"
    DUPLICATE_COLUMN = "duplicate_column"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and the field in which it is; printed as a short phrase."""

    problem: Problem
    field: str = ""

    def __str__(self) -> str:
        said = self.problem.value.replace("_", " ")
        return f"{said}: {self.field}" if self.field else said


@dataclass(frozen=True, slots=True)
class Caution:
    """What is odd about an answer without keeping it out; field says which of the entry's texts."""

    field: str
    remark: Remark


def problems(entry: Entry) -> list[Finding]:
    """Everything that is wrong with an entry; empty when it may be stored.

    Answers and the note may have line breaks (\\n); every other text is one line. NUL, other control characters,
    lone surrogates and non-characters are bad text. A link leads to the web, a mail address or a phone. Whether
    related entries exist is not looked at here.
    """
    return [
        *_missing(entry),
        *_malformed(entry),
        *_oversized(entry),
        *_mislinked(entry),
        *_misdated(entry),
        *_misrelated(entry),
    ]


def is_id(text: str) -> bool:
    """Whether an entry may be called so."""
    return len(text) <= LONGEST["id"] and bool(_ID.fullmatch(text))


def cautions(entry: Entry) -> list[Caution]:
    """What the author of an entry should look at again before it is published."""
    return [Caution(field, remark) for field, remark in _remarks(entry) if remark.problem not in _WRONG_LINKS]


def _missing(entry: Entry) -> Iterator[Finding]:
    for field in ("id", "question", "answer"):
        if not getattr(entry, field).strip():
            yield Finding(Problem.MISSING_FIELD, field)
    if not all(text.strip() for text in entry.similar):
        yield Finding(Problem.MISSING_FIELD, "similar")
    if not all(text.strip() for _, text in entry.channel_answers):
        yield Finding(Problem.MISSING_FIELD, "channel_answers")


def _malformed(entry: Entry) -> Iterator[Finding]:
    if entry.id and not _ID.fullmatch(entry.id):
        yield Finding(Problem.BAD_ID, "id")
    for field, text in _texts(entry):
        if BAD.search(text) or text != text.strip() or (field in _ONE_LINE and "\n" in text):
            yield Finding(Problem.BAD_TEXT, field)
    channels = [channel for channel, _ in entry.channel_answers]
    if channels != [channel for channel in ANSWER_CHANNELS if channel in channels]:
        yield Finding(Problem.BAD_VALUE, "channel_answers")


def _oversized(entry: Entry) -> Iterator[Finding]:
    if len(entry.similar) > MOST_SIMILAR:
        yield Finding(Problem.TOO_MANY, "similar")
    if len(entry.related) > MOST_RELATED:
        yield Finding(Problem.TOO_MANY, "related")
    for field, text in _texts(entry):
        if len(text) > LONGEST[field]:
            yield Finding(Problem.TOO_LONG, field)


def _mislinked(entry: Entry) -> Iterator[Finding]:
    for field, remark in _remarks(entry):
        if remark.problem in _WRONG_LINKS:
            yield Finding(Problem.BAD_LINK, field)


def _remarks(entry: Entry) -> Iterator[tuple[str, Remark]]:
    for field, text in (("answer", entry.answer), *(("channel_answers", text) for _, text in entry.channel_answers)):
        if len(text) <= LONGEST[field]:
            yield from ((field, remark) for remark in read(text).remarks)


def _misdated(entry: Entry) -> Iterator[Finding]:
    for field in ("valid_from", "valid_until"):
        moment = getattr(entry, field)
        if moment is not None and not 0 <= moment <= LATEST:
            yield Finding(Problem.BAD_DATE, field)
    if entry.valid_from is not None and entry.valid_until is not None and entry.valid_from >= entry.valid_until:
        yield Finding(Problem.DATES_REVERSED, "valid_until")


def _misrelated(entry: Entry) -> Iterator[Finding]:
    if entry.id in entry.related or len(set(entry.related)) < len(entry.related):
        yield Finding(Problem.BAD_VALUE, "related")


def _texts(entry: Entry) -> Iterator[tuple[str, str]]:
    for field in ("id", "question", "answer", "category", "internal_note"):
        yield field, getattr(entry, field)
    for field in ("similar", "related"):
        for text in getattr(entry, field):
            yield field, text
    for _, text in entry.channel_answers:
        yield "channel_answers", text
