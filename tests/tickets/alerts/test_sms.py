"""Alerts by SMS, through both services: what goes out, and what an answer means."""

from dataclasses import replace
from typing import Any

import pytest

from tests.tickets.alerts.aliyun_peer import AliyunSms
from tests.tickets.alerts.sms_pairs import (
    MINUTE_MS,
    NOTICE,
    NUMBERS,
    Pair,
    ago,
    aliyun,
    tencent,
)
from tickets.alerts import Failure, Sent
from tickets.alerts.sms import wording
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.alerts.sms_tencent import TencentSmsSettings


async def test_the_number_of_the_ticket_arrives_under_the_template_and_our_own_id(pair: Pair) -> None:
    sent = await pair.send()
    (taken,) = pair.service.taken
    assert taken.number in (NOTICE.recipient, "13800000012")
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


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'"OK"', b"OK", b"\xff\xfe", b"[" * 60_000, b'{"Code":' * 8_000,
        b'{"Code": null}', b'{"Code": 0}', b'{"Code": ["OK"]}', b'{"Code": {"OK": 1}}', b'{"code": "OK"}',
        b'{"Response": null}', b'{"Response": []}', b'{"Response": {}}', b'{"Response": {"Error": null}}',
        b'{"Response": {"Error": "Ok"}}', b'{"Response": {"Error": {"Code": 0}}}',
        b'{"Response": {"SendStatusSet": null}}',
        b'{"Response": {"SendStatusSet": []}}', b'{"Response": {"SendStatusSet": {"Code": "Ok"}}}',
        b'{"Response": {"SendStatusSet": ["Ok"]}}', b'{"Response": {"SendStatusSet": [{"Code": null}]}}',
        b'{"Response": {"SendStatusSet": [{}]}}', b'{"Response": {"Error": {}, "SendStatusSet": [{"Code": "Ok"}]}}',
        b'{"Response": {"SendStatusSet": [{"Code": "Ok"}, {"Code": "InternalError.Timeout"}]}}',
        b'{"Code": "OK", "Response": ' + b"x" * 70_000,
    ],
    ids=lambda body: repr(body[:60]),
)  # fmt: skip
async def test_what_is_not_a_plain_yes_is_none(pair: Pair, body: bytes, status: int) -> None:
    pair.service.answer_raw(body, status)
    assert (await pair.fail()).failure is Failure.UNKNOWN
    assert (await pair.fail_to_tell(ago(11))).failure is Failure.UNKNOWN


@pytest.mark.parametrize(
    ("opened", "body"),
    [
        (aliyun, b'{"Code": "OK"}'),
        (aliyun, b'{"Code": "OK", "BizId": 5}'),
        (tencent, b'{"Response": {"SendStatusSet": [{"Code": "Ok"}]}}'),
        (tencent, b'{"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": 5}]}}'),
    ],
)
async def test_a_plain_yes_without_a_name_for_the_message_is_a_yes(opened: Any, body: bytes) -> None:
    async with opened() as pair:
        pair.service.answer_raw(body)
        assert await pair.send() == Sent("")


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


@pytest.mark.parametrize("name", ["应声 科技", "a+b", "a%2Bb&c=d", "a#b;c?d", "~'*()!,:@/", "𠮷", "e\u0301"])
async def test_what_a_setting_holds_arrives_as_it_was_and_under_a_good_signature(pair: Pair, name: str) -> None:
    pair.service.sign_name = name
    await replace(pair, settings=replace(pair.settings, sign_name=name)).send()
    assert len(pair.service.taken) == 1


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
