"""Fits the shipped weights and thresholds: ``python -m knowledgebase.judging.fit --entries KB --questions LABELLED``.

The order of candidates is learnt from the entries alone (trials.py). The confidence is learnt from labelled
questions, other topics and, with little weight, the trials, so that it does not hang on one knowledge base's
shape. Thresholds are read off labelled questions that the confidence had not seen (cross-validation). Nothing
here is random: the same files give the same weights.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from knowledgebase.judging.familiar import sketch
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.trials import Question, Trial, leave_out, other_topics, pick_few, thin_out
from knowledgebase.matching import confidence as model
from knowledgebase.matching.match import FEATURES, Candidates, Matcher
from knowledgebase.model import Entry, Thresholds
from knowledgebase.wording.text import shipped_vocabulary

Floats = NDArray[np.float64]
RANKING_PENALTY = 3.0
CONFIDENCE_PENALTY = 0.5
IMPORTANCE = {"labelled": 1.0, "other topics": 0.5, "left out": 0.03, "thinned": 0.03, "few": 0.2}
PARTS = 5
HELPFUL = 0.7
AGAINST = frozenset(name for name in FEATURES if name.endswith(("_conflict", "_only_here", "_of_question")))
OPPOSING = AGAINST | {"opposite", "length"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was asked: what was found and which rows of it are right."""

    candidates: Candidates
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Many questions after ranking: signs of each winner, whether it is right, whether one of three is."""

    signs: Floats
    right: Floats
    helpful: Floats


def fit(entries: Sequence[Entry], labelled: Sequence[Question], precision: float) -> model.Weights:
    """Weights and thresholds for these entries; precision is the share of automatic answers to be right."""
    asked = {
        "left out": _ask_all(leave_out(entries)),
        "thinned": _ask_all(_thinned(entries)),
        "few": _ask_all(_few(entries)),
        "labelled": _ask_all([Trial(tuple(entries), tuple(labelled))]),
        "other topics": _ask_all([Trial(tuple(entries), tuple(other_topics()))]),
    }
    ranking = _fit_ranking([*asked["left out"], *asked["thinned"]])
    outcomes = {source: _outcomes(those, ranking) for source, those in asked.items()}
    weights, intercept = _fit_confidence(outcomes)
    return model.Weights(
        ranking=ranking,
        confidence=weights,
        intercept=intercept,
        thresholds=_thresholds(outcomes, precision),
        provenance={
            "entries": len(entries),
            "questions": {source: len(those.right) for source, those in outcomes.items()},
            "precision": precision,
            "sketch": sketch(entries),
        },
    )


def _ask_all(trials: Iterable[Trial]) -> list[Asked]:
    """Ask every question of every trial; one that finds nothing teaches nothing and is left out."""
    asked = []
    for trial in trials:
        matcher = Matcher(trial.entries, shipped_vocabulary())
        for question in trial.questions:
            candidates = matcher.candidates(question.utterance)
            ids = [trial.entries[place].id for place in candidates.entries]
            if ids:
                asked.append(Asked(candidates, np.array([each in question.expected for each in ids])))
    return asked


def _thinned(entries: Sequence[Entry]) -> Iterator[Trial]:
    for similar in (0, 2):
        for answers in (True, False):
            yield from thin_out(entries, similar, answers)


def _few(entries: Sequence[Entry]) -> Iterator[Trial]:
    for size in (3, 10, 30):
        yield from pick_few(entries, size, other_topics())


def _fit_ranking(asked: Sequence[Asked]) -> Floats:
    """Ranking weights, those of likenesses not below 0 and those of contradictions not above it."""
    direction = np.array([-1.0 if name in OPPOSING else 1.0 for name in FEATURES])
    tasks = [
        (each.candidates.features * direction, int(np.argmax(each.right)))
        for each in asked
        if each.right.sum() == 1 and len(each.right) > 1
    ]
    found: Floats = model.fit_ranking(tasks, RANKING_PENALTY) * direction
    return found


def _outcomes(asked: Sequence[Asked], ranking: Floats) -> Outcomes:
    ranked = [(each, model.rank(each.candidates, ranking)) for each in asked]
    return Outcomes(
        signs=np.array([model.signs(each.candidates, order) for each, order in ranked]),
        right=np.array([float(each.right[order.rows[0]]) for each, order in ranked]),
        helpful=np.array([float(each.right[order.rows[:3]].any()) for each, order in ranked]),
    )


def _fit_confidence(outcomes: dict[str, Outcomes]) -> tuple[Floats, float]:
    return model.fit_confidence(
        found=np.concatenate([those.signs for those in outcomes.values()]),
        right=np.concatenate([those.right for those in outcomes.values()]),
        importance=np.concatenate(
            [np.full(len(those.right), IMPORTANCE[source]) for source, those in outcomes.items()]
        ),
        penalty=CONFIDENCE_PENALTY,
    )


def _thresholds(outcomes: dict[str, Outcomes], precision: float) -> Thresholds:
    """The lowest confidence for an answer at this precision, and for asking back, on the labelled questions."""
    labelled = outcomes["labelled"]
    sure = np.zeros(len(labelled.right))
    for part in range(PARTS):
        held_out = np.arange(len(sure)) % PARTS == part
        rest = Outcomes(labelled.signs[~held_out], labelled.right[~held_out], labelled.helpful[~held_out])
        weights, intercept = _fit_confidence({**outcomes, "labelled": rest})
        sure[held_out] = 1 / (1 + np.exp(-(labelled.signs[held_out] @ weights + intercept)))
    answer = lowest_threshold(sure, labelled.right, precision)
    unsure = sure < answer
    clarify = min(lowest_threshold(sure[unsure], labelled.helpful[unsure], HELPFUL), answer)
    return Thresholds(answer=round(answer, 3), clarify=round(clarify, 3))


def lowest_threshold(sure: Floats, right: Floats, precision: float) -> float:
    """The lowest confidence so that of those at or above it this share is right; above all if there is none."""
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= precision)
    return float(sure[order[good[-1]]]) if len(good) else 1.0


@click.command()
@click.option("--entries", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--questions", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--precision", default=0.98, show_default=True, help="share of automatic answers to be right")
@click.option("--output", type=click.Path(path_type=Path), default=model.SHIPPED, show_default=True)
def main(entries: Path, questions: Path, precision: float, output: Path) -> None:
    """Fit weights and thresholds from entries and labelled questions and write them."""
    weights = fit(read_known(entries), read_questions(questions), precision)
    model.write_weights(output, weights)
    click.echo(f"{output}: answer at {weights.thresholds.answer}, clarify at {weights.thresholds.clarify}")


if __name__ == "__main__":
    main()
