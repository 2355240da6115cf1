"""Whatever is cut, a page ends up with every message once, in order."""

import asyncio
import random

import pytest

from tests.conftest import StartServer
from tests.fakes import ChatClient, Closed, Server


@pytest.mark.parametrize("seed", range(6))
async def test_random_disconnects_neither_repeat_nor_skip_a_message(start_server: StartServer, seed: int) -> None:
    server = await start_server(chat={"messages_per_minute": 10_000})
    dice = random.Random(seed)
    unsent = [f"said-{seed}-{number:04d}" for number in range(25)]
    page = server.page()
    acked: set[str] = set()
    received: list[int] = []
    while unsent or page.last < 2 * len(acked):
        await one_connection(page, dice, unsent, acked, received)
    assert received == list(range(1, 51))
    assert [one["client_message_id"] for one in page.messages if one["author"] == "contact"] == sorted(acked)


async def one_connection(
    page: ChatClient, dice: random.Random, unsent: list[str], acked: set[str], received: list[int]
) -> None:
    """Connect, go on where the page stopped, send the oldest unacknowledged messages, and lose the network."""
    await page.connect()
    heard = len(page.seen)
    await page.greet()
    for one in unsent[: dice.randrange(1, 5)]:
        await page.send(type="message", client_message_id=one, text="轮胎多久换一次？")
    for _ in range(dice.randrange(1, 12)):
        try:
            async with asyncio.timeout(0.2):
                await page.next_frame()
        except (TimeoutError, Closed):
            break
    await page.drop()
    for frame in page.seen[heard:]:
        if frame["type"] == "ack":
            acked.add(frame["client_message_id"])
        elif frame["type"] == "messages":
            received += [item["number"] for item in frame["items"]]
    unsent[:] = [one for one in unsent if one not in acked]


async def test_resuming_while_messages_arrive_gives_each_resume_its_own_rising_numbers(
    start_server: StartServer,
) -> None:
    server = await start_server(chat={"messages_per_minute": 10_000})
    async with server.page() as talking, server.page(token=talking.token) as resuming:
        await talking.say("轮胎多久换一次？")
        await resuming.reads()

        async def talk() -> None:
            for _ in range(20):
                await talking.say("轮胎多久换一次？")

        talk_task = asyncio.create_task(talk())
        last = 0
        for _ in range(40):
            await resuming.send(type="resume", after=0)
            frame = await resuming.expect("messages")
            while frame["items"][0]["number"] != 1:
                assert frame["items"][0]["number"] == last + 1, "pushed news follow what was given before"
                last = frame["items"][-1]["number"]
                frame = await resuming.expect("messages")
            numbers = [item["number"] for item in frame["items"]]
            assert numbers == list(range(1, len(numbers) + 1))
            last = numbers[-1]
        await talk_task


async def test_fifty_visitors_at_once_each_read_their_own_answers(start_server: StartServer) -> None:
    server = await start_server(chat={"connections_per_address": 100, "visitors_per_hour": 100})

    async def visit(number: int) -> None:
        async with server.page() as page:
            for turn in range(3):
                ack = await page.say(f"轮胎多久换一次？{number}-{turn}")
                assert ack["number"] == 2 * turn + 1
                await page.reads()
            assert [one["number"] for one in page.messages] == list(range(1, 7))
            said = [one["text"] for one in page.messages if one["author"] == "contact"]
            assert said == [f"轮胎多久换一次？{number}-{turn}" for turn in range(3)]

    await asyncio.gather(*(visit(number) for number in range(50)))


async def test_the_same_id_sent_on_many_pages_at_once_is_stored_once(server: Server) -> None:
    async with server.page() as first:
        pages = [server.page(token=first.token) for _ in range(8)]
        for page in pages:
            await page.connect()
            await page.greet()
        acks = await asyncio.gather(*(page.say("轮胎多久换一次？", "one-and-only") for page in pages))
        await first.reads()
        for page in pages:
            await page.leave()
    assert len({ack["number"] for ack in acks}) == 1
    assert len([one for one in first.messages if one["author"] == "contact"]) == 1
