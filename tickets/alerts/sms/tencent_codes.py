"""The error codes of Tencent Cloud SMS, of whole requests and of single numbers.

Sources: cloud.tencent.com/document/api/382/59177 (sending) and …/52075 (common). A code is "class.detail"; the class
alone is an older or more general form. CLOSED: no message goes out until somebody mends account, signature, template
or key.
"""

from tickets.alerts.errors import Failure
from tickets.alerts.sms.verdicts import HOUR_MS, MINUTE_MS, UNTIL_TOMORROW, Verdict, look_up

_RETRY = Verdict(Failure.RETRY)
_UNKNOWN = Verdict(Failure.UNKNOWN)
_PERMANENT = Verdict(Failure.PERMANENT)
_CLOSED = Verdict(Failure.CLOSED)

CODES = {
    # May have been sent.
    "InternalError.Timeout": _UNKNOWN,
    "InternalError.SendAndRecvFail": _UNKNOWN,
    "InternalError.OtherError": _UNKNOWN,
    "InternalError.UnknownError": _UNKNOWN,
    # Limits of one number, which pass by themselves.
    "LimitExceeded.PhoneNumberThirtySecondLimit": Verdict(Failure.RETRY, MINUTE_MS // 2),
    "LimitExceeded.PhoneNumberOneHourLimit": Verdict(Failure.RETRY, HOUR_MS),
    "LimitExceeded.PhoneNumberDailyLimit": Verdict(Failure.RETRY, UNTIL_TOMORROW),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Verdict(Failure.RETRY, UNTIL_TOMORROW),
    "LimitExceeded.DeliveryFrequencyLimit": Verdict(Failure.RETRY, MINUTE_MS),
    # Limits that the account's owner has set for all its messages.
    "LimitExceeded.AppDailyLimit": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    "LimitExceeded.DailyLimit": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    "LimitExceeded.AppCountryOrRegionDailyLimit": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    "LimitExceeded.AppGlobalDailyLimit": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    "LimitExceeded.AppMainlandChinaDailyLimit": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    # The number or this message.
    "LimitExceeded.PhoneNumberCountLimit": _PERMANENT,
    "LimitExceeded.AppCountryOrRegionInBlacklist": _PERMANENT,
    "FailedOperation.PhoneNumberInBlacklist": _PERMANENT,
    "FailedOperation.PhoneNumberOnBlacklist": _PERMANENT,
    "FailedOperation.PhoneNumberParseFail": _PERMANENT,
    "FailedOperation.ContainSensitiveWord": _PERMANENT,
    "FailedOperation.FailResolvePacket": _PERMANENT,
    "FailedOperation.JsonParseFail": _PERMANENT,
    "FailedOperation.ParametersOtherError": _RETRY,
    "FailedOperation.OtherError": _RETRY,
    "InvalidParameterValue.IncorrectPhoneNumber": _PERMANENT,
    "InvalidParameterValue.ContentLengthLimit": _PERMANENT,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": _PERMANENT,
    "InvalidParameterValue.TemplateParameterFormatError": _PERMANENT,
    "InvalidParameterValue.TemplateParameterLengthLimit": _PERMANENT,
    "InvalidParameter.DirtyWordFound": _PERMANENT,
    "MissingParameter.EmptyPhoneNumberSet": _PERMANENT,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": _PERMANENT,
    "UnsupportedOperation.UnsuportedRegion": _PERMANENT,
    "InternalError.JsonParseFail": _PERMANENT,
    # Money, account, signature, template.
    "FailedOperation.InsufficientBalanceInSmsPackage": _CLOSED,
    "UnauthorizedOperation.SerivceSuspendDueToArrears": _CLOSED,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": _CLOSED,
    "FailedOperation.SignatureIncorrectOrUnapproved": _CLOSED,
    "FailedOperation.TemplateIncorrectOrUnapproved": _CLOSED,
    "FailedOperation.TemplateUnapprovedOrNotExist": _CLOSED,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": _CLOSED,
    "FailedOperation.MarketingSendTimeConstraint": _CLOSED,
    "InvalidParameterValue.SdkAppIdNotExist": _CLOSED,
    "InvalidParameter.AppidAndBizId": _CLOSED,
    # Clock and request format, which are the same for every message.
    "InternalError.RequestTimeException": _CLOSED,
    "InternalError.RestApiInterfaceNotExist": _CLOSED,
    "InternalError.SigFieldMissing": _CLOSED,
    "InternalError.SigVerificationFail": _CLOSED,
    "IpInBlacklist": _CLOSED,
    "IpNotInWhitelist": _CLOSED,
    "NoSuchProduct": _CLOSED,
    "ActionOffline": _CLOSED,
}

CLASSES = {
    "InternalError": _UNKNOWN,
    "ServiceUnavailable": _UNKNOWN,
    "RequestLimitExceeded": Verdict(Failure.RETRY, MINUTE_MS),
    "LimitExceeded": Verdict(Failure.RETRY, MINUTE_MS),
    "ResourceInsufficient": _RETRY,
    "ResourceUnavailable": _RETRY,
    "InvalidParameter": _PERMANENT,
    "MissingParameter": _PERMANENT,
    "UnknownParameter": _PERMANENT,
    "UnsupportedOperation": _PERMANENT,
    "AuthFailure": _CLOSED,
    "UnauthorizedOperation": _CLOSED,
    "UnsupportedRegion": _CLOSED,
    "UnsupportedProtocol": _CLOSED,
    "InvalidAction": _CLOSED,
    "InvalidRequest": _CLOSED,
    "NoSuchVersion": _CLOSED,
}


def judge(code: str, status: int) -> Verdict:
    """What a code other than Ok means. status is that of HTTP."""
    return look_up(CODES, CLASSES, code, status)
