"""Publications in the database: replayed against what is in force, accepted, and in force together or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.errors import EntryConflict, LabelConflict, PublicationRefused, WordListConflict, WordListInvalid
from knowledgebase.judging.replay import (
    ANSWER,
    HANDOFF,
    FlipKind,
    Outcome,
    Replay,
    Replayed,
    Source,
    compare,
)
from knowledgebase.judging.trials import Question
from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion, Decided
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.publishing import flips, publications, questions, register, terms, words
from knowledgebase.publishing.model import ChangeSet, Failure, Origin, Publication, PublicationState
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.word_lists import UNCHANGED, Changes, WordList
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tickets import contacts, conversations
from tickets.model import Author, Draft, MessageKind

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换", "多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养")
NOW = 1_795_399_200_000
MODEL = "weights"
NOTHING, TYRES = Outcome(HANDOFF), Outcome(ANSWER, "tyre", 1, "轮胎多久换一次？", "text", 0.9)
ASKED = [
    Replayed("胎要换了吗", Source.LABELLED, expected=frozenset({"tyre"})),
    Replayed("首保要钱吗", Source.REAL, conversation_id="talk-1"),
    Replayed("几点开门", Source.REAL, conversation_id="talk-2"),
]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    await database.write(entries.save, [TYRE, FREE], "xu", NOW)
    yield database
    await database.close()


def draft(tx: Transaction, entry: Entry) -> int:
    """Another answer for this entry, not yet published; returns its version."""
    seen = entries.get_entry(tx, entry.id).version
    edited = replace(entry, answer=entry.answer + "！")
    return entries.edit(tx, edited, seen, Change("xu", NOW)).version


def found(*changed: int) -> tuple[Replay, list[tuple[Replayed, Outcome]]]:
    """A replay of ASKED in which these questions are answered now and were not before."""
    after = [TYRES if number in changed else NOTHING for number in range(len(ASKED))]
    return compare(ASKED, [NOTHING] * len(ASKED), after), list(zip(ASKED, after, strict=True))


def rehearse(tx: Transaction, publication: Publication, *changed: int) -> PublicationState:
    """What the server does in the background: begin a replay and keep what it found."""
    work = publications.start(tx, publication.id, 10, NOW)
    assert work is not None
    return publications.finish(tx, publication.id, publications.base_of(tx, MODEL), MODEL, *found(*changed), NOW)


def accept_all(tx: Transaction, publication_id: str, kind: FlipKind | None = None) -> int:
    base = register.get(tx, publication_id).base
    return publications.accept(tx, publication_id, base, None, kind, "wang", NOW)


async def proposed(database: SQLiteDatabase, *changed: int, entry: Entry = TYRE) -> Publication:
    """A replayed publication of a new draft of this entry."""
    version = await database.write(draft, entry)
    publication = await database.write(publications.begin, ChangeSet({entry.id: version}), "xu", NOW)
    await database.write(rehearse, publication, *changed)
    return await database.read(register.get, publication.id)


async def test_without_flips_a_publication_can_be_published_at_once(database: SQLiteDatabase) -> None:
    publication = await proposed(database)
    assert publication.state is PublicationState.ACCEPTED
    state = await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert state is PublicationState.PUBLISHED
    assert (await database.read(entries.published))[1].answer == "5 年。！"


async def test_the_published_version_names_its_publication(database: SQLiteDatabase) -> None:
    publication = await proposed(database)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)

    def replay_id(tx: Transaction) -> object:
        return tx.execute("SELECT replay_id FROM entry_version WHERE entry_id = 'tyre' ORDER BY version")[-1]

    assert await database.read(replay_id) == {"replay_id": publication.id}


async def test_flips_have_to_be_accepted_first(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0, 1)
    assert publication.state is PublicationState.READY
    assert publication.summary is not None
    assert (publication.summary.appeared, publication.summary.questions, publication.summary.real) == (2, 3, 2)
    with pytest.raises(PublicationRefused):
        await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert (await database.read(entries.published))[1] == TYRE


async def test_accepting_the_last_flip_opens_the_gate_and_says_who(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0, 1)
    accepting = (publication.id, publication.base)
    assert await database.write(publications.accept, *accepting, 1, None, "li", NOW) == 1
    assert (await database.read(register.get, publication.id)).state is PublicationState.READY
    assert await database.write(publications.accept, *accepting, 2, None, "wang", NOW + 5) == 1
    now = await database.read(register.get, publication.id)
    assert (now.state, now.accepted_by, now.accepted_at) == (PublicationState.ACCEPTED, "wang", NOW + 5)
    kept = await database.read(flips.of, publication.id)
    assert {one.flip.question.utterance: one.accepted and one.accepted.by for one in kept} == {
        "胎要换了吗": "li",
        "首保要钱吗": "wang",
    }


async def test_all_of_a_kind_can_be_accepted_together(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0, 1)
    assert await database.write(accept_all, publication.id, FlipKind.VANISHED) == 0
    assert await database.write(accept_all, publication.id, FlipKind.APPEARED) == 2
    assert (await database.read(register.get, publication.id)).state is PublicationState.ACCEPTED


async def test_asking_twice_for_the_same_is_one_publication(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    one = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    two = await database.write(publications.begin, ChangeSet({"tyre": version}), "wu", NOW)
    assert one.id == two.id


async def test_of_two_that_race_the_second_is_replayed_anew(database: SQLiteDatabase) -> None:
    first = await proposed(database)
    second = await proposed(database, entry=FREE)
    await database.write(publications.publish, first.id, MODEL, "wang", NOW)
    assert (await database.read(register.get, second.id)).state is PublicationState.STALE
    with pytest.raises(PublicationRefused):
        await database.write(publications.publish, second.id, MODEL, "wang", NOW)
    assert await database.read(register.next_waiting) == second.id
    await database.write(rehearse, second)
    assert await database.write(publications.publish, second.id, MODEL, "wang", NOW) is PublicationState.PUBLISHED
    assert {entry.answer for entry in await database.read(entries.published)} == {"5 年。！", "免费。！"}


async def test_what_changed_past_the_gate_is_noticed_when_publishing(database: SQLiteDatabase) -> None:
    publication = await proposed(database)
    await database.write(entries.save, [replace(FREE, answer="不免费。")], "import", NOW)
    assert await database.write(publications.publish, publication.id, MODEL, "wang", NOW) is PublicationState.STALE
    assert (await database.read(entries.published))[1].answer == "5 年。"


async def test_another_model_makes_it_stale_too(database: SQLiteDatabase) -> None:
    publication = await proposed(database)
    assert await database.write(publications.publish, publication.id, "other", "wang", NOW) is PublicationState.STALE


async def test_a_replay_that_ends_after_the_base_has_changed_is_kept_by_nobody(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    publication = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    await database.write(publications.start, publication.id, 10, NOW)
    base = await database.read(publications.base_of, MODEL)
    await database.write(entries.save, [replace(FREE, answer="不免费。")], "import", NOW)
    state = await database.write(publications.finish, publication.id, base, MODEL, *found(0), NOW)
    assert state is PublicationState.STALE
    assert await database.read(flips.of, publication.id) == []


async def test_accepted_flips_stay_accepted_when_it_is_replayed_anew(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0, 1)
    await database.write(accept_all, publication.id)
    await database.write(entries.save, [replace(FREE, answer="不免费。")], "import", NOW)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert await database.write(rehearse, publication, 0, 1, 2) is PublicationState.READY
    kept = await database.read(flips.of, publication.id)
    assert [(one.flip.question.utterance, one.accepted is not None) for one in kept] == [
        ("几点开门", False),
        ("首保要钱吗", True),
        ("胎要换了吗", True),
    ]


async def test_flips_are_not_accepted_on_a_page_that_showed_others(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0)
    with pytest.raises(PublicationRefused):
        await database.write(publications.accept, publication.id, "an old base", None, None, "wang", NOW)


async def test_an_entry_edited_since_cannot_be_published_by_it(database: SQLiteDatabase) -> None:
    publication = await proposed(database)
    await database.write(draft, replace(TYRE, answer="6 年。"))
    assert await database.write(publications.publish, publication.id, MODEL, "wang", NOW) is PublicationState.FAILED
    now = await database.read(register.get, publication.id)
    assert (now.failure, now.about) == (Failure.MOVED_ON, "tyre")


async def test_an_unseen_version_cannot_be_asked_for(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    with pytest.raises(PublicationRefused) as refused:
        await database.write(publications.begin, ChangeSet({"tyre": version - 1}), "xu", NOW)
    assert refused.value.about == "tyre"


async def test_two_publications_of_one_entry_end_with_one(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    alone = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    free = await database.write(draft, FREE)
    both = await database.write(publications.begin, ChangeSet({"tyre": version, "free": free}), "wu", NOW)
    for publication in (alone, both):
        await database.write(rehearse, publication)
    await database.write(publications.publish, alone.id, MODEL, "xu", NOW)
    assert (await database.read(register.get, both.id)).failure is Failure.MOVED_ON


async def test_nothing_is_half_published(database: SQLiteDatabase) -> None:
    version, free = await database.write(draft, TYRE), await database.write(draft, FREE)
    number = await database.write(words.save, WordList.STOP_WORDS, Changes(("咕噜",)), 0, "xu", NOW)
    changes = ChangeSet({"tyre": version, "free": free}, {}, {WordList.STOP_WORDS: number}, {"all": 0.9})
    publication = await database.write(publications.begin, changes, "xu", NOW)
    await database.write(rehearse, publication)
    before = await database.read(terms.fingerprint)

    def publish_and_fail(tx: Transaction) -> None:
        publications.publish(tx, publication.id, MODEL, "wang", NOW)
        raise EntryConflict(TYRE)

    with pytest.raises(EntryConflict):
        await database.write(publish_and_fail)
    assert await database.read(terms.fingerprint) == before
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    now = await database.read(terms.in_force)
    assert [entry.answer for entry in now.entries] == ["免费。！", "5 年。！"]
    assert now.lists[WordList.STOP_WORDS] == Changes(("咕噜",))
    assert now.precision == {"all": 0.9}


async def test_archiving_goes_through_the_gate_as_well(database: SQLiteDatabase) -> None:
    publication = await database.write(publications.begin, ChangeSet({}, {"tyre": 1}), "xu", NOW)
    work = await database.write(publications.start, publication.id, 10, NOW)
    assert work is not None
    assert [entry.id for entry in work.after.entries] == ["free"]
    base = await database.read(publications.base_of, MODEL)
    await database.write(publications.finish, publication.id, base, MODEL, *found(), NOW)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert [entry.id for entry in await database.read(entries.published)] == ["free"]


async def test_what_is_proposed_is_what_is_in_force_afterwards(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    publication = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    work = await database.write(publications.start, publication.id, 10, NOW)
    assert work is not None
    base = await database.read(publications.base_of, MODEL)
    await database.write(publications.finish, publication.id, base, MODEL, *found(), NOW)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert await database.read(entries.published) == work.after.entries


async def test_a_replay_interrupted_again_and_again_fails_visibly(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    publication = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    for _ in range(publications.MOST_RUNS):
        assert await database.write(publications.start, publication.id, 10, NOW) is not None
    assert await database.write(publications.start, publication.id, 10, NOW) is None
    now = await database.read(register.get, publication.id)
    assert (now.state, now.failure) == (PublicationState.FAILED, Failure.INTERRUPTED)
    assert await database.read(register.next_waiting) is None


async def test_what_was_withdrawn_while_it_was_replayed_stays_so(database: SQLiteDatabase) -> None:
    version = await database.write(draft, TYRE)
    publication = await database.write(publications.begin, ChangeSet({"tyre": version}), "xu", NOW)
    await database.write(publications.start, publication.id, 10, NOW)
    await database.write(publications.withdraw, publication.id, "xu", NOW)
    base = await database.read(publications.base_of, MODEL)
    state = await database.write(publications.finish, publication.id, base, MODEL, *found(0), NOW)
    assert state is PublicationState.WITHDRAWN
    assert (await database.read(entries.get_entry, "tyre")).status is EntryStatus.DRAFT


async def test_the_outcomes_of_the_last_publication_are_kept(database: SQLiteDatabase) -> None:
    assert await database.read(register.accepted_outcomes) is None
    for entry, changed in ((TYRE, ()), (FREE, (1,))):
        publication = await proposed(database, *changed, entry=entry)
        if changed:
            await database.write(accept_all, publication.id)
        await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    kept = await database.read(register.accepted_outcomes)
    assert kept is not None
    assert [outcome.decision for _, outcome in kept] == [HANDOFF, ANSWER, HANDOFF]
    assert [question for question, _ in kept] == ASKED


async def test_a_flip_accepted_on_the_command_line_need_not_be_accepted_again(database: SQLiteDatabase) -> None:
    told = await database.write(publications.begin, ChangeSet(), "command line", NOW, Origin.COMMAND_LINE)
    await database.write(rehearse, told, 0)
    await database.write(accept_all, told.id)
    publication = await proposed(database, 0)
    assert publication.state is PublicationState.ACCEPTED


async def test_deleted_words_of_a_customer_are_gone_from_replays_too(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0, 1)
    await database.write(flips.forget_words, "talk-1")
    kept = await database.read(flips.of, publication.id)
    assert [one.flip.question.utterance for one in kept] == ["胎要换了吗"]
    outcomes = await database.read(flips.outcomes, publication.id)
    assert "首保要钱吗" not in [question.utterance for question, _ in outcomes]


def say(tx: Transaction, *texts: str) -> None:
    """A visitor of the chat asks these questions of which the second was answered well."""
    contact = contacts.identify(tx, "chat", "visitor", NOW)
    conversation = conversations.find_or_open(tx, contact.id, "chat", NOW, None, None)
    for at, text in enumerate(texts):
        message, _ = conversations.append(
            tx, conversation.id, Draft(Author.CONTACT, MessageKind.TEXT, text, external_id=f"m{at}"), NOW + at
        )
        question = AskedQuestion(
            message.id, conversation.id, "chat", text, Decided.ANSWER, "free", 1, 0.9, NOW + at, f"reply-{at}"
        )
        asked.keep(tx, question)
    asked.settle(tx, "reply-1", solved=True)


async def test_customers_words_are_replayed_once_and_labels_go_before_them(database: SQLiteDatabase) -> None:
    await database.write(say, "首保要钱吗", "首保收费不", "首保要钱吗", "胎要换了吗")
    await database.write(questions.bring_in, [Question("胎要换了吗", frozenset({"tyre"}))], "xu", NOW)
    publication = await database.write(publications.begin, ChangeSet(), "xu", NOW)
    work = await database.write(publications.start, publication.id, 10, NOW)
    assert work is not None
    assert [(one.utterance, one.source, one.expected) for one in work.questions] == [
        ("胎要换了吗", Source.LABELLED, frozenset({"tyre"})),
        ("首保要钱吗", Source.REAL, None),
        ("首保收费不", Source.REAL, frozenset({"free"})),
    ]
    assert work.questions[1].conversation_id


async def test_an_acceptance_from_the_command_line_ends_with_the_next_publication(database: SQLiteDatabase) -> None:
    told = await database.write(publications.begin, ChangeSet(), "command line", NOW, Origin.COMMAND_LINE)
    await database.write(rehearse, told, 0)
    await database.write(accept_all, told.id)
    with pytest.raises(PublicationRefused):
        await database.write(publications.publish, told.id, MODEL, "wang", NOW)
    publication = await proposed(database)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    assert (await database.read(register.get, told.id)).state is PublicationState.WITHDRAWN


async def test_a_publication_asked_for_by_a_command_is_one_like_any_other(database: SQLiteDatabase) -> None:
    first, version = await proposed(database), await database.write(draft, FREE)
    changes = ChangeSet({"free": version})
    told = await database.write(publications.begin, changes, "command line", NOW, Origin.COMMAND_LINE)
    await database.write(rehearse, told)
    await database.write(publications.publish, first.id, MODEL, "wang", NOW)
    assert (await database.read(register.get, told.id)).state is PublicationState.STALE
    await database.write(rehearse, told)
    assert await database.write(publications.publish, told.id, MODEL, "wang", NOW) is PublicationState.PUBLISHED


async def test_what_changed_by_itself_is_not_accepted_by_publishing_something_else(database: SQLiteDatabase) -> None:
    first = await proposed(database)
    await database.write(publications.publish, first.id, MODEL, "wang", NOW)
    version = await database.write(draft, FREE)
    second = await database.write(publications.begin, ChangeSet({"free": version}), "xu", NOW)
    await database.write(publications.start, second.id, 10, NOW)
    base = await database.read(publications.base_of, MODEL)
    drifted = [TYRES, NOTHING, NOTHING]
    pairs = list(zip(ASKED, drifted, strict=True))
    await database.write(publications.finish, second.id, base, MODEL, compare(ASKED, drifted, drifted), pairs, NOW)
    await database.write(publications.publish, second.id, MODEL, "wang", NOW)
    kept = await database.read(register.accepted_outcomes)
    assert kept is not None
    assert [outcome.decision for _, outcome in kept] == [HANDOFF, HANDOFF, HANDOFF]


async def test_accepting_the_state_settles_every_comparison_with_it(database: SQLiteDatabase) -> None:
    first = await proposed(database)
    await database.write(publications.publish, first.id, MODEL, "wang", NOW)
    await database.write(publications.recheck, NOW)
    [drift] = await database.read(register.live)
    await database.write(rehearse, drift, 0)
    asked = await database.write(publications.begin, ChangeSet(), "wang", NOW)
    assert asked.id != drift.id
    await database.write(rehearse, asked, 0)
    await database.write(accept_all, asked.id)
    await database.write(publications.publish, asked.id, MODEL, "wang", NOW)
    assert (await database.read(register.get, drift.id)).state is PublicationState.STALE
    await database.write(rehearse, drift)
    assert await database.read(register.live) == []


async def test_what_nobody_comes_back_to_is_given_up(database: SQLiteDatabase) -> None:
    publication = await proposed(database, 0)
    assert await database.write(publications.withdraw_forgotten, NOW, NOW) == 0
    assert await database.write(publications.withdraw_forgotten, NOW + 1, NOW + 1) == 1
    assert (await database.read(register.get, publication.id)).state is PublicationState.WITHDRAWN


# --- Word lists -------------------------------------------------------------------------------------------------


async def test_a_changed_list_is_in_force_only_once_it_is_published(database: SQLiteDatabase) -> None:
    number = await database.write(words.save, WordList.SYNONYMS, Changes(("钢圈 轮毂",)), 0, "xu", NOW)
    assert await database.read(words.in_force) == UNCHANGED
    publication = await database.write(publications.begin, ChangeSet(words={WordList.SYNONYMS: number}), "xu", NOW)
    await database.write(rehearse, publication)
    await database.write(publications.publish, publication.id, MODEL, "wang", NOW)
    standing = await database.read(words.standing, WordList.SYNONYMS)
    assert (standing.newest, standing.published) == (1, 1)
    assert standing.changes_in_force == Changes(("钢圈 轮毂",))
    assert (await database.read(words.history, WordList.SYNONYMS))[0].publication_id == publication.id


async def test_the_second_editor_of_a_list_gets_a_conflict(database: SQLiteDatabase) -> None:
    await database.write(words.save, WordList.STOP_WORDS, Changes(("咕噜",)), 0, "xu", NOW)
    with pytest.raises(WordListConflict):
        await database.write(words.save, WordList.STOP_WORDS, Changes(("哗啦",)), 0, "wu", NOW)
    assert (await database.read(words.standing, WordList.STOP_WORDS)).changes == Changes(("咕噜",))


async def test_a_stop_word_that_is_a_whole_question_is_refused(database: SQLiteDatabase) -> None:
    base = KnowledgeBase.build([FREE, TYRE])
    with pytest.raises(WordListInvalid) as refused:
        await database.write(
            words.save, WordList.STOP_WORDS, Changes(("首保免费吗",)), 0, "xu", NOW, base.whole_question
        )
    assert refused.value.problems[0].other == "首保免费吗？"
    assert await database.read(words.history, WordList.STOP_WORDS) == []


async def test_equal_lines_make_no_version(database: SQLiteDatabase) -> None:
    changes = Changes(("咕噜",))
    assert await database.write(words.save, WordList.STOP_WORDS, changes, 0, "xu", NOW) == 1
    assert await database.write(words.save, WordList.STOP_WORDS, changes, 1, "wu", NOW) == 1


# --- Labelled questions -----------------------------------------------------------------------------------------


async def test_labelled_questions_are_brought_in_once_and_relabelled(database: SQLiteDatabase) -> None:
    first = [Question("胎", frozenset({"tyre"})), Question("天气", frozenset())]
    assert await database.write(questions.bring_in, first, "xu", NOW) == questions.Added(2, 0)
    again = [Question("胎", frozenset({"free"})), Question("天气", frozenset())]
    assert await database.write(questions.bring_in, again, "xu", NOW) == questions.Added(0, 1)
    assert {one.utterance: one.expected for one in await database.read(questions.labelled)} == {
        "胎": frozenset({"free"}),
        "天气": frozenset(),
    }


async def test_a_label_changed_by_two_is_a_conflict_for_the_second(database: SQLiteDatabase) -> None:
    await database.write(questions.bring_in, [Question("胎", frozenset({"tyre"}))], "xu", NOW)
    [one] = await database.read(questions.page)
    await database.write(questions.relabel, one.id, one.version, ["free"], "xu", NOW)
    with pytest.raises(LabelConflict):
        await database.write(questions.relabel, one.id, one.version, [], "wu", NOW)
    with pytest.raises(LabelConflict):
        await database.write(questions.remove, one.id, one.version)
    await database.write(questions.remove, one.id, one.version + 1)
    assert await database.read(questions.count) == 0


async def test_labelled_questions_can_be_searched_for_literally(database: SQLiteDatabase) -> None:
    made = [Question(text, frozenset()) for text in ("100% 吗", "100 吗", "a_b")]
    await database.write(questions.bring_in, made, "xu", NOW)
    assert [one.utterance for one in await database.read(questions.page, "0%")] == ["100% 吗"]
    assert [one.utterance for one in await database.read(questions.page, "_")] == ["a_b"]
