-- A rule that people edit in the console. kind: 'policy', 'calendar', 'chain', 'rota'. Of policies the first that fits
-- counts, by position; the last has no conditions. version is that of the newest rule_version. An archived rule is not
-- chosen any more; it stays, because clocks say that they run under it.
CREATE TABLE rule (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    archived_at BIGINT
);

-- What a rule said at each version; never changed. changed_by: an agent's id, or 'settings' for what was taken from the
-- settings file.
CREATE TABLE rule_version (
    rule_id TEXT NOT NULL REFERENCES rule (id),
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    definition_json TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (rule_id, version)
);

-- People who work together. An archived team gets no tickets; tickets that it has keep it. version is the
-- compare-and-set token of a row.
CREATE TABLE team (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lead_id TEXT REFERENCES agent (id),
    archived_at BIGINT,
    version INTEGER NOT NULL DEFAULT 1
);

-- phone is E.164. Between quiet_from and quiet_until (minutes of the desk's local day, over midnight if from is later)
-- alerts go to the deputy instead. team_id: whose tickets this person works on. version is the compare-and-set token of
-- these columns.
ALTER TABLE agent ADD COLUMN phone TEXT;
ALTER TABLE agent ADD COLUMN quiet_from INTEGER;
ALTER TABLE agent ADD COLUMN quiet_until INTEGER;
ALTER TABLE agent ADD COLUMN deputy_id TEXT;
ALTER TABLE agent ADD COLUMN team_id TEXT;
ALTER TABLE agent ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- value_class and attributes_json (an object of texts) are what staff say of a contact, never the contact itself;
-- version is the compare-and-set token of both.
ALTER TABLE contact ADD COLUMN value_class TEXT;
ALTER TABLE contact ADD COLUMN attributes_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE contact ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- category is what the ticket is about in the desk's own words, team_id whose it is. policy_id and policy_version are
-- what the ticket was promised under, chosen at policy_at; calendars count as they stood then. first_answered_at: when
-- the contact first got a real answer in it. merged_into_id: the ticket in which it goes on.
ALTER TABLE ticket ADD COLUMN category TEXT;
ALTER TABLE ticket ADD COLUMN team_id TEXT;
ALTER TABLE ticket ADD COLUMN policy_id TEXT;
ALTER TABLE ticket ADD COLUMN policy_version INTEGER;
ALTER TABLE ticket ADD COLUMN policy_at BIGINT;
ALTER TABLE ticket ADD COLUMN first_answered_at BIGINT;
ALTER TABLE ticket ADD COLUMN merged_into_id TEXT;
CREATE INDEX ticket_contact ON ticket (contact_id);
CREATE INDEX ticket_merged ON ticket (merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX ticket_assignee ON ticket (assignee_id) WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX ticket_team ON ticket (team_id) WHERE status IN ('new', 'open', 'pending', 'on_hold');

-- wall: the login of a screen in the office, which sees the wall-board alone and does not end for want of use.
ALTER TABLE session ADD COLUMN wall INTEGER NOT NULL DEFAULT 0;

-- Where the messages of this conversation go on, since its ticket was merged into another.
ALTER TABLE conversation ADD COLUMN merged_into_id TEXT;
CREATE INDEX conversation_merged ON conversation (merged_into_id) WHERE merged_into_id IS NOT NULL;

-- One wait of a contact. metric: 'first_response' and 'next_response' run from the earliest unanswered message
-- (started_at, first_message_number) to a real answer, 'resolution' from there to the ticket's end; of the former one
-- runs in a conversation at most, of the latter one in a ticket. needs_person: only a person's answer stops it.
-- due_at follows from started_at, budget_ms, the calendar (NULL: natural time) and the pauses, see receipt; while it is
-- paused (paused_at), it stands still and nothing is due. plan_json: when each warning, and at last the breach, is
-- planned. next_alert_at is when the sweep has to look, NULL when the chain is acknowledged or the wait is over or
-- paused; next_level is what it then raises: 1 the breach, less the warnings before it, more the levels after it.
-- promised_at: the due time as the contact was told. policy_id is NULL for waits from before there were policies.
CREATE TABLE clock (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    ticket_id TEXT REFERENCES ticket (id),
    metric TEXT NOT NULL,
    first_message_number INTEGER NOT NULL,
    needs_person INTEGER NOT NULL,
    policy_id TEXT,
    policy_version INTEGER,
    calendar_id TEXT,
    calendar_version INTEGER,
    started_at BIGINT NOT NULL,
    budget_ms BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    paused_at BIGINT,
    plan_json TEXT NOT NULL,
    next_alert_at BIGINT,
    next_level INTEGER NOT NULL,
    promised_at BIGINT,
    stopped_at BIGINT,
    stop_reason TEXT
);
INSERT INTO clock (id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
    policy_version, calendar_id, calendar_version, started_at, budget_ms, due_at, paused_at, plan_json, next_alert_at,
    next_level, promised_at, stopped_at, stop_reason)
SELECT k.id, k.conversation_id,
    (SELECT MAX(t.id) FROM ticket t WHERE t.conversation_id = k.conversation_id
        AND t.status IN ('new', 'open', 'pending', 'on_hold')),
    'first_response', k.first_message_number, k.needs_person, NULL, NULL, NULL, NULL, k.started_at,
    k.due_at - k.started_at, k.due_at, NULL, '[]', k.next_alert_at, k.next_level, NULL, k.stopped_at, k.stop_reason
FROM reply_clock k;
CREATE UNIQUE INDEX clock_reply_running ON clock (conversation_id)
    WHERE stopped_at IS NULL AND metric <> 'resolution';
CREATE UNIQUE INDEX clock_resolution_running ON clock (ticket_id) WHERE stopped_at IS NULL AND metric = 'resolution';
CREATE INDEX clock_alert ON clock (next_alert_at) WHERE next_alert_at IS NOT NULL;
CREATE INDEX clock_due ON clock (due_at, id, stopped_at, paused_at, metric, policy_id, ticket_id)
    WHERE stopped_at IS NULL;
CREATE INDEX clock_paused ON clock (paused_at, id) WHERE paused_at IS NOT NULL;
CREATE INDEX clock_conversation ON clock (conversation_id, started_at);
CREATE INDEX clock_ticket ON clock (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX clock_promise ON clock (due_at, id, stopped_at, paused_at, metric, policy_id)
    WHERE ticket_id IS NOT NULL AND policy_id IS NOT NULL;

-- A time that does not count towards a clock's budget, and why. ended_at is NULL while it lasts.
CREATE TABLE pause (
    clock_id TEXT NOT NULL REFERENCES clock (id),
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (clock_id, number)
);

-- How a due time came about, once for each time that it was worked out; never changed. cause says why it was, segments
-- what counted and what did not from the start to the due time or, once stopped, to the stop; counted_ms is how much of
-- that counted.
CREATE TABLE receipt (
    clock_id TEXT NOT NULL REFERENCES clock (id),
    number INTEGER NOT NULL,
    cause TEXT NOT NULL,
    by_agent_id TEXT,
    policy_id TEXT,
    policy_version INTEGER,
    calendar_id TEXT,
    calendar_version INTEGER,
    budget_ms BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    counted_ms BIGINT NOT NULL,
    segments_json TEXT NOT NULL,
    unknown_years_json TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (clock_id, number)
);

-- An obligation: somebody has to take notice that a promise is about to be broken or is broken. Open until
-- acknowledged_at, or settled_at when the contact was really answered. kind: 'warning', 'breach', 'escalation'.
-- planned_at is when it should have been raised; late: raised_at is so long after that people are told so. told_at:
-- the people of its level were picked and written to (notice), and the chain's next step was planned; delivered_at:
-- the first of those notices arrived; fallback_at: its level's other ways were used because none had; advanced_at: nor
-- had those, and the chain's next level was brought forward. ticket_id is NULL until a ticket was opened for it.
CREATE TABLE alert_of_clock (
    id TEXT PRIMARY KEY,
    clock_id TEXT NOT NULL REFERENCES clock (id),
    ticket_id TEXT REFERENCES ticket (id),
    level INTEGER NOT NULL,
    kind TEXT NOT NULL,
    planned_at BIGINT NOT NULL,
    raised_at BIGINT NOT NULL,
    late INTEGER NOT NULL,
    told_at BIGINT,
    delivered_at BIGINT,
    fallback_at BIGINT,
    advanced_at BIGINT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    settled_at BIGINT,
    UNIQUE (clock_id, level)
);
INSERT INTO alert_of_clock (id, clock_id, ticket_id, level, kind, planned_at, raised_at, late, told_at, delivered_at,
    fallback_at, acknowledged_at, acknowledged_by, settled_at)
SELECT id, clock_id, ticket_id, level, CASE WHEN level = 1 THEN 'breach' ELSE 'escalation' END, planned_at, raised_at,
    late,
    CASE WHEN EXISTS (
        SELECT 1 FROM outbox o
        WHERE o.status = 'queued' AND o.key LIKE 'alert:' || alert.clock_id || ':' || alert.level || ':%'
    ) THEN NULL ELSE raised_at END,
    raised_at, NULL, acknowledged_at, acknowledged_by, settled_at
FROM alert;
UPDATE alert_of_clock SET delivered_at = NULL WHERE told_at IS NULL;
-- What still waited was told in another form; it is told anew.
UPDATE mailbox_state SET told_at = NULL
WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.status = 'queued' AND o.key LIKE 'mailbox:' || mailbox_state.mailbox || ':%');
UPDATE outbox SET status = 'withdrawn', finished_at = created_at, lease_until = NULL
WHERE status = 'queued' AND (key LIKE 'alert:%' OR key LIKE 'mailbox:%' OR key LIKE 'mailbox_busy:%');
DROP TABLE alert;
DROP TABLE reply_clock;
ALTER TABLE alert_of_clock RENAME TO alert;
CREATE INDEX alert_open ON alert (ticket_id) WHERE acknowledged_at IS NULL AND settled_at IS NULL;
CREATE INDEX alert_untold ON alert (raised_at) WHERE told_at IS NULL AND settled_at IS NULL;
CREATE INDEX alert_undelivered ON alert (told_at)
    WHERE delivered_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL;
CREATE INDEX alert_raised ON alert (raised_at);

-- Somebody took notice of a ticket's open alerts; one row for each clock that they are about. snoozed: that person
-- asked for a time of their own. until: the chain goes on then, if the contact still waits; NULL when it rests for
-- good, and the moment itself when it does not rest because no promise was broken. reason is what that person wrote.
CREATE TABLE acknowledgement (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    clock_id TEXT NOT NULL REFERENCES clock (id),
    agent_id TEXT NOT NULL,
    snoozed INTEGER NOT NULL,
    until BIGINT,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX acknowledgement_ticket ON acknowledgement (ticket_id, at);
CREATE INDEX acknowledgement_clock ON acknowledgement (clock_id);

-- One message to one recipient by one way about one or more alerts. transport is its name in the settings, recipient
-- what that transport addresses (a mail address, an E.164 phone number, an agent's id, 'everyone'), agent_id who that
-- is, if an agent. state: queued, sent, failed, unknown (it may have arrived), withdrawn (not needed any more).
-- tried_at: the first attempt; from then on no alert joins it. From the beginning of an attempt to its outcome it is
-- unknown and sent_at is when that attempt began; finished_at is set when no other will follow by itself. reference is
-- the peer's name for it; code and error say why it failed. The outbox row with the key 'notice:<id>' sends it.
-- Deleting a row forgets who was told.
CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    transport TEXT NOT NULL,
    recipient TEXT NOT NULL,
    agent_id TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    tried_at BIGINT,
    sent_at BIGINT,
    finished_at BIGINT,
    reference TEXT NOT NULL,
    code TEXT NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX notice_joinable ON notice (transport, recipient) WHERE state = 'queued' AND tried_at IS NULL;
CREATE INDEX notice_counted ON notice (transport, sent_at) WHERE state IN ('sent', 'unknown');
CREATE INDEX notice_created ON notice (created_at);
CREATE INDEX notice_way ON notice (transport, created_at);
CREATE INDEX notice_unfinished ON notice (transport) WHERE finished_at IS NULL;
CREATE INDEX notice_dead ON notice (finished_at) WHERE state IN ('failed', 'unknown') AND finished_at IS NOT NULL;

-- Which alerts a notice tells of.
CREATE TABLE notice_alert (
    notice_id TEXT NOT NULL REFERENCES notice (id),
    alert_id TEXT NOT NULL REFERENCES alert (id),
    PRIMARY KEY (notice_id, alert_id)
);
CREATE INDEX notice_alert_alert ON notice_alert (alert_id);

-- An administrator looked at what running clocks would come to under the rules as they are, and perhaps had it done.
-- rule_id: the rule that had changed, NULL for all of them; rules_key: which versions were in force. looked_to: the last
-- ticket looked at, looked_at: when that was all of them; counted: how many tickets those were. applied_at: when somebody
-- wanted it done; finished_at: when that was over.
CREATE TABLE recomputation (
    id TEXT PRIMARY KEY,
    rule_id TEXT,
    rules_key TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    looked_to TEXT NOT NULL,
    looked_at BIGINT,
    counted INTEGER NOT NULL,
    applied_by TEXT,
    applied_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX recomputation_asked ON recomputation (asked_at);

-- What would change of a clock, as it was seen. clock_id is '' for a clock that would begin or, with the effect 'later',
-- for a ticket that has none running. due times are NULL where there is none, or where it depends on when a pause ends.
-- newly_overdue: it would be overdue at once; alarmed: its breach was raised already. outcome: 'done', or 'skipped'
-- because the ticket had changed since; NULL while nobody has applied it.
CREATE TABLE recomputed_clock (
    recomputation_id TEXT NOT NULL REFERENCES recomputation (id),
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    clock_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    effect TEXT NOT NULL,
    old_due_at BIGINT,
    new_due_at BIGINT,
    newly_overdue INTEGER NOT NULL,
    alarmed INTEGER NOT NULL,
    policy_id TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    calendar_id TEXT,
    calendar_version INTEGER,
    outcome TEXT,
    PRIMARY KEY (recomputation_id, ticket_id, clock_id)
);
CREATE INDEX recomputed_clock_undone ON recomputed_clock (recomputation_id, ticket_id) WHERE outcome IS NULL;
CREATE INDEX recomputed_clock_shown ON recomputed_clock (recomputation_id, effect, newly_overdue);

-- How a way of telling people does: when the last attempt began (tried_at), and when one last went well (sent_at) and
-- ill (failed_at, code, error). closed_at: it is not used until somebody has tested it with success, because its peer
-- said that it never will work as it is. rests_until: its peer asked for patience until then; a closed way opens again
-- then. Deleting a row opens it again.
CREATE TABLE transport_state (
    transport TEXT PRIMARY KEY,
    tried_at BIGINT,
    sent_at BIGINT,
    failed_at BIGINT,
    closed_at BIGINT,
    rests_until BIGINT,
    code TEXT NOT NULL,
    error TEXT NOT NULL
);
