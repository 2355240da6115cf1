-- entry is the working copy: what the newest version says. published_version is the version that customers get,
-- NULL if they get none; while somebody works on an entry it is older than version. status: draft, review,
-- published, archived. visibility: public, internal, agents. valid_from and valid_until bound the time in which
-- customers get it, the latter exclusive. channel_answers_json holds [channel, text] pairs, related_json ids.
ALTER TABLE entry ADD COLUMN published_version INTEGER;
ALTER TABLE entry ADD COLUMN internal_note TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN visibility TEXT NOT NULL DEFAULT 'public';
ALTER TABLE entry ADD COLUMN valid_from BIGINT;
ALTER TABLE entry ADD COLUMN valid_until BIGINT;
ALTER TABLE entry ADD COLUMN channel_answers_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE entry ADD COLUMN related_json TEXT NOT NULL DEFAULT '[]';

UPDATE entry SET published_version = version WHERE status = 'published';

CREATE INDEX entry_published ON entry (category, id) WHERE published_version IS NOT NULL;
CREATE INDEX entry_updated ON entry (updated_at);

-- Every version of an entry, whole, with who made it, when and why; never changed, and deleted only with its entry.
-- replay_id is the replay after which this version was published, NULL if there was none.
ALTER TABLE entry_version ADD COLUMN internal_note TEXT NOT NULL DEFAULT '';
ALTER TABLE entry_version ADD COLUMN visibility TEXT NOT NULL DEFAULT 'public';
ALTER TABLE entry_version ADD COLUMN valid_from BIGINT;
ALTER TABLE entry_version ADD COLUMN valid_until BIGINT;
ALTER TABLE entry_version ADD COLUMN channel_answers_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE entry_version ADD COLUMN related_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE entry_version ADD COLUMN change_note TEXT NOT NULL DEFAULT '';
ALTER TABLE entry_version ADD COLUMN replay_id TEXT;
