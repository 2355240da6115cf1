"""The word lists: what an operator adds and switches off, what may not be added, and how a sentence is read then."""

import pytest

from knowledgebase.wording.text import shipped_vocabulary
from knowledgebase.wording.word_lists import (
    LONGEST_WORD,
    MOST_OWN,
    UNCHANGED,
    Changes,
    Flaw,
    Lists,
    Part,
    Reading,
    WordList,
    clean,
    in_force,
    problems,
    read,
    shipped,
    vocabulary_of,
)


def with_changes(**changes: Changes) -> Lists:
    """The shipped lists but for these changes."""
    return {**UNCHANGED, **{WordList(name): each for name, each in changes.items()}}


def test_without_changes_the_vocabulary_is_the_shipped_one() -> None:
    assert vocabulary_of(UNCHANGED) == shipped_vocabulary()


def test_a_line_can_be_switched_off_and_another_added() -> None:
    line = next(line for line in shipped(WordList.SYNONYMS) if line.startswith("轮胎"))
    lists = with_changes(synonyms=Changes(("轮胎 轱辘 脚丫子",), (line,)))
    found = in_force(WordList.SYNONYMS, lists[WordList.SYNONYMS])
    assert line not in found
    assert found[-1] == "轮胎 轱辘 脚丫子"
    assert vocabulary_of(lists).tokens("脚丫子多久换") == shipped_vocabulary().tokens("轮胎多久换")


def test_a_new_synonym_of_known_words_needs_no_tokenizer_of_its_own() -> None:
    made = vocabulary_of(with_changes(synonyms=Changes(("彩虹 天空",))))
    assert made.tokenizer is shipped_vocabulary().tokenizer


def test_two_vocabularies_with_the_same_new_words_share_their_tokenizer() -> None:
    lists = with_changes(user_dictionary=Changes(("大灯总成罩",)))
    first = vocabulary_of(lists)
    second = vocabulary_of({**lists, WordList.STOP_WORDS: Changes(("咕噜",))})
    assert first.tokenizer is second.tokenizer
    assert first.tokenizer is not shipped_vocabulary().tokenizer
    assert first.cut("大灯总成罩多少钱")[0] == "大灯总成罩"
    assert shipped_vocabulary().cut("大灯总成罩多少钱")[0] != "大灯总成罩"


def test_a_shipped_dictionary_word_can_be_unlearned() -> None:
    made = vocabulary_of(with_changes(user_dictionary=Changes((), ("机滤",))))
    assert made.cut("机滤") == ["机", "滤"]
    assert shipped_vocabulary().cut("机滤") == ["机滤"]


@pytest.mark.parametrize(
    ("which", "line", "flaw", "word"),
    [
        ("synonyms", "轮毂", Flaw.ALONE, ""),
        ("synonyms", "钢圈 钢圈", Flaw.TWICE, "钢圈"),
        ("synonyms", "轱辘 钢圈", Flaw.IN_TWO_GROUPS, "轱辘"),
        ("synonyms", "激活 关机", Flaw.OPPOSITES, "激活"),
        ("synonyms", "那个 钢圈", Flaw.STOP_WORD, "那个"),
        ("synonyms", f"钢圈 {'长' * (LONGEST_WORD + 1)}", Flaw.TOO_LONG, "长" * (LONGEST_WORD + 1)),
        ("synonyms", "钢圈 …", Flaw.EMPTY, "…"),
        ("synonyms", " ".join(f"词{number}" for number in range(40)), Flaw.TOO_MANY_WORDS, ""),
        ("user_dictionary", "胎", Flaw.TOO_SHORT, "胎"),
        ("user_dictionary", "钢圈 轮毂", Flaw.SEVERAL, ""),
        ("user_dictionary", "那个", Flaw.STOP_WORD, "那个"),
        ("stop_words", "轱辘", Flaw.SYNONYM, "轱辘"),
        ("stop_words", "道路救援", Flaw.WHOLE_QUESTION, "道路救援"),
    ],
)
def test_a_line_that_cannot_work_is_named_with_its_reason(which: str, line: str, flaw: Flaw, word: str) -> None:
    found = problems(
        WordList(which),
        with_changes(**{which: Changes((line,))}),
        lambda text: "道路救援？" if text == "道路救援" else None,
    )
    assert (flaw, word) in [(each.flaw, each.word) for each in found]


@pytest.mark.parametrize(
    ("which", "line"),
    [("synonyms", "钢圈 轮毂 轮圈"), ("user_dictionary", "大灯总成罩"), ("stop_words", "咕噜")],
)
def test_a_good_line_has_no_problem(which: str, line: str) -> None:
    assert (
        problems(
            WordList(which),
            with_changes(**{which: Changes((line,))}),
            lambda text: "道路救援？" if text == "道路救援" else None,
        )
        == []
    )


def test_a_switched_off_group_no_longer_claims_its_words() -> None:
    line = next(line for line in shipped(WordList.SYNONYMS) if line.startswith("轮胎"))
    lists = with_changes(synonyms=Changes(("轱辘 轮子",), (line,)))
    assert problems(WordList.SYNONYMS, lists) == []


def test_there_is_an_end_to_how_many_lines_may_be_added() -> None:
    lines = tuple(f"词语{number}" for number in range(MOST_OWN + 1))
    found = problems(WordList.STOP_WORDS, with_changes(stop_words=Changes(lines)))
    assert [each.flaw for each in found] == [Flaw.TOO_MANY_LINES]


def test_of_what_is_far_too_much_nothing_else_is_looked_at() -> None:
    line = " ".join(f"词{number}" for number in range(50_000))
    found = problems(WordList.SYNONYMS, with_changes(synonyms=Changes((line,))))
    assert [each.flaw for each in found] == [Flaw.TOO_MANY_WORDS]
    lines = tuple(f"甲{number} 乙{number}" for number in range(MOST_OWN))
    assert problems(WordList.SYNONYMS, with_changes(synonyms=Changes(lines))) == []


def test_typed_lines_are_spelled_as_the_matcher_spells_them() -> None:
    assert clean("  輪轂  Ｗheel\r\n\n輪轂 wheel\n第三次") == ("轮毂 车轮", "第3次")


def test_a_sentence_is_read_word_by_word() -> None:
    assert read(shipped_vocabulary(), "我的轱辘呢") == [
        Reading("我", Part.KEPT),
        Reading("的", Part.IGNORED),
        Reading("轱辘", Part.REPLACED, "轮胎"),
        Reading("呢", Part.IGNORED),
    ]


def test_a_sentence_of_nothing_but_stop_words_keeps_them() -> None:
    assert {each.part for each in read(shipped_vocabulary(), "那个的呢")} == {Part.KEPT}
