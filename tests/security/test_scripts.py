"""What people type never becomes part of a page: a corpus through a real Chromium, on every page of the house."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Route, expect

from knowledgebase.authoring.transfer import read_entries
from knowledgebase.model import Entry
from storage.database import Transaction
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.fakes import Clock, Server
from tests.security.house import GENEROUS, ticket_of
from tickets import agents, contacts
from tickets.contact_details import ContactDetails
from tickets.model import Agent, Role

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Whatever of these becomes markup has the attribute data-owned, speaks up, or asks another server.
CORPUS = [
    "<script data-owned>alert(1)</script>",
    "<img data-owned src=x onerror=alert(1)>",
    "<svg data-owned onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s>",
    '"><img data-owned src=https://evil.example.net/x onerror=alert(1)>',
    "'><b data-owned onmouseover=alert(1)>",
    '" data-owned autofocus onfocus="alert(1)" x="',
    "' data-owned autofocus onfocus='alert(1)' x='",
    "` data-owned onclick=alert(1) `",
    "</textarea><img data-owned src=x onerror=alert(1)>",
    "</title><script data-owned>alert(1)</script>",
    "</script><script data-owned>alert(1)</script>",
    "--><img data-owned src=x onerror=alert(1)><!--",
    '<noscript><p title="</noscript><img data-owned src=x onerror=alert(1)>">',
    "<math><mtext><table><mglyph><style><!--</style><img data-owned src=x onerror=alert(1)>-->",
    "<svg></p><style><a id='</style><img data-owned src=x onerror=alert(1)>'>",
    "&lt;img data-owned src=x onerror=alert(1)&gt;",
    "&#60;img data-owned src=x onerror=alert(1)&#62;",
    "\\u003cimg data-owned src=x onerror=alert(1)\\u003e",
    "<iframe data-owned srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<style data-owned>@import 'https://evil.example.net/x'; body{display:none}</style>",
    "<link data-owned rel=stylesheet href=https://evil.example.net/x>",
    "<base data-owned href=https://evil.example.net/>",
    '<meta data-owned http-equiv=refresh content="0;url=https://evil.example.net/">',
    "<form data-owned action=https://evil.example.net/><button>",
    "<a data-owned href=javascript:alert(1)>x</a>",
    "javascript:alert(1)//https://shop.example.com/",
    "data:text/html,<script data-owned>alert(1)</script>",
    'https://evil.example.net/"onmouseover="alert(1)"data-owned="',
    "http://a@b.example.com/'data-owned='<b>",
    "[x](javascript:alert(1)) ![x](https://evil.example.net/x)",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} $& $1",
    "<template data-owned><slot data-owned></template><x-y data-owned>",
]
LINES = "\n".join(CORPUS)
# What an answer's Markdown may be misused for. Most of it is refused where entries are written; here it stands in the
# database all the same, as it would after a restore of something older.
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert`1`) [x](java\tscript:alert) [x](&#106;avascript:alert) [x](\x01javascript:alert)",
    "[x](data:text/html,<script>alert(1)</script>) [x](vbscript:alert) [x](blob:https://evil.example.net/1)",
    "![x](https://evil.example.net/x.png) ![x](https://evil.example.net/x.svg?y=1)",
    '![x" data-owned onerror="alert(1)](https://evil.example.net/x.png)',
    "![x](data:image/svg+xml,<svg onload=alert(1)>) ![x](javascript:alert(1)) ![x](//evil.example.net/x.png)",
    "![x](/media/../console) ![x](/media/x.svg) ![](https://evil.example.net/x.png)",
    "[<img data-owned src=x onerror=alert(1)>](https://shop.example.com)",
    '[x](https://shop.example.com/"data-owned) [x](https://shop.example.com/"onmouseover="alert(1))',
    "[x](//evil.example.net) [x](/\\evil.example.net) [x](https:evil.example.net) [x](https://a@evil.example.net)",
    "**<b data-owned>x</b>** **[x](javascript:alert(1))**",
    "1. <img data-owned src=x onerror=alert(1)>\n   - [x](javascript:alert(1))\n     - ![x](https://evil.example.net/x)",
    "| <img data-owned src=x onerror=alert(1)> | b |\n|---|---|\n| [x](javascript:alert(1)) | </table><b data-owned> |",
    "{服务电话} {<b data-owned>} {{7*7}} {constructor} {__proto__}",
    "[![x](https://evil.example.net/x.png)](javascript:alert(1)) [[x](https://shop.example.com)](javascript:alert(1))",
    "<https://evil.example.net> <javascript:alert(1)> [x]: javascript:alert(1)\n[x]",
]
EVERY_ELEMENT = """() => {
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll('*')) {
      const bad = one.hasAttribute('data-owned') || [...one.attributes].some((a) => a.name.startsWith('on'))
        || (one.tagName === 'SCRIPT' && !one.src && !['application/json', 'application/ld+json'].includes(one.type))
        || /^\\s*(javascript|data|vbscript):/i.test(one.getAttribute('href') ?? '')
        || ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE'].includes(one.tagName);
      if (bad) found.push(one.outerHTML.slice(0, 200));
      if (one.shadowRoot) look(one.shadowRoot);
    }
  };
  look(document);
  return found;
}"""


@dataclass
class Watch:
    """Everything that should not have happened in one browser context."""

    url: str
    seen: list[str] = field(default_factory=list)

    async def over(self, context: BrowserContext) -> None:
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(f"error: {error.error}"))
        await context.route(lambda address: not address.startswith(self.url), self._refuse)

    async def look(self, page: Page) -> None:
        """Fail if anything on this page was made of what somebody typed."""
        assert await page.evaluate(EVERY_ELEMENT) == [], page.url
        assert self.seen == [], page.url

    async def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def _refuse(self, route: Route) -> None:
        await route.abort()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.seen.append(f"request: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.seen.append(f"policy: {message.text[:200]}")


@dataclass(slots=True)
class Site:
    """The server, an agent whose name is an attack, a context that is watched, and the watch."""

    server: Server
    agent: Agent
    watch: Watch
    context: BrowserContext

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        await page.goto(self.server.url + path)
        return page

    async def open_without_widget(self, path: str) -> Page:
        """A page that will be left before the chat on it could begin."""
        page = await self.context.new_page()
        await page.route("**/widget.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        await page.goto(self.server.url + path)
        return page

    async def console(self, agent: Agent, path: str = "/console") -> Page:
        """A page of the console on which this agent is logged in."""
        page = await self.open(f"/console/login?{urlencode({'next': path})}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(self.server.url + path)
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Site]:
    server = Server(tmp_path / "data", {"chat": GENEROUS}, Clock())
    await server.start()
    await import_hostile_entries(server, tmp_path / "hostile.jsonl")
    agent = await server.database.write(
        agents.create, "mallory", CORPUS[1], Role.AGENT, people.PASSWORD_HASH, None, server.clock()
    )
    context = await new_context()
    watch = Watch(server.url)
    await watch.over(context)
    yield Site(server, agent, watch, context)
    await server.stop()
    assert watch.seen == []


async def import_hostile_entries(server: Server, path: Path) -> None:
    """Entries whose every field is an attack, through the file that an operator would import."""
    rows = [
        {
            "id": f"hostile-{number}",
            "question": f"{text[:150]} 第{number}个怎么办？",
            "answer": f"{text}\n1. {text}\n- {text}\n400-000-0101",
            "category": text[:40].strip(),
            "similar": [text[:150]],
        }
        for number, text in enumerate(CORPUS)
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    found, refused = read_entries(path)
    assert len(found) + len(refused) == len(CORPUS)
    assert len(refused) <= 1, "links to scripts are refused, everything else is text"
    marked = [Entry(f"marked-{number}", markdown_question(number), "x", "攻击") for number in range(len(MARKDOWN))]
    await server.publish([*found, *marked])
    await server.database.write(put_markdown)


def markdown_question(number: int) -> str:
    return f"第{number}种标记写成的答案长什么样？"


def put_markdown(tx: Transaction) -> None:
    """Answers as no check would let them pass."""
    for number, text in enumerate(MARKDOWN):
        row = {"id": f"marked-{number}", "answer": f"**这是第{number}种。**\n{text}\n完"}
        tx.change("UPDATE entry SET answer = :answer WHERE id = :id", row)
        tx.change("UPDATE entry_version SET answer = :answer WHERE entry_id = :id", row)
    tx.notify("entries")


async def test_nothing_typed_in_the_chat_becomes_part_of_the_widget(site: Site) -> None:
    page = await site.open("/demo")
    await page.locator(".bubble").click()
    await expect(page.locator(".composer textarea")).to_be_enabled()
    for text in [*CORPUS, f"{CORPUS[1]} 第1个怎么办？", LINES]:
        await page.locator(".composer textarea").fill(text)
        await page.locator(".composer textarea").press("Enter")
    own = page.locator(".message.contact .text")
    await expect(own).to_have_count(len(CORPUS) + 2)
    assert (await own.all_inner_texts())[: len(CORPUS)] == CORPUS
    await expect(page.locator(".message.bot .text").filter(has_text=CORPUS[1]).first).to_be_visible()
    await site.watch.look(page)
    for link in await page.locator(".message a[href^=http]").all():
        assert await link.get_attribute("rel") == "noopener noreferrer nofollow"
    await page.reload()
    await page.locator(".bubble").click()
    await expect(page.locator(".message.contact .text")).to_have_count(len(CORPUS) + 2)
    await site.watch.look(page)


async def ask_for_markdown(page: Page) -> None:
    """Ask every question whose answer is an attack, and wait for the answers."""
    await page.locator(".bubble").click()
    box = page.locator(".composer textarea")
    for number in range(len(MARKDOWN)):
        await box.fill(markdown_question(number))
        await box.press("Enter")
        await expect(page.locator(".message.bot .blocks").filter(has_text=f"这是第{number}种。")).to_be_visible()


async def test_no_answer_of_ours_becomes_more_than_it_may_in_the_widget(site: Site) -> None:
    page = await site.open("/demo")
    await ask_for_markdown(page)
    await site.watch.look(page)
    assert await page.locator(".blocks img").count() == 0, "no picture from a place that is not allowed"
    for link in await page.locator(".blocks a").all():
        href = await link.get_attribute("href") or ""
        assert href.startswith(("https://", "http://", "tel:")), href
        assert not href.startswith("http") or await link.get_attribute("rel") == "noopener noreferrer nofollow"
    await page.reload()
    await page.locator(".bubble").click()
    await expect(page.locator(".message.bot .blocks")).to_have_count(len(MARKDOWN))
    await site.watch.look(page)


async def test_no_answer_of_ours_becomes_more_than_it_may_in_the_help_centre(site: Site) -> None:
    page = await site.open_without_widget("/help")
    for number in range(len(MARKDOWN)):
        await page.goto(f"{site.server.url}/help/entries/marked-{number}")
        await expect(page.locator(".answer strong").first).to_be_visible()
        await site.watch.look(page)
        assert await page.locator(".answer img").count() == 0
    await page.goto(f"{site.server.url}/help/search?{urlencode({'q': markdown_question(3)})}")
    await site.watch.look(page)
    await page.locator("input[name=q]").fill("<img data-owned src=x onerror=alert(1)>")
    await page.wait_for_timeout(600)
    await page.locator("input[name=q]").fill(CORPUS[1])
    await expect(page.locator(".suggestions a").first).to_be_visible()
    await site.watch.look(page)


async def test_no_answer_of_ours_becomes_more_than_it_may_in_the_console(site: Site) -> None:
    customer = await site.open("/demo")
    await ask_for_markdown(customer)
    await customer.locator(".human").click()
    told = customer.locator(".message.bot .text").filter(has_text=re.compile(r"\d{4}-\d{4}"))
    found = re.search(r"\d{4}-\d{4}", await told.first.inner_text())
    assert found is not None
    await customer.close()
    page = await site.console(site.agent, f"/console/tickets/{found[0]}")
    await expect(page.locator(".said-bot .blocks")).to_have_count(len(MARKDOWN))
    await site.watch.look(page)
    assert await page.locator(".blocks img").count() == 0
    for number in range(len(MARKDOWN)):
        await page.goto(f"{site.server.url}/console/knowledge/entries/marked-{number}")
        await expect(page.locator(".answer strong").first).to_be_visible()
        await site.watch.look(page)


def disfigure(tx: Transaction, name: str) -> None:
    """A customer's name, phone and mail address as no check would let them pass."""
    for row in tx.execute("SELECT id FROM contact"):
        tx.change("UPDATE contact SET name = :name WHERE id = :id", {"name": name, "id": row["id"]})
        contacts.save_details(tx, row["id"], ContactDetails("email", f'x@y"{CORPUS[3]}'), 0)
        contacts.save_details(tx, row["id"], ContactDetails("phone", f'0"{CORPUS[5]}'), 0)


async def complain(site: Site, url: str) -> str:
    """A visitor of a hostile page types the whole corpus and asks for a person; the ticket's number."""
    page = site.server.page()
    await page.connect()
    await page.greet(page={"url": url, "title": CORPUS[1]})
    for text in (CORPUS[0], f"{CORPUS[1]} 第1个怎么办？", *CORPUS):
        await page.say(text)
    value = '"<svg/onload=alert(1)>"@example.com'
    refusal = await page.refused(type="contact", client_message_id=page.new_id(), value=value)
    assert refusal["code"] == "contact_invalid"
    await page.press("human")
    number = await ticket_of(page)
    await page.leave()
    return number


async def test_nothing_a_customer_or_colleague_wrote_becomes_part_of_the_console(site: Site) -> None:
    number = await complain(site, f"https://shop.example.com/{CORPUS[3]}")
    await site.server.database.write(disfigure, CORPUS[1])
    page = await site.console(site.agent, f"/console/tickets/{number}")
    await page.locator("#tab-note").click()
    await page.fill("#form-note textarea", LINES)
    await page.click("#form-note .button-note")
    await expect(page.locator(".noted .words").last).to_have_text(LINES, use_inner_text=True)
    await page.locator("#tab-reply").click()
    await page.fill("#form-reply textarea", LINES)
    await page.click("#form-reply .button-main")
    await expect(page.locator(".said-agent .words").last).to_have_text(LINES, use_inner_text=True)
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for insert in await page.locator("[data-insert]").all():
        await insert.click()
    link = page.locator(".side a[target=_blank]")
    assert await link.get_attribute("href") == f"https://shop.example.com/{CORPUS[3]}"
    assert await link.get_attribute("rel") == "noopener noreferrer"
    await site.watch.look(page)
    for view in ("waiting", "mine", "all_live", quote(CORPUS[3])):
        await page.goto(f"{site.server.url}/console?view={view}")
        await site.watch.look(page)


async def test_the_panel_that_shows_what_changed_shows_it_as_text(site: Site) -> None:
    number = await complain(site, "https://shop.example.com/")
    page = await site.console(site.agent, f"/console/tickets/{number}")
    await expect(page.locator(".said-contact").first).to_be_visible()
    await page.route("**/console/tickets/*", lambda route: refuse_reading(route))
    await page.fill("#form-reply textarea", CORPUS[8])
    # In one go: an answer that was already on its way would put the newest number back.
    await page.evaluate("""() => {
      document.querySelector('#form-reply [name=last_seen]').value = '1';
      document.querySelector('#form-reply .button-main').click();
    }""")
    await expect(page.locator(".conflict .change").first).to_be_visible()
    await expect(page.locator(".conflict")).to_contain_text(CORPUS[1])
    await site.watch.look(page)


async def refuse_reading(route: Route) -> None:
    if route.request.method == "GET":
        await route.abort()
    else:
        await route.continue_()


async def test_nothing_published_or_searched_becomes_part_of_the_help_centre(site: Site) -> None:
    page = await site.open_without_widget("/help")
    await site.watch.look(page)
    for number, text in enumerate(CORPUS):
        also = [
            f"/help/entries/hostile-{number}",
            f"/help/{quote(text[:40].strip(), safe='')}",
            f"/help?{urlencode({'lang': text})}",
            f"/help/search?{urlencode({'q': '轮胎', 'lang': text})}",
        ]
        for path in (also[number % 4], f"/help/search?{urlencode({'q': text})}"):
            await page.goto(site.server.url + path)
            await site.watch.look(page)
        assert await page.locator("input[name=q]").first.input_value() == text


async def test_no_page_that_says_no_repeats_what_was_asked_as_markup(site: Site) -> None:
    page = await site.open_without_widget("/console/login")
    for number, text in enumerate(CORPUS):
        typed = quote(text, safe="")
        paths = [
            f"/{typed}",
            f"/console/{typed}",
            f"/help/entries/{typed}",
            f"/console/login?next={typed}",
            f"/static/widget/{typed}",
            f"/console/tickets/2611-0001?done={typed}",
        ]
        for path in (paths[number % 2], paths[2 + number % 4]):
            await page.goto(site.server.url + path)
            await site.watch.look(page)


async def test_a_refused_login_repeats_the_name_as_text(site: Site) -> None:
    page = await site.open("/console/login")
    for text in CORPUS[:9]:
        await page.fill("[name=login]", text[:64])
        await page.fill("[name=password]", "wrong password")
        await page.click("form.door-card button")
        await expect(page.locator(".form-problem")).to_be_visible()
        assert await page.locator("[name=login]").input_value() == text[:64]
        await site.watch.look(page)


async def test_our_own_pages_keep_to_their_own_policy(site: Site) -> None:
    """The policies are as strict as the pages allow; nothing of ours is refused by them."""
    number = await complain(site, "https://shop.example.com/")
    console = await site.console(site.agent, f"/console/tickets/{number}")
    await site.watch.look(console)
    for path in ("/demo", "/help", "/help/entries/hostile-1", "/help/search?q=%E8%BD%AE%E8%83%8E"):
        page = await site.open(path)
        await page.locator(".bubble").click()
        await expect(page.locator(".composer textarea")).to_be_visible()
        await site.watch.look(page)


def policy_of(headers: Any) -> dict[str, str]:
    directives = (part.strip().partition(" ") for part in headers["content-security-policy"].split(";"))
    return {name: sources for name, _, sources in directives}


async def test_every_page_has_a_policy_that_lets_no_inline_script_or_style_run(site: Site) -> None:
    page = await site.open_without_widget("/console/login")
    for path in ("/demo", "/help", "/help/search?q=a", "/help/nothing", "/console/login", "/console/nothing"):
        response = await page.goto(site.server.url + path)
        assert response is not None
        policy = policy_of(response.headers)
        assert policy["default-src"] == "'none'", path
        assert policy["script-src"] == policy["style-src"] == "'self'", path
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
        assert policy["form-action"] in ("'none'", "'self'"), path
        assert response.headers["x-content-type-options"] == "nosniff", path
