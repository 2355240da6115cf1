-- Since when a row waits until its available_at, and a way until its rests_until, as the wall's clock showed it then. A
-- wait that begins ahead of the clock began before that was set back; it begins anew. NULL: begun before this was kept.
ALTER TABLE outbox ADD COLUMN waits_since BIGINT;
ALTER TABLE transport_state ADD COLUMN rests_since BIGINT;
CREATE INDEX outbox_waits ON outbox (waits_since) WHERE status = 'queued';
