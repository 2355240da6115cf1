"""The form of an entry: what was typed, the entry that it makes, and what is wrong with it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from knowledgebase.authoring.dates import parse_from, parse_until, write_from, write_until
from knowledgebase.authoring.plain import one_break
from knowledgebase.authoring.validation import Finding, Problem, problems
from knowledgebase.model import ANSWER_CHANNELS, Entry, Visibility

ONE_LINERS = ("question", "category")
MANY_LINES = ("answer", "internal_note", "similar", "related", *(f"answer_{channel}" for channel in ANSWER_CHANNELS))
FIELDS = (*ONE_LINERS, *MANY_LINES, "visibility", "valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class Written:
    """A form: the texts as they were typed, by field, the entry that they make, and what is wrong with it."""

    typed: Mapping[str, str]
    entry: Entry
    findings: tuple[Finding, ...] = ()

    def problem_of(self, field: str) -> Problem | None:
        """The first thing that is wrong with a field."""
        wanted = "channel_answers" if field.startswith("answer_") else field
        return next((one.problem for one in self.findings if one.field == wanted), None)


def written(form: Mapping[str, str], entry_id: str, zone: tzinfo) -> Written:
    """What a form says; zone is where its days are."""
    typed = {name: one_break(form.get(name, "")) for name in FIELDS}
    dates = {"valid_from": parse_from, "valid_until": parse_until}
    moments = {name: _moment(typed[name].strip(), parse, zone) for name, parse in dates.items()}
    wrong = tuple(Finding(Problem.BAD_DATE, name) for name in dates if typed[name].strip() and moments[name] is None)
    entry = Entry(
        id=entry_id,
        question=_one_line(typed["question"]),
        answer=typed["answer"].strip(),
        category=_one_line(typed["category"]),
        similar=_lines(typed["similar"]),
        internal_note=typed["internal_note"].strip(),
        visibility=_visibility(typed["visibility"]),
        valid_from=moments["valid_from"],
        valid_until=moments["valid_until"],
        channel_answers=_answers(typed),
        related=_lines(typed["related"]),
    )
    return Written(typed, entry, (*wrong, *problems(entry)))


def filled(entry: Entry, zone: tzinfo) -> Written:
    """The form of an entry as it stands."""
    answers = dict(entry.channel_answers)
    typed = {
        "question": entry.question,
        "category": entry.category,
        "answer": entry.answer,
        "internal_note": entry.internal_note,
        "similar": "\n".join(entry.similar),
        "related": "\n".join(entry.related),
        "visibility": entry.visibility.value,
        "valid_from": "" if entry.valid_from is None else _local(write_from(entry.valid_from, zone)),
        "valid_until": "" if entry.valid_until is None else _local(write_until(entry.valid_until, zone)),
        **{f"answer_{channel}": answers.get(channel, "") for channel in ANSWER_CHANNELS},
    }
    return Written(typed, entry)


def refused(form: Written, finding: Finding) -> Written:
    """The form with one thing more that is wrong with it."""
    return replace(form, findings=(*form.findings, finding))


def _local(moment: str) -> str:
    """A moment as a form's field has it: without the zone, which is the house's own."""
    return moment[:16]


def day(text: str, parse: Callable[[str, tzinfo], int], zone: tzinfo) -> int | None:
    """The moment of a date field; None for an empty one. Raises ValueError."""
    return parse(text.strip(), zone) if text.strip() else None


def _moment(text: str, parse: Callable[[str, tzinfo], int], zone: tzinfo) -> int | None:
    try:
        return day(text, parse, zone)
    except ValueError:
        return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> tuple[str, ...]:
    """The lines that hold something, each once."""
    return tuple(dict.fromkeys(_one_line(line) for line in text.split("\n") if line.strip()))


def _visibility(text: str) -> Visibility:
    return Visibility(text) if text in set(Visibility) else Visibility.PUBLIC


def _answers(typed: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    told = {channel: typed[f"answer_{channel}"].strip() for channel in ANSWER_CHANNELS}
    return tuple((channel, text) for channel, text in told.items() if text)
