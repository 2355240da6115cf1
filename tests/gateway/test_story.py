"""The story that everything stands on, as one customer sees it."""

from tests.fakes import ENTRIES, Server


async def test_a_question_that_the_knowledge_base_knows_is_answered(server: Server) -> None:
    async with server.page() as page:
        ack = await page.say("轮胎多久换一次？")
        answer = await page.reads()
    assert ack["number"] == 1
    assert answer["number"] == 2
    assert answer["kind"] == "answer"
    assert ENTRIES[0].answer in answer["text"]
    assert [one["id"] for one in answer["actions"]] == ["solved", "unsolved"]


async def test_asking_for_a_person_opens_a_ticket_and_says_its_number_and_the_time(server: Server) -> None:
    async with server.page() as page:
        await page.press("human")
        told = await page.reads()
        state = page.state if page.state.get("ticket") else await page.expect("state")
    assert told["kind"] == "handoff"
    assert state["mode"] == "waiting"
    assert state["ticket"] in told["text"]
    assert "22:00" in told["text"]
