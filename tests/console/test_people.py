"""The pages of people and teams: who is reached how, and who may change that."""

from typing import Any

import pytest

from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import Page
from tickets import agents, teams
from tickets.model import Agent

LIST = "/console/rules/people"


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def opened(browser: Browser, path: str) -> Page:
    return Page(*await browser.open(path))


async def sent(browser: Browser, path: str, **fields: Any) -> Page:
    response = await browser.send(path, fetch=False, **fields)
    if response.status == 303:
        return Page(*await browser.open(response.headers["Location"].partition("#")[0]))
    return Page(response.status, await response.text())


async def kept(console: Console, agent: Agent) -> Agent:
    return await console.database.read(agents.get_agent, agent.id)


def one(agent: Agent) -> str:
    return f"{LIST}/{agent.id}"


async def test_a_persons_phone_quiet_hours_and_team_are_kept_and_shown_in_part(
    console: Console, admin: Browser
) -> None:
    cast = console.cast
    team = await console.database.write(teams.add, "售后组", None)
    page = await sent(
        admin,
        one(cast.li),
        version=1,
        phone=" 138 0000 0011 ",
        email="li@example.com",
        quiet_from="14:00",
        quiet_until="08:00",
        deputy=cast.chen.id,
        team=team.id,
    )
    li = await kept(console, cast.li)
    assert (li.phone, li.quiet_from, li.quiet_until, li.deputy_id, li.team_id, li.version) == (
        "+8613800000011",
        840,
        480,
        cast.chen.id,
        team.id,
        2,
    )
    assert "已保存" in page.says("toast")
    row = next(told for told in page.says("people-table")[0].split("陈晓雯 坐席") if "李工" in told)
    assert "138****0011" in row
    assert "l***@example.com" in row
    assert "14:00–08:00 现在免打扰" in page.says("people-table")[0]
    assert "13800000011" not in page.text
    assert "li@example.com" not in page.text
    form = await opened(admin, one(cast.li))
    assert "现在免打扰，预警会发给陈晓雯。" in form.text.replace("\u2068", "").replace("\u2069", "")


async def test_what_cannot_be_kept_is_said_in_words_and_the_form_stays_as_typed(
    console: Console, admin: Browser
) -> None:
    cast = console.cast
    base = {"version": 1, "phone": "", "email": "", "quiet_from": "", "quiet_until": "", "deputy": "", "team": ""}
    for field, value, told in [
        ("phone", "010 1234 5678", "固定电话"),
        ("phone", "call me", "只能填一个号码"),
        ("phone", "12345", "没有这样的号码"),
        ("email", "li at home", "不像一个邮箱地址"),
        ("quiet_from", "22:00", "要么都填"),
        ("quiet_from", "22:00+05:00", "22:30 这样"),
        ("deputy", cast.li.id, "不能由自己代班"),
        ("deputy", "nobody", "已停用"),
        ("team", "nothing", "已归档"),
    ]:
        page = await sent(admin, one(cast.li), **{**base, field: value})
        assert page.status == 422
        assert any(told in problem for problem in page.says("field-problem")), (field, value)
        if field in ("phone", "email", "quiet_from"):
            assert page.tree.xpath(f"//input[@name='{field}']/@value") == [value]
    quiet = await sent(admin, one(cast.li), **{**base, "quiet_from": "22:00", "quiet_until": "07:00"})
    assert any("选一位代班人" in problem for problem in quiet.says("field-problem"))
    assert (await kept(console, cast.li)).version == 1


async def test_deputies_who_lead_back_are_refused(console: Console, admin: Browser) -> None:
    cast = console.cast
    night = {"version": 1, "quiet_from": "22:00", "quiet_until": "07:00"}
    await sent(admin, one(cast.chen), **night, deputy=cast.li.id)
    page = await sent(admin, one(cast.li), **night, deputy=cast.chen.id)
    assert page.status == 422
    assert any("一路指回本人" in problem for problem in page.says("field-problem"))


async def test_who_was_slower_sees_what_the_other_kept(console: Console, admin: Browser) -> None:
    li = console.cast.li
    await sent(admin, one(li), version=1, phone="13800000011", email="li@example.com")
    page = await sent(admin, one(li), version=1, phone="13800000012", email="li@example.com")
    assert page.status == 409
    assert "+8613800000011" in page.alerts()
    assert page.tree.xpath("//input[@name='phone']/@value") == ["13800000012"]
    assert page.tree.xpath("//form[contains(@class, 'editor-form')]//input[@name='version']/@value") == ["2"]
    assert (await kept(console, li)).phone == "+8613800000011"


async def test_everybody_keeps_their_own_phone_and_nothing_else(console: Console, new_browser: NewBrowser) -> None:
    cast = console.cast
    li = await new_browser.of(cast.li)
    page = await sent(
        li, "/console/me", version=1, phone="13800000011", email="boss@example.com", team="t", role="admin"
    )
    assert "已保存" in page.says("toast")
    mine = await kept(console, cast.li)
    assert (mine.phone, mine.email, mine.team_id, mine.role) == (
        "+8613800000011",
        "li@example.com",
        None,
        cast.li.role,
    )
    assert (await opened(li, LIST)).status == 403
    assert (await opened(li, one(cast.chen))).status == 403


async def test_somebody_is_disabled_with_what_hangs_on_them_told_first_and_comes_back(
    console: Console, admin: Browser, new_browser: NewBrowser
) -> None:
    cast = console.cast
    await console.database.write(teams.add, "售后组", cast.li.id)
    li = await new_browser.of(cast.li)
    form = await opened(admin, one(cast.li))
    assert "售后组 的组长" in form.says("duty-list")[0]
    assert "上面这些还指着这个人" in form.says("danger-card")[0]
    page = await sent(admin, f"{one(cast.li)}/disable", version=1)
    assert "已停用，所有登录都已退出" in page.says("toast")
    assert (await li.open("/console"))[0] == 303
    assert (await new_browser().log_in(cast.li)).status == 401
    stale = await sent(admin, f"{one(cast.li)}/enable", version=1)
    assert stale.status == 409
    await sent(admin, f"{one(cast.li)}/enable", version=2)
    assert (await new_browser().log_in(cast.li)).status == 303


async def test_nobody_disables_themselves_or_the_last_administrator(console: Console, admin: Browser) -> None:
    cast = console.cast
    assert (await sent(admin, f"{one(cast.admin)}/disable", version=1)).status == 422
    assert (await kept(console, cast.admin)).disabled_at is None
    assert (await sent(admin, f"{one(cast.li)}/disable", version=9)).status == 409


async def test_teams_are_added_renamed_and_archived(console: Console, admin: Browser) -> None:
    cast = console.cast
    page = await sent(admin, "/console/rules/teams", name=" 售后组 ", lead=cast.li.id)
    assert "组长：李工" in page.says("team")[0]
    (team,) = await console.database.read(teams.all_teams)
    assert "同名的团队" in (await sent(admin, "/console/rules/teams", name="售后组")).alerts()
    for nothing_to_see in (" ", "\u200b"):
        assert "请填写团队名称" in (await sent(admin, "/console/rules/teams", name=nothing_to_see)).alerts()
    path = f"/console/rules/teams/{team.id}"
    await sent(admin, path, version=1, name="售后一组", lead="")
    late = await sent(admin, path, version=1, name="另一个名字", lead="")
    assert late.status == 409
    assert "售后一组" in late.alerts()
    assert late.tree.xpath("//input[@name='name']/@value") == ["另一个名字"]
    gone = await sent(admin, path, version=2, name="售后一组", lead="nobody")
    assert gone.status == 422
    assert (await sent(admin, f"{path}/archive", version=1)).status == 409
    await sent(admin, f"{path}/archive", version=2)
    assert await console.database.read(teams.all_teams) == []
    await sent(admin, f"{path}/revive", version=3)
    assert [one.name for one in await console.database.read(teams.all_teams)] == ["售后一组"]


async def test_names_are_text_and_nothing_else(console: Console, admin: Browser) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await sent(admin, "/console/rules/teams", name=evil, lead=console.cast.li.id)
    (team,) = await console.database.read(teams.all_teams)
    for path in (LIST, f"/console/rules/teams/{team.id}", one(console.cast.li)):
        page = await opened(admin, path)
        assert page.status == 200
        assert "<img src=x" not in page.text


async def test_supervisors_read_and_do_not_write(console: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(console.cast.supervisor)
    page = await opened(zhou, LIST)
    assert page.status == 200
    assert page.tree.xpath("//main//form") == []
    assert (await sent(zhou, "/console/rules/teams", name="x")).status == 403
    assert (await opened(zhou, one(console.cast.li))).status == 403


async def test_english_is_spoken_too(console: Console, admin: Browser) -> None:
    await admin.send("/console/language", fetch=False, language="en")
    page = await opened(admin, LIST)
    assert page.says("part-title") == ["Teams"]
    assert people.PASSWORD not in page.text
