"""An explanation put into words, through templates/explain/. Pure: nothing is looked up."""

from dataclasses import dataclass
from typing import Any

import jinja2
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from knowledgebase.matching.explain import Explanation, MatchExplained


@dataclass(frozen=True, slots=True)
class Fact:
    """Something with a name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece of text and what it is, by a word of the program: a Link, or 'agrees' or 'differs'."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """What a group of features adds: percent of all that speaks for the match, below 0 if it speaks against it."""

    name: str
    percent: int


@dataclass(frozen=True, slots=True)
class ToldMatch:
    """A match in words."""

    entry_id: str
    question: str
    wording: str
    confidence: str
    joints: tuple[Marked, ...]
    contrasts: tuple[Marked, ...]
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation in the words of one language. labels: what its parts are called."""

    labels: dict[str, str]
    decision: str
    reason: str
    facts: tuple[Fact, ...]
    matches: tuple[ToldMatch, ...]
    none: str
    today: str


LABELS = ("title", "wording", "joints", "contrasts", "parts", "confidence", "entry", "decision", "reason")


def tell(explanation: Explanation, language: str, templates: jinja2.Environment) -> Told:
    """The explanation in words; language is 'zh' or 'en'."""
    words = _Words(templates.get_template(f"explain/{language}.jinja").module)
    return Told(
        labels={name: words.say("label", name) for name in LABELS},
        decision=words.say("decision", explanation.decision),
        reason=words.say("reason", explanation),
        facts=tuple(_facts(explanation, words)),
        matches=tuple(_match(match, words) for match in explanation.matches),
        none=words.say("matches_none"),
        today=words.say("today"),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    macros: Any

    def say(self, name: str, *values: object) -> str:
        return str(getattr(self.macros, name)(*values)).strip()


def _facts(explanation: Explanation, words: _Words) -> list[Fact]:
    """What is known of the question itself; what is empty is left out."""
    margin = "" if explanation.margin is None else f"{explanation.margin:.2f}"
    told = {
        "read": explanation.read,
        "words": " · ".join(words.say("word", word) for word in explanation.words if word.counts),
        "fillers": " · ".join(word.said for word in explanation.words if not word.counts),
        "unseen": " ".join(explanation.unseen),
        "margin": margin,
    }
    return [Fact(words.say("label", name), text) for name, text in told.items() if text]


def _match(match: MatchExplained, words: _Words) -> ToldMatch:
    return ToldMatch(
        entry_id=match.entry_id,
        question=match.question,
        wording=match.wording,
        confidence=f"{match.confidence:.2f}",
        joints=tuple(Marked(joint.link.value, words.say("joint", joint)) for joint in match.joints),
        contrasts=tuple(
            Marked("agrees" if one.agrees else "differs", words.say("contrast", one)) for one in match.contrasts
        ),
        shares=tuple(Share(words.say("part", part.group.value), round(part.share * 100)) for part in match.parts),
    )


# --- For a terminal ---------------------------------------------------------------------------------------------

STYLES = {
    "same": "green",
    "synonym": "cyan",
    "sound": "magenta",
    "typo": "magenta",
    "part": "yellow",
    "missing": "red",
    "agrees": "green",
    "differs": "red",
}


def as_renderable(told: Told) -> RenderableType:
    """The explanation for rich's console: the question first, then one table for each match."""
    verdict = Text.assemble((told.decision, "bold"), "  ", told.reason)
    tables = [_match_table(place, match, told) for place, match in enumerate(told.matches, 1)]
    matches = [Padding(table, (1, 0, 0, 0)) for table in tables] or [Padding(Text(told.none), 0)]
    return Group(verdict, _facts_table(told), *matches, Text(f"\n{told.today}", "dim"))


def _facts_table(told: Told) -> Table:
    table = _two_columns(box=None, padding=(0, 2, 0, 0))
    for fact in told.facts:
        table.add_row(Text(fact.name, "dim"), Text(fact.text))
    return table


def _match_table(place: int, match: ToldMatch, told: Told) -> Table:
    labels = told.labels
    table = _two_columns()
    title = Text.assemble(f"{place}. ", (match.question, "bold"), f"  {match.entry_id}")
    table.add_row(Text(labels["entry"], "dim"), title)
    table.add_row(Text(labels["confidence"], "dim"), Text(match.confidence))
    table.add_row(Text(labels["wording"], "dim"), Text(match.wording))
    table.add_row(Text(labels["joints"], "dim"), _joined(match.joints, " · "))
    if match.contrasts:
        table.add_row(Text(labels["contrasts"], "dim"), _joined(match.contrasts, "\n"))
    shares = "  ".join(f"{share.name} {share.percent} %" for share in match.shares)
    table.add_row(Text(labels["parts"], "dim"), Text(shares))
    return table


def _two_columns(**looks: Any) -> Table:
    """A table of names and what they stand for, of which nothing is cut off."""
    table = Table(show_header=False, **looks)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _joined(pieces: tuple[Marked, ...], between: str) -> Text:
    return Text(between).join(Text(piece.text, STYLES[piece.mark]) for piece in pieces)
