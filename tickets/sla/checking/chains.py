"""What is wrong with a chain or a rota. Pure."""

from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickets import phones
from tickets.model import Role
from tickets.sla.checking.findings import LONGEST_NAME, Finding, Flaw, Surroundings, check_name, is_blank
from tickets.sla.model import Chain, Level, Rota, RuleKind

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
MOST_LEVELS = 10
MOST_NAMED = 20
LEAST_REPEAT_MS = 5 * MINUTE_MS
LONGEST_WAIT_MS = 7 * DAY_MS
LONGEST_REST_MS = 30 * DAY_MS
LONGEST_TURN_DAYS = 366
MINUTES_A_DAY = 1_440


def check_chain(chain: Chain, name: str, rule_id: str | None, around: Surroundings) -> list[Finding]:
    """Everything that is wrong with a chain; rule_id None for a new one."""
    found = list(check_name(name, RuleKind.CHAIN, rule_id, around))
    if not chain.levels:
        found.append(Finding(Flaw.NO_LEVEL, "levels"))
    if len(chain.levels) > MOST_LEVELS:
        found.append(Finding(Flaw.TOO_MANY, "levels", (("most", MOST_LEVELS),)))
    for number, level in enumerate(chain.levels):
        found += _level(level, f"level.{number}", around)
    if chain.warning is not None:
        found += _level(chain.warning, "warning", around)
    return [*found, *_rests(chain)]


def _rests(chain: Chain) -> Iterator[Finding]:
    yield from _bounded(chain.repeat_ms, LEAST_REPEAT_MS, LONGEST_WAIT_MS, "repeat")
    if chain.acknowledged_for_ms is not None:
        yield from _bounded(chain.acknowledged_for_ms, LEAST_REPEAT_MS, LONGEST_REST_MS, "acknowledged_for")
    yield from _bounded(chain.longest_snooze_ms, LEAST_REPEAT_MS, LONGEST_REST_MS, "longest_snooze")


def _level(level: Level, where: str, around: Surroundings) -> Iterator[Finding]:
    if is_blank(level.name):
        yield Finding(Flaw.NO_NAME, f"{where}.name")
    elif len(level.name) > LONGEST_NAME:
        yield Finding(Flaw.NAME_TOO_LONG, f"{where}.name", (("most", LONGEST_NAME),))
    yield from _bounded(level.after_ms, 0, LONGEST_WAIT_MS, f"{where}.after")
    yield from _recipients(level, f"{where}.recipients", around)
    yield from _transports(level, f"{where}.transports", around)


def _recipients(level: Level, where: str, around: Surroundings) -> Iterator[Finding]:
    if not level.recipients:
        yield Finding(Flaw.NO_RECIPIENT, where)
    if len(level.recipients) > MOST_NAMED:
        yield Finding(Flaw.TOO_MANY, where, (("most", MOST_NAMED),))
    for name in level.recipients:
        if not _is_recipient(name, around):
            yield Finding(Flaw.UNKNOWN_RECIPIENT, where, (("value", name),))


def _is_recipient(name: str, around: Surroundings) -> bool:
    kind, _, key = name.partition(":")
    match kind:
        case "assignee" | "team_lead":
            return not key
        case "role":
            return key in {Role.AGENT, Role.SUPERVISOR, Role.ADMIN}
        case "agent":
            return key in around.agents
        case "rota":
            return around.has(RuleKind.ROTA, key)
        case _:
            return _is_address(name)


def _is_address(name: str) -> bool:
    local, at, domain = name.rpartition("@")
    if at:
        return bool(local) and "." in domain.strip(".") and not any(char.isspace() for char in name)
    try:
        return phones.parse(name) == name
    except phones.PhoneError:
        return False


def _transports(level: Level, where: str, around: Surroundings) -> Iterator[Finding]:
    if not level.transports:
        yield Finding(Flaw.NO_TRANSPORT, where)
    for name in (*level.transports, *level.fallback):
        if name not in around.transports:
            yield Finding(Flaw.UNKNOWN_TRANSPORT, where, (("value", name),))
    if twice := set(level.transports) & set(level.fallback):
        yield Finding(Flaw.FALLBACK_TRANSPORT_TWICE, where, (("value", min(twice)),))


def check_rota(rota: Rota, name: str, rule_id: str | None, around: Surroundings) -> list[Finding]:
    """Everything that is wrong with a rota; rule_id None for a new one."""
    return [
        *check_name(name, RuleKind.ROTA, rule_id, around),
        *_turns(rota),
        *_members(rota, around),
        *_stand_ins(rota),
    ]


def _turns(rota: Rota) -> Iterator[Finding]:
    if not 1 <= rota.days_each <= LONGEST_TURN_DAYS:
        yield Finding(Flaw.OUT_OF_RANGE, "days_each", (("least", 1), ("most", LONGEST_TURN_DAYS)))
    if not 0 <= rota.handover_minute < MINUTES_A_DAY:
        yield Finding(Flaw.SPAN_OUT_OF_RANGE, "handover")
    try:
        ZoneInfo(rota.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Finding(Flaw.UNKNOWN_ZONE, "zone")


def _members(rota: Rota, around: Surroundings) -> Iterator[Finding]:
    if not rota.members:
        yield Finding(Flaw.NO_MEMBER, "members")
    for where, agent_id in (
        *(("members", one) for one in rota.members),
        *((f"substitution.{number}", one.agent_id) for number, one in enumerate(rota.substitutions)),
    ):
        if agent_id not in around.agents:
            yield Finding(Flaw.UNKNOWN_MEMBER, where, (("value", agent_id),))


def _stand_ins(rota: Rota) -> Iterator[Finding]:
    for number, one in enumerate(rota.substitutions):
        if one.last < one.first:
            yield Finding(Flaw.SUBSTITUTION_BACKWARDS, f"substitution.{number}")
    ordered = sorted(rota.substitutions, key=lambda one: one.first)
    if any(earlier.last >= later.first for earlier, later in pairwise(ordered)):
        yield Finding(Flaw.SUBSTITUTIONS_OVERLAP, "substitutions")


def _bounded(value: int, least: int, most: int, where: str) -> Iterator[Finding]:
    """Within least and most, in ms."""
    if value < least:
        yield Finding(Flaw.TOO_SHORT, where, (("bound", least),))
    elif value > most:
        yield Finding(Flaw.TOO_LONG, where, (("bound", most),))
