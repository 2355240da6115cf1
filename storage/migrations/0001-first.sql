-- Every time is epoch milliseconds UTC; every id is a UUIDv7 made by the program; every *_json is text the
-- program reads whole and the database never looks into.

-- A secret the program made for itself, such as the key that signs visitor tokens. Deleting one makes a new one
-- at the next start and invalidates what the old one signed.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- A person who writes to us. phone and email are what the person typed, never proof of who that is.
CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    name TEXT,
    phone TEXT,
    email TEXT,
    contact_refused_at BIGINT,
    created_at BIGINT NOT NULL
);

-- The address by which a channel knows a contact: a visitor id for chat, an address for mail.
CREATE TABLE identity (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contact (id),
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (channel, address)
);
CREATE INDEX identity_contact ON identity (contact_id);

-- One thread of messages with a contact. owner says who speaks for us: 'bot' or 'agent' (owner_agent_id).
-- version rises with each change of owner; last_number is the number of the newest message.
CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contact (id),
    channel TEXT NOT NULL,
    owner TEXT NOT NULL,
    owner_agent_id TEXT,
    version INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    page_url TEXT,
    page_title TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX conversation_contact ON conversation (contact_id, channel);

-- What was said, by 'contact', 'bot' or 'agent', numbered 1, 2, 3 ... in its conversation. external_id is the
-- sender's own id for a contact's message and makes a repeat harmless. decided_at stays NULL on a contact's
-- message until the bot has decided about it, or will never need to. extras_json is shown to the contact
-- (buttons, forms); trace_json only to agents.
CREATE TABLE message (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    agent_id TEXT,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    external_id TEXT,
    action TEXT,
    extras_json TEXT,
    trace_json TEXT,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    UNIQUE (conversation_id, number),
    UNIQUE (conversation_id, external_id)
);
CREATE INDEX message_undecided ON message (conversation_id, number) WHERE decided_at IS NULL;

-- A case that a person has to answer. number is what people say aloud: yymm-NNNN. candidates_json lists the
-- matches that were not sure enough. version is the compare-and-set token of every change.
CREATE TABLE ticket (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    contact_id TEXT NOT NULL REFERENCES contact (id),
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    reason TEXT NOT NULL,
    assignee_id TEXT,
    candidates_json TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE INDEX ticket_conversation ON ticket (conversation_id);
CREATE INDEX ticket_live ON ticket (status) WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE UNIQUE INDEX ticket_one_live ON ticket (conversation_id)
    WHERE status IN ('new', 'open', 'pending', 'on_hold');

-- The last ticket number given in each month.
CREATE TABLE ticket_counter (
    month TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);

-- Each thing that happened to a ticket, written in the transaction in which it happened. Never changed.
CREATE TABLE ticket_event (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    actor TEXT NOT NULL,
    agent_id TEXT,
    action TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT,
    detail_json TEXT,
    at BIGINT NOT NULL
);
CREATE INDEX ticket_event_ticket ON ticket_event (ticket_id, at);

-- A private remark for agents. Kept apart from messages so that no path to a contact can carry one.
CREATE TABLE note (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    agent_id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX note_ticket ON note (ticket_id, created_at);

-- One wait of a contact, from the earliest unanswered message (started_at, first_message_number) to a real
-- answer (stopped_at). needs_person: only a person's answer stops it. next_alert_at is when the sweep has to
-- look, NULL when the chain has been acknowledged or the wait is over; next_level is the level it then raises.
CREATE TABLE reply_clock (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    first_message_number INTEGER NOT NULL,
    needs_person INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    next_alert_at BIGINT,
    next_level INTEGER NOT NULL,
    stopped_at BIGINT,
    stop_reason TEXT
);
CREATE UNIQUE INDEX reply_clock_running ON reply_clock (conversation_id) WHERE stopped_at IS NULL;
CREATE INDEX reply_clock_alert ON reply_clock (next_alert_at) WHERE next_alert_at IS NOT NULL;

-- An obligation: somebody has to acknowledge that this wait is overdue. Open until acknowledged_at, or
-- settled_at when the contact was really answered. planned_at is when it should have been raised.
CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    clock_id TEXT NOT NULL REFERENCES reply_clock (id),
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    level INTEGER NOT NULL,
    planned_at BIGINT NOT NULL,
    raised_at BIGINT NOT NULL,
    late INTEGER NOT NULL,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    settled_at BIGINT,
    UNIQUE (clock_id, level)
);
CREATE INDEX alert_open ON alert (ticket_id) WHERE acknowledged_at IS NULL AND settled_at IS NULL;

-- A thing to send, durable before it is attempted. status: queued, sent, dead, withdrawn. key makes a repeat
-- harmless and goes to the peer where its protocol has a place for it. available_at is when it may next be claimed; a claim
-- moves it, with lease_until, to the end of the lease. Only the holder of the newest lease_token may finish it.
-- A failure after give_up_at is the last. Deleting a row forgets that its key was ever used.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    payload_json TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    available_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    lease_until BIGINT,
    lease_token INTEGER NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX outbox_queued ON outbox (topic, available_at) WHERE status = 'queued';
CREATE INDEX outbox_dead ON outbox (finished_at) WHERE status = 'dead';

-- Rewritten by each readiness probe, to prove that a write of a message's size becomes durable. May be deleted.
CREATE TABLE heartbeat (
    name TEXT PRIMARY KEY,
    beats BIGINT NOT NULL,
    padding TEXT NOT NULL
);

-- Someone who works in the console. password_hash is argon2id. A disabled agent cannot log in.
CREATE TABLE agent (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL
);

-- A console login. token_hash is SHA-256 of the cookie. Deleting a row logs that browser out.
CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL REFERENCES agent (id),
    csrf_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX session_agent ON session (agent_id);

-- The one-time permission to make the first administrator; SHA-256 of the link's token.
CREATE TABLE setup_token (
    token_hash TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- A knowledge-base entry as it stands. status: draft, published, archived. version rises with each change and
-- is kept whole in entry_version.
CREATE TABLE entry (
    id TEXT PRIMARY KEY,
    category TEXT NOT NULL,
    question TEXT NOT NULL,
    similar_json TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX entry_status ON entry (status, category);

-- What an entry said at each version, so that an old answer can be explained. Never changed.
CREATE TABLE entry_version (
    entry_id TEXT NOT NULL REFERENCES entry (id),
    version INTEGER NOT NULL,
    category TEXT NOT NULL,
    question TEXT NOT NULL,
    similar_json TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (entry_id, version)
);

-- Whether an automatic answer solved the question, by the contact's own word; the last word counts.
CREATE TABLE answer_feedback (
    message_id TEXT NOT NULL REFERENCES message (id),
    entry_id TEXT NOT NULL,
    entry_version INTEGER NOT NULL,
    solved INTEGER NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, entry_id)
);
