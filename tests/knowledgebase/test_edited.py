"""A matcher made from the one before finds just what a new one of the same entries does."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import large
from knowledgebase.matching.match import Candidates, Matcher
from knowledgebase.model import Entry
from knowledgebase.wording.text import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
ENTRIES = large.entries(150)
ASKED = [question.utterance for question in large.questions(15, 150)]
BEFORE = Matcher(ENTRIES[:100], VOCABULARY)
# Entries that may come, go, change places and change their words.
CHANGED = st.lists(
    st.tuples(st.sampled_from(ENTRIES), st.sampled_from(["", "轮胎多久换", "缽钵a30喵"]), st.booleans()),
    min_size=1,
    max_size=30,
    unique_by=lambda each: each[0].id,
)


def changed(entry: Entry, text: str, answer: bool) -> Entry:
    if not text:
        return entry
    return replace(entry, answer=text) if answer else replace(entry, similar=(*entry.similar[1:], text))


def same(one: Candidates, other: Candidates) -> bool:
    return (
        one.entries.tolist() == other.entries.tolist()
        and one.nearest.tolist() == other.nearest.tolist()
        and one.unseen == other.unseen
        and bool((one.features == other.features).all())
    )


@settings(max_examples=40, deadline=None)
@given(CHANGED, CHANGED)
def test_edits_find_what_a_new_matcher_finds(
    first: list[tuple[Entry, str, bool]], then: list[tuple[Entry, str, bool]]
) -> None:
    entries = [changed(*each) for each in then]
    edited = BEFORE.edited([*ENTRIES[:100], *(changed(*each) for each in first if each[0] in ENTRIES[100:])])
    edited = edited.edited(entries)
    # The same themes, and every word read anew.
    new = BEFORE.edited([]).edited(entries)
    assert all(same(edited.candidates(asked), new.candidates(asked)) for asked in ASKED)


@settings(max_examples=20, deadline=None)
@given(CHANGED)
def test_what_is_known_changes_nothing_but_the_time_that_reading_takes(then: list[tuple[Entry, str, bool]]) -> None:
    entries = [changed(*each) for each in then]
    known, new = Matcher(entries, VOCABULARY, known=BEFORE), Matcher(entries, VOCABULARY)
    for asked in ASKED:
        one, other = known.candidates(asked), new.candidates(asked)
        assert one.entries.tolist() == other.entries.tolist()
        assert one.features == pytest.approx(other.features, abs=1e-4)


def test_nothing_becomes_of_nothing() -> None:
    nothing = BEFORE.edited([])
    assert len(nothing.candidates("轮胎").entries) == 0
    assert len(nothing.edited(ENTRIES[:5]).candidates(ENTRIES[0].question).entries) == 5


def test_vectors_go_with_their_wordings() -> None:
    vectors = np.random.default_rng(1).standard_normal((len(ENTRIES) * 5, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    entries, size = ENTRIES[:100], sum(1 + len(entry.similar) for entry in ENTRIES[:100])
    matcher = Matcher(entries, VOCABULARY, vectors[:size])
    shorter = [replace(entries[0], similar=("轮胎",)), *entries[50:]]
    rows = np.concatenate((vectors[-2:], vectors[size - sum(1 + len(entry.similar) for entry in entries[50:]) : size]))
    edited = matcher.edited(shorter, rows)
    assert edited.neighbours is not None
    assert edited.neighbours.rows(np.arange(len(rows))) == pytest.approx(rows, abs=0.01)
