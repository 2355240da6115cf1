"""The chat widget in a real browser, against a server that makes trouble on demand."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import MakeContext, type_on
from tests.browser.fake_chat import CHAT, FakeChat, Frame
from tests.fakes import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SOLVED = [{"id": "solved", "label": "解决了"}, {"id": "unsolved", "label": "没解决"}]
WORDS: dict[str, dict[str, str]] = json.loads((CHAT / "texts.json").read_text(encoding="utf-8"))
HOSTILE = """<!doctype html><html dir="rtl"><head><title>x</title><style>
* { all: unset !important; display: none !important; direction: rtl !important; font-size: 40px !important; }
html, body { display: block !important; }
button, textarea { display: none !important; } :root { --surface: red; --text: red; }
</style></head><body>text SCRIPT</body></html>"""


async def visit(chat: FakeChat, context: BrowserContext, path: str = "/demo") -> Page:
    """A page with the widget on it, its panel still closed."""
    page = await context.new_page()
    await page.goto(chat.url + path)
    await page.locator(".bubble").wait_for()
    return page


async def open_panel(page: Page) -> None:
    await page.locator(".bubble").click()
    await expect(page.locator(".state-words")).to_have_text(re.compile("智能客服在线|Automated|智慧客服"))


async def arrive(chat: FakeChat, new_context: MakeContext, **wishes: Any) -> Page:
    page = await visit(chat, await new_context(**wishes))
    await open_panel(page)
    return page


async def write(page: Page, text: str) -> None:
    await page.locator("textarea").fill(text)
    await page.locator("textarea").press("Enter")


def texts(page: Page) -> Locator:
    return page.locator(".message .text")


async def until(condition: Any) -> None:
    """Waits for something on the server's side."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def error(code: str, text: str, retry: bool, **more: Any) -> Frame:
    return {"type": "error", "code": code, "text": text, "retry": retry, **more}


async def test_a_question_is_sent_acknowledged_and_answered(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await write(page, "轮胎多久换一次?")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    await chat.say("胎纹低于 1.6 毫米就要更换。", kind="answer", actions=SOLVED)
    await expect(texts(page)).to_have_text(["轮胎多久换一次?", "胎纹低于 1.6 毫米就要更换。"])
    await expect(page.locator(".message.bot .name")).to_have_text("智能客服")
    assert chat.visitor.texts == ["轮胎多久换一次?", "胎纹低于 1.6 毫米就要更换。"]


async def test_a_page_view_alone_costs_the_server_no_connection(chat: FakeChat, new_context: MakeContext) -> None:
    page = await visit(chat, await new_context())
    await expect(page.locator(".panel")).to_be_hidden()
    assert chat.received == []


async def test_a_reload_shows_the_history_once_and_in_order(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await write(page, "保养要多久?")
    await chat.say("大约一小时。")
    await expect(texts(page)).to_have_count(2)
    await page.reload()
    await open_panel(page)
    await expect(texts(page)).to_have_text(["保养要多久?", "大约一小时。"])
    assert len(chat.visitors) == 1


async def test_what_is_written_while_the_server_is_away_is_sent_once_when_it_is_back(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await write(page, "第一句")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    await chat.go_away()
    await expect(page.locator(".notice")).to_be_visible()
    await write(page, "第二句")
    await write(page, "第三句")
    await expect(page.locator(".notice")).to_contain_text("消息已保存，恢复后自动发送")
    await expect(page.locator(".delivery .words").last).to_have_text("未发送，恢复后自动发送")
    await chat.listen()
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    await expect(page.locator(".delivery .words").last).to_have_text("已发送")
    assert chat.visitor.texts == ["第一句", "第二句", "第三句"]


async def test_a_message_written_offline_survives_closing_the_page(chat: FakeChat, new_context: MakeContext) -> None:
    context = await new_context()
    page = await visit(chat, context)
    await open_panel(page)
    await chat.go_away()
    await write(page, "还没发出去的话")
    await expect(page.locator(".delivery .words")).to_have_text("未发送，恢复后自动发送")
    await page.close()
    await chat.listen()
    page = await visit(chat, context)
    await until(lambda: chat.visitor.texts == ["还没发出去的话"])


async def test_a_lost_ack_after_a_cut_leads_to_one_message(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    chat.hold_acks()
    await write(page, "只存一次")
    await expect(page.locator(".delivery .words")).to_have_text("发送中")
    await until(lambda: chat.visitor.texts == ["只存一次"])
    await chat.cut()
    chat.release_acks()
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    await expect(texts(page)).to_have_text(["只存一次"])
    assert chat.visitor.texts == ["只存一次"]


async def test_an_ack_that_never_comes_makes_the_page_send_again_with_the_same_id(
    chat: FakeChat, new_context: MakeContext
) -> None:
    context = await new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.goto(chat.url + "/demo")
    await open_panel(page)
    chat.hold_acks()
    await write(page, "有人吗")
    await until(lambda: len(chat.arrived("message")) >= 1)
    await page.clock.run_for(10_500)
    await until(lambda: len(chat.arrived("message")) >= 2)
    chat.release_acks()
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    assert len({frame["client_message_id"] for frame in chat.arrived("message")}) == 1
    assert chat.visitor.texts == ["有人吗"]


async def test_a_half_open_connection_is_noticed_and_replaced(chat: FakeChat, new_context: MakeContext) -> None:
    context = await new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.goto(chat.url + "/demo")
    await open_panel(page)
    chat.silent = True
    await pass_time(page, "重新连接")
    chat.silent = False
    await pass_time(page, "智能客服在线")


async def pass_time(page: Page, state: str) -> None:
    """Lets the page's clock run, second by second so that real answers keep up, until the header says this."""
    for passed in range(400):
        if state in await page.locator(".state-words").inner_text():
            return
        await page.clock.run_for(1000)
        await asyncio.sleep(0 if passed < 100 else 0.2)
    raise AssertionError(f"400 seconds passed without {state}")


async def test_repeated_frames_show_one_message(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await chat.say("只说一遍", times=3)
    await chat.say("再说一句")
    await expect(texts(page)).to_have_text(["只说一遍", "再说一句"])


async def test_an_echo_before_its_ack_is_the_same_message(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    chat.echo_before_ack = True
    await write(page, "先回声")
    await write(page, "后确认")
    await expect(page.locator(".delivery .words").last).to_have_text("已发送")
    await expect(texts(page)).to_have_text(["先回声", "后确认"])


async def test_a_gap_in_the_numbers_is_fetched_before_what_follows_is_shown(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await chat.say("一")
    await chat.keep_to_itself("二")
    await chat.say("三")
    await expect(texts(page)).to_have_text(["一", "二", "三"])
    assert chat.arrived("resume")[-1]["after"] == 1


async def test_without_websockets_the_chat_works_over_http(chat: FakeChat, new_context: MakeContext) -> None:
    chat.sockets_refused = True
    page = await visit(chat, await new_context())
    await page.locator(".bubble").click()
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    await write(page, "走 HTTP")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    chat.visitor.state = {"mode": "agent", "agent_name": "李工"}
    await chat.say("收到您的问题了。", author="agent", name="李工")
    await until(lambda: chat.polls[-1] == 2)
    await write(page, "谢谢")
    await until(lambda: chat.polls[-1] == 3)
    assert chat.polls == sorted(chat.polls)
    await expect(page.locator(".delivery .words").last).to_have_text("已发送")
    await expect(texts(page)).to_have_text(["走 HTTP", "收到您的问题了。", "谢谢"])
    await expect(page.locator(".state-words")).to_have_text("人工服务中：李工")


async def test_the_chat_returns_from_http_to_a_websocket(chat: FakeChat, new_context: MakeContext) -> None:
    chat.sockets_refused = True
    context = await new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.goto(chat.url + "/demo")
    await page.locator(".bubble").click()
    await page.clock.run_for(10_000)
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    assert not chat.visitor.sockets
    chat.sockets_refused = False
    await page.clock.run_for(20_000)
    await until(lambda: len(chat.visitor.sockets) == 1)
    await write(page, "回到 WebSocket")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")


async def test_a_busy_server_gets_the_same_message_again(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    busy = error("unavailable", "系统暂时繁忙。", retry=True)
    chat.answer_next_with(busy, error("too_fast", "慢一点。", True, retry_after=1), *[busy] * 50)
    await write(page, "请再试")
    await expect(page.locator(".delivery .words")).to_have_text("未发送，稍后自动重发")
    await until(lambda: len(chat.arrived("message")) > 2)
    chat.be_kind()
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    assert len({frame["client_message_id"] for frame in chat.arrived("message")}) == 1
    assert chat.visitor.texts == ["请再试"]


async def test_a_refused_message_says_why_can_be_edited_and_does_not_hold_up_the_next(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    chat.answer_next_with(error("bad_text", "这条消息里有不能保存的字符。", retry=False))
    await write(page, "坏的")
    await write(page, "好的")
    await expect(page.locator(".delivery[data-phase=failed]")).to_contain_text("不能保存的字符")
    await until(lambda: chat.visitor.texts == ["好的"])
    await page.get_by_role("button", name="重新编辑").click()
    await expect(page.locator("textarea")).to_have_value("坏的")
    await expect(page.locator("textarea")).to_be_focused()
    await expect(texts(page)).to_have_text(["好的"])


async def test_an_error_about_nothing_in_particular_is_shown_and_can_be_dismissed(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await chat.push(error("unavailable", "系统正在维护，稍后恢复。", retry=True))
    await expect(page.locator(".notice")).to_contain_text("系统正在维护，稍后恢复。")
    await page.get_by_role("button", name="知道了").click()
    await expect(page.locator(".notice")).to_be_hidden()


async def test_a_token_that_is_no_longer_accepted_makes_a_new_visitor(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await write(page, "旧的会话")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    chat.forget_visitors()
    await page.reload()
    await open_panel(page)
    await write(page, "新的会话")
    await until(lambda: chat.visitors and chat.visitor.texts == ["新的会话"])
    await expect(texts(page)).to_have_text(["新的会话"])


async def test_two_tabs_share_one_conversation_and_send_nothing_twice(chat: FakeChat, new_context: MakeContext) -> None:
    context = await new_context()
    one = await visit(chat, context)
    await open_panel(one)
    await write(one, "从第一页")
    await expect(one.locator(".delivery .words")).to_have_text("已发送")
    other = await visit(chat, context)
    await open_panel(other)
    await chat.go_away()
    await expect(one.locator(".notice")).to_be_visible()
    await write(one, "断网一")
    await write(other, "断网二")
    await chat.listen()
    await until(lambda: len(chat.visitor.messages) >= 3)
    for page in (one, other):
        await expect(texts(page)).to_have_text(["从第一页", "断网一", "断网二"])
    assert chat.visitor.texts == ["从第一页", "断网一", "断网二"]


async def test_blocked_storage_costs_only_the_memory_of_a_reload(chat: FakeChat, new_context: MakeContext) -> None:
    context = await new_context()
    await context.add_init_script(
        """for (const name of ['localStorage', 'sessionStorage'])
             Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }});"""
    )
    page = await visit(chat, context)
    await open_panel(page)
    await write(page, "没有存储")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    await chat.cut()
    await chat.say("还在吗")
    await expect(texts(page)).to_have_text(["没有存储", "还在吗"])


async def test_buttons_press_once_and_fade_after_the_next_message(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    offered = await chat.say(
        "您想问哪一个？",
        kind="clarify",
        actions=[{"id": "e1", "label": "轮胎换位"}, {"id": "none", "label": "都不是"}],
    )
    await page.get_by_role("button", name="都不是").click()
    await until(lambda: len(chat.visitor.messages) == 2)
    (press,) = chat.arrived("press")
    assert (press["action"], press["about"]) == ("none", offered["number"])
    await expect(texts(page)).to_have_text(["您想问哪一个？", "都不是"])
    await expect(page.locator(".action.chosen")).to_have_text("都不是")
    for button in await page.locator(".action").all():
        await expect(button).to_be_disabled()
    await page.reload()
    await open_panel(page)
    await expect(page.locator(".action.chosen")).to_have_text("都不是")


async def test_a_person_can_be_asked_for_at_any_time_and_the_header_says_who_is_there(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await page.get_by_role("button", name="转人工").click()
    await until(lambda: chat.visitor.texts == ["转人工"])
    assert chat.arrived("press")[0]["action"] == "human"
    await chat.become("waiting", ticket="2611-0042")
    await expect(page.locator(".state-words")).to_have_text("等待人工，工单 2611-0042")
    await chat.become("agent", agent_name="李工", ticket="2611-0042")
    await expect(page.locator(".state-words")).to_have_text("人工服务中：李工")
    await chat.become("bot")
    await expect(page.get_by_role("button", name="转人工")).to_be_enabled()


async def test_the_contact_form_shows_the_servers_error_and_then_takes_the_number(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await chat.say("请留个联系方式。", kind="handoff", form="contact")
    form = page.get_by_role("form", name="留下联系方式")
    await form.get_by_label("手机号或邮箱").fill("1390000")
    await form.get_by_role("button", name="提交").click()
    await expect(form.get_by_role("alert")).to_have_text("这个手机号少了几位，请检查。")
    await write(page, "先问别的")
    await until(lambda: chat.visitor.texts[-1] == "先问别的")
    await form.get_by_label("手机号或邮箱").fill("13900000000")
    await form.get_by_role("button", name="提交").click()
    await expect(form).to_have_text("联系方式已收到")
    assert [frame["value"] for frame in chat.arrived("contact")] == ["1390000", "13900000000"]
    await page.reload()
    await open_panel(page)
    await expect(form).to_have_text("联系方式已收到")


async def test_the_contact_form_can_be_refused(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    chat.echo_before_ack = True
    await chat.say("请留个联系方式。", kind="handoff", form="contact")
    await page.get_by_role("button", name="不用了").click()
    await expect(page.locator(".outcome")).to_have_text("好的，我们会在这里回复您")
    (frame,) = chat.arrived("contact")
    assert frame["refused"] is True
    assert "value" not in frame


async def test_enter_sends_shift_enter_breaks_and_an_input_method_never_sends(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    box = page.locator("textarea")
    await box.fill("第一行")
    await box.press("Shift+Enter")
    await box.press_sequentially("second")
    await box.evaluate(
        """box => {
             const enter = {key: 'Enter', bubbles: true, cancelable: true};
             for (const more of [{isComposing: true}, {keyCode: 229}])
               box.dispatchEvent(new KeyboardEvent('keydown', {...enter, ...more}));
           }"""
    )
    await expect(box).to_have_value("第一行\nsecond")
    assert chat.arrived("message") == []
    await box.press("Enter")
    await until(lambda: chat.visitor.texts == ["第一行\nsecond"])
    await expect(box).to_have_value("")


async def test_nothing_empty_and_nothing_too_long_is_sent(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    send = page.get_by_role("button", name="发送")
    for blank in ("", "  \n ", "\u200b\u3000\ufeff"):
        await write(page, blank)
        await expect(send).to_be_disabled()
    await page.locator("textarea").fill("长" * 1850)
    await expect(page.locator(".counter")).to_have_text("1850/2000")
    await page.locator("textarea").fill("𠮷" * 2003)
    await page.locator("textarea").press("Enter")
    await expect(page.locator(".counter")).to_have_text("超出 3 字，请删减后再发")
    await expect(send).to_be_disabled()
    await page.locator("textarea").fill("𠮷" * 2000)
    await page.locator("textarea").press("Enter")
    await until(lambda: chat.visitor.texts == ["𠮷" * 2000])


async def test_the_composer_grows_to_five_lines(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    box = page.locator("textarea")
    heights = []
    for lines in (1, 3, 5, 9):
        await box.fill("\n".join(["行"] * lines))
        heights.append(await box.evaluate("box => box.offsetHeight"))
    assert heights[0] < heights[1] < heights[2] == heights[3]


async def test_typing_is_told_both_ways(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await chat.become("agent", agent_name="李工")
    await expect(page.locator(".state-words")).to_have_text("人工服务中：李工")
    await type_on(page.locator("textarea"), "abcdef")
    await until(lambda: chat.arrived("typing"))
    await chat.push({"type": "typing", "author": "agent", "name": "李工"})
    await expect(page.locator(".typing")).to_contain_text("李工正在输入")
    await chat.say("好了", author="agent", name="李工")
    await expect(page.locator(".typing")).to_be_hidden()
    assert len(chat.arrived("typing")) == 1


async def test_unread_messages_are_counted_on_the_bubble_until_they_are_seen(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    await chat.say("看过的")
    await expect(texts(page)).to_have_count(1)
    await page.keyboard.press("Escape")
    await chat.say("没看过的一")
    await chat.say("没看过的二")
    await expect(page.locator(".badge")).to_have_text("2")
    await expect(page.get_by_role("button", name="打开在线客服，2 条未读")).to_be_visible()
    await page.reload()
    await expect(page.locator(".badge")).to_have_text("2")
    await open_panel(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(".badge")).to_be_hidden()


async def test_the_keyboard_alone_opens_uses_and_closes_the_chat(chat: FakeChat, new_context: MakeContext) -> None:
    page = await visit(chat, await new_context())
    await page.locator(".bubble").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("textarea")).to_be_focused()
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    await page.keyboard.type("hello")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="转人工")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="添加图片或文件")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="发送")).to_be_focused()
    await page.keyboard.press("Enter")
    await until(lambda: chat.visitor.texts == ["hello"])
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_be_hidden()
    await expect(page.locator(".bubble")).to_be_focused()


async def test_a_screen_reader_finds_a_labelled_dialog_and_a_polite_log(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    dialog = page.get_by_role("dialog", name="云岑汽车客户服务")
    await expect(dialog).to_be_visible()
    log = dialog.get_by_role("log", name="对话记录")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(dialog.get_by_role("textbox", name="输入消息")).to_be_visible()
    unnamed = await page.evaluate(
        """() => [...document.querySelector('yingsheng-chat').shadowRoot.querySelectorAll('button')]
             .filter(b => b.getClientRects().length)
             .filter(b => !b.getAttribute('aria-label') && !b.textContent.trim()).length"""
    )
    assert unnamed == 0


async def test_on_a_phone_the_panel_fills_the_screen_as_a_modal_dialog(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context, **PHONE)
    box = await page.locator(".panel").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    await expect(page.locator(".panel")).to_have_attribute("aria-modal", "true")
    await expect(page.locator(".bubble")).to_be_hidden()
    for _ in range(8):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.tagName") == "YINGSHENG-CHAT"
    # What an on-screen keyboard does: the visual viewport becomes smaller than the page.
    await page.evaluate(
        """() => { Object.defineProperty(visualViewport, 'height', {value: 500, configurable: true});
                   visualViewport.dispatchEvent(new Event('resize')); }"""
    )
    box = await page.locator(".composer").bounding_box()
    assert box
    assert box["y"] + box["height"] == 500
    await page.get_by_role("button", name="收起在线客服").click()
    assert await page.evaluate("document.documentElement.style.overflow") == ""


async def test_hostile_styles_of_the_page_do_not_reach_the_widget(chat: FakeChat, new_context: MakeContext) -> None:
    chat.page = HOSTILE.replace("SCRIPT", '<script src="/widget.js"></script>')
    page = await visit(chat, await new_context(), "/page")
    await open_panel(page)
    await write(page, "不受影响")
    await expect(page.locator(".delivery .words")).to_have_text("已发送")
    box = await page.locator(".panel").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (380, 600)
    style = await texts(page).evaluate("node => [getComputedStyle(node).fontSize, getComputedStyle(node).direction]")
    assert style == ["15px", "ltr"]


async def test_the_widget_runs_on_a_page_of_another_origin(chat: FakeChat, new_context: MakeContext) -> None:
    chat.page = f'<!doctype html><title>别家</title><body><script src="{chat.url}/widget.js"></script>'
    context = await new_context()
    page = await context.new_page()
    await page.goto(chat.other_url + "/page?secret=1#part")
    await page.locator(".bubble").click()
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    assert chat.arrived("hello")[0]["page"] == {"url": f"{chat.other_url}/page", "title": "别家"}
    chat.sockets_refused = True
    await chat.cut()
    await write(page, "跨域 HTTP")
    await until(lambda: chat.visitor.texts == ["跨域 HTTP"])


async def test_the_page_chooses_accent_title_side_and_language(chat: FakeChat, new_context: MakeContext) -> None:
    chat.page = (
        '<!doctype html><body><script src="/widget.js" data-accent="#0b6" data-title="Care &lt;b&gt;" '
        'data-position="left" data-language="en"></script>'
    )
    page = await visit(chat, await new_context(), "/page")
    await open_panel(page)
    await expect(page.locator("h2")).to_have_text("Care <b>")
    await expect(page.locator("textarea")).to_have_attribute("placeholder", "Type your question")
    box = await page.locator(".panel").bounding_box()
    assert box
    assert box["x"] == 20
    style = await page.locator(".send").evaluate(
        "node => getComputedStyle(node.closest('.root')).getPropertyValue('--accent')"
    )
    assert style == "rgb(0 187 102)"
    assert chat.arrived("hello")[0]["language"] == "en"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["#0b6", "#ffe000", "black", "white", "not-a-colour", "#0d5c63"])
async def test_words_have_enough_contrast_with_any_accent(
    chat: FakeChat, new_context: MakeContext, theme: str, accent: str
) -> None:
    chat.page = f'<!doctype html><body><script src="/widget.js" data-accent="{accent}" data-theme="{theme}"></script>'
    page = await visit(chat, await new_context(), "/page")
    ratios = await page.evaluate(
        """async () => {
          const {contrast} = await import('/static/widget/colour.js');
          const root = document.querySelector('yingsheng-chat').shadowRoot.querySelector('.root');
          const rgb = name => {
            const probe = document.createElement('i');
            probe.style.color = `var(${name})`;
            root.append(probe);
            const parts = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
            probe.remove();
            return parts;
          };
          const pairs = [['--on-accent', '--accent'], ['--accent-text', '--surface'],
            ['--text', '--surface'], ['--text', '--their-bubble'],
             ['--accent-text', '--their-bubble'], ['--text-quiet', '--surface-sunk'],
            ['--overdue', '--surface-sunk'], ['--soon', '--soon-surface'], ['--soon', '--surface-sunk']];
          return pairs.map(([one, other]) => [one, other, contrast(rgb(one), rgb(other))]);
        }"""
    )
    assert [pair for pair in ratios if pair[2] < 4.5] == []


async def test_text_is_never_read_as_markup(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script> javascript:alert(1)'
    await chat.say(evil, author="agent", name="<b>李</b>", actions=[{"id": "x", "label": "<i>斜</i>"}])
    await write(page, evil)
    await expect(texts(page)).to_have_text([evil, evil])
    await expect(page.locator(".message .name")).to_have_text("<b>李</b>")
    await expect(page.locator(".action")).to_have_text("<i>斜</i>")
    assert await page.evaluate("window.hit") is None
    await expect(page.locator(".text a, .text img, .text script")).to_have_count(0)


async def test_addresses_and_phone_numbers_become_links(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    await chat.say(
        "见 https://example.com/a?b=1(c)。或 http://例子.example.com/路，打400-000-0120，手机13900000000，"
        "订单号20251390000000012，ftp://example.com，工单2611-0042"
    )
    await expect(texts(page)).to_have_count(1)
    links = await page.locator(".text a").evaluate_all(
        "nodes => nodes.map(a => [a.textContent, a.getAttribute('href')])"
    )
    assert links[0] == ["https://example.com/a?b=1(c)", "https://example.com/a?b=1(c)"]
    assert ["400-000-0120", "tel:4000000120"] in links
    assert ["13900000000", "tel:13900000000"] in links
    assert len([link for link in links if link[1].startswith("tel:")]) == 2
    assert not any("ftp" in link[1] for link in links)
    await expect(page.locator(".text a").first).to_have_attribute("rel", re.compile("noopener"))
    await expect(page.locator(".text .whole")).to_have_text("2611-0042")
    await expect(page.locator(".text .whole")).to_have_css("white-space", "nowrap")


async def test_days_and_minutes_separate_the_history(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    noon = datetime(2026, 11, 27, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    await page.clock.set_fixed_time(noon)
    older = datetime(noon.year - 1, 11, 20, 10, 20, tzinfo=UTC)
    for moment, text in (
        (older, "去年"),
        (noon - timedelta(days=1), "昨天一"),
        (noon - timedelta(days=1), "昨天二"),
        (noon, "今天"),
    ):
        await chat.say(text, at=moment.isoformat())
    await expect(page.locator(".date")).to_have_text([f"{older.year}年11月20日", "昨天", "今天"])
    await expect(page.locator(".message.first .who time")).to_have_text(["18:20", "12:00", "12:00"])


async def test_the_history_is_read_in_the_visitors_zone(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context, timezone_id="America/New_York")
    await chat.say("时区", at="2026-01-05T02:30:00Z")
    await expect(page.locator(".date")).to_have_text(re.compile("1月4日"))
    await expect(page.locator(".who time")).to_have_text("21:30")


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-TW", "zh-TW"), ("zh-HK", "zh-TW"), ("en-GB", "en"), ("fr-FR", "zh-CN")]
)
async def test_the_widget_speaks_the_visitors_language(
    chat: FakeChat, new_context: MakeContext, locale: str, language: str
) -> None:
    page = await arrive(chat, new_context, locale=locale)
    await expect(page.locator("textarea")).to_have_attribute("placeholder", WORDS[language]["placeholder"])
    assert chat.arrived("hello")[0]["language"] == language


async def test_every_language_has_every_text_with_the_same_placeholders() -> None:
    def shape(words: dict[str, str]) -> dict[str, list[str]]:
        return {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in words.items()}

    assert set(WORDS) == {"zh-CN", "zh-TW", "en"}
    assert shape(WORDS["zh-CN"]) == shape(WORDS["zh-TW"]) == shape(WORDS["en"])


async def test_a_visitor_who_reads_further_up_is_not_pulled_down(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    for number in range(30):
        await chat.say(f"第 {number} 条")
    await expect(texts(page)).to_have_count(30)
    await page.locator(".scroller").evaluate("node => { node.scrollTop = 0; }")
    await expect(page.locator(".scroller")).to_have_js_property("scrollTop", 0)
    await chat.say("新来的")
    await page.get_by_role("button", name="有新消息").click()
    await expect(texts(page).last).to_be_in_viewport()


async def test_the_connection_does_not_follow_the_page_offline_events_blindly(
    chat: FakeChat, new_context: MakeContext
) -> None:
    context = await new_context()
    page = await visit(chat, context)
    await open_panel(page)
    await context.set_offline(True)
    await expect(page.locator(".state-words")).to_have_text("网络断开…")
    await write(page, "离线写的")
    await expect(page.locator(".notice")).to_have_text(re.compile("网络断开了，消息已保存，恢复后自动发送"))
    await context.set_offline(False)
    await until(lambda: chat.visitor.texts == ["离线写的"])
    await expect(page.locator(".notice")).to_be_hidden()


TYRES = ["轮胎多久换一次？", "轮胎要换位吗？"]


async def suggested(chat: FakeChat, page: Page, text: str = "轮胎多久", questions: list[str] | None = None) -> Locator:
    """What is offered after this has been typed."""
    chat.questions = TYRES if questions is None else questions
    await type_on(page.locator("textarea"), text)
    await until(lambda: text in chat.suggested_for)
    offered = page.locator(".suggestion")
    await expect(offered.first).to_be_visible()
    return offered


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
async def test_questions_are_offered_while_somebody_types_and_nothing_moves(
    chat: FakeChat, new_context: MakeContext, device: dict[str, Any]
) -> None:
    page = await arrive(chat, new_context, **device)
    box, log = page.locator(".box"), page.locator(".scroller")
    before = await box.bounding_box(), await log.bounding_box()
    offered = await suggested(chat, page)
    await expect(offered).to_have_text(TYRES)
    assert (await box.bounding_box(), await log.bounding_box()) == before
    assert chat.suggested_for == ["轮胎多久"], "asked once, after a pause"
    await offered.first.click()
    await expect(texts(page)).to_have_text([TYRES[0]])
    await expect(offered.first).to_be_hidden()
    assert await page.locator("textarea").input_value() == ""
    assert [frame["text"] for frame in chat.arrived("message")] == [TYRES[0]]


async def test_suggestions_are_reached_with_the_keyboard_and_closed_with_escape(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    offered = await suggested(chat, page)
    await expect(offered).to_have_count(2)
    assert WORDS["zh-CN"]["suggestions_hint"].replace("{count}", "2") in await page.locator(".composer").inner_text()
    await page.keyboard.press("ArrowUp")
    await expect(offered.last).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(offered.first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(offered.first).to_be_hidden()
    await expect(page.locator("textarea")).to_be_focused()
    await expect(page.locator(".panel")).to_be_visible()
    await page.locator("textarea").press_sequentially("换")
    await page.wait_for_timeout(500)
    await expect(offered.first).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(texts(page)).to_have_text(["轮胎多久换"])
    offered = await suggested(chat, page, "轮胎花纹")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(texts(page)).to_have_text(["轮胎多久换", TYRES[1]])


async def test_what_is_offered_later_moves_nothing_under_somebody_who_chooses(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    offered = await suggested(chat, page)
    await page.keyboard.press("ArrowUp")
    await expect(offered.last).to_be_focused()
    await chat.push({"type": "suggestions", "text": "轮胎多久", "items": [{"id": "other", "question": "别的问题？"}]})
    await chat.say("后来的一句")
    await expect(texts(page)).to_have_text(["后来的一句"])
    await expect(offered).to_have_text(TYRES)
    await expect(offered.last).to_be_focused()


async def test_an_input_method_at_work_asks_for_nothing(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    chat.questions = TYRES
    session = await page.context.new_cdp_session(page)
    await page.locator("textarea").focus()
    for typed in ("lun", "luntai", "luntaiduo"):
        await session.send(
            "Input.imeSetComposition", {"text": typed, "selectionStart": len(typed), "selectionEnd": len(typed)}
        )
    await page.wait_for_timeout(500)
    assert chat.suggested_for == []
    await session.send("Input.insertText", {"text": "轮胎多"})
    await until(lambda: chat.suggested_for == ["轮胎多"])
    await expect(page.locator(".suggestion")).to_have_text(TYRES)


async def test_nothing_is_offered_for_too_little_too_much_or_to_a_person(
    chat: FakeChat, new_context: MakeContext
) -> None:
    page = await arrive(chat, new_context)
    chat.questions = TYRES
    for text in ("轮胎", "长" * 61, "第一行\n第二行"):
        await page.locator("textarea").fill(text)
        await page.wait_for_timeout(450)
    await chat.become("agent", agent_name="李工")
    await expect(page.locator(".state-words")).to_contain_text("李工")
    await page.locator("textarea").fill("轮胎多久")
    await page.wait_for_timeout(450)
    assert chat.suggested_for == []
    await expect(page.locator(".suggestion").first).to_be_hidden()


async def test_a_page_can_do_without_suggestions(chat: FakeChat, new_context: MakeContext) -> None:
    chat.page = '<!doctype html><title>x</title><body><script src="/widget.js" data-suggestions="off"></script>'
    page = await visit(chat, await new_context(), "/page")
    await open_panel(page)
    await page.locator("textarea").fill("轮胎多久")
    await page.wait_for_timeout(450)
    assert chat.suggested_for == []


async def test_a_suggestion_that_looks_like_markup_is_text(chat: FakeChat, new_context: MakeContext) -> None:
    page = await arrive(chat, new_context)
    hostile = "<img src=x onerror=alert(1)>"
    await expect(await suggested(chat, page, questions=[hostile])).to_have_text([hostile])
    assert await page.locator(".suggestions img").count() == 0
