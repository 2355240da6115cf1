"""Mail from the raw bytes to an answer that an SMTP server has taken, beside only parsing the same bytes.

A server in a process of its own takes mails by SMTP as a mail server would hand them over, keeps, parses, judges and
decides them, and sends an automatic mail for each. The peer is the standard library's parser alone,
``email.message_from_bytes(policy=default)`` with every body decoded, on the same mails in the same run. Both are
told in processor time, because they wait for different things.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from statistics import median

import aiosmtplib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from benchmarks.server import ROOT, SETTINGS, running, until_ready

MAILBOXES = 12
MAILS = 360
SENDERS_AT_ONCE = 4
SETTLED_WITHIN_S = 180.0
TICKS = os.sysconf("SC_CLK_TCK")
QUESTIONS = ROOT / "knowledgebase" / "data" / "questions-dev.jsonl"


class Post:
    """An SMTP server that counts what it is handed, and when the last came."""

    def __init__(self) -> None:
        self.taken = 0
        self.last_at = 0.0

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:
        self.taken += 1
        self.last_at = time.monotonic()
        return "250 2.0.0 taken"


def run() -> dict[str, float]:
    """Hand the mails over, wait until each has its automatic mail, and print what a mail cost."""
    mails = list(_mails())
    bare_ms = _bare_ms([raw for _, raw in mails])
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            cost = asyncio.run(_measure(folder, controller.port, post, mails))
    finally:
        controller.stop()
    figures = {**cost, "bare parse ms": bare_ms, "ratio to bare parse": cost["cpu ms a mail"] / bare_ms}
    _tell(figures)
    return figures


def _tell(figures: dict[str, float]) -> None:
    print(f"{MAILS} mails into {MAILBOXES} mailboxes, by SMTP, {SENDERS_AT_ONCE} connections at once")
    print(f"taken in durably: {figures['taken in a second']:.0f} a second")
    print(f"parsed, decided and answered by mail: {figures['answered a second']:.1f} a second")
    print(f"processor time {figures['cpu ms a mail']:.1f} ms a mail, all told; the standard library's parser alone")
    print(f"{figures['bare parse ms']:.2f} ms: {figures['ratio to bare parse']:.1f} times as much")


async def _measure(folder: str, smtp_port: int, post: Post, mails: list[tuple[str, bytes]]) -> dict[str, float]:
    listen_port = _free_port()
    settings = {
        **SETTINGS,
        "YINGSHENG_SERVER__DATA_FOLDER": folder,
        "YINGSHENG_MAIL__LISTEN_PORT": str(listen_port),
        "YINGSHENG_MAIL__LISTEN_PROTOCOL": "smtp",
        "YINGSHENG_MAIL__HOST": "127.0.0.1",
        "YINGSHENG_MAIL__PORT": str(smtp_port),
        "YINGSHENG_MAIL__SECURITY": "none",
        "YINGSHENG_MAIL__MAILBOXES": json.dumps(
            [
                {"name": f"box-{number}", "address": _address(number), "receive": "listener"}
                for number in range(MAILBOXES)
            ]
        ),
    }
    with running([sys.executable, "main.py", "serve", "--port", "0"], settings) as (process, url):
        await until_ready(f"{url}/readyz")
        before, begun = _cpu_s(process.pid), time.monotonic()
        shares = [mails[number::SENDERS_AT_ONCE] for number in range(SENDERS_AT_ONCE)]
        await asyncio.gather(*(_hand_over(listen_port, share) for share in shares))
        taken_s = time.monotonic() - begun
        await _until_answered(post, len(mails))
        cpu_s = _cpu_s(process.pid) - before
    return {
        "taken in a second": len(mails) / taken_s,
        "answered a second": len(mails) / (post.last_at - begun),
        "cpu ms a mail": cpu_s * 1000 / len(mails),
    }


async def _hand_over(port: int, mails: list[tuple[str, bytes]]) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    async with client:
        for recipient, raw in mails:
            sender = str(message_from_bytes(raw)["From"])
            await client.sendmail(sender, [recipient], raw)


async def _until_answered(post: Post, wanted: int) -> None:
    end = time.monotonic() + SETTLED_WITHIN_S
    while post.taken < wanted:
        if time.monotonic() > end:
            raise RuntimeError(f"only {post.taken} of {wanted} mails were answered")
        await asyncio.sleep(0.05)


def _bare_ms(mails: list[bytes]) -> float:
    """Median processor time to parse a mail and decode its bodies with the standard library, of five rounds."""
    rounds = []
    for _ in range(5):
        begun = time.process_time()
        for raw in mails:
            for part in message_from_bytes(raw, policy=policy.default).walk():
                if part.get_content_maintype() == "text":
                    part.get_content()
        rounds.append((time.process_time() - begun) * 1000 / len(mails))
    return median(rounds)


def _mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its recipient: a question as clients write it, by turns with text and HTML, in GB18030 or UTF-8,
    with a quoted mail before it, or with a picture. Every sender writes once."""
    questions = [json.loads(line)["query"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    for number in range(MAILS):
        yield _address(number % MAILBOXES), _mail(number, questions[number % len(questions)])


def _mail(number: int, question: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"客户{number} <customer{number}@example.net>"
    message["To"] = _address(number % MAILBOXES)
    message["Subject"] = f"咨询：{question[:20]}"
    message["Date"] = format_datetime(_moment(number))
    message["Message-ID"] = f"<bench-{number}@example.net>"
    text = f"您好：\n\n{question}\n\n谢谢！\n客户{number}\n发自我的iPhone\n"
    if number % 4 == 1:
        text += (
            "\n在 2026年11月20日，上午9:12，售后服务 <service@example.com> 写道：\n> 您的来信已收到。\n"
            + "> 内容\n" * 30
        )
    charset = "gb18030" if number % 2 else "utf-8"
    message.set_content(text, charset=charset, cte="base64")
    message.add_alternative(f"<div>{text.replace(chr(10), '<br>')}</div>", "html", charset=charset, cte="base64")
    if number % 4 == 3:
        message.add_attachment(_picture(), "image", "png", filename=f"仪表盘{number}.png")
    return message.as_bytes()


def _picture() -> bytes:
    return (ROOT / "docs" / "pictures" / "widget-phone.png").read_bytes()


def _moment(number: int) -> datetime:
    return datetime(2026, 11, 23, 2, number % 60, tzinfo=UTC)


def _address(number: int) -> str:
    return f"box{number}@example.com"


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far, user and system, from /proc/PID/stat (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
