"""Tencent Cloud SMS on loopback. Its checks are code of their own, not the code that they check."""

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.tickets.alerts.sms_peer import Refusal, SmsService, hmac_of


@dataclass
class TencentSms(SmsService):
    """SMS 2021-01-11 with TC3 signatures.

    whole: refusals are of the request, not of the number in it. tells_context: its staff have switched on that reports
    say our id; they do not by default.
    """

    app_id: str = "1400000000"
    whole: bool = False
    tells_context: bool = True

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
                "SessionContext": taken.our_id if self.tells_context else "",
            }
            for taken in self.known()
            if taken.receipt
            and taken.number == fields["PhoneNumber"]
            and fields["BeginTime"] <= taken.at <= fields["EndTime"]
        ][: fields["Limit"]]
