"""Many texts at once are cut and read exactly as each alone."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledgebase.matching import reading
from knowledgebase.matching.reading import read_rows
from knowledgebase.matching.terms import Rows, Terms
from knowledgebase.wording.cutting import cutter_of, spread
from knowledgebase.wording.text import DATA, compact, compact_all, normalise, normalise_all, shipped_vocabulary

VOCABULARY = shipped_vocabulary()
WORDS = (
    "轮胎",
    "多久",
    "换",
    "一次",
    "首保",
    "南京市长江大桥",
    "a30",
    "x",
    "5000",
    ".",
    "%",
    "_",
    "カ",
    "ガ",
    "㐀",
    "请问",
)
TEXTS = st.lists(st.lists(st.sampled_from(WORDS)).map("".join) | st.text(max_size=30), max_size=20)


def cut_together(texts: list[str]) -> list[list[str]]:
    cut = cutter_of(VOCABULARY.tokenizer).cut(spread(texts))
    together = "\0".join((*texts, ""))
    words: list[list[str]] = [[] for _ in texts]
    for start, length, at in zip(cut.starts.tolist(), cut.lengths.tolist(), cut.texts.tolist(), strict=True):
        words[at].append(together[start : start + length])
    return words


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_words_are_those_of_jieba(texts: list[str]) -> None:
    compacted = [compact(text) for text in texts]
    assert cut_together(compacted) == [VOCABULARY.cut(text) for text in compacted]


def test_the_demo_is_cut_as_jieba_cuts_it() -> None:
    texts = compact_all((DATA / "demo.jsonl").read_text(encoding="utf-8").split('"'))
    assert cut_together(texts) == [VOCABULARY.cut(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_texts_are_spelled_as_each_alone(texts: list[str]) -> None:
    assert normalise_all(texts) == [normalise(text) for text in texts]
    assert compact_all(texts) == [compact(text) for text in texts]


def test_many_texts_are_read_as_each_alone() -> None:
    texts = compact_all((DATA / "questions-dev.jsonl").read_text(encoding="utf-8").split('"'))
    assert sum(map(len, texts)) > reading.FEW
    terms = Terms()
    together = read_rows(texts, VOCABULARY, terms)
    alone = [read_rows([text], VOCABULARY, terms) for text in texts]
    assert [bag(together, at) for at in range(len(texts))] == [bag(rows, 0) for rows in alone]


def bag(rows: Rows, at: int) -> Counter[int]:
    part = slice(rows.starts[at], rows.starts[at + 1])
    return Counter(dict(zip(rows.terms[part].tolist(), rows.counts[part].tolist(), strict=True)))
