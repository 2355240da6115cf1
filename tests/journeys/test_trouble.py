"""The disk, the database or the machine is in trouble: what a customer is told, what a monitor sees, what is kept."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.desk import open_peers
from tests.journeys.disks import fill, locked, unwritable
from tests.journeys.program import Customer, Program
from tests.journeys.witness import (
    answered,
    chatting,
    check_kept,
    rows,
    started,
    until,
    until_all_answered,
    until_ready_is,
)

LOCKED_S = 8.0
# Longer than it takes to fill the disk, on a machine that may stand still for a while.
PROMISED_S = 8
GOING_AWAY = 1001
SETTINGS = {
    "YINGSHENG_CHAT__MESSAGES_PER_MINUTE": "1000",
    "YINGSHENG_CHAT__CONNECTIONS_PER_ADDRESS": "1000",
    "YINGSHENG_CHAT__VISITORS_PER_HOUR": "1000",
}
LEVELS = [{"name": "agents", "after": "0s", "transports": ["webhook"], "to": ["assignee"]}]
SLA_OF_SECONDS = {
    "YINGSHENG_SLA__REPLY": "2s",
    "YINGSHENG_SLA__WARN_AT": "0",
    "YINGSHENG_ESCALATION__LEVELS": json.dumps(LEVELS),
    "YINGSHENG_ESCALATION__REPEAT": "1h",
    "YINGSHENG_ESCALATION__SWEEP_EVERY": "100ms",
}


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """A server that runs."""
    program = await started(tmp_path / "data", SETTINGS)
    yield program
    await asyncio.to_thread(program.kill)


async def refusal(customer: Customer, client_message_id: str) -> dict[str, Any]:
    """The error that the customer is shown about this message."""
    told: list[dict[str, Any]] = []

    def is_told() -> bool:
        told[:] = [error for error in customer.errors if error.get("client_message_id") == client_message_id]
        return bool(told)

    await until(is_told)
    return told[0]


def check_refusal(error: dict[str, Any]) -> None:
    assert (error["code"], error["retry"]) == ("unavailable", True)
    assert "自动重发" in error["text"]


async def settle(program: Program, customers: list[Customer]) -> None:
    """The trouble is over: ready within 5 s, and all that was said is kept once and answered."""
    took, _ = await until_ready_is(program, 200)
    waited = await until_all_answered(program, customers)
    print(f"\nready {took:.1f} s after the trouble, all answered {waited:.1f} s later")
    check_kept(program, customers)


@pytest.mark.slow
async def test_a_database_locked_by_another_program_is_told_and_what_was_not_kept_is_sent_again(
    program: Program,
) -> None:
    async with chatting(program, "early") as [early]:
        early.say("message-before", "你好")
        await until(lambda: answered(early))
        with locked(program.folder / "yingsheng.db"):
            begun = time.monotonic()
            early.say("message-locked", "谢谢")
            check_refusal(await refusal(early, "message-locked"))
            took, reasons = await until_ready_is(program, 503)
            assert any("storage" in reason and "locked" in reason for reason in reasons), reasons
            print(f"\n/readyz told the truth after {took:.1f} s: {reasons}")
            async with chatting(program, "late") as [late]:
                late.say("message-latecomer", "你好")
                check_refusal(await refusal(late, "message-latecomer"))
            await asyncio.sleep(max(0.0, begun + LOCKED_S - time.monotonic()))
            assert early.acked.keys() == {"message-before"}
            assert late.acked == {}
        await settle(program, [early])
    assert [
        row["external_id"] for row in rows(program, "SELECT external_id FROM message WHERE author = 'contact'")
    ] == [
        "message-before",
        "message-locked",
    ]


@pytest.mark.slow
async def test_a_full_disk_is_told_and_answers_and_alerts_go_on_when_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    async with open_peers() as peers:
        promised = {"YINGSHENG_SLA__REPLY": f"{PROMISED_S}s"}
        program = await started(small_disk / "data", {**SETTINGS, **SLA_OF_SECONDS, **promised, **peers.settings})
        await asyncio.to_thread(program.stop)  # leaves a short log, so that the next message needs room
        await asyncio.to_thread(program.start)
        try:
            async with chatting(program, "customer") as [customer]:
                customer.say("message-before", "转人工")
                await until(lambda: answered(customer))
                fill(ballast)
                customer.say("message-full", "还在吗")
                check_refusal(await refusal(customer, "message-full"))
                _, reasons = await until_ready_is(program, 503)
                assert any("storage" in reason and "full" in reason for reason in reasons), reasons
                await asyncio.sleep(PROMISED_S)  # the promise is broken while nothing can be written down
                assert peers.calls == []
                assert customer.acked.keys() == {"message-before"}
                ballast.unlink()
                await settle(program, [customer])
                await until(lambda: len(peers.calls) == 1)
            fill(ballast)
            await asyncio.to_thread(program.stop)
            assert program.exit_code == 0
        finally:
            await asyncio.to_thread(program.kill)


@pytest.mark.slow
@pytest.mark.usefixtures("immutable")
async def test_a_database_that_becomes_unwritable_can_still_be_read_and_heals(program: Program) -> None:
    database = program.folder / "yingsheng.db"
    frozen = [database, program.folder / "yingsheng.db-wal", program.folder]
    async with chatting(program, "customer") as [customer]:
        customer.say("message-before", "你好")
        await until(lambda: answered(customer))
        with unwritable(*frozen):
            customer.say("message-frozen", "谢谢")
            check_refusal(await refusal(customer, "message-frozen"))
            _, reasons = await until_ready_is(program, 503)
            assert any("storage" in reason for reason in reasons), reasons
            async with chatting(program, "again") as [again]:
                again.token = customer.token
                await until(lambda: len(again.received) == len(customer.received))
            assert customer.acked.keys() == {"message-before"}
        await settle(program, [customer])
        with unwritable(*frozen):
            await asyncio.to_thread(program.stop)
        assert program.exit_code == 0
        assert "Traceback" not in program.log.read_text(encoding="utf-8")
        await asyncio.to_thread(program.start)
        customer.say("message-after", "再见")
        await settle(program, [customer])


@pytest.mark.slow
async def test_a_data_folder_moved_away_is_told_to_everybody_and_heals_when_it_is_back(program: Program) -> None:
    elsewhere = program.folder.with_name("elsewhere")
    async with chatting(program, "there", "away") as [there, away]:
        there.say("message-before", "你好")
        await until(lambda: answered(there) and away.welcomes == 1)
        program.folder.rename(elsewhere)
        there.say("message-moved", "谢谢")
        check_refusal(await refusal(there, "message-moved"))
        _, reasons = await until_ready_is(program, 503)
        assert any(str(program.folder) in reason for reason in reasons), reasons
        async with chatting(program, "newcomer") as [newcomer]:
            await until(lambda: bool(newcomer.errors))
            assert {(error["code"], error["retry"]) for error in newcomer.errors} == {("unavailable", True)}
            assert all(error["retry_after"] <= 5 for error in newcomer.errors), "the page would stay away too long"
            elsewhere.rename(program.folder)
            await until(lambda: newcomer.welcomes == 1)
        away.say("message-later", "你好")
        await settle(program, [there, away])


@pytest.mark.slow
async def test_a_delivery_that_succeeded_while_nothing_could_be_written_is_not_made_again(tmp_path: Path) -> None:
    async with open_peers() as peers:
        program = await started(tmp_path / "data", {**SETTINGS, **SLA_OF_SECONDS, **peers.settings})
        lock = locked(program.folder / "yingsheng.db")
        peers.on_call = lock.__enter__
        try:
            async with chatting(program, "customer") as [customer]:
                customer.say("message-0001", "转人工")
                await until(lambda: bool(peers.calls))
                peers.on_call = None
                await until_ready_is(program, 503)
                lock.__exit__(None, None, None)
                sent = "SELECT id FROM outbox WHERE status = 'sent'"
                await until(lambda: len(rows(program, sent)) == 1)
                assert len(peers.calls) == 1
        finally:
            await asyncio.to_thread(program.kill)


@pytest.mark.slow
async def test_a_log_on_a_full_disk_keeps_nobody_from_serving_or_from_saying_goodbye(tmp_path: Path) -> None:
    program = await started(tmp_path / "data")
    await asyncio.to_thread(program.stop)
    program.log = Path("/dev/full")
    await asyncio.to_thread(program.start)
    try:
        async with chatting(program, "customer") as [customer]:
            customer.say("message-0001", "你好")
            await until(lambda: answered(customer))
            await asyncio.to_thread(program.stop)
            await until(lambda: bool(customer.closed_with))
            assert customer.closed_with[0] == GOING_AWAY
    finally:
        await asyncio.to_thread(program.kill)
