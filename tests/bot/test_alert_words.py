"""The words of an alert as a group reads them: a digest of as many as fit, by the real robots' formats."""

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
    alerts = tuple(
        Told(f"a{place}", f"2611-{place:04}", AlertKind.BREACH, Metric.NEXT_RESPONSE, 2, NOW - 13 * HOUR, NOW - HOUR,
             NOW - HOUR, True)
        for place in range(count)
    )  # fmt: skip
    row = OutboxRow("1", "alert.robot", "key", {"purpose": "alerts", "mentions": ["+8613800000001"]}, 1, 1, NOW)
    speech = Speech(load_templates(), language, "Asia/Shanghai", "https://desk.example.com")
    return notice(row, Waiting("1", "robot", "everyone", None, alerts), speech, NOW)


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
