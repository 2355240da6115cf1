"""Where a way leads, as far as that is no secret. Pure."""

from urllib.parse import urlsplit

from tickets.alerts.apprise import AppriseSettings
from tickets.alerts.dingtalk import DingTalkSettings
from tickets.alerts.feishu import FeishuSettings
from tickets.alerts.mail import MailSettings
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.alerts.sms_tencent import TencentSmsSettings
from tickets.alerts.webhook import WebhookSettings
from tickets.alerts.wecom import WeComSettings
from tickets.escalation.ways import Way

HIDDEN = "••••"


def target_of(way: Way) -> str:
    """Server and sender, host, or signature and template; a token shows as dots. "" where nothing can be said."""
    match way.settings:
        case MailSettings() as mail:
            return f"{mail.sender} · {mail.host}:{mail.port}"
        case WebhookSettings() as webhook:
            return _host(webhook.url)
        case WeComSettings() | DingTalkSettings() | FeishuSettings() as robot:
            return f"{_host(robot.endpoint)}/{HIDDEN}"
        case AliyunSmsSettings() as aliyun:
            return f"【{aliyun.sign_name}】 · {aliyun.template_code}"
        case TencentSmsSettings() as tencent:
            return f"【{tencent.sign_name}】 · {tencent.template_id}"
        case AppriseSettings() as apprise:
            return f"{urlsplit(apprise.url).scheme}://{HIDDEN}"
        case _:
            return ""


def _host(url: str) -> str:
    """The host of a URL, without a user or a path, which may be secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
