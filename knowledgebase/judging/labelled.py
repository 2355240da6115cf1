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
from knowledgebase.errors import FileUnreadable
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry

LONGEST_UTTERANCE = 500
MOST_EXPECTED = 20


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


def parse_questions(text: str, name: str) -> list[Question]:
    """The labelled questions that a text holds, one a line, fit to be kept.

    Raises FileUnreadable, naming text and line, also for a query that is no line of LONGEST_UTTERANCE characters, and
    for more than MOST_EXPECTED ids or what can be none.
    """
    return [_bounded(name, number, _question(name, number, row)) for number, row in _parsed(text, name)]


def _question(name: str, number: int, row: dict[str, Any]) -> Question:
    query = row.get("query")
    expected = row["ids"] if "ids" in row else [row.get("id")]
    if not isinstance(query, str) or not isinstance(expected, list):
        raise FileUnreadable(f"{name}: line {number}: query is text, id text or null, ids a list")
    return Question(query, frozenset(str(each) for each in expected if each is not None))


def _bounded(name: str, number: int, question: Question) -> Question:
    utterance = " ".join(question.utterance.split())
    if not 0 < len(utterance) <= LONGEST_UTTERANCE or BAD.search(utterance):
        raise FileUnreadable(f"{name}: line {number}: query is one line of at most {LONGEST_UTTERANCE} characters")
    if len(question.expected) > MOST_EXPECTED or not all(map(is_id, question.expected)):
        raise FileUnreadable(f"{name}: line {number}: ids are those of at most {MOST_EXPECTED} entries")
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
        raise FileUnreadable(f"{name}: line {number}: not JSON") from error
    if not isinstance(row, dict):
        raise FileUnreadable(f"{name}: line {number}: not an object")
    return row
