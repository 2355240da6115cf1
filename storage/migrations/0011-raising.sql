-- An alert is of its clock, and by that of the ticket that the clock belongs to: merging and splitting move the clock
-- alone. Since a step counts as raised as soon as its alert is there, raising writes nothing but alerts; the clock keeps
-- its next_level and next_alert_at until people are told of the alert and what follows is planned.
DROP INDEX alert_open;
DROP INDEX alert_untold;
DROP INDEX alert_undelivered;
ALTER TABLE alert DROP COLUMN ticket_id;
CREATE INDEX alert_open ON alert (told_at, raised_at) WHERE acknowledged_at IS NULL AND settled_at IS NULL;
CREATE INDEX alert_undelivered ON alert (told_at)
    WHERE told_at IS NOT NULL AND delivered_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL;

-- Clocks whose step was raised and not yet told stand at that step again.
UPDATE clock
SET next_level = next_level - 1,
    next_alert_at = (SELECT a.planned_at FROM alert a WHERE a.clock_id = clock.id AND a.level = clock.next_level - 1)
WHERE stopped_at IS NULL AND paused_at IS NULL AND next_alert_at IS NULL
    AND EXISTS (
        SELECT 1 FROM alert a
        WHERE a.clock_id = clock.id AND a.level = clock.next_level - 1 AND a.told_at IS NULL AND a.settled_at IS NULL
    );
