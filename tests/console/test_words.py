"""How times and conversations are told, and in which language. Pure."""

from dataclasses import replace

import pytest

from bot.console.login_delays import LoginDelays
from bot.console.story import Day, Happened, Noted, Said, Teller, trace_of
from bot.console.texts import Language, chosen_language, sayer, sentences
from bot.console.times import Almanac, Urgency
from tests.console import cast as people
from tickets.model import Actor, Author, Message, MessageKind, Note, TicketEvent

HOUR, MINUTE, NOON = people.HOUR, people.MINUTE, people.NOON
DAY = 24 * HOUR


def almanac(language: Language = Language.CHINESE) -> Almanac:
    return Almanac(sayer(language), "Asia/Shanghai", NOON, 2 * HOUR)


@pytest.mark.parametrize(
    ("at", "chinese", "english"),
    [
        (NOON, "今天 16:00", "today 16:00"),
        (NOON + 8 * HOUR, "明天 00:00", "tomorrow 00:00"),
        (NOON + 18 * HOUR + 30 * MINUTE, "明天 10:30", "tomorrow 10:30"),
        (NOON - 16 * HOUR - 1, "昨天 23:59", "yesterday 23:59"),
        (NOON + 6 * DAY, "11月30日（周一）16:00", "Mon 30 Nov 16:00"),
        (NOON + 60 * DAY, "2027年1月23日（周六）16:00", "Sat 23 Jan 2027 16:00"),
    ],
)
def test_moments_are_told_as_people_say_them(at: int, chinese: str, english: str) -> None:
    assert almanac().moment(at) == chinese
    assert almanac(Language.ENGLISH).moment(at) == english


@pytest.mark.parametrize(
    ("left", "said", "urgency"),
    [
        (26 * HOUR, "还剩 1 天 2 小时", Urgency.CALM),
        (2 * HOUR + 1, "还剩 2 小时", Urgency.CALM),
        (2 * HOUR, "还剩 2 小时", Urgency.SOON),
        (80 * MINUTE, "还剩 1 小时 20 分", Urgency.SOON),
        (59_999, "还剩 不到 1 分钟", Urgency.SOON),
        (0, "已超时 不到 1 分钟", Urgency.OVERDUE),
        (-35 * MINUTE, "已超时 35 分", Urgency.OVERDUE),
    ],
)
def test_a_countdown_says_what_is_left_and_how_urgent_it_is(left: int, said: str, urgency: Urgency) -> None:
    assert almanac().countdown(NOON + left) == said
    assert almanac().urgency(NOON + left) is urgency


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    chinese, english = sentences(Language.CHINESE), sentences(Language.ENGLISH)
    assert set(chinese) == set(english)
    places = {key: {part.split("}")[0] for part in text.split("{")[1:]} for key, text in chinese.items()}
    differing = [
        key for key, text in english.items() if {part.split("}")[0] for part in text.split("{")[1:]} != places[key]
    ]
    assert differing == []


def test_a_value_is_never_read_as_a_place_for_another() -> None:
    say = sayer(Language.CHINESE)
    assert say("alert.acknowledged_by", who="{at}{0.__class__}", at="今天") == "{at}{0.__class__}于今天 确认"


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, "", Language.CHINESE),
        (None, "fr, en-US;q=0.8, zh;q=0.5", Language.ENGLISH),
        (None, "zh-TW,en", Language.CHINESE),
        ("en", "zh-CN", Language.ENGLISH),
        ("xx", "zh-CN", Language.CHINESE),
    ],
)
def test_the_switch_goes_before_the_browser_and_chinese_is_the_rest(
    cookie: str | None, accepted: str, language: Language
) -> None:
    assert chosen_language(cookie, accepted) is language


def message(number: int, author: Author, at: int, agent_id: str | None = None) -> Message:
    return Message(f"m{number}", "c", number, author, agent_id, MessageKind.TEXT, "…", None, None, {}, {}, at)


def test_a_story_has_days_groups_notes_and_events_in_one_order() -> None:
    teller = Teller(almanac(), {"a1": "李工"}, "a1")
    story = teller.tell(
        [
            message(1, Author.CONTACT, NOON - DAY),
            message(2, Author.CONTACT, NOON - DAY + MINUTE),
            message(3, Author.BOT, NOON - DAY + MINUTE),
            message(4, Author.AGENT, NOON, "a1"),
            message(5, Author.AGENT, NOON + 6 * MINUTE, "a1"),
        ],
        [Note("n1", "t", "a1", "备注", NOON - HOUR)],
        [
            TicketEvent(Actor("bot"), "open", None, None, NOON - DAY + MINUTE),
            TicketEvent(Actor("agent", "a1"), "reply", None, None, NOON),
        ],
    )
    told = [
        item.label if isinstance(item, Day) else (item.key, item.first) if isinstance(item, Said) else type(item)
        for item in story
    ]
    assert told == [
        "昨天",
        ("m1", True),
        ("m2", False),
        ("m3", True),
        Happened,
        "今天",
        Noted,
        ("m4", True),
        ("m5", True),
    ]
    assert [item.mine for item in story if isinstance(item, Said)] == [False, False, False, True, True]


def test_what_the_bot_said_knows_the_question_before_it_unless_that_was_a_button() -> None:
    trace = {"decision": "answer", "matches": [{"id": "tyre"}]}
    bot = [replace(message(number, Author.BOT, NOON), trace=trace) for number in (1, 3, 4, 6, 8)]
    story = Teller(almanac(), {}, "").tell(
        [
            bot[0],
            replace(message(2, Author.CONTACT, NOON), text="轮胎" * 400),
            *bot[1:3],
            replace(message(5, Author.CONTACT, NOON), text="没解决", action="unsolved"),
            bot[3],
            replace(message(7, Author.CONTACT, NOON), text="首保"),
            replace(bot[4], trace={}),
        ],
        [],
        [],
    )
    asked = [item.asked for item in story if isinstance(item, Said) and item.message.author is Author.BOT]
    assert asked == [None, "轮胎" * 250, "轮胎" * 250, None, None]


def test_events_that_nobody_foresaw_are_told_in_general_words() -> None:
    teller = Teller(almanac(), {"a1": "李工"}, "a1")
    story = teller.tell([], [], [TicketEvent(Actor("agent", "a1"), "teleport", None, None, NOON)])
    assert story[-1] == Happened("e0", "\u2068李工\u2069更新了工单", NOON)


def test_a_late_alert_is_told_as_late() -> None:
    event = TicketEvent(Actor("system"), "alert", None, None, NOON, {"level": 2, "late": True})
    story = Teller(almanac(), {}, "").tell([], [], [event])
    assert isinstance(story[-1], Happened)
    assert story[-1].text == "已超时，第 2 级预警已补发"


def test_a_message_without_a_trace_explains_nothing() -> None:
    assert trace_of({}) is None


def test_the_memory_for_failed_logins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.console.login_delays.MOST_REMEMBERED", 10)
    delays = LoginDelays()
    for place in range(100):
        delays.begin(f"login-{place}", f"192.0.2.{place}", 0)
    assert len(delays._tries) == 10
