"""What follows from an utterance, branch by branch."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import (
    Action,
    Answer,
    Clarify,
    Decision,
    HandOff,
    Limits,
    OfferPerson,
    Remark,
    Say,
    Silence,
    Situation,
    decide,
    read,
)
from bot.intent import plain
from knowledgebase.model import Entry, Match, Thresholds, Visibility
from tests.bot.cast import BRAKES, COMPLAINTS, LIMITS, NOW, PRICE, SERVICE, TYRES, match
from tickets.contact_details import ContactDetails
from tickets.model import Reason

SURE, LIKELY, POOR = 0.9, 0.5, 0.1
HUMAN, UNSOLVED, NONE = Action.HUMAN.value, Action.UNSOLVED.value, Action.NONE.value
PHONE = ContactDetails("phone", "+8613900000000")
ASKED_FOR_PERSON, COMPLAINT = HandOff(Reason.ASKED_FOR_PERSON), HandOff(Reason.COMPLAINT)
NOT_UNDERSTOOD = HandOff(Reason.NOT_UNDERSTOOD)
REPHRASE, NOTED, WAITING, REGRET = Clarify(), Say(Remark.NOTED), Say(Remark.WAITING), Say(Remark.REGRET)


def decided(situation: Situation, **known: tuple[Match, ...]) -> Decision:
    """The decision when the knowledge base finds this for these texts, and nothing for any other."""
    found = {text: known.get(text, ()) for text in read(situation, LIMITS)}
    return decide(situation, found, LIMITS)


def said(text: str) -> Situation:
    return Situation(plain(text))


# --- Without the knowledge base ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("situation", "decision"),
    [
        (Situation("转人工", HUMAN), ASKED_FOR_PERSON),
        (Situation("转人工", HUMAN, waiting=True), WAITING),
        (Situation("转人工", HUMAN, unsolved=frozenset({"tyres"})), HandOff(Reason.NOT_SOLVED)),
        (Situation("解决了", Action.SOLVED.value), Say(Remark.SOLVED)),
        (Situation("没解决", UNSOLVED), OfferPerson()),
        (Situation("没解决", UNSOLVED, unsolved=frozenset({"tyres"})), HandOff(Reason.NOT_SOLVED)),
        (Situation("没解决", UNSOLVED, waiting=True), WAITING),
        (Situation("都不是", NONE), REPHRASE),
        (Situation("都不是", NONE, clarifications=1), REPHRASE),
        (Situation("都不是", NONE, clarifications=2), NOT_UNDERSTOOD),
        (Situation("都不是", NONE, waiting=True), NOTED),
        (Situation("不用了", Action.CONTACT_REFUSED.value), Say(Remark.CONTACT_REFUSED)),
        (Situation("13900000000", details=PHONE), Say(Remark.CONTACT_SAVED, PHONE)),
        (said("转人工"), ASKED_FOR_PERSON),
        (replace(said("人工呢"), waiting=True, assured=True), WAITING),
        (said("你们什么破车"), COMPLAINT),
        (said("我要投诉"), COMPLAINT),
        (replace(said("你们什么破车"), waiting=True), REGRET),
        (replace(said("我要投诉"), waiting=True), REGRET),
        (replace(said("什么态度"), waiting=True, assured=True), Silence()),
        (said("你好"), Say(Remark.GREETING)),
        (replace(said("在吗"), waiting=True), WAITING),
        (said("你是机器人吗"), Say(Remark.IDENTITY)),
        (said("谢谢"), Say(Remark.THANKS)),
        (replace(said("谢谢"), waiting=True), Say(Remark.THANKS)),
        (said("再见"), Say(Remark.FAREWELL)),
        (said("好的"), Say(Remark.ACKNOWLEDGEMENT)),
        (replace(said("嗯"), talked=True), Silence()),
        (replace(said("好的"), waiting=True), Silence()),
        (replace(said("嗯"), clarifications=1), Silence()),
        (said("？"), REPHRASE),
        (replace(said("？"), clarifications=2), NOT_UNDERSTOOD),
        (replace(said("？"), waiting=True), NOTED),
        (replace(said("？"), waiting=True, assured=True), Silence()),
        (said("那多少钱？"), REPHRASE),
        (said("要带什么"), REPHRASE),
        (said("为什么"), REPHRASE),
        (replace(said("多久能好"), waiting=True), NOTED),
    ],
)
def test_what_needs_no_look_up_is_decided_without_one(situation: Situation, decision: Decision) -> None:
    assert read(situation, LIMITS) == ()
    assert decide(situation, {}, LIMITS) == decision


def test_a_chosen_candidate_is_answered_whatever_is_awaited() -> None:
    situation = Situation(plain(TYRES.question), "entry:tyres", chosen=TYRES, waiting=True, clarifications=2)
    decision = decided(situation)
    assert isinstance(decision, Answer)
    assert [(one.entry, one.confidence, one.why) for one in decision.matches] == [(TYRES, 1.0, {"chosen": 1.0})]


def test_a_chosen_candidate_that_is_no_longer_published_is_looked_up_by_its_words() -> None:
    situation = Situation(plain(TYRES.question), "entry:tyres", chosen=None)
    other = match(PRICE, SURE)
    assert decided(situation, **{"轮胎多久换一次?": (other,)}) == Answer((other,))
    assert decided(situation) == NOT_UNDERSTOOD


# --- One question -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "clarifications", "kind"),
    [
        (0.8, 0, Answer),
        (0.8, 2, Answer),
        (0.799, 0, Clarify),
        (0.3, 0, Clarify),
        (0.3, 1, Clarify),
        (0.3, 2, HandOff),
        (0.299, 0, HandOff),
    ],
)
def test_the_thresholds_and_the_patience_decide(confidence: float, clarifications: int, kind: type) -> None:
    situation = replace(said("车胎几年换"), clarifications=clarifications)
    assert isinstance(decided(situation, 车胎几年换=(match(TYRES, confidence),)), kind)


def test_asking_back_offers_at_most_three_candidates() -> None:
    likely = tuple(match(entry, LIKELY) for entry in (TYRES, PRICE, SERVICE, BRAKES))
    assert decided(said("轮胎"), 轮胎=likely) == Clarify(likely[:3])


def test_a_hand_off_carries_what_was_not_sure_enough() -> None:
    poor = (match(TYRES, POOR), match(PRICE, POOR))
    assert decided(said("轮子会唱歌"), 轮子会唱歌=poor) == HandOff(Reason.NOT_UNDERSTOOD, poor)


def test_a_polite_opening_and_a_thanks_do_not_reach_the_look_up() -> None:
    assert read(said("您好，请问车胎几年换，谢谢"), LIMITS) == ("车胎几年换",)


def test_an_entry_that_did_not_help_is_not_given_again() -> None:
    sure = (match(TYRES, SURE),)
    situation = replace(said("车胎几年换"), unsolved=frozenset({"tyres"}))
    assert decided(situation, 车胎几年换=sure) == HandOff(Reason.NOT_SOLVED, sure)


HIDDEN = [
    replace(TYRES, visibility=Visibility.INTERNAL),
    replace(TYRES, visibility=Visibility.AGENTS),
    replace(TYRES, valid_from=NOW + 1),
    replace(TYRES, valid_until=NOW),
]


@pytest.mark.parametrize("entry", HIDDEN)
@pytest.mark.parametrize("confidence", [SURE, LIKELY, POOR])
def test_what_customers_may_not_read_goes_to_a_person_as_the_agents_candidate(entry: Entry, confidence: float) -> None:
    found = (match(entry, confidence), match(PRICE, confidence))
    assert decided(replace(said("车胎几年换"), now=NOW), 车胎几年换=found) == HandOff(Reason.NOT_UNDERSTOOD, found)


@pytest.mark.parametrize("entry", HIDDEN)
def test_asking_back_never_offers_what_customers_may_not_read(entry: Entry) -> None:
    price, service, brakes = (match(one, LIKELY) for one in (PRICE, SERVICE, BRAKES))
    found = (price, match(entry, LIKELY), service, brakes)
    assert decided(replace(said("轮胎"), now=NOW), 轮胎=found) == Clarify((price, service, brakes))


def test_within_its_dates_an_entry_is_answered() -> None:
    sure = match(replace(TYRES, valid_from=NOW, valid_until=NOW + 1), SURE)
    assert decided(replace(said("车胎几年换"), now=NOW), 车胎几年换=(sure,)) == Answer((sure,))


# --- While a person is awaited ----------------------------------------------------------------------------------


def test_a_sure_answer_is_still_given_while_a_person_is_awaited() -> None:
    sure = match(TYRES, SURE)
    assert decided(replace(said("车胎几年换"), waiting=True), 车胎几年换=(sure,)) == Answer((sure,))


def test_anything_unsure_is_noted_once_while_a_person_is_awaited() -> None:
    situation = replace(said("我的车是黑色的"), waiting=True)
    assert decided(situation, 我的车是黑色的=(match(TYRES, LIKELY),)) == NOTED
    assert decided(replace(situation, assured=True)) == Silence()


# --- Several questions ------------------------------------------------------------------------------------------

BOTH = "轮胎多久换一次？首保什么时候做？"
FIRST, SECOND = "轮胎多久换一次?", "首保什么时候做?"


def test_two_sure_questions_are_answered_one_after_the_other() -> None:
    known = {FIRST: (match(TYRES, SURE),), SECOND: (match(SERVICE, SURE),)}
    assert decided(said(BOTH), **known) == Answer((*known[FIRST], *known[SECOND]))


def test_an_unsure_second_question_is_asked_back_beside_the_answer() -> None:
    known = {FIRST: (match(TYRES, SURE),), SECOND: (match(SERVICE, LIKELY),)}
    assert decided(said(BOTH), **known) == Answer(known[FIRST], Clarify(known[SECOND]))


def test_an_unknown_second_question_goes_to_a_person_beside_the_answer() -> None:
    assert decided(said(BOTH), **{FIRST: (match(TYRES, SURE),)}) == Answer((match(TYRES, SURE),), NOT_UNDERSTOOD)


def test_an_unknown_second_question_is_noted_while_a_person_is_awaited() -> None:
    situation = replace(said(BOTH), waiting=True)
    known = {FIRST: (match(TYRES, SURE),)}
    assert decided(situation, **known) == Answer(known[FIRST], NOTED)
    assert decided(replace(situation, assured=True), **known) == Answer(known[FIRST])


def test_two_wordings_of_one_question_get_one_answer() -> None:
    sure = (match(TYRES, SURE),)
    assert decided(said("轮胎多久换一次？车胎几年换？"), **{FIRST: sure, "车胎几年换?": sure}) == Answer(sure)


def test_a_question_whose_whole_is_sure_is_one_question() -> None:
    whole = plain("轮胎怎么回事？多久换一次轮胎？")
    sure = (match(TYRES, SURE),)
    assert decided(said("轮胎怎么回事？多久换一次轮胎？"), **{whole: sure, "多久换一次轮胎?": sure}) == Answer(sure)


@pytest.mark.parametrize(
    "text", ["轮胎多久换一次 首保什么时候做", "轮胎多久换一次，首保什么时候做", "轮胎多久换一次首保什么时候做"]
)
def test_questions_without_a_mark_between_them_are_told_apart_by_the_knowledge_base(text: str) -> None:
    tyres, service = match(TYRES, SURE), match(SERVICE, SURE)
    assert decided(said(text), 轮胎多久换一次=(tyres,), 首保什么时候做=(service,)) == Answer((tyres, service))
    assert decided(said(text), 轮胎多久换一次=(tyres,)) == NOT_UNDERSTOOD


def test_a_second_question_that_leans_on_the_first_has_its_topic() -> None:
    tyres, price = match(TYRES, SURE), match(PRICE, SURE)
    known = {FIRST: (tyres,), "轮胎换多少钱?": (price,)}
    assert decided(said("轮胎多久换一次？多少钱？"), **known) == Answer((tyres, price))


# --- Follow-ups -------------------------------------------------------------------------------------------------


def test_a_follow_up_is_looked_up_with_the_question_before() -> None:
    situation = replace(said("那多少钱？"), before=TYRES.question)
    assert read(situation, LIMITS) == ("轮胎换多少钱?",)
    assert decided(situation, **{"轮胎换多少钱?": (match(PRICE, SURE),)}) == Answer((match(PRICE, SURE),))


def test_a_text_that_points_back_but_says_all_is_read_both_ways() -> None:
    situation = replace(said("那个轮胎多少钱一条"), before=TYRES.question)
    assert decided(situation, 轮胎多少钱一条=(match(PRICE, SURE),)) == Answer((match(PRICE, SURE),))


# --- Danger and complaints --------------------------------------------------------------------------------------


def test_danger_reaches_a_person_at_once_and_is_answered_too_if_we_are_sure() -> None:
    brakes = match(BRAKES, SURE)
    danger = HandOff(Reason.DANGER, (brakes,))
    assert decided(said("刹车失灵了怎么办"), 刹车失灵了怎么办=(brakes,)) == Answer((brakes,), danger)
    unsure = match(BRAKES, LIKELY)
    assert decided(said("刹车失灵了怎么办"), 刹车失灵了怎么办=(unsure,)) == replace(danger, candidates=(unsure,))


def test_danger_is_taken_up_even_while_a_person_is_awaited() -> None:
    situation = replace(said("车着火了"), waiting=True, assured=True)
    assert decided(situation) == HandOff(Reason.DANGER)


def test_a_complaint_with_a_question_gets_a_person_and_the_answer() -> None:
    sure = match(COMPLAINTS, SURE)
    text = "我要投诉销售，投诉多久有结果？"
    asked = {plain(text): (sure,)}
    assert decided(said(text), **asked) == Answer((sure,), HandOff(Reason.COMPLAINT, (sure,)))
    assert decided(replace(said(text), waiting=True), **asked) == Answer((sure,), REGRET)
    assert decided(said(text)) == COMPLAINT


def test_a_question_about_complaining_is_a_question() -> None:
    sure = match(COMPLAINTS, SURE)
    assert decided(said("投诉多久有结果"), 投诉多久有结果=(sure,)) == Answer((sure,))


# --- Whatever is said -------------------------------------------------------------------------------------------

ENTRIES = (TYRES, SERVICE, PRICE, COMPLAINTS, BRAKES)
WORDS = st.sampled_from(
    [
        "轮胎",
        "多久换一次",
        "？",
        "，",
        " ",
        "\n",
        "那",
        "呢",
        "多少钱",
        "转人工",
        "我要投诉",
        "垃圾",
        "谢谢",
        "好的",
        "刹车失灵了",
        "E40",
        "另外",
    ]
)
UTTERANCES = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=9).map("".join))
CONFIDENCES = st.floats(0, 1)
SITUATIONS = st.builds(
    Situation,
    text=UTTERANCES.map(plain),
    action=st.one_of(st.none(), st.sampled_from([*map(str, Action), "entry:tyres", "nonsense"])),
    chosen=st.one_of(st.none(), st.just(TYRES)),
    details=st.one_of(st.none(), st.just(PHONE)),
    before=st.one_of(st.none(), st.just(TYRES.question), UTTERANCES),
    unsolved=st.frozensets(st.sampled_from([entry.id for entry in ENTRIES])),
    clarifications=st.integers(0, 4),
    talked=st.booleans(),
    waiting=st.booleans(),
    assured=st.booleans(),
    now=st.just(NOW),
)


FOUND = st.builds(match, st.sampled_from([*ENTRIES, *HIDDEN]), CONFIDENCES)


@given(
    situation=SITUATIONS,
    findings=st.lists(
        st.lists(st.builds(match, st.sampled_from([*ENTRIES, *HIDDEN]), CONFIDENCES), max_size=4), max_size=8
    ),
    answer=CONFIDENCES,
    patience=st.integers(0, 3),
)
def test_whatever_is_said_only_what_was_chosen_or_surely_found_is_answered(
    situation: Situation, findings: list[list[Match]], answer: float, patience: int
) -> None:
    limits = Limits(Thresholds(answer, answer / 2), patience)
    texts = read(situation, limits)
    found = dict(zip(texts, findings, strict=False))
    decision = decide(situation, found, limits)
    rest = decision.rest if isinstance(decision, Answer) else decision
    if isinstance(decision, Answer):
        first = [matches[0] for matches in found.values() if matches]
        for one in decision.matches:
            chosen = one.entry == situation.chosen and one.why == {"chosen": 1.0}
            assert one.entry.is_for_customers(situation.now)
            assert chosen or (one in first and one.confidence >= answer and one.entry.id not in situation.unsolved)
        assert len({one.entry.id for one in decision.matches}) == len(decision.matches)
    if isinstance(rest, Clarify):
        assert situation.clarifications < patience
        assert all(one.entry.is_for_customers(situation.now) for one in rest.candidates)
        assert not situation.waiting


@given(st.text(max_size=4_000))
def test_no_text_asks_for_more_than_a_few_look_ups(text: str) -> None:
    assert len(read(Situation(plain(text), before=TYRES.question), LIMITS)) <= 9
