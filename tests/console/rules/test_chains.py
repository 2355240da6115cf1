"""The pages of chains: a ladder to read, a form to write, and who would be told now."""

from dataclasses import replace
from typing import Any

import pytest

from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import opened, rules_of, sent
from tickets import agents, profiles, staff, teams
from tickets.model import Agent
from tickets.sla import rulebook
from tickets.sla.model import Chain, Level, Rule, RuleKind

MINUTE, HOUR = people.MINUTE, people.HOUR
WRONG = [
    ("name", "", "请填写名称"),
    ("name", "标准升级链", "已经有一条叫「标准升级链」"),
    ("level.0.name", " ", "请填写名称"),
    ("level.0.after.amount", "bald", "请填写数字"),
    ("level.1.after.amount", "-1", "请填写数字"),
    ("level.1.after.amount", "9999", "最多 7 天"),
    ("level.1.others", "nobody@nowhere", "「nobody@nowhere」不是可以通知的人"),
    ("level.1.others", "12345", "「12345」不是可以通知的人"),
    ("level.1.to.agent:11111111-1111-4111-8111-111111111111", "on", "不是可以通知的人"),
    ("level.1.to.rota:11111111-1111-4111-8111-111111111111", "on", "不是可以通知的人"),
    ("level.1.way.pigeon", "on", "没有配置「pigeon」这种发送方式"),
    ("level.1.fallback.mail", "on", "「mail」已经在主要方式里了"),
    ("repeat.amount", "1m", "请填写数字"),
    ("longest_snooze.amount", "31", "最多 30 天"),
]


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def chains(console: Console) -> dict[str, Rule]:
    return {rule.name: rule for rule in await rules_of(console, RuleKind.CHAIN)}


async def reach(console: Console, agent: Agent, **profile: Any) -> None:
    """Change how somebody is reached."""
    kept = await console.database.read(agents.get_agent, agent.id)
    wanted = replace(profiles.profile_of(kept), **profile)
    await console.database.write(staff.change_profile, agent.id, kept.version, wanted)


def two_levels(console: Console) -> dict[str, str]:
    return {
        "version": "0",
        "name": "重点客户",
        "level.0.name": "受理人",
        "level.0.after.amount": "0",
        "level.0.after.unit": "minutes",
        "level.0.to.assignee": "on",
        "level.0.others": "",
        "level.0.way.mail": "on",
        "level.1.name": "主管",
        "level.1.after.amount": "1.5",
        "level.1.after.unit": "hours",
        "level.1.to.role:supervisor": "on",
        f"level.1.to.agent:{console.cast.chen.id}": "on",
        "level.1.others": "duty@example.com，138 0000 0012",
        "level.1.way.mail": "on",
        "level.1.fallback.webhook": "on",
        "warning.on": "on",
        "warning.name": "临近提醒",
        "warning.to.assignee": "on",
        "warning.others": "",
        "warning.way.console": "on",
        "repeat.amount": "2",
        "repeat.unit": "hours",
        "acknowledged_for.good": "on",
        "acknowledged_for.amount": "4",
        "acknowledged_for.unit": "hours",
        "longest_snooze.amount": "1",
        "longest_snooze.unit": "days",
    }


async def test_a_chain_is_written_and_read_as_a_ladder(console: Console, admin: Browser) -> None:
    page = await sent(admin, "/chains/new", two_levels(console))
    chain = (await chains(console))["重点客户"].definition
    assert chain == Chain(
        levels=(
            Level("受理人", 0, ("assignee",), ("mail",)),
            Level(
                "主管",
                90 * MINUTE,
                ("role:supervisor", f"agent:{console.cast.chen.id}", "duty@example.com", "+8613800000012"),
                ("mail",),
                ("webhook",),
            ),
        ),
        warning=Level("临近提醒", 0, ("assignee",), ("console",)),
        repeat_ms=2 * HOUR,
        acknowledged_for_ms=None,
        longest_snooze_ms=24 * HOUR,
    )
    assert "再过 1 小时 30 分钟" in page.says("rung-when")
    assert {"全体主管", "陈晓雯", "d***@example.com", "138****0012"} <= set(page.says("rung-person"))
    assert "邮件 送不到时改用Webhook" in page.says("rung-ways")
    (facts,) = [told for told in page.says("chain-facts") if "临近提醒通知受理人（工作台）" in told]
    assert "确认后不再继续" in facts
    assert "稍后提醒最长 1 天" in facts


async def test_a_form_shows_what_is_kept_and_saving_it_changes_nothing(console: Console, admin: Browser) -> None:
    await sent(admin, "/chains/new", two_levels(console))
    rule = (await chains(console))["重点客户"]
    page = await sent(admin, f"/chains/{rule.id}", (await opened(admin, f"/chains/{rule.id}")).fields())
    assert page.says("toast") == ["没有改动"]
    assert (await chains(console))["重点客户"] == rule


async def test_somebody_who_has_left_is_called_by_name_where_a_chain_cannot_be_kept_because_of_it(
    console: Console, admin: Browser
) -> None:
    chen = console.cast.chen
    await sent(admin, "/chains/new", two_levels(console) | {f"level.0.to.agent:{chen.id}": "on"})
    rule = (await chains(console))["重点客户"]
    await console.database.write(staff.disable, chen.id, chen.version, console.clock.now)
    fields = (await opened(admin, f"/chains/{rule.id}")).fields()
    page = await sent(admin, f"/chains/{rule.id}", {**fields, "repeat.amount": "3"})
    assert f"「{chen.name}」不是可以通知的人" in page.alerts()


async def test_levels_are_added_moved_and_removed_without_scripts_and_nothing_is_kept(
    console: Console, admin: Browser
) -> None:
    fields = two_levels(console)
    page = await sent(admin, "/chains/try", {**fields, "then": "add"})
    assert page.alerts() == ""
    assert page.fields()["level.2.after.amount"] == "30"
    moved = await sent(admin, "/chains/try", {**page.fields(), "then": "up.1"})
    assert [moved.fields()[f"level.{number}.name"] for number in range(3)] == ["主管", "受理人", ""]
    moved = await sent(admin, "/chains/try", {**moved.fields(), "then": "down.1"})
    assert [moved.fields()[f"level.{number}.name"] for number in range(3)] == ["主管", "", "受理人"]
    left = await sent(admin, "/chains/try", {**moved.fields(), "then": "remove.1"})
    assert [left.fields().get(f"level.{number}.name") for number in range(3)] == ["主管", "受理人", None]
    assert set(await chains(console)) == {"标准升级链"}


async def test_what_is_wrong_is_said_and_the_form_stays_as_typed(console: Console, admin: Browser) -> None:
    for field, value, told in WRONG:
        fields = {**two_levels(console), field: value}
        page = await sent(admin, "/chains/new", fields)
        assert page.status == 422
        assert told in page.alerts()
        assert {name: page.fields().get(name) for name in fields} == fields
    assert set(await chains(console)) == {"标准升级链"}


async def test_a_chain_needs_a_level_people_and_ways(console: Console, admin: Browser) -> None:
    bare = {name: text for name, text in two_levels(console).items() if not name.startswith("level.")}
    assert "至少要有一级" in (await sent(admin, "/chains/new", bare)).alerts()
    alone = {**bare, "level.0.name": "一", "level.0.after.amount": "0", "level.0.after.unit": "minutes"}
    alerts = (await sent(admin, "/chains/new", alone)).alerts()
    assert "请选择通知谁" in alerts
    assert "请选择用什么方式通知" in alerts


async def test_beside_the_form_stands_who_would_be_told_now(console: Console, admin: Browser) -> None:
    cast = console.cast
    await reach(console, cast.li, quiet_from=0, quiet_until=1_439, deputy_id=cast.chen.id)
    await reach(console, cast.admin, email=None)
    await console.database.write(teams.add, "售后组", cast.li.id)
    await console.database.write(teams.add, "大客户组", None)
    fields = {
        **two_levels(console),
        f"level.0.to.agent:{cast.li.id}": "on",
        f"level.0.to.agent:{cast.admin.id}": "on",
        "level.0.to.team_lead": "on",
    }
    fields.pop("level.0.to.assignee")
    page = await sent(admin, "/chains/try", fields, fetch=True)
    told = page.says("told-level")[1]
    assert "陈晓雯代李工邮件" in told
    assert "c***@example.com" in told
    assert "管理员没有可用的手机或邮箱" in told
    assert "售后组的组长" in told
    assert "大客户组还没有组长" in told
    assert "li@example.com" not in page.text
    warning = page.says("told-level")[0]
    assert "这一级只在工作台里显示" in warning


async def test_a_level_that_reaches_nobody_is_warned_of_and_may_be_kept(console: Console, admin: Browser) -> None:
    fields = {**two_levels(console), "level.1.others": "138 0000 0012"}
    fields.pop("level.1.to.role:supervisor")
    fields.pop(f"level.1.to.agent:{console.cast.chen.id}")
    page = await sent(admin, "/chains/try", fields, fetch=True)
    assert "现在这一级通知不到任何人" in page.says("told-level")[2]
    await sent(admin, "/chains/new", fields)
    assert "重点客户" in await chains(console)


async def test_who_was_slower_sees_what_changed_and_keeps_what_was_typed(
    console: Console, admin: Browser, new_browser: NewBrowser
) -> None:
    (rule,) = (await chains(console)).values()
    form = (await opened(admin, f"/chains/{rule.id}")).fields()
    assert isinstance(rule.definition, Chain)
    faster = replace(rule.definition, repeat_ms=3 * HOUR)
    await console.database.write(
        rulebook.revise, rule.id, 1, rule.name, faster, console.cast.supervisor.id, people.NOON
    )
    page = await sent(admin, f"/chains/{rule.id}", {**form, "level.0.name": "我的一级"})
    assert page.status == 409
    assert "周敏" in page.alerts()
    assert "之后每 3 小时重复" in page.alerts()
    assert page.fields()["level.0.name"] == "我的一级"
    saved = await sent(admin, f"/chains/{rule.id}", page.fields())
    assert saved.status == 200
    assert (await rules_of(console, RuleKind.CHAIN))[0].version == 3


async def test_versions_tell_what_changed_and_an_old_one_comes_back(console: Console, admin: Browser) -> None:
    (rule,) = (await chains(console)).values()
    form = (await opened(admin, f"/chains/{rule.id}")).fields()
    await sent(admin, f"/chains/{rule.id}", {**form, "level.1.after.amount": "45"})
    page = await opened(admin, f"/{rule.id}/versions")
    changed = " ".join(page.says("diff-row"))
    assert "第 2 级 主管" in changed
    assert "再过 30 分钟" in changed
    assert "再过 45 分钟" in changed
    back = await sent(admin, f"/{rule.id}/restore", {"version": "2", "to": "1"})
    assert "已恢复为新的一版" in back.says("toast")
    (kept,) = (await chains(console)).values()
    assert (kept.version, kept.definition) == (3, rule.definition)


async def test_a_chain_in_use_is_not_archived_and_another_is_and_comes_back(console: Console, admin: Browser) -> None:
    (used,) = (await chains(console)).values()
    page = await sent(admin, f"/{used.id}/archive", {"version": "1"})
    assert page.status == 422
    assert "「标准时限」正在使用" in page.alerts()
    await sent(admin, "/chains/new", two_levels(console))
    free = (await chains(console))["重点客户"]
    gone = await sent(admin, f"/{free.id}/archive", {"version": "1"})
    assert "已停用，可在下面恢复" in gone.says("toast")
    assert set(await chains(console)) == {"标准升级链"}
    await sent(admin, f"/{free.id}/revive", {})
    assert "重点客户" in await chains(console)


async def test_supervisors_read_and_do_not_write(console: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(console.cast.supervisor)
    (rule,) = (await chains(console)).values()
    listed, one = await opened(zhou, "/chains"), await opened(zhou, f"/chains/{rule.id}")
    assert (listed.status, one.status) == (200, 200)
    assert listed.tree.xpath("//form[contains(@action, 'archive')]") == []
    assert one.tree.xpath("//*[@data-saves]") == []
    assert one.tree.xpath("//fieldset[@disabled]")


async def test_names_are_text_and_nothing_else(console: Console, admin: Browser) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await sent(admin, "/chains/new", {**two_levels(console), "name": evil, "level.0.name": evil})
    rule = (await chains(console))[evil]
    for path in ("/chains", f"/chains/{rule.id}", f"/{rule.id}/versions"):
        page = await opened(admin, path)
        assert "<img src=x" not in page.text
        assert page.tree.xpath("//img[@src='x']") == []


async def test_the_levels_of_the_default_chain_are_named_in_the_readers_language(
    console: Console, admin: Browser
) -> None:
    level = Level("supervisors", 0, ("role:supervisor",), ("mail",))
    chain = Chain((level,), None, HOUR, None, HOUR)
    await console.database.write(rulebook.add, RuleKind.CHAIN, "一", chain, "settings", 0, people.NOON)
    assert "主管" in (await opened(admin, "/chains")).says("rung-name")
    await admin.send("/console/language", fetch=False, language="en")
    english = await opened(admin, "/chains")
    assert "Supervisors" in english.says("rung-name")
    assert "When overdue" in english.says("rung-when")
