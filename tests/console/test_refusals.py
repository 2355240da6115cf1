"""What a peer's code means to whoever looks after the transports, in both languages."""

import pytest

from bot.console.texts import Language, sayer
from tickets.alerts import apprise, dingtalk, feishu, wecom

CODES = [
    *(("wecom", str(code)) for code in wecom.MEANINGS),
    *(("dingtalk", str(code)) for code in (*dingtalk.MEANINGS, 1111)),
    *(("feishu", str(code)) for code in feishu.MEANINGS),
    *(("apprise", finding.value) for finding in apprise.FAILURES),
    ("webhook", "410"),
]


@pytest.mark.parametrize("language", Language)
def test_every_code_of_a_robot_has_a_sentence(language: Language) -> None:
    say = sayer(language)
    silent = [(kind, code) for kind, code in CODES if not say.knows(f"refusal.{kind}.{code}")]
    assert silent == []
    assert all(say(f"refusal.{kind}.{code}") for kind, code in CODES)
