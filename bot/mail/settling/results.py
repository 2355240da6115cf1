"""What a receiving server wrote into Authentication-Results (RFC 8601). Pure, strict, linear in time.

What does not follow the grammar says nothing: nobody is verified by a header that we had to guess at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_READ = 8_000
_WORD = re.compile(r"[^\s;=\"()]+")


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
    words = _words(header) if len(header) <= LONGEST_READ else None
    clauses = None if words is None else _clauses(words)
    if not clauses or not clauses[0] or "=" in clauses[0] or len(clauses[0]) > 2:
        return None
    read = (_result(clause) for clause in clauses[1:])
    return Results(clauses[0][0], tuple(one for one in read if one is not None))


def _words(text: str) -> list[str] | None:
    """Words in lower-case, and the marks ; and = between them; comments left out, quoted words without their quotes.

    None if a comment or a quoted word does not end, or where quoted text is nothing but a mark.
    """
    words: list[str] = []
    word, depth, quoted, escaped = "", 0, False, False
    for char in f"{text} ":
        plain = depth == 0 and not quoted and not escaped
        if escaped or (char not in '\\"' and quoted) or (plain and char not in '\\"();=' and not char.isspace()):
            word += char if depth == 0 else ""
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and depth == 0:
            if quoted and word in (";", "="):
                return None
            quoted = not quoted
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth < 0:
                return None
        if plain and (char in "();=" or char.isspace()):
            words += ([word.lower()] if word else []) + ([char] if char in ";=" else [])
            word = ""
    return None if depth or quoted or escaped else words


def _clauses(words: list[str]) -> list[list[str]]:
    """The words and equals signs between semicolons."""
    clauses: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            clauses.append([])
        else:
            clauses[-1].append(word)
    return clauses


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
