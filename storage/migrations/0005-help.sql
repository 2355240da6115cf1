-- A picture of answers, as it is shown. name is its address below /media/: a hash of its bytes, and its size. Never
-- changed. Deleting a row leaves a gap in the answers that show it, and in conversations that hold such an answer.
CREATE TABLE picture (
    name TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    body BYTEA NOT NULL,
    uploaded_by TEXT NOT NULL REFERENCES agent (id),
    uploaded_at BIGINT NOT NULL
);

-- Whether an article of the help centre helped, by a reader's own word; the last word of a reader on an entry
-- counts. reader_hash is SHA-256 of a random cookie and says nothing about the person. reason: why it did not help,
-- if the reader said so. Deleting a row forgets one word.
CREATE TABLE article_feedback (
    entry_id TEXT NOT NULL,
    reader_hash TEXT NOT NULL,
    entry_version INTEGER NOT NULL,
    helped INTEGER NOT NULL,
    reason TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (entry_id, reader_hash)
);
CREATE INDEX article_feedback_at ON article_feedback (at);
