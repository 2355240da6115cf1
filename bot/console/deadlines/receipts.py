"""The page of a ticket's deadlines: why each is due at its minute, who was told, and who took notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from aiohttp import web

from bot.console.access import is_fetch
from bot.console.deadlines.segments import Told, ended_word, pause_word, tell
from bot.console.deadlines.snoozing import snooze_of
from bot.console.render import almanac_for, page
from bot.console.story import isolated
from bot.console.texts import Say
from bot.console.times import Almanac
from bot.console.ways.reasons import reason
from bot.keys import DATABASE, WAYS
from storage.database import Transaction
from tickets import agents, tickets
from tickets.clocks import receipts, rows
from tickets.clocks.receipts import Receipt
from tickets.escalation import acknowledging, history
from tickets.escalation.acknowledging import Rest
from tickets.escalation.history import History
from tickets.escalation.results import NoticeFact
from tickets.escalation.ways import Ways
from tickets.model import Clock, Ticket


@dataclass(frozen=True, slots=True)
class Records:
    """What one view of the database says about a ticket's deadlines."""

    ticket: Ticket
    clocks: Sequence[Clock]
    receipts: Mapping[str, Sequence[Receipt]]
    history: History
    names: Mapping[str, str]
    standing: Mapping[str, str]
    rest: Rest


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A receipt in words. why: the sentence of its cause; measured: the time that counts; told: its segments."""

    receipt: Receipt
    why: str
    told: Told


class ClockState(StrEnum):
    """How a clock stands; KEPT and LATE have stopped."""

    KEPT = "kept"
    LATE = "late"
    PAUSED = "paused"
    OVERDUE = "overdue"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class ClockShown:
    """A clock with its newest receipt and those before it. pause: why it stands still, None if it does not."""

    clock: Clock
    state: ClockState
    pause: str | None
    ended: str | None
    newest: ReceiptShown | None
    earlier: Sequence[ReceiptShown]


@dataclass(frozen=True, slots=True)
class Unkept:
    """An acknowledgement that was refused: why, in a sentence, and what its form said."""

    text: str
    snooze_ms: int | None
    reason: str


async def show_deadlines(request: web.Request) -> web.StreamResponse:
    """GET /console/tickets/{number}/deadlines: its receipts, and who was told; to a script the forms alone."""
    return await deadlines_page(request)


async def deadlines_page(request: web.Request, status: int = 200, unkept: Unkept | None = None) -> web.Response:
    """The deadlines of the ticket as they are now; on top of them what was not kept, with its form as it was."""
    records = await request.config_dict[DATABASE].read(_records, request.match_info["number"])
    almanac = almanac_for(request)
    snooze = snooze_of([one.alert for one in records.history.open], records.rest, almanac.now)
    if snooze is not None and unkept is not None:
        snooze = replace(snooze, chosen=unkept.snooze_ms or 0, reason=unkept.reason)
    return page(
        request,
        "deadlines/snooze_part.html" if is_fetch(request) else "deadlines/ticket.html",
        status,
        ticket=records.ticket,
        clocks=clocks_shown(records, almanac),
        history=records.history,
        names=records.names,
        undelivered=partial(_undelivered, ways=request.config_dict[WAYS], say=almanac.say),
        area="ticket",
        unkept=unkept,
        snooze=snooze,
    )


def clocks_shown(records: Records, almanac: Almanac) -> list[ClockShown]:
    """The clocks that run first, by their due time, then the ended ones, the newest first."""
    told = [_clock(clock, records, almanac) for clock in records.clocks]
    running = [one for one in told if one.clock.stopped_at is None]
    ended = [one for one in told if one.clock.stopped_at is not None]
    return [*sorted(running, key=lambda one: one.clock.due_at), *reversed(ended)]


def cause_sentence(receipt: Receipt, names: Mapping[str, str], almanac: Almanac) -> str:
    """Why a due time was worked out, and by whom if by somebody."""
    say = almanac.say
    who = names.get(receipt.by_agent_id or "", "")
    by = say("deadlines.by", who=isolated(who)) if who else ""
    return say(f"deadlines.cause.{receipt.cause}", by=by)


def _records(tx: Transaction, number: str) -> Records:
    ticket = tickets.by_number(tx, number)
    return Records(
        ticket,
        rows.of_ticket(tx, ticket.id),
        receipts.of_ticket(tx, ticket.id),
        history.of_ticket(tx, ticket.id),
        agents.names(tx),
        rows.standing(tx, ticket.id),
        acknowledging.rest_of(tx, ticket.id),
    )


def _clock(clock: Clock, records: Records, almanac: Almanac) -> ClockShown:
    say = almanac.say
    found = records.receipts.get(clock.id, ())
    told = [_receipt(one, records.names, almanac) for one in found]
    return ClockShown(
        clock=clock,
        state=_state(clock, almanac.now),
        pause=None if clock.paused_at is None else pause_word(records.standing.get(clock.id, ""), say),
        ended=None if clock.stop_reason is None else ended_word(clock.stop_reason, say),
        newest=told[0] if told else None,
        earlier=told[1:],
    )


def _state(clock: Clock, now: int) -> ClockState:
    if clock.stopped_at is not None:
        return ClockState.LATE if clock.stopped_at > clock.due_at else ClockState.KEPT
    if clock.paused_at is not None:
        return ClockState.PAUSED
    return ClockState.OVERDUE if clock.due_at <= now else ClockState.RUNS


def _receipt(receipt: Receipt, names: Mapping[str, str], almanac: Almanac) -> ReceiptShown:
    return ReceiptShown(receipt, cause_sentence(receipt, names, almanac), tell(receipt.segments, almanac))


def _undelivered(notice: NoticeFact, ways: Ways, say: Say) -> str:
    """Why a notice did not arrive, in a sentence."""
    way = ways.get(notice.transport)
    return reason(way.transport.kind if way is not None else "", notice.code, notice.error, say)
