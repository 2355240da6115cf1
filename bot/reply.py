"""A decision put into words, through templates/replies/. Pure: nothing is looked up and no clock is read."""

from dataclasses import asdict, dataclass
from typing import Any

import jinja2

from bot.decide import Action, Answer, Clarify, Decision, HandOff, Limits, OfferPerson, Remark, Say
from bot.moments import Moment
from knowledgebase.model import Entry, Match
from knowledgebase.text import to_traditional
from tickets.model import Author, Draft, MessageKind

FORM_CONTACT = "contact"
NOTICES = frozenset({Remark.NOTED, Remark.CONTACT_SAVED, Remark.CONTACT_REFUSED})


@dataclass(frozen=True, slots=True)
class Context:
    """What the words may depend on. due is the promised moment of the ticket, if there is one; contact is the
    masked phone number or mail address just given; ask_contact says that we know no way to reach the person."""

    language: str = "zh"
    traditional: bool = False
    ticket: str | None = None
    due: Moment | None = None
    overdue: bool = False
    contact: str | None = None
    ask_contact: bool = False


def compose(decision: Decision, context: Context, limits: Limits, templates: jinja2.Environment) -> list[Draft]:
    """The messages that carry out this decision, in the order in which they are sent."""
    words: Any = templates.get_template(f"replies/{context.language}.jinja").module
    drafts = list(_drafts(decision, context, limits, words))
    return [_in_script(draft, context) for draft in drafts]


def _drafts(decision: Decision, context: Context, limits: Limits, words: Any) -> list[Draft]:
    match decision:
        case Answer(matches, rest):
            answer = _answer(matches, rest is None, context, limits, words)
            return [answer] if rest is None else [answer, *_rest(rest, context, limits, words)]
        case Clarify(candidates):
            return [_clarify(words.clarify(context), candidates, context, limits, words)]
        case OfferPerson():
            actions = _actions(words, Action.HUMAN)
            return [_draft(MessageKind.CLARIFY, words.offer_person(context), {"actions": actions})]
        case HandOff():
            return _handoff(decision, context, limits, words)
        case Say(remark):
            kind = MessageKind.NOTICE if remark in NOTICES else MessageKind.SMALL_TALK
            return [_draft(kind, getattr(words, remark)(context))]


def _answer(matches: tuple[Match, ...], last: bool, context: Context, limits: Limits, words: Any) -> Draft:
    entries: list[Entry] = [match.entry for match in matches]
    actions = _actions(words, Action.SOLVED, Action.UNSOLVED) if last else []
    trace = {"entries": [candidate(match) for match in matches], "thresholds": asdict(limits.thresholds)}
    return _draft(MessageKind.ANSWER, words.answer(context, entries), {"actions": actions}, trace)


def _rest(rest: Clarify | HandOff, context: Context, limits: Limits, words: Any) -> list[Draft]:
    if isinstance(rest, HandOff):
        return _handoff(rest, context, limits, words)
    return [_clarify(words.clarify_rest(context), rest.candidates, context, limits, words)]


def _clarify(question: str, candidates: tuple[Match, ...], context: Context, limits: Limits, words: Any) -> Draft:
    if not candidates:
        return _draft(MessageKind.CLARIFY, words.rephrase(context), {"actions": _actions(words, Action.HUMAN)})
    actions = [{"id": f"{Action.ENTRY}{match.entry.id}", "label": match.entry.question} for match in candidates]
    actions += _actions(words, Action.NONE)
    trace = {
        "candidates": [candidate(match) for match in candidates],
        "thresholds": asdict(limits.thresholds),
    }
    return _draft(MessageKind.CLARIFY, question, {"actions": actions}, trace)


def _handoff(decision: HandOff, context: Context, limits: Limits, words: Any) -> list[Draft]:
    text = getattr(words, f"handoff_{decision.reason}")(context)
    trace = {
        "reason": decision.reason,
        "candidates": [candidate(match) for match in decision.candidates],
        "thresholds": asdict(limits.thresholds),
    }
    drafts = [_draft(MessageKind.HANDOFF, text, None, trace)]
    if context.ask_contact:
        drafts.append(_draft(MessageKind.NOTICE, words.ask_contact(context), {"form": FORM_CONTACT}))
    return drafts


def _actions(words: Any, *actions: Action) -> list[dict[str, str]]:
    return [{"id": action.value, "label": str(words.label(action.value))} for action in actions]


def candidate(match: Match) -> dict[str, Any]:
    """A match as it is kept with a ticket and in a message's trace."""
    return {
        "entry": match.entry.id,
        "version": match.entry.version,
        "question": match.entry.question,
        "score": round(match.score, 4),
        "confidence": round(match.confidence, 4),
    }


def _draft(
    kind: MessageKind, text: str, extras: dict[str, Any] | None = None, trace: dict[str, Any] | None = None
) -> Draft:
    return Draft(Author.BOT, kind, str(text).strip(), extras=extras, trace=trace)


def _in_script(draft: Draft, context: Context) -> Draft:
    """The draft in the customer's own script."""
    if not context.traditional:
        return draft
    extras = dict(draft.extras or {})
    if "actions" in extras:
        extras["actions"] = [{**one, "label": to_traditional(one["label"])} for one in extras["actions"]]
    return Draft(draft.author, draft.kind, to_traditional(draft.text), extras=extras, trace=draft.trace)
