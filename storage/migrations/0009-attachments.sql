-- A file that came with a message, or is about to: its bytes lie on the disk under hash, outside of anything that a web
-- server shows. message_id is NULL until the message is kept; what no message claims is swept. owner says who may put it
-- into a message: 'contact:<id>', 'agent:<id>' or 'mail:<id>'. name is the sender's, made safe; content_type is what the
-- bytes are, not what the sender says. thumbnail_hash, width and height (of the picture itself, in pixels) are there for
-- pictures that can be shown. inline: the text refers to it by content_id. mark: 'tnef', 'smime', 'pgp', 'calendar',
-- 'message' or NULL.
CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    message_id TEXT REFERENCES message (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    hash TEXT NOT NULL,
    thumbnail_hash TEXT,
    width INTEGER,
    height INTEGER,
    content_id TEXT,
    inline INTEGER NOT NULL,
    mark TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachment_message ON attachment (message_id, position) WHERE message_id IS NOT NULL;
CREATE INDEX attachment_unclaimed ON attachment (created_at) WHERE message_id IS NULL;
CREATE INDEX attachment_hash ON attachment (hash);
CREATE INDEX attachment_thumbnail ON attachment (thumbnail_hash) WHERE thumbnail_hash IS NOT NULL;
CREATE INDEX mail_raw ON mail (raw_hash);
