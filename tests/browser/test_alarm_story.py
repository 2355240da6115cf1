"""A promise as its people live it: a policy is changed, a ticket is late, phones ring, somebody takes notice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.keys import WORKERS
from storage import outbox
from tests.browser.camera import Camera
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.fakes import MONDAY_TEN_OCLOCK, PATIENCE_S, Clock, Server
from tests.tickets.alerts.aliyun_peer import AliyunSms
from tests.tickets.alerts.robots import SECRET, TOKEN, FakeDingTalk
from tickets import agents
from tickets.model import Role

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOUR = 3_600_000
PHONE = "+8613800000012"
LEVELS = [
    {"name": "leads", "transports": ["duty-sms", "duty-robot"], "to": ["role:supervisor"]},
    {"name": "bosses", "after": "30m", "transports": ["duty-sms"], "to": ["role:admin"]},
]


@dataclass
class Scene:
    server: Server
    clock: Clock
    sms: AliyunSms
    robot: FakeDingTalk


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A server whose clock we hold, a supervisor with a phone, and two providers that listen."""
    clock = Clock(MONDAY_TEN_OCLOCK)
    sms = AliyunSms("key-id", "key-secret", {"SMS_1": ["ticket", "count"]})
    async with sms.open(), FakeDingTalk().open() as robot:
        server = Server(tmp_path / "data", _settings(sms, robot), clock)
        await server.start()
        try:
            for login, name, role, phone in (
                ("wang", "王主管", Role.SUPERVISOR, PHONE),
                ("sun", "孙经理", Role.ADMIN, None),
            ):
                hired = await server.database.write(
                    agents.create, login, name, role, people.PASSWORD_HASH, f"{login}@example.com", clock()
                )
                await server.database.write(_give_phone, hired.id, phone)
            yield Scene(server, clock, sms, robot)
        finally:
            await server.stop()


def _settings(sms: AliyunSms, robot: FakeDingTalk) -> dict[str, Any]:
    loopback = ["127.0.0.0/8"]
    return {
        "console": {"idle": "12h"},
        "escalation": {"levels": LEVELS, "sweep_every": "50ms"},
        "alerts": {
            "transports": [
                {
                    "name": "duty-sms",
                    "kind": "sms_aliyun",
                    "access_key_id": "key-id",
                    "access_key_secret": "key-secret",
                    "sign_name": sms.sign_name,
                    "template_code": "SMS_1",
                    "params": ["ticket=ticket", "count=count"],
                    "endpoint": sms.url,
                    "allow_networks": loopback,
                },
                {
                    "name": "duty-robot",
                    "kind": "dingtalk",
                    "access_token": TOKEN,
                    "secret": SECRET,
                    "endpoint": robot.endpoint,
                    "allow_networks": loopback,
                },
            ]
        },
    }


def _give_phone(tx: Any, agent_id: str, phone: str | None) -> None:
    tx.change("UPDATE agent SET phone = :phone WHERE id = :id", {"phone": phone, "id": agent_id})


async def log_in(scene: Scene, make: MakeContext, login: str, path: str, **wishes: Any) -> Page:
    page = await (await make(**wishes)).new_page()
    page.on("pageerror", _fail)
    await page.goto(f"{scene.server.url}/console/login?next={path}")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", people.PASSWORD)
    await page.click("form.door-card button")
    await page.wait_for_url(f"{scene.server.url}{path}")
    return page


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


async def eventually(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


async def look_twice(scene: Scene) -> None:
    """Return when deadlines were looked at after now, and whatever that raised was told of and claimed."""
    workers = scene.server.app[WORKERS]
    for _ in range(2):
        before = workers.rounds["sweep"]
        await eventually(lambda before=before: workers.rounds["sweep"] > before)
    assert await scene.server.database.read(outbox.next_due, ["alert.duty-sms", "alert.duty-robot"]) is None


async def test_a_policy_is_changed_a_ticket_is_late_phones_ring_once_and_somebody_takes_notice(
    scene: Scene, new_context: MakeContext, request: pytest.FixtureRequest
) -> None:
    camera, clock = Camera(bool(request.config.getoption("--pictures"))), scene.clock
    boss = await log_in(scene, new_context, "sun", "/console/rules")
    await boss.get_by_role("link", name="标准时限").first.click()
    await boss.wait_for_load_state("networkidle")
    await boss.fill("[name='first_response.amount']", "2")
    await expect(boss.locator("#tried")).to_contain_text("01:50")
    await camera.take(boss, "policy")
    await boss.click(".save-bar button.button-main")
    await expect(boss.locator("#main")).to_contain_text("2 小时")

    async with scene.server.page() as lin:
        await lin.press("human")
        handed = await lin.reads()
    assert "今天 12:00 前" in handed["text"]

    clock.advance(2 * HOUR - 1_000)
    lead = await log_in(scene, new_context, "wang", "/console/deadlines")
    row = lead.locator("tr[data-key]").first
    await expect(row).to_be_visible()
    assert scene.sms.taken == []
    assert scene.robot.received == []
    clock.advance(1_000)
    await eventually(lambda: scene.sms.taken and scene.robot.received)
    (sms,) = scene.sms.taken
    number = sms.values[0]
    assert sms.number.endswith("13800000012")
    assert number in scene.robot.texts[0]
    # What was shown for the warning before would not be for the breach.
    await expect(row.locator("[data-snooze]")).to_be_visible()

    await row.locator("[data-acknowledge]").click()
    await expect(row.locator("[data-acknowledge]")).to_have_count(0)
    clock.advance(HOUR)
    await expect(lead.locator("tr[data-key]").first).to_contain_text("超时")
    await look_twice(scene)
    assert len(scene.sms.taken) == 1
    assert len(scene.robot.received) == 1

    await lead.goto(f"{scene.server.url}/console/tickets/{number}/deadlines")
    receipt = lead.locator(".clock-card").first
    await expect(receipt).to_contain_text("今天 12:00")
    await expect(receipt).to_contain_text("2 小时")
    await expect(lead.locator(".told-card", has_text="王主管").first).to_contain_text("已发送")
    await expect(lead.locator(".told-end").first).to_contain_text("王主管")
    await camera.take(lead, "receipt")
