"""XLSX tables as rows of text, with bounds on what a hostile file can make us unpack."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from knowledgebase.errors import FileUnreadable

LARGEST_UNPACKED = 200_000_000
MOST_PARTS = 500
MOST_COLUMNS = 30
CHUNK = 64 * 1024
DOCTYPE = b"<!DOCTYPE"


def read_rows(path: Path, most_rows: int) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row of the first sheet with its number, cells as text. Raises FileUnreadable.

    Formulas are text, never worked out. At most most_rows + 2 rows are looked at, so that the caller can tell
    that there are more than most_rows.
    """
    _check_archive(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, TypeError, SyntaxError) as error:
        raise FileUnreadable(f"{path.name}: not a readable XLSX file") from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=most_rows + 2, max_col=MOST_COLUMNS, values_only=True)
        for number, row in enumerate(rows, 1):
            if cells := _without_tail([_text(value) for value in row]):
                yield number, cells
    except (IndexError, KeyError, ValueError, TypeError, SyntaxError, BadZipFile) as error:
        raise FileUnreadable(f"{path.name}: not a readable XLSX file") from error
    finally:
        book.close()


def write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write one sheet in which every cell is text, so that no cell is ever a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("entries")
    for row in rows:
        cells = [WriteOnlyCell(sheet, value=text) for text in row]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    book.save(path)


def _check_archive(path: Path) -> None:
    """Refuse what would unpack to too much, and XML that declares entities of its own."""
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise FileUnreadable(f"{path.name}: unpacks to more than is allowed")
            for part in parts:
                with archive.open(part) as content:
                    if _declares_type(content):
                        raise FileUnreadable(f"{path.name}: XML with a document type is not allowed")
    except (BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise FileUnreadable(f"{path.name}: not an XLSX file") from error


def _declares_type(content: IO[bytes]) -> bool:
    """Whether a document type stands anywhere in a part, in UTF-8 or UTF-16; in a text it would be escaped."""
    before = b""
    while piece := content.read(CHUNK):
        seen = before + piece.replace(b"\0", b"")
        if DOCTYPE in seen:
            return True
        before = seen[-len(DOCTYPE) :]
    return False


def _without_tail(cells: list[str]) -> list[str]:
    """The cells up to the last one that holds something."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: object) -> str:
    """What a spreadsheet shows for a cell, without formats."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
