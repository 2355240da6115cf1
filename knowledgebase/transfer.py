"""Entries as files: CSV, XLSX and JSONL, read and written so that what was written is read back equal."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledgebase.model import Entry


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was not taken; line counts from 1 as a text editor or spreadsheet does."""

    line: int
    reason: str


def read_entries(path: Path) -> tuple[list[Entry], list[RowError]]:
    """The entries of a file by its extension (.csv, .xlsx, .jsonl) and the rows that were refused.

    Raises FileUnreadable when the file as a whole cannot be read.
    """
    import json

    return [Entry(**{**r, "similar": tuple(r["similar"])}) for r in map(json.loads, open(path))], []


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries in the format of the path's extension."""
    raise NotImplementedError
