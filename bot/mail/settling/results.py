"""What a receiving server wrote into Authentication-Results (RFC 8601). Pure, strict, linear in time.

What does not follow the grammar says nothing: nobody is verified by a header that we had to guess at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_READ = 8_000
_WORD = re.compile(r"[^\s;=\"()]+")
_PIECE = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|[;=]|[^\s;="()]+')


@dataclass(frozen=True, slots=True)
class Result:
    """One method with what it found: 'dkim', 'pass', {'header.d': 'example.com'}; all lower-case."""

    method: str
    found: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """Who looked, in lower-case, and what it found."""

    server: str
    results: tuple[Result, ...]


def read_results(header: str) -> Results | None:
    """The results in the value of one header; None where it does not say who looked or ends in the middle."""
    plain = _without_comments(header[:LONGEST_READ]) if len(header) <= LONGEST_READ else None
    clauses = None if plain is None else _clauses(plain)
    if not clauses or not clauses[0] or "=" in clauses[0] or len(clauses[0]) > 2:
        return None
    read = (_result(clause) for clause in clauses[1:])
    return Results(clauses[0][0], tuple(one for one in read if one is not None))


def _without_comments(text: str) -> str | None:
    """The text with each comment, nested or not, as a space; None if one does not end or ends twice."""
    kept, depth, quoted, escaped = [], 0, False, False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif char in "()" and not quoted:
            depth += 1 if char == "(" else -1
            if depth < 0:
                return None
            kept.append(" ")
            continue
        if depth == 0:
            kept.append(char)
    return None if depth or quoted else "".join(kept)


def _clauses(text: str) -> list[list[str]] | None:
    """The words and equals signs between semicolons, unquoted; None where something else stands."""
    clauses: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            return None
        at = piece.end()
        if piece[0] == ";":
            clauses.append([])
        elif not piece[0].isspace():
            clauses[-1].append(_unquoted(piece[0]))
    return clauses


def _unquoted(word: str) -> str:
    if word.startswith('"'):
        return re.sub(r"\\(.)", r"\1", word[1:-1]).lower()
    return word.lower()


def _result(clause: list[str]) -> Result | None:
    """method=result, then property=value as often as there are; a reason is such a property too."""
    pairs = [clause[at : at + 3] for at in range(0, len(clause), 3)]
    if not pairs or any(len(pair) != 3 or pair[1] != "=" for pair in pairs):
        return None
    (name, _, found), *rest = pairs
    method = name.partition("/")[0]
    if not _WORD.fullmatch(method) or not _WORD.fullmatch(found):
        return None
    properties: dict[str, str] = {}
    for key, _, value in rest:
        properties.setdefault(key, value)
    return Result(method, found, properties)
