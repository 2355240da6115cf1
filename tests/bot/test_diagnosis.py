"""What the doctor says of itself, without a server."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import diagnosis
from bot.config import Config
from bot.diagnosis import calendar_years
from storage.check import Severity
from storage.database import Transaction
from storage.sqlite import open_database
from tests import rules
from tickets import agents, staff, teams
from tickets.escalation import way_states
from tickets.model import Role
from tickets.sla import rulebook
from tickets.sla.model import Level, Policy, RuleKind

ZONE = "Asia/Shanghai"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "known", "severity", "said"),
    [
        ("2026-11-27 08:00:00", 2026, Severity.FINE, "known until 2026"),
        ("2026-11-30 23:59:59", 2026, Severity.FINE, "known until 2026"),
        ("2026-12-01 00:00:00", 2026, Severity.WARNING, "of 2027 are not known"),
        ("2026-12-31 23:59:59", 2026, Severity.WARNING, "of 2027 are not known"),
        ("2026-12-01 00:00:00", 2027, Severity.FINE, "known until 2027"),
        ("2027-01-01 00:00:00", 2026, Severity.WARNING, "of 2027 are not known"),
        ("2027-01-01 00:00:00", 2027, Severity.FINE, "known until 2027"),
    ],
)
def test_the_doctor_warns_from_december_on_that_the_next_year_is_not_known(
    moment: str, known: int, severity: Severity, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "known_until", lambda: known)
    finding = calendar_years(at(moment), ZONE)
    assert finding.severity is severity
    assert said in finding.sentence


async def test_the_doctor_has_a_line_about_calendars(tmp_path: Path) -> None:
    config = Config.model_validate({"server": {"data_folder": str(tmp_path)}})
    told = await diagnosis.diagnose(config, at("2026-06-01"))
    assert [one.severity for one in told if one.sentence.startswith("calendars")] == [Severity.FINE]


async def test_the_doctor_names_transports_that_are_closed(tmp_path: Path) -> None:
    now = at("2026-06-01")
    database = open_database(tmp_path)
    await database.write(way_states.close, "webhook", "410", "the webhook answered 410", now)
    await database.close()
    webhook = {"url": "https://hook.example.com", "secret": "a secret of the webhook"}
    config = Config.model_validate({"server": {"data_folder": str(tmp_path)}, "webhook": webhook})
    told = [one for one in diagnosis.closed_ways(config, now) if one.severity is Severity.PROBLEM]
    assert [one.sentence for one in told] == [
        "transport webhook: closed, the webhook answered 410. Mend it and test it."
    ]


async def test_the_doctor_warns_of_levels_that_reach_nobody_in_every_chain_that_is_used(tmp_path: Path) -> None:
    now = at("2026-11-27 08:00:00")

    def set_up(tx: Transaction) -> None:
        zhou, chen = (
            agents.create(tx, name, name, Role.AGENT, "-", f"{name}@example.com", now) for name in ("zhou", "chen")
        )
        teams.add(tx, "夜班", chen.id)
        staff.disable(tx, zhou.id, zhou.version, now)
        everybody = Level("值班", 0, ("assignee",), ("mail",))
        rules.seed(tx, now, own=rules.chain((everybody,)))
        levels = (Level("组长", 0, ("team_lead",), ("mail",)), Level("周", 0, (f"agent:{zhou.id}",), ("mail",)))
        last = rulebook.in_force(tx).policies[-1]
        assert isinstance(last.definition, Policy)
        for name in ("夜班链", "没有用的链"):
            chain = rulebook.add(tx, RuleKind.CHAIN, name, rules.chain(levels), "zhou", 0, now)
            if name == "夜班链":
                rulebook.add(tx, RuleKind.POLICY, "夜", replace(last.definition, chain_id=chain.id), "zhou", 1, now)

    database = open_database(tmp_path)
    await database.write(set_up)
    await database.close()
    mail = {"host": "smtp.example.com"}
    config = Config.model_validate({"server": {"data_folder": str(tmp_path)}, "mail": mail})
    told = diagnosis.chains(config, now)
    assert (told.severity, told.sentence.split(" reach")[0]) == (Severity.WARNING, "Escalation levels 周 (夜班链)")
