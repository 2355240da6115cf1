"""A search of a large knowledge base looks at a bounded part of it."""

import numpy as np
import pytest

from benchmarks import large
from knowledgebase.matching import index as module
from knowledgebase.matching.corpus import Corpus
from knowledgebase.matching.index import Index, Query
from knowledgebase.matching.match import CANDIDATES, ENTRIES_LOOKED_AT, Matcher
from knowledgebase.matching.reading import read_rows
from knowledgebase.matching.terms import Rows, Terms
from knowledgebase.wording.text import compact, shipped_vocabulary

SIZE = 2_000
VOCABULARY = shipped_vocabulary()


@pytest.fixture(scope="module")
def terms() -> Terms:
    return Terms()


@pytest.fixture(scope="module")
def index(terms: Terms) -> Index:
    everyday = read_rows(VOCABULARY.background, VOCABULARY, terms)
    corpus = Corpus.of(large.entries(SIZE), VOCABULARY, terms)
    return Index(corpus.rows, corpus.owners, terms, everyday)


def queries(terms: Terms) -> list[Query]:
    return [Query.of(compact(each.utterance), VOCABULARY, terms) for each in large.questions(40, SIZE)]


def test_most_postings_of_the_terms_asked_are_left_alone(
    index: Index, terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POSTINGS_AT_ONCE", 200)
    weighed = [index.texts.weigh(query) for query in queries(terms)]
    looked_at = [index.look_up(each, ENTRIES_LOOKED_AT)[1] for each in weighed]
    assert sum(looked_at) < 0.8 * sum(int(each.holding.sum()) for each in weighed)


def test_few_wordings_are_scored_to_the_end(index: Index, terms: Terms, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[int] = []
    take = Rows.take

    def counting(rows: Rows, at: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Rows:
        scored.append(len(at))
        return take(rows, at)

    monkeypatch.setattr(Rows, "take", counting)
    for query in queries(terms):
        index.best_owners(index.texts.weigh(query), ENTRIES_LOOKED_AT)
    assert max(scored) <= module.MOST_SCORED
    assert np.median(scored) < len(index.rows) / 20


def test_features_are_worked_out_for_the_candidates_alone() -> None:
    matcher = Matcher(large.entries(SIZE), VOCABULARY)
    assert {matcher.candidates(each.utterance).features.shape[0] for each in large.questions(20, SIZE)} <= set(
        range(1, CANDIDATES + 1)
    )
