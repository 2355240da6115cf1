import asyncio
from typing import Any

import pytest

from storage.database import Transaction
from storage.signals import Bell, Signals
from storage.sqlite import SQLiteDatabase
from tests.fakes import PATIENCE_S
from tests.storage.cast import keep


def say_then_fail(tx: Transaction, key: str) -> None:
    keep(tx, key)
    raise ValueError(key)


async def test_a_signal_is_heard_once_per_key_before_its_write_returns(database: SQLiteDatabase) -> None:
    heard: list[tuple[str, str]] = []
    database.signals.listen("kept", lambda topic, key: heard.append((topic, key)))
    await database.write(lambda tx: (keep(tx, "a"), keep(tx, "a"), keep(tx, "b")))
    assert heard == [("kept", "a"), ("kept", "b")]


async def test_signals_of_a_use_case_that_failed_are_never_heard(database: SQLiteDatabase) -> None:
    heard: list[str] = []
    database.signals.listen("kept", lambda _topic, key: heard.append(key))
    jobs: list[Any] = [keep, say_then_fail, keep]
    await asyncio.gather(*(database.write(job, f"k{n}") for n, job in enumerate(jobs)), return_exceptions=True)
    assert heard == ["k0", "k2"]


async def test_signals_of_a_commit_that_failed_are_never_heard(database: SQLiteDatabase) -> None:
    heard: list[str] = []
    database.signals.listen("kept", lambda _topic, key: heard.append(key))
    database.path.rename(database.path.with_name("elsewhere"))
    await asyncio.gather(database.write(keep, "lost"), return_exceptions=True)
    database.path.with_name("elsewhere").rename(database.path)
    await database.write(keep, "found")
    assert heard == ["found"]


async def test_a_listener_on_another_loop_hears_on_that_loop(database: SQLiteDatabase) -> None:
    home = asyncio.get_running_loop()
    listening = asyncio.Event()

    def elsewhere() -> str:
        async def wait_for_it() -> str:
            heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            database.signals.listen("kept", lambda _topic, key: heard.set_result(key))
            home.call_soon_threadsafe(listening.set)
            return await heard

        return asyncio.run(wait_for_it())

    other = asyncio.ensure_future(asyncio.to_thread(elsewhere))
    await listening.wait()
    await database.write(keep, "across")
    assert await other == "across"
    await database.write(keep, "that loop is closed now, and nobody minds")


async def test_a_listener_that_raises_disturbs_no_other(database: SQLiteDatabase) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    heard: list[str] = []

    def stumble(_topic: str, _key: str) -> None:
        raise RuntimeError("stumbled")

    database.signals.listen("kept", stumble)
    database.signals.listen("kept", lambda _topic, key: heard.append(key))
    assert await database.write(keep, "k") == "k"
    assert heard == ["k"]
    assert [str(complaint["exception"]) for complaint in complaints] == ["stumbled"]


async def test_who_stopped_listening_is_not_called_again() -> None:
    signals, heard = Signals(), list[str]()
    stop = signals.listen("topic", lambda _topic, key: heard.append(key))
    signals.publish([("topic", "on its way")])
    stop()
    stop()
    await asyncio.sleep(0)
    assert heard == []


@pytest.mark.parametrize("rings", [1, 3])
async def test_a_bell_that_rang_while_nobody_waited_wakes_the_next_wait_once(rings: int) -> None:
    signals = Signals()
    bell = Bell(signals, "one", "other")
    signals.publish([("other", str(n)) for n in range(rings)])
    async with asyncio.timeout(PATIENCE_S):
        await bell.wait(60)
    waiting = asyncio.ensure_future(bell.wait(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.close()
    signals.publish([("one", "")])
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_a_bell_that_nobody_rings_returns_by_itself() -> None:
    bell = Bell(Signals(), "silence")
    async with asyncio.timeout(PATIENCE_S):
        await bell.wait(0.01)
