"""A ticket as its page shows it to one agent: its story, what was promised, what can be done to it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.console.deadlines.segments import pause_word
from bot.console.deadlines.snoozing import Snooze, snooze_of
from bot.console.desk.customers import customer_name, web_address
from bot.console.desk.particulars import Particulars
from bot.console.desk.records import Records
from bot.console.mail.letters import OVERSEERS
from bot.console.mail.post import Way, deliveries
from bot.console.story import Item, Teller, isolated
from bot.console.suggestions import Suggested
from bot.console.texts import Say
from bot.console.times import Almanac
from bot.files.links import Links
from knowledgebase.learning.asked import AskedQuestion
from tickets.lifecycle import Action, allowed
from tickets.mail.dead_addresses import DeadAddress
from tickets.model import (
    LIVE,
    Actor,
    Agent,
    Alert,
    AlertKind,
    Clock,
    Contact,
    Conversation,
    Metric,
    Owner,
    Status,
    Ticket,
)
from tickets.tickets import LONGEST_TIMELINE

BUTTONS = (Action.TAKE_OVER, Action.HAND_BACK, Action.HOLD, Action.RESUME, Action.RESOLVE, Action.REOPEN)


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done to the ticket as it stands."""

    path: str
    word: str
    main: bool


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An alert of this ticket, open or past."""

    clock_id: str
    kind: AlertKind
    level: int
    raised_at: int
    planned_at: int
    late: bool
    open: bool
    acknowledged_at: int | None
    by: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise of this ticket that runs, or stands still for a reason. soon_at: when its first warning is planned."""

    clock: Clock
    pause: str | None

    @property
    def soon_at(self) -> int | None:
        """When its first warning is planned, None without warnings."""
        return self.clock.plan[0] if len(self.clock.plan) > 1 else None


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket as its page shows it to one agent."""

    conversation: Conversation
    contact: Contact
    customer: str
    story: list[Item]
    cut: bool
    clock: Clock | None
    deadlines: Sequence[Deadline]
    alert: AlertFact | None
    snooze: Snooze | None
    alerts: list[AlertFact]
    candidates: Sequence[Suggested]
    question: AskedQuestion | None
    assignee: str
    other_owner: str
    live: bool
    will_take_over: bool
    can_reply: bool
    acts: list[Button]
    page: str | None
    way: Way
    dead: DeadAddress | None
    files: Mapping[str, list[dict[str, Any]]]
    particulars: Particulars


def shown(records: Records, reader: Agent, almanac: Almanac, links: Links) -> Shown:
    """The ticket for this reader, at the almanac's moment."""
    ticket, conversation, timeline = records.ticket, records.conversation, records.timeline
    teller = Teller(
        almanac,
        records.names,
        reader.id,
        records.edits,
        records.origins,
        deliveries(records.letters),
        reader.role in OVERSEERS,
        conversation.id,
        records.particulars.merged_from,
    )
    live = ticket.status in LIVE
    owned = conversation.owner is Owner.AGENT
    foreign = owned and conversation.owner_agent_id != reader.id
    newest_first = sorted(timeline.alerts, key=lambda alert: (alert.raised_at, alert.level), reverse=True)
    alerts = [_alert_fact(alert, records.names) for alert in newest_first]
    return Shown(
        conversation=conversation,
        contact=records.contact,
        customer=customer_name(records.contact, almanac.say),
        story=teller.tell(timeline.messages, timeline.notes, timeline.events),
        cut=len(timeline.messages) == LONGEST_TIMELINE,
        clock=next((one for one in records.clocks if one.metric is not Metric.RESOLUTION), None),
        deadlines=_deadlines(records, almanac.say),
        alert=max((alert for alert in alerts if alert.open), key=lambda alert: alert.level, default=None),
        snooze=snooze_of([one for one in timeline.alerts if one.open], records.rest, almanac.now),
        alerts=alerts,
        candidates=records.candidates,
        question=records.question,
        assignee=records.names.get(ticket.assignee_id or "", ""),
        other_owner=isolated(records.names.get(conversation.owner_agent_id or "", "")) if foreign else "",
        live=live,
        will_take_over=live and not owned,
        can_reply=live and not foreign,
        acts=_buttons(ticket, conversation, reader),
        page=web_address(conversation.page_url),
        way=records.way,
        dead=records.dead,
        files={id: [links.item(one, almanac.now) for one in files] for id, files in records.files.items()},
        particulars=records.particulars,
    )


def _deadlines(records: Records, say: Say) -> list[Deadline]:
    """What comes next first; what stands still last."""
    told = [
        Deadline(clock, None if clock.paused_at is None else pause_word(records.standing.get(clock.id, ""), say))
        for clock in records.clocks
    ]
    return sorted(told, key=lambda one: (one.pause is not None, one.clock.due_at))


def _alert_fact(alert: Alert, names: Mapping[str, str]) -> AlertFact:
    return AlertFact(
        clock_id=alert.clock_id,
        kind=alert.kind,
        level=alert.level,
        raised_at=alert.raised_at,
        planned_at=alert.planned_at,
        late=alert.late,
        open=alert.open,
        acknowledged_at=alert.acknowledged_at,
        by=isolated(names.get(alert.acknowledged_by or "", "")),
    )


def _buttons(ticket: Ticket, conversation: Conversation, reader: Agent) -> list[Button]:
    """What the table of transitions allows, less what would change nothing."""
    mine = conversation.owner is Owner.AGENT and conversation.owner_agent_id == reader.id
    pointless = {Action.TAKE_OVER if mine else Action.HAND_BACK}
    if ticket.status is Status.PENDING:
        pointless |= {Action.RESUME}
    possible = set(allowed(ticket.status, Actor("agent", reader.id))) - pointless
    return [
        Button(action.value.replace("_", "-"), action.value, action in (Action.TAKE_OVER, Action.REOPEN))
        for action in BUTTONS
        if action in possible
    ]
