"""What differs between two versions of an entry, field by field, to the word or character. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from knowledgebase.model import ANSWER_CHANNELS, Entry

# Beyond this many pairs of words to compare, lines are compared as wholes; beyond as many of lines nothing is.
MOST_PAIRS = 1_000_000
_WORD = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
TEXTS = ("question", "similar", "answer", *(f"answer_{channel}" for channel in ANSWER_CHANNELS))
SETTINGS = ("category", "visibility", "valid_from", "valid_until", "related", "internal_note")


class Kind(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that both versions have, or only the former or the latter."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: before holds what is the same and what is gone, after what is the same and what is new."""

    field: str
    before: tuple[Span, ...]
    after: tuple[Span, ...]


def compare(before: Entry, after: Entry) -> list[Difference]:
    """The fields in which two versions differ, texts first."""
    former, latter = _fields(before), _fields(after)
    return [
        _difference(field, former[field], latter[field])
        for field in (*TEXTS, *SETTINGS)
        if former[field] != latter[field]
    ]


def spans(before: str, after: str) -> list[Span]:
    """Both texts as one run of spans, what is gone before what is new."""
    former, latter = _WORD.findall(before), _WORD.findall(after)
    head = _common(former, latter)
    tail = _common(former[head:][::-1], latter[head:][::-1])
    middle = _changed(former[head : len(former) - tail], latter[head : len(latter) - tail])
    ends = "".join(former[:head]), "".join(former[len(former) - tail :])
    return _joined([Span(Kind.SAME, ends[0]), *middle, Span(Kind.SAME, ends[1])])


def _difference(field: str, before: str, after: str) -> Difference:
    found = spans(before, after)
    return Difference(
        field,
        tuple(span for span in found if span.kind is not Kind.NEW),
        tuple(span for span in found if span.kind is not Kind.GONE),
    )


def _fields(entry: Entry) -> dict[str, str]:
    answers = dict(entry.channel_answers)
    return {
        "question": entry.question,
        "similar": "\n".join(entry.similar),
        "answer": entry.answer,
        **{f"answer_{channel}": answers.get(channel, "") for channel in ANSWER_CHANNELS},
        "category": entry.category,
        "visibility": entry.visibility.value,
        "valid_from": "" if entry.valid_from is None else str(entry.valid_from),
        "valid_until": "" if entry.valid_until is None else str(entry.valid_until),
        "related": "\n".join(entry.related),
        "internal_note": entry.internal_note,
    }


def _changed(former: list[str], latter: list[str]) -> Iterator[Span]:
    if len(former) * len(latter) > MOST_PAIRS:
        former, latter = _LINE.findall("".join(former)), _LINE.findall("".join(latter))
    if len(former) * len(latter) > MOST_PAIRS:
        former, latter = ["".join(former)], ["".join(latter)]
    for _, start, end, begin, stop in SequenceMatcher(None, former, latter, autojunk=False).get_opcodes():
        if former[start:end] == latter[begin:stop]:
            yield Span(Kind.SAME, "".join(former[start:end]))
        else:
            yield Span(Kind.GONE, "".join(former[start:end]))
            yield Span(Kind.NEW, "".join(latter[begin:stop]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _joined(found: Sequence[Span]) -> list[Span]:
    """Without empty spans, neighbours of one kind as one."""
    joined: list[Span] = []
    for span in found:
        if not span.text:
            continue
        if joined and joined[-1].kind is span.kind:
            joined[-1] = Span(span.kind, joined[-1].text + span.text)
        else:
            joined.append(span)
    return joined
