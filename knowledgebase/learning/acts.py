"""What editors do with what customers asked: each act can be undone, and then the questions wait again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.authoring.validation import LONGEST
from knowledgebase.errors import ActionNotAllowed, EntryConflict, EntryInvalid, EntryNotFound, NothingLeft
from knowledgebase.learning.masking import MASK, mask_personal
from knowledgebase.learning.wordings import hash_of, wording_of
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.wording.text import compact
from storage.database import Row, Transaction, first, new_id

MOST_WORDINGS = 12


class ActKind(StrEnum):
    """What was done: a draft written, wordings taken in, an answer rewritten, a wording turned down, or nothing."""

    DRAFTED = "drafted"
    WORDED = "worded"
    REWRITTEN = "rewritten"
    REJECTED = "rejected"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class LearningAct:
    """An act as it is kept; entry_id and entry_version say what came of it."""

    id: str
    kind: ActKind
    entry_id: str | None
    entry_version: int | None
    agent_id: str
    at: int
    undone_at: int | None = None


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something, and when."""

    agent_id: str
    now: int
    note: str = ""

    @property
    def change(self) -> Change:
        """The same as the authoring of entries names it."""
        return Change(self.agent_id, self.now, self.note)


# --- Topics -----------------------------------------------------------------------------------------------------


def draft_entry(
    tx: Transaction, wordings: Sequence[str], answer: str, category: str, message_ids: Iterable[str], doer: Doer
) -> LearningAct:
    """A draft of the first wording as question, the others as similar ones, and this answer, personal data covered.

    Where every wording is a whole story, the beginning of the first one is the question. Raises NothingLeft if somebody
    dealt with all the questions meanwhile; EntryInvalid.
    """
    question, *similar = _distinct(wordings)[: MOST_WORDINGS + 1] or [_beginning(wordings)]
    text = mask_personal(answer).strip()[: LONGEST["answer"]]
    draft = Entry(f"asked-{new_id()}", question, text, category, tuple(similar), EntryStatus.DRAFT)
    act = _deal(tx, ActKind.DRAFTED, message_ids, doer, draft.id, 1)
    entries.create(tx, draft, doer.change)
    return act


def dismiss(tx: Transaction, message_ids: Iterable[str], doer: Doer) -> LearningAct:
    """These questions need nothing. Raises NothingLeft."""
    return _deal(tx, ActKind.DISMISSED, message_ids, doer, None, None)


def mark_rewritten(tx: Transaction, entry_id: str, message_ids: Iterable[str], doer: Doer) -> LearningAct:
    """Somebody sees to the answer that these questions disputed. Raises NothingLeft, EntryNotFound."""
    entries.get_head(tx, entry_id)
    return _deal(tx, ActKind.REWRITTEN, message_ids, doer, entry_id, None)


# --- Wordings ---------------------------------------------------------------------------------------------------


def add_wordings(
    tx: Transaction, entry_id: str, wordings: Sequence[str], message_ids: Iterable[str], doer: Doer
) -> LearningAct:
    """A draft of the entry with these wordings as similar questions, on top of its working copy.

    Raises NothingLeft; EntryNotFound, EntryInvalid, ActionNotAllowed, EntryConflict.
    """
    head = entries.get_head(tx, entry_id).entry
    known = {compact(text) for text in (head.question, *head.similar)}
    usable = _distinct(wordings)
    if not usable:
        raise EntryInvalid(f"entry {entry_id!r}: none of these wordings can be a similar question")
    fresh = [text for text in usable if compact(text) not in known]
    changed = replace(head, similar=(*head.similar, *fresh))
    version = entries.edit(tx, changed, head.version, doer.change).version if fresh else None
    return _deal(tx, ActKind.WORDED, message_ids, doer, entry_id, version)


def reject_wording(tx: Transaction, entry_id: str, wording: str, message_ids: Iterable[str], doer: Doer) -> LearningAct:
    """This wording is not offered for this entry again. Raises NothingLeft."""
    act = _deal(tx, ActKind.REJECTED, message_ids, doer, entry_id, None)
    tx.change(
        "INSERT INTO rejected_wording (entry_id, wording_hash, act_id) VALUES (:entry_id, :hash, :act_id)"
        " ON CONFLICT (entry_id, wording_hash) DO NOTHING",
        {"entry_id": entry_id, "hash": hash_of(wording), "act_id": act.id},
    )
    return act


def rejected(tx: Transaction) -> frozenset[tuple[str, str]]:
    """Entry and hash_of() of each wording that is not to be offered."""
    rows = tx.execute("SELECT entry_id, wording_hash FROM rejected_wording ORDER BY entry_id, wording_hash")
    return frozenset((row["entry_id"], row["wording_hash"]) for row in rows)


# --- Back again -------------------------------------------------------------------------------------------------


def undo(tx: Transaction, act_id: str, doer: Doer) -> bool:
    """Take an act back: its questions wait again, and what it made of an entry is undone if nobody went on with it.

    False, and nothing is done, for an act that is not there or was undone before.
    """
    act = get_act(tx, act_id)
    undone = tx.change(
        "UPDATE learning_act SET undone_at = :now WHERE id = :id AND undone_at IS NULL",
        {"now": doer.now, "id": act_id},
    )
    if act is None or not undone:
        return False
    tx.change("UPDATE asked_question SET act_id = NULL WHERE act_id = :id", {"id": act_id})
    tx.change("UPDATE edited_answer SET act_id = NULL WHERE act_id = :id", {"id": act_id})
    tx.change("DELETE FROM rejected_wording WHERE act_id = :id", {"id": act_id})
    _take_back(tx, act, doer)
    return True


def get_act(tx: Transaction, act_id: str) -> LearningAct | None:
    """The act of this id, or None."""
    row = first(
        tx.execute(
            "SELECT id, kind, entry_id, entry_version, agent_id, at, undone_at FROM learning_act WHERE id = :id",
            {"id": act_id},
        )
    )
    return None if row is None else _act(row)


def recent(tx: Transaction, since: int, limit: int) -> list[LearningAct]:
    """The newest acts since then that stand, newest first."""
    rows = tx.execute(
        "SELECT id, kind, entry_id, entry_version, agent_id, at, undone_at FROM learning_act"
        " WHERE at > :since AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT :limit",
        {"since": since, "limit": limit},
    )
    return [_act(row) for row in rows]


def _take_back(tx: Transaction, act: LearningAct, doer: Doer) -> None:
    """Undo what the act made of its entry, if that is still how the entry stands."""
    if act.entry_id is None or act.kind not in (ActKind.DRAFTED, ActKind.WORDED):
        return
    try:
        head = entries.get_head(tx, act.entry_id)
        if head.entry.version != act.entry_version or head.entry.status is not EntryStatus.DRAFT:
            return
        if act.kind is ActKind.DRAFTED:
            entries.archive(tx, act.entry_id, head.entry.version, None, doer.agent_id, doer.now)
        elif head.published_version == head.entry.version - 1:
            entries.discard(tx, act.entry_id, head.entry.version, doer.change)
        else:
            before = entries.get_entry(tx, act.entry_id, head.entry.version - 1)
            entries.edit(tx, before, head.entry.version, doer.change)
    except (EntryNotFound, EntryConflict, ActionNotAllowed):
        return


def _deal(
    tx: Transaction,
    kind: ActKind,
    message_ids: Iterable[str],
    doer: Doer,
    entry_id: str | None,
    entry_version: int | None,
) -> LearningAct:
    """Keep an act and give it those of the questions with which nobody has dealt yet."""
    act = LearningAct(new_id(), kind, entry_id, entry_version, doer.agent_id, doer.now)
    keep_act(tx, act)
    taken = [
        tx.change(
            "UPDATE asked_question SET act_id = :act_id WHERE message_id = :message_id AND act_id IS NULL",
            {"act_id": act.id, "message_id": message_id},
        )
        for message_id in dict.fromkeys(message_ids)
    ]
    if not any(taken):
        raise NothingLeft("somebody has dealt with these questions meanwhile")
    return act


def keep_act(tx: Transaction, act: LearningAct) -> None:
    """Keep an act."""
    tx.change(
        "INSERT INTO learning_act (id, kind, entry_id, entry_version, agent_id, at)"
        " VALUES (:id, :kind, :entry_id, :entry_version, :agent_id, :at)",
        {
            "id": act.id,
            "kind": act.kind.value,
            "entry_id": act.entry_id,
            "entry_version": act.entry_version,
            "agent_id": act.agent_id,
            "at": act.at,
        },
    )


def _distinct(wordings: Sequence[str]) -> list[str]:
    """The wordings that can be similar questions, each once, in their order."""
    distinct: dict[str, str] = {}
    for text in map(wording_of, wordings):
        if text:
            distinct.setdefault(compact(text), text)
    return list(distinct.values())


def _beginning(wordings: Sequence[str]) -> str:
    """What a question of an entry may hold of the first text; empty without any."""
    told = "".join(wordings[:1]).replace(MASK, " ")
    return " ".join(told.split())[: LONGEST["question"]].rstrip()


def _act(row: Row) -> LearningAct:
    return LearningAct(**{**row, "kind": ActKind(row["kind"])})
