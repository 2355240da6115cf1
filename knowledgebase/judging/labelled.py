"""The files of an evaluation (docs: contracts): entries and labelled questions as JSONL, taken as they are.

Unlike an import nothing in a file is refused for its length or for a missing answer: what is measured is the
matching. What is going to be kept is bounded.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledgebase.authoring.validation import BAD, is_id
from knowledgebase.errors import FileUnreadable, LineFlaw, LineUnreadable
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry

LONGEST_UTTERANCE = 500
MOST_EXPECTED = 20
_PASTED = "pasted text"
_SENTENCES = {
    LineFlaw.NOT_JSON: "not JSON",
    LineFlaw.NOT_AN_OBJECT: "not an object",
    LineFlaw.WRONG_FIELDS: "query is text, id text or null, ids a list",
    LineFlaw.WRONG_QUERY: f"query is one line of at most {LONGEST_UTTERANCE} characters",
    LineFlaw.WRONG_IDS: f"ids are those of at most {MOST_EXPECTED} entries",
}


def read_known(path: Path) -> list[Entry]:
    """The entries of an evaluation. Raises FileUnreadable, naming the line."""
    entries: dict[str, Entry] = {}
    for number, row in _rows(path):
        entry_id, question = row.get("id"), row.get("question")
        similar = row.get("similar") or []
        if not isinstance(entry_id, str) or not isinstance(question, str) or entry_id in entries:
            raise FileUnreadable(f"{path.name}: line {number}: id and question are needed, the id once")
        if not isinstance(similar, list) or not all(isinstance(text, str) for text in similar):
            raise FileUnreadable(f"{path.name}: line {number}: similar is not a list of texts")
        answer, category = str(row.get("answer") or ""), str(row.get("category") or "")
        entries[entry_id] = Entry(entry_id, question, answer, category, tuple(similar))
    return list(entries.values())


def read_questions(path: Path) -> list[Question]:
    """The labelled questions. Raises FileUnreadable, naming the line."""
    return [_question(path.name, number, row) for number, row in _rows(path)]


def parse_questions(text: str) -> list[Question]:
    """The labelled questions that a pasted text holds, one a line, fit to be kept.

    Raises LineUnreadable, also for a query that is no line of LONGEST_UTTERANCE characters, and for more than
    MOST_EXPECTED ids or what can be none.
    """
    return [_bounded(number, _question(_PASTED, number, row)) for number, row in _parsed(text, _PASTED)]


def _question(name: str, number: int, row: dict[str, Any]) -> Question:
    query = row.get("query")
    expected = row["ids"] if "ids" in row else [row.get("id")]
    if not isinstance(query, str) or not isinstance(expected, list):
        raise _unreadable(name, number, LineFlaw.WRONG_FIELDS)
    return Question(query, frozenset(str(each) for each in expected if each is not None))


def _bounded(number: int, question: Question) -> Question:
    utterance = " ".join(question.utterance.split())
    if not 0 < len(utterance) <= LONGEST_UTTERANCE or BAD.search(utterance):
        raise _unreadable(_PASTED, number, LineFlaw.WRONG_QUERY)
    if len(question.expected) > MOST_EXPECTED or not all(map(is_id, question.expected)):
        raise _unreadable(_PASTED, number, LineFlaw.WRONG_IDS)
    return replace(question, utterance=utterance)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{path.name}: {error}") from error
    yield from _parsed(text, path.name)


def _parsed(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _row(name, number, line)


def _row(name: str, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, number, LineFlaw.NOT_JSON) from error
    if not isinstance(row, dict):
        raise _unreadable(name, number, LineFlaw.NOT_AN_OBJECT)
    return row


def _unreadable(name: str, number: int, flaw: LineFlaw) -> LineUnreadable:
    return LineUnreadable(name, number, flaw, _SENTENCES[flaw])
