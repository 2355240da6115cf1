"""Too much at once, stopping in the middle of it, and what is left over: nobody is lost, nobody waits for long."""

import asyncio
import itertools
import json
import re
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.messages import Channel, InboundMessage
from bot.receive import accept
from bot.server import wall_clock
from bot.visitors import Visitors
from storage.database import Transaction
from storage.secrets import keep_secret
from storage.sqlite import open_database
from tests import rules
from tests.journeys.program import Customer, Program
from tests.journeys.witness import (
    PATIENCE_S,
    answered,
    chatting,
    check_kept,
    living,
    rows,
    started,
    until,
    until_all_answered,
    until_ready_is,
)

BUSY = {
    "YINGSHENG_CHAT__MESSAGES_PER_MINUTE": "1000",
    "YINGSHENG_CHAT__CONNECTIONS_PER_ADDRESS": "1000",
    "YINGSHENG_CHAT__VISITORS_PER_HOUR": "1000",
    "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
}
SMALL_TALK = ("你好", "谢谢", "你好呀", "多谢", "再见")
FLOOD = 500
WAITING_VISITORS, EACH = 40, 5
GOING_AWAY, POLICY_VIOLATION = 1001, 1008


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """A server that runs, with the limits it is shipped with."""
    program = await started(tmp_path / "data")
    yield program
    await asyncio.to_thread(program.kill)


@pytest.mark.slow
async def test_a_server_told_to_stop_under_load_keeps_what_it_acknowledged_and_every_page_comes_back(
    tmp_path: Path,
) -> None:
    program = await started(tmp_path / "data", BUSY)
    try:
        async with chatting(program, *(f"customer{number:02d}" for number in range(20))) as customers:
            talking = asyncio.create_task(talk(customers))
            await until(lambda: sum(len(customer.acked) for customer in customers) > 10 * len(customers))
            seconds = await asyncio.to_thread(program.stop)
            print(f"\nstopped in {seconds:.1f} s with {sum(len(one.acked) for one in customers)} acknowledged")
            assert program.exit_code == 0
            await until(lambda: all(customer.closed_with for customer in customers))
            assert {customer.closed_with[0] for customer in customers} == {GOING_AWAY}
            kept = {row["external_id"] for row in rows(program, "SELECT external_id FROM message")}
            assert [key for customer in customers for key in customer.acked if key not in kept] == []
            await asyncio.to_thread(program.start)
            await until(lambda: all(customer.welcomes >= 2 for customer in customers))
            talking.cancel()
            await until_all_answered(program, customers)
            check_kept(program, customers)
    finally:
        await asyncio.to_thread(program.kill)


async def talk(customers: list[Customer]) -> None:
    """Everybody says something, again and again, but nothing new while three messages are on their way."""
    for spoken in itertools.count():
        for customer in customers:
            if customer.waiting < 3:
                customer.say(f"{customer.name}-{spoken:06d}", SMALL_TALK[spoken % len(SMALL_TALK)])
        await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_messages_left_undecided_are_answered_in_order_and_once_and_new_ones_do_not_wait_for_long(
    tmp_path: Path,
) -> None:
    tokens = await leave_undecided(tmp_path / "data")
    begun = time.monotonic()
    program = await started(tmp_path / "data", BUSY)
    try:
        ready = time.monotonic() - begun
        async with aiohttp.ClientSession() as session:
            newcomer = Customer(program, session, "newcomer")
            waiting = [Customer(program, session, f"visitor{n}", token) for n, token in enumerate(tokens)]
            async with living([newcomer]):
                newcomer.say("newcomer-0001", "你好")
                begun = time.monotonic()
                await until(lambda: answered(newcomer))
                waited = time.monotonic() - begun
                async with living(waiting):
                    await until(lambda: all(len(one.answers) >= EACH for one in waiting))
                for number, text in enumerate(SMALL_TALK[1:], 2):
                    newcomer.say(f"newcomer-{number:04d}", text)
                    await until(lambda: answered(newcomer))
        print(f"\nready in {ready:.1f} s; a newcomer behind {WAITING_VISITORS * EACH} others waited {waited:.2f} s")
        check_kept(program, [newcomer, *waiting])
        for one in waiting:
            assert one.answers == newcomer.answers
            assert [item["author"] for item in one.received] == ["contact"] * EACH + ["bot"] * EACH
    finally:
        await asyncio.to_thread(program.kill)


async def leave_undecided(folder: Path) -> list[str]:
    """Accept messages as a server does that ends before it decides, with a clock that goes back all the time.

    Returns the visitors' tokens.
    """
    now = wall_clock()
    database = open_database(folder)
    await database.write(rules.seed, now)
    visitors = Visitors(await database.write(keep_secret, "visitors", "the secret of this journey"))
    tokens = [visitors.new_token() for _ in range(WAITING_VISITORS)]

    def accept_all(tx: Transaction) -> None:
        for said, (number, token) in itertools.product(range(EACH), enumerate(tokens)):
            key, at = f"left-over-{number}-{said}", now - 60_000 - said * 1_000
            inbound = InboundMessage(Channel.CHAT, key, visitors.address(token), SMALL_TALK[said], at)
            accept(tx, inbound)

    await database.write(accept_all)
    await database.close()
    return tokens


@pytest.mark.slow
async def test_five_hundred_questions_in_a_minute_slow_down_nobody_but_their_sender(program: Program) -> None:
    async with chatting(program, "neighbour") as [neighbour]:
        before = [await ask(neighbour, f"before-{number:04d}") for number in range(8)]
        flooding = asyncio.create_task(flood(program))
        meanwhile: list[float] = []
        while not flooding.done() and len(meanwhile) < 8:
            meanwhile.append(await ask(neighbour, f"meanwhile-{len(meanwhile):04d}"))
        acked, errors, closes = await flooding
        usual, pressed = statistics.median(before), statistics.median(meanwhile)
        print(f"\nmedian answer {usual * 1000:.0f} ms, under the flood {pressed * 1000:.0f} ms; {acked} let through")
        assert pressed < 10 * usual + 1
        assert acked <= 20
        slowed = [error for error in errors if error["code"] == "too_fast"]
        assert {error["code"] for error in errors} <= {"too_fast", "not_greeted"}
        assert len(slowed) > 300
        assert all(error["retry"] and 0 < error["retry_after"] <= 60 for error in slowed)
        assert set(closes) <= {POLICY_VIOLATION}
        await until_ready_is(program, 200)
        check_kept(program, [neighbour])
    assert "Traceback" not in program.log.read_text(encoding="utf-8")


async def ask(customer: Customer, client_message_id: str) -> float:
    """Say something and wait for the answer; the seconds that took."""
    customer.say(client_message_id, "轮胎多久换一次")
    return await until(lambda: answered(customer))


async def flood(program: Program) -> tuple[int, list[dict[str, Any]], list[int | None]]:
    """One visitor sends 500 messages, on as many connections as it takes; acks, errors and closing codes."""
    acked, errors, closes, token, sent = 0, [], [], None, 0
    async with aiohttp.ClientSession() as session:
        while sent < FLOOD:
            async with session.ws_connect(f"{program.url}/chat/ws", headers={"Origin": program.url}) as socket:
                await socket.send_json({"type": "hello"} | ({"token": token} if token else {}))
                while True:
                    message = await socket.receive(timeout=PATIENCE_S)
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        closes.append(socket.close_code)
                        break
                    frame = json.loads(message.data)
                    token = frame.get("token", token)
                    acked += frame["type"] == "ack"
                    errors += [frame] if frame["type"] == "error" else []
                    if frame["type"] in ("welcome", "ack", "error"):
                        if sent >= FLOOD:
                            break
                        sent += 1
                        text = {"type": "message", "client_message_id": f"flood-{sent:06d}", "text": "轮胎"}
                        await socket.send_json(text)
                        await asyncio.sleep(0.005)
    return acked, errors, closes


@pytest.mark.slow
async def test_two_tabs_of_one_visitor_both_see_every_message_once(program: Program) -> None:
    async with aiohttp.ClientSession() as session:
        first = Customer(program, session, "first tab")
        async with living([first]):
            await until(lambda: first.token is not None)
            second = Customer(program, session, "second tab", first.token)
            async with living([second]):
                await until(lambda: second.welcomes == 1)
                for number, (tab, text) in enumerate(zip(itertools.cycle([first, second]), SMALL_TALK, strict=False)):
                    tab.say(f"message-{number:04d}", text)
                await until(lambda: answered(first) and answered(second) and len(first.answers) == len(SMALL_TALK))
                await until(lambda: len(second.answers) == len(SMALL_TALK))
        assert first.received == second.received
        assert (len(first.acked), len(second.acked)) == (3, 2)
        check_kept(program, [first, second])


@pytest.mark.slow
async def test_the_time_zone_of_the_process_changes_neither_the_promise_nor_its_words(tmp_path: Path) -> None:
    zones = ("UTC", "Asia/Shanghai", "America/New_York")
    told = await asyncio.gather(*(promise_in(tmp_path / zone.replace("/", "-"), zone) for zone in zones))
    assert {due - started for due, started, _ in told} == {12 * 3_600_000}
    for due, _, words in told:
        at = time.gmtime((due - due % 600_000) / 1000 + 8 * 3_600)
        assert f"{at.tm_hour:02d}:{at.tm_min:02d}" in words
    # Noon may come in between, and with it an answer that is due tomorrow.
    patterns = {re.sub(r"\d\d:\d\d", "HH:MM", words.replace("今天", "明天")) for _, _, words in told}
    assert len(patterns) == 1, patterns


async def promise_in(folder: Path, zone: str) -> tuple[int, int, str]:
    """When an answer is due, since when the customer waits, and what the customer is told, in this zone."""
    program = await started(folder, {"TZ": zone})
    try:
        async with chatting(program, "customer") as [customer]:
            customer.say("message-0001", "转人工")
            await until(lambda: answered(customer))
            [clock] = rows(program, "SELECT started_at, due_at FROM clock WHERE metric <> 'resolution'")
            return clock["due_at"], clock["started_at"], customer.answers[0]
    finally:
        await asyncio.to_thread(program.kill)
