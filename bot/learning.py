"""What a decision leaves behind for those who write the entries. Runs in the transaction that records it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.decide import Action, Answer, Clarify, Decision, HandOff, Remark, Say, Silence
from bot.intent import asks, plain, wish
from bot.scene import Scene
from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion, Decided
from knowledgebase.model import Match
from knowledgebase.wording.text import compact
from storage.database import Transaction
from tickets import conversations, desk, parts, tickets
from tickets.model import Agent, Author, Message, MessageKind, Reason, Ticket

# A complaint or a cry for help is for people to answer, whatever question stands in it.
QUESTIONS_HANDED_OVER = frozenset({Reason.NOT_UNDERSTOOD, Reason.NOT_SOLVED})
MOST_MESSAGES = 200
LOOKED_FOR = 10
# So long before its ticket a question may have been asked that the ticket's agent answers.
TALK_MS = 60 * 60 * 1000
REPLIES = frozenset({MessageKind.ANSWER, MessageKind.CLARIFY})


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A question as it was read, and what was found for it, best first."""

    reading: str
    matches: Sequence[Match]


def surest(found: Mapping[str, Sequence[Match]]) -> LookedUp | None:
    """The reading with the surest match, or None if nothing was looked up."""
    if not found:
        return None
    reading = max(found, key=lambda text: found[text][0].confidence if found[text] else 0.0)
    return LookedUp(reading, found[reading])


def keep_question(
    tx: Transaction, scene: Scene, decision: Decision, looked_up: LookedUp, said: Sequence[Message]
) -> None:
    """Keep the question of this scene, if it is one for the knowledge base; said is what we said to it."""
    decided = _decided(scene, decision)
    if decided is None:
        return
    match = _match(decision, looked_up)
    message = scene.message
    asked.keep(
        tx,
        AskedQuestion(
            message_id=message.id,
            conversation_id=message.conversation_id,
            channel=scene.conversation.channel,
            text=_wording(message.text, looked_up.reading),
            decision=decided,
            entry_id=match.entry.id if match else None,
            entry_version=match.entry.version if match else None,
            confidence=looked_up.matches[0].confidence if looked_up.matches else 0.0,
            reply_id=_reply(decided, said),
            asked_at=message.created_at,
        ),
    )


def _reply(decided: Decided, said: Sequence[Message]) -> str | None:
    return next((one.id for one in said if one.kind in REPLIES and decided is not Decided.HANDOFF), None)


def keep_choice(tx: Transaction, scene: Scene, offering: Message, said: Sequence[Message]) -> None:
    """Keep which entry the customer picked from those that the message offering named."""
    pressed = scene.pressed
    if pressed is None or scene.chosen is None or not pressed.action.startswith(Action.ENTRY):
        return
    answer = next((one.id for one in said if one.kind is MessageKind.ANSWER), None)
    asked.choose(tx, offering.id, scene.chosen.id, answer)


def agents_answer(tx: Transaction, question: AskedQuestion) -> str:
    """What agents wrote to the customer after this question, without pleasantries and without answers of entries;
    empty if they wrote nothing of their own."""
    said = conversations.latest(tx, question.conversation_id, MOST_MESSAGES)
    own = [
        one.text
        for one in said
        if one.author is Author.AGENT
        and one.kind is MessageKind.TEXT
        and one.created_at >= question.asked_at
        and not one.trace.get("inserted")
        and wish(plain(one.text)) is None
    ]
    return "\n".join(own)


def answer_from_agents(tx: Transaction, questions: Sequence[AskedQuestion]) -> str:
    """The newest answer that agents gave to one of these questions, looked for in the first LOOKED_FOR of them."""
    answered_first = sorted(questions, key=lambda one: (one.ticket_id is None, -one.asked_at))
    answers = (agents_answer(tx, question) for question in answered_first[:LOOKED_FOR])
    return next((answer for answer in answers if answer), "")


def resolve(tx: Transaction, number: str, agent: Agent, version: int, now: int) -> Ticket:
    """desk.resolve; and what was asked in the talk before it counts as answered by agents, as does what was asked
    before the tickets that were merged into it."""
    ticket = desk.resolve(tx, number, agent, version, now)
    for part in parts.ids(tx, ticket.conversation_id):
        opened = ticket if part == ticket.conversation_id else tickets.newest_of_conversation(tx, part)
        if opened is not None:
            asked.answered_under(tx, part, ticket.id, opened.created_at - TALK_MS)
    return ticket


def _decided(scene: Scene, decision: Decision) -> Decided | None:
    match decision:
        case Answer(rest=HandOff(left_open=(_, *_))):
            return Decided.HANDOFF
        case Answer():
            return Decided.ANSWER
        case Clarify():
            return Decided.CLARIFY
        case HandOff(reason=reason):
            return Decided.HANDOFF if reason in QUESTIONS_HANDED_OVER else None
        case Say(Remark.NOTED) | Silence():
            return Decided.NOTED if asks(scene.message.text) else None
    return None


def _match(decision: Decision, looked_up: LookedUp) -> Match | None:
    """The entry that the decision is about; none where several answered."""
    if isinstance(decision, Answer) and _decided_alone(decision):
        return decision.matches[0] if len(decision.matches) == 1 else None
    return looked_up.matches[0] if looked_up.matches else None


def _decided_alone(decision: Answer) -> bool:
    """Whether the question that is kept is one that was answered, not one that was left open beside it."""
    return not (isinstance(decision.rest, HandOff) and decision.rest.left_open)


def _wording(written: str, reading: str) -> str:
    """The question as the customer spelled it, if that is how it was read, else as it was read."""
    return written if compact(written) == compact(reading) else reading
