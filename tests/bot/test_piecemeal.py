"""Batches with broken items, many of them: what can be done is done, and no round tries the same ones for ever."""

import logging
from collections.abc import Sequence

import pytest

from bot import piecemeal
from bot.piecemeal import Piecemeal


class Pile:
    """Items in order, some of them broken. tried: those that were tried alone, round by round."""

    def __init__(self, items: Sequence[str], broken: Sequence[str]) -> None:
        self.items, self.broken = list(items), set(broken)
        self.done: list[str] = []
        self.tried: list[str] = []
        self.attempts = 0
        self.pieces = Piecemeal("item", 64)

    async def round(self) -> list[str]:
        """The items that a round found broken."""
        self.tried, self.attempts = [], 0
        await self.pieces.do_all(self._batch, self._name)
        return self.tried

    async def _batch(self, limit: int, skip: int) -> list[str]:
        self.attempts += 1
        found = self.items[skip : skip + limit]
        if self.broken & set(found):
            self.tried += found if limit == 1 else []
            raise ValueError(found)
        self.done += found
        self.items = [one for one in self.items if one not in found]
        return found

    async def _name(self, skip: int) -> str | None:
        return self.items[skip] if skip < len(self.items) else None


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piecemeal, "MOST_BROKEN", 10)


def numbered(count: int) -> list[str]:
    return [f"{number:03}" for number in range(count)]


async def test_where_all_are_broken_each_round_tries_the_next_ones_and_then_the_first_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    everything = numbered(25)
    pile = Pile(everything, everything)
    for expected in (everything[:10], everything[10:20], everything[20:], everything[:10]):
        assert await pile.round() == expected
        assert pile.attempts <= 20
    assert pile.done == []
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert messages.count("item: 10 are broken; what comes after them is tried in the next rounds") == 1
    named = [message.split(" is left out")[0] for message in messages if "left out" in message]
    assert named == [f"item={one}" for one in everything]


async def test_what_lies_behind_many_broken_ones_is_done_in_the_next_rounds_and_the_oldest_first() -> None:
    pile = Pile(numbered(40), numbered(25))
    for _ in range(3):
        await pile.round()
    assert pile.done == numbered(40)[25:]
    assert await pile.round() == numbered(10)


async def test_once_they_are_mended_everything_is_done_in_two_rounds() -> None:
    pile = Pile(numbered(40), numbered(40))
    await pile.round()
    pile.broken = set()
    for _ in range(2):
        await pile.round()
    assert sorted(pile.done) == numbered(40)


async def test_few_broken_ones_hold_up_nothing_and_are_tried_in_every_round() -> None:
    pile = Pile(numbered(40), ["003", "017", "039"])
    for _ in range(2):
        assert await pile.round() == ["003", "017", "039"]
    assert len(pile.done) == 37


async def test_what_other_hands_take_away_meanwhile_loses_nothing() -> None:
    pile = Pile(numbered(30), numbered(30))
    await pile.round()
    pile.items, pile.broken = pile.items[25:], set()
    for _ in range(2):
        await pile.round()
    assert pile.done == numbered(30)[25:]
