-- A question of a contact that the bot looked up, kept for those who write the entries. text is the question as it
-- was looked up, with numbers and addresses of people covered. decision: 'answer', 'clarify', 'handoff', or 'noted'
-- for a question asked while a person was awaited anyway. entry_id, entry_version and confidence are those of the
-- first match; entry_id is NULL when nothing matched or several entries answered. reply_id is the message of ours to
-- which 解决了 and 没解决 belong. chosen_entry_id: what the contact picked when asked back. solved: the contact's last
-- word, 1 or 0. corrected_entry_id: which entry answers it by an agent's word. ticket_id: the ticket whose agent
-- answered it. act_id: the learning_act by which an editor dealt with it; NULL while it waits for one.
-- Deleting a row forgets the question; nothing else depends on it.
CREATE TABLE asked_question (
    message_id TEXT PRIMARY KEY REFERENCES message (id),
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    channel TEXT NOT NULL,
    text TEXT NOT NULL,
    decision TEXT NOT NULL,
    entry_id TEXT,
    entry_version INTEGER,
    confidence DOUBLE PRECISION NOT NULL,
    reply_id TEXT,
    chosen_entry_id TEXT,
    solved INTEGER,
    corrected_entry_id TEXT,
    corrected_by TEXT,
    ticket_id TEXT,
    act_id TEXT,
    asked_at BIGINT NOT NULL
);
CREATE INDEX asked_question_asked ON asked_question (asked_at);
CREATE INDEX asked_question_conversation ON asked_question (conversation_id);
CREATE INDEX asked_question_reply ON asked_question (reply_id);

-- What an editor did with what customers asked. kind: drafted, worded, rewritten, rejected, dismissed; entry_id and
-- entry_version are what came of it. undone_at: the questions wait again. Never deleted.
CREATE TABLE learning_act (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    entry_id TEXT,
    entry_version INTEGER,
    agent_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    undone_at BIGINT
);

-- A wording that is not to be offered for this entry again. wording_hash is SHA-256 of its compact form, so that a
-- rejection keeps nothing that a customer wrote. Deleting a row lets the wording be offered again.
CREATE TABLE rejected_wording (
    entry_id TEXT NOT NULL,
    wording_hash TEXT NOT NULL,
    act_id TEXT NOT NULL REFERENCES learning_act (id),
    PRIMARY KEY (entry_id, wording_hash)
);

-- An entry's answer that an agent inserted, changed and sent. verdict is NULL until the agent has said whether the
-- entry should change as well: 'drafted', 'noted' for the editors, or 'declined'. act_id: how an editor dealt with
-- a note. Deleting a row forgets the question to the agent, not the message.
CREATE TABLE edited_answer (
    message_id TEXT PRIMARY KEY REFERENCES message (id),
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    entry_id TEXT NOT NULL,
    entry_version INTEGER NOT NULL,
    agent_id TEXT NOT NULL,
    verdict TEXT,
    act_id TEXT,
    sent_at BIGINT NOT NULL
);
CREATE INDEX edited_answer_noted ON edited_answer (sent_at) WHERE verdict = 'noted' AND act_id IS NULL;
CREATE INDEX edited_answer_conversation ON edited_answer (conversation_id);
