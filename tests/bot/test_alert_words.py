"""The words of an alert as a group reads them: a digest of as many as fit, by the real robots' formats."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.alerting.words import Speech, notice
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
HOUR = 3_600_000

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
async def test_a_digest_of_as_many_as_fit_names_all_of_them_and_leads_to_the_console(
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
    assert "https://desk.example.com/console" in text


BROKEN = Told("a1", "2611-0001", AlertKind.BREACH, Metric.FIRST_RESPONSE, 1, NOW - 12 * HOUR, NOW, NOW, False)
NEAR = Told("a2", "2611-0002", AlertKind.WARNING, Metric.RESOLUTION, 0, NOW - 9 * HOUR, NOW + HOUR, NOW, False)


@pytest.mark.parametrize(
    ("alerts", "chinese", "english"),
    [
        ([BROKEN], "【超时】工单 2611-0001 客户已等 12 小时，首次答复刚刚超时", "[overdue] Ticket 2611-0001: "),
        ([NEAR], "【临近提醒】工单 2611-0002 客户已等 9 小时，解决还剩 1 小时", "[due soon] Ticket 2611-0002: "),
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
        "升级级别：第 1 级",
        "",
        "本条原定今天 09:00 发出，因服务中断延后，现在补发。",
        "",
        "请打开工单，答复客户或点「确认预警」；在有人确认之前，预警会逐级继续。",
        "https://desk.example.com/console/tickets/2611-0001",
    ]
    assert told_of([BROKEN, NEAR], "en").text.splitlines() == [
        "These tickets need somebody, the most urgent first:",
        "",
        "2611-0001 first response just overdue",
        "2611-0002 resolution due in 1 h",
        "",
        "Please open them, answer the customers or acknowledge the alerts; until somebody does, they go up the chain.",
        "https://desk.example.com/console",
    ]
