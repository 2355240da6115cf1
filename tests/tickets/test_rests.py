"""What a chain does when its clock stood still or was reckoned anew: what was raised stays, what rests, rests."""

from storage.sqlite import SQLiteDatabase
from tests.tickets.scenarios import Scene, at_the_desk, told
from tickets import tickets
from tickets.clocks import receipts, rows
from tickets.clocks.receipts import Cause
from tickets.escalation import acknowledging
from tickets.escalation.sweeping import sweep
from tickets.model import Clock, Metric, Status

# Due Tuesday 09:30 in working time; the second level half an hour later, then hourly.
REPAIR = "Mon 09:00 customer; 09:01 hand over; 09:02 category 维修"


def levels(scene: Scene, metric: Metric = Metric.FIRST_RESPONSE) -> list[int]:
    clocks = {clock.id for clock in rows.of_ticket(scene.tx, scene.ticket("chat").id) if clock.metric is metric}
    alerts = tickets.timeline(scene.tx, scene.ticket("chat")).alerts
    return sorted(alert.level for alert in alerts if alert.clock_id in clocks)


def reply_clock(scene: Scene) -> Clock:
    clock = rows.running_reply(scene.tx, scene.ticket("chat").conversation_id)
    assert clock is not None
    return clock


async def test_a_chain_that_stood_still_goes_on_when_its_next_step_is_due_and_not_before(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        scene.go_on("Tue 09:30 sweep; 09:35 hold; 09:40 resume; 09:41 sweep")
        assert levels(scene) == [1]
        scene.go_on("Tue 10:00 sweep")
        assert levels(scene) == [1, 2]
        scene.go_on("Tue 10:05 hold; 12:00 sweep; 13:00 resume; 13:01 sweep")
        assert levels(scene) == [1, 2, 3]

    await at_the_desk(database, REPAIR, then)


async def test_what_was_acknowledged_for_good_rests_after_a_pause_and_after_a_change(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        scene.go_on("Tue 09:30 sweep")
        assert acknowledging.acknowledge(scene.tx, scene.number("chat"), scene.staff["ming"], scene.now) == 1
        scene.go_on("Tue 09:35 hold; 09:40 resume; 10:30 sweep; 11:00 priority urgent; 11:01 sweep; 15:00 sweep")
        assert levels(scene) == [1]

    await at_the_desk(database, REPAIR, then)


async def test_what_was_acknowledged_before_a_reopening_does_not_rest_what_comes_after_it(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        scene.go_on("Tue 09:30 sweep")
        assert acknowledging.acknowledge(scene.tx, scene.number("chat"), scene.staff["ming"], scene.now) == 1
        scene.go_on("Tue 09:40 resolve; 09:50 reopen; 09:51 hold; 10:05 resume; 10:06 sweep")
        assert levels(scene) == [1, 2]

    await at_the_desk(database, REPAIR, then)


async def test_a_snooze_that_was_given_holds_over_a_change(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        scene.go_on("Tue 09:30 sweep")
        number, agent = scene.number("chat"), scene.staff["ming"]
        acknowledging.acknowledge(scene.tx, number, agent, scene.now, 3 * 3_600_000, "在等配件")
        scene.go_on("Tue 10:00 team 夜班; 12:00 sweep")
        assert levels(scene) == [1]
        scene.go_on("Tue 12:31 sweep")
        assert levels(scene) == [1, 2]

    await at_the_desk(database, REPAIR, then)


async def test_a_change_between_raising_and_telling_moves_no_step_forward(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        scene.go_on("Tue 09:30 note")
        assert sweep(scene.tx, scene.now, 60_000) == 1
        scene.play("priority urgent")
        scene.go_on("Tue 09:30 sweep; 09:31 sweep")
        assert levels(scene) == [1]
        scene.go_on("Tue 10:00 sweep")
        assert levels(scene) == [1, 2]

    await at_the_desk(database, REPAIR, then)


async def test_the_receipt_names_each_reason_for_which_a_clock_stood_still(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        resolution = next(
            clock for clock in rows.of_ticket(scene.tx, scene.ticket("chat").id) if clock.metric is Metric.RESOLUTION
        )
        pauses = [(told(one.start), one.reason) for one in rows.pauses(scene.tx, resolution.id)]
        assert pauses == [("Mon 10:00", Status.ON_HOLD), ("Mon 11:00", Status.PENDING)]

    await at_the_desk(database, f"{REPAIR}; 10:00 hold; 11:00 reply", then)


async def test_a_reply_stops_the_clock_without_a_pause_before_it(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        first = next(
            one for one in rows.of_ticket(scene.tx, scene.ticket("chat").id) if one.metric is Metric.FIRST_RESPONSE
        )
        assert [one.cause for one in receipts.of_clock(scene.tx, first.id)][-1] is Cause.STOPPED
        assert rows.pauses(scene.tx, first.id) == []

    await at_the_desk(database, f"{REPAIR}; 10:00 reply", then)
