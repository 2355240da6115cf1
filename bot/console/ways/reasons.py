"""Why something did not go out, in words for whoever looks after the ways. Pure but for the words."""

import re
from enum import StrEnum

from bot.console.texts import Say


class Family(StrEnum):
    """What kind of trouble a code or a reason of ours is; there is a sentence for each, with what to do."""

    BUDGET = "budget"
    PER_NUMBER = "per_number"
    MONEY = "money"
    ACCOUNT = "account"
    PEER_LIMIT = "peer_limit"
    NUMBER_LIMIT = "number_limit"
    TEMPLATE = "template"
    SIGNATURE = "signature"
    KEY = "key"
    RIGHTS = "rights"
    ADDRESS_BARRED = "address_barred"
    CLOCK = "clock"
    SETTINGS = "settings"
    NUMBER = "number"
    CONTENT = "content"
    BUSY = "busy"
    NO_PAGE = "no_page"
    NO_ANSWER = "no_answer"
    WAY_REMOVED = "way_removed"
    UNREACHABLE = "unreachable"
    NO_TLS = "no_tls"
    NOT_PUBLIC = "not_public"
    WRONG_URL = "wrong_url"
    KEYLESS = "keyless"
    UNREADABLE = "unreadable"
    NO_NUMBER = "no_number"
    MAIL_REFUSED = "mail_refused"
    MAIL_LOGIN = "mail_login"
    NOT_KNOWN_YET = "not_known_yet"
    OURS = "ours"
    ANSWERED = "answered"
    OTHER = "other"


# The first that is found in the code; those of Aliyun and Tencent Cloud, and our own.
_CODES = [
    (re.compile(pattern), family)
    for pattern, family in (
        (r"^budget$", Family.BUDGET),
        (r"^per_number$", Family.PER_NUMBER),
        (r"^no_page$", Family.NO_PAGE),
        (r"^no_answer$", Family.NO_ANSWER),
        (r"^way_removed$", Family.WAY_REMOVED),
        (r"AMOUNT_NOT_ENOUGH|OUT_OF_SERVICE|InsufficientBalance|Arrears", Family.MONEY),
        (r"BUSINESS_LIMIT|PhoneNumber\w{0,40}Limit$|MOBILE_SEND_LIMIT", Family.NUMBER_LIMIT),
        (r"DAY_LIMIT|MONTH_LIMIT|DailyLimit|CODE_EXCEED_LIMIT", Family.PEER_LIMIT),
        (r"TEMPLATE|Template", Family.TEMPLATE),
        (r"SIGN(?:ATURE)?_|_SIGN|SignatureIncorrect|PORT_NOT_REGISTERED", Family.SIGNATURE),
        (r"AccessKeyId|SignatureDoesNotMatch|IncompleteSignature|AuthFailure|SigVerification|SigField", Family.KEY),
        (r"PERMISSION|NoPermission|Unauthorized|Forbidden", Family.RIGHTS),
        (r"DENY_IP|IpNotIn|IpIn", Family.ADDRESS_BARRED),
        (r"InvalidTimeStamp|RequestTimeException|NonceUsed", Family.CLOCK),
        (
            r"TimeConstraint|InvalidAction|InvalidVersion|InvalidRequest|NoSuch|Offline|NotExist|Region|Protocol",
            Family.SETTINGS,
        ),
        (r"EXTEND_CODE|CODE_ERROR|MULTIPLE_SIGN|BizId", Family.SETTINGS),
        (r"ACCOUNT|PRODUCT|SdkAppId|Appid|NoSuchProduct", Family.ACCOUNT),
        (r"CONTENT|Content|Sensitive|DirtyWord|PARAM|Parameter[LF]|JSON|Json|Packet|UrlIn", Family.CONTENT),
        (r"MOBILE|NUMBER|PhoneNumber|BLACK_KEY|CUSTOMER_REFUSED|IS_CLOSE|NO_ROUTE", Family.NUMBER),
        (r"Throttling|LimitExceeded|SYSTEM_ERROR|GATEWAY|Unavailable|InternalError|OtherError", Family.BUSY),
    )
]
# The first that is found in the reason, which is ours.
_REASONS = [
    (re.compile(pattern), family)
    for pattern, family in (
        (r"limit of messages a day", Family.BUDGET),
        (r"unforeseen|storage|too long|broke off|could not be started", Family.OURS),
        (r"not a public one", Family.NOT_PUBLIC),
        (r"no secure connection", Family.NO_TLS),
        (r"URL", Family.WRONG_URL),
        (r"token is missing", Family.KEYLESS),
        (r"no mobile number|address cannot be written", Family.NO_NUMBER),
        (r"does not know of the message|not asked about|too many re|what its reports", Family.NOT_KNOWN_YET),
        (r"lacks STARTTLS|lacks SMTPUTF8", Family.MAIL_LOGIN),
        (r"cannot be reached|connection failed", Family.UNREACHABLE),
        (r"did not answer|in time", Family.NO_ANSWER),
        (r"no answer|readable form|without a status|answered success", Family.UNREADABLE),
        (r"SMTP server answered 5[35]\d", Family.MAIL_REFUSED),
        (r"answered \d", Family.ANSWERED),
    )
]


def family_of(code: str, error: str) -> Family:
    """What kind of trouble this is."""
    found = next((family for pattern, family in _CODES if code and pattern.search(code)), None)
    return found or next((family for pattern, family in _REASONS if pattern.search(error)), Family.OTHER)


def reason(kind: str, code: str, error: str, say: Say) -> str:
    """What happened and what to do about it; kind is the transport's."""
    key = f"refusal.{kind}.{code}"
    return say(key) if code and say.knows(key) else say(f"ways.family.{family_of(code, error)}")
