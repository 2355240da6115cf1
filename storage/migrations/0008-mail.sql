-- What a conversation is about in its own words: the subject of the mail that began it. NULL for chat.
ALTER TABLE conversation ADD COLUMN subject TEXT;

-- A mail that came in: this row, and its raw bytes on the disk under raw_hash, are there before anybody is told that
-- we have it. mailbox is the name in the settings; folder, uid_validity and uid say where it lay (NULL when it was
-- handed to us). message_id is its own, without angle brackets, or one made of its bytes; content_hash covers what its
-- sender wrote, not what servers on the way added. state: 'waiting' to be read, 'settled', or 'quarantined' when it
-- could not be, after attempts tries; next_at is when to try again. withheld says why only its header was kept:
-- 'too_large' or 'unreadable' (its server does not give it out), NULL when it is whole; size is that of the whole mail.
-- wanted: what somebody asked for beside reading it again: 'release' (believe the sender after all), 'ticket' (open one).
-- The verdict, once settled: outcome says what became of it, thread_rule how its conversation was found, reason which
-- rule forbade an answer (NULL: none did), authenticity what is known of its sender and proof what that rests on,
-- charset what decoded it (doubtful: by a guess). text is the whole text where the conversation shows only what was
-- written now, body_hash that of the words written now, whatever their spacing. said_id is the message that it became,
-- sent_id the mail of ours that it reports about. Deleting a row lets the same mail in again.
CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    folder TEXT,
    uid_validity BIGINT,
    uid BIGINT,
    envelope_from TEXT,
    envelope_to_json TEXT NOT NULL,
    message_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    raw_hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    withheld TEXT,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at BIGINT,
    last_error TEXT,
    wanted TEXT,
    settled_at BIGINT,
    from_address TEXT,
    from_name TEXT,
    subject TEXT,
    outcome TEXT,
    thread_rule TEXT,
    reason TEXT,
    authenticity TEXT,
    proof TEXT,
    charset TEXT,
    doubtful INTEGER NOT NULL,
    text TEXT,
    body_hash TEXT,
    conversation_id TEXT REFERENCES conversation (id),
    said_id TEXT REFERENCES message (id),
    sent_id TEXT,
    UNIQUE (mailbox, message_id, content_hash)
);
CREATE INDEX mail_waiting ON mail (state, next_at, id) WHERE state = 'waiting';
CREATE INDEX mail_state ON mail (state, received_at);
CREATE INDEX mail_received ON mail (received_at);
CREATE INDEX mail_outcome ON mail (outcome) WHERE outcome IS NOT NULL;
CREATE INDEX mail_reason ON mail (reason) WHERE reason IS NOT NULL;
CREATE INDEX mail_message_id ON mail (message_id);
CREATE INDEX mail_said ON mail (said_id) WHERE said_id IS NOT NULL;
CREATE INDEX mail_conversation ON mail (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX mail_repeated ON mail (from_address, body_hash, received_at);

-- Where the reading of a mailbox has come to. last_uid is the newest position taken in under uid_validity.
-- old_uid is the newest position that lay there when we first saw the folder under uid_validity: up to it, mails that
-- came before since are left alone.
-- looked_at: when we last saw the mailbox whole. trouble_since and last_error: while it cannot be read;
-- told_at: when the people responsible were told of that. Deleting a row makes the folder be read from its start.
CREATE TABLE mailbox_state (
    mailbox TEXT PRIMARY KEY,
    folder TEXT,
    uid_validity BIGINT,
    last_uid BIGINT NOT NULL,
    old_uid BIGINT NOT NULL,
    since BIGINT NOT NULL,
    looked_at BIGINT,
    trouble_since BIGINT,
    last_error TEXT,
    told_at BIGINT
);

-- A mail of ours, decided in the transaction that said what it says. message_id is fixed here, so that a second
-- attempt is the same mail. kind: 'answer', 'acknowledgement', 'reply' (an agent's) or 'notice'; automatic: no person
-- wrote it; after_chat: it carries on a chat whose customer has left. said_json lists the ids of the messages that it
-- carries, about_id is the customer's message that it answers. counted_as: all spellings of recipient that lead to the
-- same person, for the limits. quotes: it may repeat what the customer wrote.
-- state: queued, sent, failed, uncertain, bounced, withdrawn; reason says in one word why it did not arrive, error is
-- what a mail server said of it. delayed_at: when people were told that it is late. The outbox row with the key
-- 'letter:<id>' sends it. Deleting a row forgets that something was sent, and lets more be sent to that address.
CREATE TABLE sent_mail (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    kind TEXT NOT NULL,
    automatic INTEGER NOT NULL,
    after_chat INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    counted_as TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    in_reply_to TEXT,
    references_json TEXT NOT NULL,
    subject TEXT NOT NULL,
    said_json TEXT NOT NULL,
    about_id TEXT REFERENCES message (id),
    quotes INTEGER NOT NULL,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    settled_at BIGINT,
    reason TEXT,
    error TEXT,
    delayed_at BIGINT
);
CREATE INDEX sent_mail_conversation ON sent_mail (conversation_id, created_at);
CREATE INDEX sent_mail_undelivered ON sent_mail (conversation_id) WHERE state IN ('failed', 'bounced', 'uncertain');
CREATE INDEX sent_mail_recipient ON sent_mail (counted_as, created_at);
CREATE INDEX sent_mail_mailbox ON sent_mail (mailbox, created_at);
CREATE INDEX sent_mail_lately ON sent_mail (mailbox, settled_at) WHERE automatic = 1 AND state = 'sent';

-- An address to which mail cannot be delivered for good; nothing automatic is sent there. Deleting a row allows it.
CREATE TABLE dead_address (
    address TEXT PRIMARY KEY,
    status TEXT,
    diagnostic TEXT,
    failed_at BIGINT NOT NULL,
    sent_id TEXT
);
