"""Servers that hang, break off, forget and insist: nothing is lost, nothing waits for ever, no mail holds up others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.keys import BLOBS
from tests.conftest import StartServer
from tests.fakes import Server, eventually
from tests.mail.arrivals import letter, state, taken, until_in_trouble, until_seen_whole, until_taken
from tests.mail.fake_imap import FakeImap, fake_imap

TIMEOUT_MS = 2_000


@pytest.fixture
async def fake() -> AsyncIterator[FakeImap]:
    """An IMAP server that misbehaves on request."""
    async with fake_imap() as server:
        yield server


async def reading(start_server: StartServer, fake: FakeImap, timeout: int = 30_000) -> Server:
    """A server that reads a mailbox of the fake one, and waits so long for anything."""
    return await start_server(mail={"timeout": timeout, "mailboxes": [fake.settings("box")]})


async def test_a_server_that_falls_silent_after_the_login_is_cut_off_and_asked_again(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(letter("patience"))
    fake.silent_after_login = True
    server = await reading(start_server, fake, TIMEOUT_MS)
    assert "does not answer in time" in await until_in_trouble(server, "box")
    fake.silent_after_login = False
    await until_taken(server, "box", 1)


async def test_a_server_that_falls_silent_in_the_middle_of_a_mail_is_cut_off_and_the_mail_comes_whole_later(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(letter("first"), letter("second"), letter("third"))
    fake.silent_in_the_middle_of = 2
    server = await reading(start_server, fake, TIMEOUT_MS)
    await until_in_trouble(server, "box")
    assert [one["uid"] for one in await taken(server, "box")] == [1]
    fake.silent_in_the_middle_of = 0
    mails = await until_taken(server, "box", 3)
    assert [one["withheld"] for one in mails] == [None, None, None]
    assert server.app[BLOBS].read(mails[1]["raw_hash"]) == letter("second")


async def test_a_mail_that_breaks_every_connection_holds_up_no_other_and_becomes_its_header(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(*(letter(f"mail{number}") for number in range(1, 6)))
    fake.breaks_at = {3}
    server = await reading(start_server, fake)
    mails = await until_taken(server, "box", 5)
    assert [one["withheld"] for one in mails] == [None, None, "unreadable", None, None]
    assert mails[2]["message_id"] == "mail3@example.cn"


async def test_a_hundred_mails_of_which_one_is_not_given_out_come_in_at_one_look(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(*(letter(f"mail{number}") for number in range(100)))
    fake.refuses = {50}
    server = await reading(start_server, fake)
    mails = await until_taken(server, "box", 100)
    assert [one["uid"] for one in mails if one["withheld"]] == [50]
    assert fake.connections == 1


async def test_mails_that_are_gone_when_they_are_asked_for_are_let_go(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(letter("one"), letter("two"), letter("three"))
    fake.vanishing = {2, 3}
    server = await reading(start_server, fake)
    await until_seen_whole(server, "box")
    assert [one["uid"] for one in await taken(server, "box")] == [1]
    assert (await state(server, "box"))["last_uid"] == 3
    fake.vanishing = set()
    fake.mails[4] = letter("four")
    await until_taken(server, "box", 2)


async def test_a_flag_that_cannot_be_set_makes_no_mail_come_twice(start_server: StartServer, fake: FakeImap) -> None:
    fake.receive(letter("one"), letter("two"))
    fake.refuses_flags = True
    server = await reading(start_server, fake)
    await until_taken(server, "box", 2)
    fake.hang_up()
    fake.receive(letter("three"))
    await until_taken(server, "box", 3)
    bodies = [one for one in fake.asked if "BODY.PEEK[]" in one]
    assert len(bodies) == 3


async def test_a_server_that_answers_a_range_above_the_newest_mail_with_that_mail_gives_it_once(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.tells_next_uid = False
    fake.receive(letter("one"))
    server = await reading(start_server, fake)
    await until_seen_whole(server, "box")
    await eventually(lambda: len([one for one in fake.asked if "SEARCH" in one]) > 4)
    fake.receive(letter("two"))
    await until_taken(server, "box", 2)
    assert len([one for one in fake.asked if "BODY.PEEK[]" in one]) == 2


async def test_a_server_that_demands_to_know_who_we_are_is_told(start_server: StartServer, fake: FakeImap) -> None:
    fake.capabilities = "IMAP4rev1 ID"
    fake.demands_id = True
    fake.receive(letter("one"))
    server = await reading(start_server, fake)
    await until_taken(server, "box", 1)
    assert '"name" "Yingsheng"' in fake.identified_as
    assert '"vendor"' in fake.identified_as


async def test_a_server_that_takes_us_for_unsafe_is_explained_to_the_operator(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.demands_id = True
    server = await reading(start_server, fake)
    assert "authorisation code" in await until_in_trouble(server, "box")


async def test_two_generations_of_a_folder_are_read_whole_and_known_mails_come_once(
    start_server: StartServer, fake: FakeImap
) -> None:
    fake.receive(letter("one"), letter("two"))
    server = await reading(start_server, fake)
    await until_taken(server, "box", 2)
    await until_seen_whole(server, "box")
    fake.uid_validity = 8
    fake.mails = {11: letter("two"), 12: letter("one"), 13: letter("three")}
    mails = await until_taken(server, "box", 3)
    await eventually(lambda: fake.seen >= {11, 12, 13})
    assert [one["message_id"] for one in mails] == ["one@example.cn", "two@example.cn", "three@example.cn"]
    assert len(await taken(server, "box")) == 3


async def test_a_server_that_hangs_does_not_keep_ours_from_stopping(start_server: StartServer, fake: FakeImap) -> None:
    fake.receive(letter("one"))
    fake.silent_in_the_middle_of = 1
    server = await reading(start_server, fake)
    await eventually(lambda: any("BODY.PEEK[]" in one for one in fake.asked))
    async with asyncio.timeout(20):
        await server.stop()
