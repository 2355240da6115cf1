"""A file of entries before and while it is taken in: what each row would do, and doing it, all or nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledgebase.authoring import batches, rows
from knowledgebase.authoring.batches import BatchKind
from knowledgebase.authoring.entries import is_same
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.authoring.transfer import RowError, Taken
from knowledgebase.authoring.validation import Caution, Finding, Problem, cautions
from knowledgebase.errors import EntryConflict
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.wording.text import compact
from storage.database import Transaction


class Effect(StrEnum):
    """What a row does. MOVED: the text is as it stands, only the status differs."""

    CREATED = "created"
    CHANGED = "changed"
    MOVED = "moved"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RowForeseen:
    """One row that can be taken: its line, what it does to the entry as it stands, and what its author should know.

    twin is another entry that asks the same question.
    """

    line: int
    entry: Entry
    effect: Effect
    standing: Entry | None
    cautions: Sequence[Caution] = ()
    twin: Entry | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a file would do: row by row, and which rows keep it from being taken at all."""

    rows: Sequence[RowForeseen]
    refused: Sequence[RowError]

    def count(self, effect: Effect) -> int:
        """How many rows do this."""
        return sum(row.effect is effect for row in self.rows)

    @property
    def changing(self) -> list[RowForeseen]:
        """The rows that do something."""
        return [row for row in self.rows if row.effect is not Effect.UNCHANGED]

    @property
    def warned(self) -> list[RowForeseen]:
        """The rows whose author should look again."""
        return [row for row in self.rows if row.cautions or row.twin]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken: the batch that can be undone, and the versions that wait for a publication, by entry."""

    batch_id: str | None
    created: int
    changed: int
    publish: dict[str, int]
    archive: dict[str, int]


def foresee(tx: Transaction, taken: Sequence[Taken], refused: Sequence[RowError]) -> Foreseen:
    """What these rows would do to the entries as they stand now."""
    standing = {head.entry.id: head for head in rows.load_heads(tx)}
    unknown = list(unknown_related(taken, standing))
    bad = {error.line for error in unknown}
    asked = _askers([head.entry for head in standing.values()], [one.entry for one in taken])
    foreseen = [_foresee_row(one, standing.get(one.entry.id), asked) for one in taken if one.line not in bad]
    return Foreseen(foreseen, sorted((*refused, *unknown), key=lambda error: error.line))


def unknown_related(taken: Sequence[Taken], known: Mapping[str, object]) -> Iterator[RowError]:
    """The rows that name related entries that are neither known nor in the file."""
    named = {one.entry.id for one in taken}
    for one in taken:
        if any(entry_id not in named and entry_id not in known for entry_id in one.entry.related):
            yield RowError(one.line, Finding(Problem.UNKNOWN_ENTRY, "related"))


def carry_out(tx: Transaction, foreseen: Foreseen, publish: bool, change: Change) -> Imported:
    """Take in what was foreseen: every text that differs becomes a draft, all in one batch.

    With publish, the versions that the file calls published or archived are named for a publication; what is
    archived and no customer gets is so at once. Raises EntryConflict, and nothing is taken, if an entry has been
    changed since it was foreseen.
    """
    versions: dict[str, int] = {}
    batch_id: str | None = None
    for row in foreseen.rows:
        head = _head(tx, row)
        versions[row.entry.id] = head.entry.version if head else 0
        fresh = _draft(row, head)
        if fresh is not None:
            batch_id = batch_id or batches.begin(tx, BatchKind.IMPORT, change)
            versions[row.entry.id] = batches.write(tx, batch_id, head, fresh, change).version
    wanted = [row for row in foreseen.changing if publish]
    return Imported(
        batch_id,
        foreseen.count(Effect.CREATED),
        foreseen.count(Effect.CHANGED),
        {row.entry.id: versions[row.entry.id] for row in wanted if row.entry.status is EntryStatus.PUBLISHED},
        {row.entry.id: versions[row.entry.id] for row in wanted if _leaves(tx, row)},
    )


def _foresee_row(taken: Taken, head: Head | None, asked: Mapping[str, Sequence[Entry]]) -> RowForeseen:
    entry = taken.entry
    twins = (one for one in asked.get(compact(entry.question), ()) if one.id != entry.id)
    if head is None:
        effect = Effect.CREATED
    elif not is_same(entry, head.entry):
        effect = Effect.CHANGED
    else:
        effect = Effect.UNCHANGED if entry.status is head.entry.status else Effect.MOVED
    standing = head.entry if head else None
    if effect is Effect.UNCHANGED or entry.status is EntryStatus.ARCHIVED:
        return RowForeseen(taken.line, entry, effect, standing)
    return RowForeseen(taken.line, entry, effect, standing, cautions(entry), next(twins, None))


def _askers(*groups: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries of each question."""
    asked: dict[str, list[Entry]] = {}
    for group in groups:
        for entry in group:
            if entry.status is not EntryStatus.ARCHIVED:
                asked.setdefault(compact(entry.question), []).append(entry)
    return asked


def _head(tx: Transaction, row: RowForeseen) -> Head | None:
    """The entry of a row, still as it was foreseen."""
    head = rows.load_head(tx, row.entry.id)
    if (head.entry if head else None) != row.standing:
        raise EntryConflict(head.entry if head else row.entry, row.entry)
    return head


def _draft(row: RowForeseen, head: Head | None) -> Entry | None:
    """What to keep at once of a row; None if nothing."""
    wanted = row.entry.status
    gone = wanted is EntryStatus.ARCHIVED and (head is None or head.published_version is None)
    if row.effect in (Effect.CREATED, Effect.CHANGED):
        return replace(row.entry, status=EntryStatus.ARCHIVED if gone else _working(wanted))
    if row.effect is Effect.MOVED and head is not None:
        if gone or (wanted is not EntryStatus.ARCHIVED and head.entry.status is EntryStatus.ARCHIVED):
            return replace(row.entry, status=wanted if gone else EntryStatus.DRAFT)
        if {wanted, head.entry.status} <= {EntryStatus.DRAFT, EntryStatus.REVIEW}:
            return replace(row.entry, status=wanted)
    return None


def _working(wanted: EntryStatus) -> EntryStatus:
    return EntryStatus.REVIEW if wanted is EntryStatus.REVIEW else EntryStatus.DRAFT


def _leaves(tx: Transaction, row: RowForeseen) -> bool:
    """Whether customers get the entry of a row now and shall not any more."""
    if row.entry.status is not EntryStatus.ARCHIVED:
        return False
    head = rows.load_head(tx, row.entry.id)
    return head is not None and head.published_version is not None
