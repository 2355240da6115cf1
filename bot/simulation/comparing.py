"""What came beside what should have come."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.simulation.naive.desk import Desk
from bot.simulation.naive.looks import Looks
from bot.simulation.naive.minutes import Minutes
from bot.simulation.naive.model import Alarm, Key
from bot.simulation.scenario import DAY, MINUTE, SECOND, Addressed, Handed, Happened, Log, Raised

WHILE_UP = 15 * SECOND
AFTER_OUTAGE = 30 * SECOND
# Longer than the longest pause between two attempts, begun anew because the clock was set back.
_LONG_ENOUGH = 11 * MINUTE
# The table of minutes has to reach as far as anything that is promised.
_BEFORE, _BEHIND = 40 * DAY, 150 * DAY


class Difference(StrEnum):
    """In what way something came otherwise than it should have."""

    MISSING = "missing"
    UNFOUNDED = "unfounded"
    DUPLICATE = "duplicate"
    EARLY = "early"
    LATE = "late"
    WRONG_PLAN = "wrong_plan"
    WRONG_MARK = "wrong_mark"
    WRONG_DUE = "wrong_due"
    NOT_TOLD = "not_told"
    WRONGLY_TOLD = "wrongly_told"
    TOLD_TWICE = "told_twice"
    NEVER_SENT = "never_sent"
    SENT_TWICE = "sent_twice"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, of one clock; words say what was expected and what came, in epoch ms."""

    kind: Difference
    conversation: int
    started: int
    level: int
    words: str


@dataclass(slots=True)
class Verdict:
    """What the comparison found. lateness in ms, by when it was measured: 'up', 'after_outage', 'sent'."""

    found: list[Found] = field(default_factory=list)
    lateness: dict[str, list[int]] = field(default_factory=lambda: {"up": [], "after_outage": [], "sent": []})
    alarms: Counter[str] = field(default_factory=Counter)
    clocks: Counter[str] = field(default_factory=Counter)
    notices: int = 0
    sent_again: int = 0
    expected: list[Alarm] = field(default_factory=list)
    desks: dict[int, Desk] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many differences of each kind, all kinds named."""
        told = Counter(one.kind for one in self.found)
        return {kind.value: told[kind] for kind in Difference}


def compare(log: Log, idle: Sequence[Raised] = ()) -> Verdict:
    """Work out what should have come and hold what came against it. idle: alarms of looks that were left out."""
    verdict = Verdict()
    looks = Looks(log.runs, log.settings)
    minutes, delivered = _minutes(log), _delivered(log)
    for conversation, deeds in _by_conversation(log.happened).items():
        desk = Desk(log, looks, minutes, delivered, conversation)
        desk.play(deeds)
        verdict.desks[conversation] = desk
        verdict.expected += desk.alarms
        _compare_dues(verdict, desk.dues(), log)
        verdict.clocks.update(clock.metric for clock in desk.clocks)
    came = _by_key(log.raised, verdict)
    for alarm in verdict.expected:
        _compare_alarm(verdict, alarm, came.pop(_key(alarm), None), log)
    for key, raised in came.items():
        _note(verdict, Difference.UNFOUNDED, key, f"came planned={raised.planned} raised={raised.raised}")
    for raised in idle:
        _note(verdict, Difference.UNSEEN, _key_of(raised), "a look that would have been left out raised it")
    _compare_notices(verdict, log)
    return verdict


def _minutes(log: Log) -> dict[str | None, Minutes]:
    start, end = log.runs[0].start - _BEFORE, log.end + _BEHIND
    tables: dict[str | None, Minutes] = {None: Minutes(None, start, end)}
    for key, calendar in log.setup.calendars.items():
        tables[key] = Minutes(calendar, start, end)
    return tables


def _delivered(log: Log) -> dict[Key, int]:
    """When each alarm first reached somebody and we could write that down, in true time."""
    noted: dict[str, int] = {}
    for one in log.handed:
        if not one.cut:
            noted.setdefault(one.notice, one.true)
    raised = {one.alert_id: _key_of(one) for one in log.raised}
    found: dict[Key, int] = {}
    for told in log.addressed:
        if told.notice in noted:
            key = raised[told.alert_id]
            found[key] = min(found.get(key, noted[told.notice]), noted[told.notice])
    return found


def _by_conversation(happened: Iterable[Happened]) -> dict[int, list[Happened]]:
    found: dict[int, list[Happened]] = defaultdict(list)
    for one in happened:
        found[one.conversation].append(one)
    return found


def _key(alarm: Alarm) -> Key:
    one = alarm.expected
    return one.conversation, one.started, one.resolution, one.level


def _key_of(raised: Raised) -> Key:
    return raised.conversation, raised.started, raised.resolution, raised.level


def _by_key(raised: Iterable[Raised], verdict: Verdict) -> dict[Key, Raised]:
    found: dict[Key, Raised] = {}
    for one in raised:
        verdict.alarms[one.kind] += 1
        if _key_of(one) in found:
            _note(verdict, Difference.DUPLICATE, _key_of(one), f"again at {one.raised}")
        found.setdefault(_key_of(one), one)
    return found


def _note(verdict: Verdict, kind: Difference, key: Key, words: str) -> None:
    verdict.found.append(Found(kind, key[0], key[1], key[3], ("resolution " if key[2] else "") + words))


def _compare_dues(verdict: Verdict, due: Mapping[tuple[int, int, bool], int], log: Log) -> None:
    for key, expected in due.items():
        came = log.due.get(key)
        if came != expected:
            _note(verdict, Difference.WRONG_DUE, (*key, 1), f"expected due={expected} came due={came}")


def _compare_alarm(verdict: Verdict, alarm: Alarm, came: Raised | None, log: Log) -> None:
    expected, key = alarm.expected, _key(alarm)
    told = f"expected planned={expected.planned} raised={expected.look.wall}"
    if came is None:
        _note(verdict, Difference.MISSING, key, told)
        return
    told += f" came planned={came.planned} raised={came.raised}"
    if came.planned != expected.planned:
        _note(verdict, Difference.WRONG_PLAN, key, told)
    lateness = came.true - expected.since
    verdict.lateness["up" if expected.up else "after_outage"].append(lateness)
    if came.raised < expected.planned or came.true < expected.look.true:
        _note(verdict, Difference.EARLY, key, told)
    elif lateness > (WHILE_UP if expected.up else AFTER_OUTAGE):
        _note(verdict, Difference.LATE, key, f"{told} {lateness} ms late")
    if came.late != (expected.look.wall - expected.planned > log.setup.late_after_ms):
        _note(verdict, Difference.WRONG_MARK, key, f"{told} late={came.late}")


def _compare_notices(verdict: Verdict, log: Log) -> None:
    raised = {_key_of(one): one for one in log.raised}
    told: dict[str, list[Addressed]] = defaultdict(list)
    for one in log.addressed:
        told[one.alert_id].append(one)
    verdict.notices = len({one.notice for one in log.addressed})
    for alarm in verdict.expected:
        came = raised.get(_key(alarm))
        if came is not None:
            _compare_addressees(verdict, alarm, told.get(came.alert_id, []))
    _compare_sendings(verdict, log)


def _compare_addressees(verdict: Verdict, alarm: Alarm, came: Sequence[Addressed]) -> None:
    expected, key = alarm.told or set(), _key(alarm)
    reached = Counter((one.transport, one.recipient) for one in came)
    for addressee in sorted(expected - set(reached)):
        _note(verdict, Difference.NOT_TOLD, key, f"{addressee} was not told")
    for addressee, times in reached.items():
        if addressee not in expected:
            _note(verdict, Difference.WRONGLY_TOLD, key, f"{addressee} was told")
        elif times > 1:
            _note(verdict, Difference.TOLD_TWICE, key, f"{addressee} was told {times} times")


def _compare_sendings(verdict: Verdict, log: Log) -> None:
    """Each notice is taken once; twice only if we died before that could be written down; and not at all only if
    nothing that it tells of was open any more."""
    handed: dict[str, list[Handed]] = defaultdict(list)
    for one in log.handed:
        handed[one.notice].append(one)
    alarms = {raised.alert_id: raised for raised in log.raised}
    over = {_key(alarm): alarm.over for alarm in verdict.expected}
    tells: dict[str, list[Addressed]] = defaultdict(list)
    for addressed in log.addressed:
        tells[addressed.notice].append(addressed)
    for notice, named in tells.items():
        key = _key_of(alarms[named[0].alert_id])
        times = handed.get(notice, [])
        if len(times) > 1 + sum(one.cut for one in times):
            _note(verdict, Difference.SENT_TWICE, key, f"{named[0].transport} {len(times)} times")
        verdict.sent_again += max(0, len(times) - 1)
        if times:
            first = min(alarms[one.alert_id].true for one in named)
            verdict.lateness["sent"].append(times[0].true - first)
        elif any(_could_be_sent(one, alarms, over, log) for one in named):
            _note(verdict, Difference.NEVER_SENT, key, f"{named[0].transport} {named[0].state}")


def _could_be_sent(one: Addressed, alarms: Mapping[str, Raised], over: Mapping[Key, int | None], log: Log) -> bool:
    """Whether, while the alarm was open, we and the peer were up for long enough at a stretch."""
    raised = alarms[one.alert_id]
    until = over.get(_key_of(raised)) or log.end
    for run in log.runs:
        begins, ends = max(run.start, raised.true), min(run.end, until)
        for way, blocked, free in log.blocked:
            if way == one.transport and blocked < ends and free > begins:
                # Whatever of the stretch lies before is left out; the longest blocks last for hours.
                begins = max(begins, min(free, ends))
        if ends - begins > _LONG_ENOUGH:
            return True
    return False
