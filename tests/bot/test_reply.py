"""Decisions in words: every one in both languages, literal whatever the data holds, and worth reading."""

from dataclasses import replace
from itertools import product

import pytest

from bot.decide import WHILE_WAITING, Action, Answer, Clarify, Decision, HandOff, OfferPerson, Remark, Say, Silence
from bot.moments import moment
from bot.reply import SMALL_TALK, Context, compose
from bot.templates import load_templates
from knowledgebase.model import Entry
from tests.bot.cast import HOUR, LIMITS, NOW, PRICE, SERVICE, TYRES, ZONE, match
from tickets.contact_details import ContactDetails
from tickets.model import Author, Draft, MessageKind, Reason

TEMPLATES = load_templates()
NOBODY_AWAITED = Context()
AWAITED = Context(ticket="2611-0042", due=moment(NOW + 12 * HOUR, NOW, ZONE))
OVERDUE = replace(AWAITED, overdue=True)
TYRES_FOUND, SERVICE_FOUND = match(TYRES, 0.91234), match(SERVICE, 0.85)

# Splitting is an agent's act, of which the bot says nothing.
HANDOFFS = [HandOff(reason, (TYRES_FOUND,)) for reason in Reason if reason is not Reason.SPLIT]
DECISIONS: list[Decision] = [
    Answer((TYRES_FOUND,)),
    Answer((TYRES_FOUND, SERVICE_FOUND)),
    Answer((TYRES_FOUND,), Clarify((SERVICE_FOUND,))),
    *(Answer((TYRES_FOUND,), handoff) for handoff in HANDOFFS),
    *(Answer((TYRES_FOUND,), Say(remark)) for remark in WHILE_WAITING),
    Clarify(),
    Clarify((TYRES_FOUND, SERVICE_FOUND)),
    OfferPerson(),
    *HANDOFFS,
    *(Say(remark) for remark in Remark),
    Silence(),
]


def needs_ticket(decision: Decision) -> bool:
    inner = decision.rest if isinstance(decision, Answer) else decision
    return isinstance(inner, HandOff) or (isinstance(inner, Say) and inner.remark in WHILE_WAITING)


def composed(decision: Decision, context: Context = AWAITED) -> list[Draft]:
    return compose(decision, context, LIMITS.thresholds, TEMPLATES)


def texts(decision: Decision, context: Context = AWAITED) -> list[str]:
    return [draft.text for draft in composed(decision, context)]


@pytest.mark.parametrize(("decision", "language"), list(product(DECISIONS, ("zh", "en"))))
def test_every_decision_has_words_in_every_language(decision: Decision, language: str) -> None:
    contexts = [AWAITED, OVERDUE] if needs_ticket(decision) else [NOBODY_AWAITED, AWAITED]
    for context, traditional in product(contexts, (False, True)):
        spoken = replace(context, language=language, traditional=traditional, contact="+861****0000", ask_contact=True)
        drafts = composed(decision, spoken)
        assert bool(drafts) is not isinstance(decision, Silence)
        for draft in drafts:
            assert draft.author is Author.BOT
            assert draft.text == draft.text.strip() != ""
            assert "None" not in draft.text
            assert "\n\n\n" not in draft.text
            assert not any(mark in draft.text for mark in "！!")


def test_one_answer_is_the_entry_itself_and_asks_whether_it_helped() -> None:
    (draft,) = composed(Answer((TYRES_FOUND,)))
    assert draft.kind is MessageKind.ANSWER
    assert draft.text == TYRES.answer
    assert draft.extras == {"actions": [{"id": "solved", "label": "解决了"}, {"id": "unsolved", "label": "没解决"}]}
    assert draft.trace == {
        "decision": "answer",
        "matches": [{"id": "tyres", "version": 1, "question": TYRES.question, "score": 0.9123, "confidence": 0.9123}],
        "thresholds": {"answer": 0.8, "clarify": 0.3},
    }


def test_two_answers_stand_one_after_the_other_under_their_questions() -> None:
    assert texts(Answer((TYRES_FOUND, SERVICE_FOUND))) == [
        "您问了 2 件事，逐一回答如下。\n\n1. 轮胎多久换一次？\n每 6 年或 6 万公里更换。"
        "\n\n2. 首保什么时候做？\n5000 公里或半年内。"
    ]


def test_candidates_are_buttons_and_so_is_none_of_them() -> None:
    (draft,) = composed(Clarify((TYRES_FOUND, SERVICE_FOUND)))
    assert draft.kind is MessageKind.CLARIFY
    assert draft.extras is not None
    assert draft.extras["actions"] == [
        {"id": "entry:tyres", "label": "轮胎多久换一次？"},
        {"id": "entry:service", "label": "首保什么时候做？"},
        {"id": "none", "label": "都不是"},
    ]


@pytest.mark.parametrize("decision", [Clarify(), OfferPerson()])
def test_a_person_is_one_press_away_when_we_do_not_know_on(decision: Decision) -> None:
    (draft,) = composed(decision)
    assert draft.extras == {"actions": [{"id": Action.HUMAN, "label": "转人工"}]}


def test_a_hand_off_names_the_ticket_and_the_time_and_asks_for_a_way_back() -> None:
    handed, form = composed(HandOff(Reason.ASKED_FOR_PERSON), replace(AWAITED, ask_contact=True))
    assert handed.text == "好的，已为您转人工，工单 2611-0042。同事最晚今天 21:03 前在这个窗口回复您。"
    assert handed.kind is MessageKind.HANDOFF
    assert (form.kind, form.extras) == (MessageKind.NOTICE, {"form": "contact"})


def test_a_customer_whom_we_can_reach_is_not_asked_how() -> None:
    assert len(composed(HandOff(Reason.ASKED_FOR_PERSON))) == 1


def test_an_overdue_wait_gets_no_new_promise() -> None:
    for remark in WHILE_WAITING:
        (text,) = texts(Say(remark), OVERDUE)
        assert "让您久等了" in text
        assert "最晚" not in text


def test_regret_comes_before_the_answer_to_an_upset_customer() -> None:
    handoff = HandOff(Reason.COMPLAINT, (TYRES_FOUND,))
    asked = replace(AWAITED, ask_contact=True)
    kinds = [draft.kind for draft in composed(Answer((TYRES_FOUND,), handoff), asked)]
    assert kinds == [MessageKind.HANDOFF, MessageKind.ANSWER, MessageKind.NOTICE]
    assert "非常抱歉" in texts(handoff)[0]


def test_safety_comes_first_in_danger() -> None:
    words, answer = texts(Answer((TYRES_FOUND,), HandOff(Reason.DANGER)))
    assert words.startswith("请先确保人身安全")
    assert answer == TYRES.answer


def test_the_rest_of_several_questions_follows_the_answer() -> None:
    answer, rest = composed(Answer((TYRES_FOUND,), HandOff(Reason.NOT_UNDERSTOOD)))
    assert (answer.kind, rest.kind) == (MessageKind.ANSWER, MessageKind.HANDOFF)
    assert rest.text.startswith("其余的问题我没有把握")
    assert answer.extras == {"actions": []}


def test_only_politeness_counts_as_small_talk() -> None:
    for remark in Remark:
        (draft,) = composed(Say(remark))
        assert draft.kind is (MessageKind.SMALL_TALK if remark in SMALL_TALK else MessageKind.NOTICE)
        assert (draft.trace or {})["remark"] == remark.value


def test_a_customer_who_writes_traditional_reads_traditional_also_on_buttons() -> None:
    (draft,) = composed(Clarify((TYRES_FOUND,)), replace(AWAITED, traditional=True))
    assert draft.text == "您想問的是下面哪一個？"
    assert draft.extras is not None
    assert [one["label"] for one in draft.extras["actions"]] == ["輪胎多久換一次？", "都不是"]
    assert draft.extras["actions"][0]["id"] == "entry:tyres"


def test_an_english_customer_gets_english_around_the_answer() -> None:
    english = replace(AWAITED, language="en")
    assert texts(Say(Remark.NOTED), english) == [
        "Added to ticket 2611-0042. You will have an answer in this window by 21:03 today at the latest."
    ]


HOSTILE = "{{7*7}} {% for x in y %} ${7*7} {0.__class__} %(x)s {# #} <b>&amp;"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_looks_like_a_template_in_an_entry_is_sent_as_it_stands(language: str) -> None:
    entry = Entry("hostile", HOSTILE, HOSTILE)
    found = match(entry, 0.9)
    context = replace(AWAITED, language=language)
    assert texts(Answer((found,)), context) == [HOSTILE]
    both = texts(Answer((found, match(PRICE, 0.9))), context)[0]
    assert both.count(HOSTILE) == 2
    (asked,) = composed(Clarify((found,)), context)
    assert asked.extras is not None
    assert asked.extras["actions"][0]["label"] == HOSTILE


def test_what_looks_like_a_template_in_a_contact_is_sent_as_it_stands() -> None:
    saved = Say(Remark.CONTACT_SAVED, ContactDetails("email", "x@example.com"))
    (text,) = texts(saved, replace(AWAITED, contact=HOSTILE))
    assert HOSTILE in text
