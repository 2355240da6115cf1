"""Publications in the console: asked for, looked at, accepted and put in force; and what stands in the way."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from bot.keys import LIBRARY, REPLAYING
from bot.replaying import Replaying
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.errors import EntryNotFound
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.publishing import questions, register, terms, words
from knowledgebase.publishing.model import PublicationState
from knowledgebase.wording.word_lists import Changes, WordList, shipped
from storage.database import Transaction
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser

TYRE = Entry("tyre", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("轮胎几年换",))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗",))
INVOICE = Entry("invoice", "怎么开发票？", "在订单里申请。", "发票")
PUBLICATIONS = "/console/knowledge/publications"


@pytest.fixture
async def stocked(console: Console) -> Console:
    """A console with two entries and three labelled questions."""

    def fill(tx: Transaction) -> None:
        entries.save(tx, [TYRE, FREE], "test", people.NOON)
        asked = [("轮胎多久换一次？", "tyre"), ("首保免费吗？", "free"), ("怎么开发票？", "invoice")]
        questions.bring_in(tx, [Question(text, frozenset({one})) for text, one in asked], "test", people.NOON)

    await console.database.write(fill)
    await console.server.app[LIBRARY].reload()
    return console


def loop(console: Console) -> Replaying:
    """The replay loop, which goes round when it is told to."""
    return console.server.app[REPLAYING]


async def draft(console: Console, entry: Entry) -> int:
    """Somebody writes this text, as a new entry or over the one there is; returns the version."""

    def write(tx: Transaction) -> int:
        change = Change(console.cast.li.id, console.clock.now)
        try:
            seen = entries.get_entry(tx, entry.id).version
        except EntryNotFound:
            return entries.create(tx, entry, change).version
        return entries.edit(tx, entry, seen, change).version

    return await console.database.write(write)


async def sent(browser: Browser, path: str, **fields: Any) -> str:
    """Send a plain form; where it leads to."""
    response = await browser.send(path, fetch=False, **fields)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def proposed(console: Console, browser: Browser, entry: Entry) -> str:
    """A draft of this entry, replayed; the address of its publication."""
    version = await draft(console, entry)
    place = await sent(browser, PUBLICATIONS, **{f"publish:{entry.id}": version})
    await loop(console).turn()
    return place


async def state_of(console: Console, place: str) -> PublicationState:
    return (await console.database.read(register.get, place.rpartition("/")[2])).state


def base_in(html: str) -> str:
    """What a page says that it shows the replay of."""
    found = re.search(r'name="base" value="([^"]*)"', html)
    assert found
    return found[1]


async def test_a_publication_without_flips_is_one_click(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, replace(TYRE, answer="每 6 年更换。"))
    _, html = await zhou.open(place)
    assert "没有回答会变，可以直接发布" in html
    assert "另有 1 题换了文字" in html
    assert (await sent(zhou, f"{place}/publish")).endswith("?done=published")
    assert (await stocked.database.read(entries.published))[1].answer == "每 6 年更换。"
    _, html = await zhou.open(f"{place}?done=published")
    assert "已发布，马上生效" in html


async def test_while_it_is_replayed_the_page_says_so_and_can_be_asked_for_alone(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    version = await draft(stocked, INVOICE)
    place = await sent(zhou, PUBLICATIONS, **{"publish:invoice": version})
    loop(stocked).progress[place.rpartition("/")[2]] = (2, 6)
    _, part = await zhou.open(place, **{"X-Fetch": "1"})
    assert part.lstrip().startswith('<section class="publication" id="publication" data-state="running"')
    assert "已查 2 / 6" in part


async def test_flips_are_shown_with_what_is_right_and_have_to_be_accepted(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, INVOICE)
    _, html = await zhou.open(place)
    assert "还有 1 处变化等待接受" in html
    assert "怎么开发票？" in html
    assert "变好" in html
    assert '<button class="button button-main" disabled' in html
    assert (await zhou.send(f"{place}/publish")).status == 409
    response = await zhou.send(f"{place}/accept", base=base_in(html), number=1)
    assert (response.status, "变化都已接受" in await response.text()) == (200, True)
    assert await state_of(stocked, place) is PublicationState.ACCEPTED
    await sent(zhou, f"{place}/publish")
    assert "invoice" in [entry.id for entry in await stocked.database.read(entries.published)]
    _, html = await zhou.open("/console/knowledge/entries/invoice/versions")
    assert "回放 3 题，1 处变化、" in html
    assert "周敏" in html


async def test_flips_can_be_narrowed_to_a_kind(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, INVOICE)
    _, html = await zhou.open(f"{place}?kind=vanished")
    assert 'id="flip-1"' not in html
    _, html = await zhou.open(f"{place}?kind=appeared")
    assert 'id="flip-1"' in html


async def test_what_was_seen_of_another_replay_is_not_accepted(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, INVOICE)
    response = await zhou.send(f"{place}/accept", base="before the last replay", kind="all")
    assert (response.status, (await response.json())["error"]) == (409, "publication_moved")
    assert await state_of(stocked, place) is PublicationState.READY


@pytest.mark.parametrize(
    "choice", [{}, {"number": "1x"}, {"number": "0"}, {"kind": ""}, {"kind": "worse"}, {"kind": "all", "number": "1"}]
)
async def test_what_is_no_plain_choice_of_flips_accepts_none(
    stocked: Console, new_browser: NewBrowser, choice: dict[str, Any]
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, INVOICE)
    _, html = await zhou.open(place)
    assert (await zhou.send(f"{place}/accept", base=base_in(html), **choice)).status == 400
    assert await state_of(stocked, place) is PublicationState.READY


async def test_an_agent_may_look_and_not_touch(stocked: Console, new_browser: NewBrowser) -> None:
    zhou, li = await new_browser.of(stocked.cast.supervisor), await new_browser.of(stocked.cast.li)
    place = await proposed(stocked, zhou, INVOICE)
    status, html = await li.open(place)
    assert (status, f"{place}/publish" in html, f"{place}/accept" in html) == (200, False, False)
    for act in ("publish", "accept", "withdraw", "again"):
        assert (await li.send(f"{place}/{act}", base=base_in((await zhou.open(place))[1]))).status == 403


async def test_a_second_publication_is_replayed_anew_after_the_first(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    first = await proposed(stocked, zhou, replace(TYRE, answer="每 6 年更换。"))
    second = await proposed(stocked, zhou, replace(FREE, answer="首次免费。"))
    await sent(zhou, f"{first}/publish")
    _, html = await zhou.open(second)
    assert "另一项改动先生效了" in html
    assert (await zhou.send(f"{second}/publish")).status == 409
    await loop(stocked).turn()
    await sent(zhou, f"{second}/publish")
    assert await state_of(stocked, second) is PublicationState.PUBLISHED


async def test_a_version_that_has_moved_on_cannot_be_asked_for(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await draft(stocked, replace(TYRE, answer="每 6 年更换。"))
    form: dict[str, Any] = {"publish:tyre": 1}
    response = await zhou.send(PUBLICATIONS, **form)
    assert (response.status, (await response.json())["error"]) == (409, "moved_on")


async def test_an_entry_edited_meanwhile_fails_the_publication_with_a_way_on(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, replace(TYRE, answer="每 6 年更换。"))
    await draft(stocked, replace(TYRE, answer="每 7 年更换。"))
    assert await sent(zhou, f"{place}/publish") == place
    _, html = await zhou.open(place)
    assert "内容已被再次修改" in html
    assert "打开最新的版本" in html
    assert (await stocked.database.read(entries.published))[1] == TYRE


async def test_a_withdrawn_publication_leaves_the_draft_and_can_be_asked_for_again(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await proposed(stocked, zhou, INVOICE)
    await sent(zhou, f"{place}/withdraw")
    assert (await stocked.database.read(entries.get_entry, "invoice")).status is EntryStatus.DRAFT
    again = await sent(zhou, f"{place}/again")
    assert again != place
    assert await state_of(stocked, again) is PublicationState.RUNNING


async def test_archiving_shows_what_is_no_longer_answered(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await sent(zhou, PUBLICATIONS, **{"archive:free": 1})
    await loop(stocked).turn()
    _, html = await zhou.open(place)
    assert "归档「首保免费吗？」" in html
    assert "变差" in html


async def test_the_list_names_every_publication_with_its_result(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    status, html = await zhou.open(PUBLICATIONS)
    assert (status, "还没有发布记录" in html) == (200, True)
    await proposed(stocked, zhou, INVOICE)
    _, html = await zhou.open(PUBLICATIONS)
    assert "发布「怎么开发票？」" in html
    assert "回放 3 题，1 处变化" in html
    assert "等待接受变化" in html


async def test_what_is_in_force_can_be_compared_with_what_was_accepted(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    place = await sent(zhou, PUBLICATIONS)
    await loop(stocked).turn()
    _, html = await zhou.open(place)
    assert "接受为新的现状" in html
    await sent(zhou, f"{place}/publish")
    accepted = await stocked.database.read(register.accepted_outcomes)
    assert accepted is not None
    assert len(accepted) == 3


async def test_words_of_customers_are_text_and_nothing_else(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    nasty = "<img src=x onerror=alert(1)>{{7*7}}怎么开发票"
    await stocked.database.write(questions.bring_in, [Question(nasty, frozenset({"invoice"}))], "test", people.NOON)
    place = await proposed(stocked, zhou, replace(INVOICE, question=nasty))
    _, html = await zhou.open(place)
    assert "<img src=x" not in html
    assert "{{7*7}}" in html


async def test_a_publication_that_does_not_exist_is_not_found(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    assert (await zhou.open(f"{PUBLICATIONS}/nothing"))[0] == 404
    assert (await zhou.send(f"{PUBLICATIONS}/nothing/publish")).status == 404


@pytest.mark.parametrize("field", ["publish:tyre", "words:nonsense"])
async def test_a_form_that_is_none_of_ours_is_refused(stocked: Console, new_browser: NewBrowser, field: str) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    form: dict[str, Any] = {field: "x"}
    assert (await zhou.send(PUBLICATIONS, **form)).status == 400


# --- Word lists -------------------------------------------------------------------------------------------------


def ticked(*off: str, which: WordList = WordList.SYNONYMS) -> dict[str, Any]:
    """The form's ticks of all shipped lines but these."""
    return {f"on:{line}": "1" for line in shipped(which) if line not in off}


async def test_own_words_are_saved_and_published_through_the_gate(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/words?list=synonyms")
    form: dict[str, Any] = {"version": 0, "added": "钢圈 轮毂\n", "then": "publish", **ticked()}
    place = await sent(zhou, "/console/knowledge/words/synonyms", **form)
    await loop(stocked).turn()
    _, html = await zhou.open(place)
    assert "修改同义词" in html
    assert "钢圈 轮毂" in html
    await sent(zhou, f"{place}/publish")
    assert (await stocked.database.read(words.in_force))[WordList.SYNONYMS] == Changes(("钢圈 轮毂",))


async def test_a_shipped_line_is_switched_off_by_its_tick(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/words?list=stop_words")
    form: dict[str, Any] = {"version": 0, "added": "", **ticked("那个", which=WordList.STOP_WORDS)}
    await sent(zhou, "/console/knowledge/words/stop_words", **form)
    standing = await stocked.database.read(words.standing, WordList.STOP_WORDS)
    assert standing.changes == Changes((), ("那个",))
    _, html = await zhou.open("/console/knowledge/words?list=stop_words")
    assert "第 1 版还没有发布" in html


async def test_a_line_that_cannot_work_is_told_in_words_and_nothing_is_lost(
    stocked: Console, new_browser: NewBrowser
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/words?list=synonyms")
    form: dict[str, Any] = {"version": 0, "added": "轱辘 钢圈\n开启 停用", **ticked()}
    response = await zhou.send("/console/knowledge/words/synonyms", fetch=False, **form)
    html = await response.text()
    assert response.status == 422
    assert "「轱辘」已经在另一组" in html
    assert "意思相反" in html
    assert "轱辘 钢圈\n开启 停用</textarea>" in html


async def test_a_stop_word_that_is_a_whole_question_is_refused(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/words?list=stop_words")
    form: dict[str, Any] = {"version": 0, "added": "首保要钱吗", **ticked(which=WordList.STOP_WORDS)}
    response = await zhou.send("/console/knowledge/words/stop_words", fetch=False, **form)
    assert (response.status, "它就是条目「首保免费吗？」的问法" in await response.text()) == (422, True)


async def test_the_second_editor_of_a_list_sees_both_texts(stocked: Console, new_browser: NewBrowser) -> None:
    zhou, admin = await new_browser.of(stocked.cast.supervisor), await new_browser.of(stocked.cast.admin)
    for browser in (zhou, admin):
        await browser.open("/console/knowledge/words?list=synonyms")
    address = "/console/knowledge/words/synonyms"
    await sent(admin, address, version=0, added="脚垫 地垫", **ticked())
    response = await zhou.send(address, fetch=False, version=0, added="钢圈 轮毂", **ticked())
    html = await response.text()
    assert response.status == 409
    assert "脚垫 地垫" in html
    assert "钢圈 轮毂</textarea>" in html
    assert 'name="version" value="1"' in html
    assert (await stocked.database.read(words.standing, WordList.SYNONYMS)).changes == Changes(("脚垫 地垫",))


async def test_a_sentence_is_read_now_and_with_the_change(stocked: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(stocked.cast.li)
    await li.open("/console/knowledge/words?list=synonyms")
    form: dict[str, Any] = {"version": 0, "added": "轮圈 脚丫子", "sentence": "我的脚丫子呢", **ticked()}
    response = await li.send("/console/knowledge/words/synonyms/try", fetch=False, **form)
    html = await response.text()
    assert response.status == 200
    assert "→ 轮圈" in html
    assert await stocked.database.read(words.history, WordList.SYNONYMS) == []


async def test_an_old_version_of_a_list_comes_back_as_a_new_one(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/words?list=synonyms")
    address = "/console/knowledge/words/synonyms"
    await sent(zhou, address, version=0, added="脚垫 地垫", **ticked())
    await sent(zhou, address, version=1, added="钢圈 轮毂", **ticked())
    await sent(zhou, f"{address}/restore", version=2, to=1)
    standing = await stocked.database.read(words.standing, WordList.SYNONYMS)
    assert (standing.newest, standing.changes) == (3, Changes(("脚垫 地垫",)))
    assert (await zhou.send(f"{address}/restore", version=2, to=1)).status == 409
    assert (await zhou.send("/console/knowledge/words/nonsense", version=0)).status == 404


# --- Precision --------------------------------------------------------------------------------------------------


async def test_another_precision_goes_through_the_gate(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    _, html = await zhou.open("/console/knowledge/precision")
    assert "条目太少" in html
    place = await sent(zhou, "/console/knowledge/precision", all="95", mail="99", chat="", seen="")
    await loop(stocked).turn()
    _, html = await zhou.open(place)
    assert "调整准确率" in html
    if await state_of(stocked, place) is PublicationState.READY:
        await sent(zhou, f"{place}/accept", base=base_in(html), kind="all")
    await sent(zhou, f"{place}/publish")
    assert await stocked.database.read(terms.precision) == {"all": 0.95, "mail": 0.99}
    _, html = await zhou.open("/console/knowledge/precision")
    assert 'name="seen" value="all=0.95 mail=0.99"' in html


@pytest.mark.parametrize("typed", ["100", "12", "viel", "9" * 20])
async def test_a_precision_out_of_bounds_is_refused_and_kept_in_the_form(
    stocked: Console, new_browser: NewBrowser, typed: str
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/precision")
    response = await zhou.send("/console/knowledge/precision", fetch=False, all=typed, seen="")
    html = await response.text()
    assert (response.status, "准确率要在 80 % 到 99.5 % 之间" in html, typed in html) == (422, True, True)


async def test_a_precision_that_another_has_changed_is_a_conflict(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/precision")
    await stocked.database.write(terms.set_precision, {"all": 0.9}, "publication")
    assert (await zhou.send("/console/knowledge/precision", all="95", seen="")).status == 409


async def test_the_same_precision_asks_for_nothing(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/precision")
    assert (await sent(zhou, "/console/knowledge/precision", seen="")).endswith("?done=precision_same")


# --- Labelled questions -----------------------------------------------------------------------------------------


async def test_a_question_is_labelled_with_what_the_bot_finds_for_it(stocked: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(stocked.cast.li)
    _, html = await li.open("/console/knowledge/questions?ask=首保收不收钱")
    assert 'name="is:free"' in html
    await sent(li, "/console/knowledge/questions", utterance="首保收不收钱", **{"is:free": "1"})
    [one] = await stocked.database.read(questions.page, "收不收")
    assert (one.expected, one.by) == (("free",), li.console.cast.li.id)


@pytest.mark.parametrize("fields", [{}, {"ids": "nothing-like-it"}, {"utterance": " ", "none": "1"}])
async def test_a_label_that_says_nothing_is_refused(
    stocked: Console, new_browser: NewBrowser, fields: dict[str, Any]
) -> None:
    li = await new_browser.of(stocked.cast.li)
    await li.open("/console/knowledge/questions")
    assert (await li.send("/console/knowledge/questions", **{"utterance": "几点开门", **fields})).status == 422
    assert await stocked.database.read(questions.page, "几点开门") == []


async def test_labels_are_changed_and_removed_by_compare_and_set(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/questions")
    [one] = await stocked.database.read(questions.page, "发票")
    address = f"/console/knowledge/questions/{one.id}"
    await sent(zhou, address, version=1, ids="tyre free")
    assert (await zhou.send(address, version=1, ids="tyre")).status == 409
    assert (await zhou.send(address, version=2, ids="nothing-like-it")).status == 422
    assert (await zhou.send(f"{address}/remove", version=1)).status == 409
    await sent(zhou, f"{address}/remove", version=2)
    assert await stocked.database.read(questions.page, "发票") == []


async def test_labelled_questions_are_brought_in_all_or_none(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/questions")
    rows = [{"query": "几点开门", "id": None}, {"query": "轮胎寿命", "ids": ["tyre"]}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    response = await zhou.send("/console/knowledge/questions/import", fetch=False, lines=f"{lines}\nnot json")
    html = await response.text()
    assert (response.status, "第 3 行不是 JSON" in html, "not json</textarea>" in html) == (422, True, True)
    assert await stocked.database.read(questions.count) == 3
    await sent(zhou, "/console/knowledge/questions/import", lines=lines)
    assert await stocked.database.read(questions.count) == 5


@pytest.mark.parametrize(
    ("line", "chinese", "english"),
    [
        ("not json", "第 2 行不是 JSON，", "Line 2 is not JSON."),
        ("[]", "第 2 行不是一个 JSON 对象", "Line 2 is not a JSON object"),
        ('{"query": 5, "id": null}', "第 2 行不对：", "Line 2: query is what the customer says"),
        ('{"query": "", "id": null}', "超过 500 字", "longer than 500 characters"),
        ('{"query": "几点开门", "id": "no id"}', "最多 20 个", "at most 20"),
    ],
)
async def test_what_is_wrong_with_pasted_questions_is_said_in_the_readers_language(
    stocked: Console, new_browser: NewBrowser, line: str, chinese: str, english: str
) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await zhou.open("/console/knowledge/questions")
    for language, sentence in (("zh", chinese), ("en", english)):
        await zhou.send("/console/language", fetch=False, language=language)
        response = await zhou.send(
            "/console/knowledge/questions/import",
            fetch=False,
            lines=f'{{"query": "几点关门", "id": null}}\n{line}',
        )
        html = await response.text()
        assert (response.status, sentence in html, "pasted text" in html) == (422, True, False)
