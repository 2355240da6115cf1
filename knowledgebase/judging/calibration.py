"""Fits confidence and thresholds to the entries at hand, from questions made of these entries (trials.py).

A question left out, an entry taken out and another topic stand for what customers ask, mixed as SHARES says. The
shipped log-odds are stretched and shifted (Platt, "Probabilistic outputs for support vector machines", 1999),
held to the shipped ones by a penalty that counts like so many trials. The answer threshold is the lowest at which
the mean confidence of what would be answered is the precision wanted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.vectors import Vectors
from knowledgebase.errors import CalibrationAbandoned
from knowledgebase.judging.familiar import likeness, sketch
from knowledgebase.judging.meaning import by_meaning
from knowledgebase.judging.odds import chance_of, log_odds
from knowledgebase.judging.trials import Question, Trial, sample
from knowledgebase.matching.confidence import Weights, confidence, rank, signs
from knowledgebase.matching.match import Matcher
from knowledgebase.model import Entry, Thresholds
from knowledgebase.wording.text import Vocabulary

Floats = NDArray[np.float64]
# The shipped confidence, whether the first match is right, whether one of three is.
Outcome = tuple[float, bool, bool]
PRECISION = 0.97
# Of twenty questions eleven have an entry, and five are about something near that has none.
SHARES = (0.55, 0.25, 0.2)
# The precisions that can be chosen among without asking anything anew.
CHOICES = tuple(percent / 1000 for percent in range(800, 1000, 5))
# What is known without any trial counts like so many of them, for the stretch and for the shift.
HELD = (20.0, 5.0)
MOST_LEFT_OUT = 100
# Few left-out questions still come with many of other kinds: each lets so many count, up to the most.
LEFT_OUT_COUNTS = 4
ENOUGH = 40
# Above this the shipped confidence, fitted to real questions for these entries, knows better than trials.
KNOWN = 0.9
HELPFUL = 0.6
# No answer is given that is more likely wrong, and a known wording is always answered.
LOWEST, HIGHEST = 0.5, 0.99
# Where hardly anything is uncertain a whole step of Newton's method would leap over the best place.
FARTHEST_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a calibration rests on: questions asked of each kind, and how like the entries are to those that the
    shipped confidence was fitted to with labelled questions (0 to 1)."""

    left_out: int = 0
    taken_out: int = 0
    other_topics: int = 0
    familiar: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What wanting this precision comes to; answered is the share of what customers ask that would be answered,
    None where no trial tells."""

    precision: float
    thresholds: Thresholds
    answered: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a knowledge base was calibrated to.

    enough: whether the evidence carried it; without, thresholds are the more careful of shipped and own: fewer
    answers and more asking back. slope and shift apply to the shipped log-odds. choices: what each of CHOICES
    would come to.
    """

    evidence: Evidence
    precision_wanted: float
    thresholds: Thresholds
    enough: bool
    slope: float = 1.0
    shift: float = 0.0
    choices: tuple[Choice, ...] = ()

    def choice_for(self, precision: float) -> Choice:
        """What wanting this precision comes to; between two of CHOICES the more careful one."""
        careful = [choice for choice in self.choices if choice.precision >= precision - 1e-9]
        return careful[0] if careful else Choice(self.precision_wanted, self.thresholds)

    def thresholds_for(self, precision: float) -> Thresholds:
        """The thresholds for a precision, by the same evidence."""
        return self.thresholds if precision == self.precision_wanted else self.choice_for(precision).thresholds

    def recalibrated(self, shipped: float) -> float:
        """The confidence here for a shipped one; a higher one stays higher."""
        if (self.slope, self.shift) == (1.0, 0.0):
            return shipped
        return chance_of(self.slope * log_odds(shipped) + self.shift)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked: shipped log-odds, whether the first is right, whether one of three is, what each counts."""

    log_odds: Floats
    right: Floats
    helpful: Floats
    importance: Floats


def uncalibrated(weights: Weights, precision: float = PRECISION) -> Calibration:
    """What holds before any trial: the shipped confidence, and its thresholds moved to the precision wanted."""
    return Calibration(
        Evidence(), precision, _shipped_thresholds(weights, precision), enough=False, choices=_shipped_choices(weights)
    )


def calibrate(
    entries: Sequence[Entry],
    vocabulary: Vocabulary,
    weights: Weights,
    precision: float = PRECISION,
    abandoned: Callable[[], bool] = lambda: False,
    known: Matcher | None = None,
    vectors: Vectors | None = None,
) -> Calibration:
    """The calibration of these entries to this precision; the same entries give the same one.

    known: their matcher, if there is one; what it has read is not read again. vectors: those of its wordings and of
    everyday texts, if they are found by meaning too.

    Asks a bounded number of questions. Before each it asks abandoned whether anyone still wants to know, and
    raises CalibrationAbandoned if not.
    """
    familiar = likeness(sketch(entries), weights.provenance.get("sketch", ()))
    if familiar >= KNOWN:
        evidence, thresholds = Evidence(familiar=familiar), _shipped_thresholds(weights, precision)
        return Calibration(evidence, precision, thresholds, enough=True, choices=_shipped_choices(weights))
    trials = _Trials(vocabulary, weights, abandoned, known, vectors)
    for trial in sample(entries):
        trials.ask(trial)
    return _fit(trials.kinds, familiar, weights, precision)


class _Trials:
    """Asks trials and keeps what came of them: left out, taken out, other topics."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        weights: Weights,
        abandoned: Callable[[], bool],
        known: Matcher | None,
        vectors: Vectors | None,
    ) -> None:
        self.kinds: tuple[list[Outcome], ...] = ([], [], [])
        self._vocabulary = vocabulary
        self._weights = weights
        self._abandoned = abandoned
        self._known = known
        self._vectors = vectors

    def ask(self, trial: Trial) -> None:
        """Ask every question of a trial."""
        if self._abandoned():
            raise CalibrationAbandoned("these entries are no longer in force")
        matcher = self._matcher(trial.entries)
        for question in trial.questions:
            if self._abandoned():
                raise CalibrationAbandoned("these entries are no longer in force")
            kind = 0 if question.expected else 1 if question.near else 2
            self.kinds[kind].append(self._outcome(matcher, trial.entries, question))

    def _matcher(self, entries: tuple[Entry, ...]) -> Matcher:
        encoder = shipped_encoder() if self._known is None else self._known.encoder
        matcher = Matcher(entries, self._vocabulary, known=self._known, encoder=encoder)
        return matcher if self._vectors is None else by_meaning(matcher, entries, self._vectors)

    def _outcome(self, matcher: Matcher, entries: tuple[Entry, ...], question: Question) -> Outcome:
        """The shipped confidence, whether the first match is right, whether one of three is."""
        vector = None if self._vectors is None else self._vectors.of([question.utterance])[0]
        candidates = matcher.candidates(question.utterance, vector)
        if not len(candidates.entries):
            return 0.0, False, False
        ranking = rank(candidates, self._weights.ranking)
        best = [entries[candidates.entries[row]].id in question.expected for row in ranking.rows[:3]]
        return confidence(signs(candidates, ranking), self._weights), best[0], any(best)


def _fit(kinds: Sequence[list[Outcome]], familiar: float, weights: Weights, precision: float) -> Calibration:
    left_out, taken_out, others = (len(kind) for kind in kinds)
    evidence = Evidence(left_out, taken_out, others, familiar)
    enough = left_out >= ENOUGH and taken_out >= ENOUGH
    if not left_out:
        shipped = _shipped_thresholds(weights, precision)
        return Calibration(evidence, precision, shipped, enough, choices=_shipped_choices(weights))
    trials = min(LEFT_OUT_COUNTS * left_out, MOST_LEFT_OUT) / SHARES[0] * (1 - familiar)
    asked = _mixed(kinds)
    slope, shift = _stretch(asked, trials)
    carried = Calibration(evidence, precision, _shipped_thresholds(weights, precision), enough, slope, shift)

    def chosen(wanted: float) -> Thresholds:
        shipped = _shipped_thresholds(weights, wanted)
        shipped = Thresholds(carried.recalibrated(shipped.answer), carried.recalibrated(shipped.clarify))
        own = _own_thresholds(asked, slope, shift, wanted)
        blended = Thresholds(
            _between(own.answer, shipped.answer, familiar), _between(own.clarify, shipped.clarify, familiar)
        )
        return _rounded(blended if enough else _more_careful(blended, shipped))

    found = [(wanted, chosen(wanted)) for wanted in CHOICES]
    choices = tuple(Choice(wanted, each, _answered(asked, slope, shift, each.answer)) for wanted, each in found)
    return Calibration(evidence, precision, chosen(precision), enough, slope, shift, choices)


def _mixed(kinds: Sequence[list[Outcome]]) -> _Asked:
    """All outcomes that found something, each kind counting as much as its share of what customers ask."""
    rows = [
        (log_odds(sure), right, helpful, share / len(kind))
        for kind, share in zip(kinds, SHARES, strict=True)
        for sure, right, helpful in kind
        if sure
    ]
    return _Asked(*np.array(rows, float).reshape(len(rows), 4).T)


def _stretch(asked: _Asked, trials: float) -> tuple[float, float]:
    """Slope and shift of the log-odds by Newton's method, when all that was asked counts like so many trials.

    The slope is not below 1: what trials get wrong at high confidence is mostly an entry's sibling, which says
    more about the entries' wordings than about customers.
    """
    design = np.column_stack((asked.log_odds, np.ones(len(asked.log_odds))))
    found = _newton(design, asked.right, asked.importance * trials, np.array(HELD))
    if found[0] < 1:
        found = _newton(design, asked.right, asked.importance * trials, np.array((1e9, HELD[1])))
    return float(max(found[0], 1.0)), float(found[1])


def _newton(design: Floats, right: Floats, importance: Floats, held: Floats) -> Floats:
    start = np.array((1.0, 0.0))
    found = start
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        gradient = design.T @ (importance * (right - chance)) - held * (found - start)
        curvature = (design * (importance * chance * (1 - chance))[:, None]).T @ design + np.diag(held)
        step = np.linalg.solve(curvature, gradient)
        found = found + step * min(1.0, FARTHEST_STEP / max(float(np.abs(step).max()), 1e-9))
        if np.abs(step).max() < 1e-6:
            break
    return found


def _answered(asked: _Asked, slope: float, shift: float, threshold: float) -> float:
    """The share of what customers ask that is at least so sure."""
    sure = 1 / (1 + np.exp(-(slope * asked.log_odds + shift)))
    return round(float(asked.importance[sure >= threshold].sum()), 4)


def _own_thresholds(asked: _Asked, slope: float, shift: float, precision: float) -> Thresholds:
    """The lowest confidence at which answers are expected to be right, and asking back to be worth it."""
    sure = 1 / (1 + np.exp(-(slope * asked.log_odds + shift)))
    answer = max(lowest_threshold(sure, sure, asked.importance, precision), LOWEST)
    unsure = sure < answer
    clarify = lowest_threshold(sure[unsure], asked.helpful[unsure], asked.importance[unsure], HELPFUL)
    return Thresholds(min(answer, HIGHEST), min(answer, clarify, HIGHEST))


def lowest_threshold(sure: Floats, worth: Floats, importance: Floats, share: float) -> float:
    """The lowest confidence so that those at or above it are worth this share on average; 1 if there is none."""
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum((worth * importance)[order]) / np.cumsum(importance[order])
    good = np.flatnonzero(shares >= share)
    return float(sure[order[good[-1]]]) if len(good) else 1.0


def _shipped_thresholds(weights: Weights, precision: float) -> Thresholds:
    """The shipped thresholds, fitted for PRECISION, moved as far as the precision wanted is from that."""
    answer = min(chance_of(log_odds(weights.thresholds.answer) + log_odds(precision) - log_odds(PRECISION)), HIGHEST)
    return _rounded(Thresholds(answer, min(weights.thresholds.clarify, answer)))


def _shipped_choices(weights: Weights) -> tuple[Choice, ...]:
    return tuple(Choice(wanted, _shipped_thresholds(weights, wanted)) for wanted in CHOICES)


def _more_careful(own: Thresholds, shipped: Thresholds) -> Thresholds:
    """Answer only where both would, ask back where either would."""
    return Thresholds(max(own.answer, shipped.answer), min(own.clarify, shipped.clarify))


def _rounded(thresholds: Thresholds) -> Thresholds:
    return Thresholds(round(thresholds.answer, 3), round(thresholds.clarify, 3))


def _between(own: float, shipped: float, familiar: float) -> float:
    return chance_of((1 - familiar) * log_odds(own) + familiar * log_odds(shipped))
