"""`main.py parse-mail`: one line of JSON for each mail, whatever it holds."""

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from bot.command_line import main

QUESTION = (
    "From: =?GB2312?B?wOXA1g==?= <li.le@example.cn>\r\nTo: kefu@example.com\r\n"
    "Subject: =?GB2312?B?tqm1pbXExre686OsILK7?=\r\n =?GB2312?B?xNy24A==?=\r\nMessage-ID: <1@example.cn>\r\n"
    'Content-Type: text/plain; charset="gb2312"\r\n\r\n'
).encode("ascii") + "喆哥的订单€20".encode("gb18030")


def parse_mail(*files: Path) -> Result:
    return CliRunner().invoke(main, ["parse-mail", *map(str, files)])


def kept(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def test_a_mail_is_one_line_in_the_neutral_form(tmp_path: Path) -> None:
    path = kept(tmp_path, "question.eml", QUESTION)
    result = parse_mail(path)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["file"] == str(path)
    assert (told["from"], told["to"], told["message_id"]) == ("li.le@example.cn", ["kefu@example.com"], "1@example.cn")
    assert told["body_text"] == "喆哥的订单€20"
    assert (told["attachments"], told["error"]) == ([], None)


def test_files_are_told_in_their_order_also_those_that_are_no_mails(tmp_path: Path) -> None:
    paths = [
        kept(tmp_path, "b.eml", QUESTION),
        kept(tmp_path, "empty.eml", b""),
        kept(tmp_path, "noise.eml", bytes(range(256)) * 40),
        kept(tmp_path, "a.eml", b"no header at all\n"),
    ]
    result = parse_mail(*paths)
    assert result.exit_code == 0
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == [str(path) for path in paths]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_told(tmp_path: Path) -> None:
    result = parse_mail(tmp_path / "missing.eml", kept(tmp_path, "there.eml", QUESTION))
    assert result.exit_code == 1
    assert "missing.eml: No such file" in result.stderr
    assert "Traceback" not in result.output
    assert len(result.stdout.splitlines()) == 1


def test_a_file_with_a_name_that_is_no_text_is_told_too(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xd3\xca\xbc\xfe.eml"
    Path(os.fsdecode(path)).write_bytes(QUESTION)
    result = parse_mail(Path(os.fsdecode(path)))
    assert result.exit_code == 0
    assert path in result.stdout_bytes
