"""Entries as files: CSV, XLSX and JSONL, read and written so that what was written is read back equal.

A CSV cell that a spreadsheet would take for a formula is written with a leading apostrophe (OWASP ASVS 5.0,
1.2.10) and read without it. In a table the similar questions stand in one cell, one a line.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledgebase.authoring.spreadsheet import read_rows, write_rows
from knowledgebase.authoring.validation import Finding, Problem, problems
from knowledgebase.errors import FileUnreadable
from knowledgebase.model import Entry, EntryStatus

COLUMNS = ("id", "category", "question", "similar", "answer", "status", "version")
REQUIRED = ("id", "question", "answer")
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
class _Row:
    """A row as it was found: its line and its cells by column, or what is wrong with the row itself."""

    line: int
    cells: Mapping[str, Any]
    finding: Finding | None = None


def read_entries(path: Path) -> tuple[list[Entry], list[RowError]]:
    """The entries of a file by its extension (.csv, .xlsx, .jsonl) and the rows that were refused.

    Raises FileUnreadable when the file as a whole cannot be read.
    """
    entries: dict[str, Entry] = {}
    refused: list[RowError] = []
    for row in _rows(path):
        entry, finding = _entry(row)
        if finding is None and entry is not None and entry.id in entries:
            finding = Finding(Problem.DUPLICATE_ID, "id")
        if finding is not None:
            refused.append(RowError(row.line, finding))
        elif entry is not None:
            entries[entry.id] = entry
    return list(entries.values()), refused


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries in the format of the path's extension. Raises FileUnreadable for an unknown one."""
    match path.suffix.lower():
        case ".jsonl":
            lines = (json.dumps(_as_json(entry), ensure_ascii=False) + "\n" for entry in entries)
            path.write_text("".join(lines), encoding="utf-8")
        case ".csv":
            _write_csv(path, entries)
        case ".xlsx":
            write_rows(path, [COLUMNS, *(_as_cells(entry) for entry in entries)])
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
    unknown = sorted(set(found) - set(COLUMNS))
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
        if name not in COLUMNS:
            yield Finding(Problem.UNKNOWN_COLUMN, name[:40])
        elif columns.count(name) > 1:
            yield Finding(Problem.DUPLICATE_COLUMN, name)
    for name in REQUIRED:
        if name not in columns:
            yield Finding(Problem.MISSING_FIELD, name)


def _table_row(line: int, columns: Sequence[str], record: Sequence[str]) -> _Row:
    if any(cell.strip() for cell in record[len(columns) :]):
        return _Row(line, {}, Finding(Problem.UNKNOWN_COLUMN, str(len(columns) + 1)))
    cells: dict[str, Any] = dict(zip(columns, record, strict=False))
    cells["similar"] = [text for text in _one_break(cells.get("similar", "")).split("\n") if text.strip()]
    return _Row(line, {name: cell for name, cell in cells.items() if cell != ""})


def _entry(row: _Row) -> tuple[Entry | None, Finding | None]:
    """The entry of a row, or what is wrong with it."""
    if row.finding is not None:
        return None, row.finding
    cells = {name: value for name, value in row.cells.items() if value is not None}
    similar = cells.get("similar", [])
    if not isinstance(similar, list) or not all(isinstance(text, str) for text in similar):
        return None, Finding(Problem.BAD_VALUE, "similar")
    for name in ("id", "question", "answer", "category"):
        if not isinstance(cells.get(name, ""), str):
            return None, Finding(Problem.BAD_VALUE, name)
    status, version = str(cells.get("status", "published")).strip(), str(cells.get("version", "1")).strip()
    if status not in list(EntryStatus):
        return None, Finding(Problem.BAD_VALUE, "status")
    if not (version.isascii() and version.isdigit() and int(version[:9]) >= 1 and len(version) < 10):
        return None, Finding(Problem.BAD_VALUE, "version")
    entry = Entry(
        id=cells.get("id", "").strip(),
        question=cells.get("question", "").strip(),
        answer=_one_break(cells.get("answer", "")).strip(),
        category=cells.get("category", "").strip(),
        similar=tuple(text.strip() for text in similar),
        status=EntryStatus(status),
        version=int(version),
    )
    return entry, next(iter(problems(entry)), None)


def _one_break(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _as_cells(entry: Entry) -> tuple[str, ...]:
    """An entry in the order of COLUMNS."""
    similar = "\n".join(entry.similar)
    return (entry.id, entry.category, entry.question, similar, entry.answer, entry.status, str(entry.version))


def _as_json(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": entry.id,
        "question": entry.question,
        "similar": list(entry.similar),
        "answer": entry.answer,
        "category": entry.category,
    }
    if entry.status is not EntryStatus.PUBLISHED:
        row["status"] = entry.status.value
    if entry.version != 1:
        row["version"] = entry.version
    return row


def _write_csv(path: Path, entries: Iterable[Entry]) -> None:
    """CSV with a byte order mark, without which spreadsheets read UTF-8 as the local code page."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([_protected(cell) for cell in _as_cells(entry)] for entry in entries)


def _protected(cell: str) -> str:
    return "'" + cell if cell.startswith((*_FORMULA, "'")) else cell


def _unprotected(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell
