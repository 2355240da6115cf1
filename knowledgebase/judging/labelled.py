"""The files of an evaluation (docs: contracts): entries and labelled questions as JSONL, taken as they are.

Unlike an import nothing is refused for its length or for a missing answer: what is measured is the matching.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledgebase.errors import FileUnreadable
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry


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
    """The labelled questions that a text holds, one a line. Raises FileUnreadable, naming text and line."""
    return [_question(name, number, row) for number, row in _parsed(text, name)]


def _question(name: str, number: int, row: dict[str, Any]) -> Question:
    query = row.get("query")
    expected = row["ids"] if "ids" in row else [row.get("id")]
    if not isinstance(query, str) or not isinstance(expected, list):
        raise FileUnreadable(f"{name}: line {number}: query is text, id text or null, ids a list")
    return Question(query, frozenset(str(each) for each in expected if each is not None))


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
