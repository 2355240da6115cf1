"""Entries as files: CSV, XLSX and JSONL, read and written so that what was written is read back equal.

A CSV cell that a spreadsheet would take for a formula is written with a leading apostrophe (OWASP ASVS 5.0,
1.2.10) and read without it. In a table similar questions and related entries stand in
one cell each, one a line.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledgebase.authoring.plain import (
    JSON_FIELDS,
    REQUIRED,
    TABLE_COLUMNS,
    as_cells,
    as_json,
    entry_from_json,
    from_cells,
)
from knowledgebase.authoring.spreadsheet import read_rows, write_rows
from knowledgebase.authoring.validation import Finding, Problem
from knowledgebase.errors import FileUnreadable
from knowledgebase.model import Entry

LARGEST_FILE = 50_000_000
MOST_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was not taken; line counts from 1 as a text editor or spreadsheet does."""

    line: int
    reason: Finding


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is an entry, with its line."""

    line: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it was found: its line and its fields as JSON has them, or what is wrong with the row itself."""

    line: int
    fields: Mapping[str, Any]
    finding: Finding | None = None


def read_entries(path: Path) -> tuple[list[Entry], list[RowError]]:
    """The entries of a file by its extension (.csv, .xlsx, .jsonl) and the rows that were refused.

    Raises FileUnreadable when the file as a whole cannot be read.
    """
    taken, refused = read_file(path)
    return [one.entry for one in taken], refused


def read_file(path: Path) -> tuple[list[Taken], list[RowError]]:
    """As read_entries, each entry with its line."""
    taken: dict[str, Taken] = {}
    refused: list[RowError] = []
    for row in _rows(path):
        entry, finding = (None, row.finding) if row.finding else entry_from_json(row.fields)
        if finding is None and entry is not None and entry.id in taken:
            finding = Finding(Problem.DUPLICATE_ID, "id")
        if finding is not None:
            refused.append(RowError(row.line, finding))
        elif entry is not None:
            taken[entry.id] = Taken(row.line, entry)
    return list(taken.values()), refused


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries in the format of the path's extension. Raises FileUnreadable for an unknown one."""
    match path.suffix.lower():
        case ".jsonl":
            lines = (json.dumps(as_json(entry), ensure_ascii=False) + "\n" for entry in entries)
            path.write_text("".join(lines), encoding="utf-8")
        case ".csv":
            _write_csv(path, entries)
        case ".xlsx":
            write_rows(path, [TABLE_COLUMNS, *(as_cells(entry) for entry in entries)])
        case _:
            raise _unknown_format(path)


def _rows(path: Path) -> Iterator[_Row]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileUnreadable(f"{path.name}: larger than {LARGEST_FILE // 1_000_000} MB")
        match path.suffix.lower():
            case ".jsonl":
                yield from _json_rows(path.read_bytes())
            case ".csv":
                yield from _table_rows(path, _csv_records(path.name, path.read_bytes()))
            case ".xlsx":
                yield from _table_rows(path, read_rows(path, MOST_ROWS))
            case suffix:
                raise FileUnreadable(f"{path.name}: {suffix or 'no'} extension; known are .csv, .xlsx and .jsonl")
    except OSError as error:
        raise FileUnreadable(f"{path.name}: {error.strerror}") from error


def _unknown_format(path: Path) -> FileUnreadable:
    return FileUnreadable(f"{path.name}: the extension is none of .csv, .xlsx and .jsonl")


def _json_rows(data: bytes) -> Iterator[_Row]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: bytes) -> _Row:
    try:
        found = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return _Row(number, {}, Finding(Problem.BAD_TEXT))
    except (ValueError, RecursionError):
        return _Row(number, {}, Finding(Problem.MALFORMED))
    if not isinstance(found, dict):
        return _Row(number, {}, Finding(Problem.MALFORMED))
    unknown = sorted(set(found) - set(JSON_FIELDS))
    return _Row(number, found, Finding(Problem.UNKNOWN_COLUMN, unknown[0][:40]) if unknown else None)


def _csv_records(name: str, data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Each record with the line on which it begins; apostrophes that protect a formula taken off."""
    text = _decode(name, data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, ()
            continue
        if record:
            yield line, [_unprotected(cell) for cell in record]


def _decode(name: str, data: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, or GB18030, as spreadsheets in China save it.

    A file that is UTF-8 on most lines is UTF-8: its broken lines become lone surrogates, which are refused.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    beyond_ascii = [line for line in data.split(b"\n") if not line.isascii()]
    broken = sum(not _is_utf8(line) for line in beyond_ascii)
    if broken * 2 <= len(beyond_ascii):
        return data.decode("utf-8", "surrogateescape")
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{name}: neither UTF-8 nor GB18030") from error


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(text: str) -> str:
    """The delimiter that the first line holds most of."""
    header = text.split("\n", 1)[0]
    return max(_DELIMITERS, key=header.count)


def _table_rows(path: Path, records: Iterator[tuple[int, Sequence[str]]]) -> Iterator[_Row]:
    """The records below the header as rows; a wrong header is the only thing reported."""
    line, header = next(records, (1, ()))
    columns = [name.strip().lower() for name in header]
    if findings := list(_wrong_columns(columns)):
        yield from (_Row(line, {}, finding) for finding in findings)
        return
    for count, (number, record) in enumerate(records, 1):
        if count > MOST_ROWS:
            raise FileUnreadable(f"{path.name}: more than {MOST_ROWS} rows")
        if any(cell.strip() for cell in record):
            yield _table_row(number, columns, record)
        elif not record:
            yield _Row(number, {}, Finding(Problem.MALFORMED))


def _wrong_columns(columns: Sequence[str]) -> Iterator[Finding]:
    for name in dict.fromkeys(columns):
        if name not in TABLE_COLUMNS:
            yield Finding(Problem.UNKNOWN_COLUMN, name[:40])
        elif columns.count(name) > 1:
            yield Finding(Problem.DUPLICATE_COLUMN, name)
    for name in REQUIRED:
        if name not in columns:
            yield Finding(Problem.MISSING_FIELD, name)


def _table_row(line: int, columns: Sequence[str], record: Sequence[str]) -> _Row:
    if any(cell.strip() for cell in record[len(columns) :]):
        return _Row(line, {}, Finding(Problem.UNKNOWN_COLUMN, str(len(columns) + 1)))
    return _Row(line, from_cells(columns, record))


def _write_csv(path: Path, entries: Iterable[Entry]) -> None:
    """CSV with a byte order mark, without which spreadsheets read UTF-8 as the local code page."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TABLE_COLUMNS)
        writer.writerows([_protected(cell) for cell in as_cells(entry)] for entry in entries)


def _protected(cell: str) -> str:
    return "'" + cell if cell.startswith((*_FORMULA, "'")) else cell


def _unprotected(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell
