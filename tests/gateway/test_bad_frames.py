"""Frames that are no frames: each gets a clear error, nothing is kept, and nothing breaks."""

import contextlib
import json
import logging
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import FrameError
from bot.gateway import websocket
from bot.gateway.frames import LARGEST_FRAME, Text, parse_frame
from tests.conftest import StartServer
from tests.fakes import Server

DEEP = 100_000


def message(**fields: Any) -> str:
    return json.dumps({"type": "message", "client_message_id": "message-0001", "text": "在吗", **fields})


WITH_ID = "message-0001"
BAD = [
    ("", "malformed", None),
    (" ", "malformed", None),
    ("nonsense", "malformed", None),
    ("null", "malformed", None),
    ("[]", "malformed", None),
    ("[1, 2]", "malformed", None),
    ('"hello"', "malformed", None),
    ("1e999", "malformed", None),
    ("NaN", "malformed", None),
    ('{"type":"typing"}{"type":"typing"}', "malformed", None),
    ('{"type":"typing"', "malformed", None),
    ("{}", "unknown_type", None),
    ('{"type":null}', "unknown_type", None),
    ('{"type":["typing"]}', "unknown_type", None),
    ('{"type":"Typing"}', "unknown_type", None),
    ('{"type":"__class__"}', "unknown_type", None),
    ('{"type":"ack","number":1}', "unknown_type", None),
    ('{"type":"typing","author":"agent"}', "malformed", None),
    (message(author="agent"), "malformed", WITH_ID),
    (message(extra={"a": 1}), "malformed", WITH_ID),
    (message(text=None), "malformed", WITH_ID),
    (message(text=5), "malformed", WITH_ID),
    (message(text=["在吗"]), "malformed", WITH_ID),
    (message(client_message_id="short"), "malformed", None),
    (message(client_message_id="x" * 65), "malformed", None),
    (message(client_message_id="has space"), "malformed", None),
    (message(client_message_id="message-001\n"), "malformed", None),
    (message(client_message_id="消息消息消息消息"), "malformed", None),
    (message(client_message_id=12345678), "malformed", None),
    ('{"type":"message","text":"在吗"}', "malformed", None),
    ('{"type":"resume"}', "malformed", None),
    ('{"type":"resume","after":-1}', "malformed", None),
    ('{"type":"resume","after":1.5}', "malformed", None),
    ('{"type":"resume","after":"1"}', "malformed", None),
    ('{"type":"resume","after":true}', "malformed", None),
    ('{"type":"resume","after":99999999999999999999}', "malformed", None),
    ('{"type":"press","client_message_id":"message-0001","action":"solved","about":0}', "malformed", WITH_ID),
    (message(text=""), "empty", WITH_ID),
    (message(text=" \t\r\n\u3000\u00a0"), "empty", WITH_ID),
    (message(text="\u200b\u200c\u200d\u2060\ufeff"), "empty", WITH_ID),
    (message(text="\u202e\u2066\u2069\u061c\u2063"), "empty", WITH_ID),
    (message(text="\ufe0f\u0301\u034f"), "empty", WITH_ID),
    (message(text="\u2800\u3164\uffa0"), "empty", WITH_ID),
    (message(text="\x01\x7f\x85"), "empty", WITH_ID),
    (message(text="a\x00b"), "bad_text", WITH_ID),
    (message(text="\ud800"), "bad_text", WITH_ID),
    (message(text="\udc00\ud800"), "bad_text", WITH_ID),
    (message(text="end \udbff"), "bad_text", WITH_ID),
    (message(text="大" * 2_001), "too_large", WITH_ID),
    (message(text="X").replace("X", "𠮷" * 2_001), "too_large", WITH_ID),
    ('{"type":"contact","client_message_id":"message-0001","value":"13900000000\\u0000"}', "bad_text", WITH_ID),
    ('{"type":"press","client_message_id":"message-0001","action":"hu\\u0000man"}', "bad_text", WITH_ID),
    ('{"type":"hello","page":{"url":"https://example.com/\\u0000"}}', "bad_text", None),
    ('{"type":"hello","language":"fr"}', "malformed", None),
    ('{"type":"hello","page":{"url":"x","referrer":"y"}}', "malformed", None),
    ('{"type":"hello","token":""}', "bad_token", None),
    ('{"type":"hello","token":"a.b"}', "bad_token", None),
    ('{"type":"hello","token":"%s"}' % ("x" * 201), "malformed", None),
    ("[" * 16_000, "malformed", None),
    ('{"type":' * 2_000, "malformed", None),
    ('{"a":' * 2_000 + "1" + "}" * 2_000, "malformed", None),
    (message(text="x").replace('"x"', "[" * 4_000 + "]" * 4_000), "malformed", None),
]


async def test_each_bad_frame_gets_its_error_and_the_conversation_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(websocket, "PATIENCE", 1e9)
    async with server.page() as page:
        for raw, code, client_message_id in BAD:
            error = await page.refused_text(raw)
            assert error["code"] == code, raw[:100]
            assert error.get("client_message_id") == client_message_id, raw[:100]
            assert error["text"]
            assert error["retry"] is False
        assert (await page.say("轮胎多久换一次？"))["number"] == 1
        assert (await page.reads())["kind"] == "answer"
    assert_no_errors(caplog)


@pytest.mark.parametrize("opening", ["[", '{"type":', '{"text":[', '{"type":"message","text":{"a":'])
async def test_json_a_hundred_thousand_deep_is_refused(server: Server, opening: str) -> None:
    raw = (opening * DEEP).encode()
    with pytest.raises(FrameError) as refusal:
        parse_frame(raw, 2_000)
    assert refusal.value.code == "too_large"
    with pytest.raises(FrameError) as refusal:
        parse_frame(raw[:LARGEST_FRAME], 2_000)
    assert refusal.value.code == "malformed"
    async with server.page() as page:
        await page.send_text(raw.decode())
        assert await page.closed() in (1009, 1006)


def test_what_looks_like_text_is_a_frame() -> None:
    frame = parse_frame(message(text=" a\ufe0fb\u200b "), 2_000)
    assert isinstance(frame, Text)
    assert frame.text == " a\ufe0fb\u200b "


@given(raw=st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_no_input_makes_the_parser_raise_anything_but_its_own_error(raw: str | bytes) -> None:
    with contextlib.suppress(FrameError):
        parse_frame(raw, 2_000)


async def test_five_thousand_mutated_frames_leave_no_trace_in_the_log(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(websocket, "PATIENCE", 1e9)
    monkeypatch.setattr("bot.gateway.limits.FRAMES_PER_MINUTE", 10**9)
    server = await start_server(chat={"messages_per_minute": 10**9, "visitors_per_hour": 10**6})
    dice = random.Random(20261121)
    codes = {await survives([mutated(dice) for _ in range(100)], dice, server) for _ in range(50)}
    assert codes == {None, 1007}
    assert_no_errors(caplog)


async def survives(frames: list[str], dice: random.Random, server: Server) -> int | None:
    """Send these frames and then, half of the time, bytes that are not UTF-8; the code of a close that follows."""
    page = server.page()
    await page.connect()
    await page.greet()
    for raw in frames:
        await page.send_text(raw)
    await page.send_text(message(client_message_id="still-alive"))
    while (frame := await page.next_frame()).get("client_message_id") != "still-alive":
        assert frame["type"] in {"welcome", "messages", "ack", "state", "error"}
    assert frame["type"] == "ack"
    if dice.random() < 0.5:
        await page.leave()
        return None
    await page.send_raw_text(dice.randbytes(40) + b"\xff")
    code = await page.closed()
    await page.leave()
    return code


SEEDS = (
    '{"type":"hello","after":0,"language":"zh-CN"}',
    '{"type":"message","client_message_id":"%s","text":"轮胎多久换一次？"}',
    '{"type":"press","client_message_id":"%s","action":"human"}',
    '{"type":"press","client_message_id":"%s","action":"solved","about":2}',
    '{"type":"contact","client_message_id":"%s","value":"13900000000"}',
    '{"type":"contact","client_message_id":"%s","refused":true}',
    '{"type":"resume","after":0}',
    '{"type":"typing"}',
)
SCRAPS = (
    "\\u0000",
    "\\ud800",
    "[",
    "{",
    '"',
    "null",
    "-1",
    "1e400",
    "\u202e",
    "𠮷",
    "\\",
    ",",
    ":",
    "true",
    "\x00",
    "type",
)


def mutated(dice: random.Random) -> str:
    """A frame with up to four random changes; one in eight is sound."""
    raw = dice.choice(SEEDS)
    raw = raw.replace("%s", f"fuzz-{dice.randrange(10**6):06d}")
    for _ in range(dice.randrange(5)):
        place, length = dice.randrange(len(raw) + 1), dice.randrange(8)
        raw = raw[:place] + dice.choice((*SCRAPS, "", raw[:place])) + raw[place + length :]
    return raw[:4_000]


def assert_no_errors(caplog: pytest.LogCaptureFixture) -> None:
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_closing_in_the_middle_of_everything_is_no_error(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        page = server.page()
        await page.connect()
        await page.greet()
        for _ in range(number % 7):
            await page.send(type="message", client_message_id=page.new_id(), text="轮胎多久换一次？")
        await page.drop()
    async with server.page() as last:
        await last.say("轮胎多久换一次？")
        await last.reads()
    assert_no_errors(caplog)
