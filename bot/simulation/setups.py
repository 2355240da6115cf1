"""The rules to simulate: two that are known by name, or those of a file."""

import tomllib
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.errors import BotError
from bot.simulation.judging import faults
from bot.simulation.scenario import DAY, HOUR, MINUTE, NamedPolicy, Setup
from tickets.business_time import Calendar, Span
from tickets.model import Status
from tickets.sla.model import Budget, Chain, Condition, ConditionField, Level, Policy, Rota, Warning

_SETUP = TypeAdapter(Setup)
_HOUR_S = 3_600
_OFFICE = (Span(9 * _HOUR_S, 12 * _HOUR_S), Span(13 * _HOUR_S + 1_800, 18 * _HOUR_S))
# Who works at the simulated desk; office.py gives them their names.
DUTY = "duty"
MOST_FAULTS = 5


class BadSetup(BotError):
    """A file that holds no rules."""


def setup_of(name: str) -> Setup:
    """The rules of this name, or of this file (TOML or JSON). Raises BadSetup."""
    if name in NAMED:
        return NAMED[name]
    setup = _read(name)
    if wrong := faults(setup):
        raise BadSetup(f"{name}: {'; '.join(wrong[:MOST_FAULTS])}")
    return setup


def _read(name: str) -> Setup:
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
        return _SETUP.validate_python(tomllib.loads(text)) if path.suffix == ".toml" else _SETUP.validate_json(text)
    except OSError as error:
        raise BadSetup(f"{name}: is neither {' nor '.join(NAMED)} nor a file that can be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetup(f"{name}: is not valid TOML: {error}") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:MOST_FAULTS])
        raise BadSetup(f"{name}: {told}") from error


def _standard() -> Setup:
    """An answer within twelve hours by the clock on the wall, a warning before, a chain of three."""
    budget = Budget(12 * HOUR, warnings=(Warning(share=80),))
    return Setup((NamedPolicy("standard", Policy(budget, budget, None, "chain")),), _chain(("assignee",)))


def _working() -> Setup:
    """Working hours with China's holidays, clocks that stand still, two warnings; mails and urgent tickets apart."""
    waits = (Status.PENDING, Status.ON_HOLD)
    words = (Warning(share=50), Warning(lead_ms=30 * MINUTE))
    first = Budget(4 * HOUR, "office", words, (Status.ON_HOLD,))
    following = Budget(6 * HOUR, "office", (Warning(lead_ms=HOUR),), waits)
    solved = Budget(24 * HOUR, "office", (Warning(share=75),), waits)
    letters = Budget(9 * HOUR, "counter", (Warning(share=80),), (Status.ON_HOLD,))
    soon = Budget(HOUR, warnings=(Warning(share=50),))
    urgent = Policy(
        soon, soon, Budget(8 * HOUR, pauses=waits), "chain", (Condition(ConditionField.PRIORITY, ("urgent",)),)
    )
    by_mail = (Condition(ConditionField.CHANNEL, ("mail",)),)
    return Setup(
        (
            NamedPolicy("urgent", urgent),
            NamedPolicy("letters", Policy(letters, letters, None, "chain", by_mail)),
            NamedPolicy("working", Policy(first, following, solved, "chain")),
        ),
        _chain(("assignee", f"rota:{DUTY}")),
        {
            "office": Calendar(week=(_OFFICE,) * 5 + ((), ()), holidays="CN", make_up=_OFFICE),
            "counter": Calendar(week=((Span(8 * _HOUR_S, 21 * _HOUR_S),),) * 6 + ((),), holidays="CN"),
        },
        {DUTY: Rota(("agent-1", "agent-2", "agent-3"), _A_MONDAY, 7, 9 * 60, "Asia/Shanghai")},
    )


def _chain(first: tuple[str, ...]) -> Chain:
    return Chain(
        levels=(
            Level("agents", 0, first, ("mail", "robot"), ("sms",)),
            Level("leads", 30 * MINUTE, ("role:supervisor",), ("mail", "sms", "robot")),
            Level("managers", HOUR, ("role:supervisor", "role:admin", "duty@example.com"), ("mail", "sms")),
        ),
        warning=Level("warning", 0, ("assignee",), ("mail",)),
        repeat_ms=4 * HOUR,
        acknowledged_for_ms=4 * HOUR,
        longest_snooze_ms=DAY,
    )


_A_MONDAY = date(2024, 1, 1)
NAMED = {"standard": _standard(), "working": _working()}
