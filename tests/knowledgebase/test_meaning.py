"""Vectors of pieces and of meaning, as the ranker sees them."""

import numpy as np
import pytest

from knowledgebase.encoders.distil import made_up, vocabulary_pieces
from knowledgebase.encoders.distilled import SHIPPED, shipped_encoder
from knowledgebase.encoders.vectors import encode_each, stacked
from knowledgebase.judging.labelled import read_known
from knowledgebase.matching.match import FEATURES, Matcher
from knowledgebase.matching.meaning import Coded, spread, unit
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import DATA, shipped_vocabulary
from tests.knowledgebase.encoder import LetterEncoder

PIECES, MEANING = FEATURES.index("pieces"), FEATURES.index("meaning")
ENTRIES = [
    Entry("close", "怎么注销账户", "在设置里注销。", similar=("我要销户",)),
    Entry("refund", "怎么申请退款", "在订单里申请。"),
    Entry("tyre", "轮胎多久换一次", "五年。"),
]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(ENTRIES, shipped_vocabulary(), encoder=shipped_encoder())


def test_a_paraphrase_without_a_common_word_is_near_by_its_pieces(matcher: Matcher) -> None:
    found = matcher.candidates("账号不想要了，想删号")
    nearness = dict(zip(found.entries.tolist(), found.features[:, PIECES], strict=True))
    assert max(nearness, key=lambda place: nearness[place]) == 0


def test_the_matcher_s_vectors_are_those_of_the_encoder(matcher: Matcher) -> None:
    rows = shipped_encoder().encode(["怎么注销账户", "我要销户", "怎么申请退款"])
    found = matcher.candidates("我要销户")
    by_entry = dict(zip(found.entries.tolist(), found.features[:, PIECES], strict=True))
    assert by_entry[0] == pytest.approx(1, abs=0.01)
    assert by_entry[1] == pytest.approx(float(rows[1] @ rows[2]), abs=0.01)


def test_the_spread_is_the_length_of_the_mean() -> None:
    rows = np.eye(3, dtype=np.float32)
    codes = Coded((rows * 127).astype(np.int8), np.full(3, 1 / 127, np.float32))
    assert spread(codes, np.array([0, 1, 3])) == pytest.approx([1, np.sqrt(0.5)])


def test_vectors_of_length_nothing_stay_nothing() -> None:
    assert unit(np.zeros((1, 4), np.float32)) == pytest.approx(0)


def test_meaning_counts_only_where_a_vector_was_given() -> None:
    encoder = LetterEncoder()
    plain = KnowledgeBase.build(ENTRIES)
    base = plain.with_vectors(stacked(encoder.name, encode_each(encoder, plain.texts_needed())))
    with_vector = base.search("怎么申请退款呢", vector=encoder.encode(["怎么申请退款呢"])[0])
    assert with_vector[0].why["meaning"] > 0
    assert base.search("怎么申请退款呢")[0].why["meaning"] == 0
    assert plain.search("怎么申请退款呢")[0].why["pieces"] > 0


def test_the_shipped_vectors_know_the_demo_s_words_and_say_where_they_come_from() -> None:
    known = shipped_encoder()
    words = {word for entry in read_known(DATA / "demo.jsonl") for word in shipped_vocabulary().tokens(entry.question)}
    han = [word for word in words if all("一" <= one <= "鿿" for one in word)]
    assert np.mean([place >= 0 for place in known.places(han)]) > 0.9
    assert known.name in SHIPPED.with_suffix(".json").read_text(encoding="utf-8")
    assert SHIPPED.stat().st_size < 6_000_000


def test_what_the_teacher_reads_is_the_same_each_time() -> None:
    assert made_up(50) == made_up(50)
    pieces = vocabulary_pieces()
    assert len(pieces) == len(set(pieces))
    assert {"注销", "账户", "退"} <= set(pieces)
