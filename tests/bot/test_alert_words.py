"""The words of an alert as a group reads them: a digest of as many as fit, by the real robots' formats."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.alerting.words import Speech, notice
from bot.console.texts import Language, sayer
from bot.templates import load_templates
from storage.outbox import OutboxRow
from tests.fakes import MONDAY_TEN_OCLOCK
from tests.tickets.alerts.robots import SECRET, TOKEN, FakeDingTalk, FakeFeishu, FakeWeCom, Robot
from tickets.alerts import Notice, Transport, dingtalk, feishu, wecom
from tickets.alerts.dingtalk import DingTalkSettings
from tickets.alerts.feishu import FeishuSettings
from tickets.alerts.wecom import WeComSettings
from tickets.escalation.outcomes import Told, Waiting
from tickets.model import AlertKind, Metric

NOW = MONDAY_TEN_OCLOCK
MINUTE = 60_000
HOUR = 60 * MINUTE

ROBOTS: list[tuple[Transport, type[Robot], Any]] = [
    (wecom.TRANSPORT, FakeWeCom, WeComSettings(TOKEN)),
    (dingtalk.TRANSPORT, FakeDingTalk, DingTalkSettings(TOKEN, SECRET)),
    (feishu.TRANSPORT, FakeFeishu, FeishuSettings(TOKEN, SECRET)),
]


def digest(count: int, language: str) -> Notice:
    alerts = [
        Told(f"a{place}", f"2611-{place:04}", AlertKind.BREACH, Metric.NEXT_RESPONSE, 2, NOW - 13 * HOUR, NOW - HOUR,
             NOW - HOUR, True)
        for place in range(count)
    ]  # fmt: skip
    return told_of(alerts, language)


def told_of(alerts: Sequence[Told], language: str) -> Notice:
    row = OutboxRow("1", "alert.robot", "key", {"purpose": "alerts", "mentions": ["+8613800000001"]}, 1, 1, NOW)
    speech = Speech(load_templates(), language, "Asia/Shanghai", "https://desk.example.com")
    return notice(row, Waiting("1", "robot", "everyone", None, tuple(alerts)), speech, NOW)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("transport", "kind", "settings"), ROBOTS, ids=["wecom", "dingtalk", "feishu"])
async def test_a_digest_of_as_many_as_fit_names_all_of_them_and_leads_to_the_due_list(
    transport: Transport, kind: type[Robot], settings: Any, language: str
) -> None:
    told = digest(transport.most_alerts, language)
    async with kind().open() as fake:
        here = replace(settings, endpoint=fake.endpoint, allow_networks=("127.0.0.0/8",))
        await transport.send(here, told)
    (text,) = fake.texts
    assert text.startswith(told.subject)
    assert [number for number in told.numbers if number not in text] == []
    assert len(told.numbers) == transport.most_alerts
    assert "https://desk.example.com/console/deadlines" in text


BROKEN = Told("a1", "2611-0001", AlertKind.BREACH, Metric.FIRST_RESPONSE, 1, NOW - 12 * HOUR, NOW, NOW, False)
NEAR = Told("a2", "2611-0002", AlertKind.WARNING, Metric.RESOLUTION, 0, NOW - 9 * HOUR, NOW + HOUR, NOW, False)


@pytest.mark.parametrize(
    ("alerts", "chinese", "english"),
    [
        ([BROKEN], "【超时】工单 2611-0001 客户已等 12 小时，首次答复刚刚超时", "[overdue] Ticket 2611-0001: "),
        ([NEAR], "【临近提醒】工单 2611-0002 客户已等 9 小时，问题解决还剩 1 小时", "[due soon] Ticket 2611-0002: "),
        ([replace(BROKEN, late=True)], "【超时·补发】工单 2611-0001", "[overdue, sent late] Ticket 2611-0001: "),
        ([BROKEN, NEAR], "【超时汇总】2 个工单需要处理，最紧急的是 2611-0001", "[overdue] 2 tickets need somebody"),
        (
            [NEAR, replace(NEAR, ticket_number="2611-0003")],
            "【临近提醒汇总】2 个工单需要处理，最紧急的是 2611-0002",
            "[due soon] 2 tickets need somebody, 2611-0002 first",
        ),
        (
            [replace(one, late=True) for one in (BROKEN, NEAR)],
            "【超时汇总·补发】2 个工单",
            "[overdue, sent late] 2 tickets need somebody, 2611-0001 first",
        ),
        (
            [replace(NEAR, due_at=NOW + 59_000)],
            "【临近提醒】工单 2611-0002 客户已等 9 小时，问题解决时限马上就到",
            "[due soon] Ticket 2611-0002: customer waiting for 9 h, resolution due any moment",
        ),
        (
            [replace(NEAR, due_at=NOW - 5 * MINUTE, late=True)],
            "【超时·补发】工单 2611-0002 客户已等 9 小时，问题解决已超时 5 分钟",
            "[overdue, sent late] Ticket 2611-0002: customer waiting for 9 h, resolution overdue for 5 min",
        ),
        (
            [replace(NEAR, ticket_number=f"2611-000{n}", due_at=NOW - 5 * MINUTE, late=True) for n in (2, 3)],
            "【超时汇总·补发】2 个工单",
            "[overdue, sent late] 2 tickets need somebody",
        ),
    ],
)
def test_a_subject_says_how_grave_it_is_and_what_is_most_urgent(alerts: list[Told], chinese: str, english: str) -> None:
    assert told_of(alerts, "zh").subject.startswith(chinese)
    assert told_of(alerts, "en").subject.startswith(english)


def test_each_thing_that_an_alert_says_has_a_line_of_its_own() -> None:
    text = told_of([replace(BROKEN, due_at=NOW - HOUR, planned_at=NOW - HOUR, late=True)], "zh").text
    assert text.splitlines() == [
        "工单 2611-0001 的客户还没有得到答复。",
        "",
        "客户提问：昨天 22:00",
        "首次答复时限：今天 09:00",
        "目前情况：首次答复已超时 1 小时",
        "",
        "本条按时限应在今天 09:00 发出，现在补发：服务曾中断，或时限刚被提前。",
        "",
        "请打开工单，马上答复客户，或点「我来跟进，确认预警」；没有人处理或确认之前，预警会逐级继续。",
        "https://desk.example.com/console/tickets/2611-0001",
    ]
    assert told_of([BROKEN, NEAR], "en").text.splitlines() == [
        "These tickets need somebody, the most urgent first:",
        "",
        "2611-0001 first response just overdue",
        "2611-0002 resolution due in 1 h",
        "",
        'Please open them one by one and deal with them, or press "I take care of it: acknowledge"; '
        "until somebody does, the alerts go up the chain.",
        "https://desk.example.com/console/deadlines",
    ]


def test_what_is_to_be_done_fits_the_promise_and_whether_it_is_broken() -> None:
    solved_late = replace(BROKEN, metric=Metric.RESOLUTION, kind=AlertKind.ESCALATION, level=2)
    told = told_of([solved_late], "zh").text.splitlines()
    assert told[0] == "工单 2611-0001 还没有解决。"
    assert "升级情况：第 2 级，前面通知的人还没有处理好" in told
    assert "马上解决问题" in told[-2]
    assert "Please open the ticket and resolve it now" in told_of([solved_late], "en").text
    assert told_of([NEAR], "zh").text.splitlines()[-2] == "请在时限之前解决问题。"
    over = replace(NEAR, metric=Metric.NEXT_RESPONSE, due_at=NOW - MINUTE)
    assert "马上答复客户" in told_of([over], "zh").text.splitlines()[-2]
    assert "before it is due" not in told_of([over], "en").text


@pytest.mark.parametrize("language", Language)
def test_the_button_is_called_as_it_is_on_the_page_that_the_alert_leads_to(language: Language) -> None:
    label = sayer(language)("alert.acknowledge")
    for alerts in ([BROKEN], [BROKEN, NEAR]):
        assert label in told_of(alerts, language).text
