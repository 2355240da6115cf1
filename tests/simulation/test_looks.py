"""From when on somebody could have been told, which is what lateness is measured from."""

from bot.simulation.naive.looks import Look, Looks
from bot.simulation.scenario import HOUR, SECOND, Run, Setting

RIGHT = Setting(0, 0)
DUE = 12 * SECOND


def test_a_process_that_is_up_could_tell_at_once() -> None:
    assert Looks([Run(0, HOUR)], [RIGHT]).due(0, DUE) == (DUE, True)


def test_one_that_was_down_can_as_soon_as_it_starts() -> None:
    runs = [Run(0, 8 * SECOND), Run(60 * SECOND, HOUR)]
    assert Looks(runs, [RIGHT]).due(0, DUE) == (60 * SECOND, False)


def test_one_that_dies_before_it_looks_can_as_soon_as_it_starts() -> None:
    runs = [Run(0, 14 * SECOND), Run(60 * SECOND, HOUR)]
    assert Looks(runs, [RIGHT]).due(0, DUE) == (60 * SECOND, False)


def test_one_that_hangs_is_late_from_the_moment_itself() -> None:
    runs = [Run(0, 14 * SECOND), Run(60 * SECOND, HOUR, stalled=True)]
    assert Looks(runs, [RIGHT]).due(0, DUE) == (DUE, True)


def test_a_moment_that_the_clock_was_set_back_behind_comes_again() -> None:
    settings = [RIGHT, Setting(13 * SECOND, -60 * SECOND)]
    assert Looks([Run(0, HOUR)], settings).due(0, DUE) == (DUE + 60 * SECOND, True)


def test_the_first_look_at_a_clock_that_was_set_back_is_found_in_whatever_run_it_comes() -> None:
    settings = [RIGHT, Setting(13 * SECOND, -HOUR)]
    up, down = Looks([Run(0, HOUR)], settings), Looks([Run(0, 14 * SECOND), Run(60 * SECOND, HOUR)], settings)
    assert [up.first_behind(0, HOUR, 0), down.first_behind(0, HOUR, 0)] == [
        Look(15 * SECOND, 15 * SECOND - HOUR, Run(0, HOUR), False),
        Look(60 * SECOND, 60 * SECOND - HOUR, Run(60 * SECOND, HOUR), False),
    ]
    assert up.first_behind(0, 15 * SECOND, 0) is None
    assert up.first_behind(0, HOUR, -HOUR) is None


def test_a_moment_that_the_clock_was_set_forward_behind_has_come() -> None:
    settings = [RIGHT, Setting(13 * SECOND, HOUR)]
    assert Looks([Run(0, HOUR)], settings).due(0, DUE) == (DUE, True)
