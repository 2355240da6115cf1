"""BM25 is exact, and so are the best of many texts, though most of them are never looked at."""

import math
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from knowledgebase.matching import index as module
from knowledgebase.matching.index import K1, B, Index, Query
from knowledgebase.matching.reading import read_rows
from knowledgebase.matching.terms import Field, Kind, Terms, terms_of
from knowledgebase.wording.text import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
TEXTS = ("轮胎多久换", "轮胎多少钱一个轮胎", "首保免费吗", "首保")
EVERYDAY = ("多久", "多少钱", "多少")
FIELDS = {
    Field.CHARACTERS: (Kind.CHARACTER, Kind.PAIR),
    Field.WORDS: (Kind.WORD,),
    Field.SOUNDS: (Kind.SOUND, Kind.SOUND_PAIR),
}


def indexed(texts: Sequence[str], owners: Sequence[int] | None = None) -> tuple[Index, Terms]:
    terms = Terms()
    everyday, rows = read_rows(EVERYDAY, VOCABULARY, terms), read_rows(texts, VOCABULARY, terms)
    return Index(rows, np.array(owners or range(len(texts)), np.int32), terms, everyday), terms


def bag(text: str, field: Field) -> Counter[str]:
    """How often a text holds each term, worked out without the index."""
    if field is Field.WORDS:
        return Counter(VOCABULARY.tokens(text))
    spelt = dict(terms_of(text, VOCABULARY))
    heard = "".join(letter for each in text for letter in dict(terms_of(each, VOCABULARY))[Kind.SOUND])
    assert set(heard) == set(spelt[Kind.SOUND])
    plain = heard if field is Field.SOUNDS else text
    return Counter([*plain, *(plain[at : at + 2] for at in range(len(plain) - 1))])


def by_hand(query: str, texts: Sequence[str], at: int, field: Field) -> float:
    """BM25 as in the formula, one text at a time."""
    everything = [bag(text, field) for text in (*texts, *EVERYDAY)]
    mean = sum(bag(text, field).total() for text in texts) / len(texts)
    length = bag(texts[at], field).total()
    total = own = 0.0
    for term in bag(query, field):
        holding = sum(term in each for each in everything)
        idf = math.log(1 + (len(everything) - holding + 0.5) / (holding + 0.5))
        tf = bag(texts[at], field)[term]
        total += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / mean))
        own += idf
    return total / own


def scores(index: Index, query: Query) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return index.texts.weigh(query).bm25(query.counts(index.rows), index.texts.saturation)


def best_owners(index: Index, query: Query, most: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return index.best_owners(index.texts.weigh(query), most)


@pytest.mark.parametrize("field", list(Field))
@pytest.mark.parametrize("query", ["轮胎多少钱", "首保", "轮胎没听说过的词"])
def test_scores_are_those_of_the_formula(query: str, field: Field) -> None:
    index, terms = indexed(TEXTS)
    found = scores(index, Query.of(query, VOCABULARY, terms))[:, field]
    assert found == pytest.approx([by_hand(query, TEXTS, at, field) for at in range(len(TEXTS))], rel=1e-4)


def test_a_query_of_unknown_terms_finds_nobody() -> None:
    index, terms = indexed(TEXTS)
    assert len(best_owners(index, Query.of("云山雾海", VOCABULARY, terms), 3)) == 0


def test_an_index_of_nothing_answers() -> None:
    index, terms = indexed([])
    assert len(best_owners(index, Query.of("轮胎", VOCABULARY, terms), 3)) == 0


def made_up(count: int, seed: int) -> list[str]:
    """Texts in which few characters are in nearly every one and most in hardly any."""
    chance = random.Random(seed)
    common, rare = "的了吗怎么多少", [chr(0x4E00 + at) for at in range(2_000)]
    return [
        "".join(chance.choice(common) if chance.random() < 0.6 else chance.choice(rare) for _ in range(12))
        for _ in range(count)
    ]


@pytest.mark.parametrize("at_once", [50, 400, 1_000_000])
def test_the_best_owners_are_the_same_however_few_postings_are_looked_at(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POSTINGS_AT_ONCE", at_once)
    texts = made_up(600, 1)
    owners = [at // 3 for at in range(600)]
    index, terms = indexed(texts, owners)
    for utterance in [*texts[::60], *made_up(20, 2)]:
        query = Query.of(utterance, VOCABULARY, terms)
        sums = np.maximum.reduceat(scores(index, query).sum(axis=1), index.first[:-1])
        best = [int(each) for each in np.argsort(-sums, kind="stable")[:10] if sums[each]]
        assert best_owners(index, query, 10).tolist() == sorted(best)


def test_common_terms_are_not_looked_up_in_a_large_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POSTINGS_AT_ONCE", 200)
    texts = made_up(2_000, 3)
    index, terms = indexed(texts)
    query = Query.of(texts[7], VOCABULARY, terms)
    _, looked_at = index.look_up(index.texts.weigh(query), 1)
    assert looked_at < index.texts.holding[query.terms].sum() / 3
