"""A message that came by mail: what a decision about it depends on, and what is posted in answer."""

from collections.abc import Mapping, Sequence

import jinja2

from bot.decide import Answer, Decision, HandOff
from bot.intent import Wish, says_solved, wish
from bot.learning import LookedUp, surest
from bot.mail.asking import MailAsked, read_mail
from bot.mail.deciding import MailSituation
from bot.mail.letters.writing import subject_for
from bot.mail.postman import Posting, PostKind, answers_its_sender, is_verified
from bot.scene import Scene, answered_entries, language, latest_of_ours, mail_subject, traditional, unsolved
from knowledgebase.model import Match
from storage.database import Transaction
from tickets import events, tickets
from tickets.model import BOT, Author, Message, MessageKind, TicketEvent


def situate_mail(scene: Scene) -> MailSituation:
    """The scene as the decision about a mail sees it; its subject counts where it begins something."""
    asked = asked_by(scene)
    return MailSituation(
        asked=asked,
        wish=wish(asked.said) if asked.said else None,
        solved=_says_solved(asked),
        replied=latest_of_ours(scene.history) is not None,
        waiting=scene.waiting,
        unsolved=unsolved(scene.history),
        now=scene.now,
    )


def asked_by(scene: Scene) -> MailAsked:
    """What the mail of this scene asks."""
    begins = all(one.author is not Author.CONTACT for one in scene.history)
    return read_mail(mail_subject(scene) if begins else "", scene.message.text)


def feedback(scene: Scene) -> tuple[Message, bool] | None:
    """The answer of ours that this mail replies to, and whether it helped; None if it says neither."""
    answer = latest_of_ours(scene.history)
    if answer is None or scene.silent or not answered_entries(answer):
        return None
    situation = situate_mail(scene)
    if situation.content:
        return answer, False
    return (answer, True) if situation.solved or situation.wish is Wish.THANKS or situation.asked.polite else None


def told_about(scene: Scene, decision: Decision, found: Mapping[str, Sequence[Match]]) -> LookedUp | None:
    """What of the mail is kept for editors: the first question that was left open, else the one we are surest of."""
    left = decision.rest.left_open if isinstance(decision, Answer) and isinstance(decision.rest, HandOff) else ()
    for question in asked_by(scene).questions:
        if question.wording in left:
            return surest({text: found.get(text, ()) for text in question.readings})
    return surest(found)


def may_be_told(scene: Scene) -> bool:
    """Whether a reply may name the ticket: the sender is proved, or nobody wrote here before."""
    return is_verified(scene.message) or all(one.author is not Author.CONTACT for one in scene.history)


def posting(scene: Scene, said: Sequence[Message], ticket: str | None, templates: jinja2.Environment) -> Posting:
    """The mail that carries what the bot said."""
    proved = answers_its_sender(scene.message)
    kind = PostKind.ANSWER if any(one.kind is MessageKind.ANSWER for one in said) else PostKind.ACKNOWLEDGEMENT
    tongue = letter_language(scene)
    return Posting(
        conversation=scene.conversation,
        contact=scene.contact,
        about=scene.message,
        said=tuple(said),
        kind=kind,
        automatic=True,
        language=tongue,
        subject=subject_for(mail_subject(scene) if proved else None, ticket, tongue, templates),
        quotes=proved,
    )


def letter_language(scene: Scene) -> str:
    """'en', 'zh-TW' or 'zh': in which the customer writes."""
    if language(scene) == "en":
        return "en"
    return "zh-TW" if traditional(scene) else "zh"


def keep_silence(tx: Transaction, scene: Scene, reason: str, now: int) -> None:
    """Keep with the ticket why nothing was said."""
    ticket = tickets.live_of_conversation(tx, scene.conversation.id)
    if ticket is not None:
        told = TicketEvent(BOT, "not_answered", ticket.status, ticket.status, now, {"reason": reason})
        events.record(tx, ticket.id, [told])


def _says_solved(asked: MailAsked) -> bool:
    return any(says_solved(line) for line in asked.said.split("\n"))
