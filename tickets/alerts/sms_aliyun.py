"""Alerts by SMS through Aliyun 短信服务 (Dysmsapi 2017-05-25): SendSms, and QuerySendDetails after an unclear attempt.

Sources: help.aliyun.com/document_detail/55284.html and …/419277.html. SendSms "does not support idempotence": after a
time-out the records of the number are searched for our OutId before the message is sent again. A record is there as
soon as the message was taken, long before its receipt; how soon is documented nowhere, so for SETTLED_AFTER_MS "not
found" is no answer. Records are kept by days of China and for 30 days.
"""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tickets import phones
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.sms import acs3, aliyun_codes, exchange, wording
from tickets.alerts.sms.verdicts import CHINA, MINUTE_MS, failed
from tickets.alerts.transport import Addressing, Transport

WHO = "Aliyun SMS"
VERSION = "2017-05-25"
CONTENT_TYPE = "application/x-www-form-urlencoded"
SETTLED_AFTER_MS = 2 * MINUTE_MS
CLOCK_SKEW_MS = 15 * MINUTE_MS
"""By how much its clock and ours may differ while it still accepts our signature."""
LONGEST_SEARCH_MS = 7 * exchange.DAY_MS
PAGE_SIZE = 20
MOST_PAGES = 10
"""Of one day; 200 messages to one number are more than any template may send to it."""
UNDELIVERED = 2


@dataclass(frozen=True, slots=True)
class AliyunSmsSettings:
    """The account, the approved signature and template, and the bounds of what may be spent.

    params: "fact" or "variable=fact" for each variable of the template, where fact is ticket or count; digest_… the
    same for a notice of several tickets, which goes out by the first template if there is none. daily_budget and
    per_number_daily: how many messages may go out in a day, in all and to one number, 0 for no bound.
    """

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    sign_name: str
    template_code: str
    params: tuple[str, ...] = ("ticket",)
    digest_template_code: str = ""
    digest_params: tuple[str, ...] = ("ticket", "count")
    daily_budget: int = 200
    per_number_daily: int = 30
    endpoint: str = "https://dysmsapi.aliyuncs.com"
    allow_networks: tuple[str, ...] = ()
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        wording.check((*self.params, *self.digest_params))


async def send(settings: AliyunSmsSettings, notice: Notice) -> Sent:
    """Return when the service has taken the message, with its BizId. Raises DeliveryError."""
    said = wording.choose(
        notice, settings.template_code, settings.params, settings.digest_template_code, settings.digest_params
    )
    parameters = {
        "PhoneNumbers": phones.national(exchange.mobile(notice.recipient)),
        "SignName": settings.sign_name,
        "TemplateCode": said.template,
        "TemplateParam": json.dumps(dict(said.variables), ensure_ascii=False, separators=(",", ":")),
        "OutId": wording.delivery_id(notice),
    }
    biz_id = (await _call(settings, "SendSms", parameters)).get("BizId")
    return Sent(biz_id if isinstance(biz_id, str) else "")


async def inquire(settings: AliyunSmsSettings, notice: Notice, since: int) -> Sent | None:
    """Whether an attempt made at since (epoch ms) or later was taken: Sent even if its receipt is still to come.

    Raises DeliveryError: what the receipt says if it was not delivered; UNKNOWN if it cannot be told (yet).
    """
    now = _now()
    if now - since > LONGEST_SEARCH_MS:
        raise DeliveryError(f"{WHO} is not asked about messages that old", Failure.UNKNOWN)
    try:
        records = await _records(settings, notice, since, now)
    except DeliveryError as error:
        raise exchange.cannot_tell(error) from error
    if any(record.get("SendStatus") != UNDELIVERED for record in records):
        return Sent()
    exchange.not_found(WHO, since, now, SETTLED_AFTER_MS + int(settings.timeout_seconds * 1000))
    if records:
        code = str(records[-1].get("ErrCode"))
        raise failed(WHO, code, aliyun_codes.judge_receipt(code), now)
    return None


async def _records(settings: AliyunSmsSettings, notice: Notice, since: int, now: int) -> list[dict[str, Any]]:
    """The service's records of this delivery, from all its attempts in that time."""
    number, out_id = phones.national(exchange.mobile(notice.recipient)), wording.delivery_id(notice)
    return [
        record
        for day in _days(since - CLOCK_SKEW_MS, now + CLOCK_SKEW_MS)
        for record in await _records_of_day(settings, number, day)
        if record.get("OutId") == out_id
    ]


async def _records_of_day(settings: AliyunSmsSettings, number: str, day: str) -> list[dict[str, Any]]:
    """All that was sent to a number on a day. Raises DeliveryError for more than can be looked through."""
    records: list[dict[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        parameters = {
            "PhoneNumber": number,
            "SendDate": day,
            "PageSize": str(PAGE_SIZE),
            "CurrentPage": str(page),
        }
        found = _details(await _call(settings, "QuerySendDetails", parameters))
        records += found
        if len(found) < PAGE_SIZE:
            return records
    raise DeliveryError(f"{WHO} has too many records of that day", Failure.UNKNOWN)


def _details(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of one page, as Aliyun's JSON wraps them."""
    wrapped = fields.get("SmsSendDetailDTOs")
    records = wrapped.get("SmsSendDetailDTO") if isinstance(wrapped, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DeliveryError(f"{WHO} answered in no readable form", Failure.UNKNOWN)
    return records


def _days(first: int, last: int) -> Iterator[str]:
    """The days of China from one moment to another (epoch ms), as the service writes them."""
    day = datetime.fromtimestamp(first / 1000, CHINA).date()
    while day <= datetime.fromtimestamp(last / 1000, CHINA).date():
        yield f"{day:%Y%m%d}"
        day += timedelta(days=1)


async def _call(settings: AliyunSmsSettings, action: str, parameters: dict[str, str]) -> dict[str, Any]:
    """The fields of the answer if its Code is OK. Raises DeliveryError."""
    query = acs3.canonical_query(parameters)
    host, nonce = exchange.host_of(settings.endpoint), secrets.token_hex(16)
    headers = {
        **acs3.request_headers(host, action, VERSION, b"", _now() // 1000, nonce),
        "content-type": CONTENT_TYPE,
    }
    signed = acs3.authorization("POST", "/", query, headers, settings.access_key_id, settings.access_key_secret)
    reply = await exchange.ask(
        WHO,
        f"{settings.endpoint.rstrip('/')}/?{query}",
        b"",
        {**headers, "Authorization": signed, "Accept": "application/json"},
        settings.allow_networks,
        settings.timeout_seconds,
    )
    return _accepted(reply)


def _accepted(reply: exchange.Reply) -> dict[str, Any]:
    code = reply.fields.get("Code")
    if code == "OK" and reply.status == 200:
        return reply.fields
    if not isinstance(code, str) or code == "OK":
        raise exchange.unreadable(WHO, reply)
    verdict = aliyun_codes.judge(code, str(reply.fields.get("Message")), reply.status)
    raise failed(WHO, code, verdict, _now(), reply.retry_after_ms)


def _now() -> int:
    return time.time_ns() // 1_000_000


TRANSPORT = Transport("sms_aliyun", Addressing.PHONE, AliyunSmsSettings, send, inquire, most_alerts=wording.MOST_ALERTS)
