"""What a file is called after its sender called it something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.files.names import LONGEST_NAME, ending, safe_name


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("发票.pdf", "发票.pdf"),
        ("Photo 1.JPG", "Photo 1.JPG"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("C:\\fakepath\\照片.png", "照片.png"),
        ("/etc/", "_etc_"),
        ("..", "file"),
        ("", "file"),
        ("...htaccess", "htaccess"),
        ("\u200b.htaccess", "htaccess"),
        ("\ufeff\u2060.\u200d.env", "env"),
        ("\ufe0f.htaccess", "htaccess"),
        ("\u3164.htaccess", "htaccess"),
        (".\u200b./.\u200b./passwd", "_.._passwd"),
        ("a\x00b.pdf", "ab.pdf"),
        ("in\u202egnp.exe", "ingnp.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("a\u2028b.txt", "ab.txt"),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("name. . .", "name"),
        ("\ud800.txt", "txt"),
        ("a\U000e0041.txt", "a.txt"),
    ],
)
def test_a_name_loses_what_cannot_be_seen_and_what_leads_elsewhere(told: str, kept: str) -> None:
    assert safe_name(told, "file") == kept


def test_a_long_name_is_cut_between_characters_and_keeps_its_ending() -> None:
    kept = safe_name("长" * 200 + ".pdf")
    assert len(kept.encode()) <= LONGEST_NAME
    assert kept == "长" * 48 + ".pdf"
    assert len(safe_name("a" * 400).encode()) == LONGEST_NAME
    assert len(safe_name("x." + "长" * 200).encode()) <= LONGEST_NAME


@pytest.mark.parametrize(("name", "last"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("pdf", ""), (".pdf", "")])
def test_the_ending_is_what_follows_the_last_dot(name: str, last: str) -> None:
    assert ending(name) == last


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("./\\\u200b\u202e\x00 ")), max_size=300))
def test_whatever_is_told_the_name_is_safe_and_naming_it_again_changes_nothing(told: str) -> None:
    kept = safe_name(told, "file")
    assert kept
    assert kept[0] not in ". "
    assert not set(kept) & set("/\\\x00\r\n\u202e\u200b")
    assert len(kept.encode()) <= LONGEST_NAME
    assert safe_name(kept, "file") == kept
