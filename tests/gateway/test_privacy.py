"""A visitor can read his own conversation and nobody else's, whatever he sends."""

import hashlib
from typing import Any

import pytest
from itsdangerous import Signer

from tests.fakes import Frame, Server

SECRET = "我的车牌是云A00000"


def forgeries(token: str) -> list[str]:
    """Tokens that are nearly somebody else's."""
    visitor, signature = token.rsplit(".", 1)
    return [
        visitor,
        f"{visitor}.",
        f".{signature}",
        f"{visitor}.{signature[:-2]}",
        f"{visitor}.{signature}x",
        f"{visitor}x.{signature}",
        f"{visitor[:-1]}.{signature}",
        f"{visitor}.{'A' * len(signature)}",
        token.upper(),
        f" {token}",
        f"{token}\n",
        token.replace(".", ".."),
        Signer("guess", salt="visitor", digest_method=hashlib.sha256).sign(visitor).decode(),
        Signer("", salt="visitor").sign(visitor).decode(),
        hashlib.sha256(visitor.encode()).hexdigest(),
        "%",
        "null",
        "undefined",
    ]


def texts(frames: list[Frame]) -> str:
    return str(frames)


async def test_a_forged_token_is_refused_and_reads_nothing(server: Server) -> None:
    async with server.page() as alice:
        await alice.say(SECRET)
        await alice.reads()
        assert alice.token is not None
        for forged in forgeries(alice.token):
            mallory = server.page()
            await mallory.connect()
            error = await mallory.refused(type="hello", token=forged)
            assert error["code"] == "bad_token", forged
            assert (await mallory.refused(type="resume", after=0))["code"] == "not_greeted"
            await mallory.leave()
            assert SECRET not in texts(mallory.seen)


FRAMES: list[dict[str, Any]] = [
    {"type": "resume", "after": 0},
    {"type": "hello"},
    {"type": "hello", "after": 0},
    {"type": "press", "client_message_id": "press-0001", "action": "solved", "about": 2},
    {"type": "press", "client_message_id": "press-0002", "action": "human"},
    {"type": "message", "client_message_id": "alices-own-id", "text": "同样的编号"},
    {"type": "contact", "client_message_id": "contact-0001", "value": "13900000000"},
    {"type": "typing"},
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: str(frame["type"]))
async def test_no_frame_of_one_visitor_reads_or_changes_anothers_conversation(
    server: Server, frame: dict[str, Any]
) -> None:
    async with server.page() as alice, server.page() as bob:
        await alice.say(SECRET, "alices-own-id")
        await alice.reads()
        before = list(alice.messages)
        await bob.send(**frame)
        await bob.send(type="message", client_message_id="bobs-own-id", text="在吗")
        while (await bob.next_frame()).get("client_message_id") != "bobs-own-id":
            pass
        await bob.reads()
        assert SECRET not in texts(bob.seen)
        assert bob.messages[0]["number"] == 1
        await alice.say("还在吗", "alices-second")
        await alice.reads()
        assert alice.messages[: len(before)] == before
        assert [one["number"] for one in alice.messages] == list(range(1, len(alice.messages) + 1))
        assert "13900000000" not in texts(alice.seen)


async def test_pages_of_one_visitor_are_not_told_of_another(server: Server) -> None:
    async with server.page() as alice, server.page() as bob:
        await bob.say("在吗")
        await bob.reads()
        await alice.say(SECRET)
        await alice.press("human")
        await alice.reads_up_to(4)
        await bob.say("在吗")
        await bob.reads()
    assert SECRET not in texts(bob.seen)
    assert not any(frame["type"] == "state" for frame in bob.seen)


async def test_the_token_stands_in_no_log_and_no_text_either(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="bot")
    async with server.page() as page:
        await page.say(SECRET)
        await page.press("human")
        await page.reads_up_to(4)
        await page.send(type="contact", client_message_id="contact-0001", value="13900000000")
        await page.expect("ack")
        await page.reads()
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bot"))
    assert told
    assert page.token is not None
    for secret in (page.token, SECRET, "13900000000", "127.0.0.1"):
        assert secret not in told
