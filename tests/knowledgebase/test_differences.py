"""Differences are told to the word or character, and both texts can be read from them again."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledgebase.authoring.differences import Kind, Span, compare, spans
from knowledgebase.model import Entry, Visibility

SAME, GONE, NEW = Kind
TYRE = Entry("tyre", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("几年换",))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("每 5 年更换", "每 6 年更换", [(SAME, "每 "), (GONE, "5"), (NEW, "6"), (SAME, " 年更换")]),
        ("5000 公里", "10000 公里", [(GONE, "5000"), (NEW, "10000"), (SAME, " 公里")]),
        ("能开", "不能开", [(NEW, "不"), (SAME, "能开")]),
        ("", "新", [(NEW, "新")]),
        ("旧", "", [(GONE, "旧")]),
        ("", "", []),
        ("一样", "一样", [(SAME, "一样")]),
        ("甲乙丙", "甲丁丙戊", [(SAME, "甲"), (GONE, "乙"), (NEW, "丁"), (SAME, "丙"), (NEW, "戊")]),
    ],
)
def test_a_difference_is_as_small_as_a_word_or_a_character(
    before: str, after: str, told: list[tuple[Kind, str]]
) -> None:
    assert spans(before, after) == [Span(kind, text) for kind, text in told]


@given(before=st.text(max_size=60), after=st.text(max_size=60))
def test_both_texts_can_be_read_from_the_spans(before: str, after: str) -> None:
    found = spans(before, after)
    assert "".join(span.text for span in found if span.kind is not NEW) == before
    assert "".join(span.text for span in found if span.kind is not GONE) == after


def test_only_fields_that_differ_are_named_texts_first() -> None:
    after = replace(
        TYRE,
        answer="每 6 年更换。",
        similar=("几年换", "多久换"),
        visibility=Visibility.AGENTS,
        channel_answers=(("mail", "您好"),),
        valid_until=5,
        status=TYRE.status,
        version=9,
    )
    found = compare(TYRE, after)
    assert [one.field for one in found] == ["similar", "answer", "answer_mail", "visibility", "valid_until"]
    assert found[0].after == (Span(SAME, "几年换"), Span(NEW, "\n多久换"))
    assert compare(TYRE, TYRE) == []


@pytest.mark.parametrize(
    "texts", [("a" * 4_000, "b " * 2_000), ("字" * 4_000, "字符" * 2_000), ("x\n" * 2_000, "y\n" * 2_000)]
)
def test_the_longest_answers_are_compared_quickly(texts: tuple[str, str]) -> None:
    started = time.process_time()
    spans(*texts)
    assert time.process_time() - started < 5


def test_thousands_of_lines_that_repeat_are_compared_as_wholes() -> None:
    former, latter = "甲" + "\n丙" * 1_990, "乙\n丁" + "\n丙" * 1_989 + "\n戊"
    found = spans(former, latter)
    assert "".join(one.text for one in found if one.kind is not Kind.NEW) == former
    assert "".join(one.text for one in found if one.kind is not Kind.GONE) == latter
