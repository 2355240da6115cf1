"""Wordings that a customer or an agent has confirmed, offered as similar questions of an entry. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from knowledgebase.learning.asked import AskedQuestion, given_entry
from knowledgebase.learning.masking import MASK
from knowledgebase.model import Entry, Match
from knowledgebase.wording.text import compact

# A longer one tells a story; it would make everything near that shares a word with it.
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """A wording for an entry. questions: those that confirm it, newest first. nearer: the match of another entry
    that is surer than that of this one: taken in, the two would compete."""

    entry_id: str
    wording: str
    questions: tuple[AskedQuestion, ...]
    nearer: Match | None

    @property
    def by_agent(self) -> bool:
        """Whether an agent said so, and not only customers."""
        return any(one.corrected_entry_id == self.entry_id for one in self.questions)


def offers(
    questions: Iterable[AskedQuestion],
    entries: Mapping[str, Entry],
    found: Mapping[str, Sequence[Match]],
    rejected: frozenset[tuple[str, str]],
) -> list[Offer]:
    """What is offered, the best confirmed first.

    entries: the working copies that may get wordings. found: the matches of each question's text. rejected: entry
    and hash_of() of what is not to be offered. A wording that an entry has already is not offered to it.
    """
    confirmed: dict[tuple[str, str], list[AskedQuestion]] = {}
    for question in questions:
        entry_id, wording = confirmed_entry(question), wording_of(question.text)
        if entry_id is not None and entry_id in entries and wording and (entry_id, hash_of(wording)) not in rejected:
            confirmed.setdefault((entry_id, compact(wording)), []).append(question)
    fresh = [
        _offer(entry_id, asked, found)
        for (entry_id, key), asked in confirmed.items()
        if key not in {compact(text) for text in (entries[entry_id].question, *entries[entry_id].similar)}
    ]
    return sorted(fresh, key=lambda one: (one.nearer is not None, -len(one.questions), one.entry_id, one.wording))


def confirmed_entry(question: AskedQuestion) -> str | None:
    """The entry that answers the question by somebody's word, if nobody has dealt with that yet."""
    if question.act_id is not None:
        return None
    if question.corrected_entry_id is not None:
        return question.corrected_entry_id
    return given_entry(question) if question.solved else None


def wording_of(text: str) -> str:
    """The text as a similar question: one line, without what was covered; empty if that is none or too long."""
    bare = " ".join(text.replace(MASK, " ").split())
    return bare if compact(bare) and len(bare) <= LONGEST else ""


def hash_of(wording: str) -> str:
    """What is kept of a rejected wording."""
    return sha256(compact(wording).encode()).hexdigest()


def _offer(entry_id: str, asked: list[AskedQuestion], found: Mapping[str, Sequence[Match]]) -> Offer:
    asked = sorted(asked, key=lambda one: (-one.asked_at, one.message_id))
    matches = found.get(asked[0].text, ())
    nearer = matches[0] if matches and matches[0].entry.id != entry_id else None
    return Offer(entry_id, wording_of(asked[0].text), tuple(asked), nearer)
