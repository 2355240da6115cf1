"""An explanation in words: both languages say the same, and nothing that was typed becomes more than text."""

import io

import pytest
from rich.console import Console

from bot.explaining import Told, as_renderable, tell
from bot.templates import load_templates
from knowledgebase.matching.explain import explain
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase

ENTRIES = (
    Entry("oil-5000", "X50 跑了5000公里要换机油吗？", "要。", "保养", ("没到5000公里能不能不换机油",)),
    Entry("sentry-on", "怎么开启哨兵模式？", "在设置里打开。", "车机"),
    Entry("seat", "座椅怎么放倒？", "拉起拉手。", "车机"),
    Entry("evil", "[red]{{ 7777 * 3 }}<b>座椅</b>[/]？", "x", "车机"),
)
ASKED = [
    "",
    "qqqq",
    "今天天气怎么样",
    "怎么关闭哨兵模式呢",
    "怎么开启哨兵模式",
    "坐椅怎么放倒",
    "A30跑了10000公里更换润滑油",
    "不想换机油",
    "x50跑了5000公里",
    "<img src=x onerror=alert(1)>{{ 6 * 6 }}[bold]座椅",
]


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase.build(ENTRIES)


def told(base: KnowledgeBase, text: str, language: str) -> Told:
    return tell(explain(base, text, 4), language, load_templates())


def printed(told: Told, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, highlight=False, markup=False, emoji=False, width=width).print(as_renderable(told))
    return out.getvalue()


@pytest.mark.parametrize("text", ASKED)
def test_both_languages_say_the_same_things(base: KnowledgeBase, text: str) -> None:
    chinese, english = told(base, text, "zh"), told(base, text, "en")
    assert len(chinese.facts) == len(english.facts)
    for left, right in zip(chinese.matches, english.matches, strict=True):
        assert (left.entry_id, left.confidence) == (right.entry_id, right.confidence)
        assert [one.mark for one in left.joints] == [one.mark for one in right.joints]
        assert [one.mark for one in left.contrasts] == [one.mark for one in right.contrasts]
        assert [one.percent for one in left.shares] == [one.percent for one in right.shares]
    for words in (chinese, english):
        assert all((words.decision, words.reason, words.none, words.today, *words.labels.values()))
        assert all(fact.name and fact.text for fact in words.facts)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("怎么关闭哨兵模式", "zh", "意思相反：客户说「关闭」，问法是「开启」"),
        ("怎么关闭哨兵模式", "en", "Opposites: the customer says “关闭”, the wording “开启”"),
        ("坐椅怎么放倒", "zh", "坐椅→座椅（同音 zuo）"),
        ("坐椅怎么放倒", "en", "坐椅 → 座椅 (sounds the same: zuo)"),
        ("x50跑了10000公里要换机油吗", "zh", "数量不同：客户说 10000公里，问法是 5000公里"),
        ("A30跑了5000公里要换机油吗", "zh", "型号不同：客户说 a30，问法是 x50"),
        ("跑了5000公里要更换润滑油吗", "zh", "润滑油＝机油（同义）"),
        ("怎么开启哨兵模式", "zh", "和条目的一个问法逐字相同"),
        ("", "zh", "没有可读的文字"),
        ("qqqq", "en", "No entry shares a character, a word or a sound with it."),
    ],
)
def test_the_words_name_what_was_found(base: KnowledgeBase, text: str, language: str, said: str) -> None:
    assert said in printed(told(base, text, language), width=200)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_markup_and_templates_in_a_question_or_an_entry_stay_text(base: KnowledgeBase, width: int) -> None:
    shown = printed(told(base, "<b>座椅</b>{{ 8888 * 3 }}[bold]", "zh"), width)
    flat = "".join(shown.replace("│", "").split())
    assert "[red]{{7777*3}}<b>座椅</b>[/]？" in flat
    assert "26664" not in flat
    assert "23331" not in flat
    assert "\x1b" not in shown
    assert "…" not in shown
