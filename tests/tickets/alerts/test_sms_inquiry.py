"""Whether an SMS went out after all, asked of the service that may have taken it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.tickets.alerts.sms_pairs import MINUTE_MS, NOTICE, Pair, ago, aliyun, tencent
from tests.tickets.alerts.tencent_peer import TencentSms
from tickets.alerts import Failure, Sent, sms_aliyun
from tickets.alerts.sms import wording


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


@pytest.mark.parametrize(
    "records", ["null", "{}", '"x"', "[null]", '["x"]', '[{"OutId": 5, "SessionContext": 5}]', "[]"]
)
async def test_records_of_another_form_are_no_records_of_ours(pair: Pair, records: str) -> None:
    of_aliyun = f'"Code": "OK", "SmsSendDetailDTOs": {{"SmsSendDetailDTO": {records}}}'
    of_tencent = f'"Response": {{"PullSmsSendStatusSet": {records}}}'
    pair.service.answer_raw(f"{{{of_aliyun}, {of_tencent}}}".encode())
    if records.startswith("[{") or records == "[]":
        assert await pair.inquire(ago(11)) is None
    else:
        assert (await pair.fail_to_tell(ago(11))).failure is Failure.UNKNOWN


async def test_a_query_that_lags_is_asked_again_and_not_taken_for_no(pair: Pair) -> None:
    since = ago(0)
    await pair.send()
    pair.service.lag(1)
    error = await pair.fail_to_tell(since)
    assert error.failure is Failure.UNKNOWN
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
        assert (await pair.fail_to_tell(ago(4))).failure is Failure.UNKNOWN
        assert await pair.inquire(ago(6)) is None
        pair.deliver()
        assert await pair.inquire(ago(11)) == Sent("serial-1")


async def test_reports_that_do_not_say_what_they_are_about_decide_nothing() -> None:
    """Which is Tencent's default: the account's owner has to ask for more."""
    async with tencent() as pair:
        assert isinstance(pair.service, TencentSms)
        pair.service.tells_context = False
        await pair.send()
        assert await pair.inquire(ago(11)) is None
        pair.deliver()
        assert (await pair.fail_to_tell(ago(4))).failure is Failure.UNKNOWN
        assert (await pair.fail_to_tell(ago(11))).failure is Failure.UNKNOWN


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
    assert (await pair.fail_to_tell(ago(11))).failure is Failure.UNKNOWN
