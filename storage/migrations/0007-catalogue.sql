-- An act on many entries at once: a bulk edit or an import. kind: 'category', 'visibility', 'validity', 'submit',
-- 'archive', 'import'. undone_at: its entries went back to where they stood. Never deleted.
CREATE TABLE entry_batch (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX entry_batch_at ON entry_batch (at);

-- What a batch did to an entry: from which version, NULL if the batch made the entry, to which, and which version
-- customers got before. Deleted with its batch or its entry.
CREATE TABLE entry_batch_row (
    batch_id TEXT NOT NULL REFERENCES entry_batch (id),
    entry_id TEXT NOT NULL REFERENCES entry (id),
    before_version INTEGER,
    before_published INTEGER,
    after_version INTEGER NOT NULL,
    PRIMARY KEY (batch_id, entry_id)
);

CREATE INDEX asked_question_entry ON asked_question (entry_id, asked_at);
