"""What waits for ways that are no longer in the settings: nobody will ever send it, so it ends.

The alerts in it have then reached nobody by these ways, and the rescue goes on with them as after any failure for good.
"""

from storage import outbox
from storage.database import Transaction
from tickets.escalation import outcomes
from tickets.escalation.ways import Ways, way_of_topic

WAY_REMOVED = "way_removed"
REASON = "this way is no longer in the settings"


def removed(tx: Transaction, ways: Ways) -> dict[str, str]:
    """The topics under which something waits for ways that are not among these, each with its way's name."""
    waiting = [(topic, way_of_topic(topic)) for topic in outbox.waiting_topics(tx)]
    return {topic: name for topic, name in waiting if name is not None and name not in ways}


def end_removed(tx: Transaction, ways: Ways, now: int) -> list[str]:
    """Fail what is queued for ways that are not among these; returns the names of the ways.

    What another process has claimed is left until its lease runs out. A way that comes back takes up nothing by itself;
    what failed so is a dead letter and can be sent again then.
    """
    gone = removed(tx, ways)
    if not gone or not outbox.fail_queued(tx, list(gone), REASON, now):
        return []
    names = sorted(set(gone.values()))
    outcomes.fail_stopped(tx, names, WAY_REMOVED, REASON, now)
    return names
