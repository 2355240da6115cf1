"""The HTML of a mail made harmless in a process of its own.

Some HTML takes a parser that reads as browsers do minutes, or more memory than there is: elements within elements
within elements. A thread cannot be ended; a process can, and it takes nothing with it.
"""

import asyncio
import json
import pickle
import resource
import subprocess
import sys
from collections.abc import Mapping
from html import escape
from pathlib import Path

from bot.console.mail.sanitising import Picture, SafeHtml, sanitised

WITHIN_S = 5.0
MOST_MEMORY = 512 * 1024 * 1024
PROJECT = Path(__file__).parents[3]


async def harmless(html: str, pictures: Mapping[str, Picture], text: str) -> SafeHtml:
    """The harmless part of a mail's HTML; its text in place of that which takes too long or too much memory."""
    told = await asyncio.to_thread(_asked, pickle.dumps((html, dict(pictures))))
    return SafeHtml(f"<pre>{escape(text)}</pre>", 0) if told is None else SafeHtml(**json.loads(told))


def _asked(question: bytes) -> bytes | None:
    """What the process answers; None if it was ended."""
    command = [sys.executable, "-P", "-c", f"from {__name__} import answer; answer()"]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and nothing of the mail in its arguments
            command,
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(PROJECT)},
            timeout=WITHIN_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout


def answer() -> None:
    """Read a question from the process that asks, and answer it."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    html, pictures = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - written by our own process
    safe = sanitised(html, pictures)
    sys.stdout.write(json.dumps({"text": safe.text, "remote": safe.remote}))
