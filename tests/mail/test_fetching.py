"""Mails are fetched from a real IMAP server: each once, none lost, whatever else happens in the mailbox."""

import asyncio
import time

import pytest

from bot.keys import BLOBS
from storage.blobs import Blobs
from storage.errors import StorageUnavailable
from tests.conftest import StartServer
from tests.fakes import Clock, Server, eventually
from tests.mail.arrivals import letter, state, taken, until, until_in_trouble, until_seen_whole, until_taken
from tests.mail.dovecot import Dovecot

DAY_MS = 86_400_000


async def test_a_mail_is_kept_byte_for_byte_and_then_marked_as_seen(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    raw = letter("byte").replace(b"\n", b"\r\n")
    dovecot.deliver("byte", raw)
    server = await start_server(mail={"mailboxes": [dovecot.settings("byte")]})
    [mail] = await until_taken(server, "byte", 1)
    assert mail["message_id"] == "byte@example.cn"
    assert server.app[BLOBS].read(mail["raw_hash"]) == raw
    with dovecot.client("byte") as client:
        await eventually(lambda: len(client.search("SEEN")) == 1)


async def test_a_mail_that_arrives_while_we_idle_is_not_waited_for_until_the_next_look(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    server = await start_server(mail={"mailboxes": [dovecot.settings("idle", poll=600_000)]})
    await until_seen_whole(server, "idle")
    for number in (1, 2, 3):
        dovecot.deliver("idle", letter(f"idle{number}"))
        await until_taken(server, "idle", number)


async def test_a_rebuilt_folder_is_read_again_and_nothing_comes_twice(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    for number in range(20):
        dovecot.deliver("rebuilt", letter(f"mail{number}"))
    server = await start_server(mail={"mailboxes": [dovecot.settings("rebuilt")]})
    before = await until_taken(server, "rebuilt", 20)
    await server.stop()
    dovecot.lose_index("rebuilt")
    for number in range(20, 25):
        dovecot.deliver("rebuilt", letter(f"mail{number}"))
    await _until_another_second()
    await server.start()
    after = await until_taken(server, "rebuilt", 25)
    assert len({one["message_id"] for one in after}) == len(after) == 25
    assert {one["uid_validity"] for one in after} > {one["uid_validity"] for one in before}
    whole = await state(server, "rebuilt")
    assert whole["uid_validity"] == after[-1]["uid_validity"]


async def _until_another_second() -> None:
    """Dovecot makes a folder's generation from the clock's seconds."""
    begun = int(time.time())
    await eventually(lambda: int(time.time()) > begun + 1)


async def test_one_mail_in_two_mailboxes_is_two_and_one_id_with_two_texts_too(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    dovecot.deliver("north", letter("same"))
    dovecot.deliver("south", letter("same"))
    dovecot.deliver("south", letter("other", "我没有收到货", message_id="same"))
    dovecot.deliver("south", letter("same"))
    server = await start_server(mail={"mailboxes": [dovecot.settings("north"), dovecot.settings("south")]})
    await until_taken(server, "north", 1)
    await until_taken(server, "south", 2)
    await until_seen_whole(server, "south")
    assert [one["message_id"] for one in await taken(server, "south")] == ["same@example.cn"] * 2


async def test_somebody_else_may_read_flag_and_move_mails_meanwhile(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    for number in range(30):
        dovecot.deliver("shared", letter(f"early{number}"))
    with dovecot.client("shared") as other:
        other.add_flags(other.search(), ["\\Seen"])
        other.create_folder("Done")
        server = await start_server(mail={"mailboxes": [dovecot.settings("shared")]})
        for number in range(30):
            dovecot.deliver("shared", letter(f"late{number}"))
            other.noop()
            other.remove_flags(other.search(), ["\\Seen"])
            if there := set(other.search()) & {one["uid"] for one in await taken(server, "shared")}:
                other.move([min(there)], "Done")
        await until_taken(server, "shared", 60)
        await until_seen_whole(server, "shared")
    ids = [one["message_id"] for one in await taken(server, "shared")]
    assert len(set(ids)) == len(ids) == 60


async def test_of_what_is_larger_than_we_take_only_the_header_is_kept(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    dovecot.deliver("large", letter("large", "很长" * 100_000))
    dovecot.deliver("large", letter("small"))
    server = await start_server(mail={"largest": 100_000, "mailboxes": [dovecot.settings("large")]})
    large, small = await until_taken(server, "large", 2)
    assert (large["message_id"], large["withheld"]) == ("large@example.cn", "too_large")
    assert large["size"] > 600_000
    kept = server.app[BLOBS].read(large["raw_hash"])
    assert kept.endswith(b"\r\n\r\n")
    assert len(kept) < 1_000
    assert (small["message_id"], small["withheld"]) == ("small@example.cn", None)


async def test_mails_from_before_our_time_stay_where_they_are_unless_somebody_moves_them_in(
    start_server: StartServer, dovecot: Dovecot, clock: Clock
) -> None:
    dovecot.deliver("backlog", letter("ancient"), clock.now - 30 * DAY_MS)
    dovecot.deliver("backlog", letter("yesterday"), clock.now - DAY_MS // 2)
    server = await start_server(mail={"mailboxes": [dovecot.settings("backlog")]})
    [mail] = await until_taken(server, "backlog", 1)
    assert mail["message_id"] == "yesterday@example.cn"
    assert mail["received_at"] == clock.now - DAY_MS // 2
    await until_seen_whole(server, "backlog")
    dovecot.deliver("backlog", letter("out-of-the-spam-folder"), clock.now - 30 * DAY_MS)
    [_, moved] = await until_taken(server, "backlog", 2)
    assert moved["message_id"] == "out-of-the-spam-folder@example.cn"
    assert moved["received_at"] == clock.now - DAY_MS


async def test_chat_goes_on_while_a_mailbox_cannot_be_reached_and_mails_come_when_it_can(
    start_server: StartServer, own_dovecot: Dovecot
) -> None:
    own_dovecot.deliver("late", letter("late"))
    server = await start_server(mail={"mailboxes": [own_dovecot.settings("late")]})
    assert "cannot be reached" in await until_in_trouble(server, "late")
    await _chat_works(server)
    own_dovecot.start()
    await until_taken(server, "late", 1)
    own_dovecot.stop()
    own_dovecot.start()
    own_dovecot.deliver("late", letter("later"))
    await until_taken(server, "late", 2)

    async def is_well() -> bool:
        return (await state(server, "late"))["trouble_since"] is None

    await until(is_well)


async def _chat_works(server: Server) -> None:
    async with server.page() as page:
        await page.say("你好")
        assert (await page.reads())["text"]


async def test_a_refused_login_is_told_without_the_password(start_server: StartServer, dovecot: Dovecot) -> None:
    settings = dovecot.settings("refused", password="not-the-password")
    server = await start_server(mail={"mailboxes": [settings]})
    error = await until_in_trouble(server, "refused")
    assert "refuses the login" in error
    assert "not-the-password" not in error


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_protected_connection_is_read_and_waited_on_and_left_like_any_other(
    start_server: StartServer, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    settings = dovecot.settings(security, imap_security=security, imap_port=port, poll=600_000)
    server = await start_server(mail={"mailboxes": [settings]})
    await until_seen_whole(server, security)
    dovecot.deliver(security, letter("protected", "保密" * 50_000))
    await until_taken(server, security, 1)
    async with asyncio.timeout(20):
        await server.stop()


async def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    start_server: StartServer, dovecot: Dovecot
) -> None:
    settings = dovecot.settings("stranger", imap_security="tls", imap_port=dovecot.tls_port)
    server = await start_server(mail={"mailboxes": [settings]})
    assert "no safe connection" in await until_in_trouble(server, "stranger")


async def test_a_mail_that_cannot_be_kept_stays_where_it_is_unread_until_it_can(
    start_server: StartServer, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, refused = Blobs.keep, []

    def full(_blobs: Blobs, content: bytes) -> str:
        refused.append(content)
        raise StorageUnavailable("no space left")

    monkeypatch.setattr(Blobs, "keep", full)
    dovecot.deliver("full", letter("full"))
    server = await start_server(mail={"mailboxes": [dovecot.settings("full")]})
    await eventually(lambda: len(refused) > 1)
    assert await taken(server, "full") == []
    with dovecot.client("full") as client:
        assert client.search("SEEN") == []
    monkeypatch.setattr(Blobs, "keep", keep)
    await until_taken(server, "full", 1)
