"""What docs/sla.md says that happens, done at a real desk: a customer with a chat and a mail thread, agents, a bot."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from bot.messages import Channel, InboundMessage, Thread
from bot.receive import accept
from storage.database import Transaction, new_id
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.docs import pages
from tests.rules import RULES
from tests.tickets.business_time.test_golden import CALENDARS
from tickets import (
    agents,
    contacts,
    conversations,
    desk,
    merging,
    parts,
    properties,
    splitting,
    teams,
    tickets,
)
from tickets.business_time import Calendar
from tickets.clocks import rows, waits
from tickets.model import (
    Agent,
    Author,
    Conversation,
    Draft,
    Message,
    MessageKind,
    Metric,
    Priority,
    Reason,
    Role,
    Status,
    Ticket,
)
from tickets.properties import Properties
from tickets.sla import rulebook
from tickets.sla.model import Budget, Condition, ConditionField, Policy, RuleKind

PAGE = pages.ROOT / "docs" / "sla.md"
POLICIES = pages.table(PAGE, "The policies of the examples")
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY = date(2026, 11, 23)
HOUR = 3_600_000
TEAM = "夜班"
_EVENT = re.compile(r"(?:(\S+) )?(\d\d:\d\d) (.+)")
_AGENT = re.compile(r" by (\w+)$")
_THREAD = re.compile(r" in (chat|mail|mail2|split)$")


T = TypeVar("T")


async def at_the_desk(database: SQLiteDatabase, happened: str, then: Callable[["Scene"], T]) -> T:
    """What is found, in the same transaction, after these events."""

    def played(tx: Transaction) -> T:
        scene = Scene(tx, POLICIES, CALENDARS["office"])
        scene.set_up(moment(date(2026, 11, 20), "12:00"))
        scene.go_on(happened)
        return then(scene)

    return await database.write(played)


class Undone(Exception):
    """Nothing of what was tried is kept."""


async def rehearse(database: SQLiteDatabase, happened: str, then: Callable[["Scene"], object]) -> None:
    """As at_the_desk, with nothing of it kept: the next one finds the database empty."""

    def tried(scene: Scene) -> None:
        then(scene)
        raise Undone

    with pytest.raises(Undone):
        await at_the_desk(database, happened, tried)


def moment(day: date, clock: str) -> int:
    hours, minutes = clock.split(":")
    at = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(hours=int(hours), minutes=int(minutes))
    return int(at.timestamp() * 1000)


def day_of(word: str) -> date:
    return MONDAY + timedelta(DAYS.index(word)) if word in DAYS else date.fromisoformat(word)


def told(at: int) -> str:
    """A moment as the table writes it."""
    local = datetime.fromtimestamp(at / 1000, SHANGHAI)
    since = (local.date() - MONDAY).days
    day = DAYS[since] if 0 <= since < len(DAYS) else local.date().isoformat()
    return f"{day} {local:%H:%M}"


def read_events(text: str) -> list[tuple[int, str]]:
    """The moments and verbs of a cell; a day holds until the next one is named."""
    day, found = MONDAY, []
    for part in text.split("; "):
        match = _EVENT.fullmatch(part)
        assert match is not None, part
        day = day_of(match[1]) if match[1] else day
        found.append((moment(day, match[2]), match[3]))
    return found


@dataclass
class Scene:
    """A desk with the policies of the page; threads and tickets by the names that the examples use."""

    tx: Transaction
    policies: list[dict[str, str]]
    office: Calendar
    now: int = 0
    rules: dict[str, str] = field(default_factory=dict)
    conversations: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    staff: dict[str, Agent] = field(default_factory=dict)
    team_id: str = ""
    said: int = 0

    def set_up(self, now: int) -> None:
        tx, self.now = self.tx, now
        rules.seed(tx, now)
        self.team_id = teams.add(tx, TEAM, None).id
        self.rules["office"] = rulebook.add(tx, RuleKind.CALENDAR, "office", self.office, "test", 0, now).id
        chain_id = rulebook.in_force(tx).policies[-1].definition.chain_id  # type: ignore[union-attr]
        for position, row in enumerate(self.policies):
            name = row["policy"].strip("`")
            policy = self._policy(row, chain_id)
            self.rules[name] = rulebook.add(tx, RuleKind.POLICY, name, policy, "test", position, now).id
        for login in ("ming", "wu"):
            self.staff[login] = agents.create(tx, login, login.title(), Role.AGENT, "hash", None, now)
        contact = contacts.identify(tx, "chat", "lin", now)
        tx.change(
            """
            INSERT INTO identity (id, contact_id, channel, address, created_at)
            VALUES (:id, :contact_id, 'mail', :address, 0)
            """,
            {"id": new_id(), "contact_id": contact.id, "address": "lin@example.com"},
        )
        chat = conversations.find_or_open(tx, contact.id, "chat", now)
        self.conversations = {"chat": chat.id}

    def go_on(self, happened: str) -> None:
        for at, verb in read_events(happened):
            self.now = at
            self.play(verb)

    def play(self, verb: str) -> None:
        """Do what one event says."""
        agent, thread = self.staff["ming"], "chat"
        if by := _AGENT.search(verb):
            agent, verb = self.staff[by[1]], verb[: by.start()]
        if where := _THREAD.search(verb):
            thread, verb = where[1], verb[: where.start()]
        name, _, rest = verb.partition(" ")
        match (name, rest):
            case ("customer", _):
                self.customer(rest or "chat", "轮胎多久换一次？")
            case ("bot", "answers"):
                self.bot_answers()
            case ("not", "solved"):
                self.customer("chat", "没解决")
                self.hand_over("chat", Reason.NOT_SOLVED)
            case ("hand", _) if rest.startswith("over"):
                self.hand_over(rest.removeprefix("over").strip() or "chat", Reason.ASKED_FOR_PERSON)
            case ("danger", ""):
                self.hand_over("chat", Reason.DANGER)
            case ("reply", _):
                self.reply(thread, agent, rest or "每五年或六万公里更换。")
            case ("note", ""):
                desk.note(self.tx, self.number(thread), agent, "客户很着急", self.now)
            case ("take", "over"):
                desk.take_over(self.tx, self.number(thread), agent, self.ticket(thread).version, self.now)
            case ("hand", "back"):
                desk.hand_back(self.tx, self.number(thread), agent, self.ticket(thread).version, self.now)
            case ("hold" | "resume" | "resolve" | "reopen", ""):
                getattr(desk, name)(self.tx, self.number(thread), agent, self.ticket(thread).version, self.now)
            case ("priority" | "category" | "team", _):
                self.change(thread, agent, name, rest)
            case ("class" | "attribute", _):
                self.describe(agent, name, rest)
            case ("policy", _):
                self.edit_policy(*rest.split(" ", 1))
            case ("calendar", _):
                self.edit_calendar()
            case ("merge", "mail"):
                source, target = self.ticket("mail"), self.ticket("chat")
                merging.merge(self.tx, source.number, agent, source.version, target.number, target.version, self.now)
            case ("sweep", ""):
                rules.sweep_and_tell(self.tx, self.now)
            case ("split", _):
                self.split(agent, int(rest))
            case _:
                raise AssertionError(f"no example may say {verb}")

    def customer(self, thread: str, text: str) -> Message:
        self.said += 1
        known = self.conversations.get(thread)
        inbound = InboundMessage(
            Channel.CHAT if thread == "chat" else Channel.MAIL,
            f"said-{self.said}",
            "lin" if thread == "chat" else "lin@example.com",
            text,
            self.now,
            thread=Thread.NEW if known is None else Thread.THIS,
            conversation_id=known,
            subject=None if thread == "chat" else "轮胎",
            facts=None if thread == "chat" else {"mail": {"id": new_id(), "verified": True, "from": "lin@example.com"}},
        )
        accepted = accept(self.tx, inbound)
        self.conversations.setdefault(thread, accepted.conversation.id)
        return accepted.message

    def bot_answers(self) -> None:
        """What record() does with an answer."""
        for message in conversations.undecided(self.tx, 100):
            conversations.mark_decided(self.tx, message.id, self.now)
        draft = Draft(Author.BOT, MessageKind.ANSWER, "每五年或六万公里更换。")
        conversations.append(self.tx, self.conversations["chat"], draft, self.now)
        waits.answer_by_bot(self.tx, self.conversations["chat"], self.now)

    def hand_over(self, thread: str, reason: Reason) -> None:
        conversation = self.conversation(thread)
        ticket = desk.open_ticket(self.tx, conversation, reason, "轮胎", [], RULES, self.now)
        self.tickets[thread] = ticket.number

    def reply(self, thread: str, agent: Agent, text: str) -> None:
        self.said += 1
        seen = self.conversation(thread).last_number
        desk.reply(self.tx, self.number(thread), agent, text, seen, f"reply-{self.said}", False, self.now)

    def change(self, thread: str, agent: Agent, name: str, value: str) -> None:
        ticket = self.ticket(thread)
        now = properties.properties_of(ticket)
        wanted = {
            "priority": lambda: Properties(Priority(value), now.category, now.team_id),
            "category": lambda: Properties(now.priority, value, now.team_id),
            "team": lambda: Properties(now.priority, now.category, self.team_id),
        }[name]()
        properties.change(self.tx, ticket.number, agent, ticket.version, wanted, self.now)

    def describe(self, agent: Agent, name: str, value: str) -> None:
        ticket = self.ticket("chat")
        contact = contacts.get_contact(self.tx, ticket.contact_id)
        value_class = value if name == "class" else contact.value_class
        attributes = dict([value.split("=")]) if name == "attribute" else dict(contact.attributes)
        properties.describe_contact(self.tx, ticket.number, agent, contact.version, value_class, attributes, self.now)

    def edit_policy(self, name: str, length: str) -> None:
        """The policy promises other first and next responses from now on; urgent only another first one."""
        rule = rulebook.get_rule(self.tx, self.rules[name])
        policy, budget = rule.definition, Budget(_length(length))
        assert isinstance(policy, Policy)
        changed = _edited(policy, budget, next_too=name == "standard")
        rulebook.revise(self.tx, rule.id, rule.version, rule.name, changed, "test", self.now)

    def edit_calendar(self) -> None:
        rule = rulebook.get_rule(self.tx, self.rules["office"])
        morning = self.office.week[0][:1]
        changed = Calendar(week=(morning,) * 5 + ((), ()), holidays="CN")
        rulebook.revise(self.tx, rule.id, rule.version, rule.name, changed, "test", self.now)

    def split(self, agent: Agent, number: int) -> None:
        ticket = self.ticket("mail")
        chosen = splitting.open_messages(self.tx, ticket)[number - 1]
        new = splitting.split(
            self.tx, ticket.number, agent, ticket.version, {chosen.id}, "另一件事", True, RULES, self.now
        )
        self.tickets["split"], self.conversations["split"] = new.number, new.conversation_id

    def clocks(self) -> list[str]:
        """Every clock that runs, as the table writes it."""
        found = []
        for thread, conversation_id in self.conversations.items():
            reply = rows.running_reply(self.tx, conversation_id)
            number = self.tickets.get(thread)
            of_ticket = rows.running_of_ticket(self.tx, self.ticket(thread).id) if number else []
            clocks = [*([reply] if reply else []), *(one for one in of_ticket if one.metric is Metric.RESOLUTION)]
            assert {one.id for one in of_ticket} <= {one.id for one in clocks}, "a clock that no conversation has"
            for clock in clocks:
                prefix = "" if thread == "chat" else f"{thread} "
                when = "stands still" if clock.paused_at is not None else told(clock.due_at)
                found.append(f"{prefix}{clock.metric} {when}")
        return found or ["no wait"]

    def conversation(self, thread: str) -> Conversation:
        return parts.current(self.tx, self.conversations[thread])

    def number(self, thread: str) -> str:
        return self.tickets[thread]

    def ticket(self, thread: str) -> Ticket:
        return tickets.by_number(self.tx, self.tickets[thread])

    def _policy(self, row: dict[str, str], chain_id: str) -> Policy:
        calendar_id = self.rules["office"] if "office" in row["calendar"] else None
        still = row["stands still while"]
        pauses = () if still == "–" else tuple(Status(one) for one in still.split(", "))
        first, next_, resolution = (
            None if row[name] == "–" else Budget(_length(row[name]), calendar_id, pauses=pauses)
            for name in ("first response", "next response", "resolution")
        )
        assert first is not None
        assert next_ is not None
        return Policy(first, next_, resolution, chain_id, self._conditions(row["for"]))

    def _conditions(self, text: str) -> tuple[Condition, ...]:
        if text == "–":
            return ()
        what, value = text.split(" = ")
        kind, _, name = what.partition(" ")
        return (Condition(ConditionField(kind), (self.team_id if kind == "team" else value,), name),)


def _length(text: str) -> int:
    return int(text.removesuffix(" h")) * HOUR


def _edited(policy: Policy, budget: Budget, next_too: bool) -> Policy:
    next_ = budget if next_too else policy.next_response
    return Policy(budget, next_, policy.resolution, policy.chain_id, policy.conditions)
