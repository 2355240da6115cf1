"""The nearest vectors are found, of many without looking at them all."""

import numpy as np
import pytest

from knowledgebase.matching import neighbours as module
from knowledgebase.matching.match import Matcher
from knowledgebase.matching.neighbours import Neighbours, Singles
from knowledgebase.model import Entry
from knowledgebase.wording.text import shipped_vocabulary

DIMENSIONS = 128


def unit(rows: Singles) -> Singles:
    scaled: Singles = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def wordings(count: int, seed: int) -> Singles:
    """Vectors as texts have them: means of a few of many pieces, some pieces far more common than others."""
    chance = np.random.default_rng(seed)
    pieces = np.random.default_rng(0).standard_normal((4_000, DIMENSIONS))
    common = 1 / np.arange(1, 4_001)
    topics = chance.choice(4_000, (count // 40, 6), p=common / common.sum())
    of = topics[chance.integers(0, len(topics), count)]
    said = np.where(chance.random(of.shape) < 0.8, of, chance.choice(4_000, of.shape, p=common / common.sum()))
    return unit((pieces[said] * (said[..., None] + 1) ** 0.3).mean(axis=1))


def best(vectors: Singles, vector: Singles, most: int) -> set[int]:
    return set(np.argsort(-(vectors @ vector), kind="stable")[:most].tolist())


def test_the_nearest_of_few_are_exact() -> None:
    vectors = wordings(500, 1)
    places, cosines = Neighbours.of(vectors).nearest(vectors[7], 5)
    assert places[0] == 7
    assert set(places.tolist()) == best(vectors, vectors[7], 5)
    assert cosines == pytest.approx(vectors[places] @ vectors[7], abs=0.01)
    assert (np.diff(cosines) <= 0).all()


def test_of_many_nearly_all_of_the_nearest_are_found() -> None:
    vectors, asked = wordings(30_000, 1), wordings(100, 1)
    found = Neighbours.of(vectors)
    shares = [len(best(vectors, each, 32) & set(found.nearest(each, 32)[0].tolist())) / 32 for each in asked]
    assert np.mean(shares) >= 0.95


@pytest.mark.parametrize("exact", [10, 10_000])
def test_edited_vectors_are_found_where_they_are_now(exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", exact)
    vectors = wordings(1_000, 1)
    added, places = wordings(120, 2), np.random.default_rng(3).permutation(1_120)[:1_000]
    edited = Neighbours.of(vectors).edited(added, places)
    now = np.concatenate((vectors, added))[places]
    assert len(edited) == len(now)
    assert edited.rows(np.arange(len(now))) == pytest.approx(now, abs=0.01)
    assert np.array([edited.nearest(each, 1)[1][0] for each in now[::50]]) == pytest.approx(np.ones(20), abs=0.01)


def test_no_vectors_have_no_nearest() -> None:
    assert len(Neighbours.of(np.empty((0, DIMENSIONS), np.float32)).nearest(wordings(40, 1)[0], 5)[0]) == 0


def test_an_entry_that_shares_no_word_is_a_candidate_when_its_vector_is_near() -> None:
    entries = [Entry(f"e{at}", f"第{at}个问题怎么办", "") for at in range(100)] + [Entry("tyre", "轮胎", "")]
    vectors = unit(np.random.default_rng(1).standard_normal((101, DIMENSIONS)).astype(np.float32))
    matcher = Matcher(entries, shipped_vocabulary(), vectors)
    assert 100 not in matcher.candidates("第问题怎么").entries
    assert 100 in matcher.candidates("车子没气了问谁", vectors[100]).entries
