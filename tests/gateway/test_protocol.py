"""docs/protocol.md, frame by frame, over a real WebSocket."""

import asyncio
import re

import pytest

from bot.gateway import limits
from bot.gateway.frames import LARGEST_FRAME
from bot.gateway.limits import SUGGESTIONS_PER_MINUTE
from bot.keys import TYPING
from knowledgebase.model import Entry, Visibility
from storage.database import Transaction
from tests.conftest import StartServer
from tests.fakes import ENTRIES, Clock, Server
from tickets import agents, conversations, desk
from tickets.model import Agent, Role

ISO_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def hire(server: Server, name: str = "李工") -> Agent:
    return await server.database.write(agents.create, "li", name, Role.AGENT, "not-a-hash", None, server.clock())


async def answer_ticket(server: Server, number: str, agent: Agent, text: str, seen: int) -> None:
    await server.database.write(desk.reply, number, agent, text, seen, "reply-0001", False, server.clock())


async def test_hello_without_a_token_makes_a_visitor_and_says_the_limits(server: Server) -> None:
    page = server.page()
    await page.connect()
    welcome = await page.greet()
    await page.leave()
    assert set(welcome) == {"type", "token", "last", "state", "limits"}
    assert welcome["last"] == 0
    assert welcome["state"] == {"mode": "bot"}
    assert welcome["limits"] == {
        "message_chars": 2000,
        "frame_bytes": LARGEST_FRAME,
        "file_bytes": 10_485_760,
        "files": 5,
    }


async def test_hello_with_a_token_goes_on_with_the_conversation(server: Server) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
        token = page.token
    later = server.page(token=token)
    await later.connect()
    welcome = await later.greet()
    await later.reads_up_to(2)
    await later.leave()
    assert welcome["last"] == 2
    assert welcome["token"] == token
    assert [one["number"] for one in later.messages] == [1, 2]


async def test_two_visitors_get_two_tokens(server: Server) -> None:
    async with server.page() as one, server.page() as other:
        assert one.token != other.token


async def test_the_first_frame_has_to_be_hello(server: Server) -> None:
    page = server.page()
    await page.connect()
    error = await page.refused(type="message", client_message_id="early-message", text="在吗")
    assert error["code"] == "not_greeted"
    assert error["client_message_id"] == "early-message"
    assert (await page.greet())["last"] == 0
    await page.leave()


async def test_a_message_is_acknowledged_and_comes_back_with_its_id(server: Server) -> None:
    async with server.page() as page:
        ack = await page.say("怎么联系道路救援？", "my-own-id_1")
        await page.reads()
    own = page.messages[0]
    assert ack == {"type": "ack", "client_message_id": "my-own-id_1", "number": 1, "at": own["at"]}
    assert ISO_UTC.fullmatch(ack["at"])
    assert own == {
        "number": 1,
        "author": "contact",
        "kind": "text",
        "text": "怎么联系道路救援？",
        "at": ack["at"],
        "actions": [],
        "client_message_id": "my-own-id_1",
    }


async def test_a_repeated_id_gets_the_same_ack_and_is_stored_once(server: Server) -> None:
    async with server.page() as page:
        first = await page.say("轮胎多久换一次？", "the-same-id")
        again = await page.say("轮胎多久换一次？", "the-same-id")
        other_words = await page.say("something else", "the-same-id")
        await page.reads()
        await page.reads_up_to(2)
    assert first == again == other_words
    assert [one["text"] for one in page.messages if one["author"] == "contact"] == ["轮胎多久换一次？"]


async def test_an_id_repeated_on_another_connection_is_still_stored_once(server: Server) -> None:
    async with server.page() as page:
        first = await page.say("轮胎多久换一次？", "the-same-id")
        await page.reads()
        await page.drop()
        page.messages.clear()
        await page.connect()
        await page.greet()
        assert await page.say("轮胎多久换一次？", "the-same-id") == first
        await page.reads_up_to(2)
    assert len([one for one in page.messages if one["author"] == "contact"]) == 1


async def test_a_pressed_button_is_kept_under_its_label(server: Server) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        answer = await page.reads()
        ack = await page.press("solved", about=answer["number"])
        await page.reads()
    pressed = page.messages[ack["number"] - 1]
    assert pressed["text"] == next(one["label"] for one in answer["actions"] if one["id"] == "solved")
    assert pressed["action"] == "solved"


@pytest.mark.parametrize(
    ("action", "about"),
    [("solved", 1), ("entry:tyre-when", 2), ("nonsense", 2), ("human", 2), ("solved", 99), ("solved", None)],
)
async def test_a_button_that_was_never_offered_is_refused(server: Server, action: str, about: int | None) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
        fields = {"about": about} if about is not None else {}
        error = await page.refused(type="press", client_message_id="not-offered", action=action, **fields)
        assert error["code"] == ("malformed" if about is None else "action_gone")
        assert error["client_message_id"] == "not-offered"
        assert error["retry"] is False
        assert (await page.say("谢谢"))["number"] == 3


async def test_a_person_can_be_asked_for_at_any_time(server: Server) -> None:
    async with server.page() as page:
        ack = await page.press("human")
        told = await page.reads()
        await page.reads_up_to(3)
    assert ack["number"] == 1
    assert told["kind"] == "handoff"
    assert page.messages[2]["form"] == "contact"


async def test_a_phone_number_is_taken_and_a_wrong_one_is_told(server: Server) -> None:
    async with server.page() as page:
        await page.press("human")
        await page.reads()
        error = await page.refused(type="contact", client_message_id="contact-0001", value="12345")
        assert error["code"] == "contact_invalid"
        assert error["client_message_id"] == "contact-0001"
        await page.send(type="contact", client_message_id="contact-0002", value="13900000000")
        assert (await page.expect("ack"))["client_message_id"] == "contact-0002"
        told = await page.reads()
        while told["kind"] != "notice" or "form" in told:
            told = await page.reads()
    assert "13900000000" not in told["text"]


async def test_giving_no_phone_number_is_accepted_too(server: Server) -> None:
    async with server.page() as page:
        await page.press("human")
        await page.reads()
        await page.send(type="contact", client_message_id="contact-0001", refused=True)
        ack = await page.expect("ack")
        await page.reads_up_to(ack["number"] + 1)
    assert page.messages[ack["number"] - 1]["action"] == "contact_refused"


async def test_the_form_is_gone_from_the_history_once_details_were_given(server: Server) -> None:
    async with server.page() as page:
        await page.press("human")
        await page.reads_up_to(3)
        await page.send(type="contact", client_message_id="contact-0001", value="13900000000")
        await page.expect("ack")
        await page.send(type="resume", after=0)
        again = await page.expect("messages")
    assert [item["number"] for item in again["items"] if "form" in item] == []


@pytest.mark.parametrize("fields", [{}, {"value": "13900000000", "refused": True}, {"refused": False}])
async def test_a_contact_frame_says_one_thing(server: Server, fields: dict[str, object]) -> None:
    async with server.page() as page:
        error = await page.refused(type="contact", client_message_id="contact-0001", **fields)
    assert error["code"] == "malformed"


async def test_resume_gives_everything_after_a_number_and_nothing_else(server: Server) -> None:
    async with server.page() as page:
        for _ in range(3):
            await page.say("轮胎多久换一次？")
            await page.reads()
        assert [one["number"] for one in await page.resume(0)] == [1, 2, 3, 4, 5, 6]
        assert [one["number"] for one in await page.resume(4)] == [5, 6]


async def test_a_page_that_claims_more_messages_than_there_are_misses_nothing_later(server: Server) -> None:
    async with server.page() as page:
        await page.send(type="resume", after=5_000)
        await page.say("轮胎多久换一次？")
        assert (await page.reads())["number"] == 2


async def test_a_long_history_comes_in_pages_of_a_hundred_without_waiting(start_server: StartServer) -> None:
    server = await start_server(chat={"messages_per_minute": 1_000})
    async with server.page() as page:
        for _ in range(55):
            await page.say("轮胎多久换一次？")
        await page.reads_up_to(110)
        token = page.token
    async with server.page(token=token) as later:
        await later.reads_up_to(110)
        sizes = [len(frame["items"]) for frame in later.seen if frame["type"] == "messages"]
    assert sizes == [100, 10]
    assert [one["number"] for one in later.messages] == list(range(1, 111))


async def test_all_pages_of_one_visitor_show_the_same(server: Server) -> None:
    async with server.page() as page, server.page(token=page.token) as other:
        await page.say("轮胎多久换一次？")
        assert (await other.reads("contact"))["text"] == "轮胎多久换一次？"
        assert (await other.reads())["kind"] == "answer"


async def test_a_second_hello_on_the_same_socket_changes_the_visitor_at_once(server: Server) -> None:
    async with server.page() as one, server.page() as page:
        await one.say("轮胎多久换一次？")
        await one.reads()
        page.token = one.token
        await page.greet()
        await page.reads_up_to(2)
        await one.say("谢谢")
        await page.reads_up_to(4)


async def test_an_agents_reply_and_name_reach_the_page_with_the_new_state(server: Server) -> None:
    agent = await hire(server)
    async with server.page() as page:
        await page.press("human")
        await page.reads_up_to(3)
        state = page.state if page.state.get("ticket") else await page.expect("state")
        await answer_ticket(server, state["ticket"], agent, "您好，我来处理。", 3)
        reply = await page.reads("agent")
        while page.state["mode"] != "agent":
            await page.expect("state")
    assert (reply["name"], reply["text"], reply["kind"]) == ("李工", "您好，我来处理。", "text")
    assert page.state == {"mode": "agent", "agent_name": "李工", "ticket": state["ticket"]}


async def test_an_agent_who_types_is_shown(server: Server) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
        conversation_id = await only_conversation(server)
        server.app[TYPING].agent_typing(conversation_id, "李工")
        typing = await page.expect("typing")
    assert typing == {"type": "typing", "author": "agent", "name": "李工"}


async def test_a_customer_who_types_is_passed_on_at_most_every_two_seconds(server: Server, clock: Clock) -> None:
    told: list[str] = []
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
        stop = server.database.signals.listen("typing", lambda _topic, key: told.append(key))
        for pause in (0, 500, 1_499, 1):
            clock.advance(pause)
            await page.send(type="typing")
            await page.resume(0)
        stop()
    assert told == [await only_conversation(server)] * 2


async def test_errors_are_told_in_the_pages_language(server: Server) -> None:
    said = {}
    for language in ("zh-CN", "zh-TW", "en"):
        page = server.page()
        await page.connect()
        await page.greet(language=language)
        error = await page.refused(type="message", client_message_id="empty-message", text=" ")
        said[language] = error["text"]
        await page.leave()
    assert said["zh-CN"].endswith("。")
    assert "還沒有" in said["zh-TW"]
    assert said["en"].isascii()


async def test_the_page_is_remembered_with_the_conversation(server: Server) -> None:
    page = server.page()
    await page.connect()
    await page.greet(page={"url": "https://www.example.com/tyres?a=1", "title": "轮胎 <b>"})
    await page.say("轮胎多久换一次？")
    await page.leave()
    conversation = await server.database.read(conversations.get_conversation, await only_conversation(server))
    assert (conversation.page_url, conversation.page_title) == ("https://www.example.com/tyres?a=1", "轮胎 <b>")


async def test_the_server_says_going_away_when_it_stops(server: Server) -> None:
    async with server.page() as page:
        reading = asyncio.create_task(page.closed())
        await server.stop()
        assert await reading == 1001


async def test_a_conversation_goes_on_after_a_restart(server: Server) -> None:
    async with server.page() as page:
        await page.say("轮胎多久换一次？")
        await page.reads()
    await server.stop()
    await server.start()
    async with server.page(token=page.token) as later:
        await later.reads_up_to(2)
        await later.say("轮胎换位要多少钱？")
        assert (await later.reads())["kind"] == "answer"
        assert ENTRIES[1].answer in (await later.reads())["text"]


async def only_conversation(server: Server) -> str:
    def ids(tx: Transaction) -> list[str]:
        return [str(row["id"]) for row in tx.execute("SELECT id FROM conversation")]

    found = await server.database.read(ids)
    assert len(found) == 1
    return found[0]


async def test_what_is_being_written_is_looked_up_and_not_kept(server: Server) -> None:
    async with server.page() as page:
        await page.send(type="suggest", text="轮胎多久")
        told = await page.expect("suggestions")
        assert told["text"] == "轮胎多久"
        assert told["items"][0] == {"id": "tyre-when", "question": ENTRIES[0].question}
        await page.send(type="suggest", text="今天天气真好啊")
        assert (await page.expect("suggestions"))["items"] == []
        assert (await page.say("轮胎多久换一次？"))["number"] == 1, "nothing was kept before"


async def test_suggestions_are_in_the_visitors_script_and_only_of_what_customers_may_read(server: Server) -> None:
    hidden = Visibility.AGENTS
    inside = [Entry(f"in-{one}", f"轮胎内部价{one}多少？", "保密。", visibility=hidden) for one in "ab"]
    await server.publish(inside)
    page = server.page()
    await page.connect()
    await page.greet(language="zh-TW")
    await page.send(type="suggest", text="輪胎內部價a多少？")
    assert not {one.id for one in inside} & {item["id"] for item in (await page.expect("suggestions"))["items"]}
    await page.send(type="suggest", text="輪胎多久")
    assert (await page.expect("suggestions"))["items"][0]["question"] == "輪胎多久換一次？"
    await page.leave()


async def test_suggestions_cost_a_visitor_no_messages_and_have_a_limit_of_their_own(server: Server) -> None:
    async with server.page() as page:
        for _ in range(SUGGESTIONS_PER_MINUTE):
            await page.send(type="suggest", text=" ")
            await page.expect("suggestions")
        error = await page.refused(type="suggest", text="轮胎")
        assert (error["code"], error["retry"]) == ("too_fast", True)
        assert (await page.say("轮胎多久换一次？"))["number"] == 1


async def test_all_pages_of_an_address_share_a_limit_of_suggestions(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SUGGESTIONS_OF_ADDRESS_PER_MINUTE", 1)
    server = await start_server()
    async with server.page() as first, server.page() as second:
        for page, offered in ((first, True), (second, False)):
            await page.send(type="suggest", text="轮胎多久")
            assert bool((await page.expect("suggestions"))["items"]) is offered


@pytest.mark.parametrize(("text", "code"), [("a\x00", "bad_text"), ("轮" * 201, "malformed"), (None, "malformed")])
async def test_what_cannot_be_looked_up_is_refused(server: Server, text: str | None, code: str) -> None:
    async with server.page() as page:
        assert (await page.refused(type="suggest", text=text))["code"] == code
