"""Promises for the console's tests: over the National Day holidays, on hold, broken and told of, kept."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.alerting.ways import no_pages
from storage.database import Transaction
from tests import rules
from tests.console.cast import HOUR, MINUTE, NOON, RULES, Cast, ask
from tickets import desk, tickets
from tickets.alerts import TRANSPORTS
from tickets.alerts.console import PagesSettings
from tickets.escalation import acknowledging, outcomes
from tickets.escalation.ways import Way, Ways
from tickets.model import Reason, Status, Ticket
from tickets.sla import rulebook
from tickets.sla.model import Budget, Level, Policy, RuleKind, Warning

DAY = 24 * HOUR
WAYS: Ways = {**rules.WAYS, "console": Way("console", TRANSPORTS["console"], PagesSettings(no_pages))}
CHAIN = rules.chain(
    (
        Level("受理人", 0, ("assignee",), ("console", "mail")),
        Level("主管", 30 * MINUTE, ("role:supervisor", "duty@example.com"), ("mail", "webhook")),
    ),
    warning=Level("预警", 0, ("assignee",), ("console",)),
    acknowledged_for_ms=4 * HOUR,
)


def moment(text: str) -> int:
    """2026-09-30 17:50 in Shanghai, in epoch milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)


def promise_by_working_hours(tx: Transaction, at: int, reply_ms: int = 12 * HOUR) -> str:
    """From now on answers are promised in working hours that stand still while a ticket waits; the policy's id."""
    book = rulebook.in_force(tx)
    policy = book.policies[-1]
    assert isinstance(policy.definition, Policy)
    calendar = next(iter(book.named(RuleKind.CALENDAR)))
    waits = (Status.PENDING, Status.ON_HOLD)
    reply = Budget(reply_ms, calendar, (Warning(share=80),), waits)
    promised = replace(
        policy.definition, first_response=reply, next_response=reply, resolution=Budget(40 * HOUR, calendar, (), waits)
    )
    rulebook.revise(tx, policy.id, policy.version, "工作时间内答复", promised, "settings", at)
    return policy.id


def over_the_holidays(tx: Transaction, cast: Cast, reply_ms: int = 24 * HOUR) -> Ticket:
    """Asked ten minutes before everybody leaves for National Day, on hold for two hours after it, not answered."""
    promise_by_working_hours(tx, moment("2026-09-30 08:00"), reply_ms)
    ticket = ask(tx, "v-holiday", "提车后发现右后门有划痕，怎么处理？", moment("2026-09-30 17:50"), Reason.COMPLAINT)
    tx.change("UPDATE contact SET value_class = '金卡' WHERE id = :id", {"id": ticket.contact_id})
    ticket = desk.take_over(tx, ticket.number, cast.li, ticket.version, moment("2026-10-08 09:30"))
    ticket = desk.hold(tx, ticket.number, cast.li, ticket.version, moment("2026-10-08 10:00"))
    return desk.resume(tx, ticket.number, cast.li, ticket.version, moment("2026-10-08 12:00"))


def broken_and_told(tx: Transaction, cast: Cast, at: int = NOON) -> Ticket:
    """Overdue for fifty minutes, both levels told: one mail failed, the console had no page, one may have arrived."""
    asked = at - 12 * HOUR - 50 * MINUTE
    ticket = ask(tx, "v-broken", "刹车异响已经三天了，你们到底管不管", asked)
    ticket = desk.take_over(tx, ticket.number, cast.li, ticket.version, asked + MINUTE)
    rules.sweep_and_tell(tx, at - 50 * MINUTE, RULES, WAYS)
    rules.sweep_and_tell(tx, at - 20 * MINUTE, RULES, WAYS)
    told = tx.execute("SELECT id, transport, recipient FROM notice ORDER BY id")
    for notice in told:
        match notice["transport"], notice["recipient"]:
            case "console", _:
                what = ("no_page", "the agent has no console page open")
                outcomes.absent(tx, notice["id"], *what, at - 49 * MINUTE, again=False)
            case "mail", "duty@example.com":
                outcomes.failed(tx, notice["id"], "550", "the server refused", at - 19 * MINUTE, again=False)
            case "webhook", _:
                outcomes.unclear(tx, notice["id"], "", "no answer", at - 19 * MINUTE, again=False)
            case _:
                outcomes.sent(tx, notice["id"], "", at - 19 * MINUTE)
    return tickets.by_number(tx, ticket.number)


def warned(tx: Transaction, cast: Cast, at: int = NOON) -> Ticket:
    """Asked by natural time; warned of, not yet due."""
    policy = rulebook.in_force(tx).policies[-1]
    assert isinstance(policy.definition, Policy)
    promised = replace(policy.definition, first_response=Budget(12 * HOUR, None, (Warning(share=50),)))
    rulebook.revise(tx, policy.id, policy.version, policy.name, promised, "settings", at - 2 * DAY)
    asked = ask(tx, "v-warned", "充电到 80% 就停了", at - 8 * HOUR)
    rules.sweep_and_tell(tx, at - HOUR, RULES, WAYS)
    return asked


def kept(tx: Transaction, cast: Cast, visitor: str, asked_at: int, took: int) -> Ticket:
    """Asked and answered after so long."""
    ticket = ask(tx, visitor, "请问周末营业吗？", asked_at)
    desk.reply(tx, ticket.number, cast.chen, "周末 9:00 至 18:00 营业。", 1, f"agent:{visitor}", False, asked_at + took)
    return tickets.by_number(tx, ticket.number)


def acknowledged(tx: Transaction, ticket: Ticket, cast: Cast, at: int, snooze_ms: int | None = None) -> None:
    """Li takes notice, for a while if that is asked for."""
    reason = "在等门店回电，17:00 前有结果" if snooze_ms else ""
    acknowledging.acknowledge(tx, ticket.number, cast.li, at, snooze_ms, reason)


def seed_chain(tx: Transaction) -> None:
    """The chain of these promises instead of the one that the other tests have."""
    policy = rulebook.in_force(tx).policies[-1]
    assert isinstance(policy.definition, Policy)
    chain = rulebook.get_rule(tx, policy.definition.chain_id)
    rulebook.revise(tx, chain.id, chain.version, chain.name, CHAIN, "settings", NOON - 90 * DAY)


def fill(tx: Transaction, cast: Cast) -> dict[str, Ticket]:
    """All of it, and an afternoon's tickets around."""
    seed_chain(tx)
    made = {"broken": broken_and_told(tx, cast)}
    made |= {"warned": warned(tx, cast)}
    for place in range(6):
        kept(tx, cast, f"v-kept-{place}", NOON - (3 + 4 * place) * DAY, (1 + place) * 3 * HOUR)
    made |= {"holiday": over_the_holidays(tx, cast)}
    pending = ask(tx, "v-pending", "想改预约到周六上午", NOON - 3 * HOUR)
    pending = desk.take_over(tx, pending.number, cast.li, pending.version, NOON - 3 * HOUR)
    made |= {"pending": desk.hold(tx, pending.number, cast.li, pending.version, NOON - 2 * HOUR)}
    made |= {"calm": ask(tx, "v-calm", "請問電動車在香港充電有沒有優惠？會員積分可以抵扣嗎？", NOON - 20 * MINUTE)}
    return made
