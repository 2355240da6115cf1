"""Entries on the command line: listed, shown, compared, and moved as in the console."""

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from knowledgebase.authoring import catalogue, entries, versions
from knowledgebase.authoring.catalogue import Filter, Sort
from knowledgebase.authoring.differences import Kind, Span, compare
from knowledgebase.authoring.plain import as_json
from knowledgebase.authoring.rows import Head
from knowledgebase.authoring.versions import Version
from storage.database import Transaction

MOST_LISTED = 100_000
MARKS = {Kind.GONE: ("[-", "-]"), Kind.NEW: ("{+", "+}"), Kind.SAME: ("", "")}


def listed(tx: Transaction, text: str, status: str) -> list[str]:
    """One line for each entry: id, status, version, the published version if it is another one, question."""
    wanted = Filter(text=text, status=status, sort=Sort.CATEGORY)
    return [_line(one.head) for one in catalogue.list_entries(tx, wanted, 0, MOST_LISTED)]


def shown(tx: Transaction, entry_id: str, version: int | None) -> str:
    """The entry as it stands or stood, as JSON. Raises EntryNotFound."""
    return json.dumps(as_json(entries.get_entry(tx, entry_id, version)), ensure_ascii=False, indent=2)


def past(tx: Transaction, entry_id: str, zone: ZoneInfo) -> list[str]:
    """One line for each version, the newest first: version, status, who, when, why. Raises EntryNotFound."""
    head = entries.get_head(tx, entry_id)
    return [_version_line(one, head, zone) for one in versions.history(tx, entry_id)]


def differences(tx: Transaction, entry_id: str, former: int, latter: int) -> list[str]:
    """What differs between two versions, field by field: [-gone-] and {+new+}. Raises EntryNotFound."""
    before, after = (entries.get_entry(tx, entry_id, version) for version in (former, latter))
    return [f"{one.field}:\n  {_marked(one.before)}\n  {_marked(one.after)}" for one in compare(before, after)]


def _line(head: Head) -> str:
    entry = head.entry
    other = head.published_version if head.published_version not in (None, entry.version) else None
    public = f" (published v{other})" if other and head.has_unpublished_changes else ""
    return f"{entry.id}  {entry.status}  v{entry.version}{public}  {entry.question}"


def _version_line(version: Version, head: Head, zone: ZoneInfo) -> str:
    at = datetime.fromtimestamp(version.at / 1000, zone).isoformat(" ", "seconds")
    mark = "*" if version.entry.version == head.published_version else " "
    return f"{mark} v{version.entry.version}  {version.entry.status}  {at}  {version.by}  {version.note}".rstrip()


def _marked(spans: Sequence[Span]) -> str:
    return "".join(span.text.join(MARKS[span.kind]) for span in spans).replace("\n", "\n  ")
