"""Where two knowledge bases answer differently, and whether that is for the better."""

from dataclasses import replace

import pytest

from knowledgebase.errors import ReplayAbandoned
from knowledgebase.judging.replay import (
    ANSWER,
    CLARIFY,
    HANDOFF,
    FlipKind,
    Mark,
    Outcome,
    Replayed,
    Source,
    State,
    compare,
    is_right,
    mark,
    replay,
    replay_accepted,
    spread,
)
from knowledgebase.model import Entry, Thresholds
from knowledgebase.search import KnowledgeBase

SURE, UNSURE, MAIL = Thresholds(0.5, 0.2), Thresholds(0.999, 0.998), Thresholds(0.9, 0.2)
TYRES = Entry("tyres", "轮胎多久需要更换？", "六万公里。", "轮胎", ("轮胎什么时候换",))
RESCUE = Entry("rescue", "车抛锚了怎么叫道路救援？", "请拨打救援电话。", "救援")
INVOICE = Entry("invoice", "怎么开发票？", "在订单里申请。", "发票")


def asked(text: str, *expected: str, source: Source = Source.LABELLED) -> Replayed:
    """A labelled question of the chat, or with source a real one that nobody has labelled."""
    label = frozenset(expected) if source is Source.LABELLED else None
    return Replayed(text, source, expected=label)


def answered(entry: str, text: str = "text") -> Outcome:
    return Outcome(ANSWER, entry, 1, entry, text, 0.9)


def offered(entry: str) -> Outcome:
    return Outcome(CLARIFY, entry, 1, entry, "", 0.6)


NOTHING = Outcome(HANDOFF)


def state(*entries: Entry, thresholds: Thresholds = SURE, **channels: Thresholds) -> State:
    return State(KnowledgeBase.build(entries).search, {"chat": thresholds, **channels})


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (answered("a"), answered("b"), FlipKind.FLIPPED),
        (offered("a"), offered("b"), FlipKind.FLIPPED),
        (NOTHING, answered("a"), FlipKind.APPEARED),
        (offered("a"), answered("a"), FlipKind.APPEARED),
        (answered("a"), NOTHING, FlipKind.VANISHED),
        (answered("a"), offered("a"), FlipKind.VANISHED),
        (answered("a"), answered("a"), None),
        (offered("a"), NOTHING, None),
        (NOTHING, offered("a"), None),
        (NOTHING, NOTHING, None),
    ],
)
def test_each_pair_of_outcomes_is_one_kind_of_flip_or_none(
    before: Outcome, after: Outcome, kind: FlipKind | None
) -> None:
    found = compare([asked("问")], [before], [after])
    assert [flip.kind for flip in found.flips] == ([] if kind is None else [kind])


def test_another_text_of_the_same_entry_is_only_counted() -> None:
    found = compare([asked("问")], [answered("a", "old")], [answered("a", "new")])
    assert (found.flips, found.reworded) == ((), 1)


def test_asking_back_where_nothing_was_said_is_only_counted() -> None:
    assert compare([asked("问")], [NOTHING], [offered("a")]).asked_back == 1


@pytest.mark.parametrize(
    ("expected", "before", "after", "found"),
    [
        (["a"], NOTHING, answered("a"), Mark.BETTER),
        (["a"], answered("b"), answered("a"), Mark.BETTER),
        (["a"], answered("a"), answered("b"), Mark.WORSE),
        (["a"], answered("a"), offered("a"), Mark.WORSE),
        (["a"], answered("b"), offered("a"), Mark.BETTER),
        (["a"], answered("b"), answered("c"), Mark.NEITHER),
        (["a", "b"], answered("a"), answered("b"), Mark.NEITHER),
        ([], NOTHING, answered("a"), Mark.WORSE),
        ([], answered("a"), NOTHING, Mark.BETTER),
        (None, NOTHING, answered("a"), None),
    ],
)
def test_a_flip_is_marked_by_what_is_known_to_be_right(
    expected: list[str] | None, before: Outcome, after: Outcome, found: Mark | None
) -> None:
    assert mark(None if expected is None else frozenset(expected), before, after) is found


@pytest.mark.parametrize(
    ("expected", "outcome", "right"),
    [
        (["a"], answered("a"), True),
        (["a"], answered("b"), False),
        (["a"], offered("a"), None),
        (["a"], NOTHING, None),
        ([], NOTHING, True),
        ([], answered("a"), False),
        (None, answered("a"), None),
    ],
)
def test_an_outcome_is_right_wrong_or_undecided(
    expected: list[str] | None, outcome: Outcome, right: bool | None
) -> None:
    assert is_right(None if expected is None else frozenset(expected), outcome) is right


def test_a_new_entry_appears_and_an_archived_one_vanishes() -> None:
    questions = [asked("怎么开发票？", "invoice"), asked("轮胎多久需要更换？", "tyres")]
    found, now = replay(state(TYRES, RESCUE), state(RESCUE, INVOICE), questions)
    assert [(flip.kind, flip.mark) for flip in found.flips] == [
        (FlipKind.APPEARED, Mark.BETTER),
        (FlipKind.VANISHED, Mark.WORSE),
    ]
    assert (now[0].entry_id, now[0].version) == ("invoice", 1)
    assert (found.before.precision, found.after.precision) == (1.0, 1.0)
    assert (found.before.answered, found.after.answered) == (1, 1)


def test_the_same_arguments_give_the_same_result() -> None:
    questions = [asked(text) for text in ("发票", "轮胎", "救援电话", "天气怎么样")]
    before, after = state(TYRES, RESCUE), state(TYRES, INVOICE)
    assert replay(before, after, questions) == replay(before, after, questions)


def test_other_thresholds_alone_need_only_one_look_up() -> None:
    search = KnowledgeBase.build([TYRES, RESCUE]).search
    steps: list[tuple[int, int]] = []
    found, _ = replay(
        State(search, {"chat": SURE}),
        State(search, {"chat": UNSURE}),
        [asked("轮胎多久需要更换？", "tyres")],
        lambda done, total: steps.append((done, total)),
    )
    assert [flip.kind for flip in found.flips] == [FlipKind.VANISHED]
    assert steps == [(1, 1)]


def test_a_labelled_question_is_asked_once_for_channels_of_the_same_terms() -> None:
    before = state(TYRES, mail=SURE)
    assert [each.channel for each in spread([asked("问")], before, state(TYRES, mail=SURE))] == ["chat"]
    assert [each.channel for each in spread([asked("问")], before, state(TYRES, mail=MAIL))] == ["chat", "mail"]
    real = Replayed("问", Source.REAL, "mail")
    assert spread([real], before, state(TYRES, mail=MAIL)) == [real]


def test_an_entry_that_customers_are_not_told_counts_as_handed_over() -> None:
    after = replace(state(TYRES), told=lambda entry: False)
    found, now = replay(state(TYRES), after, [asked("轮胎多久需要更换？", "tyres")])
    assert [flip.kind for flip in found.flips] == [FlipKind.VANISHED]
    assert now[0].decision == HANDOFF


def test_another_text_for_one_channel_is_a_rewording_there_only() -> None:
    other = replace(TYRES, channel_answers=(("mail", "您好，六万公里。"),))
    questions = [
        Replayed("轮胎多久需要更换？", Source.REAL, "chat"),
        Replayed("轮胎多久需要更换？", Source.REAL, "mail"),
    ]
    found, _ = replay(state(TYRES, mail=SURE), state(other, mail=SURE), questions)
    assert (found.reworded, found.flips) == (1, ())


def test_progress_is_told_for_both_sides() -> None:
    steps: list[tuple[int, int]] = []
    replay(state(TYRES), state(RESCUE), [asked("问"), asked("答")], lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_replay_can_be_given_up() -> None:
    answers = iter([False, True])
    with pytest.raises(ReplayAbandoned):
        replay(state(TYRES), state(RESCUE), [asked("问"), asked("答")], abandoned=lambda: next(answers))


def stored(question: Replayed, outcome: Outcome) -> tuple[Replayed, Outcome]:
    return question, outcome


def test_what_was_accepted_is_compared_with_what_happens_now() -> None:
    accepted = [stored(asked("怎么开发票？", "invoice"), NOTHING), stored(asked("天气"), NOTHING)]
    found, pairs = replay_accepted(accepted, state(TYRES, INVOICE), [asked("轮胎多久需要更换？", "tyres")])
    assert [(flip.kind, flip.question.utterance) for flip in found.flips] == [(FlipKind.APPEARED, "怎么开发票？")]
    assert [(question.utterance, outcome.decision) for question, outcome in pairs] == [
        ("怎么开发票？", ANSWER),
        ("天气", HANDOFF),
        ("轮胎多久需要更换？", ANSWER),
    ]


def test_nothing_accepted_yet_means_no_flips() -> None:
    found, pairs = replay_accepted([], state(TYRES), [asked("轮胎多久需要更换？", "tyres")])
    assert (found.flips, len(pairs)) == ((), 1)
