"""The documents say what is: links, commands, settings, words and routes are compared with the program."""

import asyncio
import json
import re
import sqlite3
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import click
import pytest
from pydantic.fields import FieldInfo

from bot.app import build_app
from bot.command_line import main as command_line
from bot.config import Config, EscalationLevel, MailboxSettings, Section, TransportChoice, load_config
from bot.mail.settling.authenticity import Proof
from bot.mail.settling.threading import ThreadRule
from bot.mail.standing import Rule
from bot.messages import Channel
from knowledgebase.authoring.plain import ANSWER_COLUMNS, TABLE_COLUMNS
from knowledgebase.authoring.validation import LONGEST
from knowledgebase.model import EntryStatus, Visibility
from storage.migrate import migrate
from storage.sqlite import open_database
from tests.docs import pages
from tests.docs.pages import PAGES, ROOT
from tickets.alerts import Failure
from tickets.alerts.webhook import signature
from tickets.mail.inbox import Outcome, State
from tickets.model import PauseReason, Priority, Reason, Role, Status, StopReason

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
OPERATIONS = ROOT / "docs" / "operations.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
EXAMPLE = ROOT / "yingsheng.example.toml"
DECISIONS = ROOT / "docs" / "decisions"


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=_name)
each_readme = pytest.mark.parametrize("readme", [ENGLISH, CHINESE], ids=_name)


# Links


@each_page
def test_every_internal_link_and_anchor_resolves(page: Path) -> None:
    for link in pages.links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), f"{link} leads nowhere"
        assert ROOT in (target, *target.parents), f"{link} leads out of the project"
        if parts.fragment:
            assert parts.fragment in pages.anchors(target), f"{link}: no such heading"


OUTSIDE = {"keepachangelog.com", "semver.org", "sqlite.org", "www.apache.org", "www.gov.cn", "127.0.0.1", "localhost"}


@each_page
def test_addresses_are_examples_this_machine_or_a_named_source(page: Path) -> None:
    for address in re.findall(r"https?://([\w.-]+)", page.read_text(encoding="utf-8")):
        example = address == "example.com" or address.endswith(".example.com")
        assert example or address in OUTSIDE, address


def test_both_readmes_show_the_same_pictures_and_describe_each() -> None:
    shown = pages.pictures(ENGLISH)
    assert list(shown) == list(pages.pictures(CHINESE))
    assert all(len(words) > 10 for readme in (ENGLISH, CHINESE) for words in pages.pictures(readme).values())


def test_the_pictures_taken_are_the_pictures_shown() -> None:
    taken = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert taken in (set(), set(pages.pictures(ENGLISH)))


# Commands


def _commands(group: click.Group = command_line, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= _commands(command, (*before, name))
        else:
            found[*before, name] = command
    return found


def _options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def _command_lines(page: Path) -> Iterator[list[str]]:
    """The words behind main.py wherever it is followed by any."""
    for line in pages.code(page):
        for match in re.finditer(r"main\.py((?: [^\s`|]+)+)", line):
            yield match[1].split()


def _without_outer_options(words: list[str]) -> list[str]:
    while words and words[0].startswith("--"):
        assert words[0] in _options(command_line), words[0]
        words = words[2:]
    return words


@each_page
def test_every_command_and_option_named_exists(page: Path) -> None:
    known = _commands()
    for words in _command_lines(page):
        words = _without_outer_options(words)
        name = next((tuple(words[:length]) for length in (1, 2) if tuple(words[:length]) in known), None)
        assert name, f"main.py {' '.join(words)}: no such command"
        for word in words[len(name) :]:
            assert not word.startswith("--") or word in _options(known[name]), f"{' '.join(name)} has no {word}"


@each_readme
def test_the_readme_names_every_command(readme: Path) -> None:
    named = {tuple(words[:length]) for words in _command_lines(readme) for length in (1, 2)}
    assert set(_commands()) <= named


def _make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@each_page
def test_every_make_target_named_exists(page: Path) -> None:
    named = {name for line in pages.code(page) for name in re.findall(r"\bmake ([a-z]+)", line)}
    assert named <= _make_targets()


@each_readme
def test_the_readme_names_every_make_target_that_is_a_promise(readme: Path) -> None:
    named = {name for line in pages.code(readme) for name in re.findall(r"\bmake ([a-z]+)", line)}
    assert {"serve", "install", "test", "check", "bench"} <= named


# The two READMEs


def test_the_readmes_have_the_same_sections() -> None:
    english, chinese = ([heading.level for heading in pages.headings(page)] for page in (ENGLISH, CHINESE))
    assert english == chinese


def test_the_readmes_have_the_same_code() -> None:
    assert pages.blocks(ENGLISH) == pages.blocks(CHINESE)


def test_the_readmes_name_the_same_things_in_code() -> None:
    assert set(pages.code_spans(ENGLISH)) == set(pages.code_spans(CHINESE))


def test_the_readmes_link_to_the_same_places() -> None:
    languages = {ENGLISH.name, CHINESE.name}
    assert set(pages.links(ENGLISH)) - languages == set(pages.links(CHINESE)) - languages


def test_the_readmes_have_tables_of_the_same_size() -> None:
    english, chinese = ([len(table.rows) for table in pages.tables(page)] for page in (ENGLISH, CHINESE))
    assert english == chinese


# Settings

LISTED: dict[str, type[Section]] = {
    "escalation.levels": EscalationLevel,
    "mail.mailboxes": MailboxSettings,
    "alerts.transports": TransportChoice,
}
WHAT_THEY_NEED: dict[type[Section], dict[str, str]] = {
    EscalationLevel: {"name": "any"},
    MailboxSettings: {"name": "any", "address": "any@example.com"},
}
OF_A_LIST = tuple(f"{name}." for name in LISTED)


def _sections() -> dict[str, type[Section]]:
    return {name: type(getattr(Config(), name)) for name in Config.model_fields}


def _settings() -> dict[str, tuple[type[Section], FieldInfo]]:
    """Every setting by its dotted name, those of the tables in lists too."""
    found = {
        f"{name}.{key}": (section, field)
        for name, section in _sections().items()
        for key, field in section.model_fields.items()
    }
    return found | {
        f"{name}.{key}": (section, field)
        for name, section in LISTED.items()
        for key, field in section.model_fields.items()
    }


def _described() -> dict[str, dict[str, str]]:
    rows = [row for section in _sections() for row in pages.table(CONFIGURATION, section)]
    return {codes[0]: row for row in rows if (codes := pages.codes(row["setting"]))}


def test_every_setting_is_described_once_and_nothing_else_is() -> None:
    rows = [row for section in _sections() for row in pages.table(CONFIGURATION, section)]
    assert len(rows) == len(_described())
    assert set(_described()) == set(_settings())


@pytest.mark.parametrize("name", sorted(_settings()))
def test_the_default_of_a_setting_is_the_one_described(name: str) -> None:
    section, field = _settings()[name]
    described = _described()[name]["default"]
    if name == "escalation.levels":
        assert described == "see below"
        block = next(block for block in pages.blocks(CONFIGURATION, "toml") if "escalation.levels" in block.text)
        assert Config.model_validate(tomllib.loads(block.text)) == Config()
    elif field.is_required():
        assert described == "required"
    elif field.get_default() is None:
        assert described == "*unset*"
    else:
        value = tomllib.loads(f"value = {described.strip('`')}")["value"]
        key = name.rpartition(".")[2]
        others = WHAT_THEY_NEED.get(section, {})
        assert getattr(section.model_validate({**others, key: value}), key) == field.get_default()


@pytest.mark.parametrize("name", sorted(_settings()))
def test_the_environment_name_of_a_setting_is_the_one_described(name: str) -> None:
    if name.startswith(OF_A_LIST):
        assert "environment" not in _described()[name]
        return
    section, _, key = name.upper().partition(".")
    assert pages.codes(_described()[name]["environment"]) == [f"YINGSHENG_{section}__{key}"]


@pytest.mark.parametrize("name", sorted(_settings()))
def test_the_type_of_a_setting_is_the_one_described(name: str) -> None:
    _, field = _settings()[name]
    described = _described()[name]["type"]
    words, choices = _type_words(field)
    assert any(described.startswith(word) for word in words), f"{described}: none of {words}"
    assert pages.codes(described) == choices


def _type_words(field: FieldInfo) -> tuple[tuple[str, ...], list[str]]:
    """How a type may be called, and the values it is limited to."""
    annotation: Any = field.annotation
    if isinstance(annotation, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Literal:
        return ("`",), list(get_args(annotation))
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return ("list of ",), list(get_args(inner)) if get_origin(inner) is Literal else []
    if any(type(one).__name__ == "BeforeValidator" for one in field.metadata):
        return ("duration",), []
    names: dict[object, tuple[str, ...]] = {
        int: ("whole number",),
        bool: ("whether",),
        float: ("number",),
        str: ("text", "time zone name"),
        Path: ("path",),
    }
    return names.get(annotation, ("origin", "address")), []


def test_the_example_settings_are_the_defaults() -> None:
    assert load_config(EXAMPLE, {}) == Config()


def _example_uncommented() -> str:
    return re.sub(r"^# (?=[a-z_]+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_example_settings_load_with_every_comment_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "yingsheng.toml"
    path.write_text(_example_uncommented(), encoding="utf-8")
    assert load_config(path, {}) != Config()


def test_the_example_settings_name_every_setting() -> None:
    named = tomllib.loads(_example_uncommented())
    assert {f"{section}.{key}" for section, keys in named.items() for key in keys} == {
        name for name in _settings() if not name.startswith(OF_A_LIST)
    }


@each_page
def test_every_block_of_settings_loads(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(pages.blocks(page, "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(block.text, encoding="utf-8")
        load_config(path, {})


@each_page
def test_every_environment_name_is_a_setting(page: Path) -> None:
    known = {f"YINGSHENG_{name.upper().replace('.', '__', 1)}" for name in _settings()}
    named = set(re.findall(r"\bYINGSHENG_[A-Z]+__[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert named <= known


TRANSPORTS = {"alert.mail", "alert.webhook"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != DECISIONS and page != GLOSSARY], ids=_name)
def test_every_setting_named_in_passing_is_one(page: Path) -> None:
    section = re.compile(rf"(?:{'|'.join(_sections())})\.[a-z_]+")
    for span in pages.code_spans(page):
        if section.fullmatch(span) and not span.endswith(".py") and span not in TRANSPORTS:
            assert span in _settings(), span


# Words


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """An empty database after all migrations."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        yield connection


@pytest.fixture
def columns(database: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of each table."""
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: {row[1] for row in database.execute(f"PRAGMA table_info({name})")} for name in names}


def _glossary() -> list[dict[str, str]]:
    tables = [table for table in pages.tables(GLOSSARY) if table.rows[0][0] == "word"]
    return [dict(zip(table.rows[0], row, strict=True)) for table in tables for row in table.rows[1:]]


def test_a_glossary_word_lives_in_the_schema_where_it_says(columns: dict[str, set[str]]) -> None:
    places = [place for row in _glossary() for place in pages.codes(row["in the schema"])]
    assert len(places) > 50
    for place in places:
        table, _, column = place.partition(".")
        assert table in columns, place
        assert not column or column in columns[table], place


def test_every_table_has_a_word_in_the_glossary(columns: dict[str, set[str]]) -> None:
    named = {place.partition(".")[0] for row in _glossary() for place in pages.codes(row["in the schema"])}
    assert named == set(columns)


def test_a_glossary_word_is_explained_once_and_in_both_languages() -> None:
    rows = _glossary()
    words = [row["word"] for row in rows]
    assert len(words) == len(set(words))
    assert all(re.search(r"[\u4e00-\u9fff]", row["中文"]) and row["meaning"] for row in rows)


SETS: dict[str, type[StrEnum]] = {
    "status": Status,
    "reason": Reason,
    "priority": Priority,
    "role": Role,
    "channel": Channel,
}
MAIL_SETS: dict[str, type[StrEnum]] = {
    "state": State,
    "outcome": Outcome,
    "thread_short": ThreadRule,
    "reason": Rule,
    "proof": Proof,
}
CLOCK_SETS: dict[str, type[StrEnum]] = {"ended": StopReason, "paused": PauseReason}
ALERT_SETS: dict[str, type[StrEnum]] = {"failure": Failure}


def test_the_closed_sets_are_those_of_the_program_in_the_consoles_words() -> None:
    words = ROOT / "templates" / "console"
    spoken = json.loads((words / "texts.zh.json").read_text(encoding="utf-8"))
    of_mail = json.loads((words / "mail.zh.json").read_text(encoding="utf-8"))["mail"]
    of_clocks = json.loads((words / "deadlines.zh.json").read_text(encoding="utf-8"))["deadlines"]
    of_alerts = json.loads((words / "refusals.zh.json").read_text(encoding="utf-8"))
    told = [tuple(row.values()) for row in pages.table(GLOSSARY, "Closed sets")]
    assert told == [
        (f"`{members.__name__}`", f"`{member}`", said[name][member])
        for said, sets in ((spoken, SETS), (of_mail, MAIL_SETS), (of_clocks, CLOCK_SETS), (of_alerts, ALERT_SETS))
        for name, members in sets.items()
        for member in members
    ]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for needs in project["optional-dependencies"].values() for one in needs]
    needed = {re.split(r"[<>=\[ ]", one)[0] for one in (*project["dependencies"], *extras)}
    page = DECISIONS / "0004-dependencies.md"
    assert {row["library"] for row in pages.table(page, "What we chose")} == needed


def test_decisions_are_numbered_once_and_say_why_and_what_follows() -> None:
    decisions = [page for page in PAGES if page.parent == DECISIONS]
    numbers = [page.name[:4] for page in decisions]
    assert len(numbers) == len(set(numbers))
    for page in decisions:
        title, *parts = (heading.text for heading in pages.headings(page))
        assert int(title.partition(".")[0]) == int(page.name[:4])
        assert {"The question", "What we chose", "What it costs"} <= set(parts)


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert "[Unreleased]" in [heading.text for heading in pages.headings(ROOT / "CHANGELOG.md") if heading.level == 2]


# The house


ROOMS = ("bot/", "docs/", "knowledgebase/", "storage/", "templates/", "tests/", "tickets/", "benchmarks/")


@each_page
def test_every_file_named_exists(page: Path) -> None:
    for span in pages.code_spans(page):
        if span.startswith(ROOMS) and re.fullmatch(r"[\w./-]+", span):
            assert (ROOT / span).exists(), span


def test_the_webhook_receiver_shown_accepts_what_is_sent_and_nothing_else() -> None:
    (block,) = pages.blocks(OPERATIONS, "python")
    shown: dict[str, Any] = {}
    exec(block.text, shown)
    is_genuine: Callable[[str, dict[str, str], bytes], bool] = shown["is_genuine"]
    body, now = b'{"type": "alert"}', int(time.time())

    def headers(secret: str, at: int) -> dict[str, str]:
        signed = signature(secret, str(at), body)
        return {"X-Yingsheng-Timestamp": str(at), "X-Yingsheng-Signature": signed}

    assert is_genuine("secret", headers("secret", now), body)
    assert not is_genuine("secret", headers("another", now), body)
    assert not is_genuine("secret", headers("secret", now), body + b" ")
    assert not is_genuine("secret", headers("secret", now - 3_600), body)


def test_the_columns_of_an_entry_file_and_their_limits_are_those_that_hold() -> None:
    rows = {name: row for row in pages.table(OPERATIONS, "Files of entries") for name in pages.codes(row["column"])}
    assert set(rows) == set(TABLE_COLUMNS)
    limits = {name: re.match(r"(\d+) characters", row["at most"]) for name, row in rows.items()}
    longest = {name: LONGEST["channel_answers" if name in ANSWER_COLUMNS else name] for name in limits if limits[name]}
    assert {name: int(limit[1]) for name, limit in limits.items() if limit} == longest
    assert set(pages.codes(rows["status"]["meaning"])) == set(EntryStatus)
    assert set(pages.codes(rows["visibility"]["meaning"])) == set(Visibility)


def test_the_queries_shown_run_on_the_schema(database: sqlite3.Connection) -> None:
    queries = re.findall(r'"(SELECT [^"]+)"', OPERATIONS.read_text(encoding="utf-8"))
    assert queries
    for query in queries:
        database.execute(query).fetchall()


def test_the_metrics_listed_are_those_that_are_told() -> None:
    source = (ROOT / "bot" / "gateway" / "metrics.py").read_text(encoding="utf-8")
    told = set(re.findall(r'"(yingsheng_\w+)"', source))
    listed = [pages.codes(row["metric"])[0] for row in pages.table(OPERATIONS, "Metrics")]
    assert len(listed) == len(set(listed))
    assert {re.sub(r"_total$", "", name) for name in listed} == told


SIGNAL = re.compile(r"(?:notify\(|publish\(\[\()\"([a-z]+)\"")


def test_the_architecture_lists_every_signal() -> None:
    sources = [path for room in ("storage", "tickets", "knowledgebase", "bot") for path in (ROOT / room).rglob("*.py")]
    sent = {topic for path in sources for topic in SIGNAL.findall(path.read_text(encoding="utf-8"))}
    told = {pages.codes(row["topic"])[0] for row in pages.table(ROOT / "docs" / "architecture.md", "Signals")}
    assert told == sent


@cache
def _routes() -> set[str]:
    """Every address of the application."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        app = build_app(Config(), database, "http://127.0.0.1:8080", lambda: 0)
        asyncio.run(database.close())
    return {route.resource.canonical for route in app.router.routes() if route.resource is not None}


@each_page
def test_every_address_named_is_served(page: Path) -> None:
    own = r"http://127\.0\.0\.1:\d+(/[a-z/]+)"
    named = {span for span in pages.code_spans(page) if re.fullmatch(r"/[a-z][a-z./-]*", span)}
    named |= set(re.findall(own, page.read_text(encoding="utf-8")))
    assert named <= _routes()


def test_the_protocol_names_every_frame_of_a_page() -> None:
    told = {pages.codes(row["frame"])[0] for row in pages.table(PROTOCOL, "From the page")}
    source = (ROOT / "bot" / "gateway" / "frames.py").read_text(encoding="utf-8")
    assert told == set(re.findall(r'type: Literal\["(\w+)"\]', source))


def test_the_protocol_names_every_error_code() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py")]
    raised = {code for source in sources for code in re.findall(r"FrameError\(\s*\"([a-z_]+)\"", source)}
    raised |= {"malformed", "unknown_type", "bad_text"}  # chosen by frames.py from the kind of problem
    listed = re.search(r"Error codes: (.*?)\n\n", PROTOCOL.read_text(encoding="utf-8"), re.DOTALL)
    assert listed is not None
    assert set(pages.codes(re.sub(r"\([^)]*\)", "", listed[1]))) == raised


UNWANTED = re.compile(r"(?:^|[\s(`\"'])(?:/root|/home)/|\b(?:TODO|FIXME)\b|" + re.escape(str(ROOT)), re.I)


@each_page
def test_no_page_names_the_place_where_it_was_written(page: Path) -> None:
    assert not UNWANTED.findall(page.read_text(encoding="utf-8"))
