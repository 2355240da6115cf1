"""Both SMS transports, each with the service on loopback that it talks to."""

import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.fakes import PATIENCE_S, outlast
from tests.tickets.alerts.aliyun_peer import AliyunSms
from tests.tickets.alerts.sms_peer import SmsService
from tests.tickets.alerts.tencent_peer import TencentSms
from tickets.alerts import DeliveryError, Notice, Sent, Transport, sms_aliyun, sms_tencent
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.alerts.sms_tencent import TencentSmsSettings

LOOPBACK = ("127.0.0.0/8",)
PHONE = "+8613800000012"
NUMBERS = ("2611-0001", "2611-0002", "2611-0003")
CANARY = {"key id": "AKIDcanarykeyid", "secret": "canarysecretcanarysecret", "phone": "13800000012"}
CUSTOMER_WORDS = "我的车坏了 http://evil.example.com 身份证11010119900307"
MINUTE_MS = 60_000

NOTICE = Notice(
    key="notice:0199:sms:+8613800000012",
    recipient=PHONE,
    subject="【应声】工单 2611-0001 超时未回复",
    text="客户已等待 12 小时。",
    numbers=NUMBERS[:1],
    mentions=("+8613800000013",),
    facts=({"alert_id": "0199", "ticket_number": "2611-0001", "words": CUSTOMER_WORDS},),
)


@dataclass(frozen=True)
class Pair:
    """A transport, and the service that it talks to."""

    transport: Transport
    service: SmsService
    settings: Any

    async def send(self, notice: Notice = NOTICE) -> Sent:
        return await self.transport.send(self.settings, notice)

    async def inquire(self, since: int, notice: Notice = NOTICE) -> Sent | None:
        assert self.transport.inquire is not None
        return await self.transport.inquire(self.settings, notice, since)

    async def fail(self, notice: Notice = NOTICE) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            await self._outlast(self.send(notice))
        return caught.value

    async def fail_to_tell(self, since: int) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            await self._outlast(self.inquire(since))
        return caught.value

    async def _outlast(self, call: Coroutine[Any, Any, object]) -> None:
        before = len(self.service.requests)
        await outlast(call, lambda: self.service.hangs and len(self.service.requests) > before)

    def deliver(self) -> None:
        """The carrier reports of all that was taken, some ten minutes ago."""
        for taken in self.service.taken:
            taken.receipt, taken.delivered, taken.at = "DELIVERED", True, time.time() - 600

    def fail_delivery(self, code: str) -> None:
        for taken in self.service.taken:
            taken.receipt, taken.delivered, taken.at = code, False, time.time() - 600


@asynccontextmanager
async def aliyun(**changes: Any) -> AsyncIterator[Pair]:
    templates = {"SMS_1": ["ticket"], "SMS_2": ["no", "sum"]}
    async with AliyunSms(CANARY["key id"], CANARY["secret"], templates).open() as service:
        settings = AliyunSmsSettings(
            CANARY["key id"],
            CANARY["secret"],
            "应声科技",
            "SMS_1",
            digest_template_code="SMS_2",
            digest_params=("no=ticket", "sum=count"),
            endpoint=service.url,
            allow_networks=LOOPBACK,
            timeout_seconds=PATIENCE_S,
        )
        yield Pair(sms_aliyun.TRANSPORT, service, replace(settings, **changes))


@asynccontextmanager
async def tencent(**changes: Any) -> AsyncIterator[Pair]:
    templates = {"1001": ["1"], "1002": ["1", "2"]}
    async with TencentSms(CANARY["key id"], CANARY["secret"], templates).open() as service:
        settings = TencentSmsSettings(
            CANARY["key id"],
            CANARY["secret"],
            "1400000000",
            "应声科技",
            "1001",
            digest_template_id="1002",
            endpoint=service.url,
            allow_networks=LOOPBACK,
            timeout_seconds=PATIENCE_S,
        )
        yield Pair(sms_tencent.TRANSPORT, service, replace(settings, **changes))


def ago(minutes: float) -> int:
    return int(time.time() * 1000 - minutes * MINUTE_MS)
