"""What was written is read back equal; every row that is not taken is named by line and reason."""

import csv
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from knowledgebase.authoring.dates import parse_from, parse_until, write_from, write_until
from knowledgebase.authoring.transfer import read_entries, write_entries
from knowledgebase.errors import FileUnreadable
from knowledgebase.model import Entry, EntryStatus, Visibility

FORMATS = ["entries.csv", "entries.xlsx", "entries.jsonl"]
HARD = [
    Entry("plain", "轮胎多久换一次？", "5 年。", "轮胎", ("轮胎几年换", "车胎多长时间换")),
    Entry("bare", "问？", "答"),
    Entry("lines", "怎么救援？", "1. 开双闪。\n2. 打电话。\n\n3. 等。", "救援"),
    Entry("formula", "=1+1 等于几？", "@somebody", "-", ("+1", "＝2", "'=3", "''4", "－5")),
    Entry("quoted", "'引号'开头？", '他说"好",然后;走了\t完', "分,号", ("a,b", 'c"d')),
    Entry("unicode", "𠮷𰻝 👨‍👩‍👧 e\u0301 ok？", "零宽\u200b在\u202e这里", "输入", ("１２３",)),
    Entry("escaped", "_x000D_ &amp; <b>？", "_x0041_", "x", ("007", "1.0", "TRUE", "2026-01-01", "1e5")),
    Entry("draft", "草稿？", "答", status=EntryStatus.DRAFT, version=7),
    Entry(
        "whole",
        "春节还营业吗？",
        "营业。",
        "服务",
        status=EntryStatus.REVIEW,
        internal_note="=先问门店\n再回",
        visibility=Visibility.AGENTS,
        valid_from=1_795_363_200_000,
        valid_until=1_795_449_600_001,
        channel_answers=(("chat", "+ 营业"), ("help", "见 **公告**\n- 初一\n- 初二")),
        related=("plain", "draft"),
    ),
]


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_exported_is_imported_equal(tmp_path: Path, name: str) -> None:
    write_entries(tmp_path / name, HARD)
    assert read_entries(tmp_path / name) == (HARD, [])


@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_rows_come_back_equal(tmp_path: Path, name: str) -> None:
    many = [
        Entry(
            f"e-{n}",
            f"第 {n} 个问题？",
            f"={n}",
            "类",
            (f"问{n}", f"'{n}"),
            status=list(EntryStatus)[n % 4],
            version=1 + n % 9,
            internal_note="记" * (n % 3),
            visibility=list(Visibility)[n % 3],
            valid_from=n * 86_400_000 if n % 2 else None,
            valid_until=(n + 1) * 86_400_000 + n if n % 5 else None,
            channel_answers=(("mail", f"您好，{n}"),) if n % 7 == 0 else (),
            related=(f"e-{n - 1}",) if n else (),
        )
        for n in range(10_000)
    ]
    write_entries(tmp_path / name, many)
    assert read_entries(tmp_path / name) == (many, [])


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    write_entries(tmp_path / "e.csv", HARD)
    with (tmp_path / "e.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1 等于几？" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))] == []


def test_no_cell_of_a_spreadsheet_is_a_formula(tmp_path: Path) -> None:
    write_entries(tmp_path / "e.xlsx", HARD)
    sheet = load_workbook(tmp_path / "e.xlsx").worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"], ids=lambda encoding: encoding)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"], ids=["comma", "tab", "semicolon"])
def test_a_csv_as_spreadsheets_save_it_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["id", "question", "similar", "answer"], ["tyre", "轮胎多久换？", '"几年换\r\n多久换"', "五年。"]]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    (tmp_path / "e.csv").write_bytes(text.encode(encoding))
    assert read_entries(tmp_path / "e.csv") == (
        [Entry("tyre", "轮胎多久换？", "五年。", "", ("几年换", "多久换"))],
        [],
    )


def csv_with(*rows: str) -> bytes:
    return "\n".join(["id,question,answer,category,similar", *rows]).encode()


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (csv_with("a,问,答,,", ",问,答,,"), 3, "missing field: id"),
        (csv_with("a,问,,,"), 2, "missing field: answer"),
        (csv_with("a,问"), 2, "missing field: answer"),
        (csv_with("a,问,答,,", "a,问二,答,,"), 3, "duplicate id: id"),
        (csv_with('a,"问', '问二",答,,'), 2, "bad text: question"),
        (csv_with("a,问,答,,", 'b,问,"多', '行",,', "c,,答,,"), 5, "missing field: question"),
        (csv_with(f"a,{'长' * 201},答,,"), 2, "too long: question"),
        (csv_with(f"a,问,{'长' * 4001},,"), 2, "too long: answer"),
        (csv_with("a,问,坏\x00字,,"), 2, "bad text: answer"),
        (csv_with("a b,问,答,,"), 2, "bad id: id"),
        (csv_with("a,问,答,,,,多"), 2, "unknown column: 6"),
        (csv_with("a,问,答,,", 'b,"' + "字" * 200_000 + '",答,,'), 3, "malformed"),
        (csv_with("a,问,答一,,", "b,问二,答二,,") + b"\nc,\xff\xfe,x,,", 4, "bad text: question"),
        (b"id,question,answer,colour\na,q,b,red\n", 1, "unknown column: colour"),
        (b"id,question\na,q\n", 1, "missing field: answer"),
        (b"id,question,answer,id\na,q,b,c\n", 1, "duplicate column: id"),
        (b"", 1, "missing field: id"),
    ],
)
def test_a_bad_row_of_a_csv_is_named(tmp_path: Path, data: bytes, line: int, reason: str) -> None:
    (tmp_path / "e.csv").write_bytes(data)
    _, refused = read_entries(tmp_path / "e.csv")
    assert (refused[0].line, str(refused[0].reason)) == (line, reason)


GOOD = {"id": "a", "question": "问", "answer": "答"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"id": "b"', "malformed"),
        ("[]", "malformed"),
        ("[" * 100_000, "malformed"),
        (json.dumps({**GOOD, "id": "b", "colour": 1}), "unknown column: colour"),
        (json.dumps({**GOOD, "id": "b", "question": None}), "missing field: question"),
        (json.dumps({**GOOD, "id": 7}), "bad value: id"),
        (json.dumps({**GOOD, "id": "b", "similar": "x"}), "bad value: similar"),
        (json.dumps({**GOOD, "id": "b", "similar": [1]}), "bad value: similar"),
        (json.dumps({**GOOD, "id": "b", "similar": ["a\nb"]}), "bad text: similar"),
        (json.dumps({**GOOD, "id": "b", "similar": [""]}), "missing field: similar"),
        (json.dumps({**GOOD, "id": "b", "similar": ["x"] * 101}), "too many: similar"),
        (json.dumps({**GOOD, "id": "b", "status": "secret"}), "bad value: status"),
        (json.dumps({**GOOD, "id": "b", "version": "9" * 5_000}), "bad value: version"),
        (json.dumps({**GOOD, "id": "b", "version": -1}), "bad value: version"),
        (json.dumps({**GOOD, "id": "b", "visibility": "secret"}), "bad value: visibility"),
        (json.dumps({**GOOD, "id": "b", "valid_from": "2026-02-30"}), "bad date: valid_from"),
        (json.dumps({**GOOD, "id": "b", "valid_until": 20261130}), "bad value: valid_until"),
        (json.dumps({**GOOD, "id": "b", "valid_until": "9999-12-31"}), "bad date: valid_until"),
        (
            json.dumps({**GOOD, "id": "b", "valid_from": "2026-12-02", "valid_until": "2026-12-01"}),
            "dates reversed: valid_until",
        ),
        (json.dumps({**GOOD, "id": "b", "channel_answers": {"fax": "x"}}), "bad value: channel_answers"),
        (json.dumps({**GOOD, "id": "b", "channel_answers": {"chat": ""}}), "missing field: channel_answers"),
        (json.dumps({**GOOD, "id": "b", "related": ["b"]}), "bad value: related"),
        (json.dumps({**GOOD, "id": "b", "related": ["a", "a"]}), "bad value: related"),
        (json.dumps({**GOOD, "id": "b", "related": [f"r-{n}" for n in range(11)]}), "too many: related"),
        (json.dumps({**GOOD, "id": "b", "internal_note": "x" * 2_001}), "too long: internal_note"),
        ('{"id": "b", "question": "\\ud800", "answer": "x"}', "bad text: question"),
        ('{"id": "b", "question": "q", "answer": "x\\u0000"}', "bad text: answer"),
        (json.dumps(GOOD), "duplicate id: id"),
    ],
)
def test_a_bad_row_of_jsonl_is_named_and_the_others_are_read(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "e.jsonl").write_text(f"{json.dumps(GOOD)}\n\n{row}\n{json.dumps({**GOOD, 'id': 'z'})}\n")
    entries, refused = read_entries(tmp_path / "e.jsonl")
    assert [entry.id for entry in entries] == ["a", "z"]
    assert [(each.line, str(each.reason)) for each in refused] == [(3, reason)]


def test_bytes_that_are_no_utf8_are_named_in_jsonl(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_bytes(json.dumps(GOOD).encode() + b'\n{"id": "\xff"}\n')
    entries, refused = read_entries(tmp_path / "e.jsonl")
    assert (len(entries), refused[0].line, str(refused[0].reason)) == (1, 2, "bad text")


@pytest.mark.parametrize(
    ("given", "moment", "written"),
    [
        ("2026-11-30", 1_796_054_400_000, "2026-11-30"),
        ("2026-11-30T18:00", 1_796_032_800_000, "2026-11-30T18:00:00+08:00"),
        ("2026-11-30T10:00:00+00:00", 1_796_032_800_000, "2026-11-30T18:00:00+08:00"),
        ("2026-12-01T00:00:00+08:00", 1_796_054_400_000, "2026-11-30"),
    ],
)
def test_a_day_is_valid_to_its_end(given: str, moment: int, written: str) -> None:
    assert parse_until(given) == moment
    assert write_until(moment) == written
    assert write_from(parse_from(given)) == (given if len(given) == 10 else write_from(moment))


def sheet_with(path: Path, *rows: list[object]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(path)


def test_numbers_and_dates_that_a_spreadsheet_made_are_text(tmp_path: Path) -> None:
    sheet_with(
        tmp_path / "e.xlsx",
        ["ID ", "Question", "answer", "similar"],
        [7, "问", 5000.0, "一\n二"],
        [None, None, None, None],
        ["b", "=1+1", date(2026, 1, 2), None],
    )
    entries, refused = read_entries(tmp_path / "e.xlsx")
    assert refused == []
    assert entries[0] == Entry("7", "问", "5000", "", ("一", "二"))
    assert entries[1].question == "=1+1"
    assert entries[1].answer.startswith("2026-01-02")


def test_a_bad_row_of_a_spreadsheet_is_named(tmp_path: Path) -> None:
    sheet_with(tmp_path / "e.xlsx", ["id", "question", "answer"], ["a", "问", "答"], [], ["b", "问", None])
    _, refused = read_entries(tmp_path / "e.xlsx")
    assert [(each.line, str(each.reason)) for each in refused] == [(4, "missing field: answer")]


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 201_000_000)


TYPE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def with_sheet(path: Path, change: Callable[[str], bytes]) -> None:
    """A spreadsheet with something else in the place of its sheet."""
    write_entries(path, HARD)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in parts if "sheet1" in name)
    parts[sheet] = change(parts[sheet].decode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def entity(path: Path) -> None:
    with_sheet(path, lambda sheet: (TYPE + sheet).encode())


def late_entity(path: Path) -> None:
    with_sheet(path, lambda sheet: f"<!--{'x' * 65_530}-->{TYPE}{sheet}".encode())


def wide_entity(path: Path) -> None:
    with_sheet(path, lambda sheet: (TYPE + sheet).encode("utf-16"))


def cut(path: Path) -> None:
    write_entries(path, HARD)
    path.write_bytes(path.read_bytes()[:-200])


def hollow(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nothing.txt", "x")


@pytest.mark.parametrize(
    "make", [bomb, entity, late_entity, wide_entity, cut, hollow, lambda path: path.write_bytes(b"id,question\n")]
)
def test_a_spreadsheet_that_is_none_or_too_much_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "e.xlsx")
    with pytest.raises(FileUnreadable, match=r"e\.xlsx"):
        read_entries(tmp_path / "e.xlsx")


@pytest.mark.parametrize("name", ["e.txt", "e", "missing.csv"])
def test_a_file_of_no_known_kind_is_refused(tmp_path: Path, name: str) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_text("x")
    with pytest.raises(FileUnreadable, match=name):
        read_entries(tmp_path / name)


def test_bytes_of_no_known_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(b"id,question,answer\n" + b"\xff\x80\xff\n" * 5)
    with pytest.raises(FileUnreadable, match="neither"):
        read_entries(tmp_path / "e.csv")
