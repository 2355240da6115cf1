"""What machines say of our mails is read; what people say of returned mails is not taken for it."""

import time

import pytest

from bot.gateway.mime import parse
from bot.mail.model import Failure, Mail, Mailbox, Part
from bot.mail.reports.bounces import ReportKind, read
from bot.mail.reports.statuses import Severity, severity
from bot.mail.standing import Rule, judge

STATUS = b"""Reporting-MTA: dns; mx.example.net

Original-Recipient: rfc822;Li.Lei@example.org
Final-Recipient: rfc822;li@inner.example.org
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 5.1.1 <li@inner.example.org>: Recipient address
 rejected: User unknown

Final-Recipient: rfc822; han@example.org
Action: Delayed (again)
Status: 4.4.1 (timed out)
"""
HEADERS = b"Message-ID:\n <t7.12.abc@example.cn>\nTo: Li <li.lei@example.org>\nSubject: x\n\nMessage-ID: <other@x>\n"


def report(part: str, content: bytes, returned: str = "message/rfc822", **told: object) -> Mail:
    """A mail whose parts are a report and what came back."""
    return Mail(
        senders=(Mailbox(str(told.get("sender", "mailer-daemon@example.net"))),),
        to=(Mailbox("kefu@example.cn"),),
        headers={"content-type": (str(told.get("type", f"multipart/report; report-type={part}")),)},
        report_type=str(told["kind"]) if "kind" in told else part,
        parts=(Part("1", f"message/{part}", content), Part("2", returned, HEADERS)),
        return_path=None,
    )


def test_a_standard_report_names_each_recipient_with_its_finest_status() -> None:
    found = read(report("delivery-status", STATUS))
    assert found is not None
    first, second = found.failures
    assert (first.recipient, first.action, first.status) == ("li@inner.example.org", "failed", "5.1.1")
    assert (second.recipient, second.action, second.status) == ("han@example.org", "delayed", "4.4.1")
    assert (found.original_id, found.original_recipient) == ("t7.12.abc@example.cn", "li.lei@example.org")


@pytest.mark.parametrize("returned", ["text/rfc822-headers", "message/rfc822", "text/rfc822-header"])
def test_the_returned_mail_says_which_it_was(returned: str) -> None:
    found = read(report("delivery-status", b"", returned))
    assert found is not None
    assert (found.original_id, found.original_recipient) == ("t7.12.abc@example.cn", "li.lei@example.org")


def test_that_a_mail_was_read_or_complained_of_is_no_bounce() -> None:
    seen = read(report("disposition-notification", b"Original-Message-ID: <a@b.cn>\nFinal-Recipient: rfc822;x@y.cn\n"))
    assert seen is not None
    assert (seen.kind, seen.original_id, seen.failures) == (ReportKind.DISPOSITION, "a@b.cn", ())
    angry = read(report("feedback-report", b"Feedback-Type: abuse\nOriginal-Rcpt-To: <li@example.org>\n"))
    assert angry is not None
    assert (angry.kind, angry.original_recipient, angry.failures) == (ReportKind.COMPLAINT, "li@example.org", ())


def test_a_report_without_its_type_is_known_by_its_part_and_within_other_mails_by_its_daemon() -> None:
    unnamed = report("delivery-status", STATUS, type="multipart/report", kind="")
    assert read(unnamed) is not None
    mixed = report("delivery-status", STATUS, type="multipart/mixed", kind="")
    assert read(mixed) is not None
    assert read(report("delivery-status", STATUS, type="multipart/mixed", kind="", sender="li@example.org")) is None


def raw(sender: str, subject: str, text: str, *headers: str) -> bytes:
    lines = [f"From: {sender}", "To: kefu@example.cn", f"Subject: {subject}", *headers]
    return ("\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", text])).encode()


QMAIL = """Hi. This is the qmail-send program at example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<li.lei@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.2.2 Mailbox full

<han@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <kefu@example.cn>
Message-ID: <t7.12.abc@example.cn>
To: li.lei@example.org
"""
EXIM = """This message was created automatically by mail delivery software.

  li.lei@example.org
    host mx.example.org [192.0.2.1]: 550 Unrouteable address

------ This is a copy of the message, including all the headers. ------

Message-Id: <t7.12.abc@example.cn>
"""
NETEASE = """抱歉，您的邮件被退回来了……
收件人邮件地址（li.lei@example.org）不存在，邮件无法送达。
SMTP error, RCPT TO: 550 User not found: li.lei@example.org

Message-ID: <t7.12.abc@example.cn>
"""


@pytest.mark.parametrize(
    ("mail", "recipients", "found"),
    [
        (raw("MAILER-DAEMON@example.net", "failure notice", QMAIL), ["li.lei@example.org", "han@example.org"], 1),
        (
            raw("Mailer-Daemon@example.net", "Mail delivery failed", EXIM, "X-Failed-Recipients: li.lei@example.org"),
            ["li.lei@example.org"],
            1,
        ),
        (raw("Postmaster@example.net", "系统退信", NETEASE), ["li.lei@example.org"], 1),
        (raw("PostMaster <10000@example.net>", "来自example.net的退信", NETEASE), ["li.lei@example.org"], 1),
        (raw("x@example.net", "未送达: 轮胎", "", "Return-Path: <>"), [None], 0),
        (raw("postmaster@example.net", "来自postmaster@example.net的退信", "很抱歉", "X-Aliyun-Bounce: 1"), [None], 0),
    ],
)
def test_reports_in_words_are_read(mail: bytes, recipients: list[str | None], found: int) -> None:
    read_mail = parse(mail)
    assert judge(read_mail).is_bounce
    assert [failure.recipient for failure in read_mail.failures] == recipients
    assert read_mail.original_id == ("t7.12.abc@example.cn" if found else None)


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("Mail Administrator <admin@example.net>", "Mail System Error - Returned Mail"),
        ("System Administrator <admin@example.net>", "Undeliverable: order"),
        ("post_master@example.net", "Undeliverable Message"),
        ("MAILER-DAEMON@example.net", "FAILURE NOTICE :"),
        ("postmaster@example.net", "DELIVERY FAILURE: User not listed"),
        ("mailer-daemon@example.net", "Message delivery has failed"),
        ("mailer-daemon@example.net", "There was an error sending your mail"),
        ("postmaster@example.net", "メール配信に失敗しました"),
        ("postmaster@example.net", "Unzustellbar: Bestellung"),
        ("postmaster@example.net", "無法傳遞: 訂單"),
        ("系统管理员 <admin@example.net>", "投递失败"),
        ("postmaster@example.net", "邮件发送失败"),
    ],
)
def test_a_daemon_that_says_so_in_its_subject_reports(sender: str, subject: str) -> None:
    assert judge(parse(raw(sender, subject, "550 5.1.1 li.lei@example.org"))).is_bounce
    assert not judge(parse(raw("li.lei@example.org", subject, "550 5.1.1"))).is_bounce


def test_a_complaint_without_a_report_is_known_by_who_sends_it() -> None:
    subject = "complaint about message from 192.0.2.1"
    assert judge(parse(raw("staff@hotmail.com", subject, ""))).reason is Rule.COMPLAINT
    assert judge(parse(raw("li.lei@example.org", subject, ""))).reason is Rule.NONE


def test_the_words_of_each_recipient_are_kept_apart() -> None:
    full, unknown = parse(raw("MAILER-DAEMON@example.net", "failure notice", QMAIL)).failures
    assert (full.status, severity(full)) == ("5.2.2", Severity.SOFT)
    assert (unknown.status, severity(unknown)) == ("5.1.1", Severity.HARD)
    (unroutable,) = parse(raw("Mailer-Daemon@example.net", "Delayed", EXIM, "X-Failed-Recipients: a@b.cn")).failures
    assert "550" in (unroutable.diagnostic or "")


@pytest.mark.parametrize(
    "mail",
    [
        raw("li.lei@example.org", "退信", "我给你们发的邮件被退回了，550 5.1.1"),
        raw("li.lei@example.org", "系统退信怎么办", NETEASE),
        raw("li.lei@example.org", "Undeliverable: my parcel", EXIM),
        raw("li.lei@example.org", "投递失败的快递", "快递投递失败"),
        raw("postmaster@example.net", "你好", "我是管理员，想问一下轮胎"),
        raw("li.lei@example.org", "自动回复：Re: 退信的问题", "我在休假", "Return-Path: <>"),
        raw("li.lei@example.org", "Automatic reply: Undeliverable parcel", "I am away", "Return-Path: <>"),
        raw("li.lei@example.org", "Fwd: failure notice", f"这是什么意思？\n\n{QMAIL}"),
    ],
)
def test_what_a_person_writes_about_returned_mail_is_no_bounce(mail: bytes) -> None:
    assert not judge(parse(mail)).is_bounce


@pytest.mark.parametrize(
    ("action", "status", "said", "grave"),
    [
        ("failed", "5.1.1", None, Severity.HARD),
        ("failed", "5.1.10", None, Severity.HARD),
        ("failed", "5.1.2", None, Severity.HARD),
        ("failed", "5.2.1", None, Severity.HARD),
        ("failed", "5.2.2", None, Severity.SOFT),
        ("failed", "5.3.4", "message too big", Severity.SOFT),
        ("failed", "4.4.7", "delivery time expired", Severity.SOFT),
        ("failed", None, "421 try again", Severity.SOFT),
        ("delayed", "4.4.1", None, Severity.DELAYED),
        ("delayed", "5.1.1", None, Severity.DELAYED),
        ("failed", "5.7.1", "User unknown", Severity.POLICY),
        ("failed", "5.1.8", None, Severity.POLICY),
        ("failed", "5.0.0", "550 User unknown", Severity.HARD),
        ("failed", "5.0.0", "550 Mailbox not found", Severity.HARD),
        ("failed", None, "550 收件人不存在", Severity.HARD),
        ("failed", None, "550 User not found: li@example.org", Severity.HARD),
        ("failed", None, "550 The recipient may contain a non-existent account", Severity.HARD),
        ("failed", None, "550 Mailbox unavailable or access denied", Severity.POLICY),
        ("failed", None, "550 Ip frequency limited. http://service.mail.qq.com/", Severity.POLICY),
        ("failed", "5.0.0", "550 DMARC check failed.", Severity.POLICY),
        ("failed", None, "552 邮箱空间已满", Severity.SOFT),
        ("failed", None, None, Severity.SOFT),
        ("delivered", "2.0.0", None, Severity.NONE),
        ("relayed", "5.1.1", None, Severity.NONE),
    ],
)
def test_only_a_sure_word_makes_an_address_dead(
    action: str, status: str | None, said: str | None, grave: Severity
) -> None:
    assert severity(Failure("li@example.org", action, status, said)) is grave


@pytest.mark.parametrize(
    "unit",
    ["a@b.cn\n", "<a@b.cn>:\n", "a", "@", "a@", "a.", "-", "-- \n", "Message-ID:\n", "\n", " \n", "550 ", "用户", ";"],
)
def test_hostile_reports_take_no_longer_than_their_length(unit: str) -> None:
    text = (unit * (100_000 // len(unit)))[:100_000]
    begun = time.process_time()
    mail = report("delivery-status", text.encode())
    read(mail)
    read(Mail(return_path="", subject=f"failure notice {text}", text=text))
    severity(Failure("a@b.cn", "failed", None, text))
    assert time.process_time() - begun < 5
