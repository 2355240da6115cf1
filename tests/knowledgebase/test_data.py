"""The shipped data is what the program takes it for."""

from collections import Counter
from pathlib import Path

import pytest

from knowledgebase.authoring.transfer import read_entries
from knowledgebase.authoring.validation import problems
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import DATA, normalise

LISTS = ["user_dictionary.txt", "stop_words.txt", "background.txt", "other_topics.txt"]


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LISTS)
def test_no_line_of_a_list_stands_twice(name: str) -> None:
    assert [line for line, count in Counter(lines(DATA / name)).items() if count > 1] == []


def test_a_word_has_one_meaning_among_the_synonyms() -> None:
    words = Counter(normalise(word) for line in lines(DATA / "synonyms.txt") for word in line.split())
    assert [word for word, count in words.items() if count > 1] == []


def test_no_stop_word_is_a_synonym() -> None:
    words = {word for line in lines(DATA / "synonyms.txt") for word in line.split()}
    assert words & set(lines(DATA / "stop_words.txt")) == set()


def test_background_and_other_topics_share_no_line() -> None:
    assert set(lines(DATA / "background.txt")) & set(lines(DATA / "other_topics.txt")) == set()


def test_the_demo_knowledge_base_may_be_stored_as_it_is() -> None:
    entries, refused = read_entries(DATA / "demo.jsonl")
    assert refused == []
    assert [entry.id for entry in entries if problems(entry)] == []
    assert len(entries) >= 240
    assert len({entry.category for entry in entries}) >= 14
    assert min(len(entry.similar) for entry in entries) >= 4


def test_a_standard_question_of_the_demo_finds_its_entry() -> None:
    entries = read_known(DATA / "demo.jsonl")
    base = KnowledgeBase.build(entries)
    missed = [entry.id for entry in entries if base.search(entry.question)[0].entry.id != entry.id]
    assert missed == []


def test_labelled_questions_name_entries_that_exist() -> None:
    known = {entry.id for entry in read_known(DATA / "demo.jsonl")}
    for question in read_questions(DATA / "questions-dev.jsonl"):
        assert question.expected <= known
