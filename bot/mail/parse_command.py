"""`main.py parse-mail`: mails in files, each as one line of JSON."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from bot.gateway.mime import parse
from bot.mail.neutral import neutral_form

MOST_SECONDS = 10.0


def parse_mails(files: Sequence[str]) -> int:
    """Print what each file says; 1 if one of them cannot be read, told on stderr."""
    code = 0
    for file in files:
        try:
            raw = Path(file).read_bytes()
        except OSError as error:
            click.echo(f"{file}: {error.strerror}", err=True)
            code = 1
            continue
        line = json.dumps(neutral_form(file, parse(raw, time_limit(MOST_SECONDS))), ensure_ascii=False)
        sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.buffer.flush()
    return code


def time_limit(seconds: float) -> Callable[[], bool]:
    """Tells whether this many seconds have gone by since it was made."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
