"""Entries in the database, each with every version it ever had."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.authoring.rows import Change, Head
from knowledgebase.authoring.transfer import read_entries, write_entries
from knowledgebase.errors import ActionNotAllowed, EntryConflict, EntryInvalid, EntryNotFound
from knowledgebase.model import Entry, EntryStatus, Visibility
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换", "多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养")
DRAFT = Entry("draft", "草稿？", "答。", "保养", status=EntryStatus.DRAFT)
NOW = 1_795_399_200_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    yield database
    await database.close()


async def test_published_entries_come_by_category_and_id(database: SQLiteDatabase) -> None:
    report = await database.write(entries.save, [TYRE, FREE, DRAFT], "xu", NOW)
    assert report == entries.SaveReport(created=3, changed=0, unchanged=0)
    assert await database.read(entries.published) == [FREE, TYRE]
    assert await database.read(entries.every_entry) == [DRAFT, FREE, TYRE]


async def test_only_what_differs_gets_a_new_version(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE, FREE], "xu", NOW)
    changed = replace(TYRE, answer="6 年。")
    report = await database.write(entries.save, [changed, FREE, DRAFT], "wu", NOW + 1)
    assert report == entries.SaveReport(created=1, changed=1, unchanged=1)
    assert await database.read(entries.get_entry, "tyre") == replace(changed, version=2)
    assert await database.read(entries.get_entry, "tyre", 1) == TYRE
    assert await database.read(entries.get_entry, "free") == FREE


async def test_what_was_exported_can_be_saved_again_without_a_change(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await database.write(entries.save, [replace(TYRE, question="轮胎几年换？")], "xu", NOW)
    standing = await database.read(entries.every_entry)
    assert await database.write(entries.save, standing, "xu", NOW) == entries.SaveReport(0, 0, 1)


async def test_an_unknown_entry_or_version_is_not_found(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    with pytest.raises(EntryNotFound, match="no entry free"):
        await database.read(entries.get_entry, "free")
    with pytest.raises(EntryNotFound, match="no entry tyre at version 2"):
        await database.read(entries.get_entry, "tyre", 2)


async def test_one_invalid_entry_keeps_all_out(database: SQLiteDatabase) -> None:
    with pytest.raises(EntryInvalid, match="'tyre': missing field: answer"):
        await database.write(entries.save, [FREE, replace(TYRE, answer=" ")], "xu", NOW)
    assert await database.read(entries.every_entry) == []


async def test_the_same_id_twice_in_one_save_is_refused(database: SQLiteDatabase) -> None:
    with pytest.raises(EntryInvalid, match="'tyre': duplicate id"):
        await database.write(entries.save, [TYRE, replace(TYRE, answer="x")], "xu", NOW)


async def test_saving_wakes_whoever_holds_the_entries_and_only_then(database: SQLiteDatabase) -> None:
    heard: list[str] = []
    database.signals.listen("entries", lambda topic, _key: heard.append(topic))
    await database.write(entries.save, [TYRE], "xu", NOW)
    await database.write(entries.save, [TYRE], "xu", NOW)
    assert heard == ["entries"]


SU, NEXT = Change("su", NOW, "新政策"), Change("xu", NOW + 1)
SIX = replace(TYRE, answer="6 年。")


async def test_what_is_written_beside_a_published_entry_reaches_customers_only_when_it_is_published(
    database: SQLiteDatabase,
) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    draft = await database.write(entries.edit, SIX, 1, SU)
    assert (draft.status, draft.version) == (EntryStatus.DRAFT, 2)
    assert await database.read(entries.published_entry, "tyre") == TYRE
    assert (await database.read(entries.get_head, "tyre")).has_unpublished_changes
    await database.write(entries.move, "tyre", 2, Action.SUBMIT, NEXT)
    told = await database.write(entries.publish, "tyre", 3, "replay-1", "wu", NOW + 2)
    assert told == replace(SIX, version=4)
    assert await database.read(entries.published) == [told]
    assert await database.read(entries.get_head, "tyre") == Head(told, 4, NOW + 2)


async def test_nobody_overwrites_what_another_has_written_meanwhile(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await database.write(entries.edit, SIX, 1, SU)
    mine = replace(TYRE, answer="7 年。")
    with pytest.raises(EntryConflict, match="at version 2") as caught:
        await database.write(entries.edit, mine, 1, NEXT)
    assert (caught.value.mine, caught.value.theirs.answer) == (mine, "6 年。")
    with pytest.raises(EntryConflict):
        await database.write(entries.publish, "tyre", 1, None, "wu", NOW)
    with pytest.raises(EntryConflict):
        await database.write(entries.create, mine, NEXT)
    assert (await database.read(entries.get_entry, "tyre")).answer == "6 年。"


async def test_a_text_that_says_the_same_makes_no_version(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    assert await database.write(entries.edit, TYRE, 1, SU) == TYRE


async def test_what_was_written_can_be_dropped(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await database.write(entries.edit, SIX, 1, SU)
    back = await database.write(entries.discard, "tyre", 2, NEXT)
    assert back == replace(TYRE, version=3)
    assert await database.read(entries.get_head, "tyre") == Head(back, 1, NOW + 1)


async def test_an_archived_entry_is_taken_from_customers_and_can_come_back(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await database.write(entries.archive, "tyre", 1, None, "wu", NOW)
    assert await database.read(entries.published) == []
    with pytest.raises(ActionNotAllowed, match="archived"):
        await database.write(entries.edit, SIX, 2, SU)
    back = await database.write(entries.move, "tyre", 2, Action.RESTORE, NEXT)
    assert (back.status, await database.read(entries.published)) == (EntryStatus.DRAFT, [])


async def test_a_draft_wakes_nobody(database: SQLiteDatabase) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    heard: list[str] = []
    database.signals.listen("entries", lambda topic, _key: heard.append(topic))
    await database.write(entries.edit, SIX, 1, SU)
    await database.write(entries.create, FREE, SU)
    assert heard == []
    await database.write(entries.publish, "tyre", 2, None, "wu", NOW)
    assert heard == ["entries"]


async def test_a_related_entry_has_to_exist(database: SQLiteDatabase) -> None:
    with pytest.raises(EntryInvalid, match="unknown entry: related free"):
        await database.write(entries.save, [replace(TYRE, related=("free",))], "xu", NOW)
    await database.write(entries.save, [replace(TYRE, related=("free",)), FREE], "xu", NOW)
    with pytest.raises(EntryInvalid, match="unknown entry: related nothing"):
        await database.write(entries.edit, replace(TYRE, related=("nothing",)), 1, SU)


async def test_the_last_word_on_an_answer_counts(database: SQLiteDatabase) -> None:
    await database.write(_one_message)
    await database.write(entries.feedback, "m1", "tyre", 1, False, NOW)
    await database.write(entries.feedback, "m1", "tyre", 1, True, NOW + 5)
    rows = await database.read(lambda tx: tx.execute("SELECT message_id, solved, at FROM answer_feedback"))
    assert rows == [{"message_id": "m1", "solved": 1, "at": NOW + 5}]


def _one_message(tx: Transaction) -> None:
    tx.execute("INSERT INTO contact (id, created_at) VALUES ('c1', 1)")
    tx.execute(
        "INSERT INTO conversation (id, contact_id, channel, owner, version, last_number, created_at, updated_at)"
        " VALUES ('v1', 'c1', 'chat', 'bot', 1, 1, 1, 1)"
    )
    tx.execute(
        "INSERT INTO message (id, conversation_id, number, author, kind, text, created_at)"
        " VALUES ('m1', 'v1', 1, 'bot', 'answer', 'x', 1)"
    )


def _many() -> list[Entry]:
    return [
        Entry(
            f"e-{n}",
            f"第 {n} 个问题怎么办？",
            f"**先**停车，第 {n} 步。\n\n- 打电话\n- 等",
            f"类 {n % 40}",
            (f"问法 {n} 甲", f"=问法 {n} 乙"),
            status=list(EntryStatus)[n % 4],
            internal_note="记" * (n % 3),
            visibility=list(Visibility)[n % 3],
            valid_from=n * 86_400_000 if n % 2 else None,
            channel_answers=(("mail", f"您好，{n}"),) if n % 7 == 0 else (),
            related=(f"e-{n - 1}",) if n else (),
        )
        for n in range(10_000)
    ]


async def test_ten_thousand_entries_imported_exported_and_imported_again_are_equal(
    database: SQLiteDatabase, tmp_path: Path
) -> None:
    write_entries(tmp_path / "first.csv", _many())
    found, refused = read_entries(tmp_path / "first.csv")
    assert (found, refused) == (_many(), [])
    await database.write(entries.save, found, "xu", NOW)
    standing = await database.read(entries.every_entry)
    write_entries(tmp_path / "second.csv", standing)
    again, refused = read_entries(tmp_path / "second.csv")
    assert (again, refused) == (standing, [])
    assert await database.write(entries.save, again, "xu", NOW) == entries.SaveReport(0, 0, 10_000)
    assert sorted(again, key=lambda entry: entry.id) == sorted(_many(), key=lambda entry: entry.id)
