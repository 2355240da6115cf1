"""From features to an order of the candidates and to the probability that the first one is right.

Both are logistic: the order is a conditional logit over the candidates of one utterance, the confidence a
logistic regression over what is known about the winner (its own features, its lead, how much of the utterance
the knowledge base has never seen). Both are fitted by Newton's method with a quadratic penalty.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledgebase.errors import WeightsInvalid
from knowledgebase.matching.match import FEATURES, Candidates
from knowledgebase.model import Thresholds

Floats = NDArray[np.float64]
DATA = Path(__file__).parent.parent / "data"
SHIPPED = DATA / "weights.json"
SEMANTIC = DATA / "weights-semantic.json"
MOST = 8.0
TASKS_AT_ONCE = 1_000
WINNER = (
    "characters",
    "words",
    "ratio",
    "sound_ratio",
    "words_of_wording",
    "entry_characters",
    "entry_words",
    "characters_of_query",
    "words_of_query",
    "entry_characters_of_query",
    "entry_words_of_query",
    "answer_words",
    "theme_broad",
    "theme_fine",
    "pieces",
    "pieces_of_entry",
    "meaning",
    "meaning_of_entry",
    "amount_conflict",
    "code_conflict",
    "denial_conflict",
    "opposite",
    "kind_conflict",
)
SIGNS = (
    "share",
    "lead",
    "score",
    "unseen_characters",
    "unseen_words",
    "agreement",
    "short",
    "pieces_lead",
    "meaning_lead",
    *WINNER,
)


@dataclass(frozen=True, slots=True)
class Weights:
    """What fitting found. ranking: one weight for each of FEATURES; confidence: one for each of SIGNS."""

    ranking: Floats
    confidence: Floats
    intercept: float
    thresholds: Thresholds
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates in order, best first: their rows, raw scores, and shares that add up to 1."""

    rows: NDArray[np.intp]
    scores: Floats
    shares: Floats


def rank(candidates: Candidates, ranking: Floats) -> Ranking:
    """The candidates in the order of their weighted features; equal ones keep the order of the entries."""
    scores = candidates.features @ ranking
    rows = np.argsort(-scores, kind="stable")
    ordered = scores[rows]
    powers = np.exp(ordered - ordered[0]) if len(ordered) else ordered
    return Ranking(rows, ordered, powers / powers.sum() if len(ordered) else powers)


def signs(candidates: Candidates, ranking: Ranking) -> Floats:
    """What speaks for the winner being right, in the order of SIGNS."""
    features = candidates.features
    winner = ranking.rows[0]
    share = float(np.clip(ranking.shares[0], 1e-4, 1 - 1e-4))
    lead = float(ranking.scores[0] - ranking.scores[1]) if len(ranking.scores) > 1 else MOST
    return np.array(
        (
            math.log(share / (1 - share)),
            min(lead, MOST),
            min(float(ranking.scores[0]), 3 * MOST) / MOST,
            *candidates.unseen,
            float(np.mean(features[winner, :_SIMILAR] >= features[:, :_SIMILAR].max(axis=0) - 1e-9)),
            1 / max(len(candidates.asked), 1),
            _lead_in(features[:, _PIECES], winner),
            _lead_in(features[:, _MEANING], winner),
            *features[winner, _WINNER_COLUMNS],
        )
    )


def _lead_in(nearness: Floats, winner: int) -> float:
    """How much nearer the winner's nearest wording is than that of any other candidate."""
    others = np.delete(nearness, winner)
    return float(nearness[winner] - others.max()) if len(others) else float(nearness[winner])


def confidence(found: Floats, weights: Weights) -> float:
    """The calibrated probability that the winner with these signs is right."""
    return 1 / (1 + math.exp(-float(np.clip(found @ weights.confidence + weights.intercept, -30, 30))))


def confidences(first: float, shares: Floats) -> list[float]:
    """A probability for each ranked match: the first's own, then what its share leaves for the others."""
    rest = shares * (first / shares[0])
    return [first, *(float(min(each, first, 1 - first)) for each in rest[1:])]


def fit_ranking(tasks: Sequence[tuple[Floats, int]], penalty: float) -> Floats:
    """Weights that make the right row of each task (its features, the right row's place) the most likely.

    No weight is below 0: of those that want to be, the worst is left out until there is none.
    """
    all_tasks = _Tasks.of(tasks)
    kept = np.ones(all_tasks.features.shape[2], bool)
    found = np.zeros(len(kept))
    while True:
        start = found[kept]
        found = np.zeros(len(kept))
        found[kept] = _newton_ranking(all_tasks.with_features(kept), penalty, start)
        if found.min() >= 0:
            return found
        kept[np.argmin(found)] = False


def fit_confidence(found: Floats, right: Floats, importance: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights and intercept of a logistic regression; the intercept is not penalised."""
    design = np.column_stack((found, np.ones(len(found))))
    penalties = np.append(np.full(found.shape[1], penalty), 1e-6)
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (importance * (right - chance)) - penalties * weights
        curvature = (design * (importance * chance * (1 - chance))[:, None]).T @ design + np.diag(penalties)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights[:-1], float(weights[-1])


def read_weights(path: Path) -> Weights:
    """The weights of a file. Raises WeightsInvalid when it does not name exactly our features."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Weights(
            ranking=_in_order(stored["ranking"], FEATURES),
            confidence=_in_order(stored["confidence"], SIGNS),
            intercept=float(stored["intercept"]),
            thresholds=Thresholds(**stored["thresholds"]),
            provenance=stored["provenance"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsInvalid(f"{path.name}: {error}") from error


def write_weights(path: Path, weights: Weights) -> None:
    """Write weights as read_weights reads them, rounded to what matters."""
    stored = {
        "provenance": weights.provenance,
        "thresholds": {"answer": weights.thresholds.answer, "clarify": weights.thresholds.clarify},
        "intercept": round(weights.intercept, 4),
        "ranking": _named(weights.ranking, FEATURES),
        "confidence": _named(weights.confidence, SIGNS),
    }
    path.write_text(json.dumps(stored, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@cache
def shipped_weights() -> Weights:
    """The weights in knowledgebase/data for the shipped vectors."""
    return read_weights(SHIPPED)


@cache
def semantic_weights() -> Weights:
    """The weights in knowledgebase/data for the vectors of a semantic encoder."""
    return read_weights(SEMANTIC)


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks of the same size: features (task, row, feature), which rows there are, the place of the right one."""

    features: NDArray[np.float32]
    there: NDArray[np.bool_]
    right: NDArray[np.intp]

    @classmethod
    def of(cls, tasks: Sequence[tuple[Floats, int]]) -> "_Tasks":
        most = max(len(features) for features, _ in tasks)
        padded = np.zeros((len(tasks), most, tasks[0][0].shape[1]), np.float32)
        there = np.zeros((len(tasks), most), bool)
        for at, (features, _) in enumerate(tasks):
            padded[at, : len(features)] = features
            there[at, : len(features)] = True
        return cls(padded, there, np.array([right for _, right in tasks], np.intp))

    def with_features(self, kept: NDArray[np.bool_]) -> "_Tasks":
        return _Tasks(np.ascontiguousarray(self.features[:, :, kept]), self.there, self.right)

    def parts(self) -> Iterator["_Tasks"]:
        for at in range(0, len(self.right), TASKS_AT_ONCE):
            own = slice(at, at + TASKS_AT_ONCE)
            yield _Tasks(self.features[own].astype(np.float64), self.there[own], self.right[own])


def _newton_ranking(tasks: _Tasks, penalty: float, start: Floats) -> Floats:
    """Newton's method; a step that would lead downhill is halved."""
    weights, worth = start, _likelihood(tasks, start, penalty)
    for _ in range(30):
        gradient, curvature = _slopes(tasks, weights, penalty)
        step = np.linalg.solve(curvature, gradient)
        for _ in range(10):
            tried = weights + step
            if (found := _likelihood(tasks, tried, penalty)) >= worth:
                break
            step /= 2
        weights, worth = tried, found
        if np.abs(step).max() < 1e-3:
            break
    return weights


def _likelihood(tasks: _Tasks, weights: Floats, penalty: float) -> float:
    chances = (_chances(part, weights)[np.arange(len(part.right)), part.right] for part in tasks.parts())
    return float(sum(np.log(np.maximum(each, 1e-300)).sum() for each in chances) - penalty * (weights @ weights) / 2)


def _slopes(tasks: _Tasks, weights: Floats, penalty: float) -> tuple[Floats, Floats]:
    gradient, curvature = -penalty * weights, penalty * np.eye(len(weights))
    for part in tasks.parts():
        chance, features = _chances(part, weights), part.features
        mean = np.einsum("nk,nkf->nf", chance, features)
        gradient = gradient + (features[np.arange(len(part.right)), part.right] - mean).sum(axis=0)
        spread = (features * np.sqrt(chance)[:, :, None]).reshape(-1, len(weights))
        curvature = curvature + spread.T @ spread - mean.T @ mean
    return gradient, curvature


def _chances(tasks: _Tasks, weights: Floats) -> Floats:
    scores = np.where(tasks.there, tasks.features @ weights, -np.inf)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Floats = powers / powers.sum(axis=1, keepdims=True)
    return chances


def _in_order(stored: Mapping[str, float], names: Sequence[str]) -> Floats:
    if set(stored) != set(names):
        raise WeightsInvalid(f"weights for other features: {', '.join(sorted(set(stored) ^ set(names)))}")
    return np.array([float(stored[name]) for name in names])


def _named(weights: Floats, names: Sequence[str]) -> dict[str, float]:
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


_PIECES = FEATURES.index("pieces")
_MEANING = FEATURES.index("meaning")
_SIMILAR = FEATURES.index("amount_conflict")
_WINNER_COLUMNS = [FEATURES.index(name) for name in WINNER]
