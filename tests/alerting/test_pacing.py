"""How fast a way may send: never over its peer's limit, whatever the moment at which a minute begins."""

import random
from collections.abc import Iterator

import pytest

from bot.alerting.delivery import pacing
from bot.alerting.delivery.pacing import MINUTE_MS, Bucket, Pace

RATES = (1, 2, 5, 11, 12, 18, 20, 100)


def greedy(pace: Pace, bucket: Bucket, start: int, until: int, step: int = 50) -> Iterator[int]:
    """When somebody sends who never has enough."""
    for now in range(start, until, step):
        bucket = pacing.filled(bucket, pace, now)
        while pacing.wait_ms(bucket, pace) == 0:
            bucket = pacing.taken(bucket)
            yield now


def most_in_a_minute(sent: list[int]) -> int:
    return max(sum(1 for other in sent if at <= other < at + MINUTE_MS) for at in sent)


@pytest.mark.parametrize("rate", RATES)
def test_no_minute_holds_more_than_the_limit_and_the_limit_is_used(rate: int) -> None:
    pace = pacing.pace_of(rate)
    assert pace is not None
    sent = list(greedy(pace, pacing.after(None, pace, 0), 0, 10 * MINUTE_MS))
    assert most_in_a_minute(sent) <= rate
    assert len(sent) >= 0.75 * 10 * rate


@pytest.mark.parametrize("rate", RATES)
def test_a_restart_does_not_buy_another_burst(rate: int) -> None:
    """Killed at any moment, the new process knows when the last message began and nothing else."""
    pace = pacing.pace_of(rate)
    assert pace is not None
    for killed in range(0, 2 * MINUTE_MS, 7_919):
        before = list(greedy(pace, pacing.after(None, pace, 0), 0, killed, 100))
        bucket = pacing.after(before[-1] if before else None, pace, killed)
        after = list(greedy(pace, bucket, killed, killed + 2 * MINUTE_MS, 100))
        assert most_in_a_minute(before + after) <= rate, killed


def test_what_was_told_to_wait_so_long_may_be_sent_then() -> None:
    dice = random.Random(20261121)
    for rate in RATES:
        pace = pacing.pace_of(rate)
        assert pace is not None
        bucket = Bucket(dice.random(), 0)
        wait = pacing.wait_ms(bucket, pace)
        assert pacing.wait_ms(pacing.filled(bucket, pace, wait), pace) == 0
        assert wait == 0 or pacing.wait_ms(pacing.filled(bucket, pace, wait - 2), pace) > 0


def test_a_clock_that_was_set_back_neither_fills_nor_stops_the_bucket() -> None:
    pace = pacing.pace_of(18)
    assert pace is not None
    back = pacing.filled(Bucket(0.0, 3_600_000), pace, 0)
    assert back == Bucket(0.0, 0)
    assert pacing.wait_ms(pacing.filled(back, pace, 4_000), pace) == 0


def test_a_way_without_a_limit_has_no_pace() -> None:
    assert pacing.pace_of(0) is None
