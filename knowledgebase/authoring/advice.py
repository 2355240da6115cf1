"""What somebody who writes an entry should know about its questions: whose they are already, which come twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledgebase.model import Entry, Match
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import compact


class Hint(StrEnum):
    """TAKEN: another entry has this very question. NEARER: the matcher finds another entry for it.
    DOUBLED: the entry says it more than once.
    """

    TAKEN = "taken"
    NEARER = "nearer"
    DOUBLED = "doubled"


@dataclass(frozen=True, slots=True)
class Advice:
    """About one question of an entry: place 0 is the question itself, 1 the first similar question, and so on.

    other is the entry that stands in the way, wording its question that is nearest, confidence how sure the
    matcher is of it.
    """

    place: int
    text: str
    hint: Hint
    other: Entry | None = None
    wording: str = ""
    confidence: float = 0.0


def advise(base: KnowledgeBase, entry_id: str, questions: Sequence[str], least: float) -> list[Advice]:
    """What to say about these questions of an entry, by the knowledge base in force, in their order.

    least: how sure the matcher has to be of another entry for it to stand in the way.
    """
    return list(_advise(base, entry_id, questions, least))


def _advise(base: KnowledgeBase, entry_id: str, questions: Sequence[str], least: float) -> Iterator[Advice]:
    seen: set[str] = set()
    for place, text in enumerate(questions):
        bare = compact(text)
        if not bare:
            continue
        if bare in seen:
            yield Advice(place, text, Hint.DOUBLED)
            continue
        seen.add(bare)
        found = base.search(text, 1)
        if found and found[0].entry.id != entry_id and found[0].confidence >= least:
            yield _in_the_way(place, text, bare, found[0])


def _in_the_way(place: int, text: str, bare: str, match: Match) -> Advice:
    verbatim = bare in {compact(wording) for wording in (match.entry.question, *match.entry.similar)}
    hint = Hint.TAKEN if verbatim else Hint.NEARER
    return Advice(place, text, hint, match.entry, match.wording, match.confidence)
