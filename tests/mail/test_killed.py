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
from tests.journeys.witness import rows, until
from tests.mail.arrivals import letter
from tests.mail.dovecot import Dovecot


@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_every_mail_survives_every_kill_and_comes_in_once(
    tmp_path: Path, request: pytest.FixtureRequest, dovecot: Dovecot
) -> None:
    count, kills = int(request.config.getoption("--mails")), int(request.config.getoption("--mail-kills"))
    chance = random.Random(int(request.config.getoption("--seed")))
    mails = {
        f"mail{number}@example.cn": letter(f"mail{number}", "内容" * chance.randrange(5_000)) for number in range(count)
    }
    program = Program(tmp_path / "data", _settings(dovecot))
    await asyncio.to_thread(program.start)
    cut_short = 0
    bounds = [burst * count // kills for burst in range(kills + 1)]
    for burst, (start, end) in enumerate(itertools.pairwise(bounds)):
        for raw in list(mails.values())[start:end]:
            dovecot.deliver("killed", raw)
        enough = chance.randrange(start, end)
        await until(partial(_has_taken, program, enough), 60)
        await asyncio.to_thread(program.kill)
        cut_short += start < _taken(program) < end
        if burst % 3 == 2:
            dovecot.lose_index("killed")
        await asyncio.to_thread(program.start)
    await until(partial(_has_taken, program, count), 60)
    await _until_read_to_its_end(dovecot, program)
    assert await asyncio.to_thread(program.stop) < 10
    print(f"\n{count} mails, {kills} kills, {cut_short} of them in the middle of a burst")
    assert cut_short, "no kill came in between: this proves nothing"
    kept = rows(program, "SELECT message_id, raw_hash, withheld FROM mail")
    assert Counter(one["message_id"] for one in kept) == Counter(mails.keys())
    blobs = Blobs(program.folder)
    assert all(_plain(blobs.read(one["raw_hash"])) == _plain(mails[one["message_id"]]) for one in kept)


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
    await until(lambda: rows(program, where) == [{"last_uid": newest, "uid_validity": validity}], 60)


def _plain(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")


def _settings(dovecot: Dovecot) -> dict[str, str]:
    return {
        "YINGSHENG_MAIL__MAILBOXES": json.dumps([dovecot.settings("killed", poll="500ms")]),
        "YINGSHENG_SERVER__LOG_LEVEL": "WARNING",
    }
