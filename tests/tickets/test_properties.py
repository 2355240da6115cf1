"""What staff say of a ticket and its contact, who is faster, and what is shown before it is done."""

import pytest

from storage.sqlite import SQLiteDatabase
from tests.tickets.scenarios import Scene, at_the_desk, told
from tickets import contacts, events, properties, teams
from tickets.errors import Conflict, NotAllowed, NotFound
from tickets.model import Metric, Priority, TicketEvent
from tickets.properties import Outlook, Properties

OPENED = "Mon 09:00 customer; 09:01 hand over"
URGENT = Properties(Priority.URGENT, None, None)


def newest(scene: Scene, thread: str = "chat") -> TicketEvent:
    return events.of_ticket(scene.tx, scene.ticket(thread).id)[-1]


def readable(outlook: Outlook) -> list[str]:
    return [
        f"{one.metric}: {told(one.before) if one.before else '-'} > {told(one.after) if one.after else '-'}"
        for one in outlook.dues
    ]


async def test_the_record_says_who_changed_what_and_which_promises_moved(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        event = newest(scene)
        detail = event.detail or {}
        assert (event.action, event.actor.agent_id) == ("properties", scene.staff["ming"].id)
        assert detail["changed"] == {"priority": ["normal", "urgent"]}
        assert detail["policy"] == "urgent"
        moved = [(metric, before and told(before), told(after)) for metric, before, after in detail["dues"]]
        assert moved == [("first_response", "Mon 21:00", "Mon 11:00"), ("resolution", None, "Mon 17:00")]

    await at_the_desk(database, f"{OPENED}; 10:30 priority urgent", then)


async def test_what_would_follow_is_told_before_it_is_done_and_is_what_follows(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        number = scene.number("chat")
        foreseen = properties.outlook(scene.tx, number, URGENT, scene.now)
        assert (foreseen.policy, foreseen.other) == ("urgent", True)
        assert readable(foreseen) == ["first_response: Mon 21:00 > Mon 11:00", "resolution: - > Mon 17:00"]
        assert scene.clocks() == ["first_response Mon 21:00"]
        scene.play("priority urgent")
        done = [[one.metric, one.before, one.after] for one in foreseen.dues]
        assert (newest(scene).detail or {})["dues"] == done
        back = properties.outlook(scene.tx, number, Properties(Priority.NORMAL, None, None), scene.now)
        assert readable(back) == ["first_response: Mon 11:00 > Mon 21:00", "resolution: Mon 17:00 > -"]

    await at_the_desk(database, OPENED, then)


async def test_the_outlook_of_a_value_class_and_of_attributes(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        number = scene.number("chat")
        vip = properties.outlook_of_contact(scene.tx, number, "vip", {}, scene.now)
        assert readable(vip)[0] == "first_response: Mon 21:00 > Mon 13:00"
        north = properties.outlook_of_contact(scene.tx, number, None, {"区域": "北区"}, scene.now)
        assert (north.policy, [one.metric for one in north.dues]) == ("north", [Metric.FIRST_RESPONSE])
        same = properties.outlook_of_contact(scene.tx, number, None, {"区域": "南区"}, scene.now)
        assert (same.policy, same.other, same.dues) == ("standard", False, ())

    await at_the_desk(database, OPENED, then)


async def test_a_description_of_the_contact_reaches_all_live_tickets(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        assert scene.clocks() == [
            "first_response Mon 13:00",
            "resolution Tue 09:00",
            "mail first_response Mon 12:00",
            "mail resolution Tue 08:00",
        ]
        for thread in ("chat", "mail"):
            assert newest(scene, thread).action == "contact_described"
            assert (newest(scene, thread).detail or {})["changed"] == {"value_class": [None, "VIP"]}

    await at_the_desk(database, f"Mon 08:00 customer mail; 08:01 hand over mail; {OPENED[4:]}; 09:30 class VIP", then)


async def test_whoever_saw_an_older_ticket_changes_nothing(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        ticket = scene.ticket("chat")
        scene.play("priority high")
        with pytest.raises(Conflict) as conflict:
            properties.change(scene.tx, ticket.number, scene.staff["wu"], ticket.version, URGENT, scene.now)
        assert [(change.kind, change.who) for change in conflict.value.changes] == [("properties", "Ming")]
        assert scene.ticket("chat").priority is Priority.HIGH

    await at_the_desk(database, OPENED, then)


async def test_of_two_descriptions_of_a_contact_the_second_is_shown_the_first(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        number, contact_id = scene.number("chat"), scene.ticket("chat").contact_id
        seen = contacts.get_contact(scene.tx, contact_id).version
        scene.play("class VIP")
        with pytest.raises(Conflict):
            properties.describe_contact(scene.tx, number, scene.staff["wu"], seen, "普通", {}, scene.now)
        assert contacts.get_contact(scene.tx, contact_id).value_class == "VIP"

    await at_the_desk(database, OPENED, then)


async def test_saying_what_is_said_already_changes_and_records_nothing(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        before, count = scene.ticket("chat"), len(events.of_ticket(scene.tx, scene.ticket("chat").id))
        scene.play("priority normal")
        assert scene.ticket("chat") == before
        assert len(events.of_ticket(scene.tx, before.id)) == count

    await at_the_desk(database, OPENED, then)


async def test_a_team_that_is_archived_gets_no_ticket_and_keeps_those_that_it_has(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        scene.tx.change("UPDATE team SET archived_at = 1 WHERE id = :id", {"id": scene.team_id})
        ticket, other = scene.ticket("chat"), scene.ticket("mail")
        kept = Properties(Priority.HIGH, None, scene.team_id)
        properties.change(scene.tx, ticket.number, scene.staff["ming"], ticket.version, kept, scene.now)
        with pytest.raises(NotFound):
            properties.change(scene.tx, other.number, scene.staff["ming"], other.version, kept, scene.now)
        assert teams.names(scene.tx)[scene.team_id] == "夜班"

    happened = f"Mon 08:00 customer mail; 08:01 hand over mail; {OPENED[4:]}; 10:00 team 夜班"
    await at_the_desk(database, happened, then)


async def test_of_a_ticket_that_goes_on_in_another_nothing_is_changed(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        source = scene.ticket("mail")
        with pytest.raises(NotAllowed):
            properties.change(scene.tx, source.number, scene.staff["ming"], source.version, URGENT, scene.now)

    happened = f"Mon 08:00 customer mail; 08:01 hand over mail; {OPENED[4:]}; 10:00 merge mail"
    await at_the_desk(database, happened, then)
