"""The desk's real rules on a scratch database: each deed is the use-case that the channels and the console call."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.messages import Channel, InboundMessage, Thread
from bot.receive import accept
from bot.simulation.office import Rules, hire, known
from bot.simulation.scenario import Addressed, Deed, Raised, Setup
from bot.simulation.scratch import Scratch
from bot.workers import Turn, watch_deadlines
from storage.database import Row, Transaction
from tickets import conversations, desk, properties, tickets
from tickets.clocks import receipts, rows, waits
from tickets.clocks.receipts import Receipt
from tickets.errors import DeskError
from tickets.escalation import acknowledging, sweeping
from tickets.escalation.rescuing import PATIENCE_MS
from tickets.escalation.ways import Ways
from tickets.model import Agent, Author, Draft, Message, MessageKind, Owner, Priority, Reason, Ticket
from tickets.rules import DeskRules


@dataclass(slots=True)
class Standing:
    """A conversation as it stands: its live ticket if there is one, its newest one, and who speaks and waits."""

    ticket: Ticket | None
    newest: Ticket | None
    bot_speaks: bool
    waits: bool
    last_number: int


@dataclass(slots=True)
class House:
    """Everything that can be done at the desk, on the clock that is given with each deed."""

    scratch: Scratch
    rules: DeskRules
    staff: tuple[Agent, ...]
    setup: Setup
    book: Rules
    ways: Ways
    wall: int = 0
    _seen: int = 0
    _said: int = 0
    _places: dict[str, int] = field(default_factory=dict)
    _turn: Turn | None = None

    def opened(self, key: int, conversation_id: str) -> None:
        """A conversation is known by this key from now on."""
        self._places[conversation_id] = key

    def next_due(self) -> int | None:
        """When a look has something to do next, by the wall's clock."""
        moments = (self.scratch.ask(sweeping.next_due), self.scratch.ask(_unheard))
        return min((moment for moment in moments if moment is not None), default=None)

    def look(self) -> None:
        """One turn of the loop that watches the deadlines, now. Raises PowerCut if the process dies in it."""
        if self._turn is None:
            # That the clock is set is no news here, so both clocks show the same.
            self._turn = watch_deadlines(
                self.scratch, self.rules, self.ways, lambda: self.wall, lambda: self.wall / 1000
            )
        carry_through(self._turn)

    def newly_raised(self, true: int) -> list[Raised]:
        """The alarms that were raised since this was asked last."""
        found = self.scratch.ask(_raised_since, self._seen)
        self._seen = max((row["place"] for row in found), default=self._seen)
        return [self._raised(row, true) for row in found]

    def _raised(self, row: Row, true: int) -> Raised:
        return Raised(
            self._places[row["conversation_id"]],
            row["started_at"],
            row["metric"] == "resolution",
            row["level"],
            row["kind"],
            row["planned_at"],
            row["raised_at"],
            true,
            bool(row["late"]),
            row["id"],
        )

    def writes(self, key: int, channel: str, conversation_id: str | None, now: int) -> Message:
        """The contact writes; the first message opens the conversation."""
        self._said += 1
        inbound = InboundMessage(
            Channel(channel),
            f"{'mail:' if channel == 'mail' else ''}said-{self._said}",
            f"contact-{key}",
            "请问我的订单到哪里了？",
            now,
            thread=Thread.NEW if conversation_id is None else Thread.THIS,
            conversation_id=conversation_id,
        )
        accepted = self.scratch.carry_out(accept, inbound)
        self.opened(key, accepted.conversation.id)
        return accepted.message

    def bot_does(self, message: Message, deed: Deed, now: int) -> bool:
        """The bot decides about a message: to answer, to hand over, or (None of them) to say nothing."""
        return self.scratch.carry_out(_decided, message, deed, self.rules, now)

    def stands(self, conversation_id: str) -> Standing:
        """How the conversation stands."""
        return self.scratch.ask(_standing, conversation_id)

    def agent_does(self, ticket: Ticket, agent: Agent, deed: Deed, now: int, snooze_ms: int | None = None) -> bool:
        """An agent does this, having seen the newest of everything; False if the rules do not allow it now."""
        self._said += 1
        try:
            self.scratch.carry_out(_act, ticket.number, agent, deed, now, f"said-{self._said}", snooze_ms)
        except DeskError:
            return False
        return True

    def dues(self) -> dict[tuple[int, int, bool], int]:
        """The due time of every clock, by conversation, start and whether it is the resolution's."""
        found = self.scratch.ask(_all, "SELECT conversation_id, started_at, metric, due_at FROM clock")
        return {
            (self._places[row["conversation_id"]], row["started_at"], row["metric"] == "resolution"):
            row["due_at"]
            for row in found
        }  # fmt: skip

    def numbers(self) -> dict[int, list[str]]:
        """The numbers of each conversation's tickets, in the order in which they were opened."""
        found = self.scratch.ask(_all, "SELECT conversation_id, number FROM ticket ORDER BY rowid")
        numbers: dict[int, list[str]] = {}
        for row in found:
            numbers.setdefault(self._places[row["conversation_id"]], []).append(row["number"])
        return numbers

    def receipts(self, key: int, started: int) -> list[Receipt]:
        """How the due times of a conversation's clocks that began then came about, oldest first."""
        return self.scratch.ask(_receipts, [place for place, one in self._places.items() if one == key], started)

    def addressed(self) -> list[Addressed]:
        """Who was told of which alarm."""
        found = self.scratch.ask(
            _all,
            """
            SELECT x.alert_id, n.transport, n.recipient, n.id AS notice, n.state
            FROM notice_alert x JOIN notice n ON n.id = x.notice_id
            """,
        )
        return [Addressed(**row) for row in found]


def open_house(folder: Path, setup: Setup, ways: Ways, now: int) -> House:
    """A desk with people and rules, and nothing that happened yet."""
    scratch = Scratch(folder)
    staff = scratch.carry_out(hire, now)
    setup = known(setup, staff)
    book = scratch.carry_out(partial(Rules, setup=setup, now=now))
    rules = DeskRules(setup.late_after_ms, setup.reopen_within_ms, setup.zone)
    return House(scratch, rules, staff, setup, book, ways)


def carry_through(turn: Turn) -> None:
    """Run a turn that never has to wait, because its database answers at once."""
    try:
        turn().__await__().__next__()
    except StopIteration:
        return
    raise RuntimeError("a turn waited for something that is not there")


def _unheard(tx: Transaction) -> int | None:
    """When the first of those alarms is looked at again that reached nobody."""
    found = tx.execute(
        """
        SELECT MIN(COALESCE(fallback_at, told_at)) AS since FROM alert
        WHERE told_at IS NOT NULL AND delivered_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL
            AND advanced_at IS NULL
        """
    )
    since: int | None = found[0]["since"]
    return None if since is None else since + PATIENCE_MS


def _raised_since(tx: Transaction, place: int) -> list[Row]:
    return tx.execute(
        """
        SELECT a.rowid AS place, a.id, a.level, a.kind, a.planned_at, a.raised_at, a.late, k.conversation_id,
            k.started_at, k.metric
        FROM alert a JOIN clock k ON k.id = a.clock_id WHERE a.rowid > :place ORDER BY a.rowid
        """,
        {"place": place},
    )


def _all(tx: Transaction, sql: str) -> list[Row]:
    return tx.execute(sql)


def _receipts(tx: Transaction, conversation_ids: list[str], started: int) -> list[Receipt]:
    found = tx.execute(
        "SELECT id FROM clock WHERE conversation_id = :conversation_id AND started_at = :started ORDER BY id",
        {"conversation_id": conversation_ids[0], "started": started},
    )
    return [receipt for row in found for receipt in receipts.of_clock(tx, row["id"])]


def _standing(tx: Transaction, conversation_id: str) -> Standing:
    conversation = conversations.get_conversation(tx, conversation_id)
    live = tickets.live_of_conversation(tx, conversation_id)
    newest = live or tickets.newest_of_conversation(tx, conversation_id)
    running = rows.running_reply(tx, conversation_id)
    speaks = conversation.owner is Owner.BOT
    return Standing(live, newest, speaks, running is not None, conversation.last_number)


def _decided(tx: Transaction, message: Message, deed: Deed, rules: DeskRules, now: int) -> bool:
    conversation = conversations.get_conversation(tx, message.conversation_id)
    if not conversations.mark_decided(tx, message.id, now) or conversation.owner is Owner.AGENT:
        return False
    if deed is Deed.LEFT_ALONE:
        return True
    if deed is not Deed.BOT_ANSWERED:
        reason = Reason.NOT_SOLVED if deed is Deed.REFUSED else Reason.ASKED_FOR_PERSON
        desk.open_ticket(tx, conversation, reason, message.text, [], rules, now)
    kind = MessageKind.ANSWER if deed is Deed.BOT_ANSWERED else MessageKind.HANDOFF
    conversations.append(tx, conversation.id, Draft(Author.BOT, kind, "。"), now)
    waits.answer_by_bot(tx, conversation.id, now)
    return True


def _act(
    tx: Transaction, number: str, agent: Agent, deed: Deed, now: int, external_id: str, snooze_ms: int | None
) -> Any:
    ticket = tickets.by_number(tx, number)
    version = ticket.version
    match deed:
        case Deed.ANSWERED | Deed.HELD_OFF:
            seen = conversations.get_conversation(tx, ticket.conversation_id).last_number
            text = "已经为您处理好了。" if deed is Deed.ANSWERED else "请稍候"
            return desk.reply(tx, number, agent, text, seen, external_id, False, now)
        case Deed.HANDED_BACK:
            return desk.hand_back(tx, number, agent, version, now)
        case Deed.SET_ASIDE:
            return desk.hold(tx, number, agent, version, now)
        case Deed.RESUMED:
            return desk.resume(tx, number, agent, version, now)
        case Deed.RESOLVED:
            return desk.resolve(tx, number, agent, version, now)
        case Deed.REOPENED:
            return desk.reopen(tx, number, agent, version, now)
        case Deed.HURRIED | Deed.EASED:
            priority = Priority.URGENT if deed is Deed.HURRIED else Priority.NORMAL
            wanted = replace(properties.properties_of(ticket), priority=priority)
            return properties.change(tx, number, agent, version, wanted, now)
        case Deed.ACKNOWLEDGED:
            reason = "" if snooze_ms is None else "客户约好了时间"
            return acknowledging.acknowledge(tx, number, agent, now, snooze_ms, reason)
    raise ValueError(f"no agent does {deed}")
