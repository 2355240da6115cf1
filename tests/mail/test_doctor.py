"""doctor says of each mailbox how it does, in a line."""

from pathlib import Path

from bot.config import Config, Mail
from bot.mail.fetching.diagnosis import mailbox_findings
from bot.mail.posting.diagnosis import outlet_findings, send_test_mails
from bot.templates import load_templates
from storage import outbox
from storage.check import Severity
from storage.sqlite import SQLiteDatabase
from tests.mail.arrivals import letter
from tests.mail.desk import mail_settings, mailbox
from tests.mail.dovecot import Dovecot
from tests.tickets.alerts.peers import Mailbox


async def test_doctor_has_a_line_for_each_mailbox_and_changes_none(dovecot: Dovecot) -> None:
    dovecot.deliver("fit", letter("fit"))
    handed = {"name": "handed", "address": "handed@example.com", "receive": "listener", "smtp_host": "127.0.0.1"}
    told = [
        dovecot.settings("fit"),
        dovecot.settings("locked-out", password="wrong-word"),
        dovecot.settings("lost", folder="Nowhere"),
        dovecot.settings("gone", imap_port=9),
        handed,
    ]
    findings = await mailbox_findings(Mail.model_validate({"listen_port": 8024, "mailboxes": told}))
    severities = [one.severity for one in findings]
    assert severities == [Severity.FINE, Severity.PROBLEM, Severity.PROBLEM, Severity.PROBLEM, Severity.FINE]
    fit, locked_out, lost, gone, handed_over = (one.sentence for one in findings)
    assert "INBOX holds 1 mails; announces new mails (IDLE)" in fit
    assert "refuses the login" in locked_out
    assert "wrong-word" not in locked_out
    assert "mailbox lost: 127.0.0.1" in lost
    assert "cannot be reached: Connection refused" in gone
    assert "LMTP at 127.0.0.1:8024" in handed_over
    with dovecot.client("fit") as client:
        assert client.search("SEEN") == []


async def test_doctor_logs_in_where_each_mailbox_sends_and_mails_a_test_when_asked() -> None:
    async with Mailbox().open() as relay, Mailbox(refuse={"RCPT": "550 5.7.1 not from here"}).open() as strict:
        boxes = [mailbox(relay.port), mailbox(strict.port, "strict"), mailbox(9, "gone")]
        config = Config.model_validate({"mail": mail_settings(*boxes, sending=False)})
        fine, also_fine, gone, stopped = await outlet_findings(config)
        assert [fine.severity, also_fine.severity, gone.severity] == [Severity.FINE, Severity.FINE, Severity.PROBLEM]
        assert "mailbox service (sending): 127.0.0.1" in fine.sentence
        assert "lets us in, but no login is set" in fine.sentence
        assert "the SMTP connection failed" in gone.sentence
        assert "mail.sending is false" in stopped.sentence
        assert relay.mails == []
        told = await send_test_mails(config, "operator@example.com", load_templates())
    assert [one.severity for one in told] == [Severity.FINE, Severity.PROBLEM, Severity.PROBLEM]
    assert told[0].sentence == "test mail from service: the server answered 250 OK."
    assert told[1].sentence == "test mail from strict: the SMTP server answered 550 5.7.1 not from here."
    assert [(mail["From"], mail["To"]) for mail in relay.mails] == [("service@example.com", "operator@example.com")]


async def test_a_test_mail_needs_a_mailbox_and_an_address() -> None:
    (none,) = await send_test_mails(Config.model_validate({}), "operator@example.com", load_templates())
    assert none.severity is Severity.PROBLEM
    config = Config.model_validate({"mail": mail_settings(mailbox(9))})
    (bad,) = await send_test_mails(config, "no address", load_templates())
    assert bad.sentence == "test mail from service: that address cannot be written."


async def test_letters_of_a_mailbox_that_is_gone_from_the_settings_are_named(
    tmp_path: Path, database: SQLiteDatabase
) -> None:
    await database.write(outbox.enqueue, "letter.former", "letter:1", {}, 0)
    config = Config.model_validate({"server": {"data_folder": tmp_path / "data"}})
    (found,) = await outlet_findings(config)
    assert found.severity is Severity.PROBLEM
    assert found.sentence == "1 letters wait in letter.former, whose mailbox is not in the settings."
