"""What a reply of ours is called."""

import pytest

from bot.mail.letters.subjects import LONGEST, reply_subject, without_prefixes


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("轮胎多久换一次", "轮胎多久换一次"),
        ("Re: 轮胎", "轮胎"),
        ("回复：答复: Re: RE[3]：Fwd: 轮胎", "轮胎"),
        ("答复: 答复: 答复: 答复: 答复: 答复: 答复: 答复: 答复: 答复: 保养", "保养"),
        ("轉寄: 回覆： 保固", "保固"),
        ("Re: [2611-0042] 轮胎", "轮胎"),
        ("Re: [2611-0042] Re: [2611-0042] 轮胎", "轮胎"),
        ("AW: WG: Reifen", "Reifen"),
        ("Re", "Re"),
        ("Re:", ""),
        ("回复车: 你好", "回复车: 你好"),
        ("Return: what now", "Return: what now"),
    ],
)
def test_what_clients_put_before_a_subject_is_taken_off(theirs: str, told: str) -> None:
    assert without_prefixes(theirs) == told


def test_a_reply_is_called_what_the_customer_called_it_with_the_ticket_once() -> None:
    assert reply_subject("回复: Re: [2611-0042] 轮胎", "2611-0042") == "Re: [2611-0042] 轮胎"
    assert reply_subject("轮胎", None) == "Re: 轮胎"
    assert reply_subject("Re: ", "2611-0042") == ""


def test_a_long_subject_is_cut_and_nothing_in_it_ends_a_line() -> None:
    told = reply_subject("轮\r\nBcc: x@example.com\u2028\x85胎" * 500, None)
    assert told.isprintable()
    assert len(told) <= LONGEST + 4


def test_a_subject_of_many_prefixes_or_blanks_is_read_at_once() -> None:
    assert without_prefixes("Re: " * 100_000) is not None
    assert without_prefixes(" " * 100_000 + "轮胎") == ""
