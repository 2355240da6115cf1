"""The ledger of mails, one mail's page, and who may see and do what with them."""

import re

import pytest

from storage.blobs import Blobs
from storage.database import Transaction
from tests.console.cast import MINUTE
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.mails import Sample, keep, laid_down, write_in
from tickets.mail import ledger, mailboxes
from tickets.model import Ticket

QUARANTINED = Sample(sender="wei@example.net", name="魏", subject="读不懂的信", state="quarantined")
VACATION = Sample(
    sender="vacation@example.net",
    subject="自动回复：外出",
    verdict={"reason": "auto_submitted", "outcome": "set_aside", "authenticity": "unverified"},
)


async def keep_mail(console: Console, sample: Sample) -> str:
    blobs = Blobs(console.database.folder)
    return await console.database.write(keep, laid_down(blobs, sample), sample)


async def mail_ticket(console: Console, sample: Sample, whole: str | None = None) -> tuple[Ticket, str]:
    blobs = Blobs(console.database.folder)
    return await console.database.write(write_in, laid_down(blobs, sample), sample, whole)


@pytest.fixture
async def supervisor(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.supervisor)


@pytest.fixture
async def agent(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.li)


async def test_the_ledger_lists_every_mail_with_what_became_of_it(console: Console, supervisor: Browser) -> None:
    ticket, _ = await mail_ticket(console, Sample())
    await keep_mail(console, VACATION)
    await keep_mail(console, QUARANTINED)
    _, text = await supervisor.open("/console/mail")
    for told in ("刹车异响怎么办", "zhang.min@example.net", ticket.number, "已验证", "自动邮件", "已隔离，待处理"):
        assert told in text
    assert "未验证" in text
    assert "共 3 封" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=quarantined", {"读不懂的信"}),
        ("outcome=set_aside", {"自动回复：外出"}),
        ("reason=*", {"自动回复：外出"}),
        ("reason=auto_submitted", {"自动回复：外出"}),
        ("sender=verified", {"刹车异响怎么办"}),
        ("sender=unverified", {"自动回复：外出"}),
        ("mailbox=service", {"刹车异响怎么办", "自动回复：外出", "读不懂的信"}),
        ("mailbox=other", set()),
        ("q=ZHANG.MIN", {"刹车异响怎么办"}),
        ("q=%E5%BC%A0%E6%95%8F", {"刹车异响怎么办", "自动回复：外出"}),
        ("q=%25", set()),
        ("first=2026-11-24&last=2026-11-24", {"刹车异响怎么办", "自动回复：外出", "读不懂的信"}),
        ("first=2026-11-25", set()),
        ("last=2026-11-23", set()),
        ("first=nonsense&state=nonsense", {"刹车异响怎么办", "自动回复：外出", "读不懂的信"}),
    ],
)
async def test_the_ledger_is_filtered(console: Console, supervisor: Browser, query: str, found: set[str]) -> None:
    for sample in (Sample(), VACATION, QUARANTINED):
        await keep_mail(console, sample)
    status, text = await supervisor.open(f"/console/mail?{query}")
    assert status == 200
    assert set(re.findall(r'class="entry-link"[^>]*>([^<]+)<', text)) == found


async def test_every_count_of_the_ledger_leads_to_what_it_counts(console: Console, supervisor: Browser) -> None:
    for sample in (Sample(), VACATION, QUARANTINED, Sample(subject="第二封")):
        await keep_mail(console, sample)
    _, text = await supervisor.open("/console/mail")
    counts = re.findall(r'class="mail-count[^"]*" href="([^"]+)"[^>]*><strong class="number">(\d+)<', text)
    assert sorted(int(count) for _, count in counts) == [0, 1, 1, 2, 3]
    for address, count in counts:
        _, led = await supervisor.open(address.replace("&amp;", "&"))
        assert led.count('class="entry-link"') == int(count)


async def test_an_empty_ledger_says_what_comes_next_and_pages_are_turned(console: Console, supervisor: Browser) -> None:
    assert "还没有收到邮件" in (await supervisor.open("/console/mail"))[1]
    assert "没有待处理的邮件" in (await supervisor.open("/console/mail?state=quarantined"))[1]
    for number in range(ledger.PAGE + 1):
        await keep_mail(console, Sample(subject=f"第 {number} 封"))
    _, first = await supervisor.open("/console/mail?sender=verified")
    assert first.count('class="entry-link"') == ledger.PAGE
    assert "sender=verified&amp;page=2" in first
    assert (await supervisor.open("/console/mail?page=99"))[1].count('class="entry-link"') == 1


async def test_a_mails_page_says_its_verdict_in_sentences(console: Console, supervisor: Browser) -> None:
    mail_id = await keep_mail(
        console,
        Sample(
            verdict={"reason": "suppress", "thread_rule": "stored", "authenticity": "unverified", "doubtful": 1},
            headers="X-Auto-Response-Suppress: All\r\nAuthentication-Results: mx.example.com; dkim=none\r\n",
        ),
    )
    status, text = await supervisor.open(f"/console/mail/{mail_id}")
    assert status == 200
    for told in (
        "由人回复：对方的邮件系统请求不要自动回复，但信是人写的。",
        "引用了这个会话里的邮件，而且发件人是会话的参与者。",
        "不透露客户资料",
        "utf-8（猜测",
        "mx.example.com; dkim=none",
        "刹车时有异响",
    ):
        assert told in text


async def test_a_verdict_without_words_is_shown_as_it_is(console: Console, supervisor: Browser) -> None:
    mail_id = await keep_mail(console, Sample(verdict={"reason": "brand_new", "thread_rule": "<b>odd</b>"}))
    _, text = await supervisor.open(f"/console/mail/{mail_id}")
    assert "brand_new" in text
    assert "&lt;b&gt;odd&lt;/b&gt;" in text


async def test_the_raw_mail_is_a_download_that_no_browser_opens_and_a_text_that_runs_nothing(
    console: Console, supervisor: Browser
) -> None:
    sample = Sample(text="<script>alert(1)</script>\u202e", headers='X-Odd: "><img src=x>\r\n')
    mail_id = await keep_mail(console, sample)
    async with supervisor.session.get(f"{console.origin}/console/mail/{mail_id}/raw.eml") as response:
        assert await response.read() == sample.raw
        assert response.headers["Content-Disposition"] == f'attachment; filename="mail-{mail_id}.eml"'
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.content_type == "application/octet-stream"
    _, text = await supervisor.open(f"/console/mail/{mail_id}?view=source")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "\u202e" not in text


async def test_a_mail_whose_bytes_are_gone_is_still_told(console: Console, supervisor: Browser) -> None:
    mail_id = await console.database.write(keep, "0" * 64, Sample())
    status, text = await supervisor.open(f"/console/mail/{mail_id}")
    assert status == 200
    assert "原始邮件已不在磁盘上" in text
    assert (await supervisor.open(f"/console/mail/{mail_id}/raw.eml"))[0] == 404


async def test_agents_see_the_mail_behind_a_ticket_and_no_other(console: Console, agent: Browser) -> None:
    ticket, of_ticket = await mail_ticket(console, Sample())
    foreign = await keep_mail(console, VACATION)
    for ending in ("", "/text", "/raw.eml"):
        assert (await agent.open(f"/console/mail/{of_ticket}{ending}", **{"X-Fetch": "1"}))[0] == 200, ending
        assert (await agent.open(f"/console/mail/{foreign}{ending}", **{"X-Fetch": "1"}))[0] == 404, ending
    assert (await agent.open("/console/mail"))[0] == 403
    _, text = await agent.open(f"/console/mail/{of_ticket}")
    assert f"/console/tickets/{ticket.number}" in text
    assert 'href="/console/mail"' not in text


async def test_a_quarantined_mail_is_read_again_once_by_who_saw_it_as_it_is(
    console: Console, supervisor: Browser, agent: Browser
) -> None:
    mail_id = await keep_mail(console, QUARANTINED)
    _, text = await supervisor.open(f"/console/mail/{mail_id}")
    assert "这封邮件等人处理" in text
    address = f"/console/mail/{mail_id}/read-again"
    assert (await agent.send(address, seen=1)).status == 403
    assert (await supervisor.send(address, seen=7)).status == 409
    assert (await supervisor.send(address, csrf=None, seen=1)).status == 403
    assert (await supervisor.send(address, fetch=False, seen=1)).status == 303
    row = await console.database.read(ledger.find, mail_id)
    assert row is not None
    assert (row.state, row.attempts) == ("waiting", 0)
    assert (await supervisor.send(address, seen=1)).status == 409


async def test_a_quarantined_mail_that_needs_nobody_leaves_the_bar_and_stays_in_the_ledger(
    console: Console, supervisor: Browser, agent: Browser
) -> None:
    mail_id = await keep_mail(console, QUARANTINED)
    assert "不用再看" in (await supervisor.open(f"/console/mail/{mail_id}"))[1]
    address = f"/console/mail/{mail_id}/done"
    assert (await agent.send(address, seen=1)).status == 403
    assert (await supervisor.send(address, seen=7)).status == 409
    assert (await supervisor.send(address, fetch=False, seen=1)).status == 303
    assert "被隔离" not in (await supervisor.open("/console"))[1]
    _, text = await supervisor.open(f"/console/mail/{mail_id}?done=mail_done")
    assert "已标记为无需处理" in text
    assert "不用再看" not in text
    assert (await supervisor.send(address, seen=1)).status == 409


async def test_a_mailbox_that_is_not_read_for_ten_minutes_is_on_every_page(console: Console, agent: Browser) -> None:
    def break_down(tx: Transaction) -> None:
        mailboxes.position(tx, "service", console.clock.now)
        mailboxes.in_trouble(tx, "service", "<b>no login</b>", console.clock.now)

    await console.database.write(break_down)
    console.clock.pass_by(10 * MINUTE - 1)
    assert 'class="news"' not in (await agent.open("/console"))[1]
    console.clock.pass_by(MINUTE)
    _, text = await agent.open("/console")
    assert "邮箱 service 已经 10 分没有读到来信" in text
    assert "<b>no login" not in text
    await console.database.write(mailboxes.seen_whole, "service", console.clock.now)
    assert 'class="news"' not in (await agent.open("/console/news"))[1]


async def test_the_bar_on_every_page_counts_quarantined_mails_and_leads_to_them(
    console: Console, supervisor: Browser, agent: Browser, new_browser: NewBrowser
) -> None:
    assert 'class="news"' not in (await supervisor.open("/console"))[1]
    await keep_mail(console, QUARANTINED)
    for path in ("/console", "/console/knowledge", "/console/mail", "/console/news"):
        _, text = await supervisor.open(path)
        assert "有 1 封邮件被隔离，等人处理。" in text, path
        assert "/console/mail?state=quarantined" in text, path
    _, text = await agent.open("/console")
    assert "请告诉主管" in text
    reader = await new_browser.of(console.cast.reader)
    assert "被隔离" not in (await reader.open("/console/knowledge"))[1]
