-- The how-manieth stop of a clock in its conversation this was, because stopped_at is what the wall's clock showed, and
-- that can be set back.
ALTER TABLE clock ADD COLUMN stop_number INTEGER;
UPDATE clock
SET stop_number = (
    SELECT COUNT(*) FROM clock b
    WHERE b.conversation_id = clock.conversation_id
        AND (b.stopped_at < clock.stopped_at OR b.stopped_at = clock.stopped_at AND b.id <= clock.id)
)
WHERE stopped_at IS NOT NULL;
