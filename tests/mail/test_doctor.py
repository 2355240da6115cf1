"""doctor says of each mailbox how it does, in a line."""

from bot.config import Mail
from bot.mail.fetching.diagnosis import mailbox_findings
from storage.check import Severity
from tests.mail.arrivals import letter
from tests.mail.dovecot import Dovecot


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
