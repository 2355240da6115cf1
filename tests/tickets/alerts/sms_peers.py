"""SMS services on loopback. They check what the real ones check, by code of their own, and can fail as those do.

What a service takes it keeps with our id, and answers questions from that.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

CHINA = timezone(timedelta(hours=8))


class Mood(Enum):
    KIND = auto()
    HANG = auto()
    ACCEPT_AND_HANG = auto()
    CUT = auto()
    ACCEPT_AND_CUT = auto()
    HALF = auto()
    PAGE = auto()


@dataclass
class Taken:
    """A message that the service has taken. receipt: "" until the carrier reports, then its code."""

    number: str
    template: str
    values: list[str]
    our_id: str
    serial: str
    at: float
    receipt: str = ""
    delivered: bool = True


@dataclass
class Refusal(Exception):
    """What the service answers instead of taking the message."""

    code: str
    message: str = "no"
    status: int = 200


@dataclass
class SmsService:
    """What both services have in common. templates: the names or number of the variables of each approved template."""

    key_id: str
    secret: str
    templates: dict[str, list[str]]
    sign_name: str = "应声科技"
    skew_seconds: float = 0
    taken: list[Taken] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    questions: int = 0
    url: str = ""
    mood: Mood = Mood.KIND
    refusal: Refusal | None = None
    lagging: int = 0
    page_status: int = 403

    def answer_with(self, code: str, message: str = "no", status: int = 200) -> None:
        self.refusal = Refusal(code, message, status)

    def throttle(self) -> None:
        raise NotImplementedError

    def hang(self) -> None:
        self.mood = Mood.HANG

    def accept_and_hang(self) -> None:
        self.mood = Mood.ACCEPT_AND_HANG

    def cut(self, accept: bool = False) -> None:
        self.mood = Mood.ACCEPT_AND_CUT if accept else Mood.CUT

    def answer_half(self) -> None:
        self.mood = Mood.HALF

    def answer_page(self, status: int) -> None:
        """An HTML page, as from a proxy in between."""
        self.mood, self.page_status = Mood.PAGE, status

    def lag(self, questions: int) -> None:
        """The next questions are answered as if nothing had been taken."""
        self.lagging = questions

    def recover(self) -> None:
        self.mood, self.refusal = Mood.KIND, None

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["SmsService"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(f"{request.raw_path}\n{dict(request.headers)}\n{body.decode()}")
        if self.mood in (Mood.CUT, Mood.HANG, Mood.PAGE):
            return await self._fail(request, b"")
        try:
            answer = self.answer(request, body)
        except Refusal as refusal:
            return web.json_response(self.refused(refusal), status=refusal.status)
        if self.mood is not Mood.KIND:
            return await self._fail(request, json.dumps(answer).encode())
        return web.json_response(answer)

    async def _fail(self, request: web.Request, whole: bytes) -> web.StreamResponse:
        match self.mood:
            case Mood.HANG | Mood.ACCEPT_AND_HANG:
                await asyncio.Event().wait()
            case Mood.CUT | Mood.ACCEPT_AND_CUT:
                assert request.transport is not None
                request.transport.abort()
            case Mood.HALF:
                return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        return web.Response(text="<html>blocked</html>", content_type="text/html", status=self.page_status)

    def answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        raise NotImplementedError

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        raise NotImplementedError

    def keep(self, number: str, template: str, values: list[str], our_id: str) -> Taken:
        taken = Taken(number, template, values, our_id, f"serial-{len(self.taken) + 1}", self.clock())
        self.taken.append(taken)
        return taken

    def known(self) -> list[Taken]:
        self.questions += 1
        if self.lagging:
            self.lagging -= 1
            return []
        return self.taken

    def clock(self) -> float:
        return time.time() + self.skew_seconds


def hmac_of(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@dataclass
class AliyunSms(SmsService):
    """Dysmsapi 2017-05-25 with ACS3 signatures; parameters in the query, as its SDK sends them."""

    nonces: set[str] = field(default_factory=set)

    def throttle(self) -> None:
        self.answer_with("Throttling.User", status=400)

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        return {"Code": refusal.code, "Message": refusal.message, "RequestId": "F655A8D5"}

    def answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        parameters = dict(parse_qsl(request.query_string, keep_blank_values=True))
        self._check(request, parameters, body)
        if request.headers["x-acs-version"] != "2017-05-25":
            raise Refusal("InvalidVersion", status=400)
        if self.refusal:
            raise self.refusal
        match request.headers["x-acs-action"]:
            case "SendSms":
                return self._take(parameters)
            case "QuerySendDetails":
                return self._tell(parameters)
        raise Refusal("InvalidAction.NotFound", status=404)

    def _check(self, request: web.Request, parameters: dict[str, str], body: bytes) -> None:
        algorithm, _, rest = request.headers["Authorization"].partition(" ")
        given = dict(part.split("=", 1) for part in rest.split(","))
        names = given["SignedHeaders"].split(";")
        must = ("host", "content-type", "x-acs-")
        assert {name.lower() for name in request.headers if name.lower().startswith(must)} == {*names}
        assert names == sorted(names)
        assert request.headers["x-acs-content-sha256"] == hashlib.sha256(body).hexdigest()
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(parameters.items())
        )
        lines = "".join(f"{name}:{request.headers[name]}\n" for name in names)
        canonical = f"{request.method}\n{request.path}\n{query}\n{lines}\n{';'.join(names)}\n"
        canonical += request.headers["x-acs-content-sha256"]
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        if given["Credential"] != self.key_id:
            raise Refusal("InvalidAccessKeyId.NotFound", status=404)
        if algorithm != "ACS3-HMAC-SHA256" or given["Signature"] != hmac_of(self.secret.encode(), text).hex():
            raise Refusal("SignatureDoesNotMatch", status=400)
        self._check_freshness(request)

    def _check_freshness(self, request: web.Request) -> None:
        date = datetime.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(date.timestamp() - self.clock()) > 15 * 60:
            raise Refusal("InvalidTimeStamp.Expired", status=400)
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self.nonces:
            raise Refusal("SignatureNonceUsed", status=400)
        self.nonces.add(nonce)

    def _take(self, parameters: dict[str, str]) -> dict[str, Any]:
        for name in ("PhoneNumbers", "SignName", "TemplateCode"):
            if not parameters.get(name):
                raise Refusal(f"Missing{name}", status=400)
        if parameters["SignName"] != self.sign_name:
            raise Refusal("isv.SMS_SIGNATURE_ILLEGAL")
        if parameters["TemplateCode"] not in self.templates:
            raise Refusal("isv.SMS_TEMPLATE_ILLEGAL")
        values = json.loads(parameters["TemplateParam"])
        missing = [name for name in self.templates[parameters["TemplateCode"]] if not values.get(name)]
        if missing or not all(isinstance(value, str) for value in values.values()):
            raise Refusal("isv.TEMPLATE_MISSING_PARAMETERS")
        if len(parameters["OutId"]) >= 256:
            raise Refusal("isv.PARAM_LENGTH_LIMIT")
        taken = self.keep(
            parameters["PhoneNumbers"], parameters["TemplateCode"], list(values.values()), parameters["OutId"]
        )
        return {"Code": "OK", "Message": "OK", "BizId": taken.serial, "RequestId": "F655A8D5"}

    def _tell(self, parameters: dict[str, str]) -> dict[str, Any]:
        size, page = int(parameters["PageSize"]), int(parameters["CurrentPage"])
        assert 1 <= size <= 50
        of_day = [
            taken
            for taken in self.known()
            if taken.number == parameters["PhoneNumber"]
            and f"{datetime.fromtimestamp(taken.at, CHINA):%Y%m%d}" == parameters["SendDate"]
        ]
        records = [_aliyun_record(taken) for taken in of_day[(page - 1) * size : page * size]]
        return {
            "Code": "OK",
            "Message": "OK",
            "RequestId": "F655A8D5",
            "TotalCount": str(len(of_day)),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": records},
        }


def _aliyun_record(taken: Taken) -> dict[str, Any]:
    status = 1 if not taken.receipt else 3 if taken.delivered else 2
    return {
        "ErrCode": taken.receipt,
        "TemplateCode": taken.template,
        "OutId": taken.our_id,
        "SendDate": f"{datetime.fromtimestamp(taken.at, CHINA):%Y-%m-%d %H:%M:%S}",
        "PhoneNum": taken.number,
        "Content": "【应声科技】有工单等待回复，请尽快处理。",
        "SendStatus": status,
    }


@dataclass
class TencentSms(SmsService):
    """SMS 2021-01-11 with TC3 signatures. whole: refusals are of the request, not of the number in it."""

    app_id: str = "1400000000"
    whole: bool = False

    def throttle(self) -> None:
        self.whole = True
        self.answer_with("RequestLimitExceeded.UinLimitExceeded")

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        error = {"Code": refusal.code, "Message": refusal.message}
        return {"Response": {"Error": error, "RequestId": "ed93f3cb"}}

    def answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        self._check(request, body)
        if request.headers["X-TC-Version"] != "2021-01-11":
            raise Refusal("NoSuchVersion")
        if not request.headers["X-TC-Region"]:
            raise Refusal("MissingParameter")
        if self.refusal and self.whole:
            raise self.refusal
        fields = json.loads(body)
        match request.headers["X-TC-Action"]:
            case "SendSms":
                return {"Response": {"SendStatusSet": [self._take(fields)], "RequestId": "a0aabda6"}}
            case "PullSmsSendStatusByPhoneNumber":
                return {"Response": {"PullSmsSendStatusSet": self._tell(fields), "RequestId": "a0aabda6"}}
        raise Refusal("InvalidAction")

    def _check(self, request: web.Request, body: bytes) -> None:
        algorithm, _, rest = request.headers["Authorization"].partition(" ")
        given = dict(part.split("=", 1) for part in rest.split(", "))
        names = given["SignedHeaders"].split(";")
        assert {"content-type", "host"} <= {*names}
        lines = "".join(f"{name}:{request.headers[name].strip().lower()}\n" for name in names)
        hashed = hashlib.sha256(body).hexdigest()
        canonical = f"{request.method}\n/\n\n{lines}\n{given['SignedHeaders']}\n{hashed}"
        stamp = request.headers["X-TC-Timestamp"]
        day = f"{datetime.fromtimestamp(int(stamp), UTC):%Y-%m-%d}"
        text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = hmac_of(hmac_of(hmac_of(f"TC3{self.secret}".encode(), day), "sms"), "tc3_request")
        if given["Credential"] != f"{self.key_id}/{day}/sms/tc3_request":
            raise Refusal("AuthFailure.SecretIdNotFound")
        if algorithm != "TC3-HMAC-SHA256" or given["Signature"] != hmac_of(key, text).hex():
            raise Refusal("AuthFailure.SignatureFailure")
        if abs(int(stamp) - self.clock()) > 5 * 60:
            raise Refusal("AuthFailure.SignatureExpire")

    def _take(self, fields: dict[str, Any]) -> dict[str, Any]:
        (number,) = fields["PhoneNumberSet"]
        assert number.startswith("+")
        status = {"SerialNo": "", "PhoneNumber": number, "Fee": 0, "SessionContext": fields["SessionContext"]}
        code = self.refusal.code if self.refusal else self._fault(fields)
        if code is not None:
            return {**status, "Code": code, "Message": "no", "IsoCode": "CN"}
        taken = self.keep(number, fields["TemplateId"], fields["TemplateParamSet"], fields["SessionContext"])
        return {**status, "SerialNo": taken.serial, "Fee": 1, "Code": "Ok", "Message": "send success", "IsoCode": "CN"}

    def _fault(self, fields: dict[str, Any]) -> str | None:
        if fields["SmsSdkAppId"] != self.app_id:
            return "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
        if fields["SignName"] != self.sign_name:
            return "FailedOperation.SignatureIncorrectOrUnapproved"
        if fields["TemplateId"] not in self.templates:
            return "FailedOperation.TemplateUnapprovedOrNotExist"
        if len(self.templates[fields["TemplateId"]]) != len(fields["TemplateParamSet"]):
            return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
        assert len(fields["SessionContext"].encode()) < 512
        return None

    def _tell(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        assert fields["Offset"] == 0
        assert fields["Limit"] <= 100
        assert fields["BeginTime"] > time.time() - 7 * 86_400
        return [
            {
                "UserReceiveTime": int(taken.at) + 3,
                "CountryCode": "86",
                "SubscriberNumber": taken.number[3:],
                "PhoneNumber": taken.number,
                "SerialNo": taken.serial,
                "ReportStatus": "SUCCESS" if taken.delivered else "FAIL",
                "Description": taken.receipt,
                "SessionContext": taken.our_id,
            }
            for taken in self.known()
            if taken.receipt
            and taken.number == fields["PhoneNumber"]
            and fields["BeginTime"] <= taken.at <= fields["EndTime"]
        ][: fields["Limit"]]
