"""Alerts by SMS through Tencent Cloud 短信 (2021-01-11): SendSms, and PullSmsSendStatusByPhoneNumber after an unclear
attempt.

Sources: cloud.tencent.com/document/api/382/55981 and …/55976. SessionContext does not keep a message from going out
twice. It comes back with the status if Tencent's staff have switched that on for the account; otherwise it is empty,
and a report about the same number cannot be told from one about another message. The status is the carrier's report,
so a message is "not found" until a report came: at once for a phone that is on, days later for one that is off. After
SETTLED_AFTER_MS it counts as not sent; a phone that was off may then get it twice, and nobody goes without. Reports
are kept for 7 days.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.sms import exchange, tc3, tencent_codes, wording
from tickets.alerts.sms.verdicts import MINUTE_MS, Verdict, failed, plain_code
from tickets.alerts.transport import Addressing, Transport

WHO = "Tencent Cloud SMS"
VERSION = "2021-01-11"
SERVICE = "sms"
CONTENT_TYPE = "application/json; charset=utf-8"
SETTLED_AFTER_MS = 5 * MINUTE_MS
CLOCK_SKEW_MS = 5 * MINUTE_MS
"""By how much its clock and ours may differ while it still accepts our signature."""
LONGEST_SEARCH_MS = 7 * exchange.DAY_MS - CLOCK_SKEW_MS
MOST_REPORTS = 100
"""The most that the service gives for one question; there is no second page, its Offset must be 0."""


@dataclass(frozen=True, slots=True)
class TencentSmsSettings:
    """The account, the application, the approved signature and template, and the bounds of what may be spent.

    params: the fact, ticket or count, for each variable {1}, {2} … of the template; digest_… the same for a notice of
    several tickets, which goes out by the first template if there is none. daily_budget and per_number_daily: how many
    messages may go out in a day, in all and to one number, 0 for no bound.
    """

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    sdk_app_id: str
    sign_name: str
    template_id: str
    params: tuple[str, ...] = ("ticket",)
    digest_template_id: str = ""
    digest_params: tuple[str, ...] = ("ticket", "count")
    daily_budget: int = 200
    per_number_daily: int = 30
    region: str = "ap-guangzhou"
    endpoint: str = "https://sms.tencentcloudapi.com"
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        wording.check((*self.params, *self.digest_params))


async def send(settings: TencentSmsSettings, notice: Notice) -> Sent:
    """Return when the service has taken the message for the number, with its SerialNo. Raises DeliveryError."""
    said = wording.choose(
        notice, settings.template_id, settings.params, settings.digest_template_id, settings.digest_params
    )
    fields = {
        "PhoneNumberSet": [exchange.mobile(notice.recipient)],
        "SmsSdkAppId": settings.sdk_app_id,
        "SignName": settings.sign_name,
        "TemplateId": said.template,
        "TemplateParamSet": [value for _, value in said.variables],
        "SessionContext": wording.delivery_id(notice),
    }
    return Sent(_serial(_taken(await _call(settings, "SendSms", fields))))


async def inquire(settings: TencentSmsSettings, notice: Notice, since: int) -> Sent | None:
    """Whether an attempt made at since (epoch ms) or later reached the phone.

    Raises DeliveryError: PERMANENT if the carrier reported that it was not delivered; UNKNOWN if it cannot be told
    (yet).
    """
    now = _now()
    if now - since > LONGEST_SEARCH_MS:
        raise DeliveryError(f"{WHO} is not asked about messages that old", Failure.UNKNOWN)
    try:
        reports = await _reports(settings, notice, since, now)
    except DeliveryError as error:
        raise exchange.cannot_tell(error) from error
    return _concluded(settings, notice, reports, since, now)


def _concluded(
    settings: TencentSmsSettings, notice: Notice, reports: list[dict[str, Any]], since: int, now: int
) -> Sent | None:
    ours = [report for report in reports if report.get("SessionContext") == wording.delivery_id(notice)]
    for report in ours:
        if report.get("ReportStatus") == "SUCCESS":
            return Sent(_serial(report))
    exchange.not_found(WHO, since, now, SETTLED_AFTER_MS + int(settings.timeout_seconds * 1000))
    if ours:
        raise failed(WHO, ours[-1].get("Description"), Verdict(Failure.PERMANENT), now)
    _check_that_none_may_be_ours(reports)
    return None


def _check_that_none_may_be_ours(reports: list[dict[str, Any]]) -> None:
    """Raise DeliveryError if a report may be about the message in question, or there may be more of them."""
    if any(not report.get("SessionContext") for report in reports):
        raise DeliveryError(f"{WHO} does not say what its reports are about", Failure.UNKNOWN)
    if len(reports) >= MOST_REPORTS:
        raise DeliveryError(f"{WHO} has too many reports of that time", Failure.UNKNOWN)


async def _reports(settings: TencentSmsSettings, notice: Notice, since: int, now: int) -> list[dict[str, Any]]:
    fields = {
        "BeginTime": (since - CLOCK_SKEW_MS) // 1000,
        "EndTime": (now + CLOCK_SKEW_MS) // 1000,
        "Offset": 0,
        "Limit": MOST_REPORTS,
        "PhoneNumber": exchange.mobile(notice.recipient),
        "SmsSdkAppId": settings.sdk_app_id,
    }
    return _objects(await _call(settings, "PullSmsSendStatusByPhoneNumber", fields), "PullSmsSendStatusSet")


def _taken(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """The status of our one number, if it is Ok. An answer without it is half an answer."""
    statuses = _objects(response, "SendStatusSet")
    for status in statuses:
        if status.get("Code") != "Ok":
            code = plain_code(status.get("Code"))
            raise failed(WHO, code, tencent_codes.judge(code, 200) if code else Verdict(Failure.UNKNOWN), _now())
    if not statuses:
        raise DeliveryError(f"{WHO} answered without a status", Failure.UNKNOWN)
    return statuses[0]


def _objects(response: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = response.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DeliveryError(f"{WHO} answered in no readable form", Failure.UNKNOWN)
    return items


def _serial(record: Mapping[str, Any]) -> str:
    serial = record.get("SerialNo")
    return serial if isinstance(serial, str) else ""


async def _call(settings: TencentSmsSettings, action: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands in Response if there is no Error in it. Raises DeliveryError."""
    body = json.dumps(fields, ensure_ascii=False).encode()
    seconds = _now() // 1000
    signed = {
        "content-type": CONTENT_TYPE,
        "host": exchange.host_of(settings.endpoint),
        "x-tc-action": action,
    }
    unsigned = {
        "Authorization": tc3.authorization(signed, body, SERVICE, seconds, settings.secret_id, settings.secret_key),
        "X-TC-Timestamp": str(seconds),
        "X-TC-Version": VERSION,
        "X-TC-Region": settings.region,
    }
    url = f"{settings.endpoint.rstrip('/')}/"
    return _accepted(
        await exchange.ask(WHO, url, body, {**signed, **unsigned}, settings.allow_networks, settings.timeout_seconds)
    )


def _accepted(reply: exchange.Reply) -> Mapping[str, Any]:
    response = reply.fields.get("Response")
    if not isinstance(response, dict):
        raise exchange.unreadable(WHO, reply)
    if "Error" in response:
        error = response["Error"]
        code = plain_code(error.get("Code")) if isinstance(error, dict) else ""
        if not code:
            raise exchange.unreadable(WHO, reply)
        raise failed(WHO, code, tencent_codes.judge(code, reply.status), _now(), reply.retry_after_ms)
    if reply.status != 200:
        raise exchange.unreadable(WHO, reply)
    return response


def _now() -> int:
    return time.time_ns() // 1_000_000


TRANSPORT = Transport(
    "sms_tencent", Addressing.PHONE, TencentSmsSettings, send, inquire, most_alerts=wording.MOST_ALERTS
)
