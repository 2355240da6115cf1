"""Statements that each mail takes stay quick when many are kept: they find their rows, and sort none that wait."""

from collections.abc import Callable
from typing import Any

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import Explained
from tickets import contacts
from tickets.mail import inbox, ledger, limits

STATEMENTS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], set[str]]] = {
    "the next mail to read": (inbox.begin, (0,), {"mail_waiting"}),
    "what went to an address": (limits.count, ("desk", "lin@example.cn", 0), {"sent_mail_recipient"}),
    "what we sent by ourselves": (
        limits.automatic,
        ("c1", "desk", "lin@example.cn", 0),
        {"sent_mail_conversation", "sent_mail_recipient"},
    ),
    "what went out within a minute": (limits.sent_lately, ("desk", 0), {"sent_mail_lately"}),
    "the same words again": (limits.incoming, ("m1", (), 0), {"mail_repeated"}),
    "who takes part": (inbox.participants, ("c1",), {"identity_contact", "sent_mail_conversation"}),
    "whether two people are one": (
        contacts.are_one_person,
        ("c1", "c2"),
        {"identity_contact", "conversation_contact", "mail_conversation"},
    ),
    "what the ledger counts": (ledger.tallies, (), {"mail_state", "mail_outcome", "mail_reason"}),
}


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_it_finds_its_rows_by_an_index_of_their_own(database: SQLiteDatabase, statement: str) -> None:
    call, told, indexes = STATEMENTS[statement]

    def plan(tx: Transaction) -> str:
        explained = Explained(tx)
        call(explained, *told)
        return explained.plan

    lines = (await database.write(plan)).splitlines()
    assert indexes <= {word for line in lines for word in line.split()}
    if statement == "what we sent by ourselves":
        assert not any("sent_mail_mailbox" in line for line in lines)
