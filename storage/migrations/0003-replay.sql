-- A word list with an operator's changes: version is the newest one, published_version the one in force; 0 is the
-- list as it is shipped. list: synonyms, user_dictionary, stop_words. A list that nobody has changed has no row.
CREATE TABLE word_list (
    list TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    published_version INTEGER NOT NULL
);

-- Each version of a word list: own lines, and shipped ones switched off. Never changed but for publication_id, the
-- publication by which it went into force, NULL while it has not.
CREATE TABLE word_list_version (
    list TEXT NOT NULL REFERENCES word_list (list),
    version INTEGER NOT NULL,
    added_json TEXT NOT NULL,
    removed_json TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    publication_id TEXT,
    PRIMARY KEY (list, version)
);

-- The share of automatic answers that shall be right, by channel; 'all' holds where a channel has no row. Without
-- any row the settings file says it.
CREATE TABLE precision_wanted (
    channel TEXT PRIMARY KEY,
    wanted REAL NOT NULL,
    publication_id TEXT NOT NULL
);

-- A question whose right answer somebody has said: expected_json lists the entries, none if nothing answers it.
CREATE TABLE labelled_question (
    id TEXT PRIMARY KEY,
    utterance TEXT NOT NULL UNIQUE,
    expected_json TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Changes that go into force together, after a replay against what is in force. state: running, ready (flips wait
-- to be accepted), accepted, published, stale (something else went into force since; is replayed anew), failed,
-- withdrawn. base is a fingerprint of what it was replayed against. runs counts the replays that were begun.
-- origin: console, command_line. summary_json and failure_json say what the last replay found, or why it failed.
CREATE TABLE publication (
    id TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    changes_json TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    base TEXT NOT NULL,
    runs INTEGER NOT NULL,
    summary_json TEXT,
    failure_json TEXT,
    accepted_by TEXT,
    accepted_at BIGINT,
    finished_by TEXT,
    finished_at BIGINT
);
CREATE INDEX publication_waiting ON publication (requested_at) WHERE state IN ('running', 'stale');
CREATE INDEX publication_state ON publication (state, finished_at);

-- A question that a publication makes the bot answer otherwise, as the last replay found it. before_json and
-- after_json are outcomes. conversation_id says whose words utterance is, for real ones; deleting a row forgets
-- only the words, the counts stay with the publication.
CREATE TABLE flip (
    publication_id TEXT NOT NULL REFERENCES publication (id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    channel TEXT NOT NULL,
    utterance TEXT NOT NULL,
    conversation_id TEXT,
    expected_json TEXT,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    mark TEXT,
    accepted_by TEXT,
    accepted_at BIGINT,
    PRIMARY KEY (publication_id, number)
);
CREATE INDEX flip_conversation ON flip (conversation_id) WHERE conversation_id IS NOT NULL;

-- What becomes of each replayed question with a publication. Kept while it waits and, of those that are published,
-- for the last one: that is what a changed model or calibration is compared with.
CREATE TABLE replay_outcome (
    publication_id TEXT NOT NULL REFERENCES publication (id),
    number INTEGER NOT NULL,
    source TEXT NOT NULL,
    channel TEXT NOT NULL,
    utterance TEXT NOT NULL,
    conversation_id TEXT,
    expected_json TEXT,
    outcome_json TEXT NOT NULL,
    PRIMARY KEY (publication_id, number)
);
CREATE INDEX replay_outcome_conversation ON replay_outcome (conversation_id) WHERE conversation_id IS NOT NULL;
