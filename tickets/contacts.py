"""Who writes to us, known by an address on a channel."""

import json
from collections.abc import Mapping

from storage.database import Row, Transaction, first, new_id
from tickets import events
from tickets.contact_details import ContactDetails
from tickets.errors import NotFound
from tickets.model import CONTACT, LIVE, Contact, Status, TicketEvent


def identify(tx: Transaction, channel: str, address: str, now: int) -> Contact:
    """The contact behind this address on this channel; a new one the first time."""
    known = find(tx, channel, address)
    if known is not None:
        return known
    contact = Contact(new_id(), None, None, None, None, now)
    tx.change("INSERT INTO contact (id, created_at) VALUES (:id, :created_at)", {"id": contact.id, "created_at": now})
    tx.change(
        """
        INSERT INTO identity (id, contact_id, channel, address, created_at)
        VALUES (:id, :contact_id, :channel, :address, :created_at)
        """,
        {"id": new_id(), "contact_id": contact.id, "channel": channel, "address": address, "created_at": now},
    )
    return contact


def learn_name(tx: Transaction, contact_id: str, name: str) -> None:
    """Keep what a contact is called, if no name is known yet."""
    tx.change("UPDATE contact SET name = :name WHERE id = :id AND name IS NULL", {"name": name, "id": contact_id})


def get_contact(tx: Transaction, contact_id: str) -> Contact:
    """The contact. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT id, name, phone, email, contact_refused_at, created_at, value_class, attributes_json, version
            FROM contact WHERE id = :id
            """,
            {"id": contact_id},
        )
    )
    if row is None:
        raise NotFound(f"no contact {contact_id}")
    return _contact(row)


_KEEP_DETAILS = {
    "phone": "UPDATE contact SET phone = :value, contact_refused_at = NULL WHERE id = :id",
    "email": "UPDATE contact SET email = :value, contact_refused_at = NULL WHERE id = :id",
}


def save_details(tx: Transaction, contact_id: str, details: ContactDetails, now: int) -> Contact:
    """Keep how the contact can be reached, over what was known before and over an earlier refusal."""
    tx.change(_KEEP_DETAILS[details.kind], {"value": details.value, "id": contact_id})
    _tell_tickets(tx, contact_id, "details_given", now)
    return get_contact(tx, contact_id)


def refuse_details(tx: Transaction, contact_id: str, now: int) -> None:
    """Keep that the contact does not want to be reached any other way than here."""
    tx.change("UPDATE contact SET contact_refused_at = :now WHERE id = :id", {"now": now, "id": contact_id})
    _tell_tickets(tx, contact_id, "details_refused", now)


def describe(
    tx: Transaction, contact_id: str, seen_version: int, value_class: str | None, attributes: Mapping[str, str]
) -> bool:
    """Keep what staff say of the contact; False, and nothing done, if somebody has said something else meanwhile."""
    changed = tx.change(
        """
        UPDATE contact SET value_class = :value_class, attributes_json = :attributes, version = version + 1
        WHERE id = :id AND version = :seen_version
        """,
        {
            "value_class": value_class,
            "attributes": json.dumps(dict(attributes), ensure_ascii=False),
            "id": contact_id,
            "seen_version": seen_version,
        },
    )
    return changed == 1


def are_one_person(tx: Transaction, contact_id: str, other_id: str) -> bool:
    """Whether two contacts are proved to be one person: in a conversation of the one, a mail is proved to come from an
    address by which the other is known. What somebody typed proves nothing."""
    if contact_id == other_id:
        return True
    return bool(
        tx.execute(
            """
            SELECT 1 AS found
            FROM identity i JOIN conversation v ON v.contact_id = :other JOIN mail m ON m.conversation_id = v.id
            WHERE i.contact_id = :one AND i.channel = 'mail' AND m.authenticity = 'aligned'
                AND LOWER(m.from_address) = LOWER(i.address)
            UNION ALL
            SELECT 1 AS found
            FROM identity i JOIN conversation v ON v.contact_id = :one JOIN mail m ON m.conversation_id = v.id
            WHERE i.contact_id = :other AND i.channel = 'mail' AND m.authenticity = 'aligned'
                AND LOWER(m.from_address) = LOWER(i.address)
            LIMIT 1
            """,
            {"one": contact_id, "other": other_id},
        )
    )


def _tell_tickets(tx: Transaction, contact_id: str, action: str, now: int) -> None:
    rows = tx.execute(
        "SELECT id, number, status, conversation_id FROM ticket WHERE contact_id = :contact_id",
        {"contact_id": contact_id},
    )
    for row in rows:
        if (status := Status(row["status"])) in LIVE:
            events.record(tx, row["id"], [TicketEvent(CONTACT, action, status, status, now)])
            tx.notify("queue", row["number"])
            tx.notify("conversation", row["conversation_id"])


def find(tx: Transaction, channel: str, address: str) -> Contact | None:
    """The contact behind this address on this channel, or None."""
    row = first(
        tx.execute(
            """
            SELECT c.id, c.name, c.phone, c.email, c.contact_refused_at, c.created_at, c.value_class,
                c.attributes_json, c.version
            FROM identity i JOIN contact c ON c.id = i.contact_id
            WHERE i.channel = :channel AND i.address = :address
            """,
            {"channel": channel, "address": address},
        )
    )
    return None if row is None else _contact(row)


def _contact(row: Row) -> Contact:
    attributes = json.loads(row.pop("attributes_json"))
    return Contact(**row, attributes=tuple(sorted(attributes.items())))
