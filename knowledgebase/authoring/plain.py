"""An entry in the plain forms in which it leaves and enters: cells of a table, and an object of JSON. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from knowledgebase.authoring.dates import CHINA, parse_from, parse_until, write_from, write_until
from knowledgebase.authoring.validation import Finding, Problem, problems
from knowledgebase.model import ANSWER_CHANNELS, Entry, EntryStatus, Visibility

# In a table each channel's answer has a column of its own.
ANSWER_COLUMNS = {f"answer_{channel}": channel for channel in ANSWER_CHANNELS}
_COMMON = ("id", "category", "question", "similar", "answer", "status", "version", "visibility", "valid_from")
_LATER = ("valid_until", "internal_note", "related")
TABLE_COLUMNS = (*_COMMON, *_LATER, *ANSWER_COLUMNS)
JSON_FIELDS = (*_COMMON, *_LATER, "channel_answers")
REQUIRED = ("id", "question", "answer")
_LINES = ("similar", "related")
_TEXTS = ("id", "question", "answer", "category", "status", "visibility", "valid_from", "valid_until", "internal_note")


class _Refused(Exception):
    """Why a plain form is no entry."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def as_cells(entry: Entry) -> tuple[str, ...]:
    """An entry in the order of TABLE_COLUMNS; what is a list stands in one cell, one a line."""
    answers = dict(entry.channel_answers)
    cells = {
        **_strings(entry),
        "similar": "\n".join(entry.similar),
        "version": str(entry.version),
        "related": "\n".join(entry.related),
        **{column: answers.get(channel, "") for column, channel in ANSWER_COLUMNS.items()},
    }
    return tuple(cells[column] for column in TABLE_COLUMNS)


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry as an object of JSON, without what is as it mostly is."""
    usual = Entry(entry.id, entry.question, entry.answer)
    told = {
        **_strings(entry),
        "similar": list(entry.similar),
        "version": entry.version,
        "related": list(entry.related),
        "channel_answers": dict(entry.channel_answers),
    }
    always = ("id", "question", "similar", "answer", "category")
    changed = [name for name in JSON_FIELDS if name not in always and getattr(entry, name) != getattr(usual, name)]
    return {name: told[name] for name in (*always, *changed)}


def _strings(entry: Entry) -> dict[str, str]:
    return {
        "id": entry.id,
        "category": entry.category,
        "question": entry.question,
        "answer": entry.answer,
        "status": entry.status.value,
        "visibility": entry.visibility.value,
        "valid_from": "" if entry.valid_from is None else write_from(entry.valid_from),
        "valid_until": "" if entry.valid_until is None else write_until(entry.valid_until),
        "internal_note": entry.internal_note,
    }


def from_cells(columns: Sequence[str], record: Sequence[str]) -> dict[str, Any]:
    """The fields of JSON that a record under these columns stands for."""
    cells = {name: one_break(cell) for name, cell in zip(columns, record, strict=False) if cell != ""}
    fields: dict[str, Any] = {name: cell for name, cell in cells.items() if name not in ANSWER_COLUMNS}
    for name in _LINES:
        if name in cells:
            fields[name] = [text for text in cells[name].split("\n") if text.strip()]
    answers = {ANSWER_COLUMNS[name]: cell for name, cell in cells.items() if name in ANSWER_COLUMNS}
    return {**fields, "channel_answers": answers} if answers else fields


def entry_from_json(fields: Mapping[str, Any], zone: tzinfo = CHINA) -> tuple[Entry | None, Finding | None]:
    """The entry of an object of JSON; the first thing that is wrong with it, if something is.

    zone is where the days of its dates are.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        entry = _read(given, zone)
    except _Refused as refused:
        return None, refused.finding
    return entry, next(iter(problems(entry)), None)


def _read(given: Mapping[str, Any], zone: tzinfo) -> Entry:
    texts = {name: _text(given, name) for name in _TEXTS}
    return Entry(
        id=texts["id"],
        question=texts["question"],
        answer=texts["answer"],
        category=texts["category"],
        similar=_list(given, "similar"),
        status=EntryStatus(_one_of("status", texts["status"] or EntryStatus.PUBLISHED, list(EntryStatus))),
        version=_version(given),
        internal_note=texts["internal_note"],
        visibility=Visibility(_one_of("visibility", texts["visibility"] or Visibility.PUBLIC, list(Visibility))),
        valid_from=_date("valid_from", texts["valid_from"], parse_from, zone),
        valid_until=_date("valid_until", texts["valid_until"], parse_until, zone),
        channel_answers=_answers(given),
        related=_list(given, "related"),
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise _Refused(Finding(Problem.BAD_VALUE, name))
    return one_break(value).strip()


def _list(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = given.get(name, [])
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
        raise _Refused(Finding(Problem.BAD_VALUE, name))
    return tuple(text.strip() for text in values)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise _Refused(Finding(Problem.BAD_VALUE, name))
    return value


def _version(given: Mapping[str, Any]) -> int:
    version = str(given.get("version", "1")).strip()
    if not (version.isascii() and version.isdigit() and len(version) < 10 and int(version) >= 1):
        raise _Refused(Finding(Problem.BAD_VALUE, "version"))
    return int(version)


def _date(name: str, text: str, parse: Callable[[str, tzinfo], int], zone: tzinfo) -> int | None:
    try:
        return parse(text, zone) if text else None
    except ValueError as error:
        raise _Refused(Finding(Problem.BAD_DATE, name)) from error


def _answers(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    answers = given.get("channel_answers", {})
    texts_only = isinstance(answers, dict) and all(isinstance(text, str) for text in answers.values())
    if not texts_only or not set(answers) <= set(ANSWER_CHANNELS):
        raise _Refused(Finding(Problem.BAD_VALUE, "channel_answers"))
    told = {channel: one_break(text).strip() for channel, text in answers.items()}
    return tuple((channel, told[channel]) for channel in ANSWER_CHANNELS if channel in told)


def one_break(text: str) -> str:
    """The text with each line break written in the same way."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
