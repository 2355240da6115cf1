"""Finds every compiled pattern at module level and times it; run by test_patterns.py in a process of its own."""

import importlib
import inspect
import pkgutil
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import bot
import knowledgebase
import storage
import tickets

LENGTH = 100_000
LIMIT_S = 0.05
# A busy machine is slower than a quiet one, but not by this much, and only a bad pattern grows faster than its text.
HARD_LIMIT_S = 4 * LIMIT_S
WORST_GROWTH = 3.0
TRIES = 5
# Processor seconds for all of them together; a busy machine needs no more of these than a quiet one.
WITHIN_S = 90
# The words and signs our patterns look for, and near misses of them, over and over.
UNITS = (
    "a",
    "1",
    " ",
    "\n",
    "\t ",
    "-",
    ".",
    "a.",
    "a@",
    "a@b.",
    "1-",
    "1 ",
    "0000-",
    "139 0000 ",
    "+86",
    "http://",
    "http://a(",
    "https://a.b/?!!!!",
    "'",
    "'=",
    '"',
    "{",
    "{a",
    "}",
    "<",
    "\\",
    "%",
    "，",
    "。？",
    "车",
    "几",
    "1万",
    "一二三",
    "零",
    "不",
    "不不是",
    "好的",
    "请稍",
    "谢谢",
    "人工",
    "转",
    "我要",
    "多少",
    "投诉",
    "起火",
    "哈",
    "Ａ",
    "\u200b",
    "\u0301",
    "𠮷",
    "\ud800",
)
CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]{2,6}|[A-Za-z]{2,8}")


def modules() -> Iterator[ModuleType]:
    """Every module of the four rooms."""
    for room in (bot, knowledgebase, storage, tickets):
        yield room
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


def patterns_in(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    """The patterns in a module's value, also those within tables and classes."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict) and depth < 4:
        for inner in (*value.keys(), *value.values()):
            yield from patterns_in(inner, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)) and depth < 4:
        for inner in value:
            yield from patterns_in(inner, depth + 1)
    elif isinstance(value, type) and value.__module__.split(".")[0] in ("bot", "knowledgebase", "storage", "tickets"):
        for inner in tuple(vars(value).values()):
            yield from patterns_in(inner, depth + 1)
    elif hasattr(value, "__dataclass_fields__") and depth < 4:
        for name in value.__dataclass_fields__:
            yield from patterns_in(getattr(value, name, None), depth + 1)


def hostile_texts(pattern: re.Pattern[str]) -> Iterator[str]:
    """Long texts of what patterns like, with an end that none of them expects; some made of its own words."""
    own = list(dict.fromkeys(CHINESE_RUN.findall(pattern.pattern)))[:6]
    for unit in (*UNITS, *own, "".join(own), "，".join(own)):
        if unit:
            yield (unit * (LENGTH // len(unit) + 1))[:LENGTH] + "\x07"
    yield " " * (LENGTH // 2) + "a" + " " * (LENGTH // 2) + "\x07"


WAYS: dict[str, Callable[[re.Pattern[str], str], object]] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "search": lambda pattern, text: pattern.search(text),
    "all": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}


def ways_of(name: str, module: ModuleType) -> set[str]:
    """How this module uses the pattern of this name; every way there is, if that does not stand there plainly."""
    used = set(re.findall(rf"\b{name}\.(\w+)\(", inspect.getsource(module)))
    named = {"findall": "all", "finditer": "all", "sub": "all", "subn": "all", "split": "all"}
    return {named.get(way, way) for way in used if named.get(way, way) in WAYS} or set(WAYS)


def slowest(pattern: re.Pattern[str], ways: set[str], text: str) -> float:
    """The processor seconds of the slowest way in which the pattern is used, on this text."""
    return max(best(partial(WAYS[way], pattern, text)) for way in ways)


def shortened(text: str, times: int) -> str:
    """The text with its end, so many times shorter."""
    return text[: len(text) // times] + text[-1]


def grows(pattern: re.Pattern[str], ways: set[str], text: str) -> bool:
    """Whether twice the text takes much more than twice the time."""
    return slowest(pattern, ways, text) > WORST_GROWTH * slowest(pattern, ways, shortened(text, 2))


def surely_quick(pattern: re.Pattern[str], ways: set[str], text: str) -> bool:
    """Whether a quarter of the text is enough to know, which most often it is.

    It is so quickly done that all of it is too, even if it takes 4 x 4 times as long: what grows faster than that
    takes hours for a quarter, for no step takes less than a nanosecond. Or it does not grow from an eighth on.
    """
    took = slowest(pattern, ways, shortened(text, 4))
    if took < LIMIT_S / 4**2:
        return True
    bounded = took < HARD_LIMIT_S / WORST_GROWTH**2
    return bounded and took <= WORST_GROWTH * slowest(pattern, ways, shortened(text, 8))


def best(way: Callable[[], object]) -> float:
    """The quickest of a few runs: what else the machine does is not the pattern's fault."""
    quickest = float("inf")
    for _ in range(TRIES):
        begun = time.process_time()
        way()
        quickest = min(quickest, time.process_time() - begun)
        if quickest < LIMIT_S:
            break
    return quickest


def main() -> int:
    """Print what is tried and what is slow; 1 if anything is. The system ends it after WITHIN_S (SIGXCPU)."""
    resource.setrlimit(resource.RLIMIT_CPU, (WITHIN_S, WITHIN_S + 5))
    found: dict[str, tuple[re.Pattern[str], set[str]]] = {}
    for module in modules():
        for name, value in vars(module).items():
            for pattern in patterns_in(value):
                if isinstance(pattern.pattern, str):
                    ways = found.setdefault(f"{pattern.pattern}|{pattern.flags}", (pattern, set()))[1]
                    ways |= ways_of(name, module)
    slow = 0
    worst = 0.0
    for pattern, ways in found.values():
        print(f"trying {pattern.pattern[:120]!r}", flush=True)
        for text in hostile_texts(pattern):
            if surely_quick(pattern, ways, text):
                continue
            took = slowest(pattern, ways, text)
            worst = max(worst, took)
            if took > HARD_LIMIT_S or (took > LIMIT_S and grows(pattern, ways, text)):
                slow += 1
                print(f"SLOW {took * 1000:.0f} ms on {text[:12]!r}... by {sorted(ways)}", flush=True)
                break
    print(f"{len(found)} patterns, the slowest took {worst * 1000:.1f} ms", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
