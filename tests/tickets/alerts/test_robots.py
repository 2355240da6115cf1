"""Alerts by the robots of WeCom, DingTalk and Feishu against fakes that refuse as they do."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import PATIENCE_S, outlast
from tests.tickets.alerts.peers import NOTICE
from tests.tickets.alerts.robots import SECRET, TOKEN, FakeDingTalk, FakeFeishu, FakeWeCom, Robot
from tickets.alerts import DeliveryError, Failure, Notice, Transport, dingtalk, feishu, robots, wecom
from tickets.alerts.dingtalk import DingTalkSettings
from tickets.alerts.feishu import FeishuSettings
from tickets.alerts.wecom import WeComSettings

LOOPBACK = ("127.0.0.0/8",)
QUICK = 0.8
PHONES = ("+8613800000001", "+8613800000002", "+85251234567")

RETRY, UNKNOWN, PERMANENT, CLOSED = Failure.RETRY, Failure.UNKNOWN, Failure.PERMANENT, Failure.CLOSED


def wecom_settings(fake: Robot, **others: Any) -> WeComSettings:
    return WeComSettings(
        TOKEN, endpoint=fake.endpoint, allow_networks=LOOPBACK, **{"timeout_seconds": PATIENCE_S, **others}
    )


def dingtalk_settings(fake: Robot, **others: Any) -> DingTalkSettings:
    return DingTalkSettings(
        TOKEN, SECRET, endpoint=fake.endpoint, allow_networks=LOOPBACK, **{"timeout_seconds": PATIENCE_S, **others}
    )


def feishu_settings(fake: Robot, **others: Any) -> FeishuSettings:
    return FeishuSettings(
        TOKEN, SECRET, endpoint=fake.endpoint, allow_networks=LOOPBACK, **{"timeout_seconds": PATIENCE_S, **others}
    )


@dataclass(frozen=True)
class Provider:
    """One of the three, as the tests see it."""

    transport: Transport
    fake: Callable[..., Robot]
    settings: Callable[..., Any]
    most: int


WECOM = Provider(wecom.TRANSPORT, FakeWeCom, wecom_settings, 2048)
DINGTALK = Provider(dingtalk.TRANSPORT, FakeDingTalk, dingtalk_settings, 20_000)
FEISHU = Provider(feishu.TRANSPORT, FakeFeishu, feishu_settings, 20_480)
PROVIDERS = (WECOM, DINGTALK, FEISHU)

each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.transport.kind)


async def send(provider: Provider, fake: Robot, notice: Notice = NOTICE, **others: Any) -> None:
    await provider.transport.send(provider.settings(fake, **others), notice)


async def fail(provider: Provider, fake: Robot, notice: Notice = NOTICE, **others: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(provider, fake, notice, **others)
    return caught.value


# What arrives


@each_provider
async def test_the_group_reads_the_subject_and_then_the_text(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        await send(provider, fake)
    assert fake.texts == [f"{NOTICE.subject}\n{NOTICE.text}"]
    assert fake.requests[0]["headers"]["Content-Type"] == "application/json; charset=utf-8"


@each_provider
async def test_the_whole_address_may_stand_where_its_secret_part_is_asked_for(provider: Provider) -> None:
    address = {
        "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}",
        "dingtalk": f" https://oapi.dingtalk.com/robot/send?access_token={TOKEN}\n",
        "feishu": f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}",
    }[provider.transport.kind]
    name = {"wecom": "key", "dingtalk": "access_token", "feishu": "token"}[provider.transport.kind]
    async with provider.fake().open() as fake:
        pasted = replace(provider.settings(fake), **{name: address})
        await provider.transport.send(pasted, NOTICE)
    assert len(fake.received) == 1


@each_provider
@pytest.mark.parametrize("pasted", ["", " ", "https://example.com/", "https://[::1/hook?key=x"])
async def test_what_holds_no_token_closes_the_way(provider: Provider, pasted: str) -> None:
    name = {"wecom": "key", "dingtalk": "access_token", "feishu": "token"}[provider.transport.kind]
    async with provider.fake().open() as fake:
        with pytest.raises(DeliveryError) as caught:
            await provider.transport.send(replace(provider.settings(fake), **{name: pasted}), NOTICE)
    assert caught.value.failure is CLOSED
    assert fake.requests == []


async def test_wecom_names_people_by_their_phone_numbers() -> None:
    async with FakeWeCom().open() as fake:
        await send(WECOM, fake, replace(NOTICE, mentions=PHONES))
        await send(WECOM, fake, replace(NOTICE, mentions=PHONES), mention_all=True)
        await send(WECOM, fake)
    named = [message["text"].get("mentioned_mobile_list") for message in fake.received]
    people = ["13800000001", "13800000002", "85251234567"]
    assert named == [people, [*people, "@all"], None]


async def test_dingtalk_names_people_by_their_phone_numbers_in_the_text_too() -> None:
    async with FakeDingTalk().open() as fake:
        await send(DINGTALK, fake, replace(NOTICE, mentions=PHONES))
        await send(DINGTALK, fake, mention_all=True)
    first, second = fake.received
    assert first["at"] == {"atMobiles": ["13800000001", "13800000002", "85251234567"], "isAtAll": False}
    assert first["text"]["content"].endswith("\n@13800000001 @13800000002 @85251234567")
    assert second["at"] == {"atMobiles": [], "isAtAll": True}


async def test_feishu_can_name_all_but_nobody_by_phone() -> None:
    async with FakeFeishu().open() as fake:
        await send(FEISHU, fake, replace(NOTICE, mentions=PHONES), mention_all=True)
    (text,) = fake.texts
    assert text.endswith('\n<at user_id="all"></at>')
    assert "138" not in text


@pytest.mark.parametrize("provider", [DINGTALK, FEISHU], ids=["dingtalk", "feishu"])
async def test_the_robot_s_keyword_is_added_where_it_is_missing(provider: Provider) -> None:
    async with provider.fake(keyword="值班").open() as fake:
        error = await fail(provider, fake)
        await send(provider, fake, keyword="值班")
        await send(provider, fake, replace(NOTICE, subject="值班：超时"), keyword="值班")
    assert (error.failure, "keyword" in error.reason) == (CLOSED, True)
    assert [text.count("值班") for text in fake.texts] == [1, 1]


@pytest.mark.parametrize("provider", [DINGTALK, FEISHU], ids=["dingtalk", "feishu"])
async def test_without_a_secret_nothing_is_signed(provider: Provider) -> None:
    async with provider.fake(secret="").open() as fake:
        await provider.transport.send(replace(provider.settings(fake), secret=""), NOTICE)
    (request,) = fake.requests
    assert "sign" not in request["path"]
    assert "sign" not in request["message"]


# Signatures


def test_the_signatures_are_those_of_the_published_examples() -> None:
    assert dingtalk.signature("this is secret", 1_700_000_000_000) == "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="
    assert feishu.signature("demo", 1_599_360_473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


@pytest.mark.parametrize("skew", [-3590.0, 3590.0])
@pytest.mark.parametrize("provider", [DINGTALK, FEISHU], ids=["dingtalk", "feishu"])
async def test_clocks_may_differ_by_less_than_an_hour(provider: Provider, skew: float) -> None:
    async with provider.fake(clock=lambda: time.time() + skew).open() as fake:
        await send(provider, fake)
    assert len(fake.received) == 1


@pytest.mark.parametrize("skew", [-3700.0, 3700.0])
@pytest.mark.parametrize("provider", [DINGTALK, FEISHU], ids=["dingtalk", "feishu"])
async def test_a_clock_that_is_wrong_closes_the_way_and_says_so(provider: Provider, skew: float) -> None:
    async with provider.fake(clock=lambda: time.time() + skew).open() as fake:
        error = await fail(provider, fake)
    assert error.failure is CLOSED
    assert "clock" in error.reason


@pytest.mark.parametrize("provider", [DINGTALK, FEISHU], ids=["dingtalk", "feishu"])
async def test_a_wrong_secret_closes_the_way(provider: Provider) -> None:
    async with provider.fake(secret="another").open() as fake:
        error = await fail(provider, fake)
    assert error.failure is CLOSED
    assert "secret" in error.reason


@each_provider
async def test_a_wrong_token_closes_the_way(provider: Provider) -> None:
    async with provider.fake(token="another").open() as fake:
        error = await fail(provider, fake)
    assert error.failure is CLOSED


# What each code means: as documented by each provider

DOCUMENTED: dict[str, dict[int, tuple[Failure, int | None]]] = {
    "wecom": {
        -1: (RETRY, None), 45009: (RETRY, 60_000), 45033: (RETRY, 10_000),
        93000: (CLOSED, None), 93004: (CLOSED, None), 93008: (CLOSED, None),
        40008: (PERMANENT, None), 40035: (PERMANENT, None), 40058: (PERMANENT, None), 44004: (PERMANENT, None),
        45002: (PERMANENT, None), 12345: (RETRY, None), 1: (RETRY, None),
    },
    "dingtalk": {
        -1: (RETRY, None), 130101: (RETRY, 600_000), 410100: (RETRY, 600_000),
        300001: (CLOSED, None), 300005: (CLOSED, None), 400101: (CLOSED, None), 400106: (CLOSED, None),
        400013: (CLOSED, None), 400102: (CLOSED, None), 310000: (CLOSED, None),
        40035: (PERMANENT, None), 43004: (PERMANENT, None), 400105: (PERMANENT, None), 460101: (PERMANENT, None),
        430101: (PERMANENT, None), 430102: (PERMANENT, None), 430103: (PERMANENT, None), 430104: (PERMANENT, None),
        12345: (RETRY, None), 90018: (RETRY, None),
    },
    "feishu": {
        11232: (RETRY, 10_000), 99991400: (RETRY, 10_000), 19001: (CLOSED, None), 19007: (CLOSED, None),
        19021: (CLOSED, None), 19022: (CLOSED, None), 19024: (CLOSED, None),
        9499: (PERMANENT, None), 19002: (PERMANENT, None), 12345: (RETRY, None), -1: (RETRY, None),
    },
}  # fmt: skip


def test_the_table_of_codes_is_whole() -> None:
    for module in (wecom, dingtalk, feishu):
        assert set(module.MEANINGS) <= set(DOCUMENTED[module.TRANSPORT.kind])


@each_provider
async def test_what_each_code_means(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        for code, (failure, wait) in DOCUMENTED[provider.transport.kind].items():
            fake.answer_with(code, "13800000001 told\nto")
            error = await fail(provider, fake)
            assert (error.failure, error.retry_after_ms, error.code) == (failure, wait, str(code)), code
            assert "told" not in error.reason
    assert fake.received == []


@each_provider
async def test_a_code_that_nobody_knows_passes_and_is_told_from_known_ones(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        fake.answer_with(77_777, times=1)
        odd = await fail(provider, fake)
        fake.throttle(5, times=1)
        throttled = await fail(provider, fake)
    assert (odd.failure, odd.is_known) == (RETRY, False)
    assert throttled.is_known


@pytest.mark.parametrize(
    ("code", "words", "failure", "wait", "reason"),
    [
        (310000, "keywords not in content, more: [https://ding-doc.example.com]", CLOSED, None, "keyword"),
        (310000, "sign not match", CLOSED, None, "secret"),
        (310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳", CLOSED, None, "secret"),
        (310000, "invalid timestamp", CLOSED, None, "clock"),
        (310000, "ip 192.0.2.1 not in whitelist", CLOSED, None, "address"),
        (310000, "description:something new", CLOSED, None, "security settings"),
        (300001, "token is not exist", CLOSED, None, "token"),
        (300001, "send too fast", RETRY, 600_000, "blocked"),
    ],
)
async def test_dingtalk_s_words_tell_apart_what_its_code_does_not(
    code: int, words: str, failure: Failure, wait: int | None, reason: str
) -> None:
    async with FakeDingTalk().open() as fake:
        fake.answer_with(code, words)
        error = await fail(DINGTALK, fake)
    assert (error.failure, error.retry_after_ms) == (failure, wait)
    assert reason in error.reason


@pytest.mark.parametrize(("wait", "expected"), [(5, 300_000), (1, 60_000), (0, 300_000), (10**9, 300_000)])
async def test_dingtalk_s_shield_is_waited_for_in_minutes(wait: int, expected: int) -> None:
    async with FakeDingTalk().open() as fake:
        fake.bar(wait)
        error = await fail(DINGTALK, fake)
    assert (error.failure, error.retry_after_ms) == (RETRY, expected)


async def test_dingtalk_s_shield_is_known_inside_of_a_page() -> None:
    async with FakeDingTalk().open() as fake:
        fake.answer_raw(b'<html><body>{"status": 1111, "wait": 5, "punish": "deny"}</body></html>')
        error = await fail(DINGTALK, fake)
    assert (error.failure, error.retry_after_ms, error.code) == (RETRY, 300_000, "1111")


async def test_feishu_s_9499_may_mean_too_many_requests() -> None:
    async with FakeFeishu().open() as fake:
        fake.answer_raw(b'{"StatusCode":0,"StatusMessage":"","code":9499,"msg":"too many request"}')
        error = await fail(FEISHU, fake)
    assert (error.failure, error.retry_after_ms) == (RETRY, 10_000)


async def test_feishu_s_answer_of_old_is_a_success_too() -> None:
    async with FakeFeishu().open() as fake:
        fake.answer_raw(b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}')
        await send(FEISHU, fake)


# Answers that are none

NO_ANSWERS = (
    b"", b"ok", b"<html>Bad Gateway</html>", b"[]", b"0", b"null", b'{"errcode"', b'{"errmsg":"ok","msg":"success"}',
    b'{"errcode":"0","code":"0"}', b'{"errcode":true,"code":false}', b'{"errcode":null,"code":null}',
    b'{"errcode":0.0,"code":0.0}', b'{"errcode":1e3,"code":"19001","StatusCode":0}',
    b'{"errcode":' + b"9" * 4000 + b',"code":' + b"9" * 4000 + b"}", b'{"errcode":' + b"9" * 9000 + b"}",
    b"\xff\xfe\x00", b"[" * 60_000, b'{"a":' * 10_000, b" " * 70_000 + b'{"errcode":0}',
)  # fmt: skip


@each_provider
async def test_an_answer_that_is_none_leaves_open_what_became_of_it(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        for body in NO_ANSWERS:
            fake.answer_raw(body)
            assert (await fail(provider, fake)).failure is UNKNOWN, body[:40]


@each_provider
@pytest.mark.parametrize(
    ("status", "headers", "failure", "wait"),
    [
        (429, {}, RETRY, 60_000), (429, {"Retry-After": "7"}, RETRY, 7_000), (503, {"Retry-After": "9"}, RETRY, 9_000),
        (503, {}, RETRY, None), (500, {}, UNKNOWN, None), (502, {}, UNKNOWN, None), (504, {}, UNKNOWN, None),
        (302, {"Location": "https://example.com/"}, RETRY, None), (403, {}, RETRY, None), (404, {}, RETRY, None),
        (418, {}, RETRY, None),
    ],
)  # fmt: skip
async def test_a_status_without_a_code(
    provider: Provider, status: int, headers: dict[str, str], failure: Failure, wait: int | None
) -> None:
    async with provider.fake().open() as fake:
        fake.answer_raw(b"<html>no</html>", status, headers)
        error = await fail(provider, fake)
    assert (error.failure, error.retry_after_ms, error.code) == (failure, wait, str(status))
    assert len(fake.requests) == 1


@each_provider
async def test_a_code_decides_whatever_the_status(provider: Provider) -> None:
    code = {"wecom": 93000, "dingtalk": 400102, "feishu": 19001}[provider.transport.kind]
    async with provider.fake().open() as fake:
        for status in (400, 404, 500):
            fake.answer_with(code, status=status)
            assert (await fail(provider, fake)).failure is CLOSED
            fake.answer_with(0, status=status)
            assert (await fail(provider, fake)).failure is UNKNOWN


@each_provider
async def test_too_much_is_waited_out_with_and_without_a_wish(provider: Provider) -> None:
    own = {"wecom": 60_000, "dingtalk": 600_000, "feishu": 10_000}[provider.transport.kind]
    async with provider.fake().open() as fake:
        fake.throttle()
        unsaid = await fail(provider, fake)
        fake.be_kind()
        fake.throttle(wait=7)
        said = await fail(provider, fake)
    assert (unsaid.failure, unsaid.retry_after_ms) == (RETRY, own)
    assert (said.failure, said.retry_after_ms) == (RETRY, 7_000)


@each_provider
async def test_a_robot_that_is_busy_once_takes_it_the_next_time(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        fake.answer_with(-1, times=1)
        assert (await fail(provider, fake)).failure is RETRY
        await send(provider, fake)
    assert (len(fake.requests), len(fake.received)) == (2, 1)


@each_provider
async def test_the_longer_of_two_waits_counts(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        busy = {"wecom": b'{"errcode":45009}', "dingtalk": b'{"errcode":130101}', "feishu": b'{"code":11232}'}
        fake.answer_raw(busy[provider.transport.kind], 429, {"Retry-After": "900"})
        assert (await fail(provider, fake)).retry_after_ms == 900_000


@each_provider
async def test_a_robot_that_takes_it_and_hangs_or_hangs_up_leaves_it_open(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        fake.cut()
        assert (await fail(provider, fake)).failure is UNKNOWN
        fake.be_kind()
        fake.hang()
        error = await outlast(fail(provider, fake), lambda: len(fake.received) == 2)
    assert error.failure is UNKNOWN
    assert "in time" in error.reason
    assert len(fake.received) == 2


@each_provider
async def test_nobody_listening_passes(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        pass
    assert (await fail(provider, fake)).failure is RETRY


@each_provider
async def test_a_loopback_endpoint_is_not_reached_without_leave(provider: Provider) -> None:
    async with provider.fake().open() as fake:
        with pytest.raises(DeliveryError) as caught:
            await provider.transport.send(replace(provider.settings(fake), allow_networks=()), NOTICE)
    assert caught.value.failure is PERMANENT
    assert fake.requests == []


# Limits


@each_provider
async def test_the_pace_stays_below_the_limit_and_the_limit_is_kept(provider: Provider) -> None:
    now = [time.time()]
    async with provider.fake(clock=lambda: now[0]).open() as fake:
        assert provider.transport.per_minute < fake.per_minute
        for _ in range(fake.per_minute):
            await send(provider, fake)
        error = await fail(provider, fake)
        assert error.failure is RETRY
        assert error.retry_after_ms
        now[0] += max(60, error.retry_after_ms / 1000) + 1
        await send(provider, fake)
    assert len(fake.received) == fake.per_minute + 1


async def test_dingtalk_blocks_for_ten_minutes_what_was_too_fast() -> None:
    now = [time.time()]
    async with FakeDingTalk(clock=lambda: now[0]).open() as fake:
        for _ in range(20):
            await send(DINGTALK, fake)
        codes = [(await fail(DINGTALK, fake)).code]
        for later in (61, 500):
            now[0] += later
            codes.append((await fail(DINGTALK, fake)).code)
        now[0] += 60
        await send(DINGTALK, fake)
    assert codes == ["130101", "410100", "410100"]


def digest(count: int, filler: str = "") -> Notice:
    numbers = tuple(f"2611-{place:04}" for place in range(count))
    lines = "\n".join(f"{number} 已超时 3 小时 20 分{filler}" for number in numbers)
    return replace(NOTICE, text=lines, numbers=numbers, mentions=PHONES, more="更多内容请到工作台查看。")


@each_provider
async def test_a_message_names_all_of_its_most_alerts(provider: Provider) -> None:
    whole = digest(provider.transport.most_alerts)
    long = digest(provider.transport.most_alerts, "，客户等级：重要，受理人：周工，升级到第三级" * 4)
    async with provider.fake().open() as fake:
        await send(provider, fake, whole)
        await send(provider, fake, long)
    assert len(fake.received) == 2
    for text in fake.texts:
        assert all(number in text for number in whole.numbers)
    assert whole.more not in fake.texts[0]
    assert long.more in fake.texts[1]


@each_provider
@pytest.mark.parametrize("character", ["a", "é", "中", "𠮷", "\n", '"', "\x01", "\ud800"])
async def test_a_long_message_is_cut_to_what_the_robot_takes(provider: Provider, character: str) -> None:
    notice = replace(NOTICE, text=character * 25_000, mentions=PHONES, more="更多内容请到工作台查看。")
    async with provider.fake().open() as fake:
        await send(provider, fake, notice, mention_all=True)
    (text,) = fake.texts
    assert text.startswith(f"{NOTICE.subject}\n")
    assert notice.more in text
    assert "2611-0001" in text
    assert "\ufffd" not in text


def cutting_examples(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--cuts"))


def test_no_cut_is_within_a_character_or_over_the_limit(request: pytest.FixtureRequest) -> None:
    texts = st.text(st.characters(codec=None), max_size=300)

    @settings(max_examples=cutting_examples(request), deadline=None, database=None)
    @given(subject=texts, text=texts, more=texts, most=st.integers(0, 700), size=st.sampled_from(SIZES))
    def check(subject: str, text: str, more: str, most: int, size: robots.Size) -> None:
        notice = replace(NOTICE, subject=subject, text=text, more=more)
        whole = f"{subject}\n{text}"
        fitted = robots.fitted(notice, most, size)
        assert size(fitted) <= most
        begun = robots.cut(whole, most, size)
        assert whole.startswith(begun)
        assert begun == whole or size(whole[: len(begun) + 1]) > most
        if size(whole) <= most:
            assert fitted == whole

    check()


SIZES = (robots.plain_size, robots.json_size)


# Secrets


@each_provider
async def test_no_secret_is_in_settings_errors_or_logs(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notice = replace(NOTICE, mentions=PHONES)
    told: list[str] = []

    async def note(settings: Any) -> None:
        told.append(repr(settings))
        try:
            await provider.transport.send(settings, notice)
        except DeliveryError as error:
            told.extend(traceback.format_exception(error))
            told.append(f"{error!r} {error.__context__!r}")

    async with provider.fake().open() as fake:
        settings = provider.settings(fake, timeout_seconds=QUICK)
        moods: tuple[Callable[[], None], ...] = (
            lambda: fake.answer_with(-1, f"{TOKEN} {SECRET} 13800000001"),
            lambda: fake.answer_raw(TOKEN.encode()),
            lambda: fake.answer_raw(b"", 302, {"Location": f"https://example.com/{TOKEN}"}),
            fake.cut,
            fake.hang,
        )
        for mood in moods:
            fake.be_kind()
            mood()
            await note(settings)
    await note(settings)
    await note(replace(settings, allow_networks=()))
    for endpoint in (
        f"http://{'a' * 70}.example.com/",
        "http://..example.com/",
        "http://[::1/",
        "http://x:y@z/",
        "ftp://x",
    ):
        await note(replace(settings, endpoint=endpoint))
    told.extend(record.getMessage() + str(record.exc_info) for record in caplog.records)
    everything = "\n".join(told)
    for canary in (TOKEN, SECRET, "13800000001", "canary"):
        assert canary not in everything
    assert len(told) > 20
