"""`main.py replay`: its exit codes, what it prints, and what it takes for accepted."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.command_line import main
from knowledgebase.authoring import entries
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry
from knowledgebase.publishing import questions
from storage.database import Transaction
from storage.sqlite import open_database

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换轮胎", "轮胎多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗",))
INVOICE = {"id": "invoice", "question": "怎么开发票？", "answer": "在订单里申请。", "category": "发票"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two entries and three labelled questions."""
    folder = tmp_path / "data"
    monkeypatch.setenv("YINGSHENG_SERVER__DATA_FOLDER", str(folder))

    def fill(tx: Transaction) -> None:
        entries.save(tx, [TYRE, FREE], "xu", 0)
        asked = [("轮胎多久换一次？", "tyre"), ("首保免费吗？", "free"), ("怎么开发票？", "invoice")]
        questions.bring_in(tx, [Question(text, frozenset({one})) for text, one in asked], "xu", 0)

    async def make() -> None:
        database = open_database(folder)
        await database.write(fill)
        await database.close()

    asyncio.run(make())
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def told(*arguments: object) -> tuple[int, dict[str, Any]]:
    """The exit code and what --json prints."""
    done = run(*arguments, "--json")
    return done.exit_code, json.loads(done.stdout)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.usefixtures("folder")
def test_a_file_that_changes_no_answer_passes(tmp_path: Path) -> None:
    other = {
        "id": "tyre",
        "question": TYRE.question,
        "similar": list(TYRE.similar),
        "answer": "6 年。",
        "category": "轮胎",
    }
    code, found = told("--entries", written(tmp_path / "entries.jsonl", other))
    assert (code, found["unaccepted"], found["reworded"], found["questions"]) == (0, 0, 1, 3)


@pytest.mark.usefixtures("folder")
def test_a_file_that_changes_an_answer_stops_the_pipeline_until_it_is_accepted(tmp_path: Path) -> None:
    file = written(tmp_path / "entries.jsonl", INVOICE)
    code, found = told("--entries", file)
    assert (code, found["unaccepted"], found["compared_with"]) == (1, 1, "in_force")
    [flip] = found["flips"]
    assert (flip["kind"], flip["query"], flip["mark"], flip["accepted"]) == (
        "appeared",
        "怎么开发票？",
        "better",
        False,
    )
    assert (flip["before"]["decision"], flip["after"]["id"]) == ("handoff", "invoice")
    assert run("--entries", file, "--accept").exit_code == 0
    code, found = told("--entries", file)
    assert (code, found["unaccepted"], found["flips"][0]["accepted"]) == (0, 0, True)


@pytest.mark.usefixtures("folder")
def test_acceptance_ends_when_something_else_has_gone_into_force(tmp_path: Path) -> None:
    file = written(tmp_path / "entries.jsonl", INVOICE)
    run("--entries", file, "--accept")
    other = written(tmp_path / "other.jsonl", {**INVOICE, "id": "key", "question": "钥匙没电了怎么办？"})
    assert CliRunner().invoke(main, ["import-entries", str(other)]).exit_code == 0
    assert run("--entries", file).exit_code == 1


@pytest.mark.usefixtures("folder")
def test_without_a_proposal_the_last_accepted_outcomes_are_compared(tmp_path: Path) -> None:
    first = run()
    assert (first.exit_code, "nothing has been accepted yet" in first.stderr) == (0, True)
    assert run("--accept").exit_code == 0
    assert told() == (0, {**told()[1], "unaccepted": 0, "compared_with": "accepted"})
    file = written(tmp_path / "entries.jsonl", INVOICE)
    assert CliRunner().invoke(main, ["import-entries", str(file)]).exit_code == 0
    code, found = told()
    assert (code, found["unaccepted"], found["flips"][0]["query"]) == (1, 1, "怎么开发票？")
    assert run("--accept").exit_code == 0
    assert run().exit_code == 0


@pytest.mark.usefixtures("folder")
def test_questions_of_a_file_take_the_place_of_the_stored_ones(tmp_path: Path) -> None:
    asked = written(tmp_path / "questions.jsonl", {"query": "怎么开发票？", "id": None})
    file = written(tmp_path / "entries.jsonl", INVOICE)
    code, found = told("--entries", file, "--questions", asked)
    assert (code, found["questions"], found["flips"][0]["mark"]) == (1, 1, "worse")


@pytest.mark.usefixtures("folder")
def test_word_lists_and_precision_can_be_proposed(tmp_path: Path) -> None:
    lists = tmp_path / "words"
    lists.mkdir()
    (lists / "stop_words.txt").write_text("的\n咕噜\n", encoding="utf-8")
    code, found = told("--vocabulary", lists, "--precision", "0.99")
    assert (code, found["questions"]) in ((0, 3), (1, 3))


@pytest.mark.usefixtures("folder")
def test_the_flips_are_told_in_words(tmp_path: Path) -> None:
    done = run("--entries", written(tmp_path / "entries.jsonl", INVOICE))
    assert "1 not accepted" in done.stdout
    assert "[labelled, chat] 怎么开发票？: a person -> answer invoice (better)" in done.stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("--entries", '{"id": "x", "question": "", "answer": "答"}\n', "file.jsonl:1"),
        ("--entries", "not json\n", "file.jsonl"),
        ("--questions", '{"query": 7}\n', "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_bad_argument(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    file = tmp_path / "file.jsonl"
    file.write_text(content, encoding="utf-8")
    done = run(name, file)
    assert (done.exit_code, sentence in done.stderr) == (2, True)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments", [("--entries", "nowhere.jsonl"), ("--precision", "2"), ("--nonsense",), ("--vocabulary", "nowhere")]
)
def test_bad_arguments_exit_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.usefixtures("folder")
def test_word_lists_with_a_flaw_are_refused_with_their_reason(tmp_path: Path) -> None:
    lists = tmp_path / "words"
    lists.mkdir()
    assert run("--vocabulary", lists).exit_code == 2
    (lists / "synonyms.txt").write_text("轮胎 车胎\n车胎 轱辘\n", encoding="utf-8")
    done = run("--vocabulary", lists)
    assert (done.exit_code, "in_two_groups" in done.stderr) == (2, True)


def test_a_folder_without_data_is_a_problem_not_a_flip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINGSHENG_SERVER__DATA_FOLDER", str(tmp_path / "nothing"))
    assert run().exit_code == 2
