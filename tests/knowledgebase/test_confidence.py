"""Weights are found again in made-up data, kept in a file, and fit only their own program."""

import json
from pathlib import Path

import numpy as np
import pytest

from knowledgebase.errors import WeightsInvalid
from knowledgebase.judging.fit import OPPOSING, lowest_threshold
from knowledgebase.matching.confidence import (
    confidences,
    fit_confidence,
    fit_ranking,
    read_weights,
    shipped_weights,
    write_weights,
)
from knowledgebase.matching.match import FEATURES


def test_the_logistic_regression_finds_the_truth() -> None:
    random = np.random.default_rng(1)
    found = random.normal(size=(20_000, 3))
    chance = 1 / (1 + np.exp(-(found @ np.array([2.0, -1.0, 0.0]) + 0.5)))
    right = (random.random(len(chance)) < chance).astype(float)
    weights, intercept = fit_confidence(found, right, np.ones(len(right)), 0.1)
    assert [*weights, intercept] == pytest.approx([2.0, -1.0, 0.0, 0.5], abs=0.08)


def test_the_ranking_finds_what_matters_and_drops_what_would_be_negative() -> None:
    random = np.random.default_rng(2)
    tasks = []
    for _ in range(2_000):
        features = random.normal(size=(5, 3))
        scores = features @ np.array([3.0, -2.0, 0.0]) + random.gumbel(size=5)
        tasks.append((features, int(np.argmax(scores))))
    weights = fit_ranking(tasks, 0.1)
    assert weights[0] > 1
    assert weights[1] == 0
    assert weights.min() >= 0


def test_confidences_of_the_others_come_out_of_what_the_first_leaves() -> None:
    assert confidences(0.8, np.array([0.5, 0.4, 0.1])) == pytest.approx([0.8, 0.2, 0.16])
    assert confidences(0.1, np.array([0.5, 0.4, 0.1])) == pytest.approx([0.1, 0.08, 0.02])


def test_the_threshold_is_the_lowest_that_keeps_the_precision() -> None:
    sure, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 0.0, 1.0, 1.0])
    assert lowest_threshold(sure, right, 0.75) == 0.6
    assert lowest_threshold(sure, right, 0.99) == 0.9
    assert lowest_threshold(sure, np.zeros(4), 0.5) == 1.0


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.json", shipped_weights())
    again = read_weights(tmp_path / "w.json")
    assert np.array_equal(again.ranking, shipped_weights().ranking)
    assert np.array_equal(again.confidence, shipped_weights().confidence)
    assert again.thresholds == shipped_weights().thresholds


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.json", shipped_weights())
    stored = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    stored["ranking"]["astrology"] = 1.0
    (tmp_path / "w.json").write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(WeightsInvalid, match="astrology"):
        read_weights(tmp_path / "w.json")


def test_no_shipped_weight_rewards_a_contradiction_or_punishes_a_likeness() -> None:
    for name, weight in zip(FEATURES, shipped_weights().ranking, strict=True):
        assert weight <= 0 if name in OPPOSING else weight >= 0, name


def test_the_shipped_thresholds_are_in_order() -> None:
    thresholds = shipped_weights().thresholds
    assert 0 < thresholds.clarify < thresholds.answer < 1
