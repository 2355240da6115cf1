"""Alerts by mail against real SMTP servers, kind and unkind."""

from dataclasses import replace

import pytest

from tests.fakes import PATIENCE_S, outlast
from tests.tickets.alerts.peers import NOTICE, Mailbox, MoodySmtp
from tickets.alerts import DeliveryError, mail
from tickets.alerts.mail import MailSettings
from tickets.mail import smtp
from tickets.mail.smtp import Security


def settings_for(port: int, security: Security = Security.NONE) -> MailSettings:
    return MailSettings("127.0.0.1", port, "alerts@example.com", security, timeout_seconds=PATIENCE_S)


async def fail(settings: MailSettings) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await mail.send(settings, NOTICE)
    return caught.value


async def test_the_mail_arrives_with_its_words_and_says_that_a_machine_wrote_it() -> None:
    async with Mailbox().open() as mailbox:
        await mail.send(settings_for(mailbox.port), NOTICE)
    (message,) = mailbox.mails
    assert mailbox.recipients == [["zhou@example.com"]]
    assert (message["From"], message["To"], message["Subject"]) == (
        "alerts@example.com",
        "zhou@example.com",
        NOTICE.subject,
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert message.get_content().replace("\r\n", "\n").strip() == NOTICE.text


async def test_the_same_delivery_has_the_same_message_id_and_another_has_another() -> None:
    async with Mailbox().open() as mailbox:
        for notice in (NOTICE, NOTICE, replace(NOTICE, key="alert:0199-alert:mail:chen@example.com")):
            await mail.send(settings_for(mailbox.port), notice)
    first, second, other = (message["Message-ID"] for message in mailbox.mails)
    assert first == second != other
    assert first.endswith("@example.com>")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "permanent"),
    [("421 closing", False), ("450 busy", False), ("451 try later", False), ("550 no", True), ("554 never", True)],
)
async def test_4xx_is_temporary_and_5xx_is_permanent(command: str, reply: str, permanent: bool) -> None:
    async with Mailbox(refuse={command: reply}).open() as mailbox:
        error = await fail(settings_for(mailbox.port))
    assert error.permanent is permanent
    assert reply[:3] in error.reason
    assert mailbox.mails == []


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
async def test_a_server_that_hangs_or_hangs_up_is_left_soon_and_tried_again(step: str, cut: bool) -> None:
    async with MoodySmtp(step, cut).open() as server:
        error = await outlast(fail(settings_for(server.port)), lambda: server.hung > 0)
    assert not error.permanent


@pytest.mark.parametrize("cut", [False, True])
async def test_what_happens_after_the_server_took_the_mail_does_not_make_it_a_failure(
    cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "GOODBYE_SECONDS", 0.1)
    async with MoodySmtp("QUIT", cut).open() as server:
        await mail.send(settings_for(server.port), NOTICE)
    assert len(server.bodies) == 1


async def test_a_lost_final_reply_is_repeated_under_the_same_message_id() -> None:
    async with MoodySmtp("BODY", cut=True).open() as server:
        await fail(settings_for(server.port))
        await fail(settings_for(server.port))
    ids = [line for body in server.bodies for line in body.split(b"\r\n") if line.startswith(b"Message-ID:")]
    assert len(ids) == 2
    assert ids[0] == ids[1]


async def test_nobody_listening_is_temporary() -> None:
    async with Mailbox().open() as mailbox:
        port = mailbox.port
    assert not (await fail(settings_for(port))).permanent


async def test_without_the_encryption_that_was_asked_for_nothing_is_sent() -> None:
    async with Mailbox().open() as mailbox:
        assert (await fail(settings_for(mailbox.port, Security.STARTTLS))).permanent
        assert not (await fail(settings_for(mailbox.port, Security.TLS))).permanent
    assert mailbox.mails == []


async def test_a_login_that_the_server_does_not_offer_is_permanent() -> None:
    async with Mailbox().open() as mailbox:
        settings = replace(settings_for(mailbox.port), username="alerts", password="secret")
        error = await fail(settings)
    assert error.permanent
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "subject",
    [
        "超时\r\nBcc: x@example.com",
        "超时\nBcc: x@example.com",
        "超时\r\n Bcc: x@example.com",
        "=?utf-8?q?hi=0ABcc=3A_x=40example=2Ecom?=",
        "=?utf-8?b?aGkNCkJjYzogeEBleGFtcGxlLmNvbQ==?=",
        "=?utf-8?q?=3D=3Futf-8=3Fq=3Fhi=3D0ABcc=3D3A_x=3F=3D?=",
        "超时\x00\x0b\x0c\x85\u2028Bcc: x@example.com",
        "很长的主题" * 200,
    ],
)
async def test_no_subject_becomes_another_header(subject: str) -> None:
    async with Mailbox().open() as mailbox:
        await mail.send(settings_for(mailbox.port), replace(NOTICE, subject=subject))
    (message,) = mailbox.mails
    assert "Bcc" not in message
    assert mailbox.recipients == [["zhou@example.com"]]
    assert sorted(name.lower() for name in message if not name.startswith("X-")) == [
        "auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "message-id",
        "mime-version", "subject", "to",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "recipient",
    [
        "", "zhou", "@example.com", "zhou@", "zhou@example.com\nBcc: x@example.com",
        "zhou@example.com, x@example.com",
        "zhou@exa mple.com", "Zhou <zhou@example.com>", "=?utf-8?q?x=0ABcc=3A?=@example.com",
        "\ud800@example.com",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_a_permanent_error(recipient: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        mail.compose(settings_for(25), replace(NOTICE, recipient=recipient))
    assert caught.value.permanent
    assert "example.com" not in caught.value.reason


def test_text_that_cannot_be_encoded_is_a_permanent_error() -> None:
    with pytest.raises(DeliveryError) as caught:
        mail.compose(settings_for(25), replace(NOTICE, text="\ud800"))
    assert caught.value.permanent
