"""Mails that cannot be read, reports of machines, floods, restarts: nothing is lost, nothing is said twice."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from bot.keys import BLOBS
from bot.mail.model import Mail
from bot.mail.settling.reading import Reading
from bot.mail.settling.settle import House, settle
from bot.mail.standing import Standing, judge
from storage.database import Row, Transaction, new_id
from storage.errors import StorageUnavailable
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Clock
from tests.mail.arrivals import until
from tests.mail.post import DESK, SETTINGS, Post, mail
from tickets import attachments
from tickets.attachments import Attachment
from tickets.mail import dead_addresses, sent
from tickets.mail.inbox import MOST_TRIES, Outcome, Withheld

POISON = "毒丸"


@pytest.fixture
async def post(start_server: StartServer) -> Post:
    """A server with one mailbox."""
    return Post(await start_server(mail=SETTINGS))


@pytest.fixture
def poisonous(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Something in reading breaks on one kind of mail, until the cure is called."""
    sick = [True]

    def breaks(read: Mail, own: frozenset[str]) -> Standing:
        if sick and POISON in read.subject:
            raise RuntimeError("nobody foresaw this")
        return judge(read, own)

    monkeypatch.setattr("bot.mail.settling.loop.judge", breaks)
    return sick.clear


async def exhausted(post: Post, clock: Clock, mail_id: str) -> Row:
    """The mail after all of its tries."""

    async def is_tried(times: int) -> bool:
        row = await post.row(mail_id)
        return bool(row["state"] == "quarantined" or (row["attempts"] == times and row["last_error"]))

    for times in range(1, MOST_TRIES + 1):
        await until(lambda times=times: is_tried(times))  # type: ignore[misc]
        clock.advance(30_000)
        await post.wake()
    return await post.verdict(mail_id)


async def files(post: Post, row: Row) -> list[Attachment]:
    found = await post.server.database.read(attachments.of_conversation, row["conversation_id"])
    return found.get(row["said_id"], [])


async def test_one_poisonous_mail_in_a_hundred_holds_up_none_and_is_shown_raw(
    post: Post, clock: Clock, poisonous: Callable[[], None]
) -> None:
    ids = []
    for number in range(100):
        subject = POISON if number == 50 else f"第 {number} 封"
        ids.append(await post.hand_in(mail(f"c{number}@example.cn", subject=subject, auto_submitted="no")))
    healthy = [id for id in ids if id != ids[50]]

    async def others_are_settled() -> bool:
        rows = {row["id"]: row for row in await post.rows()}
        return all(rows[id]["state"] == "settled" for id in healthy)

    await until(others_are_settled)
    assert (await post.row(ids[50]))["state"] == "waiting"
    stuck = await exhausted(post, clock, ids[50])
    assert (stuck["state"], stuck["outcome"], stuck["attempts"]) == ("quarantined", "unreadable", MOST_TRIES)
    raw = (await files(post, stuck))[0]
    assert (raw.name, raw.content_type, raw.mark) == ("original.eml", "message/rfc822", "message")
    assert POISON not in post.server.app[BLOBS].read(raw.hash).decode()  # encoded, as it came
    ticket = await post.ticket(stuck["conversation_id"])
    assert ticket.status == "new"
    poisonous()
    cured = await post.replay(ids[50])
    assert (cured["state"], cured["outcome"], cured["said_id"]) == ("settled", "opened", stuck["said_id"])
    said = await post.customer_said(cured["conversation_id"])
    assert [one.text for one in said] == ["我的订单什么时候发货，已经等了很久了"]


async def test_a_mail_whose_bytes_are_gone_from_the_disk_is_told_of(post: Post, clock: Clock) -> None:
    mail_id = await post.hand_in(mail(), raw_hash="0" * 64)
    gone = await exhausted(post, clock, mail_id)
    assert (gone["state"], gone["last_error"]) == ("quarantined", "gave_up: BlobMissing")


async def test_a_mail_that_was_read_in_part_is_a_ticket_with_the_raw_mail_and_gets_no_answer(post: Post) -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(80))
    raw = mail(text="x").partition(b"Content-Type")[0] + deep + b"Content-Type: text/plain\r\n\r\n" + b"hidden\r\n"
    row = await post.settled(raw)
    assert (row["state"], row["outcome"]) == ("quarantined", "unreadable")
    assert next(one.name for one in await files(post, row)) == "original.eml"
    await post.ticket(row["conversation_id"])
    said = await post.said(row["conversation_id"])
    assert said[0].trace["silent"] == "unreadable"
    assert "原始邮件" in said[0].text
    assert await post.sent(row["conversation_id"]) == []


async def test_a_mail_that_was_too_large_is_a_ticket_that_says_where_it_is(post: Post) -> None:
    row = await post.settled(mail(text=""), withheld=Withheld.TOO_LARGE, size=30 * 1024 * 1024)
    assert (row["state"], row["outcome"]) == ("quarantined", "withheld")
    said = await post.said(row["conversation_id"])
    assert "30.0 MB" in said[0].text
    await post.ticket(row["conversation_id"])


async def test_a_mail_from_nobody_or_from_two_is_a_ticket_of_its_own(post: Post) -> None:
    nobody = await post.settled(mail().replace(b"From: lin@example.cn\r\n", b""))
    two = await post.settled(mail("lin@example.cn, wang@example.cn"))
    assert nobody["conversation_id"] != two["conversation_id"]
    for row in (nobody, two):
        await post.ticket(row["conversation_id"])
        assert await post.sent(row["conversation_id"]) == []


def bounce(
    number: int,
    *,
    about: str = "",
    to: str = DESK,
    status: str = "5.1.1",
    action: str = "failed",
    words: str = "550 no such user",
) -> bytes:
    """A report as RFC 3464 wants it, about the mail with this Message-ID."""
    return f"""Return-Path: <>\r
From: MAILER-DAEMON@mx{number}.example.net\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <bounce-{number}@mx.example.net>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
I'm sorry to have to inform you.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.net\r
\r
Final-Recipient: rfc822; lin@example.cn\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; {words}\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <{about}>\r
--b--\r
""".encode()


async def test_a_bounce_is_kept_with_its_mail_and_wakes_nobody(post: Post) -> None:
    opened = await post.settled(mail())
    conversation_id = opened["conversation_id"]
    ticket, said = await post.ticket(conversation_id), len(await post.said(conversation_id))
    first = await post.sends(conversation_id, "lin@example.cn", new_id())
    second = await post.sends(conversation_id, "lin@example.cn", new_id())
    late = await post.settled(bounce(1, about=first.message_id, status="4.4.1", action="delayed"))
    hard = await post.settled(bounce(2, about=first.message_id))
    verp = await post.settled(bounce(3, to=post.signer.bounce_address(DESK, second.id)))
    assert [one["outcome"] for one in (late, hard, verp)] == ["report"] * 3
    assert [one["sent_id"] for one in (late, hard, verp)] == [first.id, first.id, second.id]
    events = [one.action for one in await post.events(ticket)]
    assert events.count("mail_delayed") == 1
    assert events.count("mail_bounced") == 2
    states = {one.id: one.state for one in await post.server.database.read(sent.of_conversation, conversation_id)}
    assert states[first.id] == states[second.id] == "bounced"
    assert await post.server.database.read(dead_addresses.get, "lin@example.cn") is not None
    assert (await post.ticket(conversation_id)).status == ticket.status
    assert len(await post.said(conversation_id)) == said


@pytest.mark.parametrize(
    ("words", "dead"),
    [
        ("550 User not found: lin@example.cn", True),
        ("550 收件人不存在", True),
        ("550 Mailbox unavailable or access denied", False),
        ("552 邮箱空间已满", False),
    ],
)
async def test_an_address_is_dead_too_where_only_the_words_of_its_server_say_so(
    post: Post, words: str, dead: bool
) -> None:
    conversation_id = (await post.settled(mail()))["conversation_id"]
    ours = await post.sends(conversation_id, "lin@example.cn", new_id())
    await post.settled(bounce(1, about=ours.message_id, status="5.0.0", words=words))
    returned = await post.server.database.read(sent.get, ours.id)
    assert returned is not None
    assert (returned.state, returned.reason == "no_such_address") == ("bounced", dead)
    assert (await post.server.database.read(dead_addresses.get, "lin@example.cn") is not None) is dead


async def test_a_forged_bounce_says_nothing_about_anybody(post: Post) -> None:
    conversation_id = (await post.settled(mail()))["conversation_id"]
    ours = await post.sends(conversation_id, "lin@example.cn", new_id())
    unsigned = f"m{'a' * 26}.{'a' * 16}@example.com"
    for number, about in enumerate((unsigned, f"{ours.id}@example.com", "", "x@example.cn")):
        assert (await post.settled(bounce(number, about=about)))["outcome"] == "set_aside"
    assert await post.server.database.read(dead_addresses.get, "lin@example.cn") is None


async def test_a_flood_of_bounces_and_automatic_mails_opens_nothing_and_is_not_answered(
    post: Post, pytestconfig: pytest.Config
) -> None:
    many: int = pytestconfig.getoption("--bounces")
    for number in range(many):
        await post.hand_in(bounce(number))
        await post.hand_in(mail(text=f"休假 {number}", auto_submitted="auto-replied"))
        last = await post.hand_in(b"Return-Path: <>\r\n" + mail(text=f"空 {number}"))
    await post.verdict(last, seconds=60)
    counted = Counter(row["outcome"] for row in await post.rows())
    assert counted == {"set_aside": 3 * many}
    assert await post.count("conversation") == await post.count("sent_mail") == await post.count("ticket") == 0


async def test_what_was_handed_over_without_a_sender_is_a_machines(post: Post) -> None:
    row = await post.settled(mail(), envelope_from="")
    assert (row["outcome"], row["reason"]) == ("set_aside", "null_sender")


async def test_many_mails_are_settled_turn_by_turn(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.mail.settling.loop.TURN_S", 0.0)
    ids = [await post.hand_in(mail(f"c{number}@example.cn")) for number in range(10)]
    assert {(await post.verdict(id))["outcome"] for id in ids} == {"opened"}


async def test_a_restart_in_the_middle_loses_and_doubles_nothing(post: Post, clock: Clock) -> None:
    ids = [await post.hand_in(mail(f"c{number}@example.cn", subject=f"{number}")) for number in range(20)]
    await post.server.stop()
    await post.server.start()
    clock.advance(2_000)
    await post.wake()
    for id in ids:
        assert (await post.verdict(id))["outcome"] == "opened"
    assert await post.count("conversation") == 20


async def test_a_mail_whose_reading_does_not_end_is_shown_raw_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def hangs(raw: bytes, spent: Callable[[], bool]) -> Mail:
        ended.wait(PATIENCE_S)
        return Mail()

    monkeypatch.setattr("bot.mail.settling.loop.parse", hangs)
    monkeypatch.setattr("bot.mail.settling.loop.READ_WITHIN_S", 0.05)
    monkeypatch.setattr("bot.mail.settling.loop.GRACE_S", 0.05)
    row = await post.settled(mail())
    ended.set()
    assert (row["outcome"], row["attempts"]) == ("unreadable", 1)
    assert [one.name for one in await files(post, row)] == ["original.eml"]


async def test_trouble_with_the_storage_counts_as_nobodys_try(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [StorageUnavailable("the disk is away")] * (MOST_TRIES + 3)

    def troubled(tx: Transaction, reading: Reading, house: House, now: int) -> Outcome | None:
        if failures:
            raise failures.pop()
        return settle(tx, reading, house, now)

    monkeypatch.setattr("bot.mail.settling.loop.settle", troubled)
    monkeypatch.setattr("bot.workers.AFTER_TROUBLE_S", 0.01)
    row = await post.settled(mail())
    assert (row["outcome"], row["attempts"], failures) == ("opened", 1, [])


async def test_a_complaint_makes_an_address_dead_and_a_receipt_is_kept(post: Post) -> None:
    conversation_id = (await post.settled(mail()))["conversation_id"]
    ticket = await post.ticket(conversation_id)
    ours = await post.sends(conversation_id, "lin@example.cn", new_id())
    delivery = bounce(1, about=ours.message_id)
    receipt = delivery.replace(b"report-type=delivery-status", b"report-type=disposition-notification").replace(
        b"message/delivery-status", b"message/disposition-notification"
    )
    complaint = delivery.replace(b"report-type=delivery-status", b"report-type=feedback-report").replace(
        b"message/delivery-status", b"message/feedback-report"
    )
    assert (await post.settled(receipt))["sent_id"] == ours.id
    assert await post.server.database.read(dead_addresses.get, "lin@example.cn") is None
    assert (await post.settled(complaint))["sent_id"] == ours.id
    assert await post.server.database.read(dead_addresses.get, "lin@example.cn") is not None
    assert [one.action for one in await post.events(ticket)].count("mail_complaint") == 1
