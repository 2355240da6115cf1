"""What can be checked of the console's looks without eyes: contrast, one way to name colours, no inline code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "bot" / "static" / "console"
TOKENS = (STATIC / "tokens.css").read_text(encoding="utf-8")
READ = [
    ("--text", "--page"),
    ("--text", "--surface"),
    ("--text", "--bubble-customer"),
    ("--text", "--bubble-staff"),
    ("--text", "--bubble-bot"),
    ("--text", "--due-soon-soft"),
    ("--text-quiet", "--page"),
    ("--text-quiet", "--surface"),
    ("--text-quiet", "--surface-sunk"),
    ("--text-quiet", "--accent-soft"),
    ("--accent-strong", "--surface"),
    ("--accent-strong", "--accent-soft"),
    ("--on-accent", "--accent"),
    ("--note-text", "--note"),
    ("--note-strong", "--note"),
    ("--surface", "--note-strong"),
    ("--due-calm", "--due-calm-soft"),
    ("--due-soon", "--due-soon-soft"),
    ("--due-soon", "--surface"),
    ("--due-overdue", "--due-overdue-soft"),
    ("--due-overdue", "--surface"),
    ("--done", "--done-soft"),
    ("--on-alarm", "--alarm"),
]


def theme(selector: str) -> dict[str, str]:
    block = TOKENS.split(selector, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block))


THEMES = {"light": theme(":root {"), "dark": theme(':root[data-theme="dark"] {')}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", list(THEMES))
def test_everything_that_is_read_has_the_contrast_of_level_aa(name: str) -> None:
    weak = []
    for text, ground in READ:
        light, dark = sorted((luminance(THEMES[name][text]), luminance(THEMES[name][ground])), reverse=True)
        if (light + 0.05) / (dark + 0.05) < 4.5:
            weak.append((text, ground, round((light + 0.05) / (dark + 0.05), 2)))
    assert weak == []


def test_the_dark_theme_is_the_same_by_choice_and_by_system() -> None:
    assert THEMES["dark"] == theme(':root:not([data-theme="light"]) {')
    assert set(THEMES["dark"]) == set(THEMES["light"])


def test_templates_hold_no_inline_code_that_the_policy_would_block() -> None:
    for path in (ROOT / "templates" / "console").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|javascript:", text), path.name
        assert re.findall(r"<script(?![^>]*(?:src=|application/json))", text) == [], path.name


def test_templates_and_scripts_hold_no_words_of_their_own() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for path in [*(ROOT / "templates" / "console").rglob("*.html"), *STATIC.glob("*.js")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        spoken = [
            line for line in lines if chinese.search(line) and not re.search(r"brand-mark|^\s*(//|/\*\*|\*)", line)
        ]
        assert spoken == [], path.name
