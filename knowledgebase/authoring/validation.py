"""What an entry must be before it may be stored or imported."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from knowledgebase.model import Entry

LONGEST = {"id": 64, "question": 200, "similar": 200, "answer": 4_000, "category": 40}
MOST_SIMILAR = 100
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BAD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ONE_LINE = ("id", "question", "similar", "category")


class Problem(StrEnum):
    """Why an entry, or a row that should become one, is refused."""

    MISSING_FIELD = "missing_field"
    DUPLICATE_ID = "duplicate_id"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    BAD_TEXT = "bad_text"
    BAD_ID = "bad_id"
    BAD_VALUE = "bad_value"
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


def problems(entry: Entry) -> list[Finding]:
    """Everything that is wrong with an entry; empty when it may be stored.

    An answer may have line breaks (\\n); every other text is one line. NUL, other control characters, lone
    surrogates and non-characters are bad text.
    """
    return [*_missing(entry), *_malformed(entry), *_oversized(entry)]


def _missing(entry: Entry) -> Iterator[Finding]:
    for field in ("id", "question", "answer"):
        if not getattr(entry, field).strip():
            yield Finding(Problem.MISSING_FIELD, field)
    if not all(text.strip() for text in entry.similar):
        yield Finding(Problem.MISSING_FIELD, "similar")


def _malformed(entry: Entry) -> Iterator[Finding]:
    if entry.id and not _ID.fullmatch(entry.id):
        yield Finding(Problem.BAD_ID, "id")
    for field, text in _texts(entry):
        if _BAD.search(text) or text != text.strip() or (field in _ONE_LINE and "\n" in text):
            yield Finding(Problem.BAD_TEXT, field)


def _oversized(entry: Entry) -> Iterator[Finding]:
    if len(entry.similar) > MOST_SIMILAR:
        yield Finding(Problem.TOO_MANY, "similar")
    for field, text in _texts(entry):
        if len(text) > LONGEST[field]:
            yield Finding(Problem.TOO_LONG, field)


def _texts(entry: Entry) -> Iterator[tuple[str, str]]:
    for field in ("id", "question", "answer", "category"):
        yield field, getattr(entry, field)
    for text in entry.similar:
        yield "similar", text
