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

MOST_SECONDS = 2.0
MOST_MEMORY = 200 * 1024 * 1024
BIG_MAIL = """
import base64, resource
from bot.gateway.mime import parse
head = b"From: a@example.cn\\r\\nSubject: big\\r\\nContent-Type: multipart/mixed; boundary=b\\r\\n\\r\\n"
text = b"--b\\r\\nContent-Type: text/plain\\r\\n\\r\\nhello\\r\\n"
file = b"--b\\r\\nContent-Type: image/jpeg; name=a.jpg\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n"
content = base64.encodebytes(bytes(range(256)) * 70_000).replace(b"\\n", b"\\r\\n")
raw = head + text + file + content + b"\\r\\n--b--\\r\\n"
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mail = parse(raw)
print(len(raw), len(mail.parts[0].content), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


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


def test_a_mail_of_25_megabytes_takes_less_than_200_more() -> None:
    result = subprocess.run([sys.executable, "-c", BIG_MAIL], capture_output=True, text=True, check=True, timeout=60)
    size, content, kilobytes = map(int, result.stdout.split())
    assert size > 24_000_000
    assert content == 256 * 70_000
    assert kilobytes * 1024 < MOST_MEMORY
