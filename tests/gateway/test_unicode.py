"""Every valid text goes through unchanged: page → database → page, and through the bot without harm."""

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import FrameError
from bot.gateway.frames import Text, is_visible, parse_frame
from storage.database import Transaction
from tests.conftest import StartServer
from tests.fakes import Server

TEXTS = {
    "beyond the basic plane": "𠮷野家 U+20BB7",
    "beyond plane two": "𰻝𰻝面 U+30EDD",
    "a family joined by ZWJ": "👨‍👩‍👧‍👦 一家四口",
    "variation selectors": "❤️ ☎︎ 葛󠄀",
    "composed": "café Ångström",
    "decomposed": "café Ångström",
    "zero width": "轮​胎‌多‍久﻿换⁠一次",
    "right to left override": "‮abc‬ 轮胎",
    "isolates": "⁦abc⁩ שלום مرحبا",
    "a thousand combining marks": "e" + "\u0301" * 1000,
    "a non-character": "a\ufffeb\uffffc",
    "plane sixteen": "\U0010ffff\U000f0000 private",
    "the replacement character": "a\ufffdb",
    "controls": "a\x01\x02\x1b[31mb\x7f\x85c",
    "every kind of space": "a\t\r\n\u00a0\u2028\u2029\u3000b",
    "markup": "<script>alert(1)</script> & \"quotes\" 'single' {{7*7}} ${7*7} %s %(x)s {0}",
    "sql": "'; DROP TABLE message; -- %_\\",
    "json": '{"type":"ack"} \\u0041 \\ud800 \\',
    "traditional": "輪胎多久換一次？",
    "emoji only": "😀",
    "flags and skin": "🇨🇳🏴󠁧󠁢󠁥󠁮󠁧󠁿👍🏽",
    "leading and trailing space": "  轮胎  ",
    "as long as it may be": "𠮷" * 2_000,
}


def stored(tx: Transaction) -> list[str]:
    rows = tx.execute("SELECT text FROM message WHERE author = 'contact' ORDER BY created_at, number")
    return [row["text"] for row in rows]


async def test_valid_text_is_kept_and_given_back_byte_for_byte(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(chat={"messages_per_minute": 1_000})
    async with server.page() as page:
        for text in TEXTS.values():
            ack = await page.say(text)
            kept = (await page.reads_up_to(ack["number"]))[ack["number"] - 1]
            assert kept["text"].encode() == text.encode()
    assert await server.database.read(stored) == list(TEXTS.values())
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    async with server.page(token=page.token) as later:
        assert (await later.reads_up_to(page.last))[: page.last] == page.messages


async def test_an_escaped_surrogate_pair_is_the_character_that_it_spells(server: Server) -> None:
    async with server.page() as page:
        await page.send_text('{"type":"message","client_message_id":"pair-0001","text":"\\ud842\\udfb7"}')
        await page.expect("ack")
        await page.reads()
    assert page.messages[0]["text"] == "𠮷"


async def test_names_and_titles_of_the_page_may_be_any_text(server: Server) -> None:
    page = server.page()
    await page.connect()
    await page.greet(page={"url": "https://例え.example.com/𠮷?q=‮", "title": "👨‍👩‍👧‍👦 </title><script>"})
    await page.say("轮胎多久换一次？")
    assert (await page.reads())["kind"] == "answer"
    await page.leave()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=200))
def test_any_text_without_surrogates_and_nul_is_read_unchanged(text: str) -> None:
    for escaped in (True, False):
        raw = json.dumps({"type": "message", "client_message_id": "message-0001", "text": text}, ensure_ascii=escaped)
        for form in (raw, raw.encode()):
            try:
                frame = parse_frame(form, 2_000)
            except FrameError as error:
                assert (error.code, is_visible(text)) == ("empty", False)  # noqa: PT017 - the else is checked too
            else:
                assert isinstance(frame, Text)
                assert frame.text == text
                assert is_visible(text)
