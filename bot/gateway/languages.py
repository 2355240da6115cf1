"""Which of the languages we speak to customers a browser asks for."""

from typing import Literal

Language = Literal["zh-CN", "zh-TW", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "zh-TW", "en")
TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")
MOST_PREFERENCES = 20


def preferred(accepted: str) -> Language:
    """The best of an Accept-Language header that we speak; Chinese when it names none (RFC 9110, 12.5.4)."""
    ranked = sorted((_quality(part) for part in accepted.split(",")[:MOST_PREFERENCES]), key=lambda one: -one[0])
    return next((language for quality, tag in ranked if quality > 0 and (language := spoken(tag))), "zh-CN")


def spoken(tag: str) -> Language | None:
    """The language we speak to somebody who asks for this language tag, or None."""
    folded = tag.strip().lower()
    if folded.startswith(TRADITIONAL):
        return "zh-TW"
    if folded.split("-")[0] in ("zh", "en"):
        return "zh-CN" if folded.startswith("zh") else "en"
    return None


def _quality(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";")
    try:
        return (float(weight.strip().removeprefix("q=")) if weight else 1.0), tag
    except ValueError:
        return 0.0, tag
