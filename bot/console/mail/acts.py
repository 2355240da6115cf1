"""What supervisors do to a mail: each a POST that compares with what they saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aiohttp import web

from bot.console.access import Handler, is_fetch, read_form
from bot.console.knowledge.numbers import whole
from bot.console.mail.letters import allowed_row
from bot.console.render import problem, say_for
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import tickets
from tickets.errors import NotFound
from tickets.mail import inbox, sent
from tickets.mail.inbox import Outcome, State, Wish
from tickets.mail.ledger import LedgerRow


async def retry(request: web.Request) -> web.StreamResponse:
    """POST …/tickets/{number}/letters/{sent}/retry: send a mail of ours once more that did not arrive."""
    number, now = request.match_info["number"], request.config_dict[CLOCK]()
    await read_form(request)
    if not await request.config_dict[DATABASE].write(_retry, number, request.match_info["sent"], now):
        return problem(request, 409, "mail_moved")
    if is_fetch(request):
        return web.json_response({"text": say_for(request)("done.mail_retried"), "undo": None})
    return web.Response(status=303, headers={"Location": f"/console/tickets/{number}?done=mail_retried"})


def _retry(tx: Transaction, number: str, sent_id: str, now: int) -> bool:
    """False if the mail is not of this ticket, or does not rest any more."""
    ticket, mail = tickets.by_number(tx, number), sent.get(tx, sent_id)
    if mail is None or mail.conversation_id != ticket.conversation_id:
        raise NotFound(f"no mail {sent_id} of ticket {number}")
    return sent.retry(tx, sent_id, now)


@dataclass(frozen=True, slots=True)
class MailAct:
    """One act: what it does to a mail that was last seen after so many attempts (False if that moved on), the mails
    that it is for, and what it says."""

    perform: Callable[[Transaction, str, int, int], bool]
    suits: Callable[[LedgerRow], bool]
    done: str


RELEASE, TICKET = partial(inbox.replay, wish=Wish.RELEASE), partial(inbox.replay, wish=Wish.TICKET)
ACTS = {
    "release": MailAct(
        partial(inbox.replay, wish=Wish.RELEASE), lambda row: row.outcome == Outcome.SPOOF, "mail_released"
    ),
    "open-ticket": MailAct(
        partial(inbox.replay, wish=Wish.TICKET), lambda row: row.said_id is None, "mail_ticket_opened"
    ),
    "read-again": MailAct(inbox.replay, lambda row: True, "mail_read_again"),
    "done": MailAct(inbox.done_with, lambda row: row.state is State.QUARANTINED, "mail_done"),
}


def possible(row: LedgerRow) -> Sequence[str]:
    """The acts that this mail allows as it is."""
    return [name for name, act in ACTS.items() if row.state is not State.WAITING and act.suits(row)]


def doing(act: MailAct) -> Handler:
    """The handler of one act."""

    async def do(request: web.Request) -> web.StreamResponse:
        row, seen = await allowed_row(request), whole((await read_form(request)).get("seen"))
        now = request.config_dict[CLOCK]()
        if seen is None or not await request.config_dict[DATABASE].write(act.perform, row.id, seen, now):
            return problem(request, 409, "mail_moved")
        if is_fetch(request):
            return web.json_response({"text": say_for(request)(f"done.{act.done}")})
        return web.Response(status=303, headers={"Location": f"/console/mail/{quote(row.id, safe='')}?done={act.done}"})

    return do
