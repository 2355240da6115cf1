"""What follows from what a mail server said, and how fast mails follow each other to one domain."""

import pytest

from bot.mail.posting.outcome import Again, Outcome, Refused, Unknown, judge
from bot.mail.posting.pacing import APART_MS, Pacer
from tickets.mail.sent import SentState, Trouble, trouble_of
from tickets.mail.smtp import SmtpFailure, Step

MINUTE = 60_000


def failure(step: Step, code: int | None = None, words: str | None = None, **more: bool) -> SmtpFailure:
    return SmtpFailure("it failed", step, code, words, **more)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (failure(Step.ENTRY), Again("it failed")),
        (failure(Step.ENTRY, 535, "authentication failed"), Again("it failed", "authentication failed")),
        (failure(Step.ENTRY, lacking=True), Again("it failed")),
        (failure(Step.RECIPIENT, 452, "4.2.2 full"), Again("it failed", "4.2.2 full")),
        (failure(Step.RECIPIENT, 450, "greylisted"), Again("it failed", "greylisted", MINUTE, MINUTE)),
        (failure(Step.SENDER, 421, "closing"), Again("it failed", "closing", MINUTE, MINUTE)),
        (
            failure(Step.CONTENT, 550, "Ip frequency limited. service.mail.qq.com"),
            Again("it failed", "Ip frequency limited. service.mail.qq.com", 10 * MINUTE, 10 * MINUTE),
        ),
        (failure(Step.RECIPIENT, 554, "发信过于频繁"), Again("it failed", "发信过于频繁", 10 * MINUTE, 10 * MINUTE)),
        (
            failure(Step.RECIPIENT, 550, "5.1.1 who"),
            Refused(Trouble.NO_SUCH_ADDRESS, "it failed", "5.1.1", "5.1.1 who", dead=True),
        ),
        (
            failure(Step.RECIPIENT, 550, "收件人不存在"),
            Refused(Trouble.NO_SUCH_ADDRESS, "it failed", None, "收件人不存在", dead=True),
        ),
        (failure(Step.SENDER, 553, "no"), Refused(Trouble.SENDER_REFUSED, "it failed", None, "no")),
        (failure(Step.CONTENT, 554, "spam detected"), Refused(Trouble.POLICY, "it failed", None, "spam detected")),
        (failure(Step.SENDER, lacking=True), Refused(Trouble.UNWRITABLE, "it failed")),
        (failure(Step.CONTENT), Again("it failed")),
        (failure(Step.CONTENT, uncertain=True), Unknown("it failed", resting=False)),
    ],
)
def test_every_failure_has_one_consequence(failed: SmtpFailure, expected: Outcome) -> None:
    assert judge(failed, SentState.QUEUED) == expected


def test_what_is_uncertain_twice_rests() -> None:
    assert judge(failure(Step.CONTENT, uncertain=True), SentState.UNCERTAIN) == Unknown("it failed", resting=True)
    assert judge(failure(Step.CONTENT), SentState.UNCERTAIN) == Again("it failed")


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("5.1.100", None, Trouble.REFUSED),
        ("5.2.2", "user unknown", Trouble.MAILBOX_FULL),
        ("5.7.26", None, Trouble.POLICY),
        (None, "552 邮箱已满", Trouble.MAILBOX_FULL),
        (None, "over quota", Trouble.MAILBOX_FULL),
        (None, None, Trouble.REFUSED),
    ],
)
def test_a_status_goes_before_words(status: str | None, words: str | None, expected: Trouble) -> None:
    assert trouble_of(status, words) is expected


def test_two_go_to_one_domain_at_once_and_the_others_come_one_after_the_other() -> None:
    pacer = Pacer()
    assert [pacer.begin("qq.example.com", 0) for _ in range(4)] == [None, None, APART_MS, 2 * APART_MS]
    assert pacer.begin("163.example.com", 0) is None
    pacer.done("qq.example.com")
    assert pacer.begin("qq.example.com", APART_MS) is None


def test_a_domain_that_asks_for_patience_gets_it() -> None:
    pacer = Pacer()
    pacer.rest("qq.example.com", MINUTE, 0)
    assert pacer.begin("qq.example.com", 0) == MINUTE + APART_MS
    assert pacer.begin("qq.example.com", MINUTE) is None


def test_a_domain_gets_as_much_patience_and_no_more_when_the_clock_is_set_back() -> None:
    pacer, day = Pacer(), 1440 * MINUTE
    pacer.rest("qq.example.com", 10 * MINUTE, day)
    assert pacer.begin("qq.example.com", day + 4 * MINUTE) == day + 10 * MINUTE + APART_MS
    assert pacer.begin("qq.example.com", 0) == 6 * MINUTE + 2 * APART_MS
    pacer.rest("163.example.com", MINUTE, MINUTE)
    assert pacer.begin("163.example.com", MINUTE) == 2 * MINUTE + APART_MS
    assert pacer.begin("qq.example.com", 6 * MINUTE - 1) is not None
    assert pacer.begin("qq.example.com", 6 * MINUTE) is None
