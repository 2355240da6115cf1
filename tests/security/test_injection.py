"""What people type is data: in no parameter does it become SQL, a pattern, a template or a formula."""

import ast
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from bot.console.desk.customers import web_address
from knowledgebase.authoring.plain import TABLE_COLUMNS
from knowledgebase.authoring.transfer import read_entries, write_entries
from knowledgebase.model import Entry
from tests.conftest import StartServer
from tests.fakes import Server
from tests.security.house import ALICES_SECRET, GENEROUS, House, Person
from tickets import agents

ROOT = Path(__file__).parents[2]
ROOMS = ("storage", "tickets", "knowledgebase")

SQL = [
    "'",
    '"',
    "`",
    "\\",
    "%",
    "_",
    "*",
    "' OR 1=1 --",
    "') OR ('1'='1",
    "'; DROP TABLE message; --",
    "1; DELETE FROM agent",
    "' UNION SELECT password_hash FROM agent --",
    "1 UNION SELECT token_hash, csrf_token FROM session",
    "x' AND (SELECT count(*) FROM information_schema.tables) > 0 --",
    ":agent_id",
    "@login",
    "$name",
    "?1",
    "/**/",
    'NEAR("a" "b")',
    "\u02b9\uff07 OR 1=1",
    "-1",
    "1e309",
    "99999999999999999999",
    "NaN",
    "true",
    "[]",
    "../../etc/passwd",
    "..\\..\\etc\\passwd",
    "\r\nSet-Cookie: owned=1",
    "a" * 300,
    "很" * 1_500,
]
# Only in addresses: bytes that are no text.
RAW = ["%00", "%FF", "%ED%A0%80", "%C0%AF", "..%2f..%2fapp.py", "%2e%2e%2fapp.py", "%252e%252e%252f", "%u0027", "%"]
NO_TEXT: list[Any] = ["\x00", "\ud800", -1, 2**63, None, [], {}]
INSIDE = re.compile(
    r"argon2|sqlite|Traceback|syntax error|OperationalError|StatementRefused|no such column|/site-packages/|/bot/|"
    + re.escape(str(ROOT)),
    re.I,
)

QUERIES = [
    ("/help/search", "q"),
    ("/help/search", "lang"),
    ("/help", "lang"),
    ("/console", "view"),
    ("/console/explain", "text"),
    ("/console/login", "next"),
    ("/console/setup", "token"),
    ("/chat/frames", "after"),
    ("/chat/frames", "wait"),
    ("/metrics", "name[]"),
]
PARTS = [
    "/help/{}",
    "/help/entries/{}",
    "/static/widget/{}",
    "/static/help/{}",
    "/console/static/{}",
    "/console/tickets/{}",
    "/{}",
    "/console/{}",
]
FORMS: dict[str, dict[str, str]] = {
    "/console/login": {"login": "li", "password": "wrong", "next": "/console"},
    "/console/language": {"language": "en", "next": "/console"},
    "/console/tickets/{ticket}/reply": {"text": "好", "last_seen": "1", "client_id": "client-0001", "holding": "no"},
    "/console/tickets/{ticket}/note": {"text": "好"},
    "/console/tickets/{ticket}/take-over": {"version": "1"},
    "/console/tickets/{ticket}/resolve": {"version": "1"},
}
FRAMES: list[dict[str, Any]] = [
    {"type": "hello", "token": None, "after": 0, "language": "en", "page": {"url": "u", "title": "t"}},
    {"type": "message", "client_message_id": "message-0001", "text": "好"},
    {"type": "press", "client_message_id": "message-0002", "action": "human", "about": 1},
    {"type": "contact", "client_message_id": "message-0003", "value": "13900000000"},
    {"type": "resume", "after": 0},
]


async def staff_and_tables(house: House) -> tuple[list[str], set[str]]:
    found = await house.server.database.read(agents.active_agents)
    return [f"{agent.login} {agent.role}" for agent in found], set(house.content())


@pytest.fixture
async def unharmed(house: House) -> Any:
    """The house; afterwards nobody is gone or changed, and no table is missing."""
    before = await staff_and_tables(house)
    yield house
    assert await staff_and_tables(house) == before


def check(where: str, status: int, text: str, outside: bool = True) -> None:
    assert status < 500, where
    assert not INSIDE.search(text), where
    assert not outside or ALICES_SECRET not in text, where


async def test_no_query_string_is_more_than_a_question(unharmed: House) -> None:
    async with Person(unharmed.url, Authorization=f"Bearer {unharmed.bob}", Origin=unharmed.url) as visitor:
        await ask_everything(unharmed, visitor, outside=True)
    async with Person(unharmed.url) as agent:
        await agent.log_in(unharmed.staff.li)
        await ask_everything(unharmed, agent, outside=False)


async def ask_everything(house: House, person: Person, outside: bool) -> None:
    for path, name in [*QUERIES, (f"/console/tickets/{house.bobs_ticket}", "done")]:
        for hostile in SQL:
            told = urlencode({name: hostile, "wait": "0"} if name == "after" else {name: hostile})
            check(f"{path} {told}", *await person.get(f"{path}?{told}"), outside=outside)
        for raw in RAW:
            if path != "/chat/frames" or name != "wait":
                check(f"{path} {raw}", *await person.get(f"{path}?{name}={raw}"), outside=outside)


async def test_no_part_of_a_path_leads_anywhere_else(unharmed: House) -> None:
    async with Person(unharmed.url) as agent:
        await agent.log_in(unharmed.staff.li)
        for pattern in PARTS:
            for part in [*(quote(hostile, safe="") for hostile in SQL), *RAW]:
                status, text = await agent.get(pattern.format(part), Accept="text/html")
                check(pattern.format(part), status, text, outside=False)
                assert status in (303, 400, 403, 404, 414), (pattern, part)
                assert "import " not in text, "a file of the program"


async def test_no_header_is_more_than_a_header(unharmed: House) -> None:
    async with Person(unharmed.url) as person:
        for hostile in [one for one in SQL if one.isascii() and one.isprintable()]:
            for name in ("Accept-Language", "Authorization", "X-Forwarded-For", "If-None-Match", "Referer", "X-Fetch"):
                value = f"Bearer {hostile}" if name == "Authorization" else hostile
                for path in ("/help", "/console", "/chat/frames?after=0"):
                    where = f"{path} {name}: {value}"
                    check(where, *await person.get(path, **{name: value, "Origin": unharmed.url}))
            for name in ("yingsheng", "yingsheng-language", "yingsheng-form"):
                check(name, *await person.get("/console/login", Cookie=f'{name}="{quote(hostile)}"'))


async def test_no_field_of_a_form_is_more_than_a_value(unharmed: House) -> None:
    async with Person(unharmed.url) as agent:
        await agent.log_in(unharmed.staff.li)
        for path, form in FORMS.items():
            for name in form:
                for hostile in [*SQL, "\x00", "\x1b[31m", "\ufffe"]:
                    fields = {**form, name: hostile}
                    where = f"{path} {name} {hostile[:40]!r}"
                    status, text = await agent.post(path.format(ticket=unharmed.bobs_ticket), fields)
                    check(where, status, text, outside=False)
                    if path == "/console/login":
                        assert status in (401, 429), where


def hostile_frames(frame: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The frame with each of its fields replaced in turn, also those within."""
    for name, value in frame.items():
        if isinstance(value, dict):
            yield from ({**frame, name: inner} for inner in hostile_frames(value))
        elif name != "type":
            yield from ({**frame, name: hostile} for hostile in (*SQL, *NO_TEXT))


async def test_no_field_of_a_frame_is_more_than_a_value(unharmed: House) -> None:
    async with Person(unharmed.url, Authorization=f"Bearer {unharmed.bob}", Origin=unharmed.url) as bob:
        for frame in FRAMES:
            for number, hostile in enumerate(hostile_frames(frame)):
                if hostile.get("client_message_id") == frame.get("client_message_id") is not None:
                    hostile["client_message_id"] = f"{frame['client_message_id']}-{number}"
                async with bob.session.post(f"{bob.url}/chat/frames", data=json.dumps(hostile)) as response:
                    told = await response.text()
                    check(repr(hostile)[:120], response.status, told)
                    assert {one["type"] for one in json.loads(told)["frames"]} <= {
                        "ack",
                        "error",
                        "messages",
                        "welcome",
                    }


# --- the source -------------------------------------------------------------------------------------------------


def sources() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


class Statements(ast.NodeVisitor):
    """Finds what is executed as SQL although it is not made of this module's own constants."""

    def __init__(self, tree: ast.Module) -> None:
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.made_up: list[int] = []
        self.found = 0
        self.visit(tree)

    def visit_Call(self, node: ast.Call) -> None:
        """A call of execute, executemany, executescript, change or change_all."""
        named = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if named in ("execute", "executemany", "executescript", "change", "change_all") and node.args:
            self.found += 1
            if not self.is_constant(node.args[0]):
                self.made_up.append(node.lineno)
        self.generic_visit(node)

    def is_constant(self, node: ast.expr) -> bool:
        """Whether this is the same text at every run: literals and constants of the module, and their sums."""
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self.constants and self.is_constant(self.constants[name])
            case ast.BinOp(left=left, right=right):
                return self.is_constant(left) and self.is_constant(right)
            case ast.Subscript(value=ast.Name(id=name)):
                table = self.constants.get(name)
                return isinstance(table, ast.Dict) and all(map(self.is_constant, table.values))
            case ast.JoinedStr(values=values):
                return all(map(self.is_constant, values))
            case ast.FormattedValue(value=value):
                return self.is_constant(value)
        return False


# A backup asks by a table of whole statements, a migration's text is a file of ours; the port passes on what the rooms
# above wrote.
PASSED_ON = [
    ("storage/backup_files.py", "return sorted({row[0] for query in naming for row in connection.execute(query)})"),
    ("storage/migrate.py", "connection.execute(statement)"),
    (
        "storage/sqlite_connection.py",
        "with self._housed(), contextlib.closing(self._connection.executemany(sql, rows)) as cursor:",
    ),
    (
        "storage/sqlite_connection.py",
        "with self._housed(), contextlib.closing(self._connection.execute(sql, params or {})) as cursor:",
    ),
]


def test_no_sql_is_put_together_from_values() -> None:
    made_up, found = [], 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        statements = Statements(ast.parse(text))
        found += statements.found
        for line in statements.made_up:
            made_up.append((str(path.relative_to(ROOT)), text.splitlines()[line - 1].strip()))
    assert made_up == PASSED_ON
    assert found > 60


@pytest.mark.parametrize(
    "line",
    [
        'tx.execute(f"SELECT 1 FROM {table}")',
        'tx.execute("SELECT 1 FROM %s" % table)',
        'tx.execute("SELECT 1 FROM {}".format(table))',
        'tx.change("DELETE FROM " + table)',
        'tx.change_all("DELETE FROM " + table, rows)',
        "tx.execute(wanted)",
        "tx.execute(' '.join(parts))",
    ],
)
def test_the_lint_sees_sql_that_is_put_together(line: str) -> None:
    assert Statements(ast.parse(f"QUERY = 'SELECT 1'\n{line}\ntx.execute(QUERY)")).made_up == [2]


def test_only_storage_names_an_engine() -> None:
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ("tickets", "knowledgebase", "bot")
        for path in (ROOT / room).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"sqlite|postgres|psycopg|rowid|AUTOINCREMENT|datetime\('now|json_extract|INSERT OR", line, re.I)
        and not re.match(r"\s*(from|import) storage\.", line)
    ]
    # What puts the house together chooses the engine, and the server warns of a fault of its library. A simulation has
    # a file of its own, which it reads in the order of writing.
    chosen = {"bot/app.py", "bot/server.py", "bot/operations.py"}
    chosen |= {"bot/simulation/scratch.py", "bot/simulation/house.py"}
    assert [one for one in named if one.split(":")[0] not in chosen] == []


def test_no_word_of_a_person_is_ever_a_format_or_a_template() -> None:
    """str.format and % are for our own constants: the receiver of format() is a literal or a constant."""
    wrong = []
    for room in (*ROOMS, "bot"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(attr="format" | "format_map", value=receiver)):
                        ours = isinstance(receiver, ast.Constant) or (
                            isinstance(receiver, ast.Name) and receiver.id.isupper()
                        )
                    case ast.Call(func=ast.Attribute(attr="from_string" | "render_string")):
                        ours = False
                    case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__")):
                        ours = False
                    case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
                        ours = True
                    case _:
                        continue
                if not ours:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


# --- templates and tables ---------------------------------------------------------------------------------------

TEMPLATES = [
    "{{7*7}}",
    "{{ config }}{{ self.__init__.__globals__ }}",
    "{% for a in [1] %}{{ a }}{% endfor %}",
    "{# remark #}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{0.__class__}",
    "{who}{text}{count}{level}{seconds}",
    "%(x)s %s %d %n %%",
    "$& $1 $` \\1 \\g<0>",
    "{{constructor.constructor('x')()}}",
]


async def test_what_looks_like_a_template_stays_as_it_was_typed(start_server: StartServer) -> None:
    server = await start_server(chat=GENEROUS)
    house = await inhabited_by_templates(server)
    async with server.page() as page, Person(server.url) as agent:
        await agent.log_in(house)
        for number, text in enumerate(TEMPLATES):
            await page.say(text)
            await page.say(f"模板问题{number}号怎么办理")
            reply = await page.reads()
            while text not in reply["text"]:
                reply = await page.reads()
            assert f"答案 {text} 完" in reply["text"]
            status, shown = await agent.get(f"/help/entries/template-{number}")
            assert status == 200
            article = shown.split('<div class="answer">')[1].split("</div>")[0]
            assert unescaped(article).count(f"答案 {text} 完") == 1
            _, found = await agent.get(f"/help/search?{urlencode({'q': text})}")
            assert text in unescaped(found)
        await page.press("human")
        number_of_ticket = re.search(r"\d{4}-\d{4}", (await page.reads())["text"])
        assert number_of_ticket is not None
        path = f"/console/tickets/{number_of_ticket[0]}"
        for text in TEMPLATES:
            assert (await agent.post(f"{path}/note", {"text": f"备注 {text}"}))[0] == 200
        await agent.post(f"{path}/take-over", {"version": "1"})
        for told in (await agent.get(path), await agent.get("/console?view=all_live")):
            assert told[0] == 200
        shown = unescaped((await agent.get(path))[1])
        for text in TEMPLATES:
            assert f"备注 {text}" in shown
            assert shown.count(text) >= 2, "the note and what the customer wrote"
        assert "{who} 接管" not in shown
        assert "49" not in re.sub(
            r"[\d-]*\d{2,}:\d{2}|\d{4}-\d{4}|data-now=\"\d+\"", "", "".join(page_texts(page.seen))
        )


def page_texts(frames: list[dict[str, Any]]) -> list[str]:
    return [item["text"] for frame in frames if frame["type"] == "messages" for item in frame["items"]]


def unescaped(html: str) -> str:
    import html as entities

    return entities.unescape(html)


async def inhabited_by_templates(server: Server) -> str:
    """Entries and an agent whose names look like templates; the agent's login."""
    from tests.console import cast as people
    from tickets.model import Role

    found = [
        Entry(f"template-{number}", f"模板问题{number}号怎么办理", f"答案 {text} 完", f"类别 {text}"[:40])
        for number, text in enumerate(TEMPLATES)
    ]
    await server.publish(found)
    await server.database.write(
        agents.create, "templates", "{{7*7}} {who} %s", Role.AGENT, people.PASSWORD_HASH, None, server.clock()
    )
    return "templates"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://shop.example.com/a?b", True),
        ('https://shop.example.com/"><img src=x>', True),
        ("javascript:alert(1)//https://shop.example.com/", False),
        ("java\nscript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("vbscript:x", False),
        ("blob:https://shop.example.com/x", False),
        ("//evil.example.net/", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_a_web_address_becomes_a_link_to_the_customers_page(url: str, safe: bool) -> None:
    assert web_address(url) == (url if safe else None)


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "'=1",
    '=HYPERLINK("http://x")',
    "=cmd|'/c'!A1",
]


def test_no_cell_of_an_exported_table_is_a_formula(tmp_path: Path) -> None:
    written = [
        Entry(f"entry-{number}", f"{text} 问", f"{text} 答", text[:40], similar=(text, f"{text} 二"))
        for number, text in enumerate(FORMULAS)
    ]
    write_entries(tmp_path / "out.csv", written)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) == len(TABLE_COLUMNS) * (len(FORMULAS) + 1)
    assert [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠\t\r\0"))] == []
    assert read_entries(tmp_path / "out.csv") == (written, [])


@pytest.mark.parametrize("lead", ["\t", "\r", "\x00", "\n", " ", "\u3000"])
def test_nothing_unseen_stands_before_a_formula(tmp_path: Path, lead: str) -> None:
    """What is not shown is either cut off or refused at the import, so that no export begins with it."""
    row = {"id": "entry-1", "question": f"{lead}=1+1", "answer": f"{lead}=2", "category": f"{lead}=3"}
    (tmp_path / "in.jsonl").write_text(json.dumps(row), encoding="utf-8")
    entries, _ = read_entries(tmp_path / "in.jsonl")
    write_entries(tmp_path / "out.csv", entries)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for record in csv.reader(file) for cell in record]
    bare = [cell.lstrip("\t\r\n\x00 \u3000") for cell in cells]
    assert [cell for cell in bare if cell.startswith(tuple("=+-@"))] == []
