"""The pages of the ways of telling people: how each does, tests that really go out, and what stayed undelivered."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bot.alerting.delivery.attempt import Delivery
from bot.alerting.delivery.dispatch import Dispatch
from bot.alerting.words import Speech
from bot.console.texts import Language, sayer
from bot.console.ways.health import Health
from bot.console.ways.reasons import Family, family_of, reason
from bot.keys import WAYS
from bot.templates import load_templates
from storage.sqlite import SQLiteDatabase
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser, build
from tests.console.rules.pages import Page
from tests.fakes import PATIENCE_S
from tests.rules import ZONE
from tests.tickets.alerts.aliyun_peer import AliyunSms
from tests.tickets.alerts.robots import FakeDingTalk
from tickets import agents, profiles, staff
from tickets.alerts import TRANSPORTS, Addressing
from tickets.alerts.dingtalk import DingTalkSettings
from tickets.alerts.sms import aliyun_codes, tencent_codes
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.escalation import notices, way_states
from tickets.escalation.notices import Addressee, NoticeState, Purpose
from tickets.escalation.removed import end_removed
from tickets.escalation.ways import Way
from tickets.model import Agent

LIST = "/console/rules/ways"
LOOPBACK = ("127.0.0.0/8",)
CANARIES = ("canary-key-id", "canary-key-secret", "canary-token", "SECcanary")
SPEECH = Speech(load_templates(), "zh", ZONE, "http://127.0.0.1")


@dataclass(slots=True)
class Desk:
    """A console with two ways whose peers are on loopback, and the loops that send by them."""

    console: Console
    sms: AliyunSms
    robot: FakeDingTalk
    ways: dict[str, Way]
    loops: list[Dispatch]

    async def deliver(self) -> None:
        """What waits goes out, and what comes of it is kept."""
        for loop in self.loops:
            await loop.turn()
        async with asyncio.timeout(PATIENCE_S):
            while any(loop._under_way.held for loop in self.loops):
                await asyncio.sleep(0.001)

    async def states(self) -> list[str]:
        rows = await self.console.database.read(lambda tx: tx.execute("SELECT state FROM notice ORDER BY id"))
        return [row["state"] for row in rows]


@pytest.fixture
async def desk(console: Console) -> AsyncIterator[Desk]:
    sms = AliyunSms("canary-key-id", "canary-key-secret", {"SMS_1": ["ticket"]})
    robot = FakeDingTalk(token="canary-token", secret="SECcanary")
    async with sms.open(), robot.open():
        ways = {
            "sms": Way(
                "sms",
                TRANSPORTS["sms_aliyun"],
                AliyunSmsSettings(
                    "canary-key-id",
                    "canary-key-secret",
                    "应声科技",
                    "SMS_1",
                    endpoint=sms.url,
                    allow_networks=LOOPBACK,
                    daily_budget=2,
                ),
            ),
            "dingtalk": Way(
                "dingtalk",
                TRANSPORTS["dingtalk"],
                DingTalkSettings("canary-token", "SECcanary", endpoint=robot.endpoint, allow_networks=LOOPBACK),
            ),
        }
        app = build(console.database, console.clock, console.typing)
        app[WAYS] = ways
        await console.server.close()
        console.server = TestServer(app, host="127.0.0.1")
        await console.server.start_server()
        loops = [_loop(console.database, way, console.clock) for way in ways.values()]
        yield Desk(console, sms, robot, ways, loops)
        for loop in loops:
            await loop.close()
        await console.server.close()


def _loop(database: SQLiteDatabase, way: Way, clock: people.Clock) -> Dispatch:
    unhurried = replace(way, transport=replace(way.transport, per_minute=0))
    return Dispatch(Delivery(database, unhurried, SPEECH, clock))


@pytest.fixture
async def admin(desk: Desk, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(desk.console.cast.admin)


async def opened(browser: Browser, path: str) -> Page:
    return Page(*await browser.open(path))


async def sent(browser: Browser, path: str, **fields: Any) -> tuple[Page, str]:
    """The page that answers, and the address that it leads to."""
    response = await browser.send(path, fetch=False, **fields)
    where = response.headers.get("Location", "")
    if response.status == 303:
        return Page(*await browser.open(where.partition("#")[0])), where
    return Page(response.status, await response.text()), where


async def give_phone(desk: Desk, agent: Agent, phone: str) -> None:
    kept = await desk.console.database.read(agents.get_agent, agent.id)
    profile = replace(profiles.profile_of(kept), phone=phone)
    await desk.console.database.write(staff.change_profile, agent.id, kept.version, profile)


async def test_a_test_to_oneself_goes_out_and_its_outcome_is_shown_as_it_comes(desk: Desk, admin: Browser) -> None:
    await give_phone(desk, desk.console.cast.admin, "+8613800000010")
    assert "138****0010" in (await opened(admin, f"{LIST}/sms")).text
    page, where = await sent(admin, f"{LIST}/sms/test", to="me")
    assert "测试已排队" in page.says("outcome")[0]
    assert page.tree.xpath("//*[@data-outcome]/@data-outcome")
    assert await desk.states() == ["queued"]
    await desk.deliver()
    assert [taken.number for taken in desk.sms.taken] == ["13800000010"]
    part = await opened(admin, page.tree.xpath("//*[@data-outcome]/@data-outcome")[0])
    assert "对方已收下" in part.says("outcome")[0]
    assert part.tree.xpath("//@data-over") == ["yes"]
    whole = await opened(admin, where.partition("#")[0])
    assert "1 / 2 条" in whole.text
    assert "138****0010" in whole.text
    assert "13800000010" not in whole.text


async def test_a_robots_test_goes_to_the_group_and_says_that_it_is_one(desk: Desk, admin: Browser) -> None:
    await sent(admin, f"{LIST}/dingtalk/test")
    await desk.deliver()
    assert len(desk.robot.received) == 1
    assert "测试" in str(desk.robot.received)
    page = await opened(admin, f"{LIST}/dingtalk")
    assert "整个群" in page.text
    assert "已送出" in page.text


async def test_a_test_that_fails_says_why_with_the_code_and_closes_nothing_else(desk: Desk, admin: Browser) -> None:
    desk.sms.answer_with("isv.AMOUNT_NOT_ENOUGH")
    page, where = await sent(admin, f"{LIST}/sms/test", to="other", other="138 0000 0012")
    await desk.deliver()
    page = await opened(admin, where.partition("#")[0])
    assert "测试没有送到" in page.says("outcome")[0]
    assert "余额或套餐不足" in page.says("outcome")[0]
    assert "isv.AMOUNT_NOT_ENOUGH" in page.says("outcome")[0]
    assert "已停用" in page.says("head-badges")[0]
    listed = await opened(admin, LIST)
    assert "余额或套餐不足" in listed.says("way-closed")[0]
    assert "没有送到" in listed.says("dead-table")[0]
    assert "138****0012" in listed.says("dead-table")[0]


async def test_a_test_that_arrives_opens_a_closed_way_again(desk: Desk, admin: Browser) -> None:
    await desk.console.database.write(way_states.close, "dingtalk", "310000", "refused", people.NOON)
    assert "安全设置" in (await opened(admin, f"{LIST}/dingtalk")).says("notice-bad")[0]
    desk.console.clock.pass_by(people.MINUTE)
    await sent(admin, f"{LIST}/dingtalk/test")
    await desk.deliver()
    page = await opened(admin, f"{LIST}/dingtalk")
    assert "正常" in page.says("head-badges")[0]


async def test_addresses_that_are_none_are_refused_in_words(desk: Desk, admin: Browser) -> None:
    for other in ("", "call me", "010 1234 5678 9", "x@example.com"):
        page, _ = await sent(admin, f"{LIST}/sms/test", to="other", other=other)
        assert page.status == 422
        assert "不是一个能收短信的手机号" in page.alerts()
    page, _ = await sent(admin, f"{LIST}/sms/test", to="me")
    assert "您还没有填手机号" in page.alerts()
    assert await desk.states() == []


async def test_nobody_can_be_flooded_with_tests(desk: Desk, admin: Browser) -> None:
    fields = {"to": "other", "other": "138 0000 0012"}
    pages = [await sent(admin, f"{LIST}/sms/test", **fields) for _ in range(6)]
    assert [page.status for page, _ in pages] == [200] * 5 + [422]
    assert "请稍后再试" in pages[-1][0].alerts()
    assert await desk.states() == ["queued"] * 5
    desk.console.clock.pass_by(people.MINUTE + 1)
    page, _ = await sent(admin, f"{LIST}/sms/test", **fields)
    assert page.status == 200


async def test_tests_that_are_asked_for_at_once_are_no_more_than_one_after_the_other(
    desk: Desk, admin: Browser
) -> None:
    asked = (admin.send(f"{LIST}/sms/test", fetch=False, to="other", other="138 0000 0012") for _ in range(20))
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [303] * 5 + [422] * 15
    assert len(await desk.states()) == 5


async def test_dead_letters_are_sent_again_one_by_one_and_all_of_a_way(desk: Desk, admin: Browser) -> None:
    database = desk.console.database
    desk.robot.answer_with(430102)
    for _ in range(3):
        await database.write(
            notices.queue,
            Addressee(desk.ways["dingtalk"], "everyone", None),
            Purpose.MAILBOX_BUSY,
            {"mailbox": "desk", "at": people.NOON},
            people.NOON,
        )
    await desk.deliver()
    assert await desk.states() == ["failed"] * 3
    page = await opened(admin, LIST)
    assert "钉钉认为消息的文字不合适" in page.says("dead-table")[0]
    desk.robot.be_kind()
    one = page.tree.xpath("//form[contains(@action, '/notices/')]/@action")[0]
    after, _ = await sent(admin, one)
    assert "已重新排队" in after.says("toast")
    assert (await sent(admin, one))[0].status == 409
    await desk.deliver()
    assert len(desk.robot.received) == 1
    page, _ = await sent(admin, f"{LIST}/dingtalk/retry")
    assert "没有送不到的消息" in page.text
    await desk.deliver()
    assert await desk.states() == ["sent"] * 3


async def test_what_waited_for_a_removed_way_says_so_and_goes_out_again_once_the_way_is_back(
    desk: Desk, admin: Browser
) -> None:
    """What had failed before keeps its own reason beside that."""
    database, sms, robot = desk.console.database, desk.ways["sms"], desk.ways["dingtalk"]
    desk.robot.answer_with(430102)
    facts = {"mailbox": "desk", "at": people.NOON}
    await database.write(notices.queue, Addressee(robot, "everyone", None), Purpose.MAILBOX_BUSY, facts, people.NOON)
    await desk.deliver()
    desk.ways.clear()
    to = Addressee(sms, "+8613800000012", None)
    notice_id = await database.write(notices.queue, to, Purpose.MAILBOX_BUSY, facts, people.NOON)
    assert await database.write(end_removed, desk.ways, people.NOON + 1) == ["sms"]
    waited, refused = (await opened(admin, LIST)).says("cell-why")
    assert waited.startswith("这种方式已从设置里删除，不能重发。")
    assert "已从设置里删除" in refused
    assert "430102" in refused
    for path in (f"/console/rules/notices/{notice_id}/retry", f"{LIST}/sms/retry"):
        page, _ = await sent(admin, path)
        assert (page.status, "这种发送方式已从设置里删除，这条消息不能重发。" in page.text) == (409, True)
    assert (await sent(admin, f"{LIST}/never/retry"))[0].status == 404
    assert await desk.states() == ["failed", "failed"]
    desk.ways["sms"] = sms
    assert "发送之前，这种方式已从设置里删除" in (await opened(admin, LIST)).says("cell-why")[0]
    await sent(admin, f"/console/rules/notices/{notice_id}/retry")
    await desk.deliver()
    assert len(desk.sms.taken) == 1


async def test_what_is_not_set_up_says_how(desk: Desk, admin: Browser) -> None:
    page = await opened(admin, LIST)
    shown = page.says("setup")
    # Two are set up, and the console is there by itself.
    assert len(shown) == len(TRANSPORTS) - 3
    feishu = next(told for told in shown if "飞书群机器人" in told)
    assert "YINGSHENG_ALERTS__TRANSPORTS__FEISHU__TOKEN" in feishu
    assert (await opened(admin, f"{LIST}/feishu")).status == 404


async def test_no_secret_is_on_any_page_or_in_any_log(
    desk: Desk, admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await give_phone(desk, desk.console.cast.admin, "+8613800000010")
    texts = []
    for name in desk.ways:
        page, _ = await sent(admin, f"{LIST}/{name}/test", to="me")
        texts.append(page.text)
    await desk.deliver()
    texts += [(await opened(admin, path)).text for path in (LIST, *(f"{LIST}/{name}" for name in desk.ways))]
    texts.append(caplog.text)
    assert [canary for canary in CANARIES for text in texts if canary in text] == []
    assert "13800000010" not in "".join(texts)


async def test_supervisors_look_and_do_not_send(desk: Desk, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(desk.console.cast.supervisor)
    page = await opened(zhou, f"{LIST}/dingtalk")
    assert page.status == 200
    assert page.tree.xpath("//main//form") == []
    for path in (f"{LIST}/dingtalk/test", f"{LIST}/dingtalk/retry"):
        assert (await zhou.send(path)).status == 403
    li = await new_browser.of(desk.console.cast.li)
    assert (await opened(li, LIST)).status == 403


@pytest.mark.parametrize("language", Language)
def test_there_is_a_sentence_for_everything_that_can_happen(language: Language) -> None:
    say = sayer(language)
    keys = [
        *(f"ways.family.{family}" for family in Family),
        *(f"ways.health.{health}" for health in Health),
        *(f"ways.{part}.{state}" for state in NoticeState for part in ("state", "outcome", "step")),
        *(f"ways.addressing.{addressing}" for addressing in Addressing),
        *(f"ways.{part}.{kind}" for kind in TRANSPORTS for part in ("kind", "setup")),
    ]
    assert [key for key in keys if not say.knows(key)] == []


def test_every_code_of_an_sms_service_has_a_sentence_of_its_own_kind() -> None:
    codes = [*aliyun_codes.CODES, *tencent_codes.CODES, aliyun_codes.LIMITED]
    assert [code for code in codes if family_of(code, "answered") in (Family.OTHER, Family.ANSWERED)] == []
    say = sayer(Language.CHINESE)
    assert "余额" in reason("sms_tencent", "FailedOperation.InsufficientBalanceInSmsPackage", "", say)
    assert "签名" in reason("sms_aliyun", "isv.SMS_SIGNATURE_ILLEGAL", "", say)
    assert "模板" in reason("sms_aliyun", "isv.SMS_TEMPLATE_ILLEGAL", "", say)
    assert "手机号" in reason("sms_tencent", "InvalidParameterValue.IncorrectPhoneNumber", "", say)


def test_reasons_of_our_own_have_words() -> None:
    for error, family in [
        ("the webhook cannot be reached", Family.UNREACHABLE),
        ("the webhook did not answer in time", Family.NO_ANSWER),
        ("the webhook's address is not a public one", Family.NOT_PUBLIC),
        ("the webhook offers no secure connection (ClientConnectorCertificateError)", Family.NO_TLS),
        ("the webhook's URL cannot be read", Family.WRONG_URL),
        ("the webhook answered 404", Family.ANSWERED),
        ("the SMTP server answered 550", Family.MAIL_REFUSED),
        ("the SMTP server lacks STARTTLS or a login", Family.MAIL_LOGIN),
        ("unforeseen: KeyError", Family.OURS),
        ("something else", Family.OTHER),
    ]:
        assert family_of("", error) is family
