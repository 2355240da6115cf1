"""The pages of calendars, and promises tried out before they count."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.console.rules import calendar_form, policy_form
from bot.console.rules.days import occasions
from bot.console.rules.sentences import Names, Teller
from bot.console.rules.trying import try_out
from bot.console.rules.units import read_date, read_hours, read_length, write_hours, write_length
from bot.console.texts import Language, sayer
from bot.console.times import Almanac
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import calendar, opened, policy, rules_of, sent
from tickets.business_time import NATURAL, Calendar, Span, SpecialDay, deadline
from tickets.model import Metric
from tickets.sla.model import Budget, Condition, ConditionField, Policy, RuleKind, Warning

HOUR = people.HOUR
DAY = (Span(9 * 3600, 12 * 3600), Span(13 * 3600 + 1800, 18 * 3600))
OFFICE = Calendar(week=(DAY,) * 5 + ((), ()), holidays="CN")
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def test_a_calendar_is_written_and_told(console: Console, admin: Browser) -> None:
    form = (await opened(admin, "/calendars/new")).fields()
    written = {
        "name": "热线",
        "week.5": "１０：００－１６：００",
        "week.6": "10:00~12:00、",
        "make_up": "10:00-16:00",
        "special.0.date": "2026-10-02",
        "special.0.name": "国庆值班",
        "special.0.hours": "10:00-16:00",
        "special.1.date": "2026-12-31",
        "special.1.name": "年终盘点",
    }
    page = await sent(admin, "/calendars/new", {**form, **written})
    kept = await calendar(console, "热线")
    assert kept == replace(
        OFFICE,
        week=(DAY,) * 5 + ((Span(36_000, 57_600),), (Span(36_000, 43_200),)),
        make_up=(Span(36_000, 57_600),),
        special=(
            SpecialDay(date(2026, 10, 2), "国庆值班", (Span(36_000, 57_600),)),
            SpecialDay(date(2026, 12, 31), "年终盘点"),
        ),
    )
    assert "周一至周五 09:00–12:00、13:30–18:00；周六 10:00–16:00；周日 10:00–12:00" in page.says("rule-promise")
    assert any("调休上班日 10:00–16:00 · 自定义日期 2 个" in told for told in page.says("rule-audience"))


WRONG = [
    ({"name": ""}, "请填写名称。"),
    ({"zone": "Asia/Atlantis"}, "没有这个时区，请写成 Asia/Shanghai 这样。"),
    ({"zone": "../etc"}, "没有这个时区，请写成 Asia/Shanghai 这样。"),
    ({"week.1": "九点到六点"}, "「九点到六点」看不懂，请写成 09:00-12:00 13:30-18:00。"),
    ({"week.1": "18:00-09:00"}, "时段要在 00:00 到 24:00 之间，结束晚于开始。"),
    ({"week.1": "09:00-25:00"}, "时段要在 00:00 到 24:00 之间，结束晚于开始。"),
    ({"week.1": "09:00-10:75"}, "时段要在 00:00 到 24:00 之间，结束晚于开始。"),
    ({"week.1": "09:00-12:00 11:00-13:00"}, "时段有重叠。"),
    ({f"week.{number}": "" for number in range(7)}, "一周里至少要有一段工作时间，只有自定义日期不够。"),
    ({"special.0.date": "2026-02-30", "special.0.name": "x"}, "请填写有效的日期。"),
    ({"special.0.date": "2026-12-31"}, "请给这个日期起个名称，工单的计时明细里会显示。"),
    (
        {
            f"special.{number}.{part}": text
            for number in (0, 1)
            for part, text in (("date", "2026-12-31"), ("name", "x"))
        },
        "这个日期写了两次。",
    ),
]


async def test_whatever_is_wrong_is_said_in_words_and_the_form_is_kept(console: Console, admin: Browser) -> None:
    form = (await opened(admin, "/calendars/new")).fields()
    for fields, told in WRONG:
        page = await sent(admin, "/calendars/new", {**form, "name": "热线", **fields})
        assert page.status == 422, fields
        assert told in page.alerts(), (fields, page.alerts())
        shown = page.fields()
        assert {name: shown.get(name) for name in fields} == fields
    assert len(await rules_of(console, RuleKind.CALENDAR)) == 1


async def test_a_calendar_in_use_is_not_archived_and_does_not_break_promises(console: Console, admin: Browser) -> None:
    office = (await rules_of(console, RuleKind.CALENDAR))[0]
    rule = (await rules_of(console, RuleKind.POLICY))[0]
    form = (await opened(admin, f"/policies/{rule.id}")).fields()
    await sent(admin, f"/policies/{rule.id}", {**form, "first_response.calendar": office.id})
    refused = await sent(admin, f"/{office.id}/archive", {"version": "1"})
    assert (refused.status, "「标准时限」正在使用，请先让它改用别的。" in refused.alerts()) == (422, True)
    assert "使用中：标准时限" in " ".join(refused.says("entry-facts"))
    hours = {f"week.{number}": "" for number in range(1, 7)} | {"week.0": "00:00:00-00:00:01"}
    fields = (await opened(admin, f"/calendars/{office.id}")).fields()
    fields.pop("holidays")
    page = await sent(admin, f"/calendars/{office.id}", {**fields, **hours})
    assert "这样改，「标准时限」的承诺就不成立了：时限用不完。" in page.alerts()
    assert (await policy(console, "标准时限")).first_response.calendar_id == office.id


async def test_without_a_script_the_buttons_of_the_form_answer_with_the_form(console: Console, admin: Browser) -> None:
    form = (await opened(admin, "/calendars/new")).fields()
    copied = await sent(admin, "/calendars/try", {**form, "week.0": "08:00-16:00", "then": "copy"})
    assert [copied.fields()[f"week.{number}"] for number in range(7)] == ["08:00-16:00"] * 5 + ["", ""]
    more = await sent(admin, "/calendars/try", {**form, "then": "more"})
    assert "special.9.date" in more.fields()
    picked = await sent(admin, "/calendars/try", {**form, "try.pick": "2026-09-30T17:50"})
    assert (picked.fields()["try.day"], picked.fields()["try.at"]) == ("2026-09-30", "17:50")
    assert len(await rules_of(console, RuleKind.CALENDAR)) == 1


async def test_before_the_national_day_the_account_names_each_day(console: Console, admin: Browser) -> None:
    """12 working hours from 17:50 before 国庆: 10 minutes, seven days off, Thursday 7 h 30 min, Friday the rest."""
    form = (await opened(admin, "/calendars/new")).fields()
    wanted = {"try.day": "2026-09-30", "try.at": "17:50", "try.amount": "12", "try.unit": "hours"}
    page = await sent(admin, "/calendars/try", {**form, **wanted}, fetch=True)
    assert page.status == 200
    assert "<html" not in page.text
    assert page.says("trial-sentence") == ["9月30日（周三）17:50 提交的工单，10月9日（周五）14:50 到期。"]
    rows = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in page.tree.xpath("//table[@class='account']/tbody/tr")
    ]
    assert rows == [
        ["9月30日（周三）工作日", "17:50–18:00", "10 分钟"],
        ["10月1日（周四）至10月7日（周三）国庆节", "不计", ""],
        ["10月8日（周四）工作日", "09:00–12:00、13:30–18:00", "7 小时 30 分钟"],
        ["10月9日（周五）工作日", "09:00–12:00、13:30–14:50", "4 小时 20 分钟"],
    ]
    marks = page.tree.xpath("//td[contains(@class, 'cell-mark-')]/span[@class='cell-day']/text()")
    assert marks == ["30", "9"]
    titles = page.tree.xpath("//td[contains(@class, 'cell-make_up')]/@title")
    assert titles == ["调休上班（国庆节）"]


async def test_what_cannot_be_read_yet_is_said_beside_the_trial(console: Console, admin: Browser) -> None:
    form = (await opened(admin, "/calendars/new")).fields()
    page = await sent(admin, "/calendars/try", {**form, "name": "x", "week.0": "abc"}, fetch=True)
    assert any("看不懂" in told for told in page.says("hint-bad"))
    for day, at in (("", "x"), ("2026-13-01", "10:00"), ("9999-01-01", "10:00"), ("2026-09-30", "25:00")):
        page = await sent(admin, "/calendars/try", {**form, "try.day": day or "x", "try.at": at}, fetch=True)
        assert "请填写有效的日期和时间。" in page.text
    for amount in ("", "-1", "1e9", "999999999"):
        page = await sent(admin, "/calendars/try", {**form, "try.amount": amount}, fetch=True)
        assert page.status == 200
        assert not page.says("trial-sentence")


def teller(zone: str = "Asia/Shanghai") -> Teller:
    return Teller(Almanac(sayer(Language.CHINESE), zone, people.NOON, HOUR), Names({}, {}))


def counted(text: str) -> int:
    """The minutes that a line says."""
    units = {"天": 1440, "小时": 60, "分钟": 1}
    parts = text.split()
    return sum(int(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


def test_what_is_shown_is_what_the_deadline_is() -> None:
    """Of 150 random starts and budgets the sentence names the deadline, and the lines add up to the budget."""
    dice = random.Random(31)
    special = (SpecialDay(date(2026, 5, 7), "值班", (Span(0, 36_000),)), SpecialDay(date(2026, 6, 3), "年会"))
    calendars = (OFFICE, replace(OFFICE, special=special), replace(OFFICE, week=(DAY, (), DAY, (), DAY, DAY, ())))
    for _ in range(150):
        start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000) + dice.randrange(250 * 24 * 60) * 60_000
        minutes, wanted = dice.randrange(1, 60 * 60), dice.choice(calendars)
        trial = try_out("", Budget(minutes * 60_000), wanted, start, teller())
        due_at = deadline(start, minutes * 60_000, wanted)
        assert trial.due_at == due_at
        shown = datetime.fromtimestamp(due_at / 1000, UTC).astimezone(ZONE)
        assert f"{shown:%H:%M} 到期" in trial.sentence
        assert f"{shown.month}月{shown.day}日" in trial.sentence
        assert sum(counted(line.counted) for line in trial.lines if line.counted) == minutes
        assert not trial.cut
        marks = [cell.mark for week in trial.strip if week for cell in week if cell.mark]
        assert sorted(marks) in (["due", "start"], ["both"])


def test_a_trial_of_years_is_bounded() -> None:
    trial = try_out("", Budget(300 * 24 * HOUR), OFFICE, people.NOON, teller())
    assert (len(trial.lines), trial.cut > 100, len(trial.strip)) == (40, True, 12)
    assert trial.unknown_years[0] == 2027


def test_occasions_are_moments_worth_a_look() -> None:
    """In November 2026 no later holiday is known: the longest of 2026, and its last make-up day."""
    found = {
        (one.kind, one.holiday): f"{datetime.fromtimestamp(one.at / 1000, ZONE):%m-%d %H:%M}"
        for one in occasions(OFFICE, people.NOON)
    }
    assert found == {
        ("now", ""): "11-24 16:00",
        ("friday", ""): "11-27 17:50",
        ("before", "spring_festival"): "02-14 17:50",
        ("before", "labour_day"): "04-30 17:50",
        ("before", "national_day"): "09-30 17:50",
        ("make_up", "national_day"): "10-10 10:00",
    }
    spring = int(datetime(2026, 1, 20, tzinfo=ZONE).timestamp() * 1000)
    ahead = [one.holiday for one in occasions(OFFICE, spring) if one.kind == "before"]
    assert ahead == ["spring_festival", "tomb_sweeping_day", "labour_day"]
    assert [one.kind for one in occasions(NATURAL, people.NOON)] == ["now", "friday"]


def test_calendars_come_back_from_their_form() -> None:
    dice = random.Random(7)
    for _ in range(200):
        week = tuple(_some_spans(dice) for _ in range(7))
        special = tuple(
            SpecialDay(date(2026, dice.randrange(1, 13), number + 1), f"日 {number}", _some_spans(dice))
            for number in range(dice.randrange(4))
        )
        wanted = Calendar(
            "Asia/Shanghai",
            week,
            dice.choice((None, "CN")),
            dice.choice((None, DAY)),
            tuple(sorted(special, key=lambda one: one.date)),
        )
        form = calendar_form.filled("日历", wanted)
        assert calendar_form.written(form.typed).calendar == wanted


def _some_spans(dice: random.Random) -> tuple[Span, ...]:
    edges = sorted(dice.sample(range(1441), 2 * dice.randrange(4)))
    return tuple(Span(60 * start, 60 * end) for start, end in zip(edges[::2], edges[1::2], strict=True))


def test_policies_come_back_from_their_form() -> None:
    dice = random.Random(8)
    for _ in range(200):
        first, following, resolution = (_some_budget(dice) for _ in range(3))
        conditions = [
            Condition(ConditionField.CHANNEL, ("chat", "mail")),
            Condition(ConditionField.PRIORITY, ("high",)),
            Condition(ConditionField.CATEGORY, ("投诉", "退 款")),
            Condition(ConditionField.VALUE_CLASS, ("VIP",)),
            Condition(ConditionField.ATTRIBUTE, ("云南",), "地区"),
        ]
        chosen = tuple(one for one in conditions if dice.random() < 0.5)
        wanted = Policy(first, dice.choice((first, following)), dice.choice((None, resolution)), "chain", chosen)
        form = policy_form.filled("策略", wanted)
        again = policy_form.written(form.typed)
        assert (again.policy, again.findings) == (wanted, ())


def _some_budget(dice: random.Random) -> Budget:
    minutes = dice.choice((1, 45, 60, 90, 720, 1440, 4321))
    warnings = (Warning(share=dice.randrange(1, 100)), Warning(lead_ms=dice.choice((30, 60, 2880)) * 60_000))
    return Budget(minutes * 60_000, dice.choice((None, "office")), warnings[: dice.randrange(3)])


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("9-18", (Span(32_400, 64_800),)),
        ("09:00-12:00 13:30-18:00", DAY),
        ("09:00至12:00，13:30到18:00", DAY),
        ("13:30–18:00；09:00—12:00", DAY),
        ("00:00-24:00", (Span(0, 86_400),)),
        ("09:00", None),
        ("09:00-", None),
        ("009:00-10:00", None),
        ("09:00-10:00 x", None),
        ("9" + " " * 1_000_000 + "18", None),
        (" ".join(f"0:0:{second}-0:0:{second + 1}" for second in range(0, 58, 2)), None),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: tuple[Span, ...] | None) -> None:
    assert read_hours(text) == spans
    if spans:
        assert read_hours(write_hours(spans)) == spans


def test_days_are_read_of_years_that_every_zone_can_tell() -> None:
    assert read_date("2026-10-01") == date(2026, 10, 1)
    assert [read_date(text) for text in ("9999-12-31", "0001-01-01", "2026-02-30", "")] == [None] * 4


@pytest.mark.parametrize(
    ("amount", "unit", "length"),
    [
        ("8", "hours", 8 * HOUR),
        ("1.5", "hours", 90 * 60_000),
        ("１２", "minutes", 12 * 60_000),
        ("2", "days", 48 * HOUR),
    ],
)
def test_lengths_are_read_as_people_write_them(amount: str, unit: str, length: int) -> None:
    assert read_length(amount, unit) == length
    assert read_length(*write_length(length, True)) == length


@pytest.mark.parametrize("amount", ["", "-1", "1e3", "abc", "1" * 10, "nan", "1 2"])
def test_what_is_no_length_is_none(amount: str) -> None:
    assert read_length(amount, "hours") is None
    assert read_length("1", "weeks") is None


def test_every_metric_has_words() -> None:
    assert [teller().say(f"rules.metric.{metric}") for metric in Metric] == ["首次答复", "后续答复", "解决"]
