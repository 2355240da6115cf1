"""Questions whose right answer is known without anyone labelling them, made from the entries themselves.

A similar question is left out and asked: its entry is right. A whole entry is left out and its questions are
asked: nothing is right, though everything looks near. Other topics are asked as they are: nothing is right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from knowledgebase.model import Entry
from knowledgebase.wording.text import DATA

FOLDS = 8
ASKED_OF_TAKEN_OUT = 4
ASKED_OF_THINNED = 2
ASKED_OF_FEW = 90
# Of a large knowledge base fewer are built: each costs what publishing costs.
LARGE = 600
FOLDS_OF_LARGE = 2
SAMPLED = 400
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """An utterance and the ids that are right for it; none when nothing in the knowledge base answers it.

    near: it is known to be one of a taken-out entry.
    """

    utterance: str
    expected: frozenset[str]
    near: bool = False


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
                questions += [Question(text, frozenset(), near=True) for text in texts]
                continue
            asked = (fold + place) % FOLDS
            if asked < len(entry.similar):
                questions.append(Question(entry.similar[asked], frozenset((entry.id,))))
            kept.append(replace(entry, similar=entry.similar[:asked] + entry.similar[asked + 1 :]))
        yield Trial(tuple(kept), tuple(questions))


def sample(entries: Sequence[Entry]) -> Iterator[Trial]:
    """Trials like those of leave_out with at most SAMPLED questions of each kind in all, and the other topics."""
    few = len(entries) <= LARGE
    folds = FOLDS if few else FOLDS_OF_LARGE
    most = SAMPLED // folds
    for fold, trial in enumerate(leave_out(entries) if few else _leave_out_of_many(entries)):
        left_out = [question for question in trial.questions if question.expected]
        taken_out = [question for question in trial.questions if not question.expected]
        yield Trial(trial.entries, (*_spread(left_out, most), *_spread(taken_out, most), *other_topics()[fold::folds]))


def other_topics() -> list[Question]:
    """Phrases that no service knowledge base answers."""
    lines = (DATA / "other_topics.txt").read_text(encoding="utf-8").splitlines()
    return [Question(line, frozenset()) for line in lines if line and not line.startswith("#")]


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


def _leave_out_of_many(entries: Sequence[Entry]) -> Iterator[Trial]:
    """As leave_out, in few trials that leave out few: so the others stay as rich as they are."""
    for fold in range(FOLDS_OF_LARGE):
        taken = entries[fold::FOLDS]
        questions = [
            Question(text, frozenset(), near=True)
            for entry in taken
            for text in (entry.question, *entry.similar)[:ASKED_OF_TAKEN_OUT]
        ]
        kept = {entry.id: entry for place, entry in enumerate(entries) if place % FOLDS != fold}
        holders = [entry for entry in kept.values() if entry.similar][fold::FOLDS_OF_LARGE]
        for place, entry in enumerate(_spread(holders, SAMPLED // FOLDS_OF_LARGE)):
            asked = place % len(entry.similar)
            questions.append(Question(entry.similar[asked], frozenset((entry.id,))))
            kept[entry.id] = replace(entry, similar=entry.similar[:asked] + entry.similar[asked + 1 :])
        yield Trial(tuple(kept.values()), tuple(questions))


def _spread(those: Sequence[T], most: int) -> list[T]:
    """At most so many of them, in order, at even distances."""
    if len(those) <= most:
        return list(those)
    return [those[place * len(those) // most] for place in range(most)]


def _turned(texts: tuple[str, ...], by: int) -> tuple[str, ...]:
    start = by % len(texts) if texts else 0
    return texts[start:] + texts[:start]
