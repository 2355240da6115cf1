"""Every error code that the SMS services document, and what becomes of the message."""

import time
from datetime import UTC, datetime

import pytest

from tests.tickets.alerts.sms_pairs import aliyun, tencent
from tests.tickets.alerts.tencent_peer import TencentSms
from tickets.alerts import DeliveryError, Failure
from tickets.alerts.sms.verdicts import until_tomorrow

MINUTE, HOUR, DAY = 60_000, 3_600_000, 24 * 3_600_000

ALIYUN = {
    Failure.RETRY: """
        isp.SYSTEM_ERROR isp.GATEWAY_ERROR SignatureNonceUsed isv.BUSINESS_LIMIT_CONTROL
        Throttling Throttling.User Throttling.Api isv.SOMETHING_NEW SomethingNew
    """,
    Failure.UNKNOWN: "InternalError ServiceUnavailable isp.SOMETHING_NEW InternalError.SomethingNew",
    Failure.PERMANENT: """
        isv.MOBILE_NUMBER_ILLEGAL isv.MOBILE_COUNT_OVER_LIMIT isv.DOMESTIC_NUMBER_NOT_SUPPORTED
        isv.BLACK_KEY_CONTROL_LIMIT isv.CUSTOMER_REFUSED isv.SMS_TEST_NUMBER_LIMIT isv.INVALID_PARAMETERS
        isv.INVALID_JSON_PARAM isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL isv.TEMPLATE_PARAMS_ILLEGAL
        isv.SMS_CONTENT_ILLEGAL isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE isv.UNSUPPORTED_CONTENT
    """,
    Failure.CLOSED: """
        isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE
        isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.SECURITY_FROZEN_ACCOUNT isv.DAY_LIMIT_CONTROL
        isv.MONTH_LIMIT_CONTROL isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL isv.SMS_SIGN_ILLEGAL
        isv.SMS_SIGN_EMOJI_ILLEGAL isv.SIGN_NAME_ILLEGAL isv.SIGN_STATE_ILLEGAL SIGNATURE_BLACKLIST
        isv.SMS_TEMPLATE_ILLEGAL isv.TEMPLATE_MISSING_PARAMETERS isv.SMS_TEST_SIGN_TEMPLATE_LIMIT
        isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL isv.EXTEND_CODE_ERROR isv.ONE_CODE_MULTIPLE_SIGN isv.CODE_EXCEED_LIMIT
        isv.CODE_ERROR isp.RAM_PERMISSION_DENY isv.DENY_IP_RANGE NoPermission Forbidden.RAM SignatureDoesNotMatch
        IncompleteSignature InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive InvalidTimeStamp.Expired
        InvalidTimeStamp.Format InvalidVersion InvalidAction.NotFound
    """,
}

TENCENT = {
    Failure.RETRY: """
        LimitExceeded LimitExceeded.PhoneNumberThirtySecondLimit LimitExceeded.PhoneNumberOneHourLimit
        LimitExceeded.PhoneNumberDailyLimit LimitExceeded.PhoneNumberSameContentDailyLimit
        LimitExceeded.DeliveryFrequencyLimit LimitExceeded.GlobalSmsSendingRateLimit
        RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded
        RequestLimitExceeded.IPLimitExceeded RequestLimitExceeded.GlobalRegionUinLimitExceeded
        FailedOperation FailedOperation.OtherError FailedOperation.ParametersOtherError ResourceInsufficient
        ResourceUnavailable SomethingNew
    """,
    Failure.UNKNOWN: """
        InternalError InternalError.Timeout InternalError.SendAndRecvFail InternalError.OtherError
        InternalError.UnknownError InternalError.ParseBackendResponseFail InternalError.SomethingNew ServiceUnavailable
    """,
    Failure.PERMANENT: """
        LimitExceeded.PhoneNumberCountLimit LimitExceeded.AppCountryOrRegionInBlacklist
        FailedOperation.PhoneNumberInBlacklist
        FailedOperation.PhoneNumberOnBlacklist FailedOperation.PhoneNumberParseFail
        FailedOperation.ContainSensitiveWord FailedOperation.FailResolvePacket FailedOperation.JsonParseFail
        InternalError.JsonParseFail InvalidParameter InvalidParameter.DirtyWordFound InvalidParameter.InvalidParameters
        InvalidParameterValue InvalidParameterValue.IncorrectPhoneNumber InvalidParameterValue.ContentLengthLimit
        InvalidParameterValue.ProhibitedUseUrlInTemplateParameter InvalidParameterValue.TemplateParameterFormatError
        InvalidParameterValue.TemplateParameterLengthLimit MissingParameter MissingParameter.EmptyPhoneNumberSet
        UnsupportedOperation UnsupportedOperation.UnsuportedRegion UnsupportedOperation.UnsupportedRegion
        UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone UnknownParameter
        UnsupportedOperation.GlobalTemplateToChineseMainlandPhone
        UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber
    """,
    Failure.CLOSED: """
        LimitExceeded.AppDailyLimit LimitExceeded.DailyLimit LimitExceeded.AppCountryOrRegionDailyLimit
        LimitExceeded.AppGlobalDailyLimit LimitExceeded.AppMainlandChinaDailyLimit
        FailedOperation.InsufficientBalanceInSmsPackage FailedOperation.MarketingSendTimeConstraint
        FailedOperation.SignatureIncorrectOrUnapproved FailedOperation.TemplateIncorrectOrUnapproved
        FailedOperation.TemplateUnapprovedOrNotExist FailedOperation.TemplateParamSetNotMatchApprovedTemplate
        UnauthorizedOperation UnauthorizedOperation.SerivceSuspendDueToArrears
        UnauthorizedOperation.RequestPermissionDeny UnauthorizedOperation.RequestIpNotInWhitelist
        UnauthorizedOperation.SdkAppIdIsDisabled UnauthorizedOperation.SmsSdkAppIdVerifyFail
        UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny InvalidParameterValue.SdkAppIdNotExist
        InvalidParameter.AppidAndBizId AuthFailure AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId
        AuthFailure.MFAFailure AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire AuthFailure.SignatureFailure
        AuthFailure.TokenFailure AuthFailure.UnauthorizedOperation InternalError.RequestTimeException
        InternalError.RestApiInterfaceNotExist InternalError.SigFieldMissing InternalError.SigVerificationFail
        IpInBlacklist IpNotInWhitelist NoSuchProduct NoSuchVersion ActionOffline InvalidAction InvalidRequest
        UnsupportedRegion UnsupportedProtocol
    """,
}


def rows(table: dict[Failure, str]) -> list[tuple[str, Failure]]:
    return [(code, failure) for failure, codes in table.items() for code in codes.split()]


async def refused_by_aliyun(code: str, message: str = "no", status: int = 200) -> DeliveryError:
    async with aliyun() as pair:
        pair.service.answer_with(code, message, status)
        return await pair.fail()


async def refused_by_tencent(code: str, whole: bool) -> DeliveryError:
    async with tencent() as pair:
        assert isinstance(pair.service, TencentSms)
        pair.service.whole = whole
        pair.service.answer_with(code)
        return await pair.fail()


@pytest.mark.parametrize(("code", "failure"), rows(ALIYUN))
async def test_what_a_code_of_aliyun_means(code: str, failure: Failure) -> None:
    error = await refused_by_aliyun(code)
    assert (error.failure, error.code) == (failure, code)


@pytest.mark.parametrize("whole", [False, True], ids=["of the number", "of the request"])
@pytest.mark.parametrize(("code", "failure"), rows(TENCENT))
async def test_what_a_code_of_tencent_means(code: str, failure: Failure, whole: bool) -> None:
    error = await refused_by_tencent(code, whole)
    assert (error.failure, error.code) == (failure, code)


@pytest.mark.parametrize(
    ("message", "wait"),
    [
        ("触发分钟级流控Permits:1", MINUTE),
        ("触发小时级流控Permits:5", HOUR),
        ("触发天级流控Permits:50", HOUR),
        ("触发业务流控", HOUR),
        ("", HOUR),
    ],
)
async def test_aliyuns_limit_says_how_long_to_wait(message: str, wait: int) -> None:
    error = await refused_by_aliyun("isv.BUSINESS_LIMIT_CONTROL", message)
    assert (error.failure, error.retry_after_ms) == (Failure.RETRY, wait)


@pytest.mark.parametrize(
    ("code", "wait"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", MINUTE // 2),
        ("LimitExceeded.PhoneNumberOneHourLimit", HOUR),
        ("RequestLimitExceeded", MINUTE),
    ],
)
async def test_tencents_limits_say_how_long_to_wait(code: str, wait: int) -> None:
    assert (await refused_by_tencent(code, whole=False)).retry_after_ms == wait


async def test_a_limit_of_the_day_opens_at_midnight_in_china() -> None:
    errors = [
        await refused_by_aliyun("isv.DAY_LIMIT_CONTROL"),
        await refused_by_tencent("LimitExceeded.PhoneNumberDailyLimit", whole=False),
        await refused_by_tencent("LimitExceeded.AppDailyLimit", whole=False),
    ]
    left = until_tomorrow(int(time.time() * 1000))
    for error in errors:
        assert error.retry_after_ms is not None
        assert abs((error.retry_after_ms - left + DAY // 2) % DAY - DAY // 2) < MINUTE


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        ("2026-11-27T15:59:59+00:00", 1_000),
        ("2026-11-27T16:00:00+00:00", DAY),
        ("2026-11-27T00:00:00+00:00", 16 * HOUR),
        ("2026-12-31T15:00:00+00:00", HOUR),
    ],
)
def test_midnight_in_china_is_sixteen_oclock_utc(moment: str, left: int) -> None:
    assert until_tomorrow(int(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1000)) == left


async def test_an_unknown_code_with_a_failure_of_the_server_itself_may_have_been_sent() -> None:
    assert (await refused_by_aliyun("SomethingNew", status=503)).failure is Failure.UNKNOWN


async def test_an_unknown_code_is_told_from_known_ones() -> None:
    assert not (await refused_by_aliyun("SomethingNew")).is_known
    assert (await refused_by_aliyun("Throttling")).is_known


async def test_ok_under_another_status_than_200_is_no_success() -> None:
    assert (await refused_by_aliyun("OK", status=500)).failure is Failure.UNKNOWN
    assert (await refused_by_aliyun("OK", status=403)).failure is Failure.RETRY


@pytest.mark.parametrize("code", ["ok", "Ok ", "OK", "", "0", "Success"])
async def test_only_the_exact_word_is_success(code: str) -> None:
    """Each service has its own: OK at Aliyun, Ok at Tencent Cloud."""
    if code != "OK":
        await refused_by_aliyun(code)
    await refused_by_tencent(code, whole=False)
    await refused_by_tencent(code, whole=True)


@pytest.mark.parametrize("code", ["换行\n", "x" * 65, "a b", "<b>", "13800000012 no", "\x1b[31m"])
async def test_a_code_that_looks_like_none_is_not_repeated(code: str) -> None:
    for error in (await refused_by_aliyun(code), await refused_by_tencent(code, whole=False)):
        assert error.code == ""
        assert code not in error.reason
