"""A desk played for weeks: what came is what a naive model says; and where the rules are broken, it says so."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from bot.alerting.delivery.claiming import Claim, Dropped, claim_next
from bot.command_line import main
from bot.simulation.comparing import Difference
from bot.simulation.run import Result, Wish, simulate
from bot.simulation.scenario import DAY, HOUR, Deed, Setup
from bot.simulation.setups import BadSetup, setup_of
from bot.simulation.weather import Weather, fair
from storage import outbox
from storage.database import Transaction
from tickets import business_time
from tickets.business_time import Calendar, Pause
from tickets.escalation import acknowledging, notices, setbacks, sweeping, telling
from tickets.sla import dues

# 2026-01-05 00:00 in Shanghai, a Monday.
MONDAY = 1_767_542_400_000


def played(policy: str, days: int, tickets: int, seed: int = 1, **wishes: Any) -> Result:
    wish = {"every_look_ms": 1, **wishes}
    return simulate(Wish(setup_of(policy), MONDAY, MONDAY + days * DAY, tickets, seed, **wish))


def kinds(result: Result) -> set[Difference]:
    return {one.kind for one in result.verdict.found}


@pytest.fixture(scope="module")
def month() -> Result:
    """Working hours, outages, clocks that are set."""
    return played("working", 31, 500)


def test_in_a_month_with_outages_every_alarm_comes_once_and_in_time(month: Result) -> None:
    result = month
    assert result.verdict.found == []
    assert result.log.raised
    assert max(result.verdict.lateness["up"]) <= 15_000
    assert max(result.verdict.lateness["after_outage"], default=0) <= 30_000


def test_a_look_that_is_left_out_has_nothing_to_do() -> None:
    result = played("standard", 3, 60, every_look_ms=DAY)
    assert result.looks > DAY / 5_000 * 0.9
    assert result.verdict.found == []


def test_the_same_seed_plays_the_same_and_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    one, other = (played("working", 4, 25, seed=7) for _ in range(2))
    assert caplog.messages == []
    assert [(deed.true, deed.deed) for deed in one.log.happened] == [
        (deed.true, deed.deed) for deed in other.log.happened
    ]
    assert played("working", 4, 25, seed=8).log.happened[0].true != one.log.happened[0].true


def test_every_deed_is_played(month: Result) -> None:
    result = month
    assert {deed.deed for deed in result.log.happened} == set(Deed)
    assert sum(not run.stalled for run in result.log.runs) > 2
    assert len(result.log.settings) > 2


def swept_early(tx: Transaction, now: int, late_after_ms: int, limit: int = 1_000) -> int:
    """Raised seconds before it is due, and said to be raised now."""
    raised = REAL_SWEEP(tx, now + 4_000, late_after_ms, limit)
    tx.change("UPDATE alert SET raised_at = :now WHERE raised_at = :early", {"now": now, "early": now + 4_000})
    return raised


def told_without_warnings(tx: Transaction, now: int, *rest: Any) -> Any:
    """What is overdue by long is not told any more; the chain goes on behind it."""
    skipped = tx.execute(
        "DELETE FROM alert WHERE kind = 'warning' AND late = 1 AND told_at IS NULL RETURNING clock_id AS id"
    )
    tx.change_all("UPDATE clock SET next_level = next_level + 1, next_alert_at = due_at WHERE id = :id", skipped)
    return REAL_TELL(tx, now, *rest)


def paused_by_the_wall(start: int, budget_ms: int, calendar: Calendar, pauses: tuple[Pause, ...] = ()) -> int:
    stood = sum((pause.end or 0) - pause.start for pause in pauses)
    return REAL_DEADLINE(start, budget_ms, calendar) + stood


def acknowledged_in_vain(*_: Any, **__: Any) -> int:
    return 0


def nobody_told(tx: Transaction, bundles: Any, now: int) -> None:
    REAL_TELL_OF(tx, list(bundles)[1:], now)


REAL_SWEEP, REAL_TELL, REAL_TELL_OF = sweeping.sweep, telling.tell, notices.tell_of
REAL_DEADLINE = business_time.deadline


def skip_late_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.alerting.watching.tell", told_without_warnings)


def count_pauses_by_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(business_time, "deadline", paused_by_the_wall)


def ignore_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledging, "acknowledge", acknowledged_in_vain)


def forget_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "tell_of", nobody_told)


def mark_before_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice counts as sent as soon as it is claimed, and some are never sent because we die then."""
    claimed = itertools.count()

    def marked(tx: Transaction, way: Any, held: frozenset[str], now: int, zone: str) -> Any:
        found = claim_next(tx, way, held, now, zone)
        if isinstance(found, Claim):
            outbox.mark_sent(tx, found.row, now)
            return found if next(claimed) % 8 else Dropped()
        return found

    monkeypatch.setattr("bot.simulation.posting.claim_next", marked)


def call_nothing_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def sweep(tx: Transaction, now: int, late_after_ms: int, limit: int = 1_000) -> int:
        return REAL_SWEEP(tx, now, 10**12, limit)

    monkeypatch.setattr("bot.alerting.watching.sweep", sweep)


def let_the_chain_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    real = dues.next_alert_at
    monkeypatch.setattr(dues, "next_alert_at", lambda *known: real(*known) + 1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (skip_late_warnings, Difference.MISSING),
        (count_pauses_by_the_wall, Difference.WRONG_DUE),
        (ignore_acknowledgements, Difference.UNFOUNDED),
        (forget_somebody, Difference.NOT_TOLD),
        (mark_before_sending, Difference.NEVER_SENT),
        (call_nothing_late, Difference.WRONG_MARK),
        (let_the_chain_wait, Difference.WRONG_PLAN),
    ],
)
def test_a_fault_in_the_rules_is_found(
    fault: Callable[[pytest.MonkeyPatch], None], expected: Difference, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    assert expected in kinds(played("working", 20, 150, seed=3))


def test_a_sweep_that_is_seconds_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.alerting.watching.sweep", swept_early)
    found = kinds(played("working", 2, 100, every_look_ms=DAY, weather=fair()))
    assert Difference.EARLY in found


NOON = MONDAY + DAY + 12 * HOUR
# The clock is set back by two days while no way works, and the desk is looked at for less than that.
SET_BACK = Weather(
    settings=((NOON + 5, -2 * DAY),),
    blocked=tuple((way, NOON - 2 * HOUR, NOON + 10_000) for way in ("mail", "robot", "sms")),
)


def test_nothing_waits_longer_because_the_clock_was_set_back() -> None:
    result = played("standard", 3, 120, weather=SET_BACK)
    assert result.verdict.found == []


def test_that_something_does_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setbacks, "begun_ahead", lambda tx, now: False)
    found = kinds(played("standard", 3, 120, weather=SET_BACK))
    assert Difference.NEVER_SENT in found


def test_without_trouble_nothing_is_late_or_sent_again() -> None:
    result = played("standard", 10, 120, weather=fair())
    assert result.verdict.found == []
    assert len(result.log.runs) == 1
    assert result.verdict.sent_again == 0
    assert max(result.verdict.lateness["up"]) < 5_000
    assert not any(alarm.late for alarm in result.log.raised)


def test_the_command_tells_figures_and_draws_a_day(tmp_path: Path) -> None:
    picture = tmp_path / "day.svg"
    arguments = ["simulate", "--policy", "working", "--from", "2026-02-01", "--to", "2026-02-28", "--tickets", "150"]
    done = CliRunner().invoke(main, [*arguments, "--seed", "3", "--json", "--picture", str(picture)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told["differences"]) == {kind.value for kind in Difference}
    assert sum(told["differences"].values()) == 0
    assert told["lateness_ms"]["up"]["longest"] <= 15_000
    drawn = ElementTree.parse(picture)
    text = "".join(drawn.getroot().itertext())
    assert "一天的工单与预警" in text
    assert "2602-" in text


def test_differences_are_told_in_full_with_the_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    count_pauses_by_the_wall(monkeypatch)
    arguments = ["simulate", "--policy", "working", "--from", "2026-01-05", "--to", "2026-01-18", "--tickets", "140"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1, done.output
    assert "wrong_due: conversation" in done.stdout
    assert "receipt 1 at 2026-01-" in done.stdout
    assert " counting" in done.stdout


def test_rules_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    budget = {"length_ms": 2 * HOUR, "calendar_id": "office"}
    policy = {"first_response": budget, "next_response": budget, "resolution": None, "chain_id": "chain"}
    level = {"name": "all", "after_ms": 0, "recipients": ["role:agent"], "transports": ["mail"]}
    chain = {"levels": [level], "warning": None, "repeat_ms": HOUR, "acknowledged_for_ms": None}
    chain["longest_snooze_ms"] = HOUR
    hours = [[{"start": 32_401, "end": 61_215}]] * 5 + [[], []]
    calendars = {"office": {"week": hours, "holidays": "CN"}}
    setup = {"policies": [{"name": "two hours", "policy": policy}], "chain": chain, "calendars": calendars}
    file.write_text(json.dumps(setup), encoding="utf-8")
    assert played(str(file), 10, 60).verdict.found == []


@pytest.mark.parametrize("text", ["{", '{"policies": []}', '{"policies": 3}'])
def test_a_file_without_rules_is_refused_in_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetup, match=r"rules\.json"):
        setup_of(str(file))
    done = CliRunner().invoke(main, ["simulate", "--policy", str(file)])
    assert (done.exit_code, done.exception.__class__) == (2, SystemExit)


def plain() -> dict[str, Any]:
    """The rules that are known as working, as a file has them."""
    return json.loads(TypeAdapter(Setup).dump_json(setup_of("working")))  # type: ignore[no-any-return]


BROKEN: list[tuple[list[str | int], Any, str]] = [
    (["policies"], [], "for everybody"),
    (["zone"], "Mars/Base", "Mars/Base"),
    (["policies", 2, "policy", "first_response", "calendar_id"], "gone", "policy working: no_such_calendar"),
    (["policies", 2, "policy", "first_response", "length_ms"], 0, "policy working: too_short"),
    (["calendars", "office", "zone"], "Mars/Base", "calendar office: unknown_zone"),
    (["calendars", "office", "week"], [[]] * 7, "calendar office: no_working_span"),
    (["chain", "levels"], [], "chain chain: no_level"),
    (["chain", "levels", 0, "recipients"], ["rota:gone"], "chain chain: unknown_recipient"),
    (["rotas", "duty", "members"], ["nobody"], "rota duty: unknown_member"),
    (["rotas", "duty", "days_each"], 0, "rota duty: out_of_range"),
]


@pytest.mark.parametrize(("place", "value", "told"), BROKEN, ids=[told for _, _, told in BROKEN])
def test_rules_that_the_console_would_refuse_are_refused_in_words(
    place: list[str | int], value: Any, told: str, tmp_path: Path
) -> None:
    rules: Any = plain()
    within = rules
    for key in place[:-1]:
        within = within[key]
    within[place[-1]] = value
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules), encoding="utf-8")
    with pytest.raises(BadSetup, match=f"rules.json: .*{told}"):
        setup_of(str(file))


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (["--from", "1900-01-01", "--to", "1900-01-09"], "from 2000 until 2100"),
        (["--from", "2026-01-02", "--to", "2026-01-02"], "two days at least"),
        (["--picture", "nowhere/day.svg"], "nowhere/day.svg: there is no such folder"),
    ],
)
def test_what_cannot_be_played_or_drawn_is_said_before_anything_is_played(wish: list[str], told: str) -> None:
    done = CliRunner().invoke(main, ["simulate", "--tickets", "1000000", *wish])
    assert (done.exit_code, told in done.stderr) == (2, True)
