"""Damage done to mails: what lines, discs and programs do to them, by seed."""

from collections.abc import Callable, Sequence
from random import Random

LABELS = (b"gb2312", b"big5", b"utf-8", b"hz-gb-2312", b"iso-2022-cn", b"utf-7", b"utf-16", b"x-unknown", b"punycode")


def mutated(random: Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    """raw after one to four damages; others are mails that pieces may come from."""
    for _ in range(random.randint(1, 4)):
        raw = random.choice(DAMAGES)(random, raw, random.choice(others))
    return raw


def _flip_bits(random: Random, raw: bytes, other: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(random.randint(1, 40)):
        if damaged:
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _cut_off(random: Random, raw: bytes, other: bytes) -> bytes:
    return raw[: random.randint(0, len(raw))]


def _cut_out(random: Random, raw: bytes, other: bytes) -> bytes:
    begin, end = sorted((random.randint(0, len(raw)), random.randint(0, len(raw))))
    return raw[:begin] + raw[end:]


def _splice(random: Random, raw: bytes, other: bytes) -> bytes:
    at, start = random.randint(0, len(raw)), random.randint(0, len(other))
    return raw[:at] + other[start : start + random.randint(0, 4_000)] + raw[at:]


def _repeat_headers(random: Random, raw: bytes, other: bytes) -> bytes:
    head, blank, body = raw.partition(b"\r\n\r\n")
    rows = head.split(b"\r\n")
    return b"\r\n".join(rows + random.choices(rows, k=random.randint(1, 60))) + blank + body


def _damage_boundaries(random: Random, raw: bytes, other: bytes) -> bytes:
    rows = raw.split(b"\r\n")
    marks = [at for at, row in enumerate(rows) if row.startswith(b"--")]
    for at in random.sample(marks, k=min(len(marks), random.randint(1, 3))):
        rows[at] = random.choice([b"", rows[at] + b"--", rows[at][:-1], rows[at] + b" x", b"--"])
    return b"\r\n".join(rows)


def _nest(random: Random, raw: bytes, other: bytes) -> bytes:
    layers = random.randint(1, 60)
    heads = (
        b'Content-Type: multipart/mixed; boundary="n%d"\r\n\r\n--n%d\r\n' % (layer, layer) for layer in range(layers)
    )
    return b"From: a@example.cn\r\nSubject: nested\r\n" + b"".join(heads) + raw


def _swap_labels(random: Random, raw: bytes, other: bytes) -> bytes:
    for label in (b"gb18030", b"gb2312", b"GBK", b"gbk", b"utf-8", b"UTF-8", b"big5", b"GB18030"):
        raw = raw.replace(label, random.choice(LABELS))
    return raw


def _change_line_ends(random: Random, raw: bytes, other: bytes) -> bytes:
    return raw.replace(b"\r\n", random.choice([b"\r", b"\n", b"\r\r\n", b"\n\r", b"\x85"]))


def _change_encodings(random: Random, raw: bytes, other: bytes) -> bytes:
    for encoding in (b"base64", b"quoted-printable", b"8bit", b"8Bit"):
        raw = raw.replace(encoding, random.choice([b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"junk"]))
    return raw


DAMAGES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip_bits,
    _cut_off,
    _cut_out,
    _splice,
    _repeat_headers,
    _damage_boundaries,
    _nest,
    _swap_labels,
    _change_line_ends,
    _change_encodings,
)
