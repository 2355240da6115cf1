"""Aliyun SMS on loopback. Its checks are code of their own, not the code that they check."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

from tests.tickets.alerts.sms_peer import CHINA, Refusal, SmsService, Taken, hmac_of


@dataclass
class AliyunSms(SmsService):
    """Dysmsapi 2017-05-25 with ACS3 signatures; parameters in the query, as its SDK sends them."""

    nonces: set[str] = field(default_factory=set)

    def throttle(self) -> None:
        self.answer_with("Throttling.User", status=400)

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        return {"Code": refusal.code, "Message": refusal.message, "RequestId": "F655A8D5"}

    def answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        parameters = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
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
