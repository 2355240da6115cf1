"""The layout of a mail is written by strangers: how long it may take, and how large it may get."""

import pytest

from bot.console.mail import apart
from bot.console.mail.apart import harmless
from bot.console.mail.sanitising import MOST_PICTURE_BYTES, Picture, sanitised

DRAWN = Picture("image/png", b"\x89PNG\r\n\x1a\n" + b"x" * 1_000_000)


def test_a_picture_that_is_shown_a_thousand_times_is_not_written_a_thousand_times() -> None:
    safe = sanitised('<img src="cid:a">' * 1_000, {"a": DRAWN})
    assert 0 < len(safe.text) < 2 * MOST_PICTURE_BYTES


async def test_a_layout_is_made_harmless_in_a_process_of_its_own() -> None:
    html = '<p onclick="x()">你好<img src="https://example.com/x.png"><img src="cid:a"></p>'
    assert await harmless(html, {"a": DRAWN}, "你好") == sanitised(html, {"a": DRAWN})


async def test_a_layout_that_takes_for_ever_or_cannot_be_read_is_shown_as_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await harmless("\ud800", {}, "您好")).text == "<pre>您好</pre>"
    monkeypatch.setattr(apart, "WITHIN_S", 0.5)
    assert (await harmless("<div>" * 400_000, {}, "您好 <b>")).text == "<pre>您好 &lt;b&gt;</pre>"


def test_a_layout_keeps_its_widths_and_colours_and_leaves_its_place_never() -> None:
    html = '<div style="max-width:600px;color:red;position:fixed;top:0;background-image:url(https://example.com/x)">您好</div>'
    text = sanitised(html, {}).text
    assert "max-width:600px" in text.replace(" ", "")
    assert "color:red" in text.replace(" ", "")
    assert not any(word in text for word in ("position", "top", "url", "example.com"))
