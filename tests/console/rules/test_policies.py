"""The pages of policies: read, written, put in order, never over what somebody else has written."""

from dataclasses import replace

import pytest

from storage.database import Transaction
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import Page, opened, policy, rules_of, sent
from tickets import teams
from tickets.model import Status
from tickets.sla import rulebook
from tickets.sla.model import Budget, Condition, ConditionField, Policy, Rule, RuleKind, Warning

HOUR = people.HOUR
MINUTE = people.MINUTE


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def add(admin: Browser, name: str, **fields: str) -> Page:
    """A new policy, filled in as the form offers it but for these fields."""
    form = (await opened(admin, "/policies/new")).fields()
    return await sent(admin, "/policies/new", {**form, "name": name, **fields})


async def test_a_policy_is_told_in_one_sentence_with_whom_it_is_for(console: Console, admin: Browser) -> None:
    await add(admin, "贵宾", **{"value_class": "VIP、金卡", "channel.chat": "on", "first_response.amount": "1.5"})
    page = await opened(admin, "")
    assert page.says("rule-audience") == ["渠道是网页聊天，且客户等级是VIP或金卡", "其他所有客户"]
    assert page.says("rule-promise")[0] == "每次答复 1 小时 30 分钟内（自然时间）"
    assert page.says("entry-facts")[0].startswith("升级链：标准升级链v1 · 管理员")


async def test_what_is_written_is_kept_and_comes_back_as_it_was_written(console: Console, admin: Browser) -> None:
    office = (await rules_of(console, RuleKind.CALENDAR))[0]
    team = await console.database.write(teams.add, "售后一组", None)
    written = {
        "value_class": "VIP",
        "channel.mail": "on",
        "priority.urgent": "on",
        f"team.{team.id}": "on",
        "category": "投诉、退款",
        "attribute.0.name": "地区",
        "attribute.0.values": "云南,贵州",
        "first_response.amount": "90",
        "first_response.unit": "minutes",
        "first_response.calendar": office.id,
        "first_response.warning.0.amount": "50",
        "first_response.warning.0.unit": "percent",
        "first_response.warning.1.amount": "10",
        "first_response.warning.1.unit": "minutes",
        "first_response.pause.pending": "on",
        "next_response.amount": "4",
        "resolution.on": "on",
        "resolution.amount": "3",
        "resolution.unit": "days",
    }
    form = (await opened(admin, "/policies/new")).fields()
    form.pop("next_response.same")
    form = {name: text for name, text in form.items() if ".warning." not in name}
    await sent(admin, "/policies/new", {**form, "name": "贵宾", **written})
    kept = await policy(console, "贵宾")
    warnings = (Warning(share=50), Warning(lead_ms=10 * MINUTE))
    assert kept.first_response == Budget(90 * MINUTE, office.id, warnings, (Status.PENDING,))
    assert (kept.next_response, kept.resolution) == (Budget(4 * HOUR), Budget(72 * HOUR))
    assert set(kept.conditions) == {
        Condition(ConditionField.CHANNEL, ("mail",)),
        Condition(ConditionField.PRIORITY, ("urgent",)),
        Condition(ConditionField.TEAM, (team.id,)),
        Condition(ConditionField.CATEGORY, ("投诉", "退款")),
        Condition(ConditionField.VALUE_CLASS, ("VIP",)),
        Condition(ConditionField.ATTRIBUTE, ("云南", "贵州"), "地区"),
    }
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    again = await sent(admin, f"/policies/{rule.id}", (await opened(admin, f"/policies/{rule.id}")).fields())
    assert "没有改动" in again.text
    assert (await rules_of(console, RuleKind.POLICY))[0].version == 1


WRONG = [
    ({"name": " "}, "请填写名称。"),
    ({"name": "长" * 61}, "名称最多 60 个字。"),
    ({"name": "标准时限"}, "已经有一条叫「标准时限」，请换一个名称。"),
    ({"first_response.amount": "很快"}, "请填写数字，例如 8 或 1.5。"),
    ({"first_response.amount": "0"}, "时限太短，至少 1 分钟。"),
    ({"first_response.amount": "400", "first_response.unit": "days"}, "时限太长，最多 365 天。"),
    ({"first_response.calendar": "gone"}, "所选的日历已停用，请另选。"),
    ({"chain": "gone"}, "请选择一条在用的升级链。"),
    ({"first_response.warning.0.amount": "100"}, "提醒的比例要在 1% 到 99% 之间。"),
    ({"first_response.warning.0.amount": "x"}, "请填写数字，例如 8 或 1.5。"),
    (
        {"first_response.warning.0.amount": "13", "first_response.warning.0.unit": "hours"},
        "提前量要小于时限本身（12 小时）。",
    ),
    (
        {"first_response.warning.0.amount": "50", "first_response.warning.1.amount": "50"},
        "这条提醒与前面的重复。",
    ),
    (
        {"resolution.on": "on", "resolution.amount": "1"},
        "首次答复的时限比解决还晚：今天 16:00 提交的工单，解决在 今天 17:00，首次答复却在 明天 04:00。",
    ),
    ({"channel.fax": "on"}, "「fax」已不存在，请取消。"),
    ({"attribute.0.values": "云南"}, "请填写客户属性的名称。"),
    ({"attribute.0.name": "地区"}, "这个条件还没有填值。"),
]


async def test_whatever_is_wrong_is_said_in_words_and_the_form_is_kept(console: Console, admin: Browser) -> None:
    form = (await opened(admin, "/policies/new")).fields()
    for fields, told in WRONG:
        page = await sent(admin, "/policies/new", {**form, "name": "贵宾", "value_class": "VIP", **fields})
        assert page.status == 422, fields
        assert told in page.alerts(), (fields, page.alerts())
        shown = page.fields()
        assert {name: shown.get(name) for name in fields} == fields
        assert shown["value_class"] == "VIP"
    assert len(await rules_of(console, RuleKind.POLICY)) == 1


async def test_a_policy_that_is_never_reached_is_told_of_and_kept(console: Console, admin: Browser) -> None:
    await add(admin, "邮件", **{"channel.mail": "on"})
    page = await add(admin, "邮件贵宾", **{"channel.mail": "on", "value_class": "VIP"})
    assert page.says("rule-hidden") == ["排在前面的「邮件」更宽，它的客户都先归了那一条。请上移，或改条件。"]
    assert page.says("badge-soon") == ["轮不到"]
    rule = (await rules_of(console, RuleKind.POLICY))[1]
    shown = await opened(admin, f"/policies/{rule.id}")
    assert any("轮不到" in told for told in shown.says("hint-line"))


async def test_of_two_who_edit_the_second_sees_what_changed_and_keeps_what_was_typed(
    console: Console, admin: Browser, new_browser: NewBrowser
) -> None:
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    address = f"/policies/{rule.id}"
    mine = (await opened(admin, address)).fields()
    other = await new_browser.of(console.cast.admin)
    theirs = (await opened(other, address)).fields()
    await sent(other, address, {**theirs, "first_response.amount": "6"})
    page = await sent(admin, address, {**mine, "first_response.amount": "2", "name": "我的"})
    assert page.status == 409
    assert "管理员在今天 16:00已经保存了另一版（现在是第 2 版）" in page.alerts()
    assert "首次答复 12 小时内（自然时间）" in page.alerts()
    assert "首次答复 6 小时内（自然时间）" in page.alerts()
    assert page.fields()["first_response.amount"] == "2"
    await sent(admin, address, page.fields())
    assert (await policy(console, "我的")).first_response.length_ms == 2 * HOUR
    assert (await rules_of(console, RuleKind.POLICY))[0].version == 3


async def test_a_tampered_version_changes_nothing(console: Console, admin: Browser) -> None:
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    form = (await opened(admin, f"/policies/{rule.id}")).fields()
    for version in ("", "x", "-1", "9" * 30):
        page = await sent(admin, f"/policies/{rule.id}", {**form, "version": version, "name": "x"})
        assert page.status == 400
    assert (await sent(admin, f"/policies/{rule.id}", {**form, "version": "7", "name": "x"})).status == 409


async def names(console: Console) -> list[str]:
    return [rule.name for rule in await rules_of(console, RuleKind.POLICY)]


async def test_policies_move_without_a_script_and_never_past_the_last(console: Console, admin: Browser) -> None:
    for name in ("金", "银", "铜"):
        await add(admin, name, value_class=name)
    gold, silver, bronze, last = await rules_of(console, RuleKind.POLICY)
    page = await sent(admin, f"/policies/{bronze.id}/move", {"past": silver.id})
    assert await names(console) == ["金", "铜", "银", "标准时限"]
    assert "顺序已调整" in page.text
    stale = await sent(admin, f"/policies/{gold.id}/move", {"past": silver.id})
    assert (stale.status, "刚刚被别人改过" in stale.alerts()) == (409, True)
    refused = await sent(admin, f"/policies/{silver.id}/move", {"past": last.id})
    assert (refused.status, "要一直在最后" in refused.alerts()) == (422, True)
    assert await names(console) == ["金", "铜", "银", "标准时限"]


async def test_a_policy_is_archived_and_used_again_and_the_last_never(console: Console, admin: Browser) -> None:
    await add(admin, "贵宾", value_class="VIP")
    vip, last = await rules_of(console, RuleKind.POLICY)
    page = await sent(admin, f"/{vip.id}/archive", {"version": "1"})
    assert await names(console) == ["标准时限"]
    assert "已停用 1 条" in page.text
    assert (await opened(admin, f"/policies/{vip.id}")).status == 404
    assert (await opened(admin, f"/{vip.id}/versions")).status == 200
    await sent(admin, f"/{vip.id}/revive", {})
    assert await names(console) == ["贵宾", "标准时限"]
    refused = await sent(admin, f"/{last.id}/archive", {"version": "1"})
    assert (refused.status, "不能停用" in refused.alerts()) == (422, True)
    assert (await sent(admin, f"/{vip.id}/archive", {"version": "9"})).status == 409


async def test_a_copy_is_offered_with_everything_but_the_name(console: Console, admin: Browser) -> None:
    await add(admin, "贵宾", **{"value_class": "VIP", "first_response.amount": "3"})
    vip = (await rules_of(console, RuleKind.POLICY))[0]
    form = (await opened(admin, f"/policies/new?like={vip.id}")).fields()
    assert (form["name"], form["value_class"], form["first_response.amount"]) == ("贵宾 副本", "VIP", "3")
    assert (await opened(admin, "/policies/new?like=nothing")).status == 200


async def test_versions_say_what_changed_and_an_old_one_comes_back(console: Console, admin: Browser) -> None:
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    form = (await opened(admin, f"/policies/{rule.id}")).fields()
    await sent(
        admin,
        f"/policies/{rule.id}",
        {**form, "first_response.amount": "8", "resolution.on": "on", "resolution.amount": "30"},
    )
    page = await opened(admin, f"/{rule.id}/versions")
    told = " ".join(page.says("diff"))
    assert "首次答复 12 小时内（自然时间）" in told
    assert "首次答复 8 小时内（自然时间）" in told
    assert "解决不承诺解决 1 天 6 小时内（自然时间）" in told
    assert "配置文件" in page.text
    back = await sent(admin, f"/{rule.id}/restore", {"version": "2", "to": "1"})
    assert "已恢复为新的一版" in back.text
    newest = (await rules_of(console, RuleKind.POLICY))[0]
    assert (newest.version, newest.definition) == (3, rule.definition)
    assert (await sent(admin, f"/{rule.id}/restore", {"version": "2", "to": "1"})).status == 409
    assert (await sent(admin, f"/{rule.id}/restore", {"version": "3", "to": "9"})).status == 404


async def test_a_supervisor_reads_and_tries_and_changes_nothing(console: Console, new_browser: NewBrowser) -> None:
    supervisor = await new_browser.of(console.cast.supervisor)
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    listed = await opened(supervisor, "")
    assert not listed.tree.xpath("//form[contains(@action, '/rules')]")
    page = await opened(supervisor, f"/policies/{rule.id}?try.day=2026-09-30&try.at=17:50")
    assert page.tree.xpath("//fieldset[@disabled]")
    assert page.says("trial-sentence")[0] == "9月30日（周三）17:50 提交的工单，最晚10月1日（周四）05:50 首次答复。"
    assert (await sent(supervisor, f"/policies/{rule.id}", page.fields())).status == 403


async def test_names_that_are_markup_stay_text(console: Console, admin: Browser) -> None:
    name = "<script>alert(1)</script>\u202e\"'"
    await add(
        admin,
        name,
        value_class="<img src=x onerror=alert(1)>",
        **{"attribute.0.name": "<b>", "attribute.0.values": "{{7*7}}"},
    )
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    assert rule.name == name
    for place in ("", f"/policies/{rule.id}", f"/{rule.id}/versions", f"/policies/new?like={rule.id}"):
        text = (await opened(admin, place)).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    await sent(admin, f"/{rule.id}/archive", {"version": "1"})
    assert "<script>alert" not in (await opened(admin, "")).text


async def test_a_hundred_policies_are_listed_in_order(console: Console, admin: Browser) -> None:
    def fill(tx: Transaction) -> list[Rule]:
        last = rulebook.in_force(tx).policies[-1].definition
        assert isinstance(last, Policy)
        made = []
        for number in range(99):
            definition = replace(last, conditions=(Condition(ConditionField.VALUE_CLASS, (f"class-{number}",)),))
            made.append(
                rulebook.add(tx, RuleKind.POLICY, f"策略 {number:02}", definition, "a", 10 * number, people.NOON)
            )
        return made

    await console.database.write(fill)
    page = await opened(admin, "")
    assert page.says("entry-link") == [*(f"策略 {number:02}" for number in range(99)), "标准时限"]


async def test_an_english_reader_reads_english(console: Console, admin: Browser) -> None:
    await admin.send("/console/language", fetch=False, language="en", next="/console/rules")
    page = await opened(admin, "")
    assert page.says("rule-promise") == ["Each response within 12 hours (natural time)"]
    assert page.says("rule-audience") == ["Everybody else"]
