"""The worked examples of docs/sla.md, Clocks: each is done at a real desk, and every clock that runs is compared."""

from collections.abc import Iterator
from datetime import date

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests.docs import pages
from tests.tickets.business_time.test_golden import CALENDARS
from tests.tickets.scenarios import PAGE, POLICIES, Scene, moment, read_events
from tickets.business_time import Holiday, public_holidays, reckoning
from tickets.business_time.public_holidays import PublicHolidays

EXAMPLES = pages.table(PAGE, "Worked examples")
BEFORE = moment(date(2026, 11, 20), "12:00")


@pytest.fixture
def notice(monkeypatch: pytest.MonkeyPatch) -> Iterator["Notice"]:
    yield Notice(monkeypatch)
    public_holidays._china.cache_clear()
    reckoning._clock.cache_clear()


class Notice:
    """The notice of the holidays of 2027, invented: 1 January to 3 January, none worked in return."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def arrive(self) -> None:
        known = public_holidays.library("CN")
        closed = {**known.closed, **{date(2027, 1, day): Holiday.NEW_YEAR for day in (1, 2, 3)}}
        told = PublicHolidays(known.first_year, 2027, closed, known.make_up)
        self._monkeypatch.setitem(public_holidays.LIBRARIES, "CN", lambda: told)
        reckoning._clock.cache_clear()


@pytest.mark.parametrize("example", EXAMPLES, ids=[row["no."] for row in EXAMPLES])
async def test_each_example_comes_out_as_it_was_worked_out_by_hand(
    database: SQLiteDatabase, notice: Notice, example: dict[str, str]
) -> None:
    def played(tx: Transaction) -> list[str]:
        scene = Scene(tx, POLICIES, CALENDARS["office"])
        scene.set_up(BEFORE)
        for at, verb in read_events(example["what happens"]):
            scene.now = at
            if verb == "holidays of 2027 known":
                notice.arrive()
            else:
                scene.play(verb)
        return scene.clocks()

    assert await database.write(played) == example["then"].split("; "), example["why"]


def test_there_are_examples_of_natural_and_of_working_time() -> None:
    assert len(EXAMPLES) >= 25
    assert [row["no."] for row in EXAMPLES] == [str(number) for number in range(1, len(EXAMPLES) + 1)]
