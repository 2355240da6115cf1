"""Files of entries in the console: looked at row by row, taken whole or not at all, and undone; bulk edits too."""

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from knowledgebase.authoring import entries
from knowledgebase.authoring.transfer import write_entries
from knowledgebase.errors import PublicationRefused
from knowledgebase.model import Entry, EntryStatus, Visibility
from knowledgebase.publishing import publications
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser

TYRE = Entry("tyre-01", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("轮胎几年换",))
PRICE = Entry("price", "换一条轮胎多少钱？", "600 元。", "轮胎")
DRAFT = Entry("draft", "轮胎草稿？", "未定。", "轮胎", status=EntryStatus.DRAFT)
IMPORT = "/console/knowledge/import"


@pytest.fixture
async def stocked(console: Console) -> Console:
    """A console with a few entries."""
    await console.database.write(entries.save, [TYRE, PRICE, DRAFT], "test", people.NOON)
    return console


@pytest.fixture
async def zhou(stocked: Console, new_browser: NewBrowser) -> Browser:
    """The supervisor, logged in."""
    return await new_browser.of(stocked.cast.supervisor)


async def upload(browser: Browser, name: str, content: bytes, csrf: str | None = "own", **headers: str) -> Any:
    """Send a file as the form does: the token first."""
    form = FormData(quote_fields=False)
    if csrf is not None:
        form.add_field("csrf", browser.csrf if csrf == "own" else csrf)
    form.add_field("file", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    origin = {"Origin": browser.console.origin, **headers}
    response = await browser.session.post(
        browser.console.origin + IMPORT, data=form, headers=origin, allow_redirects=False
    )
    await response.read()
    return response


async def checked(browser: Browser, name: str, content: bytes) -> tuple[str, str]:
    """Send a file that can be read; the address of what it would do, and the page."""
    response = await upload(browser, name, content)
    assert response.status == 303, await response.text()
    place = response.headers["Location"]
    status, html = await browser.open(place)
    assert status == 200
    return place, html


def figures(html: str) -> list[int]:
    """Created, changed, status only, unchanged, refused, warned."""
    return [int(text) for text in re.findall(r'class="figure[^>]*><strong class="number">(\d+)', html)]


FILE = """id,question,answer,category,similar,status
tyre-01,轮胎多久换一次？,每 6 年更换。,轮胎,轮胎几年换,published
price,换一条轮胎多少钱？,600 元。,轮胎,,archived
draft,轮胎草稿？,未定。,轮胎,,draft
fresh,冬季胎怎么存放？,平放，打 {电话}。,轮胎,,published
twin,换一条轮胎多少钱,700 元。,轮胎,,draft
""".encode()


async def test_a_file_is_shown_row_by_row_and_taken_as_drafts(stocked: Console, zhou: Browser) -> None:
    place, html = await checked(zhou, "entries.csv", FILE)
    assert figures(html) == [2, 1, 1, 1, 0, 2]
    assert "不认识的占位符 {电话}" in html
    assert "另一个条目已经有完全相同的问法" in html
    assert (await stocked.database.read(entries.get_entry, "tyre-01")) == TYRE
    response = await zhou.send(place, fetch=False, then="draft")
    assert response.headers["Location"] == f"{IMPORT}?done=import_taken"
    head = await stocked.database.read(entries.get_head, "tyre-01")
    assert (head.entry.answer, head.entry.status, head.published_version) == ("每 6 年更换。", EntryStatus.DRAFT, 1)
    assert (await stocked.database.read(entries.get_entry, "price")) == PRICE
    assert (await stocked.database.read(entries.get_entry, "fresh")).status is EntryStatus.DRAFT
    assert (await zhou.open(place))[0] == 410


async def test_an_import_can_be_undone_as_a_whole(stocked: Console, zhou: Browser) -> None:
    place, _ = await checked(zhou, "entries.csv", FILE)
    await zhou.send(place, fetch=False, then="draft")
    _, html = await zhou.open(IMPORT)
    assert "已从文件导入 3 个条目" in html
    found = re.search(r"/console/knowledge/batches/[^\"]+/undo", html)
    assert found
    assert (await zhou.send(found[0], fetch=False)).status == 303
    assert (await stocked.database.read(entries.get_entry, "tyre-01")) == replace(TYRE, version=3)
    assert (await stocked.database.read(entries.get_entry, "fresh")).status is EntryStatus.ARCHIVED
    assert "已撤销" in (await zhou.open(IMPORT))[1]
    assert (await zhou.send("/console/knowledge/batches/nothing/undo")).status == 404


async def test_what_was_edited_after_an_import_stays_when_it_is_undone(stocked: Console, zhou: Browser) -> None:
    place, _ = await checked(zhou, "entries.csv", FILE)
    await zhou.send(place, fetch=False, then="draft")
    form: dict[str, Any] = {"question": TYRE.question, "answer": "每 8 年更换。", "version": 2}
    await zhou.send("/console/knowledge/entries/tyre-01/save", fetch=False, **form)
    found = re.search(r"/console/knowledge/batches/[^\"]+/undo", (await zhou.open(IMPORT))[1])
    assert found
    await zhou.send(found[0], fetch=False)
    assert (await stocked.database.read(entries.get_entry, "tyre-01")).answer == "每 8 年更换。"


async def test_publishing_a_file_asks_for_a_replay(stocked: Console, zhou: Browser) -> None:
    place, _ = await checked(zhou, "entries.csv", FILE)
    response = await zhou.send(place, fetch=False, then="publish")
    assert response.headers["Location"].startswith("/console/knowledge/publications/")
    rows = await stocked.database.read(lambda tx: tx.execute("SELECT changes_json FROM publication"))
    changes = json.loads(rows[0]["changes_json"])
    assert (changes["publish"], changes["archive"]) == ({"tyre-01": 2, "fresh": 1}, {"price": 1})
    assert (await stocked.database.read(entries.get_head, "tyre-01")).published_version == 1


async def test_one_bad_row_keeps_the_whole_file_out_and_is_named(stocked: Console, zhou: Browser) -> None:
    bad = FILE + "x y,问,答,,,\nlost,问？,答,,,secret\nlink,问二？,[a](javascript:1),,,\n".encode()
    place, html = await checked(zhou, "entries.csv", bad)
    assert figures(html)[4] == 3
    told = re.findall(r'<td class="cell-number number">(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>', html)
    assert [(line, field) for line, field, _ in told] == [("7", "编号"), ("8", "状态"), ("9", "答案")]
    assert 'value="draft"' not in html
    assert (await zhou.send(place, fetch=False, then="draft")).status == 422
    assert (await stocked.database.read(entries.get_entry, "tyre-01")) == TYRE


async def test_a_related_entry_that_is_not_there_is_named_by_its_line(zhou: Browser) -> None:
    rows = [{"id": "a", "question": "问？", "answer": "答", "related": ["b", "price"]}]
    rows += [{"id": "b", "question": "问二？", "answer": "答", "related": ["nothing"]}]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    _, html = await checked(zhou, "entries.jsonl", content)
    assert figures(html) == [1, 0, 0, 0, 1, 0]
    assert '<td class="cell-number number">2</td><td>相关条目</td>' in html


async def test_an_entry_changed_since_the_file_was_checked_is_not_overwritten(
    stocked: Console, zhou: Browser, new_browser: NewBrowser
) -> None:
    place, _ = await checked(zhou, "entries.csv", FILE)
    li = await new_browser.of(stocked.cast.li)
    form: dict[str, Any] = {"question": TYRE.question, "answer": "每 8 年更换。", "version": 1}
    await li.send("/console/knowledge/entries/tyre-01/save", fetch=False, **form)
    assert (await zhou.send(place, fetch=False, then="draft")).status == 409
    assert (await stocked.database.read(entries.get_entry, "tyre-01")).answer == "每 8 年更换。"
    assert (await zhou.send(place, fetch=False, then="draft")).status == 303


async def test_a_file_belongs_to_who_sent_it_and_waits_half_an_hour(
    stocked: Console, zhou: Browser, new_browser: NewBrowser
) -> None:
    place, _ = await checked(zhou, "entries.csv", FILE)
    admin = await new_browser.of(stocked.cast.admin)
    assert (await admin.open(place))[0] == 410
    stocked.clock.pass_by(16 * people.MINUTE)
    assert (await zhou.open(place))[0] == 200
    stocked.clock.pass_by(16 * people.MINUTE)
    assert (await zhou.open(place))[0] == 410
    assert (await zhou.send(place, fetch=False, then="draft")).status == 410


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 201_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("entries.xlsx", bomb(), 422),
        ("entries.xlsx", b"no archive", 422),
        ("entries.exe", FILE, 422),
        ("../../entries", FILE, 422),
        ("entries.csv", b"", 422),
        ("entries.csv", b"x" * 10_000_001, 413),
    ],
    ids=["bomb", "no xlsx", "unknown", "no ending", "empty", "too large"],
)
async def test_what_is_no_file_of_entries_is_refused(zhou: Browser, name: str, content: bytes, status: int) -> None:
    response = await upload(zhou, name, content)
    assert response.status == status
    assert "Traceback" not in await response.text()


async def test_a_hostile_name_is_shown_and_nothing_else(zhou: Browser) -> None:
    _, html = await checked(zhou, "../<b>\u202eentries.csv", FILE)
    assert "<b>\u202e" not in html
    assert "&lt;b&gt;\ufffdentries.csv" in html


@pytest.mark.parametrize(
    "forged",
    [{"csrf": None}, {"csrf": "x" * 43}, {"Origin": "https://evil.example"}, {"csrf": ""}],
    ids=["no token", "guessed", "foreign", "empty"],
)
async def test_no_file_is_taken_without_the_token_before_it(zhou: Browser, forged: dict[str, Any]) -> None:
    assert (await upload(zhou, "entries.csv", FILE, **forged)).status == 403


async def test_no_other_form_takes_a_file(stocked: Console, zhou: Browser) -> None:
    form = FormData()
    form.add_field("csrf", zhou.csrf)
    form.add_field("question", "x", filename="x.txt")
    response = await zhou.session.post(
        f"{stocked.origin}/console/knowledge/new", data=form, headers={"Origin": stocked.origin}
    )
    assert response.status == 400


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
async def test_what_was_exported_changes_nothing_when_it_is_imported(
    stocked: Console, zhou: Browser, ending: str
) -> None:
    hidden = Entry(
        "desk", "=1+1 怎么赔？", "@先道歉", visibility=Visibility.AGENTS, related=("price",), valid_until=86_400_000
    )
    await stocked.database.write(entries.save, [hidden], "test", people.NOON)
    async with zhou.session.get(f"{stocked.origin}/console/knowledge/export.{ending}") as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"] == f'attachment; filename="entries-2026-11-24.{ending}"'
        body = await response.read()
    _, html = await checked(zhou, f"entries.{ending}", body)
    assert figures(html) == [0, 0, 0, 4, 0, 0]


async def test_ten_thousand_rows_are_checked_and_taken(stocked: Console, zhou: Browser, tmp_path: Path) -> None:
    many = [Entry(f"e-{n}", f"第 {n} 个问题？", f"第 {n} 个答案。", "类", (f"问 {n}",)) for n in range(10_000)]
    write_entries(tmp_path / "many.jsonl", many)
    place, html = await checked(zhou, "many.jsonl", (tmp_path / "many.jsonl").read_bytes())
    assert figures(html) == [10_000, 0, 0, 0, 0, 0]
    assert (await zhou.send(place, fetch=False, then="draft")).status == 303
    assert len(await stocked.database.read(entries.every_entry)) == 10_003


# --- Many entries at once ---------------------------------------------------------------------------------------

BULK = "/console/knowledge/bulk"


async def test_many_entries_are_edited_at_once_and_undone(stocked: Console, zhou: Browser) -> None:
    chosen = {"pick/tyre-01": "on", "pick/price": "on", "pick/draft": "on"}
    html = await (await zhou.send(BULK, fetch=False, act="category", category="车轮", **chosen)).text()
    assert '<strong class="number">3</strong>' in html
    seen = re.search(r'name="seen" hidden>([^<]*)<', html)
    assert seen
    assert (await stocked.database.read(entries.get_entry, "price")).category == "轮胎"
    response = await zhou.send(f"{BULK}/confirm", fetch=False, act="category", category="车轮", seen=seen[1])
    assert response.status == 303
    head = await stocked.database.read(entries.get_head, "price")
    assert (head.entry.category, head.entry.status, head.published_version) == ("车轮", EntryStatus.DRAFT, 1)
    _, html = await zhou.open(response.headers["Location"])
    undo = re.search(r"/console/knowledge/batches/[^\"]+/undo", html)
    assert undo
    await zhou.send(undo[0], fetch=False)
    assert (await stocked.database.read(entries.get_entry, "price")) == replace(PRICE, version=3)
    assert (await stocked.database.read(entries.get_entry, "draft")) == replace(DRAFT, version=3)


async def test_all_that_a_list_shows_can_be_chosen(stocked: Console, zhou: Browser) -> None:
    address = "/console/knowledge?status=published"
    html = await (await zhou.send(BULK, fetch=False, act="visibility", visibility="internal", all=address)).text()
    assert '<strong class="number">2</strong>' in html
    assert "轮胎草稿" not in html


async def test_publishing_and_archiving_many_asks_for_a_replay(stocked: Console, zhou: Browser) -> None:
    response = await zhou.send(f"{BULK}/confirm", fetch=False, act="archive", seen="tyre-01@1\ndraft@1")
    assert response.headers["Location"].startswith("/console/knowledge/publications/")
    assert (await stocked.database.read(entries.get_entry, "tyre-01")).status is EntryStatus.PUBLISHED
    assert (await stocked.database.read(entries.get_entry, "draft")).status is EntryStatus.ARCHIVED


async def test_what_is_done_at_once_and_what_waits_for_a_replay_are_kept_together(
    stocked: Console, zhou: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PublicationRefused("it has moved on", "price")

    place, _ = await checked(zhou, "entries.csv", FILE)
    monkeypatch.setattr(publications, "begin", refuse)
    assert (await zhou.send(place, fetch=False, then="publish")).status == 409
    assert (await zhou.send(f"{BULK}/confirm", fetch=False, act="archive", seen="tyre-01@1\ndraft@1")).status == 409
    assert await stocked.database.read(entries.every_entry) == [DRAFT, PRICE, TYRE]


@pytest.mark.parametrize(
    ("path", "fields", "place"),
    [
        (BULK, {"act": "category"}, "done=bulk_none"),
        (BULK, {"act": "visibility", "visibility": "secret", "pick/price": "on"}, "done=bulk_bad_value"),
        (BULK, {"act": "validity", "valid_from": "soon", "pick/price": "on"}, "done=bulk_bad_value"),
        (f"{BULK}/confirm", {"act": "category", "category": "新", "seen": "price@9"}, "done=bulk_moved"),
        (f"{BULK}/confirm", {"act": "submit", "seen": "price@1"}, "done=bulk_nothing"),
    ],
)
async def test_a_bulk_edit_that_cannot_be_done_leads_back_and_says_why(
    stocked: Console, zhou: Browser, path: str, fields: dict[str, str], place: str
) -> None:
    response = await zhou.send(path, fetch=False, **fields)
    assert response.headers["Location"].endswith(place)
    assert (await stocked.database.read(entries.get_entry, "price")) == PRICE
