"""Messages to people as rows: one to each recipient by each way, which tells of one or more alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from storage import outbox
from storage.database import Transaction, new_id
from tickets.alerts import EVERYONE, Addressing
from tickets.contact_details import mask
from tickets.escalation.people import Person
from tickets.escalation.ways import Way, Ways


class NoticeState(StrEnum):
    """What became of a notice. UNKNOWN: it may have arrived, or is under way; WITHDRAWN: nobody needs it any more;
    ABSENT: nobody was there to see it, as without an open page of the console."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    ABSENT = "absent"


class Purpose(StrEnum):
    """What a notice is about; the words for each are in templates/alerts/."""

    ALERTS = "alerts"
    MAILBOX = "mailbox"
    MAILBOX_BUSY = "mailbox_busy"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a way reaches: what its transport addresses, who that is, and the phones of people to be named."""

    way: Way
    recipient: str
    agent_id: str | None
    mentions: tuple[str, ...] = ()


@dataclass(slots=True)
class Bundle:
    """What one addressee is told at once."""

    addressee: Addressee
    alert_ids: list[str] = field(default_factory=list)
    mentions: dict[str, None] = field(default_factory=dict)


def addressees(ways: Ways, names: Iterable[str], people: Sequence[Person]) -> list[Addressee]:
    """Everyone that these people are reached by with these ways, each once; names that are not set up reach nobody."""
    found = [one for name in names if (way := ways.get(name)) is not None for one in _reached(way, people)]
    each: dict[tuple[str, str], Addressee] = {}
    for one in found:
        each.setdefault((one.way.name, one.recipient.casefold()), one)
    return list(each.values())


def tell_of(tx: Transaction, bundles: Sequence[Bundle], now: int) -> None:
    """Queue the bundles. What waits for the same addressee and was not tried yet takes them in, as far as one message
    may name them, so that a storm becomes a few messages that name everything."""
    for bundle in bundles:
        most, ids = bundle.addressee.way.transport.most_alerts, bundle.alert_ids
        waiting = _joinable(tx, bundle.addressee)
        if waiting is not None:
            room = max(0, most - waiting[1])
            _name(tx, waiting[0], ids[:room])
            _mention(tx, waiting[0], list(bundle.mentions) if room else [])
            ids = ids[room:]
        for start in range(0, len(ids), most):
            facts = {"mentions": list(bundle.mentions)}
            _name(tx, queue(tx, bundle.addressee, Purpose.ALERTS, facts, now), ids[start : start + most])


def queue(
    tx: Transaction,
    addressee: Addressee,
    purpose: Purpose,
    facts: dict[str, Any],
    now: int,
    notice_id: str | None = None,
) -> str:
    """One message to one addressee; returns its id. With the id of one that was queued before nothing happens."""
    notice_id = notice_id or new_id()
    added = tx.change(
        """
        INSERT INTO notice (id, transport, recipient, agent_id, state, attempts, created_at, tried_at, sent_at,
            finished_at, reference, code, error)
        VALUES (:id, :transport, :recipient, :agent_id, 'queued', 0, :now, NULL, NULL, NULL, '', '', '')
        ON CONFLICT (id) DO NOTHING
        """,
        {
            "id": notice_id,
            "transport": addressee.way.name,
            "recipient": addressee.recipient,
            "agent_id": addressee.agent_id,
            "now": now,
        },
    )
    if added:
        payload = {"notice_id": notice_id, "purpose": purpose, "mentions": list(addressee.mentions), **facts}
        topic = addressee.way.test_topic if purpose is Purpose.TEST else addressee.way.topic
        outbox.enqueue(tx, topic, notice_key(notice_id), payload, now)
    return notice_id


def shown(recipient: str) -> str:
    """A recipient as pages show it: an address without its middle; EVERYONE and agents' ids give nothing away."""
    return mask(recipient) if _is_address(recipient) else recipient


def notice_key(notice_id: str) -> str:
    """The outbox key of a notice."""
    return f"notice:{notice_id}"


def _is_address(recipient: str) -> bool:
    return "@" in recipient or recipient.startswith("+")


def _reached(way: Way, people: Sequence[Person]) -> list[Addressee]:
    if way.transport.addressing is Addressing.EVERYONE:
        return [Addressee(way, EVERYONE, None, tuple(dict.fromkeys(one.phone for one in people if one.phone)))]
    found = [(person, person.address(way.transport.addressing)) for person in people]
    return [Addressee(way, address, person.agent_id) for person, address in found if address]


def _joinable(tx: Transaction, addressee: Addressee) -> tuple[str, int] | None:
    """The newest notice to this addressee that no attempt was made for yet, with how many alerts it names."""
    found = tx.execute(
        """
        SELECT n.id, COUNT(x.alert_id) AS named
        FROM notice n JOIN notice_alert x ON x.notice_id = n.id
        WHERE n.transport = :transport AND n.recipient = :recipient AND n.state = 'queued' AND n.tried_at IS NULL
        GROUP BY n.id ORDER BY n.id DESC LIMIT 1
        """,
        {"transport": addressee.way.name, "recipient": addressee.recipient},
    )
    return (found[0]["id"], int(found[0]["named"])) if found else None


def _mention(tx: Transaction, notice_id: str, phones: Sequence[str]) -> None:
    """Whoever is responsible for what joins a notice is named in it beside those who are for the rest."""
    if phones:
        outbox.amend(
            tx,
            notice_key(notice_id),
            lambda told: {**told, "mentions": list(dict.fromkeys((*told["mentions"], *phones)))},
        )


def _name(tx: Transaction, notice_id: str, alert_ids: Sequence[str]) -> None:
    tx.change_all(
        """
        INSERT INTO notice_alert (notice_id, alert_id) VALUES (:notice_id, :alert_id)
        ON CONFLICT (notice_id, alert_id) DO NOTHING
        """,
        [{"notice_id": notice_id, "alert_id": one} for one in alert_ids],
    )
