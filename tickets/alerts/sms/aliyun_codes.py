"""The error codes of Aliyun SMS.

Sources: help.aliyun.com/document_detail/101346.html (the service), …/101347.html (delivery receipts) and the common
codes of the OpenAPI gateway. CLOSED: no message goes out until somebody mends account, signature, template or key.
"""

from tickets.alerts.errors import Failure
from tickets.alerts.sms.verdicts import HOUR_MS, MINUTE_MS, UNTIL_TOMORROW, Verdict, look_up

_RETRY = Verdict(Failure.RETRY)
_UNKNOWN = Verdict(Failure.UNKNOWN)
_PERMANENT = Verdict(Failure.PERMANENT)
_CLOSED = Verdict(Failure.CLOSED)

CODES = {
    "isp.SYSTEM_ERROR": _RETRY,
    "isp.GATEWAY_ERROR": _RETRY,
    "SignatureNonceUsed": _RETRY,
    "ServiceUnavailable": _UNKNOWN,
    "InternalError": _UNKNOWN,
    # The number or this message.
    "isv.MOBILE_NUMBER_ILLEGAL": _PERMANENT,
    "isv.MOBILE_COUNT_OVER_LIMIT": _PERMANENT,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _PERMANENT,
    "isv.BLACK_KEY_CONTROL_LIMIT": _PERMANENT,
    "isv.CUSTOMER_REFUSED": _PERMANENT,
    "isv.SMS_TEST_NUMBER_LIMIT": _PERMANENT,
    "isv.INVALID_PARAMETERS": _PERMANENT,
    "isv.INVALID_JSON_PARAM": _PERMANENT,
    "isv.PARAM_LENGTH_LIMIT": _PERMANENT,
    "isv.PARAM_NOT_SUPPORT_URL": _PERMANENT,
    "isv.TEMPLATE_PARAMS_ILLEGAL": _PERMANENT,
    "isv.SMS_CONTENT_ILLEGAL": _PERMANENT,
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": _PERMANENT,
    "isv.UNSUPPORTED_CONTENT": _PERMANENT,
    # Money and the account.
    "isv.AMOUNT_NOT_ENOUGH": _CLOSED,
    "isv.OUT_OF_SERVICE": _CLOSED,
    "isv.PRODUCT_UN_SUBSCRIPT": _CLOSED,
    "isv.PRODUCT_UNSUBSCRIBE": _CLOSED,
    "isv.ACCOUNT_NOT_EXISTS": _CLOSED,
    "isv.ACCOUNT_ABNORMAL": _CLOSED,
    "isv.SECURITY_FROZEN_ACCOUNT": _CLOSED,
    # Limits that the account's owner has set for all its messages.
    "isv.DAY_LIMIT_CONTROL": Verdict(Failure.CLOSED, UNTIL_TOMORROW),
    "isv.MONTH_LIMIT_CONTROL": _CLOSED,
    # Signature and template.
    "isv.SMS_SIGNATURE_ILLEGAL": _CLOSED,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _CLOSED,
    "isv.SMS_SIGN_ILLEGAL": _CLOSED,
    "isv.SMS_SIGN_EMOJI_ILLEGAL": _CLOSED,
    "isv.SIGN_NAME_ILLEGAL": _CLOSED,
    "isv.SIGN_STATE_ILLEGAL": _CLOSED,
    "SIGNATURE_BLACKLIST": _CLOSED,
    "isv.SMS_TEMPLATE_ILLEGAL": _CLOSED,
    "isv.TEMPLATE_MISSING_PARAMETERS": _CLOSED,
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": _CLOSED,
    "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL": _CLOSED,
    "isv.EXTEND_CODE_ERROR": _CLOSED,
    "isv.ONE_CODE_MULTIPLE_SIGN": _CLOSED,
    "isv.CODE_EXCEED_LIMIT": _CLOSED,
    "isv.CODE_ERROR": _CLOSED,
    # Key, rights, origin, clock.
    "isp.RAM_PERMISSION_DENY": _CLOSED,
    "isv.DENY_IP_RANGE": _CLOSED,
    "NoPermission": _CLOSED,
    "SignatureDoesNotMatch": _CLOSED,
    "IncompleteSignature": _CLOSED,
    "InvalidVersion": _CLOSED,
}

CLASSES = {
    "Throttling": Verdict(Failure.RETRY, MINUTE_MS),
    "isp.": _UNKNOWN,
    "InternalError": _UNKNOWN,
    "InvalidAccessKeyId": _CLOSED,
    "InvalidAction": _CLOSED,
    "InvalidTimeStamp": _CLOSED,
    "Forbidden": _CLOSED,
}

LIMITED = "isv.BUSINESS_LIMIT_CONTROL"

_LEVELS = (("分钟", MINUTE_MS), ("小时", HOUR_MS))
"""The message says which limit it was, such as 触发小时级流控Permits:5."""

_RECEIPTS = {
    "IS_CLOSE": _RETRY,
    "NO_ROUTE": _RETRY,
    "SP_UNKNOWN_ERROR": _RETRY,
    "MOBILE_SEND_LIMIT": Verdict(Failure.RETRY, HOUR_MS),
    "PORT_NOT_REGISTERED": _CLOSED,
}


def judge(code: str, message: str, status: int) -> Verdict:
    """What a code other than OK means. message comes with it, status is that of HTTP."""
    if code != LIMITED:
        return look_up(CODES, CLASSES, code, status)
    # A day is the 24 hours before: its limit may open at any moment, so it is tried each hour.
    return Verdict(Failure.RETRY, next((wait for level, wait in _LEVELS if level in message), HOUR_MS))


def judge_receipt(code: str) -> Verdict:
    """What the receipt of a message that was taken but not delivered means. Another try cannot be a second copy."""
    return _RECEIPTS.get(code, _PERMANENT)
