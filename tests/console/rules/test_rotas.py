"""The pages of rotas: who is on duty now and in the weeks to come."""

from datetime import date

import pytest

from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import opened, rules_of, sent
from tickets import agents
from tickets.sla import rulebook
from tickets.sla.model import Chain, Level, Rota, Rule, RuleKind, Substitution

WRONG = [
    ("name", "", "请填写名称"),
    ("zone", "Shanghai", "没有这个时区"),
    ("member.0", "11111111-1111-4111-8111-111111111111", "值班表里有人已不在职"),
    ("starts", "soon", "请填写有效的日期"),
    ("days_each", "0", "请填 1 到 366 之间的数"),
    ("days_each", "many", "请填写数字"),
    ("handover", "25:00", "请填写时间"),
    ("substitution.0.last", "2026-11-27", "代班的结束日期早于开始"),
    ("substitution.0.agent", "", "值班表里有人已不在职"),
    ("substitution.1.first", "2026-11-28", "代班的日期有重叠"),
    ("substitution.1.agent", "x", "请填写有效的日期"),
]


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def the_rota(console: Console) -> Rule:
    (rule,) = await rules_of(console, RuleKind.ROTA)
    return rule


def nights(console: Console) -> dict[str, str]:
    cast = console.cast
    return {
        "version": "0",
        "name": "夜间值班",
        "zone": "Asia/Shanghai",
        "member.0": cast.li.id,
        "member.1": "",
        "member.2": cast.chen.id,
        "starts": "2026-11-16",
        "days_each": "7",
        "handover": "09:30",
        "substitution.0.first": "2026-11-28",
        "substitution.0.last": "",
        "substitution.0.agent": cast.supervisor.id,
        "substitution.1.first": "",
        "substitution.1.last": "",
        "substitution.1.agent": "",
    }


async def test_a_rota_is_written_and_tells_who_is_on_duty(console: Console, admin: Browser) -> None:
    page = await sent(admin, "/rotas/new", nights(console))
    cast = console.cast
    stand_in = Substitution(date(2026, 11, 28), date(2026, 11, 28), cast.supervisor.id)
    assert (await the_rota(console)).definition == Rota(
        (cast.li.id, cast.chen.id), date(2026, 11, 16), 7, 570, "Asia/Shanghai", (stand_in,)
    )
    (now,) = page.says("duty-now")
    assert "现在陈晓雯值班，到11月28日（周六）09:30" in now
    assert "接着是周敏" in now
    week = page.says("duty")[0]
    assert "今天陈晓雯" in week
    assert "周敏代" in week


async def test_the_weeks_to_come_are_shown_while_it_is_typed(console: Console, admin: Browser) -> None:
    page = await sent(admin, "/rotas/try", {**nights(console), "name": "", "days_each": "1"}, fetch=True)
    days = page.tree.xpath("//td[contains(@class, 'duty-')]/@title")
    assert days[1] == "2026-11-24 李工"
    assert days[2] == "2026-11-25 陈晓雯"
    assert "2026-11-28 周敏 · 代班" in days
    nothing = await sent(admin, "/rotas/try", {**nights(console), "days_each": "0"}, fetch=True)
    assert "选好人和开始日期" in nothing.text


async def test_what_is_wrong_is_said_and_the_form_stays_as_typed(console: Console, admin: Browser) -> None:
    for field, value, told in WRONG:
        page = await sent(admin, "/rotas/new", {**nights(console), field: value})
        assert page.status == 422
        assert told in page.alerts()
        assert page.fields()[field] == value
    assert await rules_of(console, RuleKind.ROTA) == []


async def test_a_rota_needs_somebody(console: Console, admin: Browser) -> None:
    fields = {**nights(console), "member.0": "", "member.2": ""}
    assert "值班表至少要有一个人" in (await sent(admin, "/rotas/new", fields)).alerts()


async def test_more_rows_come_without_scripts(console: Console, admin: Browser) -> None:
    page = await sent(admin, "/rotas/try", {**nights(console), "then": "more"})
    assert "substitution.5.first" in page.fields()
    assert page.alerts() == ""


async def test_who_has_left_is_shown_and_has_to_be_replaced(console: Console, admin: Browser) -> None:
    await sent(admin, "/rotas/new", nights(console))
    rule = await the_rota(console)
    await console.database.write(agents.disable, "chen", people.NOON)
    page = await opened(admin, f"/rotas/{rule.id}")
    assert "陈晓雯（已停用）" in page.text
    assert "有人已不在职" in (await sent(admin, f"/rotas/{rule.id}", {**page.fields(), "days_each": "3"})).alerts()


async def test_two_who_write_at_once_do_not_overwrite_each_other(console: Console, admin: Browser) -> None:
    await sent(admin, "/rotas/new", nights(console))
    rule = await the_rota(console)
    form = (await opened(admin, f"/rotas/{rule.id}")).fields()
    await sent(admin, f"/rotas/{rule.id}", {**form, "days_each": "2"})
    page = await sent(admin, f"/rotas/{rule.id}", {**form, "handover": "08:00"})
    assert page.status == 409
    assert "每人 2 天，09:30 交接" in page.alerts()
    assert page.fields()["handover"] == "08:00"


async def test_a_rota_that_a_chain_names_is_not_archived(console: Console, admin: Browser) -> None:
    await sent(admin, "/rotas/new", nights(console))
    rule = await the_rota(console)
    level = Level("值班", 0, (f"rota:{rule.id}",), ("mail",))
    chain = Chain((level,), None, people.HOUR, None, people.HOUR)
    await console.database.write(rulebook.add, RuleKind.CHAIN, "夜里", chain, "x", 0, people.NOON)
    page = await sent(admin, f"/{rule.id}/archive", {"version": "1"})
    assert page.status == 422
    assert "「夜里」正在使用" in page.alerts()
    assert "夜里" in (await opened(admin, "/rotas")).says("rota")[0]
    assert "值班「夜间值班」" in (await opened(admin, "/chains")).says("rung-person")


async def test_who_only_reads_sees_no_empty_rows(console: Console, admin: Browser, new_browser: NewBrowser) -> None:
    await sent(admin, "/rotas/new", nights(console))
    rule = await the_rota(console)
    zhou = await new_browser.of(console.cast.supervisor)
    page = await opened(zhou, f"/rotas/{rule.id}")
    assert len(page.tree.xpath("//ol[contains(@class, 'member-list')]//select")) == 2
    assert len(page.tree.xpath("//input[@type='date' and contains(@name, '.first')]")) == 1
