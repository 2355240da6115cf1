"""People and tickets for the console's tests: what a service desk has on an ordinary Tuesday afternoon."""

from dataclasses import dataclass, field

from argon2 import PasswordHasher

from knowledgebase.authoring import entries
from knowledgebase.model import Entry
from storage.database import Transaction
from tests import rules
from tickets import agents, contacts, conversations, desk, tickets
from tickets.contact_details import ContactDetails
from tickets.model import Agent, Author, Conversation, Draft, MessageKind, Reason, Role, Ticket
from tickets.rules import DeskRules
from tickets.sla.model import Level

MINUTE = 60_000
HOUR = 60 * MINUTE
NOON = 1_795_507_200_000  # 2026-11-24 16:00 in Shanghai, a Tuesday
PASSWORD = "correct horse battery"
# A hash says itself how dear it is; the house's own price is tested where passwords are.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
RULES = DeskRules(late_after_ms=5 * MINUTE, reopen_within_ms=24 * HOUR, time_zone="Asia/Shanghai")
CHAIN = rules.chain(
    (
        Level("受理人", 0, ("assignee",), ("mail",)),
        Level("主管", 30 * MINUTE, ("role:supervisor",), ("mail",)),
    )
)


def set_up(tx: Transaction) -> None:
    """What is promised here, and who hears of it when it is not kept."""
    rules.seed(tx, NOON - 90 * 24 * HOUR, own=CHAIN)


@dataclass(slots=True)
class Clock:
    """The time of a test; it stands still until told."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def pass_by(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds


@dataclass(slots=True)
class TypingHeard:
    """Stands in for the customers' hub: remembers which customers were told that an agent writes."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def agent_typing(self, conversation_id: str, agent_name: str) -> None:
        self.heard.append((conversation_id, agent_name))


@dataclass(frozen=True, slots=True)
class Cast:
    """Who works here."""

    li: Agent
    chen: Agent
    supervisor: Agent
    admin: Agent
    reader: Agent


ENTRIES = (
    Entry(
        "tyre-01",
        "轮胎多久需要更换？",
        "建议每 5 年或行驶 6 万公里更换轮胎，以先到者为准。\n花纹深度低于 1.6 毫米时请尽快更换。",
        "轮胎",
        version=3,
    ),
    Entry("tyre-04", "轮胎鼓包了还能开吗？", "不能继续行驶，请联系道路救援 400-000-0120。", "轮胎"),
    Entry("warranty-02", "易损件保修多久？", "雨刮、刹车片等易损件保修 12 个月或 1 万公里。", "保修"),
)


def hire(tx: Transaction) -> Cast:
    """Five people, all with PASSWORD."""
    people = {
        "li": ("li", "李工", Role.AGENT),
        "chen": ("chen", "陈晓雯", Role.AGENT),
        "supervisor": ("zhou", "周敏", Role.SUPERVISOR),
        "admin": ("admin", "管理员", Role.ADMIN),
        "reader": ("he", "何文", Role.READER),
    }
    made = {
        name: agents.create(tx, login, shown, role, PASSWORD_HASH, f"{login}@example.com", NOON)
        for name, (login, shown, role) in people.items()
    }
    return Cast(**made)


def customer_writes(tx: Transaction, visitor: str, text: str, at: int) -> Conversation:
    """A visitor of the chat says something."""
    contact = contacts.identify(tx, "chat", visitor, at)
    conversation = conversations.find_or_open(
        tx, contact.id, "chat", at, "https://shop.example.com/models/e6/service?from=nav", "E6 保养与维修"
    )
    conversations.append(tx, conversation.id, Draft(Author.CONTACT, MessageKind.TEXT, text), at)
    conversation = conversations.get_conversation(tx, conversation.id)
    desk.customer_wrote(tx, conversation, at)
    return conversation


def bot_says(tx: Transaction, conversation: Conversation, text: str, at: int, **more: object) -> None:
    """The bot answers; more are the fields of Draft that the test cares about."""
    kind = MessageKind(str(more.pop("kind", MessageKind.ANSWER)))
    extras, trace = more.get("extras"), more.get("trace")
    assert extras is None or isinstance(extras, dict)
    assert trace is None or isinstance(trace, dict)
    draft = Draft(Author.BOT, kind, text, extras=extras, trace=trace)
    conversations.append(tx, conversation.id, draft, at)


def ask(tx: Transaction, visitor: str, text: str, at: int, reason: Reason = Reason.ASKED_FOR_PERSON) -> Ticket:
    """A visitor asks something that only a person can answer; returns the ticket."""
    conversation = customer_writes(tx, visitor, text, at)
    return desk.open_ticket(tx, conversation, reason, text, [], RULES, at)


def fill_desk(tx: Transaction, cast: Cast) -> dict[str, Ticket]:
    """An afternoon's tickets: overdue with alerts, soon, calm, waiting, done; by what is special about them."""
    entries.save(tx, ENTRIES, "test", NOON - 90 * 24 * HOUR)
    return {
        "overdue": _overdue(tx),
        "soon": _soon(tx, cast),
        "calm": _calm(tx),
        "traditional": _traditional(tx),
        "long": _long(tx),
        "pending": _pending(tx, cast),
        "done": _done(tx, cast),
    }


def _overdue(tx: Transaction) -> Ticket:
    at = NOON - 12 * HOUR - 47 * MINUTE
    ticket = ask(tx, "v-overdue", "刹车异响已经三天了，你们到底管不管", at, Reason.COMPLAINT)
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    bot_says(
        tx,
        conversation,
        f"很抱歉给您带来困扰。工单 {ticket.number} 已转给同事，最晚今天 15:13 前回复您。",
        at,
        kind="handoff",
    )
    contacts.save_details(tx, ticket.contact_id, ContactDetails("phone", "+86 139 0000 0000"), at + MINUTE)
    rules.sweep_and_tell(tx, NOON - 40 * MINUTE, RULES)
    rules.sweep_and_tell(tx, NOON - 10 * MINUTE, RULES)
    customer_writes(tx, "v-overdue", "还有人在吗？", NOON - 5 * MINUTE)
    return ticket


def _soon(tx: Transaction, cast: Cast) -> Ticket:
    at = NOON - 10 * HOUR - 40 * MINUTE
    conversation = customer_writes(tx, "v-soon", "轮胎多久换一次？我的车开了 4 年", at)
    bot_says(tx, conversation, ENTRIES[0].answer, at + 400, extras=_feedback(), trace=_answer_trace())
    customer_writes(tx, "v-soon", "没解决，胎侧有裂纹，想让师傅看看照片", at + MINUTE)
    conversation = conversations.get_conversation(tx, conversation.id)
    ticket = desk.open_ticket(
        tx, conversation, Reason.NOT_SOLVED, "胎侧有裂纹，想让师傅看看照片", _candidates(), RULES, at + MINUTE
    )
    desk.take_over(tx, ticket.number, cast.li, ticket.version, at + 20 * MINUTE)
    desk.reply(tx, ticket.number, cast.li, "您好，我是李工，请稍候。", 3, "agent:soon-0001", True, at + 21 * MINUTE)
    desk.note(tx, ticket.number, cast.li, "胎侧裂纹超过 2 mm 属于安全隐患，已请张师傅看照片。", at + 25 * MINUTE)
    customer_writes(tx, "v-soon", "好的，照片已经发到邮箱了", at + 30 * MINUTE)
    return ticket


def _calm(tx: Transaction) -> Ticket:
    conversation = customer_writes(tx, "v-calm", "附近哪家店能做钣喷？", NOON - 35 * MINUTE)
    bot_says(
        tx,
        conversation,
        "您想问的是哪一个？",
        NOON - 35 * MINUTE + 300,
        kind="clarify",
        extras={
            "actions": [
                {"id": "a", "label": "预约钣喷"},
                {"id": "b", "label": "网点查询"},
                {"id": "none", "label": "都不是"},
            ]
        },
        trace=_clarify_trace(),
    )
    customer_writes(tx, "v-calm", "都不是", NOON - 34 * MINUTE)
    conversation = conversations.get_conversation(tx, conversation.id)
    return desk.open_ticket(
        tx, conversation, Reason.NOT_UNDERSTOOD, "附近哪家店能做钣喷？", _candidates(), RULES, NOON - 34 * MINUTE
    )


def _traditional(tx: Transaction) -> Ticket:
    return ask(tx, "v-trad", "請問電動車在香港充電有沒有優惠？會員積分可以抵扣嗎？", NOON - 20 * MINUTE)


def _long(tx: Transaction) -> Ticket:
    text = (
        "我去年 11 月在你们的授权店买的 E6，上个月开始车机频繁重启，去店里刷过两次系统都没有解决，店里说要等配件，"
        "可是等了三个星期没有任何消息。我每天通勤 60 公里，导航断掉非常危险，请给一个明确的时间。订单页面在 "
        "https://shop.example.com/orders/20251102-000000000000000000000000000000000000000000000000/detail?tab=service "
        "，照片和视频都在里面。"
    )
    return ask(tx, "v-long", text, NOON - 2 * HOUR, Reason.UNANSWERED)


def _pending(tx: Transaction, cast: Cast) -> Ticket:
    ticket = ask(tx, "v-pending", "想改预约到周六上午", NOON - 3 * HOUR)
    desk.reply(
        tx,
        ticket.number,
        cast.li,
        "周六 9:30 和 10:30 都有空，您看哪个方便？",
        1,
        "agent:pend-0001",
        False,
        NOON - 2 * HOUR,
    )
    return ticket


def _done(tx: Transaction, cast: Cast) -> Ticket:
    ticket = ask(tx, "v-done", "发票抬头开错了怎么改", NOON - 26 * HOUR)
    desk.reply(
        tx,
        ticket.number,
        cast.chen,
        "已为您重新开具，2 小时内发到邮箱。",
        1,
        "agent:done-0001",
        False,
        NOON - 25 * HOUR,
    )
    answered = tickets.by_number(tx, ticket.number)
    return desk.resolve(tx, ticket.number, cast.chen, answered.version, NOON - 24 * HOUR)


def _feedback() -> dict[str, object]:
    return {"actions": [{"id": "solved", "label": "解决了"}, {"id": "unsolved", "label": "没解决"}]}


def _candidates() -> list[dict[str, object]]:
    return [
        {"id": "tyre-01", "version": 3, "question": "轮胎多久需要更换？", "score": 71.0, "confidence": 0.58},
        {"id": "tyre-04", "version": 1, "question": "轮胎鼓包了还能开吗？", "score": 66.0, "confidence": 0.41},
        {"id": "gone-09", "version": 1, "question": "冬季胎怎么存放？", "score": 51.0, "confidence": 0.22},
    ]


def _answer_trace() -> dict[str, object]:
    sure = {"id": "tyre-01", "version": 3, "question": "轮胎多久需要更换？", "score": 93.0, "confidence": 0.91}
    return {"decision": "answer", "matches": [sure], "thresholds": {"answer": 0.8, "clarify": 0.45}}


def _clarify_trace() -> dict[str, object]:
    return {"decision": "clarify", "matches": _candidates(), "thresholds": {"answer": 0.8, "clarify": 0.45}}
