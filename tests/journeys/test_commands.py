"""The operator's commands, on a stopped and on a running server."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.desk import PASSWORD, AgentAtDesk
from tests.journeys.program import ROOT, Customer, Program
from tests.journeys.witness import stocked, until

Command = Callable[..., subprocess.CompletedProcess[str]]
ENTRY = {
    "id": "moon-charging",
    "question": "月球上能充电吗？",
    "similar": ["在月亮上怎么充电", "月球有充电桩吗"],
    "answer": "月球上没有充电桩。",
    "category": "充电",
}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A server that is not started yet; stopped at the end."""
    program = Program(tmp_path / "data")
    yield program
    program.kill()


@pytest.fixture
def shop(program: Program) -> Program:
    """The same with a few entries."""
    asyncio.run(stocked(program.folder))
    return program


def user_add(program: Program, login: str) -> subprocess.CompletedProcess[str]:
    return program.command_here("user", "add", login, "--name", "李工", "--role", "admin", "--password", PASSWORD)


@pytest.mark.slow
def test_every_problem_of_the_settings_is_told_at_once_and_nothing_starts(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[sla]\nreply = "soon"\n[server]\nport = 99999\ncolour = "red"\n', encoding="utf-8")
    program = Program(tmp_path / "data", {"YINGSHENG_CHAT__ALLOWED_ORIGINS": '["example.com"]'})
    done = program.command("serve", "--config", str(settings))
    assert done.returncode == 2
    for named in ("sla.reply", "server.port", "server.colour: no such setting", "chat.allowed_origins.0"):
        assert named in done.stderr, done.stderr
    assert not program.folder.exists()


@pytest.mark.slow
def test_a_settings_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[sla\n", encoding="utf-8")
    done = Program(tmp_path / "data").command("--config", str(settings), "doctor")
    assert (done.returncode, "is not valid TOML" in done.stderr) == (2, True)


@pytest.mark.slow
def test_a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on(shop: Program) -> None:
    shop.start()
    second = shop.command("serve", "--port", "0")
    assert second.returncode == 1
    assert str(shop.folder) in second.stderr
    assert "Traceback" not in second.stderr
    assert shop.ready()[0] == 200


@pytest.mark.slow
def test_a_port_that_is_taken_is_told_in_one_sentence(program: Program) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = program.command("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "in use" in done.stderr


@pytest.mark.slow
def test_the_server_stops_soon_while_pages_are_connected(shop: Program) -> None:
    async def connected() -> float:
        async with aiohttp.ClientSession() as session:
            customers = [Customer(shop, session, f"customer{number}") for number in range(10)]
            lives = [asyncio.create_task(customer.live()) for customer in customers]
            while not all(customer.token for customer in customers):
                await asyncio.sleep(0.02)
            seconds = await asyncio.to_thread(shop.stop)
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
            return seconds

    shop.start()
    assert asyncio.run(connected()) < 30


@pytest.mark.slow
def test_users_and_entries_can_be_added_while_the_server_runs_and_count_at_once(shop: Program, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps(ENTRY, ensure_ascii=False) + "\n", encoding="utf-8")

    async def journey() -> str:
        cookies = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=cookies) as session:
            await AgentAtDesk(shop, session).log_in("li")
            customer = Customer(shop, session, "customer")
            life = asyncio.create_task(customer.live())
            customer.say("message-0001", "月球上能充电吗")
            while not any(item["author"] == "bot" for item in customer.received):
                await asyncio.sleep(0.02)
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            return str(customer.received[-1]["text"])

    shop.start()
    before = shop.ready()[1]["entries"]
    added = shop.command("user", "add", "li", "--name", "李工", "--role", "admin", "--password", PASSWORD)
    assert added.returncode == 0, added.stderr
    assert "already" in user_add(shop, "li").stderr
    done = shop.command("import-entries", str(file))
    assert (done.returncode, done.stdout.strip()) == (0, "created 1, changed 0, unchanged 0"), done.stderr
    asyncio.run(until(lambda: shop.ready()[1]["entries"] == before + 1))
    assert asyncio.run(journey()) == ENTRY["answer"]


@pytest.mark.slow
def test_one_bad_row_keeps_the_whole_file_out_and_is_named_by_line(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    rows = [json.dumps(ENTRY, ensure_ascii=False), '{"id": "no-answer", "question": "？"}', "not json"]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = program.command("import-entries", str(file))
    assert done.returncode == 1
    assert "more.jsonl:2:" in done.stderr
    assert "more.jsonl:3:" in done.stderr
    assert "nothing was imported" in done.stderr


@pytest.mark.slow
def test_what_is_exported_is_imported_back_unchanged(program: Program, tmp_path: Path) -> None:
    program.start()
    for extension, command in (
        ("csv", program.command),
        ("xlsx", program.command_here),
        ("jsonl", program.command_here),
    ):
        file = tmp_path / f"all.{extension}"
        assert command("export-entries", str(file)).returncode == 0
        done = command("import-entries", str(file))
        assert done.returncode == 0, done.stderr
        assert "created 0, changed 0, unchanged" in done.stdout, extension


@pytest.mark.slow
def test_a_match_is_explained_beside_a_running_server_in_words_and_as_json(program: Program, tmp_path: Path) -> None:
    program.start()
    done = program.command("explain", "怎么关闭哨兵模式")
    assert done.returncode == 0, done.stderr
    assert "直接回答" in done.stdout
    assert "connect-sentry-off" in done.stdout
    done = program.command_here("explain", "怎么关闭哨兵模式", "--language", "en", "--limit", "1")
    assert "letter for letter" in done.stdout
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps(ENTRY, ensure_ascii=False) + "\n", encoding="utf-8")
    done = program.command_here("explain", "月秋上能充电吗\x1b[31m[bold]", "--entries", str(file), "--json")
    facts = json.loads(done.stdout)
    assert facts["matches"][0]["entry_id"] == ENTRY["id"]
    assert {"said": "秋", "link": "sound", "there": "球", "sound": "qiu"} in facts["matches"][0]["joints"]
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_entries_that_are_refused_or_not_there_cannot_be_explained_with(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text("not json\n", encoding="utf-8")
    done = program.command_here("explain", "轮胎", "--entries", str(file))
    assert (done.returncode, "more.jsonl:1:" in done.stderr) == (1, True)
    done = program.command("explain", "轮胎")
    assert (done.returncode, "Traceback" in done.stderr, done.stdout) == (1, False, "")
    assert not program.folder.exists()


@pytest.mark.slow
def test_a_backup_taken_while_serving_is_restored_whole(shop: Program, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shop.start()
    assert user_add(shop, "li").returncode == 0
    assert shop.command("backup", str(copy)).returncode == 0
    refused = shop.command("restore", str(copy))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert user_add(shop, "wang").returncode == 0
    shop.stop()
    assert shop.command("restore", str(copy)).returncode == 0
    assert "already" in user_add(shop, "li").stderr
    assert user_add(shop, "wang").returncode == 0


@pytest.mark.slow
def test_a_file_that_is_no_backup_is_refused_and_the_database_stays(program: Program, tmp_path: Path) -> None:
    assert user_add(program, "li").returncode == 0
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"not a database" * 1000)
    refused = program.command("restore", str(junk))
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "already" in user_add(program, "li").stderr


@pytest.mark.slow
def test_the_doctor_names_what_is_wrong_and_its_exit_code_says_so(shop: Program) -> None:
    shop.start()
    well = shop.command("doctor")
    assert (well.returncode, "PROBLEM" in well.stdout) == (0, False), well.stdout
    shop.stop()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ill = Program(
            shop.folder,
            {"YINGSHENG_MAIL__HOST": "127.0.0.1", "YINGSHENG_MAIL__PORT": str(closed.getsockname()[1])},
        )
        told = ill.command("doctor")
    assert told.returncode == 1
    assert "PROBLEM  mail: 127.0.0.1" in told.stdout


@pytest.mark.slow
def test_a_password_that_is_too_short_is_refused(program: Program) -> None:
    done = program.command("user", "add", "li", "--name", "李工", "--password", "short")
    assert done.returncode == 1
    assert "password" in done.stderr


def test_every_command_explains_itself() -> None:
    done = subprocess.run([sys.executable, "main.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("serve", "evaluate", "import-entries", "export-entries", "doctor", "backup", "restore", "user"):
        assert command in done.stdout


@pytest.mark.slow
def test_a_replay_beside_a_running_server_is_accepted_through_it(shop: Program, tmp_path: Path) -> None:
    shop.start()
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps(ENTRY, ensure_ascii=False) + "\n", encoding="utf-8")
    asked = tmp_path / "asked.jsonl"
    asked.write_text(
        json.dumps({"query": "月球上能充电吗", "id": ENTRY["id"]}, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    proposal = ("replay", "--entries", str(file), "--questions", str(asked))
    assert shop.command_here(*proposal).returncode == 1
    assert shop.command(*proposal, "--accept").returncode == 0
    assert shop.command_here(*proposal).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_entries_are_listed_compared_and_moved_as_in_the_console(shop: Program, tmp_path: Path, running: bool) -> None:
    file = tmp_path / "entries.jsonl"
    for answer in (ENTRY["answer"], "月球上没有充电站。"):
        file.write_text(json.dumps({**ENTRY, "answer": answer}, ensure_ascii=False), encoding="utf-8")
        assert shop.command_here("import-entries", str(file)).returncode == 0
    if running:
        shop.start()

    def said(*words: str, command: Command = shop.command_here) -> str:
        done = command("entries", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "moon-charging  published  v2  月球上能充电吗？" in said("list", "--text", "月球", command=shop.command)
    assert json.loads(said("show", "moon-charging", "--version", "1"))["answer"] == ENTRY["answer"]
    assert "没有充电[-桩-]。" in said("diff", "moon-charging", "1", "2")
    assert "is at version 3 now, draft" in said("rollback", "moon-charging", "1")
    assert "is at version 4 now, review" in said("submit", "moon-charging")
    assert "/console/knowledge/publications/" in said("publish", "moon-charging")
    lines = said("history", "moon-charging").splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["v4", "review"], ["v3", "draft"]]
    assert lines[2].startswith("* v2  published")
    assert "command line" in lines[0]
    for command, *words in (
        (shop.command, "restore", "moon-charging"),
        (shop.command_here, "archive", "nothing"),
        (shop.command_here, "show", "nothing"),
    ):
        done = command("entries", *words)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)


@pytest.mark.slow
def test_a_related_entry_that_is_not_there_is_named_by_its_line(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "entries.jsonl"
    rows = [{**ENTRY, "related": ["sun"]}, {**ENTRY, "id": "sun", "question": "太阳？", "related": ["mars"]}]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    done = program.command("import-entries", str(file))
    assert done.returncode == 1
    assert "entries.jsonl:2: unknown entry: related" in done.stderr
