"""BM25 is exact."""

import math
from collections import Counter

import pytest

from knowledgebase.matching.index import K1, B, Index, grams

DOCUMENTS = [grams(text) for text in ("轮胎多久换", "轮胎多少钱一个轮胎", "首保免费吗", "")]
BACKGROUND = [grams(text) for text in ("多久", "多少钱", "多少")]


def by_hand(query: str, at: int) -> float:
    """BM25 as in the formula, one document at a time."""
    everything = [*DOCUMENTS, *BACKGROUND]
    mean = sum(map(len, DOCUMENTS)) / len(DOCUMENTS)
    total = own = 0.0
    for term in set(grams(query)):
        holding = sum(term in document for document in everything)
        idf = math.log(1 + (len(everything) - holding + 0.5) / (holding + 0.5))
        tf = Counter(DOCUMENTS[at])[term]
        total += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(DOCUMENTS[at]) / mean))
        own += idf
    return total / own


@pytest.mark.parametrize("query", ["轮胎多少钱", "首保", "轮胎没听说过的词"])
def test_scores_are_those_of_the_formula(query: str) -> None:
    scores = Index(DOCUMENTS, BACKGROUND).score(grams(query)).bm25
    assert scores == pytest.approx([by_hand(query, at) for at in range(len(DOCUMENTS))], rel=1e-5)


def test_shares_say_how_much_of_each_other_two_texts_hold() -> None:
    scores = Index(DOCUMENTS).score(grams("首保免费吗"))
    assert scores.query_share[2] == pytest.approx(1)
    assert scores.document_share[2] == pytest.approx(1)
    assert scores.query_share[0] == 0
    assert scores.unseen == 0


def test_a_query_of_unknown_terms_scores_nothing() -> None:
    scores = Index(DOCUMENTS).score(grams("云山雾海"))
    assert not scores.bm25.any()
    assert scores.unseen == 1


def test_an_index_of_nothing_answers() -> None:
    assert len(Index([]).score(grams("轮胎")).bm25) == 0
