"""Questions whose right answer is known without anyone labelling them, made from the entries themselves.

A similar question is left out and asked: its entry is right. A whole entry is left out and its questions are
asked: nothing is right, though everything looks near. Other topics are asked as they are: nothing is right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from knowledgebase.model import Entry

FOLDS = 8
ASKED_OF_TAKEN_OUT = 4
ASKED_OF_THINNED = 2
ASKED_OF_FEW = 90


@dataclass(frozen=True, slots=True)
class Question:
    """An utterance and the ids that are right for it; none when nothing in the knowledge base answers it."""

    utterance: str
    expected: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """Questions to ask of a knowledge base of these entries."""

    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]


def leave_out(entries: Sequence[Entry]) -> Iterator[Trial]:
    """FOLDS trials; together they ask most similar questions once and take every entry out once."""
    for fold in range(FOLDS):
        kept: list[Entry] = []
        questions: list[Question] = []
        for place, entry in enumerate(entries):
            if place % FOLDS == fold:
                texts = (entry.question, *entry.similar)[:ASKED_OF_TAKEN_OUT]
                questions += [Question(text, frozenset()) for text in texts]
                continue
            asked = (fold + place) % FOLDS
            if asked < len(entry.similar):
                questions.append(Question(entry.similar[asked], frozenset((entry.id,))))
            kept.append(replace(entry, similar=entry.similar[:asked] + entry.similar[asked + 1 :]))
        yield Trial(tuple(kept), tuple(questions))


def thin_out(entries: Sequence[Entry], similar: int, answers: bool) -> Iterator[Trial]:
    """Trials as a poorer knowledge base would give them: few similar questions each, and maybe no answers."""
    for turn in range(4):
        kept: list[Entry] = []
        questions: list[Question] = []
        for place, entry in enumerate(entries):
            order = _turned(entry.similar, 3 * turn + place)
            poorer = replace(entry, similar=order[:similar], answer=entry.answer if answers else "")
            kept.append(poorer)
            asked = order[similar : similar + ASKED_OF_THINNED]
            questions += [Question(text, frozenset((entry.id,))) for text in asked]
        yield Trial(tuple(kept), tuple(questions))


def pick_few(entries: Sequence[Entry], size: int, others: Sequence[Question]) -> Iterator[Trial]:
    """Trials as a young knowledge base would give them: size entries; nothing answers the other entries' questions.

    Asks what leave_out would, a few wordings of entries far away, and a part of the others.
    """
    for turn in range(ASKED_OF_FEW // size):
        chosen = [entries[(turn * size + step) * 7 % len(entries)] for step in range(size)]
        ids = {entry.id for entry in chosen}
        kept = [replace(entry, similar=entry.similar[1:]) for entry in chosen]
        asked = [Question(entry.similar[0], frozenset((entry.id,))) for entry in chosen if entry.similar]
        strangers = [entry for entry in entries[turn::61] if entry.id not in ids]
        asked += [Question(text, frozenset()) for entry in strangers for text in entry.similar[:2]]
        yield Trial(tuple(kept), (*asked, *others[turn :: ASKED_OF_FEW // size]))


def _turned(texts: tuple[str, ...], by: int) -> tuple[str, ...]:
    start = by % len(texts) if texts else 0
    return texts[start:] + texts[:start]
