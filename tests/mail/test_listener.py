"""A mail server hands mails to us: 250 means kept, and whatever we cannot keep stays with that server."""

import asyncio
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.config import load_config
from bot.errors import ConfigError
from bot.keys import ARRIVALS, BLOBS
from storage.errors import StorageUnavailable
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Server, eventually
from tests.mail.arrivals import letter, taken, until_taken


def handed(name: str, **others: Any) -> dict[str, Any]:
    """A mailbox whose mails are handed to us."""
    settings = {"name": name, "address": f"{name}@example.com", "receive": "listener"}
    return {**settings, "smtp_host": "127.0.0.1", "smtp_port": 9, **others}


async def listening(start_server: StartServer, protocol: str = "lmtp", **others: Any) -> tuple[Server, int]:
    """A server with two mailboxes that are handed to it, and the port of its listener."""
    mailboxes = [handed("desk", aliases=["help@example.com"]), handed("shop")]
    server = await start_server(mail={"listen_port": 0, "listen_protocol": protocol, "mailboxes": mailboxes, **others})
    listener = server.app[ARRIVALS].listener
    assert listener is not None
    await eventually(lambda: listener.port is not None)
    assert listener.port is not None
    return server, listener.port


@contextmanager
def lmtp(port: int) -> Iterator[smtplib.LMTP]:
    """A mail server that has introduced itself."""
    with smtplib.LMTP("127.0.0.1", port, timeout=PATIENCE_S) as client:
        client.ehlo()
        yield client


def hand_over(port: int, sender: str, recipients: list[str], raw: bytes) -> list[bytes]:
    """What is answered at the end of a mail, one line for each recipient, or the first refusal."""
    with lmtp(port) as client:
        client.mail(sender)
        for recipient in recipients:
            code, words = client.rcpt(recipient)
            if code != 250:
                return [b"%d %s" % (code, words)]
        client.putcmd("data")
        client.getreply()
        client.send(raw.replace(b"\n.", b"\n..") + b"\r\n.\r\n")
        return [b"%d %s" % client.getreply() for _ in recipients]


async def test_a_mail_is_on_the_disk_before_its_end_is_answered_and_each_recipient_gets_an_answer(
    start_server: StartServer,
) -> None:
    server, port = await listening(start_server)
    raw = letter("handed").replace(b"\n", b"\r\n")
    recipients = ["desk@example.com", "Help+c123.abc@example.com", "shop@example.com"]
    answers = await asyncio.to_thread(hand_over, port, "wang@example.cn", recipients, raw)
    assert [one[:3] for one in answers] == [b"250"] * 3
    [mail] = await taken(server, "desk")
    assert (mail["message_id"], mail["envelope_from"]) == ("handed@example.cn", "wang@example.cn")
    assert mail["envelope_to_json"] == '["desk@example.com", "Help+c123.abc@example.com"]'
    assert server.app[BLOBS].read(mail["raw_hash"]).startswith(raw)
    assert len(await taken(server, "shop")) == 1


async def test_a_mail_that_is_handed_over_again_is_acknowledged_and_kept_once(start_server: StartServer) -> None:
    server, port = await listening(start_server)
    for _ in range(3):
        answers = await asyncio.to_thread(hand_over, port, "a@example.cn", ["desk@example.com"], letter("again"))
        assert answers[0].startswith(b"250")
    assert len(await taken(server, "desk")) == 1


async def test_a_report_comes_from_nobody(start_server: StartServer) -> None:
    server, port = await listening(start_server)
    answers = await asyncio.to_thread(hand_over, port, "<>", ["desk@example.com"], letter("report"))
    assert answers[0].startswith(b"250")
    [mail] = await taken(server, "desk")
    assert mail["envelope_from"] == ""


@pytest.mark.parametrize(
    "recipient", ["nobody@example.com", "desk@example.org", "desk@example.com.evil.example", "+@example.com", "desk"]
)
async def test_mail_for_others_is_refused(start_server: StartServer, recipient: str) -> None:
    server, port = await listening(start_server)
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", [recipient], letter("relayed"))
    assert answers[0].startswith(b"550")
    assert await taken(server, "desk") == []


async def test_what_cannot_be_kept_stays_with_the_other_server(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, port = await listening(start_server)
    keep = server.app[BLOBS].keep

    def full(_content: bytes) -> str:
        raise StorageUnavailable("no space left")

    monkeypatch.setattr(type(server.app[BLOBS]), "keep", lambda _self, content: full(content))
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", ["desk@example.com"], letter("full"))
    assert answers[0].startswith(b"451")
    assert await taken(server, "desk") == []
    monkeypatch.setattr(type(server.app[BLOBS]), "keep", lambda _self, content: keep(content))
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", ["desk@example.com"], letter("full"))
    assert answers[0].startswith(b"250")
    assert len(await taken(server, "desk")) == 1


async def test_a_mail_that_is_too_large_is_refused_once_for_each_recipient(start_server: StartServer) -> None:
    server, port = await listening(start_server, largest=100_000)
    recipients = ["desk@example.com", "shop@example.com"]
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", recipients, letter("large", "x" * 200_000))
    assert [one[:3] for one in answers] == [b"552"] * 2
    assert await taken(server, "desk") == []


async def test_a_line_of_a_megabyte_and_bytes_of_any_kind_are_taken_as_they_are(start_server: StartServer) -> None:
    server, port = await listening(start_server)
    raw = b"From: a@example.cn\r\nMessage-ID: <raw@example.cn>\r\n\r\n" + b"\xcd\xcb\xbf\xee" * 250_000
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", ["desk@example.com"], raw)
    assert answers[0].startswith(b"250")
    [mail] = await taken(server, "desk")
    assert server.app[BLOBS].read(mail["raw_hash"]) == raw + b"\r\n"


async def test_smtp_is_spoken_too(start_server: StartServer) -> None:
    server, port = await listening(start_server, "smtp")

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_S) as client:
            client.sendmail("a@example.cn", ["desk@example.com"], letter("smtp"))

    await asyncio.to_thread(send)
    await until_taken(server, "desk", 1)


async def test_more_connections_than_we_serve_are_sent_away(start_server: StartServer) -> None:
    _, port = await listening(start_server)

    def greetings() -> list[bytes]:
        crowd = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(25)]
        said = [one.recv(100) for one in crowd]
        for one in crowd:
            one.close()
        return said

    said = await asyncio.to_thread(greetings)
    assert [one[:3] for one in said] == [b"220"] * 20 + [b"421"] * 5
    answers = await asyncio.to_thread(hand_over, port, "a@example.cn", ["desk@example.com"], letter("after"))
    assert answers[0].startswith(b"250")


def test_listening_for_other_machines_needs_their_networks() -> None:
    mailbox = '[{"name":"desk","address":"desk@example.com","receive":"listener","smtp_host":"127.0.0.1"}]'
    environment = {"YINGSHENG_MAIL__LISTEN_HOST": "0.0.0.0", "YINGSHENG_MAIL__LISTEN_PORT": "24"}
    with pytest.raises(ConfigError, match="listen_networks"):
        load_config(None, {**environment, "YINGSHENG_MAIL__MAILBOXES": mailbox})
    networks = {"YINGSHENG_MAIL__LISTEN_NETWORKS": '["192.0.2.0/24"]'}
    assert load_config(None, {**environment, **networks, "YINGSHENG_MAIL__MAILBOXES": mailbox}).mail.listen_networks
