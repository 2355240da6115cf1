"""Entries that are not for customers: the chat hands over instead of answering, and the agent finds the entry."""

from dataclasses import replace

import pytest

from knowledgebase.model import Entry, Visibility
from tests.fakes import ENTRIES, Clock, Server
from tests.security.house import ticket_of
from tickets import tickets

DAY = 86_400_000
BONUS = Entry("bonus", "经销商返利怎么算？", "按季度台数，先问区域经理。", "内部", ("返利政策是什么", "返利比例多少"))


@pytest.mark.parametrize("audience", ["internal", "agents", "not yet", "no longer"])
async def test_what_customers_may_not_read_goes_to_a_person_with_the_entry(
    server: Server, clock: Clock, audience: str
) -> None:
    hidden = {
        "internal": replace(BONUS, visibility=Visibility.INTERNAL),
        "agents": replace(BONUS, visibility=Visibility.AGENTS),
        "not yet": replace(BONUS, valid_from=clock() + DAY),
        "no longer": replace(BONUS, valid_until=clock() - DAY),
    }[audience]
    await server.publish([*ENTRIES, hidden])
    async with server.page() as page:
        await page.say(BONUS.question)
        number = await ticket_of(page)
    ticket = await server.database.read(tickets.by_number, number)
    assert ticket.candidates[0]["id"] == "bonus"
    said = await server.database.read(lambda tx: tx.execute("SELECT text FROM message WHERE author = 'bot'"))
    assert all(BONUS.answer not in row["text"] for row in said)


async def test_within_its_dates_it_is_answered(server: Server, clock: Clock) -> None:
    await server.publish([*ENTRIES, replace(BONUS, valid_from=clock() - DAY, valid_until=clock() + DAY)])
    async with server.page() as page:
        await page.say(BONUS.question)
        assert BONUS.answer in (await page.reads())["text"]


async def test_a_channel_has_a_text_of_its_own(server: Server) -> None:
    await server.publish(
        [*ENTRIES, replace(BONUS, channel_answers=(("chat", "聊天里的说法。"), ("mail", "信里的说法。")))]
    )
    async with server.page() as page:
        await page.say(BONUS.question)
        assert "聊天里的说法。" in (await page.reads())["text"]
