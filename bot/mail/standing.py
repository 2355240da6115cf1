"""May this mail be answered by a machine? docs/mail.md says in words what stands here. Pure.

Sources: RFC 3834 (automatic answers), RFC 5436 (auto-notified), RFC 2919 and 2369 (lists), and what providers send that
keep to none of them.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.letters.subjects import without_prefixes
from bot.mail.model import Mail

LOOP_HEADER = "x-yingsheng-loop"
MOST_HOPS = 50
LONGEST_READ = 300


class Rule(StrEnum):
    """Why a mail gets no automatic answer, in the order in which the rules are asked; the first that holds counts.

    From SUPPRESS on they are soft: a person wrote, a person answers, only the bot is silent.
    """

    LOOP = "loop"
    NULL_SENDER = "null_sender"
    BOUNCE = "bounce"
    DISPOSITION = "disposition"
    COMPLAINT = "complaint"
    AUTO_SUBMITTED = "auto_submitted"
    PRECEDENCE = "precedence"
    LIST = "list"
    VENDOR = "vendor"
    DAEMON = "daemon"
    OWN_ADDRESS = "own_address"
    SUBJECT = "subject"
    SUPPRESS = "suppress"
    UNSUBSCRIBE = "unsubscribe"
    NO_REPLY = "no_reply"
    ANSWERS_AUTOMATIC = "answers_automatic"
    NOT_FOR_US = "not_for_us"
    NONE = "none"


SOFT = frozenset({Rule.SUPPRESS, Rule.UNSUBSCRIBE, Rule.NO_REPLY, Rule.ANSWERS_AUTOMATIC, Rule.NOT_FOR_US})
_REPORTS = {
    "delivery-status": Rule.BOUNCE,
    "disposition-notification": Rule.DISPOSITION,
    "feedback-report": Rule.COMPLAINT,
}
_AUTOMATIC = frozenset({Rule.NULL_SENDER, Rule.AUTO_SUBMITTED, Rule.VENDOR, Rule.SUBJECT})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mail stands to an automatic answer. reason: the first rule that held, NONE if none did.

    must_not_answer: no machine may answer it. suppressed: written by a person, yet the bot is silent; a ticket as ever.
    own_mail: from an address of ours. loop: one of our automatic mails came back, or it went round and round.
    not_for_us: no address of ours is in To or Cc.
    """

    reason: Rule = Rule.NONE
    is_auto_reply: bool = False
    is_bounce: bool = False
    is_list: bool = False
    must_not_answer: bool = False
    suppressed: bool = False
    own_mail: bool = False
    loop: bool = False
    not_for_us: bool = False

    @property
    def bot_may_answer(self) -> bool:
        """Whether the bot may write back at all."""
        return not (self.must_not_answer or self.suppressed)


def judge(mail: Mail, own: Collection[str] = ()) -> Standing:
    """How this mail stands. own: the addresses of our mailboxes; without them nothing is ours and all is for us."""
    ours = frozenset(_bare(address) for address in own)
    held = [rule for rule, holds in _RULES.items() if holds(mail, ours)]
    reason = held[0] if held else Rule.NONE
    report = next((rule for rule in held if rule in _REPORTS.values()), None)
    return Standing(
        reason=reason,
        is_auto_reply=_is_automatic(held, report),
        is_bounce=report is Rule.BOUNCE,
        is_list=Rule.LIST in held,
        must_not_answer=any(rule not in SOFT for rule in held),
        suppressed=any(rule in SOFT for rule in held),
        own_mail=Rule.OWN_ADDRESS in held,
        loop=Rule.LOOP in held,
        not_for_us=Rule.NOT_FOR_US in held,
    )


def _is_automatic(held: Collection[Rule], report: Rule | None) -> bool:
    """A machine wrote it; reports of machines have names of their own."""
    return report is None and any(rule in _AUTOMATIC for rule in held)


def _went_in_circles(mail: Mail, ours: frozenset[str]) -> bool:
    """Our mark, too many hops, or a bulk mail with a Message-ID of our own making."""
    if mail.first(LOOP_HEADER) is not None or len(mail.headers.get("received", ())) > MOST_HOPS:
        return True
    domains = {address.rpartition("@")[2] for address in ours}
    bulk = any(_word(value) == "bulk" for value in mail.headers.get("precedence", ()))
    return bulk and (mail.message_id or "").rpartition("@")[2].lower() in domains


def _has_null_sender(mail: Mail, ours: frozenset[str]) -> bool:
    return mail.return_path == ""


def _is_report(rule: Rule) -> Callable[[Mail, frozenset[str]], bool]:
    return lambda mail, ours: _REPORTS.get((mail.report_type or "").lower()) is rule


def _is_auto_submitted(mail: Mail, ours: frozenset[str]) -> bool:
    return any(_word(value) not in ("", "no") for value in mail.headers.get("auto-submitted", ()))


_PRECEDENCES = frozenset({"bulk", "list", "junk", "auto_reply", "auto-reply"})


def _is_bulk(mail: Mail, ours: frozenset[str]) -> bool:
    values = (*mail.headers.get("precedence", ()), *mail.headers.get("x-precedence", ()))
    return any(_word(value) in _PRECEDENCES for value in values)


_LIST_HEADERS = ("list-id", "list-post", "list-help", "x-mailing-list", "x-beenthere", "mailing-list")


def _is_list(mail: Mail, ours: frozenset[str]) -> bool:
    named = (*mail.headers.get("precedence", ()), *mail.headers.get("x-precedence", ()))
    return any(name in mail.headers for name in _LIST_HEADERS) or any(_word(value) == "list" for value in named)


# The family, whoever spelled it; X-Auto-Response-Suppress asks for silence and says nothing of its own mail.
_RESPONDER = re.compile(r"x-(?:mail-)?auto-?(?:re(?:ply|spon)|generated)(?!.*suppress)")
_PRESENT = ("x-cron-env", "x-fc-machinegenerated", "x-ms-exchange-inbox-rules-loop")
_SAYING = {
    "x-loop": ("yes", "true"),
    "x-apple-action": ("vacation",),
    "x-amazon-mail-relay-type": ("notification",),
    "delivered-to": ("autoresponder",),
}
_DENIED = ("no", "false", "0")


def _is_from_responder(mail: Mail, ours: frozenset[str]) -> bool:
    if any(name in mail.headers for name in _PRESENT):
        return True
    if any(_word(value) in said for name, said in _SAYING.items() for value in mail.headers.get(name, ())):
        return True
    return any(
        _word(value) not in _DENIED
        for name, values in mail.headers.items()
        if name.startswith("x-") and _RESPONDER.match(name[:LONGEST_READ])
        for value in values
    )


_DAEMONS = re.compile(
    r"(?:mail(?:er)?-?daemon|postmaster|mdaemon|bounces?|majordomo|listserv|bounces?[-+=][^@]*|[^@]*-bounces?(?:\+[^@]*)?)@"
)
_NO_REPLIES = re.compile(
    r"(?:no-?_?reply|do-?_?not-?_?reply|noreply|donotreply|abuse|root|owner-[^@]*|[^@]*-request|no-?_?reply[-+_.][^@]*)@"
)


def _is_from_daemon(mail: Mail, ours: frozenset[str]) -> bool:
    return any(_DAEMONS.match(box.address[:LONGEST_READ]) for box in mail.senders)


def is_machine(address: str) -> bool:
    """Whether nobody reads what is sent to this address, going by its name."""
    told = address.lower()[:LONGEST_READ]
    return bool(_DAEMONS.match(told) or _NO_REPLIES.match(told))


def _is_from_us(mail: Mail, ours: frozenset[str]) -> bool:
    writers = (*mail.senders, *((mail.sender,) if mail.sender else ()))
    return any(_bare(box.address) in ours for box in writers)


_MARKS = (
    r"auto(?:matic)?[- ]?(?:reply|response|respons|answer|responder)"
    r"|out of (?:the )?office(?: (?:auto)?-?reply)?"
    r"|vacation (?:auto)?-?reply"
    r"|abwesenheitsnotiz|abwesenheitsassistent|automatische (?:antwort|abwesenheit)"
    r"|réponse automatique|respuesta automática|resposta automática|risposta automatica"
    r"|automatisch antwoord|autosvar|automatiskt? svar|automaattinen vastaus|odpowiedź automatyczna"
    r"|(?:外出|休假|假期|离开办公室|休假中)?自动(?:回复|答复|应答)(?:邮件)?|(?:外出|休假)?自動(?:回覆|回復|答覆|回應|応答|返信)"
    r"|(?:来自|來自)[^:：]{1,60}的(?:自动(?:回复|答复)|自動(?:回覆|回應))"
)
_AUTOMATIC_SUBJECT = re.compile(
    rf"auto[:：]|[\[【(（]\s?(?:{_MARKS})\s?[\]】)）]"
    rf"|(?:{_MARKS})\s*(?:$|[:：\-–—~(（【\[]|(?:re|fw|fwd|回复|答复|回覆|答覆|转发)\s?[:：])",
    re.IGNORECASE,
)


def is_called_automatic(subject: str) -> bool:
    """Whether a subject begins as responders begin theirs."""
    return _AUTOMATIC_SUBJECT.match(" ".join(subject[:LONGEST_READ].split())) is not None


def _is_called_automatic(mail: Mail, ours: frozenset[str]) -> bool:
    return is_called_automatic(mail.subject)


def _answers_what_is_called_automatic(mail: Mail, ours: frozenset[str]) -> bool:
    """Re: 自动回复: … is mostly a person who answers a machine, and sometimes a machine."""
    return _AUTOMATIC_SUBJECT.match(without_prefixes(mail.subject[:LONGEST_READ])) is not None


def _asks_for_silence(mail: Mail, ours: frozenset[str]) -> bool:
    asked = ",".join(mail.headers.get("x-auto-response-suppress", ())).lower()
    return any(word.strip() in ("all", "autoreply", "oof") for word in asked.split(","))


def _can_be_unsubscribed(mail: Mail, ours: frozenset[str]) -> bool:
    return "list-unsubscribe" in mail.headers


def _wants_no_reply(mail: Mail, ours: frozenset[str]) -> bool:
    return any(_NO_REPLIES.match(box.address[:LONGEST_READ]) for box in mail.senders)


def _is_not_for_us(mail: Mail, ours: frozenset[str]) -> bool:
    """Nobody of us is named in To or Cc: a blind copy. Not asked where our addresses are not known."""
    return bool(ours) and not any(_bare(box.address) in ours for box in (*mail.to, *mail.cc))


def _bare(address: str) -> str:
    """An address without its +tag, lower-case."""
    local, at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _word(value: str) -> str:
    """A header's first word, lower-case, without comment and parameters: 'auto-replied (vacation)' is auto-replied."""
    told = value[:LONGEST_READ].strip().lower()
    if told.startswith("("):
        told = told.partition(")")[2].strip()
    return told.partition(";")[0].partition("(")[0].partition(",")[0].strip()


_RULES: dict[Rule, Callable[[Mail, frozenset[str]], bool]] = {
    Rule.LOOP: _went_in_circles,
    Rule.NULL_SENDER: _has_null_sender,
    Rule.BOUNCE: _is_report(Rule.BOUNCE),
    Rule.DISPOSITION: _is_report(Rule.DISPOSITION),
    Rule.COMPLAINT: _is_report(Rule.COMPLAINT),
    Rule.AUTO_SUBMITTED: _is_auto_submitted,
    Rule.PRECEDENCE: _is_bulk,
    Rule.LIST: _is_list,
    Rule.VENDOR: _is_from_responder,
    Rule.DAEMON: _is_from_daemon,
    Rule.OWN_ADDRESS: _is_from_us,
    Rule.SUBJECT: _is_called_automatic,
    Rule.SUPPRESS: _asks_for_silence,
    Rule.UNSUBSCRIBE: _can_be_unsubscribed,
    Rule.NO_REPLY: _wants_no_reply,
    Rule.ANSWERS_AUTOMATIC: _answers_what_is_called_automatic,
    Rule.NOT_FOR_US: _is_not_for_us,
}
