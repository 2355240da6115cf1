"""The ways an alert reaches people: one module per transport, and their registry."""

from tickets.alerts import apprise, console, dingtalk, feishu, mail, sms_aliyun, sms_tencent, webhook, wecom
from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import EVERYONE, Notice, Sent
from tickets.alerts.transport import Addressing, Transport

__all__ = ["EVERYONE", "TRANSPORTS", "Addressing", "DeliveryError", "Failure", "Notice", "Sent", "Transport"]

TRANSPORTS = {
    one.kind: one
    for one in (
        console.TRANSPORT,
        mail.TRANSPORT,
        webhook.TRANSPORT,
        wecom.TRANSPORT,
        dingtalk.TRANSPORT,
        feishu.TRANSPORT,
        apprise.TRANSPORT,
        sms_aliyun.TRANSPORT,
        sms_tencent.TRANSPORT,
    )
}
