"""Mails in a real Chromium: what hostile HTML does, which is nothing, and how the pages are used."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Dialog, Frame, Page, Request, expect

from storage import outbox
from storage.blobs import Blobs
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.console.conftest import build
from tests.console.mails import Sample, keep, laid_down, write_in
from tests.console.test_mail_tickets import reply_by_mail
from tests.fakes import eventually
from tickets.mail import mailboxes, sent
from tickets.mail.sent import SentMail, SentState, Trouble
from tickets.model import Agent, Ticket

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ENCLOSED = (
    "--b\r\nContent-Type: image/png\r\nContent-ID: <pixel@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    f"{base64.b64encode(PIXEL).decode()}\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-ID: <evil@x>\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><image href='{trap}/svg'/></svg>\r\n"
)
# Each asks the trap, speaks up or leaves the page if a browser takes it for what it wants to be.
HOSTILE = [
    "<script>alert(1); fetch('{trap}/script')</script>",
    '<img src=x onerror="alert(1)"><body onload="alert(1)">',
    "<img src={trap}/img><img srcset='{trap}/srcset 1x'><picture><source srcset={trap}/source><img></picture>",
    "<img src='//{host}/relative'><input type=image src={trap}/input><video poster={trap}/poster src={trap}/video>",
    '<div style="background:url({trap}/background)">a</div><table background={trap}/table><tr><td>a</table>',
    "<div style=\"background-color:red;list-style-image:url('{trap}/list')\">a</div>",
    "<p style=\"font-family:'x';src:url({trap}/font);cursor:url({trap}/cursor),auto\">a</p>",
    '<p style="border-color:red\\;background:u\\72l({trap}/escaped)">a</p>',
    '<p style="color:red;border:1px solid;border-image:url({trap}/border) 30">a</p>',
    "<style>@import url({trap}/import); body {{ background: url({trap}/style) }}"
    "@font-face {{ font-family: f; src: url({trap}/face) }} * {{ font-family: f }}</style>",
    "<link rel=stylesheet href={trap}/link><link rel=prefetch href={trap}/prefetch><link rel=dns-prefetch href={trap}>",
    '<meta http-equiv=refresh content="0;url={trap}/refresh"><base href={trap}/><img src=based>',
    "<form action={trap}/form id=f><input name=a></form><button form=f formaction={trap}/formaction>a</button>",
    '<iframe src={trap}/iframe></iframe><iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    "<object data={trap}/object></object><embed src={trap}/embed><applet code={trap}/applet></applet>",
    "<svg onload=alert(1)><image href={trap}/svgimage /><use href={trap}/use#a /><script>alert(1)</script></svg>",
    "<svg><style>@import '{trap}/svgstyle';</style><foreignObject><img src={trap}/foreign></foreignObject></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<noscript><p title="</noscript><img src={trap}/noscript onerror=alert(1)>">',
    '<a href="javascript:alert(1)" id=j>a</a><a href="data:text/html,<script>alert(1)</script>">a</a>',
    "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{trap}/data'/></svg>\">",
    "<audio autoplay src={trap}/audio></audio><track src={trap}/track><bgsound src={trap}/bgsound>",
    "<template><img src={trap}/template></template><select><img src={trap}/select onerror=alert(1)></select>",
    '<img src="cid:evil@x"><img src="cid:pixel@x" onload="alert(1)" id=pixel><img lowsrc={trap}/low dynsrc={trap}/dyn>',
    "<xml><x:y xmlns:x='urn'><![CDATA[<img src={trap}/cdata onerror=alert(1)>]]></xml>",
    "<!--[if mso]><img src={trap}/mso><![endif]--><![if !mso]><img src={trap}/notmso><![endif]>",
    '<textarea><img title="</textarea><img src={trap}/area onerror=alert(1)>"><title></title><plaintext>{trap}',
]

SWALLOWING = ("<!--", "</style>", "</noscript>", "</textarea>", "<title>")


@dataclass(slots=True)
class Trap:
    """A server that nobody may ever talk to; counts who tries."""

    port: int = 0
    calls: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        self.asked.append((await reader.readline()).decode("latin-1"))
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def trap() -> AsyncIterator[Trap]:
    made = Trap()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


@dataclass(slots=True)
class PostRoom:
    """A running console, its people, and doors to it."""

    url: str
    database: SQLiteDatabase
    clock: people.Clock
    cast: people.Cast
    new_context: MakeContext

    async def keep(self, sample: Sample) -> str:
        hash_of_raw = laid_down(Blobs(self.database.folder), sample)
        return await self.database.write(keep, hash_of_raw, sample)

    async def write_in(self, sample: Sample, whole: str | None = None) -> tuple[Ticket, str]:
        hash_of_raw = laid_down(Blobs(self.database.folder), sample)
        return await self.database.write(write_in, hash_of_raw, sample, whole)

    async def page(self, agent: Agent, path: str, **wishes: Any) -> Page:
        """A page on which this agent is logged in. A script error on it fails the test."""
        return await self.page_in(await self.new_context(**wishes), agent, path)

    async def page_in(self, context: BrowserContext, agent: Agent, path: str) -> Page:
        """The same in a browser that is there already."""
        page = await context.new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.url}{path}")
        return page


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


@pytest_asyncio.fixture(loop_scope="session")
async def post_room(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[PostRoom]:
    database = open_database(tmp_path / "data")
    clock = people.Clock()
    await database.write(people.set_up)
    cast = await database.write(people.hire)
    server = TestServer(build(database, clock, people.TypingHeard()), host="127.0.0.1")
    await server.start_server()
    yield PostRoom(f"http://127.0.0.1:{server.port}", database, clock, cast, new_context)
    await server.close()
    await database.close()


async def test_the_html_of_a_hostile_mail_runs_nothing_and_fetches_nothing(post_room: PostRoom, trap: Trap) -> None:
    there = {"trap": f"http://{trap.host}", "host": trap.host}
    page = await post_room.page(post_room.cast.supervisor, "/console/mail")
    dialogs: list[str] = []
    fetched: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(_dismissed(dialog)))
    page.on("request", lambda request: fetched.append(_address(request)))
    for number, html in enumerate(batches()):
        enclosed = ENCLOSED.replace("{trap}", there["trap"])
        told = f"<p id=before>这封信第 {number} 封</p>{html.format(**there)}"
        mail_id = await post_room.keep(Sample(subject=f"{number}", html=told, parts=enclosed))
        await page.goto(f"{post_room.url}/console/mail/{mail_id}?view=html")
        frame = await letter_frame(page)
        await expect(frame.locator("body")).to_contain_text(f"这封信第 {number} 封")
        await frame.wait_for_load_state()
        assert await frame.evaluate("document.querySelectorAll('script, svg, iframe, form, link, base').length") == 0
        # The same letter outside of its frame is no better for it.
        await page.goto(f"{post_room.url}/console/mail/{mail_id}/html")
        assert await page.evaluate("self.origin") == "null"
    assert dialogs == []
    assert [one for one in fetched if not one.startswith((post_room.url, "data:"))] == []
    assert trap.calls == 0, trap.asked


def batches() -> list[str]:
    """Hostile pieces some together; alone what would swallow the pieces after it."""
    alone = [html for html in HOSTILE if any(mark in html for mark in SWALLOWING)]
    others = [html for html in HOSTILE if html not in alone]
    return [*alone, *("".join(others[at : at + 6]) for at in range(0, len(others), 6))]


def _dismissed(dialog: Dialog) -> str:
    asyncio.get_running_loop().create_task(dialog.dismiss())
    return dialog.message


def _address(request: Request) -> str:
    return request.url


async def letter_frame(page: Page) -> Frame:
    element = await page.locator(".mail-frame").element_handle()
    assert element is not None
    frame = await element.content_frame()
    assert frame is not None
    return frame


async def test_the_trap_would_catch_what_asks_it(post_room: PostRoom, trap: Trap) -> None:
    page = await (await post_room.new_context()).new_page()
    await page.set_content(f"<img src='http://{trap.host}/x'>")
    await eventually(lambda: trap.calls > 0)


async def test_pictures_of_the_mail_itself_are_shown_and_others_are_counted(post_room: PostRoom, trap: Trap) -> None:
    html = f'<p>看图</p><img id=a src="cid:PIXEL@x"><img src="http://{trap.host}/1"><img src="http://{trap.host}/2">'
    mail_id = await post_room.keep(Sample(html=html, parts=ENCLOSED))
    page = await post_room.page(post_room.cast.supervisor, f"/console/mail/{mail_id}?view=html")
    frame = await letter_frame(page)
    await expect(frame.locator(".left-out")).to_contain_text("有 2 张网上的图片没有加载")
    while await frame.evaluate("[...document.images].filter(one => one.naturalWidth === 1).length") != 1:
        await asyncio.sleep(0.02)
    assert trap.calls == 0


async def test_the_rest_of_a_mail_unfolds_where_it_stands_and_stays_open(post_room: PostRoom) -> None:
    whole = "还是不行。\n\n> 请先重启一次。"
    ticket, _ = await post_room.write_in(Sample(text="还是不行。"), whole)
    for wishes in ({}, PHONE):
        page = await post_room.page(post_room.cast.li, f"/console/tickets/{ticket.number}", **wishes)
        link = page.locator(".said-more a")
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        await link.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".said-whole")).to_contain_text("> 请先重启一次。")
        await expect(link).to_have_attribute("aria-expanded", "true")
        await link.click()
        await expect(page.locator(".said-whole")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_without_scripts_the_rest_of_a_mail_is_a_page_and_a_letter_is_sent_again_by_its_button(
    post_room: PostRoom,
) -> None:
    ticket, mail_id = await post_room.write_in(Sample(text="还是不行。"), "还是不行。\n\n> 请先重启一次。")
    mail = await post_room.database.write(fail_to_deliver, ticket, post_room.cast.li)
    page = await post_room.page(post_room.cast.li, f"/console/tickets/{ticket.number}", java_script_enabled=False)
    await page.click(".delivery button")
    await expect(page.locator(".toast")).to_contain_text("已排队重新发送")
    await expect(page.locator(".delivery")).to_contain_text("邮件排队中")
    again = await post_room.database.read(sent.get, mail.id)
    assert again is not None
    assert again.state is SentState.QUEUED
    await page.click(".said-more a")
    await page.wait_for_url(f"{post_room.url}/console/mail/{mail_id}?view=whole")


async def test_a_letter_that_failed_is_sent_again_without_leaving_the_page(post_room: PostRoom) -> None:
    ticket, _ = await post_room.write_in(Sample())
    page = await post_room.page(post_room.cast.li, f"/console/tickets/{ticket.number}")
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await post_room.database.write(fail_to_deliver, ticket, post_room.cast.li)
    await expect(page.locator(".delivery-bad")).to_contain_text("邮件发送失败：对方邮箱已满")
    await page.click(".delivery button")
    await expect(page.locator(".delivery")).to_contain_text("邮件排队中")


def fail_to_deliver(tx: Transaction, ticket: Ticket, agent: Agent) -> SentMail:
    _, mail = reply_by_mail(tx, ticket, agent)
    outbox.enqueue(tx, "letter", sent.key_of(mail.id), {}, people.NOON)
    tx.change("UPDATE outbox SET status = 'dead' WHERE key = :key", {"key": sent.key_of(mail.id)})
    sent.failed(tx, mail, Trouble.MAILBOX_FULL, "550 full", people.NOON)
    return mail


@pytest.mark.parametrize("path", ["/console", "/console/knowledge", "/console/mail"])
async def test_within_a_minute_an_open_page_tells_of_a_quarantined_mail_and_of_its_end(
    post_room: PostRoom, path: str
) -> None:
    context = await post_room.new_context()
    await context.clock.install()
    page = await post_room.page_in(context, post_room.cast.supervisor, path)
    await expect(page.locator(".news")).to_have_count(0)
    await post_room.keep(Sample(state="quarantined"))
    await page.clock.run_for(60_000)
    await expect(page.locator(".news")).to_contain_text("有 1 封邮件被隔离，等人处理。")
    await page.click(".news a")
    await page.wait_for_url(f"{post_room.url}/console/mail?state=quarantined")
    await expect(page.locator(".entry-link")).to_have_count(1)


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_the_ledger_is_walked_filtered_and_opened_by_keyboard_and_fits_its_screen(
    post_room: PostRoom, wishes: dict[str, Any]
) -> None:
    await post_room.keep(Sample(subject="第一封", received_at=people.NOON - 5))
    long = "RE: FW: RE: a subject that never ends " * 6 + "x" * 80
    await post_room.keep(Sample(subject=long, sender="a.very.long.address@department.subsidiary.example.net"))
    page = await post_room.page(post_room.cast.supervisor, "/console/mail", **wishes)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.keyboard.press("/")
    await page.keyboard.type("第一封")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/mail?q=*")
    await expect(page.locator(".entry-link")).to_have_count(1)
    await page.locator("main").focus()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("第一封")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_what_strangers_write_into_headers_and_reports_is_text_on_every_page(
    post_room: PostRoom, trap: Trap
) -> None:
    evil = f"\"'><img data-owned src=http://{trap.host}/x onerror=alert(1)></title><script data-owned>alert(1)</script>"
    sample = Sample(
        subject=evil, name=evil, text=evil, headers=f"Authentication-Results: {evil}\r\nList-Id: {evil}\r\n"
    )
    ticket, mail_id = await post_room.write_in(sample, f"{evil}\n\n> {evil}")

    def report(tx: Transaction) -> None:
        _, mail = reply_by_mail(tx, ticket, post_room.cast.li, recipient=f"{evil}@example.net")
        sent.failed(tx, mail, Trouble.REFUSED, evil, people.NOON)
        tx.change("UPDATE mail SET last_error = :evil, reason = :evil, charset = :evil", {"evil": evil})
        mailboxes.position(tx, "service", 0)
        mailboxes.in_trouble(tx, "service", evil, people.NOON - people.HOUR)

    await post_room.database.write(report)
    page = await post_room.page(post_room.cast.supervisor, "/console/mail")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(_dismissed(dialog)))
    views = [f"/console/mail/{mail_id}{view}" for view in ("", "?view=whole", "?view=source")]
    for path in ("/console/mail", "/console?view=all_live", f"/console/tickets/{ticket.number}", *views):
        await page.goto(post_room.url + path)
        assert evil[:20] in await page.inner_text("body"), path
        assert await page.locator("[data-owned]").count() == 0, path
    await page.goto(f"{post_room.url}/console/tickets/{ticket.number}")
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await page.click(".said-more a")
    await expect(page.locator(".said-whole")).to_contain_text("<img data-owned")
    assert await page.locator("[data-owned]").count() == 0
    assert dialogs == []
    assert trap.calls == 0
