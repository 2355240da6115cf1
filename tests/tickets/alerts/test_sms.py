"""Alerts by SMS, through both services, against services on loopback that check signatures and can fail."""

import logging
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.tickets.alerts.sms_peers import AliyunSms, SmsService, TencentSms
from tickets.alerts import DeliveryError, Failure, Notice, Sent, Transport, sms_aliyun, sms_tencent
from tickets.alerts.sms import wording
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.alerts.sms_tencent import TencentSmsSettings

LOOPBACK = ("127.0.0.0/8",)
QUICK = 0.3
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
            await self.send(notice)
        return caught.value

    async def fail_to_tell(self, since: int) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            await self.inquire(since)
        return caught.value

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
            timeout_seconds=QUICK,
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
            timeout_seconds=QUICK,
        )
        yield Pair(sms_tencent.TRANSPORT, service, replace(settings, **changes))


@pytest.fixture(params=[aliyun, tencent], ids=["aliyun", "tencent"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with request.param() as made:
        yield made


def ago(minutes: float) -> int:
    return int(time.time() * 1000 - minutes * MINUTE_MS)


async def test_the_number_of_the_ticket_arrives_under_the_template_and_our_own_id(pair: Pair) -> None:
    sent = await pair.send()
    (taken,) = pair.service.taken
    assert taken.number in (PHONE, "13800000012")
    assert (taken.template, taken.values) == (min(pair.service.templates), ["2611-0001"])
    assert taken.our_id == wording.delivery_id(NOTICE)
    assert sent.reference == taken.serial


async def test_a_notice_of_several_tickets_goes_by_the_digests_template(pair: Pair) -> None:
    await pair.send(replace(NOTICE, numbers=NUMBERS))
    (taken,) = pair.service.taken
    assert (taken.template, taken.values) == (max(pair.service.templates), ["2611-0001", "3"])


@pytest.mark.parametrize(
    ("opened", "unset"), [(aliyun, {"digest_template_code": ""}), (tencent, {"digest_template_id": ""})]
)
async def test_without_a_digests_template_the_first_one_names_the_most_urgent(
    opened: Any, unset: dict[str, str]
) -> None:
    async with opened(**unset) as pair:
        await pair.send(replace(NOTICE, numbers=NUMBERS))
        (taken,) = pair.service.taken
    assert (taken.template, taken.values) == (min(pair.service.templates), ["2611-0001"])


async def test_a_message_about_no_ticket_has_no_empty_variable(pair: Pair) -> None:
    await pair.send(replace(NOTICE, numbers=()))
    assert pair.service.taken[0].values == [wording.NO_TICKET]


async def test_numbers_abroad_are_written_as_the_service_wants_them(pair: Pair) -> None:
    await pair.send(replace(NOTICE, recipient="+85261234567"))
    assert pair.service.taken[0].number in ("85261234567", "+85261234567")


@pytest.mark.parametrize("recipient", ["", "everyone", "zhou@example.com", "+861065000000", "+8613800", "\ud800"])
async def test_who_has_no_mobile_number_is_not_sent_to(pair: Pair, recipient: str) -> None:
    error = await pair.fail(replace(NOTICE, recipient=recipient))
    assert error.failure is Failure.PERMANENT
    assert pair.service.requests == []
    assert not recipient or recipient not in error.reason


async def test_our_id_is_the_same_at_every_attempt_and_another_for_another_delivery(pair: Pair) -> None:
    for notice in (NOTICE, NOTICE, replace(NOTICE, key="notice:0200:sms:+8613800000012")):
        await pair.send(notice)
    first, second, other = (taken.our_id for taken in pair.service.taken)
    assert first == second != other


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize("how", ["hang", "cut"])
async def test_after_an_attempt_without_an_answer_the_question_decides_and_one_message_arrives(
    pair: Pair, how: str, accept: bool
) -> None:
    match how, accept:
        case "hang", True:
            pair.service.accept_and_hang()
        case "hang", False:
            pair.service.hang()
        case _:
            pair.service.cut(accept)
    error = await pair.fail()
    assert error.failure is Failure.UNKNOWN
    pair.service.recover()
    pair.deliver()
    found = await pair.inquire(ago(11))
    if found is None:
        await pair.send()
    assert (found is not None) is accept
    assert len(pair.service.taken) == 1


@pytest.mark.parametrize("accept", [False, True])
async def test_fifty_attempts_that_break_off_make_fifty_messages(pair: Pair, accept: bool) -> None:
    """What a kill between the service's yes and our commit leaves: a row that is asked about at the next start."""
    notices = [replace(NOTICE, key=f"notice:{number}") for number in range(50)]
    for notice in notices:
        if accept:
            await pair.send(notice)
    pair.deliver()
    for notice in notices:
        if await pair.inquire(ago(11), notice) is None:
            await pair.send(notice)
    assert sorted(taken.our_id for taken in pair.service.taken) == sorted(map(wording.delivery_id, notices))


async def test_half_an_answer_leaves_open_whether_the_message_went_out(pair: Pair) -> None:
    pair.service.answer_half()
    error = await pair.fail()
    assert error.failure is Failure.UNKNOWN
    assert len(pair.service.taken) == 1


@pytest.mark.parametrize(
    ("status", "failure"),
    [(200, Failure.UNKNOWN), (500, Failure.UNKNOWN), (502, Failure.UNKNOWN), (403, Failure.RETRY),
     (302, Failure.RETRY), (429, Failure.RETRY)],
)  # fmt: skip
async def test_an_answer_that_is_not_the_services_is_no_success(pair: Pair, status: int, failure: Failure) -> None:
    pair.service.answer_page(status)
    error = await pair.fail()
    assert (error.failure, error.code) == (failure, str(status))


async def test_nobody_listening_is_tried_again() -> None:
    async with aliyun() as first, tencent() as second:
        pass
    for pair in (first, second):
        assert (await pair.fail()).failure is Failure.RETRY


async def test_a_throttled_request_is_tried_again_after_a_minute(pair: Pair) -> None:
    pair.service.throttle()
    error = await pair.fail()
    assert (error.failure, error.retry_after_ms) == (Failure.RETRY, MINUTE_MS)
    assert pair.service.taken == []


@pytest.mark.parametrize("changes", [{"allow_networks": ()}, {"endpoint": "ftp://example.com"}, {"endpoint": "//["}])
@pytest.mark.parametrize("opened", [aliyun, tencent])
async def test_an_endpoint_that_may_not_be_called_closes_the_transport(opened: Any, changes: dict[str, Any]) -> None:
    async with opened(**changes) as pair:
        assert (await pair.fail()).failure is Failure.CLOSED
    assert pair.service.requests == []


@pytest.mark.parametrize(
    ("opened", "changes", "code"),
    [
        (aliyun, {"access_key_id": "somebody"}, "InvalidAccessKeyId.NotFound"),
        (aliyun, {"access_key_secret": "wrong"}, "SignatureDoesNotMatch"),
        (aliyun, {"sign_name": "别的公司"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        (aliyun, {"template_code": "SMS_9"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        (aliyun, {"params": ("number=ticket",)}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        (tencent, {"secret_id": "somebody"}, "AuthFailure.SecretIdNotFound"),
        (tencent, {"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        (tencent, {"sdk_app_id": "9"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        (tencent, {"sign_name": "别的公司"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        (tencent, {"template_id": "9"}, "FailedOperation.TemplateUnapprovedOrNotExist"),
        (tencent, {"params": ("ticket", "count")}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
    ],
)
async def test_wrong_settings_close_the_transport_and_are_named(
    opened: Any, changes: dict[str, Any], code: str
) -> None:
    async with opened(**changes) as pair:
        error = await pair.fail()
        assert pair.service.taken == []
    assert (error.failure, error.code) == (Failure.CLOSED, code)


@pytest.mark.parametrize(
    ("opened", "minutes", "code"),
    [
        (aliyun, 14, None), (aliyun, -14, None), (aliyun, 16, "InvalidTimeStamp.Expired"),
        (aliyun, -16, "InvalidTimeStamp.Expired"),
        (tencent, 4, None), (tencent, -4, None), (tencent, 6, "AuthFailure.SignatureExpire"),
        (tencent, -6, "AuthFailure.SignatureExpire"),
    ],
)  # fmt: skip
async def test_a_clock_that_is_off_closes_the_transport_by_name(opened: Any, minutes: int, code: str | None) -> None:
    async with opened() as pair:
        pair.service.skew_seconds = minutes * 60
        if code is None:
            await pair.send()
            return
        error = await pair.fail()
    assert (error.failure, error.code) == (Failure.CLOSED, code)


async def test_every_request_to_aliyun_has_a_nonce_of_its_own() -> None:
    async with aliyun() as pair:
        for _ in range(20):
            await pair.send()
        assert isinstance(pair.service, AliyunSms)
        assert len(pair.service.nonces) == 20


@pytest.mark.parametrize("params", [("text",), ("ticket=",), ("a=b=ticket",), ("",), ("=ticket",), ("ticket", "words")])
@pytest.mark.parametrize("made", [AliyunSmsSettings, TencentSmsSettings])
def test_a_template_cannot_be_given_anything_but_number_and_count(made: Any, params: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="ticket"):
        made(
            "id",
            "secret",
            "1400000000",
            "1001",
            params=params,
            **({"template_id": "1"} if made is TencentSmsSettings else {}),
        )


async def test_a_query_that_lags_is_asked_again_and_not_taken_for_no(pair: Pair) -> None:
    since = ago(0)
    await pair.send()
    pair.service.lag(1)
    error = await pair.fail_to_tell(since)
    assert error.failure is Failure.RETRY
    assert error.retry_after_ms is not None
    assert 0 < error.retry_after_ms <= 6 * MINUTE_MS
    for taken in pair.service.taken:
        taken.receipt = "DELIVERED"
    assert await pair.inquire(since) is not None


async def test_a_message_that_waits_for_its_receipt_at_aliyun_was_sent() -> None:
    async with aliyun() as pair:
        await pair.send()
        assert await pair.inquire(ago(0)) == Sent()


async def test_without_the_carriers_report_tencent_knows_nothing_until_it_counts_as_not_sent() -> None:
    async with tencent() as pair:
        await pair.send()
        assert (await pair.fail_to_tell(ago(4))).failure is Failure.RETRY
        assert await pair.inquire(ago(6)) is None
        pair.deliver()
        assert await pair.inquire(ago(11)) == Sent("serial-1")


@pytest.mark.parametrize(
    ("opened", "code", "failure"),
    [
        (aliyun, "MOBILE_NOT_ON_SERVICE", Failure.PERMANENT),
        (aliyun, "MOBILE_IN_BLACK", Failure.PERMANENT),
        (aliyun, "SOMETHING_NEW", Failure.PERMANENT),
        (aliyun, "IS_CLOSE", Failure.RETRY),
        (aliyun, "NO_ROUTE", Failure.RETRY),
        (aliyun, "SP_UNKNOWN_ERROR", Failure.RETRY),
        (aliyun, "MOBILE_SEND_LIMIT", Failure.RETRY),
        (aliyun, "PORT_NOT_REGISTERED", Failure.CLOSED),
        (tencent, "MK:0001", Failure.PERMANENT),
        (tencent, "REJECTD", Failure.PERMANENT),
    ],
)
async def test_a_message_that_was_taken_and_not_delivered_is_no_success(
    opened: Any, code: str, failure: Failure
) -> None:
    async with opened() as pair:
        await pair.send()
        pair.fail_delivery(code)
        error = await pair.fail_to_tell(ago(11))
    assert (error.failure, error.code) == (failure, code)


async def test_a_second_attempt_that_arrived_outweighs_a_first_that_did_not(pair: Pair) -> None:
    await pair.send()
    pair.fail_delivery("MK:0001")
    await pair.send()
    pair.service.taken[1].receipt = "DELIVERED"
    assert await pair.inquire(ago(11)) is not None


async def test_other_messages_to_the_same_number_are_not_taken_for_ours(pair: Pair) -> None:
    for number in range(25):
        await pair.send(replace(NOTICE, key=f"another:{number}"))
    pair.deliver()
    assert await pair.inquire(ago(11)) is None
    await pair.send()
    pair.deliver()
    assert await pair.inquire(ago(11)) is not None


async def test_a_number_with_more_messages_than_can_be_looked_through_cannot_be_told(pair: Pair) -> None:
    await pair.send(replace(NOTICE, key="another"))
    pair.deliver()
    pair.service.taken *= 201
    error = await pair.fail_to_tell(ago(11))
    assert error.failure is Failure.UNKNOWN
    assert pair.service.questions <= sms_aliyun.MOST_PAGES


async def test_messages_older_than_a_week_are_not_asked_about(pair: Pair) -> None:
    assert (await pair.fail_to_tell(ago(8 * 24 * 60))).failure is Failure.UNKNOWN
    assert pair.service.requests == []


async def test_a_week_is_asked_about_in_few_questions(pair: Pair) -> None:
    assert await pair.inquire(ago(7 * 24 * 60 - 10)) is None
    assert pair.service.questions <= 9


@pytest.mark.parametrize("how", ["hang", "cut", "page", "refused", "throttled"])
async def test_a_question_that_fails_says_nothing_of_the_message(pair: Pair, how: str) -> None:
    match how:
        case "hang":
            pair.service.hang()
        case "cut":
            pair.service.cut()
        case "page":
            pair.service.answer_page(403)
        case "throttled":
            pair.service.throttle()
        case _:
            pair.service.whole = True  # type: ignore[attr-defined]
            pair.service.answer_with("InvalidParameter")
    assert (await pair.fail_to_tell(ago(11))).failure in (Failure.UNKNOWN, Failure.RETRY)


async def test_neither_subject_nor_text_nor_facts_nor_addresses_of_the_notice_go_out(pair: Pair) -> None:
    await pair.send()
    await pair.send(replace(NOTICE, numbers=NUMBERS, text=CUSTOMER_WORDS, subject=CUSTOMER_WORDS))
    said = "\n".join(pair.service.requests)
    for piece in ("车坏了", "evil", "://", "1101011990", "%E8%BD%A6", "u8f66", "客户", "0199", "13800000013"):
        assert piece not in said.replace(pair.service.url, ""), piece


@pytest.mark.parametrize("trouble", ["hang", "cut", "page", "refused", "unreachable", "half"])
async def test_no_key_secret_or_number_is_in_logs_errors_or_reprs(
    pair: Pair, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    match trouble:
        case "hang":
            pair.service.hang()
        case "cut":
            pair.service.cut()
        case "half":
            pair.service.answer_half()
        case "page":
            pair.service.answer_page(502)
        case "refused":
            pair.service.answer_with(f"echo {CANARY['phone']} {CANARY['key id']}", f"of {CANARY['phone']}")
    target = replace(pair, settings=replace(pair.settings, allow_networks=())) if trouble == "unreachable" else pair
    errors = [await target.fail(), await target.fail_to_tell(ago(1))]
    told = [caplog.text, repr(pair.settings), *(error.reason + error.code + repr(error) for error in errors)]
    told += ["".join(traceback.format_exception(error)) for error in errors]
    for what, value in CANARY.items():
        assert not any(value in text for text in told), what
