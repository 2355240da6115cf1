"""Damaged mails: each is read as far as it goes, in bounded time and memory, and none raises."""

import json
import resource
import subprocess
import sys
import time
from random import Random

import pytest

from bot.gateway.mime import parse
from bot.mail.neutral import neutral_form
from tests.mail.mutations import mutated
from tests.mail.table import cases

MOST_SECONDS = 5.0
MOST_MEMORY = 200 * 1024 * 1024
READ = """
import base64, resource, time
from bot.gateway.mime import parse
head = b"From: a@example.cn\\r\\nSubject: big\\r\\nContent-Type: "
{raw}
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
mail = parse(raw)
spent, after = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(raw), len(mail.text) + sum(len(part.content) for part in mail.parts), after - before, spent)
"""
FILE = """
file = b"Content-Type: image/jpeg; name=a.jpg\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n"
content = base64.encodebytes(bytes(range(256)) * 70_000).replace(b"\\n", b"\\r\\n")
raw = head + b"multipart/mixed; boundary=b\\r\\n\\r\\n--b\\r\\n" + file + content + b"\\r\\n--b--\\r\\n"
"""
SHIFTS = 'raw = head + b"text/plain; charset=iso-2022-cn\\n\\n" + b"\\x0eDc\\x0f" * 6_000_000'
HTML = 'raw = head + b"text/html\\n\\n" + b"<ul><li>x" * 2_600_000'


def test_damaged_mails_are_told_in_time_and_none_is_a_surprise(request: pytest.FixtureRequest) -> None:
    count = request.config.getoption("--mutations")
    random = Random(request.config.getoption("--seed"))
    originals = [case.raw for case in cases()]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for _ in range(count):
        raw = mutated(random, random.choice(originals), originals)
        begin = time.process_time()
        mail = parse(raw)
        slowest = max(slowest, time.process_time() - begin)
        assert not (mail.error or "").startswith("unreadable")
        told = json.dumps(neutral_form("", mail), ensure_ascii=False).encode()
        assert b"\\u0000" not in told
        assert mail.text or mail.parts or mail.headers or mail.error or not raw.strip()
    assert slowest < MOST_SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_MEMORY


@pytest.mark.parametrize(("raw", "least"), [(FILE, 256 * 70_000), (SHIFTS, 500_000), (HTML, 300_000)])
def test_a_mail_of_24_megabytes_is_read_in_time_and_memory(raw: str, least: int) -> None:
    script = READ.format(raw=raw)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=240)
    size, found, kilobytes, seconds = map(float, result.stdout.split())
    assert size > 22_000_000
    assert found >= least
    assert kilobytes * 1024 < MOST_MEMORY
    assert seconds < 2 * MOST_SECONDS
