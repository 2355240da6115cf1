"""A decision put into words, through templates/replies/. Pure: nothing is looked up and no clock is read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import jinja2

from bot.decide import Action, Answer, Clarify, Decision, HandOff, OfferPerson, Remark, Say, Silence
from bot.markup import Letterhead, Values, as_blocks, is_plain, prepare
from bot.messages import Channel
from bot.moments import Moment
from knowledgebase.authoring.markup import plain
from knowledgebase.authoring.placeholders import Placeholder
from knowledgebase.authoring.tree import Block, Bold, Document, Paragraph, Text
from knowledgebase.model import Entry, Match, Thresholds
from knowledgebase.wording.text import to_traditional
from tickets.model import Author, Draft, MessageKind, Reason

FORM_CONTACT = "contact"
LONGEST_NAMED = 120
NO_LETTERHEAD = Letterhead()
SMALL_TALK = frozenset({
    Remark.GREETING,
    Remark.IDENTITY,
    Remark.THANKS,
    Remark.ACKNOWLEDGEMENT,
    Remark.FAREWELL,
    Remark.SOLVED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """What the words may depend on.

    channel is where they are read. language is 'zh' or 'en'; traditional asks for Traditional characters. ticket and
    due, the promised moment, are there while a person is awaited; overdue says that the promise was not kept.
    contact is the masked phone number or mail address just given; ask_contact says that we know no way to reach the
    customer. related are entries that may be asked for next. names_questions: what the customer asked may be repeated.
    mailed: what a person says will reach the address just given, too.
    """

    language: str = "zh"
    traditional: bool = False
    ticket: str | None = None
    due: Moment | None = None
    overdue: bool = False
    contact: str | None = None
    ask_contact: bool = False
    channel: str = "chat"
    related: tuple[Entry, ...] = ()
    names_questions: bool = True
    mailed: bool = False


@dataclass(frozen=True, slots=True)
class _Speech:
    """The words of a language and what they are said about."""

    words: Any
    context: Context
    thresholds: Thresholds
    letterhead: Letterhead

    def say(self, name: str, *more: object) -> str:
        return str(getattr(self.words, name)(self.context, *more)).strip()

    def in_script(self, text: str) -> str:
        return to_traditional(text) if self.context.traditional else text

    def buttons(self, *actions: Action) -> list[dict[str, str]]:
        return [{"id": action.value, "label": str(self.words.label(action.value)).strip()} for action in actions]

    def trace(self, decision: str, matches: Sequence[Match], **more: object) -> dict[str, Any]:
        """Why this is said, as agents may see it."""
        found = [candidate(match) for match in matches]
        return {"decision": decision, "matches": found, "thresholds": asdict(self.thresholds), **more}


def compose(
    decision: Decision,
    context: Context,
    thresholds: Thresholds,
    templates: jinja2.Environment,
    letterhead: Letterhead = NO_LETTERHEAD,
) -> list[Draft]:
    """The messages that carry out this decision, in the order in which they are sent."""
    words = templates.get_template(f"replies/{context.language}.jinja").module
    drafts = _drafts(decision, _Speech(words, context, thresholds, letterhead))
    return [_in_traditional(draft) for draft in drafts] if context.traditional else drafts


def candidate(match: Match) -> dict[str, Any]:
    """A match as it is kept with a ticket and in a message's trace."""
    return {
        "id": match.entry.id,
        "version": match.entry.version,
        "question": match.entry.question,
        "score": round(match.score, 4),
        "confidence": round(match.confidence, 4),
    }


def _drafts(decision: Decision, speech: _Speech) -> list[Draft]:
    match decision:
        case Answer(matches, rest):
            return _answers(matches, rest, speech)
        case Clarify(candidates):
            return [_clarify("clarify", candidates, speech)]
        case OfferPerson():
            return [_offer_person(speech)]
        case HandOff(reason=reason):
            return [_handoff(f"handoff_{reason}", decision, speech), *_form(speech)]
        case Say(remark):
            return [_remark(remark, speech)]
        case Silence():
            return []


def _answers(matches: Sequence[Match], rest: Clarify | HandOff | Say | None, speech: _Speech) -> list[Draft]:
    """Regret and a person come before an answer, anything else after it."""
    answer = _answer(matches, rest is None, speech)
    match rest:
        case None:
            return [answer]
        case HandOff(reason=Reason.COMPLAINT | Reason.DANGER):
            first, *form = _drafts(rest, speech)
            return [first, answer, *form]
        case HandOff():
            return [answer, _handoff("handoff_rest", rest, speech), *_form(speech)]
        case Clarify(candidates):
            return [answer, _clarify("clarify_rest", candidates, speech)]
        case Say(remark):
            return [answer, _remark(remark, speech)]


def _answer(matches: Sequence[Match], is_all: bool, speech: _Speech) -> Draft:
    by_mail = speech.context.channel == Channel.MAIL
    document = _document([match.entry for match in matches], speech, headed=by_mail and not is_all)
    text = plain(document, speech.letterhead.base)
    asks_if_solved = is_all and not by_mail
    buttons = [*speech.buttons(Action.SOLVED, Action.UNSOLVED), *_related(speech)] if asks_if_solved else []
    blocks = {} if is_plain(document) else {"blocks": as_blocks(document)}
    return _draft(MessageKind.ANSWER, text, speech.trace("answer", matches), actions=buttons, **blocks)


def _related(speech: _Speech) -> list[dict[str, str]]:
    return [{"id": f"{Action.RELATED}{entry.id}", "label": entry.question} for entry in speech.context.related]


def _document(entries: Sequence[Entry], speech: _Speech, headed: bool = False) -> Document:
    """What the entries say; several are told apart by their questions, and headed: so is one alone."""
    channel = speech.context.channel
    answers = [
        prepare(entry.answer_for(channel), speech.letterhead, _values(speech), speech.in_script) for entry in entries
    ]
    if len(entries) == 1:
        heading = Bold((Text(speech.in_script(entries[0].question)),))
        return (Paragraph((heading,), apart=True), *answers[0]) if headed else answers[0]
    told: list[Block] = [Paragraph((Text(speech.say("several", len(entries))),))]
    for number, (entry, answer) in enumerate(zip(entries, answers, strict=True), start=1):
        heading = Bold((Text(speech.in_script(f"{number}. {entry.question}")),))
        told += [Paragraph((heading,), apart=True), *answer]
    return tuple(told)


def _values(speech: _Speech) -> Values:
    """The values of an answer's placeholders that this conversation knows."""
    context = speech.context
    values = {Placeholder.TICKET: context.ticket} if context.ticket else {}
    if context.due and not context.overdue:
        values[Placeholder.PROMISED_TIME] = speech.say("promised_time")
    return values


def _clarify(question: str, candidates: Sequence[Match], speech: _Speech) -> Draft:
    trace = speech.trace("clarify", candidates)
    if not candidates:
        return _draft(MessageKind.CLARIFY, speech.say("rephrase"), trace, actions=speech.buttons(Action.HUMAN))
    entries = [{"id": f"{Action.ENTRY}{match.entry.id}", "label": match.entry.question} for match in candidates]
    return _draft(MessageKind.CLARIFY, speech.say(question), trace, actions=[*entries, *speech.buttons(Action.NONE)])


def _offer_person(speech: _Speech) -> Draft:
    trace = {"decision": "clarify", "offer": Action.HUMAN.value}
    return _draft(MessageKind.CLARIFY, speech.say("offer_person"), trace, actions=speech.buttons(Action.HUMAN))


def _handoff(words: str, decision: HandOff, speech: _Speech) -> Draft:
    trace = speech.trace("handoff", decision.candidates, reason=decision.reason.value)
    if decision.left_open and speech.context.names_questions:
        return _draft(MessageKind.HANDOFF, speech.say("handoff_named", _one_a_line(decision.left_open)), trace)
    return _draft(MessageKind.HANDOFF, speech.say(words), trace)


def _one_a_line(questions: Sequence[str]) -> str:
    return "\n".join(f"· {one if len(one) <= LONGEST_NAMED else one[: LONGEST_NAMED - 1] + '…'}" for one in questions)


def _form(speech: _Speech) -> list[Draft]:
    if not speech.context.ask_contact:
        return []
    return [_draft(MessageKind.NOTICE, speech.say("ask_contact"), {}, form=FORM_CONTACT)]


def _remark(remark: Remark, speech: _Speech) -> Draft:
    kind = MessageKind.SMALL_TALK if remark in SMALL_TALK else MessageKind.NOTICE
    return _draft(kind, speech.say(remark), {"decision": kind.value, "remark": remark.value})


def _draft(kind: MessageKind, text: str, trace: dict[str, Any], **extras: object) -> Draft:
    return Draft(Author.BOT, kind, text, extras=extras, trace=trace)


def _in_traditional(draft: Draft) -> Draft:
    extras = dict(draft.extras or {})
    if "actions" in extras:
        extras["actions"] = [{**one, "label": to_traditional(one["label"])} for one in extras["actions"]]
    return replace(draft, text=to_traditional(draft.text), extras=extras)
