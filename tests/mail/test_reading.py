"""What the corpus says of each mail, mail by mail."""

from typing import Any

import pytest

from bot.gateway.mime import parse
from bot.mail.model import Mail
from bot.mail.neutral import neutral_form
from tests.mail.table import Case, cases

_NEUTRAL = frozenset(neutral_form("", Mail()))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_mail_of_the_corpus_is_read_as_it_says(case: Case) -> None:
    mail = parse(case.raw)
    told = neutral_form(case.path.name, mail)
    wanted = {key: value for key, value in case.expected.items() if key != "about"}
    assert {key: told[key] if key in _NEUTRAL else _plain(getattr(mail, key)) for key in wanted} == wanted


def test_every_mail_of_the_corpus_says_what_is_special_about_it() -> None:
    assert [str(case) for case in cases() if not case.expected.get("about")] == []


def _plain(value: Any) -> Any:
    """A value of a Mail as JSON would hold it."""
    match value:
        case tuple():
            return [_plain(each) for each in value]
        case _ if hasattr(value, "__slots__") and not isinstance(value, str):
            return {name: _plain(getattr(value, name)) for name in value.__slots__}
        case _:
            return value
