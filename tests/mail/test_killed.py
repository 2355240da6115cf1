"""The server is killed again and again while mails come in: each is there in the end, once, as it was sent."""

import asyncio
import itertools
import json
import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from storage.blobs import Blobs
from tests.journeys.program import Program
from tests.journeys.witness import rows, stocked, until
from tests.mail.arrivals import letter
from tests.mail.dovecot import Dovecot


@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_every_mail_survives_every_kill_and_comes_in_once(
    tmp_path: Path, request: pytest.FixtureRequest, dovecot: Dovecot
) -> None:
    count, kills = int(request.config.getoption("--mails")), int(request.config.getoption("--mail-kills"))
    chance = random.Random(int(request.config.getoption("--seed")))
    mails = {f"mail{number}@example.cn": _question(number, chance) for number in range(count)}
    program = Program(await stocked(tmp_path / "data"), _settings(dovecot))
    try:
        cut_short = await _kill_while_they_come(program, dovecot, mails, kills, chance)
        await until(partial(_has_taken, program, count))
        await _until_read_to_its_end(dovecot, program)
        await until(partial(_is_quiet, program), 300)
        await asyncio.to_thread(program.stop)
    finally:
        await asyncio.to_thread(program.kill)
    print(f"\n{count} mails, {kills} kills, {cut_short} of them in the middle of a burst")
    assert cut_short, "no kill came in between: this proves nothing"
    _check_mails(program, mails)
    _check_messages(program, count)


def _question(number: int, chance: random.Random) -> bytes:
    """A mail of anything up to 40 KB, from somebody who has not written before, to the mailbox under test."""
    lines = ["轮胎多久换一次？", *(f"第{line}天：" + "路况" * 30 for line in range(chance.randrange(150)))]
    asked = letter(f"mail{number}", "\n".join(lines), sender=f"customer{number}@example.cn")
    return asked.replace(b"desk@example.com", b"killed@example.com")


def _is_quiet(program: Program) -> bool:
    """Every mail is settled, and everything that was said is decided about."""
    waiting = rows(program, "SELECT id FROM mail WHERE state = 'waiting' LIMIT 1")
    return not waiting and not rows(program, "SELECT id FROM message WHERE decided_at IS NULL LIMIT 1")


async def _kill_while_they_come(
    program: Program, dovecot: Dovecot, mails: dict[str, bytes], kills: int, chance: random.Random
) -> int:
    """As many bursts of mails as kills, each kill within a burst; how many struck in the middle of one."""
    await asyncio.to_thread(program.start)
    count, cut_short = len(mails), 0
    bounds = [burst * count // kills for burst in range(kills + 1)]
    for burst, (start, end) in enumerate(itertools.pairwise(bounds)):
        for raw in list(mails.values())[start:end]:
            dovecot.deliver("killed", raw)
        # Once some are there and a few are not, as far as the machine lets this process strike in time.
        enough = chance.randrange(start + 1, max(start + 2, end - 3))
        await until(partial(_has_taken, program, enough))
        await asyncio.to_thread(program.kill)
        cut_short += start < _taken(program) < end
        if burst % 3 == 2:
            dovecot.lose_index("killed")
        await asyncio.to_thread(program.start)
    return cut_short


def _check_mails(program: Program, mails: dict[str, bytes]) -> None:
    """Each is there once, byte for byte."""
    kept = rows(program, "SELECT message_id, raw_hash, state FROM mail")
    assert Counter(one["message_id"] for one in kept) == Counter(mails.keys())
    assert {one["state"] for one in kept} == {"settled"}
    blobs = Blobs(program.folder)
    assert all(_plain(blobs.read(one["raw_hash"])) == _plain(mails[one["message_id"]]) for one in kept)


def _check_messages(program: Program, count: int) -> None:
    """Each has become one message, and no conversation got more than one automatic mail."""
    [said] = rows(program, "SELECT COUNT(*) AS said FROM message WHERE author = 'contact'")
    sent = rows(
        program, "SELECT conversation_id, COUNT(*) AS mails FROM sent_mail WHERE automatic = 1 GROUP BY conversation_id"
    )
    print(f"{said['said']} messages, {len(sent)} conversations with an automatic mail")
    assert said["said"] == count
    assert {one["mails"] for one in sent} <= {1}


def _taken(program: Program) -> int:
    return int(rows(program, "SELECT COUNT(*) AS mails FROM mail")[0]["mails"])


def _has_taken(program: Program, count: int) -> bool:
    return _taken(program) >= count


async def _until_read_to_its_end(dovecot: Dovecot, program: Program) -> None:
    """Nothing is left that could come in, or come in again."""
    with dovecot.client("killed") as client:
        newest = max(client.search())
        validity = client.select_folder("INBOX")[b"UIDVALIDITY"]
    where = "SELECT last_uid, uid_validity FROM mailbox_state"
    await until(lambda: rows(program, where) == [{"last_uid": newest, "uid_validity": validity}])


def _plain(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")


def _settings(dovecot: Dovecot) -> dict[str, str]:
    return {
        "YINGSHENG_MAIL__MAILBOXES": json.dumps([dovecot.settings("killed", poll="500ms")]),
        "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
    }
