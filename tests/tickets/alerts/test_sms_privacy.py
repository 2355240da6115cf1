"""What of a notice leaves the house by SMS, and what of it never appears in logs and errors."""

import json
import logging
import traceback
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.tickets.alerts.sms_pairs import (
    CANARY,
    CUSTOMER_WORDS,
    NOTICE,
    NUMBERS,
    Pair,
    ago,
    aliyun,
    tencent,
)
from tickets.alerts.sms import wording


async def test_neither_subject_nor_text_nor_facts_nor_addresses_of_the_notice_go_out(pair: Pair) -> None:
    await pair.send()
    await pair.send(replace(NOTICE, numbers=NUMBERS, text=CUSTOMER_WORDS, subject=CUSTOMER_WORDS))
    said = "\n".join(pair.service.requests)
    for piece in ("车坏了", "evil", "://", "1101011990", "%E8%BD%A6", "u8f66", "客户", "0199", "13800000013"):
        assert piece not in said.replace(pair.service.url, ""), piece


async def test_a_request_to_aliyun_holds_these_fields_and_no_other() -> None:
    async with aliyun() as pair:
        await pair.send(replace(NOTICE, numbers=NUMBERS))
    path, _, body = pair.service.requests[0].split("\n", 2)
    assert body == ""
    assert dict(parse_qsl(urlsplit(path).query)) == {
        "PhoneNumbers": "13800000012",
        "SignName": "应声科技",
        "TemplateCode": "SMS_2",
        "TemplateParam": '{"no":"2611-0001","sum":"3"}',
        "OutId": wording.delivery_id(NOTICE),
    }


async def test_a_request_to_tencent_holds_these_fields_and_no_other() -> None:
    async with tencent() as pair:
        await pair.send(replace(NOTICE, numbers=NUMBERS))
    path, _, body = pair.service.requests[0].split("\n", 2)
    assert path == "/"
    assert json.loads(body) == {
        "PhoneNumberSet": ["+8613800000012"],
        "SmsSdkAppId": "1400000000",
        "SignName": "应声科技",
        "TemplateId": "1002",
        "TemplateParamSet": ["2611-0001", "3"],
        "SessionContext": wording.delivery_id(NOTICE),
    }


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
